"""cases can be put off; talks with customers are written down

Revises: goals1
"""

import sqlalchemy as sa
from alembic import op

revision = "queue1"
down_revision = "goals1"
branch_labels = None
depends_on = None

KINDS = (
    'opened', 'state', 'note', 'owner', 'due', 'routed', 'suggestion', 'outcome', 'undone',
)
MORE_KINDS = ('snoozed', 'woken', 'call')


def upgrade() -> None:
    with op.batch_alter_table('follow_up') as batch_op:
        batch_op.add_column(sa.Column('snoozed_until', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_follow_up_workspace_id_contact_id', 'follow_up', ['workspace_id', 'contact_id'])
    _only('follow_up_entry', 'kind', KINDS + MORE_KINDS)
    with op.batch_alter_table('follow_up_entry') as batch_op:
        batch_op.add_column(sa.Column('contact_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            op.f('fk_follow_up_entry_workspace_id_contact_id_contact'), 'contact',
            ['workspace_id', 'contact_id'], ['workspace_id', 'id'],
        )
    op.create_index('ix_follow_up_entry_workspace_id_contact_id', 'follow_up_entry', ['workspace_id', 'contact_id'])


def downgrade() -> None:
    # Lines of the timeline that the version before does not know would break its pages.
    names = ', '.join(f"'{kind}'" for kind in MORE_KINDS)
    op.execute(f'DELETE FROM follow_up_entry WHERE kind IN ({names})')
    _only('follow_up_entry', 'kind', KINDS)
    op.drop_index('ix_follow_up_entry_workspace_id_contact_id', 'follow_up_entry')
    with op.batch_alter_table('follow_up_entry') as batch_op:
        batch_op.drop_constraint(
            op.f('fk_follow_up_entry_workspace_id_contact_id_contact'), type_='foreignkey'
        )
        batch_op.drop_column('contact_id')
    op.drop_index('ix_follow_up_workspace_id_contact_id', 'follow_up')
    with op.batch_alter_table('follow_up') as batch_op:
        batch_op.drop_column('snoozed_until')


def _only(table: str, column: str, values: tuple[str, ...]) -> None:
    """Let a column hold these values and no others."""
    name = op.f(f'ck_{table}_{column}_known')
    allowed = ', '.join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_='check')
        batch_op.create_check_constraint(name, f'{column} IN ({allowed})')
