"""account events

Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('event_counter',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('received >= 0', name=op.f('ck_event_counter_received_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_event_counter_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_event_counter'))
    )
    op.create_table('activity_hour',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('logins', sa.BigInteger(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('logins >= 0 AND uses >= 0', name=op.f('ck_activity_hour_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_activity_hour_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_activity_hour_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'hour', name=op.f('pk_activity_hour'))
    )
    op.create_table('account_event',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.Column('type', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('supersedes', sa.String(length=200), nullable=True),
    sa.Column('is_superseded', sa.Boolean(), nullable=False),
    sa.CheckConstraint("(name IS NOT NULL) = (type IN ('usage', 'milestone'))", name=op.f('ck_account_event_name_where_named')),
    sa.CheckConstraint("type IN ('login', 'usage', 'milestone', 'subscription')", name=op.f('ck_account_event_type_known')),
    sa.CheckConstraint('count > 0', name=op.f('ck_account_event_count_positive')),
    sa.CheckConstraint('supersedes <> id', name=op.f('ck_account_event_supersedes_another')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_event_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_account_event_workspace_id_contact_id_contact')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_account_event_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_account_event'))
    )
    with op.batch_alter_table('account_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_event_workspace_id_account_id_at'), ['workspace_id', 'account_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_event_workspace_id_at'), ['workspace_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_event_workspace_id_contact_id'), ['workspace_id', 'contact_id'], unique=False, sqlite_where=sa.text('contact_id IS NOT NULL'), postgresql_where=sa.text('contact_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_account_event_workspace_id_received'), ['workspace_id', 'received'], unique=True)
        batch_op.create_index(batch_op.f('ix_account_event_workspace_id_supersedes'), ['workspace_id', 'supersedes'], unique=False, sqlite_where=sa.text('supersedes IS NOT NULL'), postgresql_where=sa.text('supersedes IS NOT NULL'))

    op.create_table('active_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('events >= 0', name=op.f('ck_active_day_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_active_day_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_active_day_workspace_id_contact_id_contact')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_active_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'day', 'account_id', 'contact_id', name=op.f('pk_active_day'))
    )
    with op.batch_alter_table('active_day', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_active_day_workspace_id_account_id_day'), ['workspace_id', 'account_id', 'day'], unique=False)
        batch_op.create_index(batch_op.f('ix_active_day_workspace_id_contact_id'), ['workspace_id', 'contact_id'], unique=False)

    op.create_table('milestone',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.String(length=200), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_superseded', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_milestone_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'event_id'], ['account_event.workspace_id', 'account_event.id'], name=op.f('fk_milestone_workspace_id_event_id_account_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_milestone_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'event_id', name=op.f('pk_milestone'))
    )
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_milestone_workspace_id_account_id_at'), ['workspace_id', 'account_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_milestone_workspace_id_name_at'), ['workspace_id', 'name', 'at'], unique=False)

    op.create_table('subscription_change',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.String(length=200), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('product', sa.String(length=200), nullable=False),
    sa.Column('action', sa.String(length=20), nullable=False),
    sa.Column('mrr_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.Column('term_ends_on', sa.Date(), nullable=True),
    sa.Column('is_superseded', sa.Boolean(), nullable=False),
    sa.CheckConstraint("action <> 'cancelled' OR mrr_minor = 0", name=op.f('ck_subscription_change_cancelled_is_nothing')),
    sa.CheckConstraint("action IN ('started', 'changed', 'renewed', 'cancelled')", name=op.f('ck_subscription_change_action_known')),
    sa.CheckConstraint('currency IS NOT NULL OR mrr_minor = 0', name=op.f('ck_subscription_change_money_has_currency')),
    sa.CheckConstraint('mrr_minor >= 0', name=op.f('ck_subscription_change_mrr_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_subscription_change_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'event_id'], ['account_event.workspace_id', 'account_event.id'], name=op.f('fk_subscription_change_workspace_id_event_id_account_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_subscription_change_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'event_id', name=op.f('pk_subscription_change'))
    )
    with op.batch_alter_table('subscription_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_change_in_order'), ['workspace_id', 'account_id', 'at', 'received'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('subscription_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_change_in_order'))

    op.drop_table('subscription_change')
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_milestone_workspace_id_name_at'))
        batch_op.drop_index(batch_op.f('ix_milestone_workspace_id_account_id_at'))

    op.drop_table('milestone')
    with op.batch_alter_table('active_day', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_active_day_workspace_id_contact_id'))
        batch_op.drop_index(batch_op.f('ix_active_day_workspace_id_account_id_day'))

    op.drop_table('active_day')
    with op.batch_alter_table('account_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_event_workspace_id_supersedes'), sqlite_where=sa.text('supersedes IS NOT NULL'), postgresql_where=sa.text('supersedes IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_account_event_workspace_id_received'))
        batch_op.drop_index(batch_op.f('ix_account_event_workspace_id_contact_id'), sqlite_where=sa.text('contact_id IS NOT NULL'), postgresql_where=sa.text('contact_id IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_account_event_workspace_id_at'))
        batch_op.drop_index(batch_op.f('ix_account_event_workspace_id_account_id_at'))

    op.drop_table('account_event')
    op.drop_table('activity_hour')
    op.drop_table('event_counter')
