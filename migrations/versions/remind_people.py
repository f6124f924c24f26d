"""remind people: one reminder of an invitation that was not answered

Revises: firings1
"""

import sqlalchemy as sa
from alembic import op

revision = "remind1"
down_revision = "firings1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reminder',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('invitation_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=60), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('scheduled', 'sending', 'sent', 'unknown', 'not_sent', 'bounced')", name=op.f('ck_reminder_state_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'invitation_id'], ['invitation.workspace_id', 'invitation.id'], name=op.f('fk_reminder_workspace_id_invitation_id_invitation'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_reminder_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'invitation_id', name=op.f('pk_reminder'))
    )


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'remind'")
    op.drop_table('reminder')
