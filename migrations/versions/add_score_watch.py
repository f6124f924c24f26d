"""add score watch, who watches, and the falls that were noticed

Revises: packed1
"""

import sqlalchemy as sa
from alembic import op

revision = "watch1"
down_revision = "packed1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('score_fall',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('noticed_on', sa.Date(), nullable=False),
    sa.Column('fell_on', sa.Date(), nullable=False),
    sa.Column('before_from', sa.Date(), nullable=False),
    sa.Column('before_value', sa.Double(), nullable=False),
    sa.Column('before_n', sa.Integer(), nullable=False),
    sa.Column('after_value', sa.Double(), nullable=False),
    sa.Column('after_n', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_score_fall_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_score_fall_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_score_fall')),
    sa.UniqueConstraint('workspace_id', 'survey_id', 'noticed_on', name=op.f('uq_score_fall_workspace_id_survey_id_noticed_on'))
    )
    op.create_table('score_watch',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('baseline_from', sa.Date(), nullable=False),
    sa.Column('began_on', sa.Date(), nullable=False),
    sa.Column('looked_until', sa.Date(), nullable=False),
    sa.Column('more_needed', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_score_watch_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_score_watch_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', name=op.f('pk_score_watch'))
    )
    op.create_table('score_watcher',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['score_watch.workspace_id', 'score_watch.survey_id'], name=op.f('fk_score_watcher_workspace_id_survey_id_score_watch'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'user_id'], ['membership.workspace_id', 'membership.user_id'], name=op.f('fk_score_watcher_workspace_id_user_id_membership'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_score_watcher_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', 'user_id', name=op.f('pk_score_watcher'))
    )
    op.create_index(op.f('ix_score_watcher_workspace_id_user_id'), 'score_watcher', ['workspace_id', 'user_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_score_watcher_workspace_id_user_id'), table_name='score_watcher')
    op.drop_table('score_watcher')
    op.drop_table('score_watch')
    op.drop_table('score_fall')
