"""keep what the latest answers of a workspace have as attributes

Revises: watch1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "sample1"
down_revision = "watch1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kept_sample',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('sampled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('sample', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_kept_sample_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_kept_sample'))
    )


def downgrade() -> None:
    op.drop_table('kept_sample')
