"""groups of comments that may become a theme, their comments, and the last look for them

Revises: content1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "discovery1"
down_revision = "content1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), 'postgresql'
)


def upgrade() -> None:
    op.create_table(
        'theme_candidate',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('state', sa.String(10), nullable=False),
        sa.Column('labels', JSON, nullable=False),
        sa.Column('terms', JSON, nullable=False),
        sa.Column('languages', JSON, nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ('size', 'comments', 'before', 'earlier')
        ),
        *(
            sa.Column(name, sa.Date(), nullable=False)
            for name in ('since', 'until', 'before_since')
        ),
        *(
            sa.Column(name, sa.Double(), nullable=False)
            for name in ('growth', 'growth_low', 'growth_high', 'p_value')
        ),
        sa.Column('encoder', sa.String(64), nullable=False),
        sa.Column('centre', sa.LargeBinary(), nullable=False),
        sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('theme_id', sa.Uuid(), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decided_by', sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'accepted', 'merged', 'dismissed')",
            name=op.f('ck_theme_candidate_state_known'),
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_theme_candidate_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id', 'theme_id'], ['theme.workspace_id', 'theme.id'],
            name=op.f('fk_theme_candidate_workspace_id_theme_id_theme'),
        ),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_theme_candidate')),
    )
    op.create_index(
        'ix_theme_candidate_workspace_id_state', 'theme_candidate', ['workspace_id', 'state']
    )
    op.create_table(
        'candidate_comment',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('candidate_id', sa.Uuid(), nullable=False),
        sa.Column('response_id', sa.Uuid(), nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('is_example', sa.Boolean(), nullable=False),
        sa.Column('is_labelled', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_candidate_comment_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id', 'candidate_id'],
            ['theme_candidate.workspace_id', 'theme_candidate.id'],
            name=op.f('fk_candidate_comment_workspace_id_candidate_id_theme_candidate'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'],
            name=op.f('fk_candidate_comment_workspace_id_response_id_response'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint(
            'workspace_id', 'candidate_id', 'response_id', name=op.f('pk_candidate_comment')
        ),
    )
    op.create_index(
        'ix_candidate_comment_workspace_id_response_id', 'candidate_comment',
        ['workspace_id', 'response_id'],
    )
    op.create_table(
        'discovery_look',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('looked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('since', sa.Date(), nullable=False),
        sa.Column('until', sa.Date(), nullable=False),
        sa.Column('before_since', sa.Date(), nullable=False),
        sa.Column('comments', sa.Integer(), nullable=False),
        sa.Column('earlier', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'],
            name=op.f('fk_discovery_look_workspace_id_workspace'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_discovery_look')),
    )


def downgrade() -> None:
    for table in ('discovery_look', 'candidate_comment', 'theme_candidate'):
        op.drop_table(table)
