"""add driver_report: what moves each survey's score, as last computed

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('driver_report',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('sampled', sa.Integer(), nullable=False),
    sa.Column('minimum_n', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('method', sa.String(length=20), nullable=True),
    sa.Column('r_squared', sa.Double(), nullable=True),
    sa.Column('findings', JSON, nullable=False),
    sa.CheckConstraint("method IN ('shapley', 'relative_weights')", name=op.f('ck_driver_report_method_known')),
    sa.CheckConstraint("reason IN ('too_few', 'same_scores', 'no_drivers')", name=op.f('ck_driver_report_reason_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_driver_report_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_driver_report_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', name=op.f('pk_driver_report'))
    )


def downgrade() -> None:
    op.drop_table('driver_report')
