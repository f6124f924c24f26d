"""note accounts: what colleagues write of them, and whom they mention

Revises: roles1
"""

import sqlalchemy as sa
from alembic import op

revision = "notes1"
down_revision = "roles1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_note',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('author_user_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['author_user_id'], ['user_account.id'], name=op.f('fk_account_note_author_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_note_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_account_note_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_account_note'))
    )
    op.create_index(op.f('ix_account_note_author_user_id'), 'account_note', ['author_user_id'], unique=False)
    op.create_index(op.f('ix_account_note_workspace_id_account_id_at'), 'account_note', ['workspace_id', 'account_id', 'at'], unique=False)
    op.create_table('account_note_mention',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('note_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_account_note_mention_user_id_user_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'note_id'], ['account_note.workspace_id', 'account_note.id'], name=op.f('fk_account_note_mention_workspace_id_note_id_account_note'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_account_note_mention_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'note_id', 'user_id', name=op.f('pk_account_note_mention'))
    )
    op.create_index(op.f('ix_account_note_mention_user_id'), 'account_note_mention', ['user_id'], unique=False)
    op.create_index(op.f('ix_account_note_mention_workspace_id_user_id_seen_at'), 'account_note_mention', ['workspace_id', 'user_id', 'seen_at'], unique=False)


def downgrade() -> None:
    op.drop_table('account_note_mention')
    op.drop_table('account_note')
