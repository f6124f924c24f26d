"""past renewals of unknown health are looked at again: it can be worked out afterwards

Revises: loopspeed2
"""

from alembic import op

revision = "renewalbands1"
down_revision = "loopspeed2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The nightly work writes them anew.
    op.execute('DELETE FROM renewal_outcome WHERE band IS NULL')


def downgrade() -> None:
    pass
