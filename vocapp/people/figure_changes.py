"""What makes the stored figures of a business out of date, noted in the transaction that does it.

A figure is read from what is stored only while nothing that could have moved it waits to be
worked in (see succeeding/figures): so a page is never older than what it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import read_once

FIGURES, FIGURES_NIGHTLY = "figures", "figures_nightly"

# Since when figures are otherwise than they were, if at all, when the log-ins of accounts are, each
# from an instant on, and whether some of them are corrected.
LoginsMove = Callable[
    [Session, UUID, Mapping[UUID, datetime], bool, datetime], datetime | None
]  # fmt: skip
_moved_by_logins: list[LoginsMove] = []


def register_moved_by_logins(what: LoginsMove) -> None:
    """Let another package say what log-ins move beside the month in which they are."""
    if what not in _moved_by_logins:
        _moved_by_logins.append(what)


def note_logins(
    session: Session,
    workspace_id: UUID,
    changed: Mapping[UUID, datetime],
    *,
    are_corrected: bool,
    now: datetime,
) -> None:
    """The log-ins of these accounts are otherwise than they were, each from an instant on."""
    for moved in _moved_by_logins:
        since = moved(session, workspace_id, changed, are_corrected, now)
        if since is not None:
            note_change(session, workspace_id, since=since, now=now)


def note_change(session: Session, workspace_id: UUID, *, since: datetime, now: datetime) -> None:
    """Figures of months that end after `since` are to be computed anew."""
    day = since.date()
    read_once(session, (FIGURES, workspace_id, day), lambda: _ask(session, workspace_id, day, now))


def note_answers(session: Session, workspace_id: UUID, *, since: date, now: datetime) -> None:
    """What was answered or found in comments since this day (in UTC) is otherwise than it was.

    Figures are split by what was said before a month began, so that answers of this month split
    nothing that is stored: in the flood of answers nothing is noted.
    """
    if since < now.astimezone(UTC).date().replace(day=1):
        note_change(session, workspace_id, since=datetime.combine(since, time(), UTC), now=now)


def _ask(session: Session, workspace_id: UUID, day: date, now: datetime) -> bool:
    outbox.add(
        session, workspace_id, FIGURES, workspace_id, now=now, detail={"since": str(day)},
        priority=outbox.BACKLOG,
    )  # fmt: skip
    return True
