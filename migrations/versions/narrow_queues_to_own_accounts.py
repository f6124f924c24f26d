"""read what nobody has of own accounts, and renewals of an owner, by indexes alone

Revises: logo1
"""

import sqlalchemy as sa
from alembic import op

revision = "queuespeed3"
down_revision = "logo1"
branch_labels = None
depends_on = None

_URGENT = ['workspace_id', 'owner_user_id', 'state', sa.text('priority DESC'), 'id',
           'snoozed_until', 'due_at', 'team']  # fmt: skip
_DUE = ["workspace_id", "owner_user_id", "state", "due_at", "id", "snoozed_until", "team"]
_RENEWALS = "ix_account_workspace_id_owner_user_id_renewal_on"


def upgrade() -> None:
    _made_anew("account_id")
    op.create_index(
        op.f(_RENEWALS), 'account', ['workspace_id', 'owner_user_id', 'renewal_on']
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index(op.f(_RENEWALS), table_name="account")
    _made_anew()


def _made_anew(*more: str) -> None:
    for name, columns in (
        ('ix_follow_up_urgent_of_owner', _URGENT), ('ix_follow_up_due_of_owner', _DUE),
    ):  # fmt: skip
        op.drop_index(name, table_name="follow_up")
        op.create_index(name, "follow_up", [*columns, *more])
