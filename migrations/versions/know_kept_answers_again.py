"""know an answer that stood aside again: what its sender sent, by digest

Revises: overquota1
"""

import sqlalchemy as sa
from alembic import op

revision = "knowagain1"
down_revision = "overquota1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("held_answer", sa.Column("digest", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("held_answer", "digest")
