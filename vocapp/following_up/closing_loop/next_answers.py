"""Reads: of cases on a low score, what their people answered next.

Tens of thousands of rows are read for one page: they are tuples, and what is made of their texts
is made once for each text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from surveys.closed_loop import Next, OutcomeName, lowest_scores, outcome_of
from surveys.segments import revenue_band, tenure_band
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.extensions import db
from vocapp.following_up.asking_again.models import AskedAgain
from vocapp.following_up.closing_loop.cases import Asked, cases_of, groups_of
from vocapp.following_up.closing_loop.passing import facts_in, passing_of
from vocapp.workspaces.reach import Reach

KINDS = ("nps", "csat", "ces")
# Between the first answer and the next, in days: who answers later has forgotten more.
_GAPS = (45, 120)


class Alike(NamedTuple):
    """What two next answers have alike that count as one kind of people: of a case that was opened
    on a score of the lowest category, that score (`before`) and the person's next one to a survey
    of the same kind; gap: how many of the limits of days lie between both. asked_for: they were
    asked for it after the case was resolved. groups: those of the case."""

    groups: tuple[str | None, ...]
    kind: str
    before: int
    after: int
    contacted: bool
    gap: int
    revenue: str | None
    tenure: str | None
    asked_for: bool

    @property
    def outcome(self) -> OutcomeName:
        return outcome_of(self.kind, self.before, self.after)

    def as_next(self, count: int) -> Next:
        """So many of them, with what has to be alike for two people to be compared."""
        like = (self.kind, self.before, self.gap, self.revenue, self.tenure)
        return Next(self.outcome, self.contacted, like, count, asked_for=self.asked_for)


def next_answers(
    workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool
) -> Iterator[tuple[UUID, Alike]]:
    """Of each case, by its id, the first answer after the one that opened it; cases without one
    are left out, as are answers of surveys that single nobody out."""
    reading = _Reading(workspace_id, asked, reach, split=split)
    for kind, rows in reading.rows(with_ids=True):
        for case_id, *row in rows:
            if found := reading.made(kind, tuple(row)):
                yield case_id, found


def count_next_answers(
    workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool
) -> Counter[Alike]:
    """How many of the same there are that are alike: each is made once of what was read."""
    reading = _Reading(workspace_id, asked, reach, split=split)
    counts: Counter[Alike] = Counter()
    for kind, rows in reading.rows(with_ids=False):
        for row, n in Counter(map(tuple, rows)).items():
            if found := reading.made(kind, row):
                counts[found] += n
    return counts


class _Reading:
    """The statements, and what is made of their rows."""

    def __init__(self, workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool) -> None:
        self._workspace_id = workspace_id
        self._passing = passing_of(workspace_id, asked.filter)
        self._cases = cases_of(
            workspace_id, asked, reach, passing=self._passing, split=split, with_answers=True
        )  # fmt: skip
        self._groups = groups_of(workspace_id, asked.by if split else None)
        self._revenue, self._tenure = cache(_revenue), cache(_tenure)

    def rows(self, *, with_ids: bool) -> Iterator[tuple[str, Iterable[Sequence[Any]]]]:
        """(kind of the surveys, rows)."""
        for kind, surveys in _surveys_of_kinds(self._workspace_id).items():
            statement = _nexts(self._cases, kind, surveys, with_ids=with_ids)
            yield kind, db.session.execute(statement)

    def made(self, kind: str, row: tuple[Any, ...]) -> Alike | None:
        """None: a filter does not hold."""
        value, before, after, contacted, gap, mrr, currency, started, day, again, *facts = row
        if self._passing and not self._passing.holds(facts):
            return None
        return Alike(
            self._groups(value), kind, before, after, bool(contacted), gap,
            self._revenue(mrr, currency), self._tenure(started, day), bool(contacted and again),
        )  # fmt: skip


def _surveys_of_kinds(workspace_id: UUID) -> dict[str, list[UUID]]:
    """Read first and named one by one: joined, each answer would look its survey up."""
    found: dict[str, list[UUID]] = defaultdict(list)
    rows = db.session.execute(
        select(Survey.kind, Survey.id).where(
            Survey.workspace_id == workspace_id,
            Survey.kind.in_(KINDS),
            Survey.confidential.is_(False),
        )
    )
    for kind, survey_id in rows:
        found[kind].append(survey_id)
    return found


def _nexts(cases: Subquery, kind: str, surveys: Collection[UUID], *, with_ids: bool) -> Any:
    """(case, if asked for; value, first score, next score, whether contacted by then, limits of
    days between both, revenue, currency, day of the start, day of the first answer where that is
    known, whether asked again, facts of a filter).

    When the next one was is found in an index alone, and what it was stands there as well: it is
    read itself only where the same person gave two at that instant, or was asked for it."""
    answer, later, twin = aliased(Response), aliased(Response), aliased(Response)

    def counts(each: Any) -> ColumnElement[bool]:
        return and_(
            each.workspace_id == cases.c.workspace_id,
            each.contact_id == cases.c.contact_id,
            each.score.is_not(None),
            _led_to_by_none(each.survey_id, each.workspace_id).in_(surveys),
        )

    next_at = (
        select(later.answered_at)
        .where(counts(later), later.answered_at > cases.c.answered_at)
        .order_by(later.answered_at)
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )
    is_twin = and_(counts(twin), twin.answered_at == answer.answered_at)
    given = select(func.count()).select_from(twin).where(is_twin).correlate(cases, answer)
    is_before = (
        exists()
        .where(is_twin, _led_to_by_none(twin.id, twin.workspace_id) < answer.id)
        .correlate(cases, answer)
    )
    return (
        select(
            *([cases.c.id] if with_ids else []), cases.c.value, cases.c.score, answer.score,
            and_(
                cases.c.first_contact_at.is_not(None),
                cases.c.first_contact_at < answer.answered_at,
            ),
            _gap(cases.c.answered_at, answer.answered_at), cases.c.mrr, cases.c.currency,
            cases.c.started_on,
            case((cases.c.started_on.is_not(None), _day(cases.c.answered_at))),
            AskedAgain.follow_up_id.is_not(None),
            *facts_in(cases),
        )
        .select_from(cases)
        .join(answer, and_(counts(answer), answer.answered_at == next_at))
        .outerjoin(
            AskedAgain,
            (AskedAgain.workspace_id == cases.c.workspace_id)
            & (AskedAgain.follow_up_id == cases.c.id)
            & (AskedAgain.invitation_id == answer.invitation_id),
        )
        .where(
            cases.c.survey_id.in_(surveys),
            cases.c.score.in_(lowest_scores(kind)),
            or_(given.scalar_subquery() == 1, ~is_before),
        )
    )  # fmt: skip


def _led_to_by_none(column: Any, never_null: Any) -> ColumnElement[Any]:
    """A column that is never null, said so that SQLite takes no index by it: it does not know how
    few answers are of one person. PostgreSQL does, as long as it sees the column itself."""
    if db.session.get_bind().dialect.name == "postgresql":
        return column
    return func.coalesce(column, never_null)


def _gap(since: Any, until: Any) -> ColumnElement[int]:
    """How many of the limits of days lie between two instants."""
    days, (first, second) = _days(since, until), _GAPS
    return case((days > second, 2), (days > first, 1), else_=0)


def _days(since: Any, until: Any) -> ColumnElement[int]:
    """Whole days between two instants."""
    if db.session.get_bind().dialect.name == "postgresql":
        return cast(func.floor(func.extract("epoch", until - since) / 86_400), Integer)
    seconds = func.unixepoch(until, type_=Integer()) - func.unixepoch(since, type_=Integer())
    return seconds // 86_400


def _day(at: Any) -> ColumnElement[str]:
    """The day of an instant as a text, as UTC has it."""
    if db.session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", at), "YYYY-MM-DD", type_=String())
    return func.date(at, type_=String())


def _revenue(mrr: str | None, currency: str | None) -> str | None:
    try:
        return revenue_band(int(mrr), currency) if mrr is not None else None
    except ValueError:
        return None


def _tenure(started_on: str | None, day: str | None) -> str | None:
    if not started_on or day is None:
        return None
    try:
        return tenure_band((date.fromisoformat(day) - date.fromisoformat(started_on)).days)
    except ValueError:
        return None
