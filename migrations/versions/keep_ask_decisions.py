"""limits on asking, a ledger of who was asked or not and why, people who are never asked

Invitations of the time before become lines of the ledger, so that nobody is asked anew because
of an upgrade. Their days are those of UTC.

Revises: backtest1
"""

import sqlalchemy as sa
from alembic import op

revision = "asking1"
down_revision = "backtest1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'asking_limit',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('person_days', sa.Integer(), nullable=True),
        sa.Column('account_a_day', sa.Integer(), nullable=True),
        sa.Column('since', sa.String(length=5), nullable=True),
        sa.Column('until', sa.String(length=5), nullable=True),
        sa.Column('working_days_only', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('person_days BETWEEN 1 AND 730', name=op.f('ck_asking_limit_person_days_in_range')),
        sa.CheckConstraint('account_a_day >= 1', name=op.f('ck_asking_limit_account_a_day_positive')),
        sa.CheckConstraint('(since IS NULL) = (until IS NULL)', name=op.f('ck_asking_limit_hours_whole')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_asking_limit_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_asking_limit')),
    )
    op.create_table(
        'ask_decision',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('contact_id', sa.Uuid(), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=True),
        sa.Column('survey_id', sa.Uuid(), nullable=False),
        sa.Column('channel', sa.String(length=20), nullable=False),
        sa.Column('cause', sa.String(length=20), nullable=False),
        sa.Column('outcome', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=60), nullable=True),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('next_day', sa.Date(), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('asked', 'not_asked')", name=op.f('ck_ask_decision_outcome_known')),
        sa.CheckConstraint("outcome = 'asked' OR reason IS NOT NULL", name=op.f('ck_ask_decision_not_asked_says_why')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_ask_decision_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_ask_decision_workspace_id_contact'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_ask_decision_workspace_id_account')),
        sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_ask_decision_workspace_id_survey'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_ask_decision')),
    )
    for columns in (['contact_id', 'decided_at'], ['account_id', 'day'], ['survey_id']):
        name = '_'.join(['ix_ask_decision_workspace_id', *columns])
        op.create_index(name, 'ask_decision', ['workspace_id', *columns])
    op.create_table(
        'never_asked',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('contact_id', sa.Uuid(), nullable=False),
        sa.Column('by_user_id', sa.Uuid(), nullable=True),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_never_asked_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_never_asked_workspace_id_contact'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['by_user_id'], ['user_account.id'], name=op.f('fk_never_asked_by_user_id_user_account'), ondelete='SET NULL'),
        sa.PrimaryKeyConstraint('workspace_id', 'contact_id', name=op.f('pk_never_asked')),
    )
    op.create_index('ix_never_asked_by_user_id', 'never_asked', ['by_user_id'])
    _take_over_invitations()


def _take_over_invitations() -> None:
    """The newest 50 of each person that went out, or still will."""
    on_postgresql = op.get_bind().dialect.name == 'postgresql'
    sent = 'coalesce(invitation.sent_at, invitation.send_at)'
    day = f"CAST({sent} AT TIME ZONE 'UTC' AS date)" if on_postgresql else f'date({sent})'
    op.execute(
        'INSERT INTO ask_decision (workspace_id, id, contact_id, account_id, survey_id, channel,'
        ' cause, outcome, reason, day, next_day, decided_at)'
        ' SELECT workspace_id, id, contact_id, account_id, survey_id, channel,'
        " 'api', 'asked', NULL, day, NULL, created_at FROM ("
        '  SELECT invitation.workspace_id, invitation.id, invitation.contact_id,'
        '   contact.account_id, invitation.survey_id, invitation.channel, invitation.created_at,'
        f'   {day} AS day,'
        '   row_number() OVER (PARTITION BY invitation.workspace_id, invitation.contact_id'
        '    ORDER BY invitation.created_at DESC, invitation.id DESC) AS place'
        '  FROM invitation JOIN contact ON contact.workspace_id = invitation.workspace_id'
        '   AND contact.id = invitation.contact_id'
        "  WHERE invitation.state NOT IN ('not_sent', 'bounced')) AS newest"
        ' WHERE place <= 50'
    )


def downgrade() -> None:
    op.drop_table('never_asked')
    op.drop_table('ask_decision')
    op.drop_table('asking_limit')
