"""reporting currency, gross margin and stated exchange rates

Revises: renewalbands1
"""

import sqlalchemy as sa
from alembic import op

revision = "money1"
down_revision = "renewalbands1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'money_setting',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('currency', sa.String(length=3), nullable=True),
        sa.Column('margin_basis_points', sa.Integer(), nullable=True),
        sa.CheckConstraint(
            'margin_basis_points BETWEEN 1 AND 10000',
            name=op.f('ck_money_setting_margin_is_a_share'),
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_money_setting_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_money_setting')),
    )
    op.create_table(
        'exchange_rate',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('base', sa.String(length=3), nullable=False),
        sa.Column('currency', sa.String(length=3), nullable=False),
        sa.Column('since', sa.Date(), nullable=False),
        sa.Column('rate', sa.String(length=40), nullable=False),
        sa.Column('stated_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('base <> currency', name=op.f('ck_exchange_rate_of_another_currency')),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_exchange_rate_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint(
            'workspace_id', 'base', 'currency', 'since', name=op.f('pk_exchange_rate')
        ),
    )


def downgrade() -> None:
    op.drop_table('exchange_rate')
    op.drop_table('money_setting')
