"""keep figure histories: what all accounts of a large business paid, and how many of them are active

Revises: techtouch1
"""

import sqlalchemy as sa
from alembic import op

revision = "histories1"
down_revision = "techtouch1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('figure_histories',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('packed', sa.LargeBinary(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_figure_histories_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_figure_histories'))
    )
    op.create_table('figure_people',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('packed', sa.LargeBinary(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_figure_people_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'month', name=op.f('pk_figure_people'))
    )


def downgrade() -> None:
    op.drop_table('figure_people')
    op.drop_table('figure_histories')
