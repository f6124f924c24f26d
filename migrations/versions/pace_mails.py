"""pace mails: how many may leave, shared by all workers

Revises: productsused1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "pace1"
down_revision = "productsused1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mail_pace',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('tokens', sa.Double(), nullable=True),
    sa.Column('at', vocapp.database.UtcDateTime(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_mail_pace_only_one')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_pace'))
    )


def downgrade() -> None:
    op.drop_table('mail_pace')
