"""templates of goals, for accounts with some attributes or for all

Revises: revisedaside1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "goaltemplate1"
down_revision = "revisedaside1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'goal_template',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('measure', sa.String(length=120), nullable=False),
        sa.Column('unit', sa.String(length=30), nullable=False),
        sa.Column('target', sa.Double(), nullable=True),
        sa.Column('due_in_days', sa.Integer(), nullable=False),
        sa.Column('attributes', vocapp.database.JsonValue, nullable=False),
        sa.Column('created_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('updated_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('removed_at', vocapp.database.UtcDateTime(), nullable=True),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.CheckConstraint('due_in_days >= 1', name=op.f('ck_goal_template_due_later')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_goal_template_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_goal_template')),
    )


def downgrade() -> None:
    op.drop_table('goal_template')
