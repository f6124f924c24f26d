"""what is overdue for too long is passed on to somebody, once

Revises: healthweights1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "escalate1"
down_revision = "healthweights1"
branch_labels = None
depends_on = None

KINDS = (
    'opened', 'state', 'note', 'owner', 'due', 'routed', 'suggestion', 'outcome', 'undone',
    'snoozed', 'woken', 'call', 'merged', 'parted', 'mail', 'mail_failed', 'reply', 'seen',
)
MORE_KINDS = ('escalated', 'acknowledged')
TO = 'fk_follow_up_escalated_user_id_user_account'


def upgrade() -> None:
    # By themselves and not in a batch: SQLite would make the table and its indexes anew, and
    # forget which of them are descending.
    op.add_column('follow_up', sa.Column('escalated_at', vocapp.database.UtcDateTime(), nullable=True))
    op.add_column('follow_up', sa.Column('escalated_user_id', sa.Uuid(), nullable=True))
    op.add_column('follow_up', sa.Column('acknowledged_at', vocapp.database.UtcDateTime(), nullable=True))
    op.create_index(
        'ix_follow_up_escalated', 'follow_up', ['workspace_id', 'escalated_user_id', 'state'],
        sqlite_where=sa.text('escalated_at IS NOT NULL'), postgresql_where=sa.text('escalated_at IS NOT NULL'),
    )
    _only('follow_up_entry', 'kind', KINDS + MORE_KINDS)
    op.create_table(
        'escalation',
        sa.Column('team', sa.String(length=20), nullable=False),
        sa.Column('after_hours', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.CheckConstraint("team IN ('success', 'product', 'support')", name=op.f('ck_escalation_team_known')),
        sa.CheckConstraint('after_hours BETWEEN 1 AND 720', name=op.f('ck_escalation_after_hours_in_reach')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_escalation_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_escalation_user_id_user_account'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'team', name=op.f('pk_escalation')),
    )
    op.create_index('ix_escalation_user_id', 'escalation', ['user_id'])


def downgrade() -> None:
    op.drop_table('escalation')
    names = ', '.join(f"'{kind}'" for kind in MORE_KINDS)
    op.execute(f'DELETE FROM follow_up_entry WHERE kind IN ({names})')
    _only('follow_up_entry', 'kind', KINDS)
    op.execute("DELETE FROM outbox WHERE kind = 'escalate'")
    op.drop_index('ix_follow_up_escalated', 'follow_up')
    for name in ('acknowledged_at', 'escalated_user_id', 'escalated_at'):
        op.drop_column('follow_up', name)


def _only(table: str, column: str, values: tuple[str, ...]) -> None:
    """Let a column hold these values and no others."""
    name = op.f(f'ck_{table}_{column}_known')
    allowed = ', '.join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_='check')
        batch_op.create_check_constraint(name, f'{column} IN ({allowed})')
