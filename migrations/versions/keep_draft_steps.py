"""keep draft steps: what undo and redo of the editor lead to

Revises: versions1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "draftsteps1"
down_revision = "versions1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'survey', sa.Column('draft_step', sa.Integer(), server_default='0', nullable=False)
    )
    op.create_table('draft_step',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('definition', vocapp.database.JsonValue, nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('saved_at', vocapp.database.UtcDateTime(), nullable=False),
    sa.Column('saved_by_user_id', sa.Uuid(), nullable=True),
    sa.Column('by_itself', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_draft_step_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_draft_step_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', 'number', name=op.f('pk_draft_step'))
    )


def downgrade() -> None:
    op.drop_table('draft_step')
    op.drop_column('survey', 'draft_step')
