"""read the queue of an owner by due time, what is put off, and own accounts by indexes alone

Revises: histories1
"""

import sqlalchemy as sa
from alembic import op

revision = "queuespeed2"
down_revision = "histories1"
branch_labels = None
depends_on = None

_URGENT = [sa.text('priority DESC'), 'id', 'snoozed_until', 'due_at']
_OF_OWNER = ['workspace_id', 'owner_user_id', 'state', *_URGENT]
_SNOOZED = ['workspace_id', 'state', *_URGENT]
_PUT_OFF = sa.text('snoozed_until IS NOT NULL')


def upgrade() -> None:
    _drop('ix_follow_up_urgent_of_owner', 'ix_follow_up_snoozed')
    op.create_index('ix_follow_up_urgent_of_owner', 'follow_up', [*_OF_OWNER, 'team'])
    op.create_index(
        'ix_follow_up_due_of_owner', 'follow_up',
        ['workspace_id', 'owner_user_id', 'state', 'due_at', 'id', 'snoozed_until', 'team'],
    )
    op.create_index(
        'ix_follow_up_snoozed', 'follow_up', [*_SNOOZED, 'account_id', 'owner_user_id'],
        sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF,
    )
    op.create_index('ix_account_of_owner', 'account', ['workspace_id', 'owner_user_id', 'id'])
    op.drop_index('ix_account_workspace_id_owner_user_id', table_name='account')


def downgrade() -> None:
    op.create_index(
        'ix_account_workspace_id_owner_user_id', 'account', ['workspace_id', 'owner_user_id']
    )
    op.drop_index('ix_account_of_owner', table_name='account')
    _drop('ix_follow_up_snoozed', 'ix_follow_up_due_of_owner', 'ix_follow_up_urgent_of_owner')
    op.create_index('ix_follow_up_urgent_of_owner', 'follow_up', _OF_OWNER)
    op.create_index(
        'ix_follow_up_snoozed', 'follow_up', _SNOOZED,
        sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF,
    )


def _drop(*names: str) -> None:
    for name in names:
        op.drop_index(name, table_name='follow_up')
