"""tell versions: who published one, and how many answers it has, by an index

Revises: activedays1
"""

import sqlalchemy as sa
from alembic import op

revision = "versions1"
down_revision = "activedays1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('survey_version', sa.Column('published_by_user_id', sa.Uuid(), nullable=True))
    op.create_index(
        op.f('ix_response_workspace_id_survey_id_survey_version'), 'response',
        ['workspace_id', 'survey_id', 'survey_version'],
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_response_workspace_id_survey_id_survey_version'), 'response')
    op.drop_column('survey_version', 'published_by_user_id')
