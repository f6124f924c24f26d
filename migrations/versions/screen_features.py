"""keep which features those customers use who stay

Revises: archiveplay1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "features1"
down_revision = "archiveplay1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_screen",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", JSON, nullable=False),
        sa.Column("accounts", sa.LargeBinary(), nullable=False),
        sa.Column("lost", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"],
            name=op.f("fk_feature_screen_workspace_id_workspace"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "window_days", name=op.f("pk_feature_screen")),
    )
    op.create_table(
        "feature_finding",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("feature", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("compared", sa.LargeBinary(), nullable=False),
        sa.Column("used", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"],
            name=op.f("fk_feature_finding_workspace_id_workspace"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "window_days", "feature", name=op.f("pk_feature_finding")
        ),
    )


def downgrade() -> None:
    op.drop_table("feature_finding")
    op.drop_table("feature_screen")
