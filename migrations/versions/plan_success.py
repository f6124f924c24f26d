"""plan success: goals of accounts, and contacts that are planned

Revises: health1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "goals1"
down_revision = "health1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('success_goal',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('measure', sa.String(length=120), nullable=False),
    sa.Column('unit', sa.String(length=30), nullable=False),
    sa.Column('baseline', sa.Double(), nullable=False),
    sa.Column('target', sa.Double(), nullable=False),
    sa.Column('current', sa.Double(), nullable=True),
    sa.Column('begins_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('open', 'met', 'missed', 'dropped')", name=op.f('ck_success_goal_state_known')),
    sa.CheckConstraint('target <> baseline', name=op.f('ck_success_goal_target_is_elsewhere')),
    sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f('ck_success_goal_closed_has_instant')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_success_goal_version_positive')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_success_goal_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_success_goal_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_success_goal'))
    )
    op.create_index(op.f('ix_success_goal_workspace_id_account_id_state'), 'success_goal', ['workspace_id', 'account_id', 'state'], unique=False)
    op.create_table('goal_entry',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('goal_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_user_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('detail', JSON, nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('added', 'changed', 'progress', 'closed', 'reopened', 'undone')", name=op.f('ck_goal_entry_kind_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'goal_id'], ['success_goal.workspace_id', 'success_goal.id'], name=op.f('fk_goal_entry_workspace_id_goal_id_success_goal'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_goal_entry_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_goal_entry'))
    )
    op.create_index(op.f('ix_goal_entry_workspace_id_goal_id_at'), 'goal_entry', ['workspace_id', 'goal_id', 'at'], unique=False)
    op.create_table('touchpoint_plan',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('touch_key', sa.String(length=64), nullable=False),
    sa.Column('anchor_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('way', sa.String(length=20), nullable=True),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_user_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('planned', 'done', 'skipped')", name=op.f('ck_touchpoint_plan_state_known')),
    sa.CheckConstraint("kind IN ('call', 'email', 'survey', 'task')", name=op.f('ck_touchpoint_plan_kind_known')),
    sa.CheckConstraint("way IN ('call', 'email', 'meeting')", name=op.f('ck_touchpoint_plan_way_known')),
    sa.CheckConstraint("reason IN ('not_needed', 'in_contact', 'unreachable', 'other')", name=op.f('ck_touchpoint_plan_reason_known')),
    sa.CheckConstraint("(state = 'planned') = (decided_at IS NULL)", name=op.f('ck_touchpoint_plan_decided_has_instant')),
    sa.CheckConstraint("(state = 'done') = (way IS NOT NULL)", name=op.f('ck_touchpoint_plan_done_has_way')),
    sa.CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name=op.f('ck_touchpoint_plan_skipped_has_reason')),
    sa.ForeignKeyConstraint(['decided_by_user_id'], ['user_account.id'], name=op.f('fk_touchpoint_plan_decided_by_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_touchpoint_plan_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_touchpoint_plan_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_touchpoint_plan')),
    sa.UniqueConstraint('workspace_id', 'account_id', 'touch_key', 'anchor_on', name=op.f('uq_touchpoint_plan_workspace_id_account_id_touch_key_anchor_on'))
    )
    op.create_index(op.f('ix_touchpoint_plan_workspace_id_state_due_on'), 'touchpoint_plan', ['workspace_id', 'state', 'due_on'], unique=False)
    op.create_index(op.f('ix_touchpoint_plan_workspace_id_state_decided_at'), 'touchpoint_plan', ['workspace_id', 'state', 'decided_at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_touchpoint_plan_workspace_id_state_decided_at'), table_name='touchpoint_plan')
    op.drop_index(op.f('ix_touchpoint_plan_workspace_id_state_due_on'), table_name='touchpoint_plan')
    op.drop_table('touchpoint_plan')
    op.drop_index(op.f('ix_goal_entry_workspace_id_goal_id_at'), table_name='goal_entry')
    op.drop_table('goal_entry')
    op.drop_index(op.f('ix_success_goal_workspace_id_account_id_state'), table_name='success_goal')
    op.drop_table('success_goal')
