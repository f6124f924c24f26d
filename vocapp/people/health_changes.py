"""Whose health may have changed, noted in the transaction that did it.

Packages on every side of this one do things to an account; what they come to is worked out
to the right of them all (see succeeding/health).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.outbox import Pending

HEALTH = "health"
HEALTH_DAILY = "health_daily"


def note_touched(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID | None], *, now: datetime
) -> None:
    """The health of these accounts is to be worked out anew; what waits already does once.

    What a worker holds may have looked before this, so it does not count.
    """
    wanted = {account_id for account_id in account_ids if account_id is not None}
    if not wanted:
        return
    waiting = outbox.waiting(select(Pending.subject_id), workspace_id, HEALTH).where(
        Pending.subject_id.in_(wanted), Pending.lease_token.is_(None)
    )
    missing = sorted(wanted - set(session.scalars(waiting)))
    work = [outbox.Work(HEALTH, account_id, priority=outbox.BACKLOG) for account_id in missing]
    outbox.add_all(session, workspace_id, work, now=now)
