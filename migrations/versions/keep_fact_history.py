"""keep what was said of an account over time

Revises: priorities1

Begins with what is known now. A version of before writes facts without their history: then what
held is told by the next statement that differs.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "history1"
down_revision = "priorities1"
branch_labels = None
depends_on = None

BATCH = 5000
KEPT = ('plan', 'region', 'mrr_minor', 'currency')


def upgrade() -> None:
    op.add_column(
        'account', sa.Column('fact_history', JSON, server_default='{}', nullable=False)
    )
    account = sa.table(
        'account', sa.column('id', sa.Uuid()), *(sa.column(name) for name in KEPT),
        sa.column('attributes', JSON), sa.column('fact_as_of', JSON),
        sa.column('fact_history', JSON),
    )
    bind = op.get_bind()
    last = None
    while True:
        query = sa.select(account).order_by(account.c.id).limit(BATCH)
        rows = bind.execute(query if last is None else query.where(account.c.id > last)).all()
        if not rows:
            return
        last = rows[-1].id
        known = [(row.id, history) for row in rows if (history := _history(row))]
        if known:
            bind.execute(
                sa.update(account)
                .where(account.c.id == sa.bindparam('which'))
                .values(fact_history=sa.bindparam('history', type_=JSON)),
                [{'which': id, 'history': history} for id, history in known],
            )


def _history(row):
    known = {name: getattr(row, name) for name in KEPT}
    known |= {f'attributes.{name}': value for name, value in (row.attributes or {}).items()}
    since = row.fact_as_of or {}
    return {
        name: [[since[name], value]]
        for name, value in known.items()
        if value is not None and name in since
    }


def downgrade() -> None:
    op.drop_column('account', 'fact_history')
