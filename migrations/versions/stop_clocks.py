"""the clock of a case stands while it waits for the customer; who has a case open is seen

Revises: asking1
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "caseclock1"
down_revision = "asking1"
branch_labels = None
depends_on = None

PAUSE = timedelta(days=3_653)
CASES = sa.table(
    'follow_up', sa.column('workspace_id', sa.Uuid()), sa.column('id', sa.Uuid()),
    sa.column('state', sa.String()), sa.column('due_at', vocapp.database.UtcDateTime()),
    sa.column('paused_at', vocapp.database.UtcDateTime()),
)


def upgrade() -> None:
    op.add_column('follow_up', sa.Column('paused_at', vocapp.database.UtcDateTime(), nullable=True))
    # What waits already: its clock stands from now on.
    _move(CASES.c.state == 'waiting', PAUSE, datetime.now(UTC))
    op.create_table(
        'case_presence',
        sa.Column('follow_up_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('since', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('seen_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_case_presence_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_case_presence_user_id_user_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'follow_up_id'], ['follow_up.workspace_id', 'follow_up.id'], name=op.f('fk_case_presence_workspace_id_follow_up_id_follow_up'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'follow_up_id', 'user_id', name=op.f('pk_case_presence')),
    )
    op.create_index('ix_case_presence_user_id', 'case_presence', ['user_id'])


def downgrade() -> None:
    op.drop_table('case_presence')
    _move(CASES.c.paused_at.is_not(None), -PAUSE, None)
    op.drop_column('follow_up', 'paused_at')


def _move(which, by: timedelta, paused_at: datetime | None) -> None:
    """Move the due times of these cases; one by one, as databases add to times differently."""
    connection = op.get_bind()
    found = connection.execute(sa.select(CASES.c.workspace_id, CASES.c.id, CASES.c.due_at).where(which)).all()
    for workspace_id, case_id, due_at in found:
        connection.execute(
            CASES.update()
            .where(CASES.c.workspace_id == workspace_id, CASES.c.id == case_id)
            .values(due_at=due_at + by, paused_at=paused_at)
        )
