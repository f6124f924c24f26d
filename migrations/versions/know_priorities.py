"""the priorities of pending work are two

Revises: copies1
"""

from alembic import op

revision = "priorities1"
down_revision = "copies1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE outbox SET priority = 10 WHERE priority NOT IN (0, 10)")
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_check_constraint(op.f('ck_outbox_priority_known'), 'priority IN (0, 10)')


def downgrade() -> None:
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_outbox_priority_known'), type_='check')
