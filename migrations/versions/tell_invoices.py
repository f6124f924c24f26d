"""tell of invoices, and when events came in

Revises: casemail1
"""

import sqlalchemy as sa
from alembic import op

revision = "invoices1"
down_revision = "casemail1"
branch_labels = None
depends_on = None

TYPES = ('login', 'usage', 'milestone', 'subscription')
INVOICE_TYPES = ('invoice_overdue', 'invoice_paid')


def upgrade() -> None:
    with op.batch_alter_table('account_event') as batch_op:
        batch_op.add_column(sa.Column('received_at', sa.DateTime(timezone=True), nullable=True))
        _only(batch_op, (*TYPES, *INVOICE_TYPES))
    op.create_table('invoice_change',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.String(length=200), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('invoice', sa.String(length=200), nullable=False),
    sa.Column('is_paid', sa.Boolean(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.Column('is_superseded', sa.Boolean(), nullable=False),
    sa.CheckConstraint('is_paid OR due_on IS NOT NULL', name=op.f('ck_invoice_change_overdue_since_a_day')),
    sa.CheckConstraint('amount_minor >= 0', name=op.f('ck_invoice_change_amount_not_negative')),
    sa.CheckConstraint('(amount_minor IS NULL) = (currency IS NULL)', name=op.f('ck_invoice_change_money_has_currency')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_invoice_change_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'event_id'], ['account_event.workspace_id', 'account_event.id'], name=op.f('fk_invoice_change_workspace_id_event_id_account_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_invoice_change_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'event_id', name=op.f('pk_invoice_change'))
    )
    op.create_index(op.f('ix_invoice_change_workspace_id_account_id_at'), 'invoice_change', ['workspace_id', 'account_id', 'at'])


def downgrade() -> None:
    op.drop_table('invoice_change')
    # The version before knows no such events.
    names = ', '.join(f"'{kind}'" for kind in INVOICE_TYPES)
    op.execute(f'DELETE FROM account_event WHERE type IN ({names})')
    with op.batch_alter_table('account_event') as batch_op:
        batch_op.drop_column('received_at')
        _only(batch_op, TYPES)


def _only(batch_op, types: tuple[str, ...]) -> None:
    name = op.f('ck_account_event_type_known')
    allowed = ', '.join(f"'{each}'" for each in types)
    batch_op.drop_constraint(name, type_='check')
    batch_op.create_check_constraint(name, f'type IN ({allowed})')
