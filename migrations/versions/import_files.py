"""files that are brought to a page to be imported

Revises: touchmodel1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import vocapp.database

revision = "fileimports1"
down_revision = "touchmodel1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)


def upgrade() -> None:
    op.create_table(
        "file_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("sample", sa.Text(), nullable=True),
        sa.Column("refusals", sa.Text(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("refused", sa.LargeBinary(), nullable=True),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", vocapp.database.UtcDateTime(), nullable=False),
        sa.Column("finished_at", vocapp.database.UtcDateTime(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('contacts', 'accounts', 'responses', 'events')",
            name=op.f("ck_file_import_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('checking', 'checked', 'importing', 'imported', 'dropped')",
            name=op.f("ck_file_import_state_known"),
        ),
        sa.CheckConstraint(
            "done >= 0 AND done <= rows", name=op.f("ck_file_import_done_of_rows")
        ),
        sa.ForeignKeyConstraint(
            ["actor_user_id"],
            ["user_account.id"],
            name=op.f("fk_file_import_actor_user_id_user_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name=op.f("fk_file_import_workspace_id_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_file_import")),
    )
    op.create_index(
        "ix_file_import_workspace_id_created_at", "file_import", ["workspace_id", "created_at"]
    )
    op.create_index("ix_file_import_actor_user_id", "file_import", ["actor_user_id"])


def downgrade() -> None:
    op.drop_table("file_import")
