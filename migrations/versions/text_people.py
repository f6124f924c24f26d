"""text people: the telephone number of a contact

Revises: lookahead1
"""

import sqlalchemy as sa
from alembic import op

revision = "texting1"
down_revision = "lookahead1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("phone", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("contact", "phone")
