"""what the model doubts, who went through a comment, and what it had said of a corrected theme

Revises: learning1

Comments analysed by the version before have no doubts yet: they come into the queue when they
are analysed again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "triage1"
down_revision = "learning1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), 'postgresql'
)


def upgrade() -> None:
    _create(
        'doubt', ['response_id'],
        sa.Column('uncertainty', sa.Double(), nullable=False),
        sa.Column('lot', sa.Double(), nullable=False),
        sa.Column('top', sa.Double(), nullable=False),
        sa.Column('unseen', sa.Double(), nullable=True),
        sa.Column('themes', JSON, nullable=False),
    )
    op.create_index('ix_doubt_uncertainty', 'doubt', ['workspace_id', 'uncertainty'])
    op.create_index('ix_doubt_lot', 'doubt', ['workspace_id', 'lot'])
    _create(
        'review', ['response_id'],
        sa.Column('user_id', sa.Uuid(), nullable=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('drawn', sa.String(10), nullable=False),
        sa.Column('sampled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('said', JSON, nullable=False),
        sa.Column('before', JSON, nullable=False),
        sa.Column('model_version', sa.String(64), nullable=True),
        _drawn('review'),
    )
    op.create_index('ix_review_at', 'review', ['workspace_id', 'at'])
    _create(
        'triage_turn', ['user_id', 'response_id'],
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('drawn', sa.String(10), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('skipped_at', sa.DateTime(timezone=True), nullable=True),
        _drawn('triage_turn'),
    )
    # Not in batch mode, which would copy the table.
    op.add_column('label', sa.Column('model_gave', sa.Boolean(), nullable=True))
    op.add_column('label', sa.Column('model_confidence', sa.Double(), nullable=True))
    op.add_column('label', sa.Column('model_version', sa.String(64), nullable=True))


def downgrade() -> None:
    for column in ('model_version', 'model_confidence', 'model_gave'):
        op.drop_column('label', column)
    for table in ('triage_turn', 'review', 'doubt'):
        op.drop_table(table)


def _drawn(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("drawn IN ('doubt', 'random')", name=op.f(f'ck_{table}_drawn_known'))


def _create(table: str, key: list[str], *columns) -> None:
    op.create_table(table,
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    *(sa.Column(name, sa.Uuid(), nullable=False) for name in key),
    *columns,
    sa.ForeignKeyConstraint(['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'], name=op.f(f'fk_{table}_workspace_id_response_id_response'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', *key, name=op.f(f'pk_{table}'))
    )
