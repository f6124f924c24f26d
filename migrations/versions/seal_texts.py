"""what customers wrote rests sealed

Revises: triage1

The column stays: texts that are stored from now on are sealed, those of before are read as they
stand until the workers have brought them under the key, 500 at a time. The version before cannot
read sealed texts: where it serves on meanwhile, start this one with VOC_SEAL_TEXTS=0, and
once it is alone without it, followed by `voc reseal`. On the way back: VOC_SEAL_TEXTS=0 and
`voc reseal` first.
"""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "seal1"
down_revision = "triage1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    workspace = sa.table('workspace', sa.column('id', sa.Uuid()))
    outbox = sa.table(
        'outbox', sa.column('workspace_id', sa.Uuid()), sa.column('id', sa.Uuid()),
        sa.column('kind'), sa.column('subject_id', sa.Uuid()), sa.column('detail', JSON),
        sa.column('priority', sa.Integer()), sa.column('due_at', sa.DateTime(timezone=True)),
        sa.column('attempts', sa.Integer()), sa.column('created_at', sa.DateTime(timezone=True)),
    )
    now = datetime.now(UTC)
    bind = op.get_bind()
    rows = [
        {
            'workspace_id': workspace_id, 'id': uuid4(), 'kind': 'reseal',
            'subject_id': workspace_id, 'detail': {}, 'priority': 10, 'due_at': now,
            'attempts': 0, 'created_at': now,
        }
        for workspace_id in bind.scalars(sa.select(workspace.c.id)).all()
    ]
    if rows:
        bind.execute(outbox.insert(), rows)


def downgrade() -> None:
    outbox = sa.table('outbox', sa.column('kind'))
    op.get_bind().execute(outbox.delete().where(outbox.c.kind == 'reseal'))
