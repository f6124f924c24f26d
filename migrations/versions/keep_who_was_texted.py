"""keep who was texted: the number that got a message, as a keyed hash

Revises: haste1
"""

import sqlalchemy as sa
from alembic import op

revision = "texting3"
down_revision = "haste1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("text_message", sa.Column("number_digest", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("text_message", "number_digest")
