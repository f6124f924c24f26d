"""open cases on replies: a case may have no answer, where a reply to an e-mail opened it

Revises: attached1
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "replied1"
down_revision = "attached1"
branch_labels = None
depends_on = None

_NEEDED, _FREE = 'response_id CHAR(32) NOT NULL,', 'response_id CHAR(32),'


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
    connection = op.get_bind()
    if connection.dialect.name != 'sqlite':
        op.alter_column('follow_up', 'response_id', existing_type=sa.Uuid(), nullable=nullable)
        return
    # By hand and not in a batch, which would forget which indexes are descending, and which
    # checks go with their column: table and indexes are made anew from how they were made.
    made = connection.execute(
        sa.text(
            "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'follow_up' AND sql IS NOT NULL "
            "ORDER BY type DESC"
        )
    ).all()
    (table,) = (statement for kind, statement in made if kind == 'table')
    was, becomes = (_NEEDED, _FREE) if nullable else (_FREE, _NEEDED)
    if table.count(was) != 1:
        raise RuntimeError(f'follow_up: expected {was!r} once')
    anew = re.sub(r'^CREATE TABLE "?follow_up"?', 'CREATE TABLE follow_up_anew', table)
    _as_it_stands(anew.replace(was, becomes))
    _as_it_stands('INSERT INTO follow_up_anew SELECT * FROM follow_up')
    _as_it_stands('DROP TABLE follow_up')
    _as_it_stands('ALTER TABLE follow_up_anew RENAME TO follow_up')
    for kind, statement in made:
        if kind == 'index':
            _as_it_stands(statement)


def _as_it_stands(statement: str) -> None:
    """No colon in it is a parameter."""
    op.get_bind().exec_driver_sql(statement)
