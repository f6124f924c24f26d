"""planned touchpoints go out by themselves: a sending may be that of a touchpoint

Revises: fileimports1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.naming import conv

revision = "touchsend1"
down_revision = "fileimports1"
branch_labels = None
depends_on = None

_OF_PLAN = conv("fk_playbook_sending_workspace_id_plan_id_touchpoint_plan")
_ONE = conv("uq_playbook_sending_workspace_id_plan_id")
_CHECKS = {
    conv("ck_playbook_sending_run_of_playbook"): "(run_id IS NULL) = (playbook_id IS NULL)",
    conv("ck_playbook_sending_run_or_plan"): "(run_id IS NULL) = (plan_id IS NOT NULL)",
}


def upgrade() -> None:
    with op.batch_alter_table("playbook_sending") as batch_op:
        batch_op.add_column(sa.Column("plan_id", sa.Uuid(), nullable=True))
        for column in ("run_id", "playbook_id"):
            batch_op.alter_column(column, existing_type=sa.Uuid(), nullable=True)
        batch_op.create_foreign_key(
            _OF_PLAN,
            "touchpoint_plan",
            ["workspace_id", "plan_id"],
            ["workspace_id", "id"],
            ondelete="CASCADE",
        )
        batch_op.create_unique_constraint(_ONE, ["workspace_id", "plan_id"])
        for name, condition in _CHECKS.items():
            batch_op.create_check_constraint(name, condition)
    with op.batch_alter_table("playbook_letter") as batch_op:
        batch_op.alter_column("playbook_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    # The version before knows of no sending without a playbook.
    op.execute("DELETE FROM playbook_letter WHERE playbook_id IS NULL")
    op.execute("DELETE FROM playbook_sending WHERE playbook_id IS NULL")
    with op.batch_alter_table("playbook_letter") as batch_op:
        batch_op.alter_column("playbook_id", existing_type=sa.Uuid(), nullable=False)
    with op.batch_alter_table("playbook_sending") as batch_op:
        for name in _CHECKS:
            batch_op.drop_constraint(name, type_="check")
        batch_op.drop_constraint(_ONE, type_="unique")
        batch_op.drop_constraint(_OF_PLAN, type_="foreignkey")
        for column in ("run_id", "playbook_id"):
            batch_op.alter_column(column, existing_type=sa.Uuid(), nullable=False)
        batch_op.drop_column("plan_id")
