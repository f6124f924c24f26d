"""hold answers: links that were opened, answers that stand aside until a person has looked

Revises: queuespeed2
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "held1"
down_revision = "queuespeed2"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')


def upgrade() -> None:
    op.create_table('held_answer',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('survey_version', sa.Integer(), nullable=False),
    sa.Column('invitation_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('locale', sa.String(length=20), nullable=True),
    sa.Column('touchpoint', sa.String(length=100), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('answers', sa.Text(), nullable=False),
    sa.Column('reasons', _json, nullable=False),
    sa.Column('presses', sa.Integer(), nullable=False),
    sa.Column('pressed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_user_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("state IN ('held', 'counted', 'put_aside', 'overtaken')", name=op.f('ck_held_answer_state_known')),
    sa.ForeignKeyConstraint(['decided_by_user_id'], ['user_account.id'], name=op.f('fk_held_answer_decided_by_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_held_answer_workspace_id_contact_id_contact'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'invitation_id'], ['invitation.workspace_id', 'invitation.id'], name=op.f('fk_held_answer_workspace_id_invitation_id_invitation'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_held_answer_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_held_answer_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_held_answer'))
    )
    op.create_index(op.f('ix_held_answer_decided_by_user_id'), 'held_answer', ['decided_by_user_id'], unique=False)
    op.create_index(op.f('ix_held_answer_workspace_id_contact_id'), 'held_answer', ['workspace_id', 'contact_id'], unique=False)
    op.create_index(op.f('ix_held_answer_workspace_id_invitation_id'), 'held_answer', ['workspace_id', 'invitation_id'], unique=False)
    op.create_index(op.f('ix_held_answer_workspace_id_state_pressed_at'), 'held_answer', ['workspace_id', 'state', 'pressed_at'], unique=False)
    op.create_index(op.f('ix_held_answer_workspace_id_survey_id_state'), 'held_answer', ['workspace_id', 'survey_id', 'state'], unique=False)
    op.create_table('link_fetch',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('invitation_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.Column('visit', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'invitation_id'], ['invitation.workspace_id', 'invitation.id'], name=op.f('fk_link_fetch_workspace_id_invitation_id_invitation'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_link_fetch_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_link_fetch'))
    )
    op.create_index(op.f('ix_link_fetch_workspace_id_invitation_id_at'), 'link_fetch', ['workspace_id', 'invitation_id', 'at'], unique=False)


def downgrade() -> None:
    op.drop_table('link_fetch')
    op.drop_table('held_answer')
