"""merge accounts: keys of merged accounts lead on

Revises: caseclock1
"""

import sqlalchemy as sa
from alembic import op

revision = "mergeaccounts1"
down_revision = "caseclock1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'account_alias',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('external_id', sa.String(200), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=False),
        sa.Column('merged_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'],
            name=op.f('fk_account_alias_workspace_id_account_id_account'),
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_account_alias_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('workspace_id', 'external_id', name=op.f('pk_account_alias')),
    )
    op.create_index(
        op.f('ix_account_alias_workspace_id_account_id'), 'account_alias',
        ['workspace_id', 'account_id'],
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_account_alias_workspace_id_account_id'), table_name='account_alias')
    op.drop_table('account_alias')
