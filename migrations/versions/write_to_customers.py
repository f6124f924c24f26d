"""e-mails of cases, drafts of them, reply templates, and what is new in a case

Revises: queuespeed1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "casemail1"
down_revision = "queuespeed1"
branch_labels = None
depends_on = None

KINDS = (
    'opened', 'state', 'note', 'owner', 'due', 'routed', 'suggestion', 'outcome', 'undone',
    'snoozed', 'woken', 'call', 'merged', 'parted',
)
MORE_KINDS = ('mail', 'mail_failed', 'reply', 'seen')
NEWS = "CHECK (news IN ('reply', 'mail_failed'))"


def upgrade() -> None:
    # By themselves and not in a batch: SQLite would make the table and its indexes anew, and
    # forget which of them are descending.
    op.execute(f'ALTER TABLE follow_up ADD COLUMN news VARCHAR(20) CONSTRAINT ck_follow_up_news_known {NEWS}')
    op.add_column('follow_up', sa.Column('news_at', vocapp.database.UtcDateTime(), nullable=True))
    op.create_index(
        'ix_follow_up_news', 'follow_up', ['workspace_id', 'news_at'],
        sqlite_where=sa.text('news IS NOT NULL'), postgresql_where=sa.text('news IS NOT NULL'),
    )
    _only('follow_up_entry', 'kind', KINDS + MORE_KINDS)
    op.create_table(
        'case_mail',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('follow_up_id', sa.Uuid(), nullable=False),
        sa.Column('direction', sa.String(length=3), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=60), nullable=True),
        sa.Column('actor_user_id', sa.Uuid(), nullable=True),
        sa.Column('contact_id', sa.Uuid(), nullable=True),
        sa.Column('entry_id', sa.Uuid(), nullable=True),
        sa.Column('address', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('language', sa.String(length=20), nullable=True),
        sa.Column('message_id', sa.Text(), nullable=False),
        sa.Column('message_digest', sa.String(length=32), nullable=False),
        sa.Column('attachments', sa.Integer(), nullable=False),
        sa.Column('at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('sent_at', vocapp.database.UtcDateTime(), nullable=True),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f('ck_case_mail_direction_known')),
        sa.CheckConstraint(
            "state IN ('scheduled', 'sending', 'sent', 'unknown', 'not_sent', 'bounced', 'received', 'automatic')",
            name=op.f('ck_case_mail_state_known'),
        ),
        sa.CheckConstraint('attachments >= 0', name=op.f('ck_case_mail_attachments_counted')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_case_mail_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['actor_user_id'], ['user_account.id'], name=op.f('fk_case_mail_actor_user_id_user_account'), ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['workspace_id', 'follow_up_id'], ['follow_up.workspace_id', 'follow_up.id'], name=op.f('fk_case_mail_workspace_id_follow_up_id_follow_up'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_case_mail_workspace_id_contact_id_contact')),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_case_mail')),
        sa.UniqueConstraint('workspace_id', 'message_digest', name=op.f('uq_case_mail_workspace_id_message_digest')),
    )
    op.create_index('ix_case_mail_message', 'case_mail', ['message_digest'])
    op.create_index('ix_case_mail_workspace_id_follow_up_id_at', 'case_mail', ['workspace_id', 'follow_up_id', 'at'])
    op.create_index('ix_case_mail_workspace_id_contact_id', 'case_mail', ['workspace_id', 'contact_id'])
    op.create_table(
        'case_draft',
        sa.Column('follow_up_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('updated_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_case_draft_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_case_draft_user_id_user_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'follow_up_id'], ['follow_up.workspace_id', 'follow_up.id'], name=op.f('fk_case_draft_workspace_id_follow_up_id_follow_up'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'follow_up_id', 'user_id', name=op.f('pk_case_draft')),
    )
    op.create_index('ix_case_draft_user_id', 'case_draft', ['user_id'])
    op.create_table(
        'reply_template',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('language', sa.String(length=20), nullable=False),
        sa.Column('subject', sa.String(length=200), nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('created_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('updated_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('removed_at', vocapp.database.UtcDateTime(), nullable=True),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_reply_template_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_reply_template')),
    )
    op.create_index(
        'uq_reply_template_name', 'reply_template', ['workspace_id', 'language', 'name'], unique=True,
        sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'),
    )


def downgrade() -> None:
    op.drop_table('reply_template')
    op.drop_table('case_draft')
    op.drop_table('case_mail')
    # Lines of the timeline that the version before does not know would break its pages.
    names = ', '.join(f"'{kind}'" for kind in MORE_KINDS)
    op.execute(f'DELETE FROM follow_up_entry WHERE kind IN ({names})')
    _only('follow_up_entry', 'kind', KINDS)
    op.drop_index('ix_follow_up_news', 'follow_up')
    op.drop_column('follow_up', 'news_at')
    op.drop_column('follow_up', 'news')


def _only(table: str, column: str, values: tuple[str, ...]) -> None:
    """Let a column hold these values and no others."""
    name = op.f(f'ck_{table}_{column}_known')
    allowed = ', '.join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_='check')
        batch_op.create_check_constraint(name, f'{column} IN ({allowed})')
