"""what kind of text a comment is

Revises: taxonomy1
"""

import sqlalchemy as sa
from alembic import op

revision = "content1"
down_revision = "taxonomy1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('analysis', sa.Column('content', sa.String(length=10), nullable=True))


def downgrade() -> None:
    op.drop_column('analysis', 'content')
