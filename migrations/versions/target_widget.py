"""target the widget: rules that decide which survey is shown where

Revises: campaigns1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import vocapp.database

revision = "target1"
down_revision = "campaigns1"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)


def upgrade() -> None:
    op.create_table(
        "targeting_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("display", sa.String(length=20), nullable=False),
        sa.Column("paths", _JSON, nullable=False),
        sa.Column("event", sa.String(length=100), nullable=True),
        sa.Column("delay_s", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("share", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column("days_between", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("only_identified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", vocapp.database.UtcDateTime(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "display IN ('popover', 'modal', 'tab')",
            name=op.f("ck_targeting_rule_display_known"),
        ),
        sa.CheckConstraint(
            "delay_s BETWEEN 0 AND 3600", name=op.f("ck_targeting_rule_delay_in_range")
        ),
        sa.CheckConstraint(
            "share BETWEEN 0 AND 100", name=op.f("ck_targeting_rule_share_in_range")
        ),
        sa.CheckConstraint(
            "days_between BETWEEN 0 AND 730", name=op.f("ck_targeting_rule_days_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "survey_id"],
            ["survey.workspace_id", "survey.id"],
            name=op.f("fk_targeting_rule_workspace_id_survey_id_survey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name=op.f("fk_targeting_rule_workspace_id_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_targeting_rule")),
    )
    op.create_index(
        op.f("ix_targeting_rule_workspace_id_survey_id"),
        "targeting_rule",
        ["workspace_id", "survey_id"],
    )


def downgrade() -> None:
    op.drop_table("targeting_rule")
