"""notes of cases can mention colleagues

Revises: office1
"""

import sqlalchemy as sa
from alembic import op

revision = "mention1"
down_revision = "office1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'mention',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('entry_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_mention_user_id_user_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'entry_id'], ['follow_up_entry.workspace_id', 'follow_up_entry.id'], name=op.f('fk_mention_workspace_id_entry_id_follow_up_entry'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_mention_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_mention')),
        sa.UniqueConstraint('workspace_id', 'entry_id', 'user_id', name=op.f('uq_mention_workspace_id_entry_id_user_id')),
    )
    op.create_index('ix_mention_workspace_id_user_id_seen_at', 'mention', ['workspace_id', 'user_id', 'seen_at'])
    op.create_index('ix_mention_user_id', 'mention', ['user_id'])


def downgrade() -> None:
    op.drop_table('mention')
