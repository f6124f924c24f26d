"""reportable attributes

Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reportable_set',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('attributes', JSON, nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_reportable_set_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_reportable_set'))
    )
    with op.batch_alter_table('cell_state', schema=None) as batch_op:
        batch_op.add_column(sa.Column('attributes', JSON, nullable=True))


def downgrade() -> None:
    # The version before knows only its fixed list: where another was chosen, `voc cells rebuild`
    # has to follow.
    with op.batch_alter_table('cell_state', schema=None) as batch_op:
        batch_op.drop_column('attributes')
    op.drop_table('reportable_set')
