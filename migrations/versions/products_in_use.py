"""products in use: in which product somebody logged in or used something

Revises: surveyreply1
"""

import sqlalchemy as sa
from alembic import op

revision = "productsused1"
down_revision = "surveyreply1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By itself and not in a batch: SQLite would copy millions of rows.
    op.add_column('account_event', sa.Column('product', sa.String(length=200), nullable=True))
    op.create_table('product_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('product', sa.String(length=200), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('logins', sa.BigInteger(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('logins >= 0 AND uses >= 0', name=op.f('ck_product_day_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_product_day_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_product_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'product', 'day', name=op.f('pk_product_day'))
    )


def downgrade() -> None:
    op.drop_table('product_day')
    op.drop_column('account_event', 'product')
