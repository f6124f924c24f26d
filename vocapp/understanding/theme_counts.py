"""Reads: how often themes come up and how many comments there are, from the sums by day.

Nothing here reads responses: a page costs the days it shows, however many people answered.
Confidential surveys are left out, as a theme may be that of one person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from surveys.scoring import METRICS, categories
from vocapp.authoring.models import Question, Survey
from vocapp.extensions import db
from vocapp.understanding.models import SENTIMENTS, CommentDay, ThemeDay
from vocapp.understanding.theme_cells import PLACES, UNSCORED

STEPS = 12


@dataclass(frozen=True, slots=True)
class ThemeCounts:
    """Responses with a theme in a period, by category; trend: in twelve equal steps of it."""

    counts: Mapping[str, int]
    negative: int
    positive: int
    previous_n: int
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comments:
    """Comments of a period by metric and category; previous_n: in the period before."""

    by_kind: Mapping[str, Mapping[str, int]]
    previous_n: int

    @property
    def n(self) -> int:
        return sum(sum(counts.values()) for counts in self.by_kind.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose themes: scales by their id, with the metric; of these days, and of those before."""

    workspace_id: UUID
    kinds: Mapping[UUID, str]
    before: date
    since: date
    until: date


def asked_of(workspace_id: UUID, survey_id: UUID | None, *, since: date, until: date) -> Asked:
    """The scales of one survey, or of all; the period before is as long as the period."""
    query = (
        select(Question.id, Question.kind)
        .join(
            Survey,
            (Survey.workspace_id == Question.workspace_id) & (Survey.id == Question.survey_id),
        )
        .where(
            Question.workspace_id == workspace_id,
            Question.kind.in_(METRICS),
            Survey.confidential.is_(False),
        )
    )
    if survey_id is not None:
        query = query.where(Question.survey_id == survey_id)
    kinds = {question_id: kind for question_id, kind in db.session.execute(query)}
    return Asked(workspace_id, kinds, since - (until - since), since, until)


def comments_in(asked: Asked) -> Comments:
    """How many comments were read, of those who answered in the period and in the one before."""
    columns = [getattr(CommentDay, name) for name in (*PLACES, UNSCORED)]
    inside = CommentDay.local_day >= asked.since
    rows = db.session.execute(
        select(
            CommentDay.question_id,
            _sum(sum(columns[1:], columns[0]), ~inside),
            *(_sum(column, inside) for column in columns),
        )
        .where(*_days(CommentDay, asked))
        .group_by(CommentDay.question_id)
    )
    by_kind: dict[str, dict[str, int]] = {}
    previous_n = 0
    for question_id, before, *counts in rows:
        previous_n += before
        if any(counts):
            kind = asked.kinds[question_id]
            _add(by_kind.setdefault(kind, {}), kind, counts)
    return Comments(by_kind, previous_n)


def themes_in(asked: Asked) -> dict[UUID, ThemeCounts]:
    """The themes that came up in the period or in the one before."""
    by_place = [
        [getattr(ThemeDay, f"{place}_{tone}") for tone in SENTIMENTS]
        for place in (*PLACES, UNSCORED)
    ]
    every = [column for columns in by_place for column in columns]
    whole = sum(every[1:], every[0])
    inside = ThemeDay.local_day >= asked.since
    rows = db.session.execute(
        select(
            ThemeDay.theme_id,
            ThemeDay.question_id,
            _sum(whole, ~inside),
            *(_sum(_of_tone(by_place, tone), inside) for tone in ("negative", "positive")),
            *(_sum(sum(columns[1:], columns[0]), inside) for columns in by_place),
            *(
                _sum(whole, (ThemeDay.local_day >= first) & (ThemeDay.local_day < last))
                for first, last in _steps(asked.since, asked.until)
            ),
        )
        .where(*_days(ThemeDay, asked))
        .group_by(ThemeDay.theme_id, ThemeDay.question_id)
    )
    parts: dict[UUID, list[tuple[str, Sequence[int]]]] = defaultdict(list)
    for theme_id, question_id, *sums in rows:
        parts[theme_id].append((asked.kinds[question_id], sums))
    return {theme_id: _theme_counts(each) for theme_id, each in parts.items()}


def busiest_survey_of(asked: Asked) -> UUID | None:
    """The survey with the most comments in the period; None without any."""
    columns = [getattr(CommentDay, name) for name in (*PLACES, UNSCORED)]
    n = func.sum(sum(columns[1:], columns[0]))
    return db.session.scalar(
        select(Question.survey_id)
        .join(
            CommentDay,
            (CommentDay.workspace_id == Question.workspace_id)
            & (CommentDay.question_id == Question.id),
        )
        .where(*_days(CommentDay, asked), CommentDay.local_day >= asked.since)
        .group_by(Question.survey_id)
        .having(n > 0)
        .order_by(n.desc(), Question.survey_id)
        .limit(1)
    )


def _days(model: Any, asked: Asked) -> list[Any]:
    return [
        model.workspace_id == asked.workspace_id,
        model.question_id.in_(asked.kinds),
        model.local_day >= asked.before,
        model.local_day < asked.until,
    ]


def _sum(column: Any, condition: Any) -> Any:
    return func.coalesce(func.sum(column).filter(condition), 0)


def _of_tone(by_place: Sequence[Sequence[Any]], tone: str) -> Any:
    columns = [columns[SENTIMENTS.index(tone)] for columns in by_place]
    return sum(columns[1:], columns[0])


def _add(counts: dict[str, int], kind: str, sums: Sequence[int]) -> None:
    """Add sums by place in the cells to counts by category."""
    for category, n in zip((*categories(kind), UNSCORED), sums, strict=True):
        if n:
            counts[category] = counts.get(category, 0) + n


def _steps(since: date, until: date) -> list[tuple[date, date]]:
    """The period in twelve steps, half-open, as equal as whole days allow.

    >>> steps = _steps(date(2026, 1, 1), date(2026, 1, 31))
    >>> len(steps), [(last - first).days for first, last in steps[:4]]
    (12, [3, 2, 3, 2])
    """
    length = (until - since).days
    edges = [since + timedelta(days=-(-step * length // STEPS)) for step in range(STEPS + 1)]
    return list(pairwise(edges))


def _theme_counts(parts: Sequence[tuple[str, Sequence[int]]]) -> ThemeCounts:
    counts: dict[str, int] = {}
    for kind, sums in parts:
        _add(counts, kind, sums[3:7])
    before, negative, positive = (sum(sums[place] for _, sums in parts) for place in range(3))
    trend = tuple(sum(sums[7 + step] for _, sums in parts) for step in range(STEPS))
    return ThemeCounts(counts, negative, positive, before, trend)
