"""read the closed loop, and what is due first, by indexes

Revises: mergeaccounts1
"""

from alembic import op

revision = "loopspeed1"
down_revision = "mergeaccounts1"
branch_labels = None
depends_on = None


_DUE = ['workspace_id', 'state', 'due_at', 'id', 'snoozed_until']


def upgrade() -> None:
    op.drop_index('ix_follow_up_due', table_name='follow_up')
    op.create_index(
        'ix_follow_up_due', 'follow_up', [*_DUE, 'team', 'account_id', 'owner_user_id']
    )
    op.create_index(
        'ix_follow_up_opened', 'follow_up',
        ['workspace_id', 'opened_at', 'first_contact_at', 'due_at', 'state', 'resolved_at',
         'team', 'owner_user_id', 'account_id'],
    )
    op.create_index(
        'ix_response_of_contact', 'response',
        ['workspace_id', 'contact_id', 'answered_at', 'id', 'score', 'survey_id'],
    )
    op.drop_index('ix_response_workspace_id_contact_id', table_name='response')


def downgrade() -> None:
    op.create_index(
        'ix_response_workspace_id_contact_id', 'response', ['workspace_id', 'contact_id']
    )
    op.drop_index('ix_response_of_contact', table_name='response')
    op.drop_index('ix_follow_up_opened', table_name='follow_up')
    op.drop_index('ix_follow_up_due', table_name='follow_up')
    op.create_index('ix_follow_up_due', 'follow_up', _DUE)
