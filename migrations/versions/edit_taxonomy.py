"""themes with rules, exclusions and revisions; merges of themes

Revises: seal1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "taxonomy1"
down_revision = "seal1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')


def upgrade() -> None:
    with op.batch_alter_table('theme') as batch_op:
        batch_op.add_column(sa.Column('rules', JSON, nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('exclusions', JSON, nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('revision', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('pack', sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column('merged_into_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            op.f('fk_theme_workspace_id_merged_into_id_theme'), 'theme',
            ['workspace_id', 'merged_into_id'], ['workspace_id', 'id'],
        )
    # So far every theme came with the one starter pack that there was.
    op.execute(sa.text("UPDATE theme SET pack = 'b2b_saas'"))
    op.create_table('theme_revision',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('theme_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('words', JSON, nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'theme_id'], ['theme.workspace_id', 'theme.id'], name=op.f('fk_theme_revision_workspace_id_theme_id_theme'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_revision_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'theme_id', 'revision', name=op.f('pk_theme_revision'))
    )
    op.create_table('theme_merge',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source_id', sa.Uuid(), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('before', JSON, nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("state IN ('moving', 'done', 'undoing', 'undone')", name=op.f('ck_theme_merge_state_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['theme.workspace_id', 'theme.id'], name=op.f('fk_theme_merge_workspace_id_source_id_theme'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'target_id'], ['theme.workspace_id', 'theme.id'], name=op.f('fk_theme_merge_workspace_id_target_id_theme'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_merge_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_theme_merge'))
    )
    op.create_table('merged_response',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('merge_id', sa.Uuid(), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('before', JSON, nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'merge_id'], ['theme_merge.workspace_id', 'theme_merge.id'], name=op.f('fk_merged_response_workspace_id_merge_id_theme_merge'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'], name=op.f('fk_merged_response_workspace_id_response_id_response'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_merged_response_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'merge_id', 'response_id', name=op.f('pk_merged_response'))
    )


def downgrade() -> None:
    op.drop_table('merged_response')
    op.drop_table('theme_merge')
    op.drop_table('theme_revision')
    with op.batch_alter_table('theme') as batch_op:
        batch_op.drop_constraint(
            op.f('fk_theme_workspace_id_merged_into_id_theme'), type_='foreignkey'
        )
        for column in ('merged_into_id', 'pack', 'revision', 'exclusions', 'rules'):
            batch_op.drop_column(column)
