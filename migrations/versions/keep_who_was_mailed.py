"""keep who was mailed: the address that a mail went to, as a keyed hash

Revises: knowagain1
"""

import sqlalchemy as sa
from alembic import op

revision = "mailed1"
down_revision = "knowagain1"
branch_labels = None
depends_on = None

_TABLES = ("invitation", "reminder", "playbook_letter")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("address_digest", sa.String(64), nullable=True))


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_column(table, "address_digest")
