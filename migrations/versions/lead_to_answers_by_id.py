"""lead to answers by their ids, and to accounts by their parent

Revises: features1
"""

from alembic import op

revision = "loopspeed2"
down_revision = "features1"
branch_labels = None
depends_on = None

_OF_CONTACT = ['workspace_id', 'contact_id', 'answered_at']


def upgrade() -> None:
    op.drop_index('ix_response_of_contact', table_name='response')
    op.create_index('ix_response_of_contact', 'response', [*_OF_CONTACT, 'score', 'survey_id'])
    op.create_index(
        op.f('ix_account_workspace_id_parent_account_id'), 'account',
        ['workspace_id', 'parent_account_id'],
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_account_workspace_id_parent_account_id'), table_name='account')
    op.drop_index('ix_response_of_contact', table_name='response')
    op.create_index(
        'ix_response_of_contact', 'response', [*_OF_CONTACT, 'id', 'score', 'survey_id']
    )
