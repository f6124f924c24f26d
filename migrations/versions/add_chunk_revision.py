"""a chunk of answers says when it changed, so that sums of it can be remembered

Revises: alias1
"""

import sqlalchemy as sa
from alembic import op

revision = "revision1"
down_revision = "alias1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('answer_chunk', sa.Column('revision', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('answer_chunk') as batch_op:
        batch_op.drop_column('revision')
