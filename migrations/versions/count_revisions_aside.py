"""count revisions aside: the last one of an answer over a quota, as its response has it

Revises: mailed1
"""

import sqlalchemy as sa
from alembic import op

revision = "revisedaside1"
down_revision = "mailed1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
    op.add_column("held_answer", column)


def downgrade() -> None:
    op.drop_column("held_answer", "revision")
