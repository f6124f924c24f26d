"""keep looks ahead: the last one of each campaign with many people, and how far a new one is

Revises: limits1
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "lookahead1"
down_revision = "limits1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_look_ahead",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("computed_at", vocapp.database.UtcDateTime(), nullable=True),
        sa.Column("result", vocapp.database.JsonValue, nullable=True),
        sa.CheckConstraint("done >= 0 AND done <= total", name=op.f("ck_campaign_look_ahead_done_of_total")),
        sa.CheckConstraint("(computed_at IS NULL) = (result IS NULL)", name=op.f("ck_campaign_look_ahead_result_has_instant")),
        sa.ForeignKeyConstraint(["workspace_id", "campaign_id"], ["campaign.workspace_id", "campaign.id"], name=op.f("fk_campaign_look_ahead_workspace_id_campaign_id_campaign"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_campaign_look_ahead_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "campaign_id", name=op.f("pk_campaign_look_ahead")),
    )


def downgrade() -> None:
    op.drop_table("campaign_look_ahead")
