"""what playbooks send by themselves, and to whom

Revises: team1
"""

import sqlalchemy as sa
from alembic import op

from vocapp.database import UtcDateTime

revision = "techtouch1"
down_revision = "team1"
branch_labels = None
depends_on = None


def _key(table, column, to, **more):
    return sa.ForeignKeyConstraint(
        ['workspace_id', column], [f'{to}.workspace_id', f'{to}.id'],
        name=op.f(f'fk_{table}_workspace_id_{column}_{to}'), ondelete='CASCADE', **more,
    )


def _workspace(table):
    return sa.ForeignKeyConstraint(
        ['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'),
        ondelete='CASCADE',
    )


def upgrade() -> None:
    op.create_table(
        'playbook_sending',
        sa.Column('run_id', sa.Uuid(), nullable=False),
        sa.Column('playbook_id', sa.Uuid(), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=False),
        sa.Column('step_key', sa.String(length=64), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=60), nullable=True),
        sa.Column('decided_at', UtcDateTime(), nullable=True),
        sa.Column('created_at', UtcDateTime(), nullable=False),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'survey')", name=op.f('ck_playbook_sending_kind_known')),
        sa.CheckConstraint("state IN ('waiting', 'done', 'dropped')", name=op.f('ck_playbook_sending_state_known')),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f('ck_playbook_sending_decided_has_instant')),
        sa.CheckConstraint("(state = 'dropped') = (reason IS NOT NULL)", name=op.f('ck_playbook_sending_dropped_has_reason')),
        _workspace('playbook_sending'),
        _key('playbook_sending', 'run_id', 'playbook_run'),
        _key('playbook_sending', 'playbook_id', 'playbook'),
        _key('playbook_sending', 'account_id', 'account'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook_sending')),
        sa.UniqueConstraint('workspace_id', 'run_id', 'step_key', name=op.f('uq_playbook_sending_workspace_id_run_id_step_key')),
    )
    op.create_index('ix_playbook_sending_workspace_id_playbook_id_state_due_on', 'playbook_sending', ['workspace_id', 'playbook_id', 'state', 'due_on'])
    op.create_index('ix_playbook_sending_workspace_id_account_id', 'playbook_sending', ['workspace_id', 'account_id'])
    op.create_table(
        'playbook_letter',
        sa.Column('sending_id', sa.Uuid(), nullable=False),
        sa.Column('playbook_id', sa.Uuid(), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=False),
        sa.Column('contact_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=60), nullable=True),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('language', sa.String(length=20), nullable=True),
        sa.Column('subject', sa.Text(), nullable=True),
        sa.Column('body', sa.Text(), nullable=True),
        sa.Column('message_digest', sa.String(length=32), nullable=True),
        sa.Column('at', UtcDateTime(), nullable=False),
        sa.Column('sent_at', UtcDateTime(), nullable=True),
        sa.Column('replied_at', UtcDateTime(), nullable=True),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'survey')", name=op.f('ck_playbook_letter_kind_known')),
        sa.CheckConstraint(
            "state IN ('scheduled', 'sending', 'sent', 'unknown', 'not_sent', 'bounced', 'asked')",
            name=op.f('ck_playbook_letter_state_known'),
        ),
        _workspace('playbook_letter'),
        _key('playbook_letter', 'sending_id', 'playbook_sending'),
        _key('playbook_letter', 'playbook_id', 'playbook'),
        _key('playbook_letter', 'account_id', 'account'),
        _key('playbook_letter', 'contact_id', 'contact'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook_letter')),
        sa.UniqueConstraint('workspace_id', 'sending_id', 'contact_id', name=op.f('uq_playbook_letter_workspace_id_sending_id_contact_id')),
    )
    op.create_index('ix_playbook_letter_workspace_id_playbook_id_day', 'playbook_letter', ['workspace_id', 'playbook_id', 'day'])
    op.create_index('ix_playbook_letter_workspace_id_account_id_at', 'playbook_letter', ['workspace_id', 'account_id', 'at'])
    op.create_index('ix_playbook_letter_workspace_id_contact_id', 'playbook_letter', ['workspace_id', 'contact_id'])
    op.create_index('ix_playbook_letter_message', 'playbook_letter', ['message_digest'])


def downgrade() -> None:
    op.drop_table('playbook_letter')
    op.drop_table('playbook_sending')
