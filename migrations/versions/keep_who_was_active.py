"""keep who was active on which days of a month, so that any attribute splits it at once

Revises: morekinds1
"""

import sqlalchemy as sa
from alembic import op

revision = "activedays1"
down_revision = "morekinds1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('figure_people', sa.Column('days', sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column('figure_people', 'days')
