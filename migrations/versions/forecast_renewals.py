"""forecast renewals: what is said of them, what became of past ones, forecasts as they were

Revises: playbooks1
"""

import sqlalchemy as sa
from alembic import op

revision = "renewals1"
down_revision = "playbooks1"
branch_labels = None
depends_on = None

CATEGORIES = "category IN ('risk', 'likely', 'commit')"


def _of_account(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f(f'fk_{table}_workspace_id_account_id_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'), ondelete='CASCADE'),
    )


def upgrade() -> None:
    op.create_table('renewal_word',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('category', sa.String(length=10), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('said_by_user_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint(CATEGORIES, name=op.f('ck_renewal_word_category_known')),
    sa.ForeignKeyConstraint(['said_by_user_id'], ['user_account.id'], name=op.f('fk_renewal_word_said_by_user_id_user_account'), ondelete='SET NULL'),
    *_of_account('renewal_word'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', name=op.f('pk_renewal_word'))
    )
    op.create_table('renewal_outcome',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('outcome', sa.String(length=10), nullable=False),
    sa.Column('band', sa.String(length=10), nullable=True),
    sa.Column('mrr_minor', sa.BigInteger(), nullable=True),
    sa.Column('kept_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.CheckConstraint("outcome IN ('renewed', 'lost')", name=op.f('ck_renewal_outcome_outcome_known')),
    sa.CheckConstraint("band IN ('risk', 'watch', 'good')", name=op.f('ck_renewal_outcome_band_known')),
    *_of_account('renewal_outcome'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'due_on', name=op.f('pk_renewal_outcome'))
    )
    op.create_table('renewal_snapshot',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('chance', sa.Double(), nullable=False),
    sa.Column('category', sa.String(length=10), nullable=False),
    sa.Column('is_word', sa.Boolean(), nullable=False),
    sa.Column('mrr_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(CATEGORIES, name=op.f('ck_renewal_snapshot_category_known')),
    sa.CheckConstraint('chance >= 0 AND chance <= 1', name=op.f('ck_renewal_snapshot_chance_is_share')),
    *_of_account('renewal_snapshot'),
    sa.PrimaryKeyConstraint('workspace_id', 'month', 'account_id', name=op.f('pk_renewal_snapshot'))
    )
    op.create_index('ix_account_workspace_id_renewal_on', 'account', ['workspace_id', 'renewal_on'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_account_workspace_id_renewal_on', table_name='account')
    op.drop_table('renewal_snapshot')
    op.drop_table('renewal_outcome')
    op.drop_table('renewal_word')
