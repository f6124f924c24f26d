"""sums of months have those of twelve months and of renewals

What is stored is summed again: it is nothing that cannot be computed at any time.

Revises: hooks1
"""

from alembic import op

revision = "voicefigures1"
down_revision = "hooks1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DELETE FROM figure_month')


def downgrade() -> None:
    op.execute('DELETE FROM figure_month')
