"""playbooks can be put away

Revises: askagain1
"""

import sqlalchemy as sa
from alembic import op

revision = "archiveplay1"
down_revision = "askagain1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('playbook') as batch_op:
        batch_op.add_column(sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_check_constraint(
            op.f('ck_playbook_archived_is_off'), 'archived_at IS NULL OR on_since IS NULL'
        )


def downgrade() -> None:
    with op.batch_alter_table('playbook') as batch_op:
        batch_op.drop_constraint(op.f('ck_playbook_archived_is_off'), type_='check')
        batch_op.drop_column('archived_at')
