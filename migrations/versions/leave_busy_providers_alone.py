"""leave busy providers alone: until when a provider of text messages is not asked

Revises: texting3
"""

import sqlalchemy as sa
from alembic import op

from vocapp.database import UtcDateTime

revision = "texting4"
down_revision = "texting3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("text_provider", sa.Column("wait_until", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("text_provider", "wait_until")
