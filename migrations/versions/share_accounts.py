"""share accounts: who is account manager and support beside the owner

Revises: weights2
"""

import sqlalchemy as sa
from alembic import op

revision = "team1"
down_revision = "weights2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_colleague',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('duty', sa.String(length=20), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("duty IN ('account_manager', 'support')", name=op.f('ck_account_colleague_duty_known')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_account_colleague_user_id_user_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_colleague_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_account_colleague_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'duty', name=op.f('pk_account_colleague'))
    )
    op.create_index(op.f('ix_account_colleague_user_id'), 'account_colleague', ['user_id'], unique=False)
    op.create_index(op.f('ix_account_colleague_workspace_id_user_id'), 'account_colleague', ['workspace_id', 'user_id'], unique=False)


def downgrade() -> None:
    op.drop_table('account_colleague')
