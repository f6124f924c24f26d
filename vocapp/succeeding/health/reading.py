"""What is known of many accounts at one instant, in a fixed number of statements.

What a workspace tells of nobody is not known of anybody: an account without log-ins is silent
only where log-ins are sent at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from surveys.health_facts import ANSWER_FRESH_DAYS, ANSWER_STALE_DAYS, HealthFacts, LastScore
from surveys.lifecycle import OnboardingRule
from surveys.periods import local_day
from surveys.scoring import METRICS
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.following_up.models import ACTIVE_STATES, FollowUp, FollowUpEntry
from vocapp.people.events.activity import hour_of
from vocapp.people.events.invoices import invoices_of, overdue_days
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
)
from vocapp.people.events.subscriptions import changes_of
from vocapp.people.models import Account
from vocapp.people.roles import champions_of
from vocapp.succeeding import onboarding
from vocapp.succeeding.goals.queries import goal_standing
from vocapp.succeeding.health.measures import (
    DOWNGRADE,
    PERIOD_DAYS,
    PERIODS_BEFORE,
    TOUCHES,
    before_per_period,
    days_since,
    days_since_start,
    pays_less,
)
from vocapp.succeeding.touchpoints.model_versions import lifecycle_in, stored_in_force
from vocapp.understanding.models import Analysis

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_CHAMPION_DAYS = 180  # after that an account without one is like any that names nobody
_USAGE_DAYS = PERIOD_DAYS * (PERIODS_BEFORE + 1)

ByAccount = dict[UUID, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose facts, as of when."""

    session: Session
    workspace_id: UUID
    ids: Sequence[UUID]
    time_zone: str
    now: datetime

    def of(self, model: type[Any]) -> ColumnElement[bool]:
        return and_(model.workspace_id == self.workspace_id, model.account_id.in_(self.ids))

    def days_since(self, instant: datetime) -> int:
        return days_since(instant, self.now)

    @property
    def today(self) -> date:
        return local_day(self.now, self.time_zone)


def read_facts(
    session: Session,
    workspace_id: UUID,
    account_ids: Collection[UUID],
    *,
    time_zone: str,
    now: datetime,
) -> dict[UUID, HealthFacts]:
    """Account → what is known of it; accounts that are gone are left out."""
    asked = _Asked(session, workspace_id, sorted(account_ids), time_zone, now)
    if not asked.ids:
        return {}
    accounts = session.execute(
        select(
            Account.id, Account.owner_user_id, Account.started_on,
            stored_in_force(workspace_id).label("model"),
        ).where(Account.workspace_id == workspace_id, Account.id.in_(asked.ids))
    ).all()  # fmt: skip
    if not accounts:
        return {}
    rule = lifecycle_in(accounts[0].model).onboarding
    told = _told_in(asked, rule)
    started = {row.id: row.started_on for row in accounts}
    parts = (
        _scores(asked), _comments(asked),
        _uses(asked, started, told), _people(asked, started, told), _logins(asked, started, told),
        _set_up(asked, started, told, rule),
        _cases(asked), _touches(asked), _goals(asked), _payment(asked), _invoices(asked),
        _champions(asked),
    )  # fmt: skip
    found = {}
    for row in accounts:
        known: dict[str, Any] = {"has_owner": row.owner_user_id is not None} if told.owners else {}
        for part in parts:
            known |= part.get(row.id, {})
        found[row.id] = replace(HealthFacts(), **known)
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """What the workspace tells of anybody: uses, log-ins and people of the last 28 days, without
    which the sender is silent and not the customers; set-ups and owners at all.
    """

    uses: bool
    logins: bool
    people: bool
    set_ups: bool
    owners: bool
    since: datetime | None  # the first event of all: what was before nobody told


def _told_in(asked: _Asked, rule: OnboardingRule) -> _Told:
    late = asked.now - PERIOD_DAYS * _DAY
    row = asked.session.execute(
        select(
            _somebody(asked, late, ActivityHour.uses > 0),
            _somebody(asked, late, ActivityHour.logins > 0),
            exists().where(
                ActiveDay.workspace_id == asked.workspace_id, ActiveDay.day >= late.date()
            ),
            onboarding.told(asked.workspace_id, rule),
            exists().where(
                Account.workspace_id == asked.workspace_id, Account.owner_user_id.is_not(None)
            ),
            select(func.min(AccountEvent.at))
            .where(AccountEvent.workspace_id == asked.workspace_id)
            .scalar_subquery(),
        )
    ).one()
    return _Told(*row)


def _somebody(asked: _Asked, late: datetime, does: ColumnElement[bool]) -> ColumnElement[bool]:
    """Account by account, so that the key finds the late hours of each."""
    does_late = exists().where(
        ActivityHour.workspace_id == asked.workspace_id,
        ActivityHour.account_id == Account.id,
        ActivityHour.hour >= late,
        does,
    )
    return exists().where(Account.workspace_id == asked.workspace_id, does_late)


# --- what they said -----------------------------------------------------------------------


def _shown(asked: _Asked, since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Their answers since then: not of confidential surveys, which single nobody out."""
    return (
        asked.of(Response),
        Response.answered_at > since,
        Response.answered_at <= asked.now,
        Response.survey_id.not_in(confidential_surveys(asked.workspace_id)),
    )


def _scores(asked: _Asked) -> ByAccount:
    """The last answer of each kind, and its change against that person's own before."""
    newest = (Response.answered_at.desc(), Response.id.desc())
    of_kind = (Response.account_id, Survey.kind)
    ranked = (
        select(
            Response.account_id, Response.contact_id, Survey.kind, Response.score,
            Response.answered_at,
            func.row_number().over(partition_by=of_kind, order_by=newest).label("place"),
            func.lead(Response.score)
            .over(partition_by=(*of_kind, Response.contact_id), order_by=newest)
            .label("before"),
        )
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(
            *_shown(asked, asked.now - ANSWER_STALE_DAYS * _DAY),
            Response.score.is_not(None),
            Survey.kind.in_(METRICS),
        )
        .subquery()
    )  # fmt: skip
    found: dict[UUID, list[LastScore]] = defaultdict(list)
    rows = asked.session.execute(select(ranked).where(ranked.c.place == 1).order_by(ranked.c.kind))
    for row in rows:
        is_same_person = row.contact_id is not None and row.before is not None
        change = row.score - row.before if is_same_person else None
        days = asked.days_since(row.answered_at)
        found[row.account_id].append(LastScore(row.kind, row.score, days_ago=days, change=change))
    return {key: {"last_scores": tuple(scores)} for key, scores in found.items()}


def _comments(asked: _Asked) -> ByAccount:
    rows = asked.session.execute(
        select(
            Response.account_id,
            func.count(),
            func.count().filter(Analysis.sentiment == "negative"),
        )
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(
            *_shown(asked, asked.now - ANSWER_FRESH_DAYS * _DAY), Analysis.sentiment.is_not(None)
        )
        .group_by(Response.account_id)
    )
    return {
        account_id: {"negative_comment_share": negative / n}
        for account_id, n, negative in rows
        if account_id is not None
    }


# --- what they do -------------------------------------------------------------------------


def _uses(asked: _Asked, started: Mapping[UUID, date | None], told: _Told) -> ByAccount:
    if not told.uses:
        return {}
    until = hour_of(asked.now) + _HOUR
    recent = until - PERIOD_DAYS * _DAY
    is_recent = ActivityHour.hour >= recent
    rows = asked.session.execute(
        select(
            ActivityHour.account_id,
            func.sum(case((is_recent, ActivityHour.uses), else_=0)),
            func.sum(case((is_recent, 0), else_=ActivityHour.uses)),
        )
        .where(
            asked.of(ActivityHour),
            ActivityHour.hour >= until - _USAGE_DAYS * _DAY,
            ActivityHour.hour < until,
        )
        .group_by(ActivityHour.account_id)
    )
    sums = {account_id: (int(now), int(before)) for account_id, now, before in rows}
    return _against_before(asked, started, sums, "uses_28_days", "uses_before")


def _people(asked: _Asked, started: Mapping[UUID, date | None], told: _Told) -> ByAccount:
    """Of each period apart: who is active in two of them is active in both."""
    if not told.people:
        return {}
    until = hour_of(asked.now).date() + _DAY
    starts = [until - PERIOD_DAYS * (back + 1) * _DAY for back in range(PERIODS_BEFORE + 1)]
    period = case(*((ActiveDay.day >= day, back) for back, day in enumerate(starts)))
    rows = asked.session.execute(
        select(
            ActiveDay.account_id,
            period.label("back"),
            func.count(ActiveDay.contact_id.distinct()),
        )
        .where(
            asked.of(ActiveDay), ActiveDay.day >= starts[-1], ActiveDay.day < until,
            ActiveDay.events > 0,
        )
        .group_by(ActiveDay.account_id, "back")
    )  # fmt: skip
    sums: dict[UUID, tuple[int, int]] = {}
    for account_id, back, n in rows:
        now, before = sums.get(account_id, (0, 0))
        sums[account_id] = (now, before + n) if back else (now + n, before)
    return _against_before(asked, started, sums, "active_28_days", "active_before")


def _against_before(
    asked: _Asked,
    started: Mapping[UUID, date | None],
    sums: Mapping[UUID, tuple[int, int]],
    now_name: str,
    before_name: str,
) -> ByAccount:
    """Now, and before per 28 days."""
    found = {}
    for account_id, started_on in started.items():
        now, before = sums.get(account_id, (0, 0))
        per_period = before_per_period(before, started_on, asked.today)
        found[account_id] = {now_name: now, before_name: per_period}
    return found


def _logins(asked: _Asked, started: Mapping[UUID, date | None], told: _Told) -> ByAccount:
    """Who never logged in has not done so since the start, or since log-ins are told at all."""
    if not told.logins:
        return {}
    # One by one, the newest by the key: a maximum would read every hour of each.
    last = (
        select(ActivityHour.hour)
        .where(
            ActivityHour.workspace_id == asked.workspace_id,
            ActivityHour.account_id == Account.id,
            ActivityHour.hour <= asked.now,
            ActivityHour.logins > 0,
        )
        .order_by(ActivityHour.hour.desc())
        .limit(1)
        .correlate(Account)
        .scalar_subquery()
    )
    rows = asked.session.execute(
        select(Account.id, last).where(
            Account.workspace_id == asked.workspace_id, Account.id.in_(asked.ids)
        )
    )
    found: ByAccount = {}
    for account_id, hour in rows:
        start = days_since_start(started[account_id], asked.today)
        days = asked.days_since(hour) if hour else start
        if hour is None and days is not None and told.since is not None:
            days = min(days, asked.days_since(told.since))
        found[account_id] = {"days_since_login": days}
    return found


def _set_up(
    asked: _Asked, started: Mapping[UUID, date | None], told: _Told, rule: OnboardingRule
) -> ByAccount:
    if not told.set_ups:
        return {}
    done = onboarding.completed(
        asked.session, asked.workspace_id, rule, started, time_zone=asked.time_zone,
        now=asked.now,
    )  # fmt: skip
    return {
        account_id: {
            "is_set_up": account_id in done,
            "days_since_start": days_since_start(started_on, asked.today),
        }
        for account_id, started_on in started.items()
    }


# --- what is between us -------------------------------------------------------------------


def _cases(asked: _Asked) -> ByAccount:
    """Known of whoever ever had a case: none at all may as well mean that nobody was asked."""
    is_open = FollowUp.state.in_(ACTIVE_STATES)
    rows = asked.session.execute(
        select(
            FollowUp.account_id,
            func.count().filter(is_open),
            func.count().filter(is_open, FollowUp.due_at < asked.now),
            func.min(FollowUp.opened_at).filter(is_open),
        )
        .where(asked.of(FollowUp), FollowUp.opened_at <= asked.now)
        .group_by(FollowUp.account_id)
    )
    return {
        account_id: {
            "open_cases": n,
            "overdue_cases": overdue,
            "oldest_open_days": asked.days_since(oldest) if oldest else None,
        }
        for account_id, n, overdue, oldest in rows
        if account_id is not None
    }


def _touches(asked: _Asked) -> ByAccount:
    """When a colleague last moved a case of theirs on or noted something."""
    rows = asked.session.execute(
        select(FollowUp.account_id, func.max(FollowUpEntry.at))
        .join(
            FollowUpEntry,
            (FollowUpEntry.workspace_id == FollowUp.workspace_id)
            & (FollowUpEntry.follow_up_id == FollowUp.id),
        )
        .where(
            asked.of(FollowUp),
            FollowUpEntry.at <= asked.now,
            FollowUpEntry.actor_user_id.is_not(None),
            or_(FollowUpEntry.kind.in_(TOUCHES), FollowUpEntry.note.is_not(None)),
        )
        .group_by(FollowUp.account_id)
    )
    return {
        account_id: {"days_since_touch": asked.days_since(at)}
        for account_id, at in rows
        if account_id is not None
    }


def _goals(asked: _Asked) -> ByAccount:
    """Known of whoever has goals that were not dropped."""
    standing = goal_standing(asked.session, asked.workspace_id, asked.ids, today=asked.today)
    return {
        account_id: {
            "goals_met": met, "goals_on_track": on_track, "goals_behind": behind,
            "goals_missed": missed,
        }
        for account_id, (on_track, behind, met, missed) in standing.items()
    }  # fmt: skip


def _champions(asked: _Asked) -> ByAccount:
    """Known where somebody has the role, or had it of late: elsewhere nobody told."""
    late = asked.now - _CHAMPION_DAYS * _DAY
    found = champions_of(asked.session, asked.workspace_id, asked.ids, now=asked.now)
    return {
        key: {"champion_left": not each.there}
        for key, each in found.items()
        if each.there or (each.left_at is not None and each.left_at > late)
    }


def _payment(asked: _Asked) -> ByAccount:
    """Whether what they pay a month is less than 90 days ago."""
    changes = changes_of(asked.session, asked.workspace_id, asked.ids, until=asked.now)
    since = asked.now - DOWNGRADE
    return {
        account_id: {"downgraded_lately": pays_less(told, since)}
        for account_id, told in changes.items()
    }


def _invoices(asked: _Asked) -> ByAccount:
    """Known of whoever an invoice was told of, paid or not."""
    told = invoices_of(asked.session, asked.workspace_id, asked.ids, until=asked.now)
    return {
        account_id: {"overdue_invoice_days": overdue_days(own, today=asked.today)}
        for account_id, own in told.items()
    }
