"""Scores and themes counted the slow way: straight from the stored answers, in plain Python.

Nothing here knows of cells, profiles, bands or filters of the service. What it shares with it
is the arithmetic of intervals, which has reference tables of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from surveys.inference import estimate, estimate_clustered
from vocapp.authoring.models import Question
from vocapp.collecting.models import Answer, Response
from vocapp.database import snapshot
from vocapp.understanding.models import Assignment, Theme

SCALES = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}
CATEGORIES = {
    "nps": [("promoter", {9, 10}), ("passive", {7, 8}), ("detractor", set(range(7)))],
    "csat": [("satisfied", {4, 5}), ("neutral", {3}), ("dissatisfied", {1, 2})],
    "ces": [("easy", {5, 6, 7}), ("neutral", {4}), ("difficult", {1, 2, 3})],
}


@dataclass(frozen=True)
class Row:
    """One stored answer to the primary question."""

    id: UUID
    survey: UUID
    contact: UUID | None
    account: UUID | None
    at: datetime
    score: int
    attributes: Mapping[str, Any]

    def day(self, zone: str) -> date:
        return self.at.astimezone(ZoneInfo(zone)).date()


def rows_of(workspace_id: UUID) -> list[Row]:
    """Every scored answer of a workspace, oldest first."""
    with snapshot() as session:
        responses = session.scalars(
            select(Response).where(Response.workspace_id == workspace_id)
        ).all()
        numbers = {
            (row.response_id, row.key): row.number
            for row in session.execute(
                select(Answer.response_id, Question.key, Answer.number)
                .join(Question, Question.id == Answer.question_id)
                .where(Answer.workspace_id == workspace_id, Answer.number.is_not(None))
            )
        }
    rows = [
        Row(
            r.id, r.survey_id, r.contact_id, r.account_id, r.answered_at,
            numbers[r.id, "score"], r.attributes,
        )
        for r in responses
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.at, row.id))


# --- values of attributes ---------------------------------------------------------------

Edges = Mapping[str, Sequence[float]]


def value_of(name: str, row: Row, edges: Edges) -> str | None:
    """The segment in which a row stands by one attribute; edges: of those counted in bands."""
    if name == "tenure_band":
        return _tenure(row)
    value = row.attributes.get(name)
    if value is None:
        return None
    if name in edges and isinstance(value, int):
        return _band(value, edges[name])
    return str(value)


def _tenure(row: Row) -> str | None:
    began = row.attributes.get("started_on")
    if began is None:
        return None
    days = (row.at.date() - date.fromisoformat(began)).days
    if days < 0:
        return None
    return "<3m" if days < 90 else "3-12m" if days < 365 else "1-2y" if days < 730 else ">=2y"


def _band(number: float, edges: Sequence[float]) -> str:
    above = sum(number >= edge for edge in edges)
    if above == 0:
        return f"<{edges[0]}"
    if above == len(edges):
        return f">={edges[-1]}"
    return f"{edges[above - 1]}-<{edges[above]}"


# --- filters, each beside what it should mean -------------------------------------------

FILTERS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "plan:in(pro)": lambda a: a.get("plan") == "pro",
    "region:empty": lambda a: a.get("region") is None,
    "role:not_in(admin)": lambda a: a.get("role") != "admin",
    "plan:in(pro,team);region:in(jp)": lambda a: (
        a.get("plan") in {"pro", "team"} and a.get("region") == "jp"
    ),
    "shoe:in(43)|channel:in(widget)": lambda a: a.get("shoe") == 43 or a.get("channel") == "widget",
}


# --- metrics ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What is asked. Days are inclusive, as in the API."""

    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    interval: str = "month"
    basis: str = "responses"
    filter: str = ""

    @property
    def query(self) -> str:
        parts = [("by", name) for name in self.by]
        parts += [("interval", self.interval), ("basis", self.basis)]
        for name, value in (("since", self.since), ("until", self.until), ("filter", self.filter)):
            if value:
                parts.append((name, str(value)))
        return "&".join(f"{name}={value}" for name, value in parts)


@dataclass
class Told:
    """A document of metrics, as far as a naive count can tell it."""

    overall: Mapping[str, Any]
    segments: Mapping[tuple[str | None, ...], Mapping[str, Any]] = field(default_factory=dict)
    series: Mapping[date, Mapping[str, Any]] = field(default_factory=dict)


def told(document: Mapping[str, Any]) -> Told:
    """The same of what the service says."""
    return Told(
        _figure(document["overall"]),
        {tuple(segment["by"].values()): _figure(segment) for segment in document["segments"]},
        {date.fromisoformat(point["start"]): _figure(point) for point in document["series"]},
    )


def _figure(shown: Mapping[str, Any]) -> dict[str, Any]:
    names = ("n", "value", "low", "high", "counts", "share", "design_effect")
    return {name: shown[name] for name in names if name in shown}


def count(
    rows: Sequence[Row], survey: UUID, kind: str, asked: Asked, *, zone: str, edges: Edges
) -> Told:
    """What the service should say of a survey."""
    chosen = [
        row
        for row in rows
        if row.survey == survey
        and (asked.since is None or asked.since <= row.day(zone))
        and (asked.until is None or row.day(zone) <= asked.until)
    ]
    if asked.basis != "responses":
        chosen = list({_unit(row, asked.basis): row for row in chosen}.values())
    if asked.filter:
        chosen = [row for row in chosen if FILTERS[asked.filter](row.attributes)]
    segments: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    series: dict[date, list[Row]] = defaultdict(list)
    for row in chosen:
        if asked.by:
            segments[tuple(value_of(name, row, edges) for name in asked.by)].append(row)
        series[_start(row.day(zone), asked.interval)].append(row)
    clustered = asked.basis == "responses"
    return Told(
        _score(kind, chosen, clustered=clustered, effect=True),
        {
            key: _score(kind, found, clustered=clustered, effect=True)
            for key, found in segments.items()
        },
        {start: _score(kind, found, clustered=clustered) for start, found in series.items()},
    )


def _unit(row: Row, basis: str) -> UUID:
    person = row.contact or row.id
    return person if basis == "people" else row.account or person


def _start(day: date, interval: str) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    if interval == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day


def _score(
    kind: str, rows: Sequence[Row], *, clustered: bool, effect: bool = False
) -> dict[str, Any]:
    scale = SCALES[kind]
    by_person: dict[UUID, list[int]] = defaultdict(list)
    for row in rows:
        by_person[row.contact or row.id if clustered else row.id].append(row.score)
    several = [_histogram(scale, scores) for scores in by_person.values() if len(scores) > 1]
    singles = [scores[0] for scores in by_person.values() if len(scores) == 1]
    if several:
        found = estimate_clustered(kind, several, singles=_histogram(scale, singles))
    else:
        found = estimate(kind, _histogram(scale, singles))
    n, scores = len(rows), [row.score for row in rows]
    counts = {name: sum(score in values for score in scores) for name, values in CATEGORIES[kind]}
    shown: dict[str, Any] = {"n": n, "counts": counts, "low": found.low, "high": found.high}
    shown["value"] = None
    if n and kind == "ces":
        shown["value"] = sum(scores) / n
    elif n:
        best, _, worst = counts.values()
        shown["value"] = 100 * (best - (worst if kind == "nps" else 0)) / n
    if kind == "ces":
        shown["share"] = 100 * counts["easy"] / n if n else None
    if effect:
        shown["design_effect"] = 1.0 if found.design_effect is None else found.design_effect
    return shown


def _histogram(scale: range, scores: Sequence[int]) -> list[int]:
    counted = Counter(scores)
    return [counted[point] for point in scale]


def differences(expected: Told, shown: Told) -> Iterator[str]:
    """Where two tellings differ, in words."""
    for place, left, right in (
        ("overall", {"": expected.overall}, {"": shown.overall}),
        ("segment", expected.segments, shown.segments),
        ("period", expected.series, shown.series),
    ):
        for key in left.keys() | right.keys():
            counted, said = left.get(key), right.get(key)
            if counted is None or said is None or not _alike(counted, said):
                yield f"{place} {key}: counted {counted}, told {said}"


def _alike(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) < 1e-6
    return bool(left == right)


# --- themes -----------------------------------------------------------------------------


def themes(
    workspace_id: UUID, rows: Sequence[Row], kinds: Mapping[UUID, str], *, zone: str,
    since: date, until: date,
) -> dict[str, tuple[dict[str, int], int, int]]:  # fmt: skip
    """Theme → responses by category, negative, positive; of local days, both included."""
    by_id = {row.id: row for row in rows}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, response_id, sentiment in _assignments(workspace_id):
        row = by_id[response_id]
        if since <= row.day(zone) <= until:
            (category,) = (n for n, scores in CATEGORIES[kinds[row.survey]] if row.score in scores)
            found[key].append((category, sentiment))
    return {
        key: (
            dict(Counter(category for category, _ in marks)),
            sum(sentiment == "negative" for _, sentiment in marks),
            sum(sentiment == "positive" for _, sentiment in marks),
        )
        for key, marks in found.items()
    }


def themed(workspace_id: UUID) -> list[tuple[UUID, str]]:
    """(Response, theme) wherever a response has a theme."""
    return [(response_id, key) for key, response_id, _ in _assignments(workspace_id)]


def _assignments(workspace_id: UUID) -> list[tuple[str, UUID, str]]:
    """(Theme, response, sentiment)."""
    with snapshot() as session:
        rows = session.execute(
            select(Theme.key, Assignment.response_id, Assignment.sentiment)
            .join(Theme, Theme.id == Assignment.theme_id)
            .where(Assignment.workspace_id == workspace_id)
            .order_by(Assignment.response_id, Theme.key)
        )
        return [(row.key, row.response_id, row.sentiment) for row in rows]
