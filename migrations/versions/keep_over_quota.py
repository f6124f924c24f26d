"""keep answers over a quota: they stand aside as held ones do, also without a name behind them

Revises: oldkeys1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "overquota1"
down_revision = "oldkeys1"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_STATES = ("held", "counted", "put_aside", "overtaken")


def upgrade() -> None:
    with op.batch_alter_table("held_answer") as table:
        table.add_column(sa.Column("account_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("attributes", _json, nullable=False, server_default="{}"))
        table.alter_column("invitation_id", existing_type=sa.Uuid(), nullable=True)
        table.alter_column("contact_id", existing_type=sa.Uuid(), nullable=True)
        table.create_foreign_key(
            op.f("fk_held_answer_workspace_id_account_id_account"), "account",
            ["workspace_id", "account_id"], ["workspace_id", "id"],
        )  # fmt: skip
        _may_be(table, (*_STATES, "over_quota"))
    op.create_index(
        op.f("ix_held_answer_workspace_id_account_id"), "held_answer",
        ["workspace_id", "account_id"],
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DELETE FROM held_answer WHERE contact_id IS NULL OR invitation_id IS NULL")
    op.execute("UPDATE held_answer SET state = 'put_aside' WHERE state = 'over_quota'")
    op.drop_index(op.f("ix_held_answer_workspace_id_account_id"), "held_answer")
    with op.batch_alter_table("held_answer") as table:
        _may_be(table, _STATES)
        table.drop_constraint(
            op.f("fk_held_answer_workspace_id_account_id_account"), type_="foreignkey"
        )
        table.alter_column("contact_id", existing_type=sa.Uuid(), nullable=False)
        table.alter_column("invitation_id", existing_type=sa.Uuid(), nullable=False)
        table.drop_column("attributes")
        table.drop_column("account_id")


def _may_be(table: object, states: tuple[str, ...]) -> None:
    name = op.f("ck_held_answer_state_known")
    table.drop_constraint(name, type_="check")
    table.create_check_constraint(name, f"state IN ({', '.join(map(repr, states))})")
