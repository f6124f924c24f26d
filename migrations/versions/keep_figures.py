"""keep the sums of months, from which figures follow

Revises: history1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "figures1"
down_revision = "history1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('figure_month',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('attribute', sa.String(length=110), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('groups', JSON, nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_figure_month_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'month', 'attribute', name=op.f('pk_figure_month'))
    )


def downgrade() -> None:
    op.drop_table('figure_month')
