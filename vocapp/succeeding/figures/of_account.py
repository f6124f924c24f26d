"""The figures of one account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from surveys.adoption import logged_in_until, set_up_until
from surveys.lifecycle import OnboardingRule
from surveys.subscriptions import Standing
from vocapp.database import snapshot
from vocapp.people.events.queries import active_people
from vocapp.succeeding.figures.business import read_business
from vocapp.succeeding.figures.summing import is_set_up
from vocapp.succeeding.onboarding import rule_of

_YEAR, _MONTH = timedelta(days=365), timedelta(days=30)


def account_kpis(
    workspace_id: UUID, account_id: UUID, *, time_zone: str, now: datetime
) -> dict[str, Any]:
    """As the API shows them.

    mrr: now, in minor units of currency; both null where it pays in several. mrr_a_year_ago,
    net_revenue_retention: of the last 365 days; null where nothing was known then, or in another
    currency. active_users: of the last 30
    days. days_as_customer: since the first subscription. onboarding_completed: in time; null
    while that runs or nothing says when it began.
    """
    with snapshot() as session:
        business = read_business(
            session, workspace_id, time_zone=time_zone, now=now, account_id=account_id,
            with_renewals=False, as_of=(now - _YEAR, now),
        )  # fmt: skip
        rule = rule_of(session, workspace_id)
    history = business.histories.get(account_id)
    currency, mrr = _paid(history.before(now)) if history else (None, 0)
    known_currency, a_year_ago = (None, None)
    if history and history.since[0] < now - _YEAR:
        known_currency, a_year_ago = _paid(history.before(now - _YEAR))
    if known_currency not in {currency, None} and mrr:
        a_year_ago = None  # not to be compared
    started = business.started_at.get(account_id)
    return {
        "mrr": mrr,
        "currency": currency or known_currency,
        "mrr_a_year_ago": a_year_ago,
        "net_revenue_retention": mrr / a_year_ago if a_year_ago and mrr is not None else None,
        "active_users": active_people(
            workspace_id, since=now - _MONTH, until=now, account_id=account_id
        ),
        "days_as_customer": max(0, (now - started).days) if started else None,
        "onboarding_completed": (
            None
            if started is None
            else is_set_up(business, account_id, now=now) or _is_over(rule, started, time_zone, now)
        ),
    }


def _paid(standing: Standing) -> tuple[str | None, int | None]:
    """Currency and amount; (None, 0) where nothing is paid, (None, None) in several currencies."""
    currencies = {price.currency for price in standing.held.values()}
    if len(currencies) > 1:
        return None, None
    amount = sum(price.mrr_minor for price in standing.held.values())
    return (currencies.pop() if currencies else None), amount


def _is_over(rule: OnboardingRule, started: datetime, time_zone: str, now: datetime) -> bool | None:
    """False where it can no longer be completed in time, else None."""
    until = []
    if rule.milestone is not None:
        until.append(set_up_until(started, days=rule.milestone_days))
    if rule.logins is not None:
        until.append(logged_in_until(started, time_zone, days=rule.login_days))
    return None if now < max(until) else False
