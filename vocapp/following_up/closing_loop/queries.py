"""Reads: cases of a period as sums, and the next answers of their people.

A statement each for first contact, resolution and, by kind of survey, next answers; the database
adds up cases that are alike, so that 200,000 of them are some thousand rows. `reach`: only cases of
accounts within it, also where a case of another one was given to the reader: such a case opens no
other answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.orm import aliased

from surveys.closed_loop import (
    Compared,
    Next,
    OutcomeName,
    Timing,
    compare,
    lowest_scores,
    outcome_of,
    timing,
)
from surveys.periods import day_bounds
from surveys.ratios import Figure, share
from surveys.segments import revenue_band, tenure_band
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.extensions import db
from vocapp.following_up.asking_again.models import AskedAgain
from vocapp.following_up.models import MERGED, FollowUp
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import BadInput
from vocapp.understanding.models import Assignment, Theme
from vocapp.workspaces.reach import Reach

MOST_GROUPS = 50
KINDS = ("nps", "csat", "ces")
# Between the first answer and the next, in days: who answers later has forgotten more.
_GAPS = (45, 120)
_NAME = re.compile(r"[\w-][\w -]{0,99}")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases: opened from `since` to before `until` (days of the workspace, None: no end).

    by: owner, team, theme, or an attribute of answers as it was said with the answer.
    """

    since: date | None
    until: date | None
    time_zone: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """What became of the cases of a period, or of a group of them.

    contact, resolution: time since opening; in_sla: of those whose due time has passed, the share
    contacted by then; not_due: those of which it is not known yet.
    """

    contact: Timing
    resolution: Timing
    in_sla: Figure
    not_due: int
    compared: Compared

    @property
    def n(self) -> int:
        return self.contact.n


@dataclass(frozen=True, slots=True)
class Told:
    """overall; groups: value → its cases, the most first; is_too_many: more than can be read."""

    overall: Loop
    groups: dict[str | None, Loop] = field(default_factory=dict)
    is_too_many: bool = False


@dataclass(slots=True)
class _Sums:
    contact: list[tuple[int, bool, int]] = field(default_factory=list)
    resolution: list[tuple[int, bool, int]] = field(default_factory=list)
    sla: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    next: list[Next] = field(default_factory=list)

    def loop(self) -> Loop:
        return Loop(
            contact=timing(*_columns(self.contact)),
            resolution=timing(*_columns(self.resolution)),
            in_sla=share(self.sla["in_time"], self.sla["in_time"] + self.sla["late"]),
            not_due=self.sla["not_due"],
            compared=compare(self.next),
        )


def closed_loop(workspace_id: UUID, asked: Asked, *, reach: Reach, now: datetime) -> Told:
    """How soon people were contacted, and whether they recovered more than like ones who were not.

    With themes a case counts in each of its own, and once in all. Raises BadInput for an
    attribute that cannot be one.
    """
    if asked.by is None or asked.by == "theme":
        overall = _all_of(_read(workspace_id, asked, reach, now, split=False)).loop()
        if asked.by is None:
            return Told(overall)
        by_value = _read(workspace_id, asked, reach, now, split=True)
    else:  # each case is in one group
        by_value = _read(workspace_id, asked, reach, now, split=True)
        overall = _all_of(by_value).loop()
    if len(by_value) > MOST_GROUPS:
        return Told(overall, is_too_many=True)
    loops = {value: each.loop() for value, each in by_value.items()}
    ordered = sorted(loops.items(), key=lambda item: (-item[1].n, item[0] is None, item[0] or ""))
    return Told(overall, dict(ordered))


def _all_of(groups: Mapping[str | None, _Sums]) -> _Sums:
    found = _Sums()
    for each in groups.values():
        found.contact += each.contact
        found.resolution += each.resolution
        found.next += each.next
        for sla, n in each.sla.items():
            found.sla[sla] += n
    return found


def _read(
    workspace_id: UUID, asked: Asked, reach: Reach, now: datetime, *, split: bool
) -> dict[str | None, _Sums]:
    found: dict[str | None, _Sums] = defaultdict(_Sums)
    cases = cases_of(workspace_id, asked, reach, split=split, with_answers=False)
    for value, hours, is_done, sla, n in db.session.execute(_contacts(cases, now)):
        sums = found[text_of(value)]
        sums.contact.append((hours, bool(is_done), n))
        sums.sla[sla] += n
    for value, hours, is_done, n in db.session.execute(_resolutions(cases, now)):
        found[text_of(value)].resolution.append((hours, bool(is_done), n))
    for answer in next_answers(workspace_id, asked, reach, split=split):
        found[answer.value].next.append(answer.as_next())
    return found


def text_of(value: UUID | str | None) -> str | None:
    """A group as addresses name it."""
    return None if value is None else str(value)


def _columns(rows: list[tuple[int, bool, int]]) -> Any:
    return zip(*rows, strict=True) if rows else ((), (), ())


# --- cases --------------------------------------------------------------------------------


def cases_of(
    workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool, with_answers: bool
) -> Subquery:
    """The cases that are asked for, each with its group (`value`).

    with_answers: also with the answer that opened it, which has to be read for that; without, an
    index has all that is asked. What stands in another case of the same person is worked on there,
    and counts there.
    """
    value = _value_of(asked.by) if split and asked.by else literal(None)
    query = (
        select(
            FollowUp.id, FollowUp.workspace_id, FollowUp.contact_id, FollowUp.state,
            FollowUp.opened_at, FollowUp.due_at, FollowUp.first_contact_at, FollowUp.resolved_at,
            value.label("value"),
        )
        .select_from(FollowUp)
        .where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.state != MERGED,
            of_accounts_within(reach, workspace_id, FollowUp.account_id),
        )
    )  # fmt: skip
    if with_answers or (split and asked.by and _is_attribute(asked.by)):
        query = query.join(Response, _OPENED_IT).where(
            Response.survey_id.not_in(confidential_surveys(workspace_id))
        )
    elif db.session.scalar(confidential_surveys(workspace_id).limit(1)):
        of_confidential = Response.survey_id.in_(confidential_surveys(workspace_id))
        query = query.where(~exists().where(_OPENED_IT, of_confidential))
    if with_answers:
        query = query.add_columns(
            Response.survey_id, Response.answered_at, Response.score,
            Response.attributes["mrr"].as_string().label("mrr"),
            Response.attributes["currency"].as_string().label("currency"),
            Response.attributes["started_on"].as_string().label("started_on"),
        )  # fmt: skip
    if split and asked.by == "theme":
        query = query.outerjoin(
            Assignment,
            (Assignment.workspace_id == FollowUp.workspace_id)
            & (Assignment.response_id == FollowUp.response_id),
        ).outerjoin(
            Theme,
            (Theme.workspace_id == Assignment.workspace_id) & (Theme.id == Assignment.theme_id),
        )
    if asked.since:
        query = query.where(FollowUp.opened_at >= day_bounds(asked.since, asked.time_zone)[0])
    if asked.until:
        query = query.where(FollowUp.opened_at < day_bounds(asked.until, asked.time_zone)[0])
    return query.subquery("cases")


_OPENED_IT = (Response.workspace_id == FollowUp.workspace_id) & (
    Response.id == FollowUp.response_id
)
_COLUMNS = {"owner": FollowUp.owner_user_id, "team": FollowUp.team, "theme": Theme.key}


def _is_attribute(by: str) -> bool:
    return by not in _COLUMNS


def _value_of(by: str) -> Any:
    if not _is_attribute(by):
        return _COLUMNS[by]
    if not may_split_by(by):
        raise BadInput.of("by", "expected owner, team, theme or an attribute of answers")
    return Response.attributes[by].as_string()


def may_split_by(by: str) -> bool:
    """Whether it can be the name of a split."""
    return _NAME.fullmatch(by) is not None


def _contacts(cases: Subquery, now: datetime) -> Any:
    """(value, hours, whether contacted, in time or late or not due, how many)."""
    at = cases.c.first_contact_at
    hours = _hours(cases.c.opened_at, func.coalesce(at, now, type_=at.type))
    sla = case(
        (and_(at.is_not(None), at <= cases.c.due_at, cases.c.due_at <= now), "in_time"),
        (cases.c.due_at <= now, "late"),
        else_="not_due",
    )
    return _counted(cases, hours, at.is_not(None), sla)


def _resolutions(cases: Subquery, now: datetime) -> Any:
    """(value, hours, whether resolved, how many). Closed without contact is not resolved."""
    at = case((cases.c.state == "resolved", cases.c.resolved_at), else_=None)
    hours = _hours(cases.c.opened_at, func.coalesce(at, now, type_=cases.c.resolved_at.type))
    return _counted(cases, hours, at.is_not(None))


def _counted(cases: Subquery, *columns: Any) -> Any:
    named = [each.label(f"c{place}") for place, each in enumerate(columns)]
    rows = select(cases.c.value, *named).subquery()
    return select(*rows.c, func.count()).group_by(*rows.c)


def _hours(since: Any, until: Any) -> ColumnElement[int]:
    """Begun hours between two instants, 1 at least: what took 90 minutes was done within 2."""
    if db.session.get_bind().dialect.name == "postgresql":
        whole = cast(func.ceil(func.extract("epoch", until - since) / 3600), Integer)
        return func.greatest(whole, 1, type_=Integer())
    seconds = func.unixepoch(until, type_=Integer()) - func.unixepoch(since, type_=Integer())
    return func.max((seconds + 3599) // 3600, 1, type_=Integer())


# --- next answers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextAnswer:
    """A case that was opened on a score of the lowest category, and the person's next answer to a
    survey of that kind; gap: days between both. asked_for: they were asked for it after the case
    was resolved."""

    case_id: UUID
    value: str | None
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

    def as_next(self) -> Next:
        """With what has to be alike for two people to be compared."""
        gap = sum(self.gap > edge for edge in _GAPS)
        like = (self.kind, self.before, gap, self.revenue, self.tenure)
        return Next(self.outcome, self.contacted, like, asked_for=self.asked_for)


def next_answers(
    workspace_id: UUID, asked: Asked, reach: Reach, *, split: bool
) -> Iterator[NextAnswer]:
    """Of each case the first answer after the one that opened it; cases without one are left out,
    as are answers of surveys that single nobody out."""
    cases = cases_of(workspace_id, asked, reach, split=split, with_answers=True)
    for kind, surveys in _surveys_of_kinds(workspace_id).items():
        rows = db.session.execute(_nexts(cases, kind, surveys))
        for row in rows:
            case_id, value, before, contact, then, mrr, currency, started, after, at, again = row
            is_contacted = contact is not None and contact < at
            yield NextAnswer(
                case_id=case_id,
                value=text_of(value),
                kind=kind,
                before=before,
                after=after,
                contacted=is_contacted,
                gap=(at - then).days,
                revenue=_revenue(mrr, currency),
                tenure=_tenure(started, then.date()),
                asked_for=is_contacted and again is not None,
            )


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
    """Which the next one is, is found in an index alone, and only then is that one read."""
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
            cases.c.started_on, first.label("next_id"),
        )
        .where(cases.c.survey_id.in_(surveys), cases.c.score.in_(lowest_scores(kind)))
        .subquery()
    )  # fmt: skip
    return (
        select(
            low.c.id, low.c.value, low.c.score, low.c.first_contact_at, low.c.answered_at,
            low.c.mrr, low.c.currency, low.c.started_on, answer.score, answer.answered_at,
            AskedAgain.follow_up_id,
        )
        .join(answer, (answer.workspace_id == low.c.workspace_id) & (answer.id == low.c.next_id))
        .outerjoin(
            AskedAgain,
            (AskedAgain.workspace_id == low.c.workspace_id)
            & (AskedAgain.follow_up_id == low.c.id)
            & (AskedAgain.invitation_id == answer.invitation_id),
        )
    )  # fmt: skip


def _revenue(mrr: str | None, currency: str | None) -> str | None:
    try:
        return revenue_band(int(mrr), currency) if mrr is not None else None
    except ValueError:
        return None


def _tenure(started_on: str | None, day: date) -> str | None:
    try:
        return tenure_band((day - date.fromisoformat(started_on)).days) if started_on else None
    except ValueError:
        return None
