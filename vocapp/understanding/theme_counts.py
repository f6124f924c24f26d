"""Reads: how often themes come up and how many comments there are, from the sums by day of a month.

Nothing here reads responses: a page costs the months it shows, however many people answered.
Confidential surveys are left out, as a theme may be that of one person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from sqlalchemy import select

from surveys.scoring import METRICS, categories
from vocapp.authoring.models import Question, Survey
from vocapp.database import OF_WORKSPACE
from vocapp.extensions import db
from vocapp.packed_days import DAYS, Counts, unpack
from vocapp.understanding.models import SENTIMENTS, CommentMonth, ThemeMonth
from vocapp.understanding.theme_cells import COMMENT_PLACES, THEME_PLACES, UNSCORED

K = TypeVar("K")
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
    """Whose themes: scales by their id, with metric and survey; of these days, and of those
    before."""

    workspace_id: UUID
    kinds: Mapping[UUID, str]
    surveys: Mapping[UUID, UUID]
    before: date
    since: date
    until: date

    @property
    def length(self) -> int:
        """Days of the period, and of the one before."""
        return (self.until - self.since).days

    @property
    def first_month(self) -> date:
        return self.before.replace(day=1)


_SCALES = (
    select(Question.id, Question.kind, Question.survey_id)
    .join(
        Survey, (Survey.workspace_id == Question.workspace_id) & (Survey.id == Question.survey_id)
    )
    .where(
        Question.workspace_id == OF_WORKSPACE,
        Question.kind.in_(METRICS),
        Survey.confidential.is_(False),
    )
)


def asked_of(workspace_id: UUID, survey_id: UUID | None, *, since: date, until: date) -> Asked:
    """The scales of one survey, or of all; the period before is as long as the period."""
    rows = db.session.execute(_SCALES, {"workspace_id": workspace_id})
    scales = [row for row in rows if survey_id is None or row.survey_id == survey_id]
    kinds = {row.id: row.kind for row in scales}
    surveys = {row.id: row.survey_id for row in scales}
    return Asked(workspace_id, kinds, surveys, since - (until - since), since, until)


def comments_in(asked: Asked) -> Comments:
    """How many comments were read, of those who answered in the period and in the one before."""
    daily = _daily(
        (
            (asked.kinds[question_id], month, counts)
            for question_id, month, counts in _months(asked, CommentMonth)
        ),
        asked, len(COMMENT_PLACES),
    )  # fmt: skip
    by_kind: dict[str, dict[str, int]] = {}
    for kind, days in daily.items():
        if (counts := days[asked.length :].sum(axis=0)).any():
            _add(by_kind.setdefault(kind, {}), kind, counts.tolist())
    return Comments(by_kind, sum(int(days[: asked.length].sum()) for days in daily.values()))


def themes_in(asked: Asked) -> dict[UUID, ThemeCounts]:
    """The themes that came up in the period or in the one before."""
    daily = _daily(
        (
            ((theme_id, asked.kinds[question_id]), month, counts)
            for question_id, theme_id, month, counts in _months(
                asked, ThemeMonth, ThemeMonth.theme_id
            )
        ),
        asked, len(THEME_PLACES),
    )  # fmt: skip
    parts: dict[UUID, dict[str, Counts]] = defaultdict(dict)
    for (theme_id, kind), days in daily.items():
        parts[theme_id][kind] = days
    return {theme_id: _theme_counts(of_kinds, asked) for theme_id, of_kinds in parts.items()}


def busiest_survey_of(asked: Asked) -> UUID | None:
    """The survey with the most comments in the period; None without any."""
    daily = _daily(
        (
            (asked.surveys[question_id], month, counts)
            for question_id, month, counts in _months(asked, CommentMonth)
        ),
        asked, len(COMMENT_PLACES),
    )  # fmt: skip
    sums = {survey_id: int(days[asked.length :].sum()) for survey_id, days in daily.items()}
    if not any(sums.values()):
        return None
    return min(sums, key=lambda survey_id: (-sums[survey_id], survey_id))


def _months(asked: Asked, model: Any, *more: Any) -> Any:
    """(Question, …, month, packed counts) of the months that are asked for in part or whole."""
    return db.session.execute(
        select(model.question_id, *more, model.month, model.counts).where(
            model.workspace_id == asked.workspace_id,
            model.question_id.in_(asked.kinds),
            model.month >= asked.first_month,
            model.month < asked.until,
        )
    )


def _daily(months: Iterable[tuple[K, date, bytes]], asked: Asked, places: int) -> dict[K, Counts]:
    """Counts of the days of the period before and of the period, shape (2 · length, places)."""
    first, skipped = asked.first_month, (asked.before - asked.first_month).days
    # With room for the 31 days of the last month, which may go on after the period.
    whole = skipped + 2 * asked.length + DAYS
    sums: dict[K, Counts] = {}
    for key, month, packed in months:
        if key not in sums:
            sums[key] = np.zeros((whole, places), dtype=np.int64)
        start = (month - first).days
        sums[key][start : start + DAYS] += unpack(packed, places)
    return {key: days[skipped : skipped + 2 * asked.length] for key, days in sums.items()}


def _add(counts: dict[str, int], kind: str, sums: Sequence[int]) -> None:
    """Add sums by place in the cells to counts by category."""
    for category, n in zip((*categories(kind), UNSCORED), sums, strict=True):
        if n:
            counts[category] = counts.get(category, 0) + n


def _edges(length: int) -> list[int]:
    """The period in twelve steps as equal as whole days allow: where each begins, and the end.

    >>> _edges(30)
    [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30]
    """
    return [-(-step * length // STEPS) for step in range(STEPS + 1)]


def _theme_counts(of_kinds: Mapping[str, Counts], asked: Asked) -> ThemeCounts:
    """of_kinds: days by metric, as of `_daily`."""
    counts: dict[str, int] = {}
    for kind, days in of_kinds.items():
        by_place = days[asked.length :].sum(axis=0).reshape(len(COMMENT_PLACES), len(SENTIMENTS))
        _add(counts, kind, by_place.sum(axis=1).tolist())
    days = sum(of_kinds.values(), start=np.zeros((), dtype=np.int64))
    by_day = days.sum(axis=1)
    until_day = np.concatenate([[0], np.cumsum(by_day[asked.length :])])
    by_tone = days[asked.length :].sum(axis=0).reshape(len(COMMENT_PLACES), -1).sum(axis=0)
    return ThemeCounts(
        counts,
        negative=int(by_tone[SENTIMENTS.index("negative")]),
        positive=int(by_tone[SENTIMENTS.index("positive")]),
        previous_n=int(by_day[: asked.length].sum()),
        trend=tuple(np.diff(until_day[_edges(asked.length)]).tolist()),
    )
