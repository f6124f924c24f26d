"""run campaigns: whom a survey asks by itself, on which day, and what became of each

Revises: draftsteps1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "campaigns1"
down_revision = "draftsteps1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By itself and not in a batch: SQLite would copy the whole ledger.
    op.add_column('ask_decision', sa.Column('cause_id', sa.Uuid(), nullable=True))
    op.create_table('campaign',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('audience', vocapp.database.JsonValue, nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('period_days', sa.Integer(), nullable=True),
    sa.Column('moment', sa.String(length=20), nullable=True),
    sa.Column('moment_days', sa.Integer(), nullable=True),
    sa.Column('moment_name', sa.String(length=200), nullable=True),
    sa.Column('repeat_days', sa.Integer(), nullable=False),
    sa.Column('sample', sa.Double(), nullable=False),
    sa.Column('held_out', sa.Double(), nullable=False),
    sa.Column('a_day', sa.Integer(), nullable=True),
    sa.Column('hour', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('planned_on', sa.Date(), nullable=True),
    sa.Column('begun_at', vocapp.database.UtcDateTime(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', vocapp.database.UtcDateTime(), nullable=False),
    sa.Column('updated_at', vocapp.database.UtcDateTime(), nullable=False),
    sa.CheckConstraint("state IN ('draft', 'active', 'paused', 'ended')", name=op.f('ck_campaign_state_known')),
    sa.CheckConstraint("kind IN ('once', 'recurring', 'moment')", name=op.f('ck_campaign_kind_known')),
    sa.CheckConstraint("moment IN ('started', 'event', 'renewal', 'touchpoint')", name=op.f('ck_campaign_moment_known')),
    sa.CheckConstraint("(kind = 'recurring') = (period_days IS NOT NULL)", name=op.f('ck_campaign_period_whole')),
    sa.CheckConstraint("(kind = 'moment') = (moment IS NOT NULL)", name=op.f('ck_campaign_moment_whole')),
    sa.CheckConstraint("(moment IS NULL) = (moment_days IS NULL)", name=op.f('ck_campaign_moment_has_days')),
    sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f('ck_campaign_hour_of_day')),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_campaign_workspace_id_survey_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_campaign_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_campaign'))
    )
    op.create_index('ix_campaign_workspace_id_survey_id', 'campaign', ['workspace_id', 'survey_id'])
    op.create_table('campaign_turn',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('occasion', sa.String(length=20), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=60), nullable=True),
    sa.Column('invitation_id', sa.Uuid(), nullable=True),
    sa.Column('changed_at', vocapp.database.UtcDateTime(), nullable=False),
    sa.CheckConstraint("state IN ('planned', 'asked', 'not_asked')", name=op.f('ck_campaign_turn_state_known')),
    sa.CheckConstraint("(state = 'asked') = (invitation_id IS NOT NULL)", name=op.f('ck_campaign_turn_asked_by_one')),
    sa.CheckConstraint("state <> 'not_asked' OR reason IS NOT NULL", name=op.f('ck_campaign_turn_not_asked_says_why')),
    sa.ForeignKeyConstraint(['workspace_id', 'campaign_id'], ['campaign.workspace_id', 'campaign.id'], name=op.f('fk_campaign_turn_workspace_id_campaign_id_campaign'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_campaign_turn_workspace_id_contact_id_contact'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_campaign_turn_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_campaign_turn')),
    sa.UniqueConstraint('workspace_id', 'campaign_id', 'contact_id', 'occasion', name=op.f('uq_campaign_turn_workspace_id_campaign_id_contact_id_occasion'))
    )
    op.create_index('ix_campaign_turn_workspace_id_campaign_id_state_day', 'campaign_turn', ['workspace_id', 'campaign_id', 'state', 'day'])
    op.create_index('ix_campaign_turn_workspace_id_contact_id_state', 'campaign_turn', ['workspace_id', 'contact_id', 'state'])


def downgrade() -> None:
    op.drop_table('campaign_turn')
    op.drop_table('campaign')
    op.drop_column('ask_decision', 'cause_id')
