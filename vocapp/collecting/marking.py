"""Marks: why somebody may want to look at an answer; it counts all the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.response_quality import answered_before, is_straight_line
from vocapp.collecting.models import Answer, Response, ResponseMark
from vocapp.database import insert_absent

if TYPE_CHECKING:
    from vocapp.collecting.service import Submission


def mark(
    session: Session, workspace_id: UUID, response_id: UUID, reasons: Sequence[str], *,
    now: datetime,
) -> None:  # fmt: skip
    """Note the reasons in the caller's transaction; the same one is noted once."""
    _note(session, workspace_id, [(response_id, reason) for reason in reasons], now=now)


def mark_fresh(
    session: Session, workspace_id: UUID, fresh: Sequence[tuple[UUID, Submission]], *, now: datetime
) -> None:
    """What is to be said of answers that were stored just now; not of history or a flood."""
    looked_at = {response_id: item for response_id, item in fresh if not (item.quiet or item.flood)}
    found = [
        (response_id, "straight_line")
        for response_id, item in looked_at.items()
        if _has_line(item.answers.values())
    ]
    found += [(each, "same_person") for each in _again(session, workspace_id, looked_at)]
    _note(session, workspace_id, found, now=now)


def _again(
    session: Session, workspace_id: UUID, looked_at: Mapping[UUID, Submission]
) -> list[UUID]:
    """Those whose person had answered the same survey shortly before."""
    named = [
        response_id for response_id, item in looked_at.items()
        if item.contact is not None or item.contact_id is not None
    ]  # fmt: skip
    if not named:
        return []
    mine = select(Response.contact_id).where(
        Response.workspace_id == workspace_id, Response.id.in_(named)
    )
    rows = session.execute(
        select(Response.id, Response.contact_id, Response.survey_id, Response.answered_at).where(
            Response.workspace_id == workspace_id, Response.contact_id.in_(mine)
        )
    )
    by_person: dict[Any, list[tuple[UUID, datetime]]] = defaultdict(list)
    for response_id, contact_id, survey_id, at in rows:
        by_person[contact_id, survey_id].append((response_id, at))
    return [
        response_id
        for answers in by_person.values()
        for response_id, at in answers
        if response_id in looked_at
        and answered_before(at, [other for each, other in answers if each != response_id])
    ]


def mark_revised(session: Session, workspace_id: UUID, response_id: UUID, *, now: datetime) -> None:
    """Look at an answer anew whose scales were corrected or added to."""
    given = session.execute(
        select(Answer.number, Answer.value).where(
            Answer.workspace_id == workspace_id, Answer.response_id == response_id
        )
    )
    if _has_line([value if number is None else number for number, value in given]):
        mark(session, workspace_id, response_id, ["straight_line"], now=now)
        return
    session.execute(
        delete(ResponseMark).where(
            ResponseMark.workspace_id == workspace_id,
            ResponseMark.response_id == response_id,
            ResponseMark.reason == "straight_line",
        )
    )


def _has_line(values: Iterable[Any]) -> bool:
    """Over all scales, or over the rows of one table."""
    given = list(values)
    points = [value for value in given if isinstance(value, int) and not isinstance(value, bool)]
    tables = [list(value.values()) for value in given if isinstance(value, dict)]
    return any(map(is_straight_line, [points, *tables]))


def _note(
    session: Session, workspace_id: UUID, found: Sequence[tuple[UUID, str]], *, now: datetime
) -> None:
    rows = [
        {"workspace_id": workspace_id, "response_id": response_id, "reason": reason,
         "marked_at": now}
        for response_id, reason in found
    ]  # fmt: skip
    insert_absent(session, ResponseMark, rows)
