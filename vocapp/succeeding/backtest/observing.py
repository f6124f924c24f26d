"""Rows of the back-test: accounts at the beginnings of past months, as was known then, and
whether they left within the days after, as is known now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import func, select

from surveys.health import health
from surveys.health_facts import COMPONENTS, HealthFacts
from surveys.health_observations import HORIZON_DAYS, Rows
from surveys.health_schemes import Scheme
from surveys.periods import day_bounds, local_day, period_start
from surveys.subscriptions import History
from vocapp.database import snapshot
from vocapp.people.events.models import AccountEvent
from vocapp.people.models import Account
from vocapp.succeeding.backtest.recalling import Told, read_past, told_at
from vocapp.succeeding.figures.business import Business, read_business
from vocapp.succeeding.health.schemes import scheme_in_force
from vocapp.succeeding.health.segmenting import facts_then
from vocapp.workspaces.nights import time_zone_of

MOST_MONTHS = 36  # older ones tell of another product
BATCH = 200  # accounts whose events are held at once

Say = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Observed:
    """rows: of months whose days are over. not_over: rows of the others. months: the first days
    of those that were looked at, the oldest first. late: events of the time that came in before
    arrival was kept, so that they count as known from `kept_since` on only.
    """

    rows: Rows
    not_over: int
    until: date
    months: Sequence[date]
    late: int
    kept_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What all batches have in common."""

    workspace_id: UUID
    time_zone: str
    business: Business
    moments: Sequence[tuple[date, datetime, Told]]
    kept_since: datetime
    scheme: Scheme


def observe(workspace_id: UUID, *, now: datetime, say: Say) -> Observed:
    """Read a workspace month by month; say: is told how many accounts are done, and of how many.

    1. Months in which somebody had revenue, at most 36, the current one left out.
    2. Of each, the accounts with revenue at its start. Whether an account had revenue, and
       whether it left, is what is known now: that is what is foretold. All else is what had come
       in by then.
    3. The score is that of today's weights from the facts of then.
    """
    with snapshot() as session:
        zone = time_zone_of(session, workspace_id)
        business = read_business(session, workspace_id, time_zone=zone, now=now)
        until = local_day(now, zone)
        months = _months(business, zone, until)
        moments = []
        for month in months:
            instant = day_bounds(month, zone)[0]
            moments.append((month, instant, told_at(session, workspace_id, instant)))
        kept_since, late = session.execute(
            select(
                func.min(AccountEvent.received_at),
                func.count().filter(AccountEvent.received_at.is_(None)),
            ).where(AccountEvent.workspace_id == workspace_id)
        ).one()
        scheme = scheme_in_force(session, workspace_id)
        ids = session.scalars(
            select(Account.id).where(Account.workspace_id == workspace_id).order_by(Account.id)
        ).all()
    over = [each for each in moments if each[0] + timedelta(days=HORIZON_DAYS) <= until]
    scope = _Scope(workspace_id, zone, business, over, kept_since or now, scheme)
    parts = []
    for start in range(0, len(ids), BATCH):
        say(start, len(ids))
        parts.append(_batch(scope, ids[start : start + BATCH], first=start))
    say(len(ids), len(ids))
    return Observed(
        _together(parts), _count_paying(business, moments[len(over) :]), until, months, late,
        kept_since,
    )  # fmt: skip


def _months(business: Business, zone: str, until: date) -> list[date]:
    paid = [each.first_paid_at for each in business.histories.values()]
    first = min((at for at in paid if at is not None), default=None)
    if first is None:
        return []
    month = period_start(until, "month")
    found: list[date] = []
    while len(found) < MOST_MONTHS and day_bounds(month, zone)[0] > first:
        found.append(month)
        month = period_start(month - timedelta(days=1), "month")
    return found[::-1]


def _count_paying(business: Business, moments: Sequence[tuple[date, datetime, Told]]) -> int:
    return sum(
        bool(history.before(instant).held)
        for _month, instant, _told in moments
        for history in business.histories.values()
    )


def leaves(history: History, instant: datetime) -> bool | None:
    """Whether an account with revenue at an instant had none at some moment of the horizon after;
    None where it had none then.
    """
    if not history.before(instant).held:
        return None
    end = instant + timedelta(days=HORIZON_DAYS)
    steps = zip(history.since, history.standings, strict=True)
    return any(instant <= at < end and not standing.held for at, standing in steps)


def _batch(scope: _Scope, ids: Sequence[UUID], *, first: int) -> Rows:
    """first: the number of the first of these accounts."""
    paying = {
        account_id: scope.business.histories[account_id]
        for account_id in ids
        if account_id in scope.business.histories
    }
    with snapshot() as session:
        past = read_past(
            session, scope.workspace_id, sorted(paying), time_zone=scope.time_zone,
            kept_since=scope.kept_since,
        )  # fmt: skip
    numbers = {account_id: first + place for place, account_id in enumerate(ids)}
    found = []
    for month, instant, told in scope.moments:
        left = {each: leaves(paying[each], instant) for each in past.ids}
        facts = past.facts(instant, told)
        for account_id in past.ids:
            if left[account_id] is None:
                continue
            said = scope.business.said.get(account_id, {})
            by = facts_then(said, scope.scheme.attributes, instant)
            known = health(facts[account_id], weights=scope.scheme.weights_of(by))
            found.append(
                (
                    numbers[account_id],
                    month.toordinal(),
                    known.score,
                    [each.points for each in known.components],
                    known.weights.shares(),
                    left[account_id],
                    _last_nps(facts[account_id]),
                    _tenure(scope.business, account_id, instant),
                )
            )
    return _rows(found)


def _last_nps(facts: HealthFacts) -> int | None:
    """Of the last year, as a score takes no older ones either."""
    return next((each.score for each in facts.last_scores if each.kind == "nps"), None)


def _tenure(business: Business, account_id: UUID, instant: datetime) -> int | None:
    started = business.started_at.get(account_id)
    return None if started is None or started > instant else (instant - started).days


def _rows(found: Sequence[tuple[object, ...]]) -> Rows:
    account, month, score, points, weights, left, nps, tenure = (
        zip(*found, strict=True) if found else ((),) * 8
    )
    return Rows(
        np.array(account, np.int64),
        np.array(month, np.int64),
        np.array(score, float),
        np.array(points, float).reshape(-1, len(COMPONENTS)),
        np.array(weights, float).reshape(-1, len(COMPONENTS)),
        np.array(left, bool),
        np.array(nps, float),
        np.array(tenure, float),
    )


def _together(parts: Sequence[Rows]) -> Rows:
    parts = [part for part in parts if len(part)]
    if not parts:
        return _rows([])
    names = ("account", "month", "score", "points", "weights", "churned", "last_nps", "tenure")
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
