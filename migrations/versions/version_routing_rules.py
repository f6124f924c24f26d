"""version routing rules, and tell what they did

Revises: renewals1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "rules1"
down_revision = "renewals1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('routing_version',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_user_id', sa.Uuid(), nullable=True),
    sa.Column('restored', sa.Integer(), nullable=True),
    sa.Column('rules', JSON, nullable=False),
    sa.CheckConstraint('number >= 1', name=op.f('ck_routing_version_number_positive')),
    sa.ForeignKeyConstraint(['actor_user_id'], ['user_account.id'], name=op.f('fk_routing_version_actor_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_routing_version_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_routing_version')),
    sa.UniqueConstraint('workspace_id', 'number', name=op.f('uq_routing_version_workspace_id_number'))
    )
    op.create_table('routing_channel',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('team', sa.String(length=20), nullable=True),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=True),
    sa.Column('with_comment', sa.Boolean(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('email', 'slack', 'webhook')", name=op.f('ck_routing_channel_kind_known')),
    sa.CheckConstraint("team IN ('success', 'product', 'support')", name=op.f('ck_routing_channel_team_known')),
    sa.CheckConstraint("(kind = 'webhook') = (secret IS NOT NULL)", name=op.f('ck_routing_channel_webhooks_are_signed')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_routing_channel_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_routing_channel'))
    )


def downgrade() -> None:
    op.drop_table('routing_channel')
    op.drop_table('routing_version')
