"""Reads: of cases on a low score, what their people answered next.

Tens of thousands of rows are read for one page: they are tuples, and what is made of their texts
is made once for each text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, String, Subquery, and_, cast, func, select
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


class NextAnswer(NamedTuple):
    """A case that was opened on a score of the lowest category, and the person's next answer to a
    survey of that kind; gap: how many of the limits of days lie between both. asked_for: they were
    asked for it after the case was resolved. groups: those of its case."""

    case_id: UUID
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


def as_next(
    kind: str,
    before: int,
    after: int,
    contacted: bool,
    gap: int,
    revenue: str | None,
    tenure: str | None,
    asked_for: bool,
    *,
    count: int,
) -> Next:
    """Next answers that are alike, with what has to be alike for two people to be compared."""
    like = (kind, before, gap, revenue, tenure)
    outcome = outcome_of(kind, before, after)
    return Next(outcome, contacted, like, count, asked_for=asked_for)


def next_answers(
    workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool
) -> Iterator[NextAnswer]:
    """Of each case the first answer after the one that opened it; cases without one are left out,
    as are answers of surveys that single nobody out."""
    passing = passing_of(workspace_id, asked.filter)
    cases = cases_of(
        workspace_id, asked, reach, passing=passing, split=split, with_answers=True
    )  # fmt: skip
    groups = groups_of(workspace_id, asked.by if split else None)
    revenue, tenure = cache(_revenue), cache(_tenure)
    for kind, surveys in _surveys_of_kinds(workspace_id).items():
        for row in db.session.execute(_nexts(cases, kind, surveys)):
            (case_id, value, before, after, contacted, days, mrr, currency, started, day, again,
             *facts) = row  # fmt: skip
            if passing and not passing.holds(facts):
                continue
            gap = sum([days > edge for edge in _GAPS])
            yield NextAnswer(
                case_id, groups(value), kind, before, after, contacted, gap,
                revenue(mrr, currency), tenure(started, day), contacted and again,
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


def _nexts(cases: Subquery, kind: str, surveys: Collection[UUID]) -> Any:
    """(case, value, first score, next score, whether contacted by then, days between both, revenue,
    currency, day of the start, day of the first answer, whether asked again, facts of a filter).

    Which the next one is, is found in an index alone, and only then is that one read."""
    later, answer = aliased(Response), aliased(Response)
    first = (
        select(later.id)
        .where(
            later.workspace_id == cases.c.workspace_id,
            later.contact_id == cases.c.contact_id,
            later.answered_at > cases.c.answered_at,
            later.score.is_not(None),
            # Said so that no index by survey is taken: all that was answered later is in it.
            func.coalesce(later.survey_id, later.workspace_id).in_(surveys),
        )
        .order_by(later.answered_at, later.id)
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )
    low = (
        select(
            cases.c.workspace_id, cases.c.id, cases.c.value, cases.c.score,
            cases.c.first_contact_at, cases.c.answered_at, cases.c.mrr, cases.c.currency,
            cases.c.started_on, first.label("next_id"), *facts_in(cases),
        )
        .where(cases.c.survey_id.in_(surveys), cases.c.score.in_(lowest_scores(kind)))
        .subquery()
    )  # fmt: skip
    return (
        select(
            low.c.id, low.c.value, low.c.score, answer.score,
            and_(low.c.first_contact_at.is_not(None), low.c.first_contact_at < answer.answered_at),
            _days(low.c.answered_at, answer.answered_at), low.c.mrr, low.c.currency,
            low.c.started_on, _day(low.c.answered_at), AskedAgain.follow_up_id.is_not(None),
            *facts_in(low),
        )
        .join(answer, (answer.workspace_id == low.c.workspace_id) & (answer.id == low.c.next_id))
        .outerjoin(
            AskedAgain,
            (AskedAgain.workspace_id == low.c.workspace_id)
            & (AskedAgain.follow_up_id == low.c.id)
            & (AskedAgain.invitation_id == answer.invitation_id),
        )
    )  # fmt: skip


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


def _tenure(started_on: str | None, day: str) -> str | None:
    if not started_on:
        return None
    try:
        return tenure_band((date.fromisoformat(day) - date.fromisoformat(started_on)).days)
    except ValueError:
        return None
