"""find accounts and people by an index of where their names begin

Revises: voicefigures1
"""

import sqlalchemy as sa
from alembic import op

# By the rule of the version that is being installed: it is the one by which is looked for.
from surveys.name_starts import LENGTH, starts

revision = "findnames1"
down_revision = "voicefigures1"
branch_labels = None
depends_on = None

_START = sa.String(LENGTH).with_variant(sa.String(LENGTH, collation='C'), 'postgresql')
_BATCH = 1000


def upgrade() -> None:
    for of, names in (
        ('account', ('name', 'external_id')), ('contact', ('name', 'email', 'external_id'))
    ):
        made = op.create_table(
            f'{of}_name',
            sa.Column('workspace_id', sa.Uuid(), nullable=False),
            sa.Column('start', _START, nullable=False),
            sa.Column(f'{of}_id', sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ['workspace_id', f'{of}_id'], [f'{of}.workspace_id', f'{of}.id'],
                name=op.f(f'fk_{of}_name_workspace_id_{of}_id_{of}'), ondelete='CASCADE',
            ),
            sa.ForeignKeyConstraint(
                ['workspace_id'], ['workspace.id'],
                name=op.f(f'fk_{of}_name_workspace_id_workspace'), ondelete='CASCADE',
            ),
            sa.PrimaryKeyConstraint(
                'workspace_id', 'start', f'{of}_id', name=op.f(f'pk_{of}_name')
            ),
            sqlite_with_rowid=False,
        )
        _fill(made, of, names)
        op.create_index(
            op.f(f'ix_{of}_name_workspace_id_{of}_id'), f'{of}_name',
            ['workspace_id', f'{of}_id'],
        )


def _fill(made, of: str, names: tuple[str, ...]) -> None:
    """In batches by key; no more than one of them is held at once."""
    connection = op.get_bind()
    kept = sa.table(
        of, sa.column('workspace_id', sa.Uuid()), sa.column('id', sa.Uuid()),
        *(sa.column(name, sa.String()) for name in names),
    )
    key, last = sa.tuple_(kept.c.workspace_id, kept.c.id), None
    query = sa.select(kept).order_by(kept.c.workspace_id, kept.c.id).limit(_BATCH)
    while True:
        rows = connection.execute(query if last is None else query.where(key > last)).all()
        if not rows:
            return
        last = (rows[-1].workspace_id, rows[-1].id)
        found = [
            {'workspace_id': row.workspace_id, f'{of}_id': row.id, 'start': start}
            for row in rows
            for start in sorted(frozenset().union(
                *(starts(getattr(row, name) or '', capitals=name == 'name') for name in names)
            ))
        ]
        if found:
            connection.execute(sa.insert(made), found)


def downgrade() -> None:
    op.drop_table('contact_name')
    op.drop_table('account_name')
