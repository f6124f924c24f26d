"""add trend note

Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('trend_note',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('words', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_trend_note_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_trend_note'))
    )
    with op.batch_alter_table('trend_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trend_note_workspace_id_local_day'), ['workspace_id', 'local_day'], unique=False)


def downgrade() -> None:
    op.drop_table('trend_note')
