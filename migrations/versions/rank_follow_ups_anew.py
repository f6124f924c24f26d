"""rank follow-ups anew: their points are on another scale

Revises: figures1
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "rank1"
down_revision = "figures1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    outbox = sa.table(
        'outbox', sa.column('kind'), sa.column('due_at', sa.DateTime(timezone=True)),
        sa.column('lease_token', sa.Uuid()),
    )
    op.execute(
        sa.update(outbox)
        .where(outbox.c.kind == 'rerank', outbox.c.lease_token.is_(None))
        .values(due_at=datetime.now(UTC))
    )


def downgrade() -> None:
    upgrade()  # by the version that serves then
