"""scores of a month in one row, of its days and of the values of an attribute

Revises: address1

The sums are taken over exactly, some seconds for ten million answers. Workers of the version
before that count an answer meanwhile wait, and then do it again with this version.
"""

from itertools import groupby

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "packed2"
down_revision = "address1"
branch_labels = None
depends_on = None

SCALE = 11
COUNTS = [f'c{index}' for index in range(SCALE)]
DAYS, WIDTHS, CODES = 31, (1, 2, 4, 8), 256
BATCH = 1000
KEY = ['workspace_id', 'generation', 'question_id']
TYPES = {
    'workspace_id': sa.Uuid(), 'generation': sa.Integer(), 'question_id': sa.Uuid(),
    'month': sa.Date(), 'local_day': sa.Date(), 'attribute': sa.String(100), 'value': sa.String(200),
}


def upgrade() -> None:
    _create('score_month', ['month'], sa.Column('histograms', sa.LargeBinary(), nullable=False))
    _create('attribute_month', ['attribute', 'month'], sa.Column('histograms', sa.LargeBinary(), nullable=False))
    _lock('score_total', 'score_by_value')
    _in_batches('score_month', _months_of_days())
    _in_batches('attribute_month', _months_of_values())
    for table in ('score_total', 'score_by_value'):  # last of all: from then on, readers wait too
        op.drop_table(table)


def downgrade() -> None:
    for table, key in (('score_total', ['local_day']), ('score_by_value', ['attribute', 'month', 'value'])):
        _create(table, key, *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS))
    _lock('score_month', 'attribute_month')
    _in_batches('score_total', _days_of_months())
    _in_batches('score_by_value', _values_of_months())
    for table in ('score_month', 'attribute_month'):
        op.drop_table(table)


def _lock(*tables: str) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(f'LOCK TABLE {", ".join(tables)} IN SHARE ROW EXCLUSIVE MODE')


def _create(table: str, key: list[str], *columns: sa.Column) -> None:
    op.create_table(table,
    *(sa.Column(name, TYPES[name], nullable=False) for name in [*KEY, *key]),
    *columns,
    sa.ForeignKeyConstraint(['workspace_id', 'question_id'], ['question.workspace_id', 'question.id'], name=op.f(f'fk_{table}_workspace_id_question'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint(*KEY, *key, name=op.f(f'pk_{table}'))
    )


def _rows(table: str, columns: list[str], order: list[str]):
    """All rows, streamed where the driver can."""
    found = sa.table(table, *(sa.column(name, TYPES.get(name)) for name in columns))
    query = sa.select(found).order_by(*(found.c[name] for name in order))
    return op.get_bind().execute(query.execution_options(yield_per=BATCH))


def _codes() -> dict:
    names = ['workspace_id', 'generation', 'attribute', 'value', 'code']
    return {tuple(row[:4]): row.code for row in _rows('attribute_value', names, names[:2])}


def _months_of_days():
    def of_month(row):
        return (*row[:3], row.local_day.replace(day=1))

    rows = _rows('score_total', [*KEY, 'local_day', *COUNTS], [*KEY, 'local_day'])
    for key, days in groupby(rows, of_month):
        table = np.zeros((DAYS, SCALE), dtype=np.int64)
        for row in days:
            table[row.local_day.day - 1] = row[4:]
        types = (np.dtype(f'<i{width}') for width in WIDTHS)
        narrow = next(each for each in types if table.max() <= np.iinfo(each).max)
        yield {**dict(zip([*KEY, 'month'], key)), 'histograms': table.astype(narrow).tobytes()}


def _months_of_values():
    key = [*KEY, 'attribute', 'month']
    codes = _codes()
    for group, values in groupby(_rows('score_by_value', [*key, 'value', *COUNTS], key), lambda row: row[:5]):
        table = np.zeros((CODES, SCALE), dtype=np.int64)
        for row in values:
            # A value that is known no more has no answers either.
            code = codes.get((row.workspace_id, row.generation, row.attribute, row.value))
            if code is not None:
                table[code] = row[6:]
        used = np.flatnonzero(table.any(axis=1))
        if len(used):
            yield {**dict(zip(key, group)), 'histograms': table[:used[-1] + 1].astype('<i4').tobytes()}


def _days_of_months():
    key = [*KEY, 'month']
    for row in _rows('score_month', [*key, 'histograms'], key):
        width = len(row.histograms) // (DAYS * SCALE)
        table = np.frombuffer(row.histograms, dtype=f'<i{width}').reshape(DAYS, SCALE)
        for place in np.flatnonzero(table.any(axis=1)).tolist():
            yield {
                **dict(zip(KEY, row[:3])), 'local_day': row.month.replace(day=place + 1),
                **dict(zip(COUNTS, table[place].tolist())),
            }


def _values_of_months():
    key = [*KEY, 'attribute', 'month']
    values = {(*known[:3], code): known[3] for known, code in _codes().items()}
    for row in _rows('attribute_month', [*key, 'histograms'], key):
        table = np.frombuffer(row.histograms, dtype='<i4').reshape(-1, SCALE)
        for code in np.flatnonzero(table.any(axis=1)).tolist():
            value = values.get((row.workspace_id, row.generation, row.attribute, code))
            if value is not None:
                yield {**dict(zip(key, row[:5])), 'value': value, **dict(zip(COUNTS, table[code].tolist()))}


def _in_batches(table: str, rows) -> None:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= BATCH:
            _insert(table, batch)
            batch = []
    if batch:
        _insert(table, batch)


def _insert(table: str, batch: list) -> None:
    target = sa.table(table, *(sa.column(name, TYPES.get(name)) for name in batch[0]))
    op.get_bind().execute(sa.insert(target), batch)
