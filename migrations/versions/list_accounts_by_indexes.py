"""list accounts, and what is of one, by indexes alone

Revises: revision1
"""

import sqlalchemy as sa
from alembic import op

revision = "accounts1"
down_revision = "revision1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_response_of_account', 'response',
        ['workspace_id', 'account_id', 'answered_at', 'score', 'survey_id', 'contact_id'],
    )
    op.drop_index('ix_response_workspace_id_account_id_answered_at', table_name='response')
    op.create_index(
        'ix_account_by_name', 'account', ['workspace_id', sa.text('lower(name)'), 'external_id']
    )
    op.create_index(
        'ix_follow_up_workspace_id_account_id_opened_at', 'follow_up',
        ['workspace_id', 'account_id', 'opened_at'],
    )


def downgrade() -> None:
    op.drop_index('ix_follow_up_workspace_id_account_id_opened_at', table_name='follow_up')
    op.drop_index('ix_account_by_name', table_name='account')
    op.create_index(
        'ix_response_workspace_id_account_id_answered_at', 'response',
        ['workspace_id', 'account_id', 'answered_at'],
    )
    op.drop_index('ix_response_of_account', table_name='response')
