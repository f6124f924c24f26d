"""forget keys of answers that are over, by an index

Revises: texting4
"""

from alembic import op

revision = "oldkeys1"
down_revision = "texting4"
branch_labels = None
depends_on = None

_NAME = "ix_idempotency_key_workspace_id_expires_at"


def upgrade() -> None:
    op.create_index(op.f(_NAME), "idempotency_key", ["workspace_id", "expires_at"])


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="idempotency_key")
