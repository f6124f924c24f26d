"""add touchpoint to invitation

Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "touchpoint1"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('touchpoint', sa.String(length=100), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.drop_column('touchpoint')
