"""keep the health of accounts, and ask for that of those that are there

Revises: rank1
"""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

UUID, MOMENT = sa.Uuid(), sa.DateTime(timezone=True)
account = sa.table('account', sa.column('workspace_id', UUID))
outbox = sa.table(
    'outbox', sa.column('workspace_id', UUID), sa.column('id', UUID),
    sa.column('kind', sa.String()), sa.column('subject_id', UUID), sa.column('detail', JSON),
    sa.column('priority', sa.Integer()), sa.column('due_at', MOMENT),
    sa.column('attempts', sa.Integer()), sa.column('created_at', MOMENT),
)

revision = "health1"
down_revision = "rank1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_health',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('band', sa.String(length=10), nullable=True),
    sa.Column('last_band', sa.String(length=10), nullable=True),
    sa.Column('band_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('coverage', sa.Double(), nullable=False),
    sa.Column('components', JSON, nullable=False),
    sa.Column('reasons', JSON, nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(score IS NULL) = (band IS NULL)', name=op.f('ck_account_health_band_where_score')),
    sa.CheckConstraint("band IN ('risk', 'watch', 'good')", name=op.f('ck_account_health_band_known')),
    sa.CheckConstraint('coverage >= 0 AND coverage <= 1', name=op.f('ck_account_health_coverage_is_share')),
    sa.CheckConstraint("last_band IN ('risk', 'watch', 'good')", name=op.f('ck_account_health_last_band_known')),
    sa.CheckConstraint('score >= 0 AND score <= 100', name=op.f('ck_account_health_score_in_range')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_health_workspace_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_account_health_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', name=op.f('pk_account_health'))
    )
    op.create_index('ix_account_health_worst', 'account_health', ['workspace_id', 'score', 'account_id'])
    op.create_table('health_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('band', sa.String(length=10), nullable=True),
    sa.Column('points', JSON, nullable=False),
    sa.CheckConstraint('(score IS NULL) = (band IS NULL)', name=op.f('ck_health_day_band_where_score')),
    sa.CheckConstraint("band IN ('risk', 'watch', 'good')", name=op.f('ck_health_day_band_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_health_day_workspace_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_health_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'day', name=op.f('pk_health_day'))
    )
    _ask()


def _ask() -> None:
    """Those who are there wait for nobody's next answer; the former version leaves it alone."""
    bind, now = op.get_bind(), datetime.now(UTC)
    rows = [
        {
            'workspace_id': workspace_id, 'id': uuid4(), 'kind': 'health_daily',
            'subject_id': workspace_id, 'detail': {}, 'priority': 10, 'due_at': now,
            'attempts': 0, 'created_at': now,
        }
        for workspace_id in bind.scalars(sa.select(account.c.workspace_id).distinct()).all()
    ]
    if rows:
        bind.execute(outbox.insert(), rows)


def downgrade() -> None:
    op.get_bind().execute(sa.text("DELETE FROM outbox WHERE kind IN ('health', 'health_daily')"))
    op.drop_table('health_day')
    op.drop_index('ix_account_health_worst', table_name='account_health')
    op.drop_table('account_health')
