"""keep how well the health score foretold who left

Revises: findnames1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "backtest1"
down_revision = "findnames1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    op.create_table('health_backtest',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('result', JSON, nullable=True),
    sa.CheckConstraint('done >= 0 AND done <= total', name=op.f('ck_health_backtest_done_of_total')),
    sa.CheckConstraint('(computed_at IS NULL) = (result IS NULL)', name=op.f('ck_health_backtest_result_has_instant')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_health_backtest_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_health_backtest'))
    )


def downgrade() -> None:
    op.drop_table('health_backtest')
