"""copies of a comment

Revises: discovery1
"""

import sqlalchemy as sa
from alembic import op

revision = "copies1"
down_revision = "discovery1"
branch_labels = None
depends_on = None

_IS_KNOWN = sa.text('likeness IS NOT NULL')


def upgrade() -> None:
    # Null where a comment was read before: it is then shown by itself until it is judged anew.
    op.add_column('analysis', sa.Column('likeness', sa.String(length=32), nullable=True))
    op.add_column('analysis', sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        'ix_analysis_likeness',
        'analysis',
        ['workspace_id', 'likeness', 'answered_at', 'response_id'],
        sqlite_where=_IS_KNOWN,
        postgresql_where=_IS_KNOWN,
    )


def downgrade() -> None:
    op.drop_index('ix_analysis_likeness', table_name='analysis')
    op.drop_column('analysis', 'answered_at')
    op.drop_column('analysis', 'likeness')
