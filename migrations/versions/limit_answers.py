"""limit answers: a last day, quotas, single-use links; answers that are marked

Revises: target1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import vocapp.database

revision = "limits1"
down_revision = "target1"
branch_labels = None
depends_on = None

KEY = sa.Uuid
WHEN = vocapp.database.UtcDateTime
_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')


def upgrade() -> None:
    op.create_table('answer_limits',
    sa.Column('workspace_id', KEY(), nullable=False),
    sa.Column('survey_id', KEY(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('most', sa.Integer(), nullable=True),
    sa.Column('quotas', _json, nullable=False),
    sa.Column('only_single_use', sa.Boolean(), nullable=False),
    sa.Column('closing_words', _json, nullable=False),
    sa.Column('updated_at', WHEN(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_answer_limits_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_answer_limits_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', name=op.f('pk_answer_limits'))
    )
    op.create_table('single_use_batch',
    sa.Column('workspace_id', KEY(), nullable=False),
    sa.Column('id', KEY(), nullable=False),
    sa.Column('survey_id', KEY(), nullable=False),
    sa.Column('name', sa.String(100), nullable=False),
    sa.Column('place', sa.String(100), nullable=False),
    sa.Column('links', sa.Integer(), nullable=False),
    sa.Column('created_at', WHEN(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_single_use_batch_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_single_use_batch_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_single_use_batch'))
    )
    op.create_index(op.f('ix_single_use_batch_workspace_id_survey_id_created_at'), 'single_use_batch', ['workspace_id', 'survey_id', 'created_at'])
    op.create_table('single_use_link',
    sa.Column('workspace_id', KEY(), nullable=False),
    sa.Column('id', KEY(), nullable=False),
    sa.Column('batch_id', KEY(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('used_by', sa.String(64), nullable=False),
    sa.Column('used_at', WHEN(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'batch_id'], ['single_use_batch.workspace_id', 'single_use_batch.id'], name=op.f('fk_single_use_link_workspace_id_batch_id_single_use_batch'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_single_use_link_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_single_use_link')),
    sa.UniqueConstraint('workspace_id', 'batch_id', 'number', name=op.f('uq_single_use_link_workspace_id_batch_id_number'))
    )
    op.create_table('response_mark',
    sa.Column('workspace_id', KEY(), nullable=False),
    sa.Column('response_id', KEY(), nullable=False),
    sa.Column('reason', sa.String(20), nullable=False),
    sa.Column('marked_at', WHEN(), nullable=False),
    sa.CheckConstraint("reason IN ('hidden_field', 'altered_form', 'too_fast', 'straight_line', 'same_person')", name=op.f('ck_response_mark_reason_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'], name=op.f('fk_response_mark_workspace_id_response_id_response'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_response_mark_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'response_id', 'reason', name=op.f('pk_response_mark'))
    )


def downgrade() -> None:
    op.drop_table('response_mark')
    op.drop_table('single_use_link')
    op.drop_table('single_use_batch')
    op.drop_table('answer_limits')
