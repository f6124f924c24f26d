"""keep uses of features by day, and when the first of a day was

Revises: touchsend1
"""

import sqlalchemy as sa
from alembic import op

revision = "featuredays1"
down_revision = "touchsend1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('feature_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('uses >= 0', name=op.f('ck_feature_day_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_feature_day_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_feature_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'day', 'name', name=op.f('pk_feature_day'))
    )
    # Instants are stored as UTC: as such on SQLite, told apart from the zone of the session on
    # PostgreSQL. The index comes after the rows.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    day = "date(at)" if is_sqlite else "CAST(at AT TIME ZONE 'UTC' AS date)"
    op.execute(
        "INSERT INTO feature_day (workspace_id, account_id, day, name, uses, first_at) "
        f"SELECT workspace_id, account_id, {day}, name, sum(count), min(at) FROM account_event "
        "WHERE type = 'usage' AND NOT is_superseded "
        f"GROUP BY workspace_id, account_id, {day}, name"
    )
    op.create_index(op.f('ix_feature_day_workspace_id_name_account_id_day'), 'feature_day', ['workspace_id', 'name', 'account_id', 'day'], unique=False)


def downgrade() -> None:
    op.drop_table('feature_day')
