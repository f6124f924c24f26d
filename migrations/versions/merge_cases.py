"""several answers of one person can stand in one case

Revises: limited1
"""

import sqlalchemy as sa
from alembic import op

revision = "merging1"
down_revision = "limited1"
branch_labels = None
depends_on = None

STATES = ('open', 'contacted', 'waiting', 'resolved', 'closed')
KINDS = (
    'opened', 'state', 'note', 'owner', 'due', 'routed', 'suggestion', 'outcome', 'undone',
    'snoozed', 'woken', 'call',
)
MORE_KINDS = ('merged', 'parted')
ONE = 'ck_follow_up_merged_into_one'
INTO = 'fk_follow_up_workspace_id_merged_into_id_follow_up'


def upgrade() -> None:
    with op.batch_alter_table('follow_up') as batch_op:
        batch_op.add_column(sa.Column('merged_into_id', sa.Uuid(), nullable=True))
        _only(batch_op, 'follow_up', 'state', (*STATES, 'merged'))
        batch_op.create_check_constraint(op.f(ONE), "(state = 'merged') = (merged_into_id IS NOT NULL)")
        batch_op.create_foreign_key(
            op.f(INTO), 'follow_up', ['workspace_id', 'merged_into_id'], ['workspace_id', 'id'],
            ondelete='CASCADE',
        )
    op.create_index('ix_follow_up_workspace_id_merged_into_id', 'follow_up', ['workspace_id', 'merged_into_id'])
    with op.batch_alter_table('follow_up_entry') as batch_op:
        _only(batch_op, 'follow_up_entry', 'kind', KINDS + MORE_KINDS)


def downgrade() -> None:
    # What the version before does not know would break its pages: each case stands alone again.
    names = ', '.join(f"'{kind}'" for kind in MORE_KINDS)
    op.execute(f'DELETE FROM follow_up_entry WHERE kind IN ({names})')
    with op.batch_alter_table('follow_up_entry') as batch_op:
        _only(batch_op, 'follow_up_entry', 'kind', KINDS)
    op.execute(
        "UPDATE follow_up SET merged_into_id = NULL, state = CASE"
        " WHEN first_contact_at IS NULL THEN 'open' ELSE 'contacted' END WHERE state = 'merged'"
    )
    op.drop_index('ix_follow_up_workspace_id_merged_into_id', 'follow_up')
    with op.batch_alter_table('follow_up') as batch_op:
        batch_op.drop_constraint(op.f(INTO), type_='foreignkey')
        batch_op.drop_constraint(op.f(ONE), type_='check')
        _only(batch_op, 'follow_up', 'state', STATES)
        batch_op.drop_column('merged_into_id')


def _only(batch_op, table: str, column: str, values: tuple[str, ...]) -> None:
    """Let a column hold these values and no others."""
    name = op.f(f'ck_{table}_{column}_known')
    allowed = ', '.join(f"'{value}'" for value in values)
    batch_op.drop_constraint(name, type_='check')
    batch_op.create_check_constraint(name, f'{column} IN ({allowed})')
