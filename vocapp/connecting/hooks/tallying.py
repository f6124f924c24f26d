"""Counting messages by kind, and the list of those that were refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from vocapp.connecting.hooks.models import HookRefusal, HookSource, HookTally
from vocapp.database import insert_into, transaction, until_no_deadlock
from vocapp.problems import FieldError

MOST_REFUSALS = 200  # of one source; then the oldest go
_OUTCOMES = ("taken", "left_aside", "refused")


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a message. left_aside: nothing is made of its kind, or of it."""

    id: str
    kind: str
    outcome: Literal["taken", "left_aside", "refused"] | str
    error: FieldError | None


def tally(source: HookSource, seen: Sequence[Seen], *, now: datetime) -> None:
    """Count messages; note the refused ones, and strike those that were taken after all."""

    def count() -> None:
        with transaction() as session:
            _count(session, source, seen, now)
            refused = {each.id: each for each in seen if each.error is not None}
            good = {each.id for each in seen} - refused.keys()
            of_source = (
                HookRefusal.workspace_id == source.workspace_id,
                HookRefusal.source_id == source.id,
            )
            session.execute(delete(HookRefusal).where(*of_source, HookRefusal.message_id.in_(good)))
            if refused:
                _note(session, source, list(refused.values()), now)
                _keep_newest(session, source.workspace_id, source.id)
            session.execute(
                update(HookSource)
                .where(HookSource.workspace_id == source.workspace_id, HookSource.id == source.id)
                .values(last_received_at=now)
            )

    until_no_deadlock(count)


def _count(session: Session, source: HookSource, seen: Sequence[Seen], now: datetime) -> None:
    counts = Counter((each.kind, each.outcome) for each in seen)
    rows = [
        {"workspace_id": source.workspace_id, "source_id": source.id, "kind": kind, "last_at": now}
        | {outcome: counts[kind, outcome] for outcome in _OUTCOMES}
        for kind in sorted({each.kind for each in seen})
    ]
    offered = insert_into(session, HookTally)
    table = HookTally.__table__.c
    session.connection().execute(
        offered.on_conflict_do_update(
            index_elements=["workspace_id", "source_id", "kind"],
            set_={name: table[name] + offered.excluded[name] for name in _OUTCOMES}
            | {"last_at": offered.excluded.last_at},
        ),
        rows,
    )


def _note(session: Session, source: HookSource, refused: Sequence[Seen], now: datetime) -> None:
    rows = [
        {
            "workspace_id": source.workspace_id, "source_id": source.id, "message_id": each.id,
            "kind": each.kind, "field": each.error.field[:200], "reason": each.error.message[:500],
            "times": 1, "last_at": now,
        }
        for each in refused
        if each.error is not None
    ]  # fmt: skip
    offered = insert_into(session, HookRefusal)
    session.connection().execute(
        offered.on_conflict_do_update(
            index_elements=["workspace_id", "source_id", "message_id"],
            set_={name: offered.excluded[name] for name in ("kind", "field", "reason", "last_at")}
            | {"times": HookRefusal.__table__.c.times + 1},
        ),
        rows,
    )


def _keep_newest(session: Session, workspace_id: UUID, source_id: UUID) -> None:
    of_source = (HookRefusal.workspace_id == workspace_id, HookRefusal.source_id == source_id)
    newest = (
        select(HookRefusal.message_id)
        .where(*of_source)
        .order_by(HookRefusal.last_at.desc(), HookRefusal.message_id)
        .limit(MOST_REFUSALS)
    )
    session.execute(delete(HookRefusal).where(*of_source, HookRefusal.message_id.not_in(newest)))
