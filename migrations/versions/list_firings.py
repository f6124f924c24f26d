"""list firings of a playbook by an index

Revises: ownmail1
"""

from alembic import op

revision = "firings1"
down_revision = "ownmail1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f('ix_playbook_run_workspace_id_playbook_id_fired_at'), 'playbook_run',
        ['workspace_id', 'playbook_id', 'fired_at'],
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_playbook_run_workspace_id_playbook_id_fired_at'), 'playbook_run')
