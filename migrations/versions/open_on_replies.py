"""open cases on replies: a case may have no answer, where a reply to an e-mail opened it

Revises: attached1
"""

import sqlalchemy as sa
from alembic import op

revision = 'replied1'
down_revision = 'attached1'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _let_response_be(nullable=True)
    op.create_index(
        'ix_follow_up_by_reply', 'follow_up', ['workspace_id', 'contact_id', 'account_id'],
        sqlite_where=sa.text('response_id IS NULL'),
        postgresql_where=sa.text('response_id IS NULL'),
    )


def downgrade() -> None:
    # The version before knows of no case without an answer.
    op.execute('DELETE FROM follow_up WHERE response_id IS NULL')
    op.drop_index('ix_follow_up_by_reply', 'follow_up')
    _let_response_be(nullable=False)


def _let_response_be(*, nullable: bool) -> None:
    """SQLite makes the table anew for it, and would forget which of its indexes are descending:
    they are put back as they were."""
    connection = op.get_bind()
    indexes = []
    if connection.dialect.name == 'sqlite':
        indexes = connection.execute(
            sa.text(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' "
                "AND tbl_name = 'follow_up' AND sql IS NOT NULL"
            )
        ).all()
    with op.batch_alter_table('follow_up') as batch_op:
        batch_op.alter_column('response_id', existing_type=sa.Uuid(), nullable=nullable)
    for name, statement in indexes:
        op.execute(f'DROP INDEX IF EXISTS {name}')
        op.execute(sa.text(statement.replace(":", "\\:")))
