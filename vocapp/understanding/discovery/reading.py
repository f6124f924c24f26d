"""Which comments are looked at for new themes, and what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from nlp.alike import LONG
from nlp.discovery import FEWEST_COMMENTS, Comment
from surveys.periods import day_bounds, local_day
from vocapp.collecting.models import Response
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.models import Analysis
from vocapp.understanding.shown import said_comments

# Days looked at and days before them: a week where it has enough to tell, else a month.
WINDOWS = ((7, 28), (30, 90))
ENOUGH_FOR_A_WEEK = 100
MOST_COMMENTS = 20_000  # of each period; of more, so many are drawn
_AT_ONCE = 1_000  # ids in one statement
_SEED = 1  # the same comments give the same sample


@dataclass(frozen=True, slots=True)
class Window:
    """Comments in since <= day < until are compared with those in before_since <= day < since."""

    since: date
    until: date
    before_since: date


@dataclass(frozen=True, slots=True)
class Read:
    """The comments of a window, one a voice: ids[i] is the response of comments[i]."""

    window: Window
    ids: Sequence[UUID]
    comments: Sequence[Comment]
    earlier: Sequence[Comment]


def read_comments(session: Session, workspace_id: UUID, *, time_zone: str, now: datetime) -> Read:
    """The shortest window with enough comments; the longest where none has."""
    for days, before in WINDOWS:
        until = local_day(now, time_zone)
        window = Window(until - timedelta(days=days), until, until - timedelta(days=days + before))
        counted = session.scalar(
            _between(select(func.count()), workspace_id, window.since, until, time_zone)
        )
        if (counted or 0) >= ENOUGH_FOR_A_WEEK:
            break
    ids, comments = _comments(session, workspace_id, window.since, window.until, time_zone)
    earlier: Sequence[Comment] = ()
    if len(comments) >= FEWEST_COMMENTS:
        earlier = _comments(session, workspace_id, window.before_since, window.since, time_zone)[1]
    return Read(window, ids, comments, earlier)


def _between(columns: Any, workspace_id: UUID, since: date, until: date, time_zone: str) -> Any:
    """Comments of a time that may be shown and say something."""
    return said_comments(columns).where(
        Response.workspace_id == workspace_id,
        Response.answered_at >= day_bounds(since, time_zone)[0],
        Response.answered_at < day_bounds(until, time_zone)[0],
    )


def _comments(
    session: Session, workspace_id: UUID, since: date, until: date, time_zone: str
) -> tuple[list[UUID], list[Comment]]:
    """The latest of each voice: one who writes ten times is not ten.

    Anonymous copies of a long comment are one voice: pasted, imported twice, or a bot's. Short
    ones may be the same by coincidence, as when many cannot log in.
    """
    latest: dict[UUID | str, UUID] = {}
    is_long = func.length(Analysis.redacted) >= LONG
    rows = session.execute(
        _between(
            select(Response.id, Response.contact_id, case((is_long, Analysis.likeness))),
            workspace_id, since, until, time_zone,
        ).order_by(Response.answered_at, Response.id)
    )  # fmt: skip
    for response_id, contact_id, likeness in rows:
        latest[contact_id or likeness or response_id] = response_id
    ids = sorted(latest.values())
    if len(ids) > MOST_COMMENTS:
        places = np.random.default_rng(_SEED).choice(len(ids), MOST_COMMENTS, replace=False)
        ids = [ids[place] for place in sorted(places.tolist())]
    found: list[tuple[UUID, Comment]] = []
    for start in range(0, len(ids), _AT_ONCE):
        found += _some(session, workspace_id, ids[start : start + _AT_ONCE])
    return [each for each, _ in found], [comment for _, comment in found]


def _some(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[tuple[UUID, Comment]]:
    themes = assigned_themes(session, workspace_id, ids)
    rows = session.execute(
        select(Analysis.response_id, Analysis.redacted, Analysis.language)
        .where(Analysis.workspace_id == workspace_id, Analysis.response_id.in_(ids))
        .order_by(Analysis.response_id)
    )
    return [
        (
            response_id,
            Comment(text or "", language, frozenset(t.key for t in themes.get(response_id, ()))),
        )
        for response_id, text, language in rows
    ]
