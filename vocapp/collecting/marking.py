"""Marks: why somebody may want to look at an answer; it counts all the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.response_quality import (
    answered_before,
    comparable_text,
    is_speeder,
    is_straight_line,
)
from vocapp.collecting.models import Answer, Response, ResponseMark, ResponsePace, TextPrint
from vocapp.database import insert_absent, insert_into
from vocapp.signing import keyed_hash, keyed_hashes

if TYPE_CHECKING:
    from vocapp.collecting.service import Submission

_COMPARED_WITH = 500  # answers, the latest
_MOST_ALIKE = 100  # that are marked with a new one; those before them are marked already
_PRINT = "text-print"


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


def mark_revised(session: Session, response: Response, *, now: datetime) -> None:
    """Look at an answer anew that was corrected or added to, whichever way."""
    workspace_id, response_id = response.workspace_id, response.id
    given = session.execute(
        select(Answer.number, Answer.value, Answer.text).where(
            Answer.workspace_id == workspace_id, Answer.response_id == response_id
        )
    ).all()
    if _has_line([value if number is None else number for number, value, _text in given]):
        mark(session, workspace_id, response_id, ["straight_line"], now=now)
    else:
        _unmark(session, workspace_id, response_id, "straight_line")
    if _is_compared(session, response):
        texts = [text for _number, _value, text in given if text is not None]
        mark_same_text(session, workspace_id, response.survey_id, response_id, texts, now=now)


def _is_compared(session: Session, response: Response) -> bool:
    """Whether it is looked at beside others: it came by a page whose link no name stands behind,
    where its pace or the print of a text is kept."""
    return response.invitation_id is None and any(
        session.scalar(
            select(kept.response_id)
            .where(kept.workspace_id == response.workspace_id, kept.response_id == response.id)
            .limit(1)
        )
        for kept in (ResponsePace, TextPrint)
    )


def _unmark(session: Session, workspace_id: UUID, response_id: UUID, reason: str) -> None:
    session.execute(
        delete(ResponseMark).where(
            ResponseMark.workspace_id == workspace_id,
            ResponseMark.response_id == response_id,
            ResponseMark.reason == reason,
        )
    )


# --- answers of pages, beside others of their survey ---------------------------------------------


def mark_pace(
    session: Session,
    workspace_id: UUID,
    survey_id: UUID,
    response_id: UUID,
    *,
    taken_ms: int,
    reading_ms: int,
    now: datetime,
) -> None:
    """Keep how long somebody took up to this press, and say whether it was far too short. With each
    press it is looked at anew: who was quick with the score may take their time over the rest."""
    values = {"taken_ms": max(1, taken_ms), "reading_ms": reading_ms, "at": now}
    offered = insert_into(session, ResponsePace).values(
        workspace_id=workspace_id, response_id=response_id, survey_id=survey_id, **values
    )
    session.execute(
        offered.on_conflict_do_update(index_elements=["workspace_id", "response_id"], set_=values)
    )
    others = session.execute(
        select(ResponsePace.taken_ms, ResponsePace.reading_ms)
        .where(
            ResponsePace.workspace_id == workspace_id, ResponsePace.survey_id == survey_id,
            ResponsePace.response_id != response_id,
        )
        .order_by(ResponsePace.at.desc())
        .limit(_COMPARED_WITH)
    ).all()  # fmt: skip
    if is_speeder(max(1, taken_ms), reading_ms, [taken / reading for taken, reading in others]):
        mark(session, workspace_id, response_id, ["speeding"], now=now)
    else:
        _unmark(session, workspace_id, response_id, "speeding")


def mark_same_text(
    session: Session,
    workspace_id: UUID,
    survey_id: UUID,
    response_id: UUID,
    texts: Iterable[str],
    *,
    now: datetime,
) -> None:
    """Keep prints of the long texts of an answer, and mark all that have the same one. Whose text
    nobody else has any more, as this one was corrected, loses the mark."""
    found = {plain for text in texts if (plain := comparable_text(text))}
    former = session.scalars(
        delete(TextPrint)
        .where(TextPrint.workspace_id == workspace_id, TextPrint.response_id == response_id)
        .returning(TextPrint.print)
    ).all()
    _unmark(session, workspace_id, response_id, "same_text")
    prints = {keyed_hash(_PRINT, f"{survey_id}:{plain}") for plain in found}
    for print in set(former) - prints:
        _unmark_alone(session, workspace_id, print)
    if not found:
        return
    known = [print for plain in found for print in keyed_hashes(_PRINT, f"{survey_id}:{plain}")]
    others = session.scalars(
        select(TextPrint.response_id)
        .where(TextPrint.workspace_id == workspace_id, TextPrint.print.in_(known))
        .distinct()
        .limit(_MOST_ALIKE)
    ).all()
    insert_absent(
        session, TextPrint,
        [
            {"workspace_id": workspace_id, "response_id": response_id, "print": print}
            for print in prints
        ],
    )  # fmt: skip
    if others:
        pairs = [(each, "same_text") for each in (*others, response_id)]
        _note(session, workspace_id, pairs, now=now)


def _unmark_alone(session: Session, workspace_id: UUID, print: str) -> None:
    """Where one answer alone is left with a text, and shares no other one, it is like no other."""
    of_workspace = select(TextPrint.response_id).where(TextPrint.workspace_id == workspace_id)
    left = session.scalars(of_workspace.where(TextPrint.print == print).limit(2)).all()
    if len(left) != 1:
        return
    own = session.scalars(
        select(TextPrint.print).where(
            TextPrint.workspace_id == workspace_id, TextPrint.response_id == left[0]
        )
    ).all()
    shared = of_workspace.where(TextPrint.print.in_(own), TextPrint.response_id != left[0])
    if session.scalar(shared.limit(1)) is None:
        _unmark(session, workspace_id, left[0], "same_text")


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
