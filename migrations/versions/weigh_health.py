"""which weights count in the health, by version

Revises: loopspeed1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "healthweights1"
down_revision = "loopspeed1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    op.create_table('health_scheme',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_user_id', sa.Uuid(), nullable=True),
    sa.Column('basis', sa.String(length=10), nullable=False),
    sa.Column('scheme', JSON, nullable=False),
    sa.CheckConstraint("basis IN ('learnt', 'initial', 'restored')", name=op.f('ck_health_scheme_basis_known')),
    sa.CheckConstraint('number >= 1', name=op.f('ck_health_scheme_number_positive')),
    sa.ForeignKeyConstraint(['actor_user_id'], ['user_account.id'], name=op.f('fk_health_scheme_actor_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_health_scheme_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'number', name=op.f('pk_health_scheme'))
    )


def downgrade() -> None:
    op.drop_table('health_scheme')
