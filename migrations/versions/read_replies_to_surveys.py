"""read replies to surveys: when somebody answered an invitation by a mail

Revises: remind1
"""

import sqlalchemy as sa
from alembic import op

revision = "surveyreply1"
down_revision = "remind1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('invitation', sa.Column('replied_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('invitation', 'replied_at')
