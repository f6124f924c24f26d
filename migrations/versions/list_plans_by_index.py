"""list the plans in use by an index

Revises: look1
"""

from alembic import op

revision = "planlist1"
down_revision = "look1"
branch_labels = None
depends_on = None

_NAME = "ix_account_workspace_id_plan"


def upgrade() -> None:
    op.create_index(op.f(_NAME), "account", ["workspace_id", "plan"])


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="account")
