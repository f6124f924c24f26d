"""hear from Stripe and Segment: addresses, counts, refusals, names of subscriptions

Revises: invoices1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "hooks1"
down_revision = "invoices1"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql'
)


def _of_source(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['workspace_id', 'source_id'], ['hook_source.workspace_id', 'hook_source.id'],
        name=op.f(f'fk_{table}_workspace_id_source_id_hook_source'), ondelete='CASCADE',
    )


def _of_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'),
        ondelete='CASCADE',
    )


def upgrade() -> None:
    op.create_table(
        'hook_source',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('provider', sa.String(20), nullable=False),
        sa.Column('name', sa.String(100), nullable=False),
        sa.Column('public_id', sa.String(64), nullable=False),
        sa.Column('secret', sa.Text(), nullable=True),
        sa.Column('options', _JSON, nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_received_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_unsigned_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "provider IN ('stripe', 'segment')", name=op.f('ck_hook_source_provider_known')
        ),
        _of_workspace('hook_source'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_hook_source')),
        sa.UniqueConstraint('public_id', name=op.f('uq_hook_source_public_id')),
        sa.UniqueConstraint('workspace_id', 'name', name=op.f('uq_hook_source_workspace_id_name')),
    )
    op.create_table(
        'hook_tally',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('source_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(100), nullable=False),
        sa.Column('taken', sa.BigInteger(), nullable=False),
        sa.Column('left_aside', sa.BigInteger(), nullable=False),
        sa.Column('refused', sa.BigInteger(), nullable=False),
        sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            'taken >= 0 AND left_aside >= 0 AND refused >= 0',
            name=op.f('ck_hook_tally_not_negative'),
        ),
        _of_source('hook_tally'),
        _of_workspace('hook_tally'),
        sa.PrimaryKeyConstraint('workspace_id', 'source_id', 'kind', name=op.f('pk_hook_tally')),
    )
    op.create_table(
        'hook_refusal',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('source_id', sa.Uuid(), nullable=False),
        sa.Column('message_id', sa.String(200), nullable=False),
        sa.Column('kind', sa.String(100), nullable=False),
        sa.Column('field', sa.String(200), nullable=False),
        sa.Column('reason', sa.String(500), nullable=False),
        sa.Column('times', sa.Integer(), nullable=False),
        sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('times > 0', name=op.f('ck_hook_refusal_times_positive')),
        _of_source('hook_refusal'),
        _of_workspace('hook_refusal'),
        sa.PrimaryKeyConstraint(
            'workspace_id', 'source_id', 'message_id', name=op.f('pk_hook_refusal')
        ),
    )
    op.create_index(
        op.f('ix_hook_refusal_workspace_id_source_id_last_at'), 'hook_refusal',
        ['workspace_id', 'source_id', 'last_at'],
    )
    op.create_table(
        'hook_subscription',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('account', sa.String(200), nullable=False),
        sa.Column('product', sa.String(200), nullable=False),
        sa.Column('subscription', sa.String(200), nullable=False),
        sa.Column('name', sa.String(200), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        _of_workspace('hook_subscription'),
        sa.PrimaryKeyConstraint(
            'workspace_id', 'account', 'product', 'subscription', name=op.f('pk_hook_subscription')
        ),
    )


def downgrade() -> None:
    op.drop_table('hook_subscription')
    op.drop_index(
        op.f('ix_hook_refusal_workspace_id_source_id_last_at'), table_name='hook_refusal'
    )
    op.drop_table('hook_refusal')
    op.drop_table('hook_tally')
    op.drop_table('hook_source')
