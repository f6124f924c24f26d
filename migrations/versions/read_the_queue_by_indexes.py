"""read the queue, and count it, by indexes alone

Revises: rules1
"""

import sqlalchemy as sa
from alembic import op

revision = "queuespeed1"
down_revision = "rules1"
branch_labels = None
depends_on = None

_URGENT = [sa.text('priority DESC'), 'id', 'snoozed_until', 'due_at']
_PUT_OFF = sa.text('snoozed_until IS NOT NULL')


def upgrade() -> None:
    op.create_index(
        'ix_follow_up_urgent', 'follow_up',
        ['workspace_id', 'state', *_URGENT, 'account_id', 'owner_user_id'],
    )
    op.create_index(
        'ix_follow_up_urgent_of_owner', 'follow_up',
        ['workspace_id', 'owner_user_id', 'state', *_URGENT],
    )
    op.create_index(
        'ix_follow_up_urgent_of_team', 'follow_up', ['workspace_id', 'team', 'state', *_URGENT]
    )
    op.create_index(
        'ix_follow_up_due', 'follow_up',
        ['workspace_id', 'state', 'due_at', 'id', 'snoozed_until'],
    )
    op.create_index(
        'ix_follow_up_of_account', 'follow_up',
        ['workspace_id', 'account_id', 'state', 'snoozed_until', 'due_at', 'team',
         'owner_user_id'],
    )
    op.create_index(
        'ix_follow_up_snoozed', 'follow_up', ['workspace_id', 'state', *_URGENT],
        sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF,
    )
    op.drop_index('ix_follow_up_workspace_id_state_priority', table_name='follow_up')
    op.drop_index('ix_follow_up_workspace_id_owner_user_id_state', table_name='follow_up')


def downgrade() -> None:
    op.create_index(
        'ix_follow_up_workspace_id_owner_user_id_state', 'follow_up',
        ['workspace_id', 'owner_user_id', 'state'],
    )
    op.create_index(
        'ix_follow_up_workspace_id_state_priority', 'follow_up',
        ['workspace_id', 'state', 'priority'],
    )
    for name in (
        'snoozed', 'of_account', 'due', 'urgent_of_team', 'urgent_of_owner', 'urgent'
    ):
        op.drop_index(f'ix_follow_up_{name}', table_name='follow_up')
