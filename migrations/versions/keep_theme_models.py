"""keep versions of the theme model, what each was taught, and what judging anew replaced

Revises: packed2
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "learning1"
down_revision = "packed2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('learning_setting',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('nightly', sa.Boolean(), nullable=False),
    sa.Column('after', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_learning_setting_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_learning_setting'))
    )
    op.create_table('retheming',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('model_id', sa.Uuid(), nullable=True),
    sa.Column('encoder', sa.String(length=20), nullable=False),
    sa.Column('model_version', sa.String(length=64), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('keep_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('cursor', sa.Uuid(), nullable=True),
    sa.Column('preview', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=True),
    sa.CheckConstraint("state IN ('looking', 'looked', 'running', 'stopped', 'done', 'undoing', 'undone')", name=op.f('ck_retheming_state_known')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_retheming_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_retheming'))
    )
    op.create_index('ux_retheming_underway', 'retheming', ['workspace_id'], unique=True, sqlite_where=sa.text("state IN ('looking', 'looked', 'running', 'undoing')"), postgresql_where=sa.text("state IN ('looking', 'looked', 'running', 'undoing')"))
    op.create_table('theme_model',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('encoder', sa.String(length=20), nullable=False),
    sa.Column('taxonomy_digest', sa.String(length=64), nullable=False),
    sa.Column('lessons_digest', sa.String(length=64), nullable=False),
    sa.Column('corrections', sa.Integer(), nullable=False),
    sa.Column('comments', sa.Integer(), nullable=False),
    sa.Column('rival_id', sa.Uuid(), nullable=True),
    sa.Column('plan', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('report', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('promoted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("reason IN ('better', 'not_better', 'not_enough', 'themes_changed', 'broken')", name=op.f('ck_theme_model_reason_known')),
    sa.CheckConstraint("state IN ('challenger', 'champion', 'rejected', 'retired')", name=op.f('ck_theme_model_state_known')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_model_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_theme_model')),
    sa.UniqueConstraint('workspace_id', 'number', name=op.f('uq_theme_model_workspace_id_number'))
    )
    op.create_index('ux_theme_model_challenger', 'theme_model', ['workspace_id'], unique=True, sqlite_where=sa.text("state = 'challenger'"), postgresql_where=sa.text("state = 'challenger'"))
    op.create_index('ux_theme_model_champion', 'theme_model', ['workspace_id'], unique=True, sqlite_where=sa.text("state = 'champion'"), postgresql_where=sa.text("state = 'champion'"))
    op.create_table('replaced_themes',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('retheming_id', sa.Uuid(), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('assignments', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('analysis', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'], name=op.f('fk_replaced_themes_workspace_id_response_id_response'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'retheming_id'], ['retheming.workspace_id', 'retheming.id'], name=op.f('fk_replaced_themes_workspace_id_retheming_id_retheming'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_replaced_themes_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'retheming_id', 'response_id', name=op.f('pk_replaced_themes'))
    )
    op.create_index(op.f('ix_replaced_themes_workspace_id_response_id'), 'replaced_themes', ['workspace_id', 'response_id'], unique=False)
    op.create_table('theme_lesson',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('model_id', sa.Uuid(), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('said', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('stands', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('text_digest', sa.String(length=64), nullable=False),
    sa.Column('foretold', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=True),
    sa.Column('served', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'model_id'], ['theme_model.workspace_id', 'theme_model.id'], name=op.f('fk_theme_lesson_workspace_id_model_id_theme_model'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'response_id'], ['response.workspace_id', 'response.id'], name=op.f('fk_theme_lesson_workspace_id_response_id_response'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_lesson_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'model_id', 'response_id', name=op.f('pk_theme_lesson'))
    )
    op.create_index(op.f('ix_theme_lesson_workspace_id_response_id'), 'theme_lesson', ['workspace_id', 'response_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_theme_lesson_workspace_id_response_id'), table_name='theme_lesson')
    op.drop_table('theme_lesson')
    op.drop_index(op.f('ix_replaced_themes_workspace_id_response_id'), table_name='replaced_themes')
    op.drop_table('replaced_themes')
    op.drop_index('ux_theme_model_champion', table_name='theme_model', sqlite_where=sa.text("state = 'champion'"), postgresql_where=sa.text("state = 'champion'"))
    op.drop_index('ux_theme_model_challenger', table_name='theme_model', sqlite_where=sa.text("state = 'challenger'"), postgresql_where=sa.text("state = 'challenger'"))
    op.drop_table('theme_model')
    op.drop_index('ux_retheming_underway', table_name='retheming', sqlite_where=sa.text("state IN ('looking', 'looked', 'running', 'undoing')"), postgresql_where=sa.text("state IN ('looking', 'looked', 'running', 'undoing')"))
    op.drop_table('retheming')
    op.drop_table('learning_setting')
