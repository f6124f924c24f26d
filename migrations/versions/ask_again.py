"""people are asked again after their follow-up was resolved

Revises: escalate1
"""

import sqlalchemy as sa
from alembic import op

revision = "askagain1"
down_revision = "escalate1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'ask_again_rule',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('survey_id', sa.Uuid(), nullable=False),
        sa.Column('days', sa.Integer(), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('days BETWEEN 1 AND 180', name=op.f('ck_ask_again_rule_days_in_range')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_ask_again_rule_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_ask_again_rule_workspace_id_survey'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'survey_id', name=op.f('pk_ask_again_rule')),
    )
    op.create_table(
        'asked_again',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('follow_up_id', sa.Uuid(), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=60), nullable=True),
        sa.Column('first_due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('invitation_id', sa.Uuid(), nullable=True),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'asked', 'not_asked', 'cancelled')", name=op.f('ck_asked_again_state_known')),
        sa.CheckConstraint("state <> 'asked' OR invitation_id IS NOT NULL", name=op.f('ck_asked_again_asked_by_one')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_asked_again_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'follow_up_id'], ['follow_up.workspace_id', 'follow_up.id'], name=op.f('fk_asked_again_workspace_id_follow_up'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'invitation_id'], ['invitation.workspace_id', 'invitation.id'], name=op.f('fk_asked_again_workspace_id_invitation'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'follow_up_id', name=op.f('pk_asked_again')),
    )
    op.create_index('ix_asked_again_workspace_id_invitation_id', 'asked_again', ['workspace_id', 'invitation_id'])
    op.create_index('ix_asked_again_workspace_id_state', 'asked_again', ['workspace_id', 'state'])


def downgrade() -> None:
    op.drop_table('asked_again')
    op.drop_table('ask_again_rule')
