"""send text messages: a provider a workspace, words of surveys, the messages of invitations

Revises: planlist1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import vocapp.database
import vocapp.sealing

revision = "texting2"
down_revision = "planlist1"
branch_labels = None
depends_on = None

KEY = sa.Uuid
WHEN = vocapp.database.UtcDateTime
_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BEFORE = "channel IN ('api', 'web', 'widget', 'embed', 'email', 'import')"
_SINCE = "channel IN ('api', 'web', 'widget', 'embed', 'email', 'sms', 'import')"


def upgrade() -> None:
    op.create_index(op.f("ix_contact_workspace_id_phone"), "contact", ["workspace_id", "phone"])
    op.create_table(
        "text_provider",
        sa.Column("workspace_id", KEY(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("token", vocapp.sealing.SealedText(), nullable=False),
        sa.Column("sender", sa.String(16), nullable=False),
        sa.Column("hook_id", sa.String(64), nullable=False),
        sa.Column("hook_secret", vocapp.sealing.SealedText(), nullable=False),
        sa.Column("changed_at", WHEN(), nullable=False),
        sa.Column("trouble", sa.String(60), nullable=True),
        sa.Column("trouble_at", WHEN(), nullable=True),
        sa.Column("heard_at", WHEN(), nullable=True),
        sa.Column("unsigned_at", WHEN(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"],
            name=op.f("fk_text_provider_workspace_id_workspace"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_text_provider")),
        sa.UniqueConstraint("hook_id", name=op.f("uq_text_provider_hook_id")),
    )  # fmt: skip
    op.create_table(
        "survey_text",
        sa.Column("workspace_id", KEY(), nullable=False),
        sa.Column("survey_id", KEY(), nullable=False),
        sa.Column("words", _json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", WHEN(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "survey_id"], ["survey.workspace_id", "survey.id"],
            name=op.f("fk_survey_text_workspace_id_survey_id_survey"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"],
            name=op.f("fk_survey_text_workspace_id_workspace"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "survey_id", name=op.f("pk_survey_text")),
    )  # fmt: skip
    op.create_table(
        "text_message",
        sa.Column("workspace_id", KEY(), nullable=False),
        sa.Column("invitation_id", KEY(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(200), nullable=True),
        sa.Column("created_at", WHEN(), nullable=False),
        sa.CheckConstraint("parts BETWEEN 1 AND 100", name=op.f("ck_text_message_parts_counted")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "invitation_id"], ["invitation.workspace_id", "invitation.id"],
            name=op.f("fk_text_message_workspace_id_invitation_id_invitation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"],
            name=op.f("fk_text_message_workspace_id_workspace"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "invitation_id", name=op.f("pk_text_message")),
        sa.UniqueConstraint("code", name=op.f("uq_text_message_code")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_text_message_workspace_id_provider_id"), "text_message",
        ["workspace_id", "provider_id"],
    )  # fmt: skip
    op.add_column(
        "held_answer",
        sa.Column("channel", sa.String(20), nullable=False, server_default="email"),
    )
    _channels(_BEFORE, _SINCE)


def downgrade() -> None:
    op.execute("UPDATE response SET channel = 'email' WHERE channel = 'sms'")
    _channels(_SINCE, _BEFORE)
    op.drop_column("held_answer", "channel")
    for name in ("text_message", "survey_text", "text_provider"):
        op.drop_table(name)
    op.drop_index(op.f("ix_contact_workspace_id_phone"), "contact")


def _channels(before: str, since: str) -> None:
    """Answers may come by one more channel, without any row being read on SQLite: a table of
    millions is not copied for a word (https://sqlite.org/lang_altertable.html, section 7, the
    simpler procedure for changes that do not touch what is on disk)."""
    name = op.f("ck_response_channel_known")
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        # Rows hold what the former rule allowed, which is part of this one.
        op.drop_constraint(name, "response", type_="check")
        op.create_check_constraint(name, "response", since)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = 'response' AND instr(sql, ?) > 0",
        (before, since, before),
    ).rowcount
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if changed != 1:
        raise RuntimeError("response: the rule about channels is not as this step expects it")
