"""find contacts by their address, also those that have a key

Revises: sample1
"""

import sqlalchemy as sa
from alembic import op

revision = "address1"
down_revision = "sample1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_contact_by_email', 'contact', ['workspace_id', sa.text('lower(email)')])


def downgrade() -> None:
    op.drop_index('ix_contact_by_email', table_name='contact')
