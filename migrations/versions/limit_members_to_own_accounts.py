"""limit members to accounts of their own

Revises: queue1
"""

import sqlalchemy as sa
from alembic import op

revision = "limited1"
down_revision = "queue1"
branch_labels = None
depends_on = None

_TABLES = ('membership', 'staff_invitation')


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            # With a default of the database: the version before adds rows without it.
            batch_op.add_column(
                sa.Column('only_own_accounts', sa.Boolean(), nullable=False, server_default=sa.false())
            )
            batch_op.create_check_constraint(
                op.f(f'ck_{table}_only_success_is_limited'),
                "NOT only_own_accounts OR role = 'success'",
            )
    op.create_index(
        'ix_account_workspace_id_owner_user_id', 'account', ['workspace_id', 'owner_user_id']
    )


def downgrade() -> None:
    op.drop_index('ix_account_workspace_id_owner_user_id', table_name='account')
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f'ck_{table}_only_success_is_limited'), type_='check')
            batch_op.drop_column('only_own_accounts')
