"""run playbooks: what follows at accounts, and the tasks for people

Revises: mention1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "playbooks1"
down_revision = "mention1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('playbook',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('definition', JSON, nullable=False),
    sa.Column('titles', JSON, nullable=False),
    sa.Column('former', JSON, nullable=True),
    sa.Column('on_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_playbook_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook'))
    )
    op.create_table('work_capacity',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.CheckConstraint('minutes >= 0', name=op.f('ck_work_capacity_minutes_not_negative')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_work_capacity_user_id_user_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_work_capacity_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'user_id', name=op.f('pk_work_capacity'))
    )
    op.create_table('playbook_run',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('playbook_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('episode', sa.Date(), nullable=False),
    sa.Column('reasons', JSON, nullable=False),
    sa.Column('fired_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recovered_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_playbook_run_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'playbook_id'], ['playbook.workspace_id', 'playbook.id'], name=op.f('fk_playbook_run_workspace_id_playbook_id_playbook'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_playbook_run_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook_run')),
    sa.UniqueConstraint('workspace_id', 'playbook_id', 'account_id', 'episode', name=op.f('uq_playbook_run_workspace_id_playbook_id_account_id_episode'))
    )
    op.create_index(op.f('ix_playbook_run_workspace_id_account_id_fired_at'), 'playbook_run', ['workspace_id', 'account_id', 'fired_at'], unique=False)
    op.create_index(op.f('ix_playbook_run_workspace_id_fired_at'), 'playbook_run', ['workspace_id', 'fired_at'], unique=False)
    op.create_table('playbook_state',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('playbook_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('armed', sa.Boolean(), nullable=False),
    sa.Column('episode', sa.Date(), nullable=True),
    sa.Column('reference', sa.Double(), nullable=True),
    sa.Column('level', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_playbook_state_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'playbook_id'], ['playbook.workspace_id', 'playbook.id'], name=op.f('fk_playbook_state_workspace_id_playbook_id_playbook'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_playbook_state_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'playbook_id', 'account_id', name=op.f('pk_playbook_state'))
    )
    op.create_index(op.f('ix_playbook_state_workspace_id_account_id'), 'playbook_state', ['workspace_id', 'account_id'], unique=False)
    op.create_table('playbook_task',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('step_key', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('snoozed_until', sa.Date(), nullable=True),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_user_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f('ck_playbook_task_decided_has_instant')),
    sa.CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name=op.f('ck_playbook_task_skipped_has_reason')),
    sa.CheckConstraint("reason IN ('not_needed', 'in_contact', 'unreachable', 'other')", name=op.f('ck_playbook_task_reason_known')),
    sa.CheckConstraint("state IN ('open', 'done', 'skipped')", name=op.f('ck_playbook_task_state_known')),
    sa.CheckConstraint('minutes >= 0', name=op.f('ck_playbook_task_minutes_not_negative')),
    sa.ForeignKeyConstraint(['decided_by_user_id'], ['user_account.id'], name=op.f('fk_playbook_task_decided_by_user_id_user_account'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_playbook_task_workspace_id_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'run_id'], ['playbook_run.workspace_id', 'playbook_run.id'], name=op.f('fk_playbook_task_workspace_id_run_id_playbook_run'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_playbook_task_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook_task')),
    sa.UniqueConstraint('workspace_id', 'run_id', 'step_key', name=op.f('uq_playbook_task_workspace_id_run_id_step_key'))
    )
    op.create_index(op.f('ix_playbook_task_workspace_id_account_id_state'), 'playbook_task', ['workspace_id', 'account_id', 'state'], unique=False)
    op.create_index(op.f('ix_playbook_task_workspace_id_state_due_on'), 'playbook_task', ['workspace_id', 'state', 'due_on'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_playbook_task_workspace_id_state_due_on'), table_name='playbook_task')
    op.drop_index(op.f('ix_playbook_task_workspace_id_account_id_state'), table_name='playbook_task')
    op.drop_table('playbook_task')
    op.drop_index(op.f('ix_playbook_state_workspace_id_account_id'), table_name='playbook_state')
    op.drop_table('playbook_state')
    op.drop_index(op.f('ix_playbook_run_workspace_id_fired_at'), table_name='playbook_run')
    op.drop_index(op.f('ix_playbook_run_workspace_id_account_id_fired_at'), table_name='playbook_run')
    op.drop_table('playbook_run')
    op.drop_table('work_capacity')
    op.drop_table('playbook')
