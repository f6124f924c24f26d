"""name roles: what people are at their accounts, and when they no longer are it

Revises: money1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "roles1"
down_revision = "money1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact', sa.Column('roles', JSON, server_default='[]', nullable=False))
    op.add_column('contact', sa.Column('left_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('contact_departure',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('role', sa.String(length=60), nullable=False),
    sa.Column('ending', sa.String(length=10), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("ending IN ('left', 'moved', 'ended', 'erased')", name=op.f('ck_contact_departure_ending_known')),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_contact_departure_workspace_id_account_id_account')),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_contact_departure_workspace_id_contact_id_contact')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_contact_departure_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_contact_departure'))
    )
    op.create_index(op.f('ix_contact_departure_workspace_id_account_id_at'), 'contact_departure', ['workspace_id', 'account_id', 'at'], unique=False)
    op.create_index(op.f('ix_contact_departure_workspace_id_contact_id'), 'contact_departure', ['workspace_id', 'contact_id'], unique=False)


def downgrade() -> None:
    op.drop_table('contact_departure')
    op.drop_column('contact', 'left_at')
    op.drop_column('contact', 'roles')
