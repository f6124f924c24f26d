"""keep of an answer that stands aside what its response has: the digest of what was sent, the page

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
    op.add_column("held_answer", sa.Column("page", sa.String(length=500), nullable=True))


def downgrade() -> None:
    op.drop_column("held_answer", "page")
    op.drop_column("held_answer", "digest")
