"""the look of what respondents see: of a workspace, or of one survey

Revises: texting1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "look1"
down_revision = "texting1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'look',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('survey_id', sa.Uuid(), nullable=True),
        sa.Column('colour', sa.String(length=7), nullable=True),
        sa.Column('dark_colour', sa.String(length=7), nullable=True),
        sa.Column('corners', sa.String(length=10), nullable=False),
        sa.Column('font', sa.String(length=10), nullable=False),
        sa.Column('updated_at', vocapp.database.UtcDateTime(), nullable=False),
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.CheckConstraint("corners IN ('square', 'rounded', 'round')", name=op.f('ck_look_corners_known')),
        sa.CheckConstraint("font IN ('system', 'universal', 'rounded', 'serif')", name=op.f('ck_look_font_known')),
        sa.CheckConstraint("colour LIKE '#______'", name=op.f('ck_look_colour_written')),
        sa.CheckConstraint("dark_colour IS NULL OR (dark_colour LIKE '#______' AND colour IS NOT NULL)", name=op.f('ck_look_dark_colour_written')),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_look_workspace_id_workspace'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_look_workspace_id_survey_id_survey'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_look')),
        sa.UniqueConstraint('workspace_id', 'survey_id', name=op.f('uq_look_workspace_id_survey_id')),
    )
    op.create_index(
        'uq_look_of_workspace', 'look', ['workspace_id'], unique=True,
        sqlite_where=sa.text('survey_id IS NULL'), postgresql_where=sa.text('survey_id IS NULL'),
    )


def downgrade() -> None:
    op.drop_table('look')
