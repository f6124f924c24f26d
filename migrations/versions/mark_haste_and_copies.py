"""mark haste and copies: how long answers on pages took, and prints of long texts

Revises: texting2
"""

import sqlalchemy as sa
from alembic import op

import vocapp.database

revision = "haste1"
down_revision = "texting2"
branch_labels = None
depends_on = None

FORMER = "reason IN ('hidden_field', 'altered_form', 'too_fast', 'straight_line', 'same_person')"
MARKS = "reason IN ('hidden_field', 'altered_form', 'too_fast', 'speeding', 'straight_line', 'same_person', 'same_text')"


def upgrade() -> None:
    with op.batch_alter_table("response_mark") as batch_op:
        batch_op.drop_constraint(op.f("ck_response_mark_reason_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_response_mark_reason_known"), MARKS)
    op.create_table(
        "response_pace",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("taken_ms", sa.Integer(), nullable=False),
        sa.Column("reading_ms", sa.Integer(), nullable=False),
        sa.Column("at", vocapp.database.UtcDateTime(), nullable=False),
        sa.CheckConstraint("taken_ms > 0 AND reading_ms > 0", name=op.f("ck_response_pace_times_positive")),
        sa.ForeignKeyConstraint(["workspace_id", "response_id"], ["response.workspace_id", "response.id"], name=op.f("fk_response_pace_workspace_id_response_id_response"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_response_pace_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "response_id", name=op.f("pk_response_pace")),
    )
    op.create_index("ix_response_pace_workspace_id_survey_id_at", "response_pace", ["workspace_id", "survey_id", "at"])
    op.create_table(
        "text_print",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("print", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id", "response_id"], ["response.workspace_id", "response.id"], name=op.f("fk_text_print_workspace_id_response_id_response"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_text_print_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "response_id", "print", name=op.f("pk_text_print")),
    )
    op.create_index("ix_text_print_workspace_id_print", "text_print", ["workspace_id", "print"])


def downgrade() -> None:
    op.drop_table("text_print")
    op.drop_table("response_pace")
    op.execute("DELETE FROM response_mark WHERE reason IN ('speeding', 'same_text')")
    with op.batch_alter_table("response_mark") as batch_op:
        batch_op.drop_constraint(op.f("ck_response_mark_reason_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_response_mark_reason_known"), FORMER)
