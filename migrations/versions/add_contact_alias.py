"""ids of merged contacts lead to the contact that was kept

Revises: shares1
"""

import sqlalchemy as sa
from alembic import op

revision = "alias1"
down_revision = "shares1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contact_alias',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('former_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=True),
    sa.Column('merged_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_contact_alias_workspace_id_contact_id_contact'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_contact_alias_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'former_id', name=op.f('pk_contact_alias'))
    )
    with op.batch_alter_table('contact_alias', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_alias_workspace_id_contact_id'), ['workspace_id', 'contact_id'], unique=False)


def downgrade() -> None:
    op.drop_table('contact_alias')
