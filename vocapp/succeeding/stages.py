"""In which stage of its life an account is: from its dates, its subscriptions and its set-up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ScalarSelect, String, bindparam, func, select
from sqlalchemy.orm import Session

from surveys import lifecycle
from surveys.lifecycle import OnboardingRule
from surveys.periods import local_day
from vocapp.database import OF_WORKSPACE
from vocapp.extensions import db
from vocapp.people.events.models import Milestone, SubscriptionChange
from vocapp.people.events.subscriptions import Subscription
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.succeeding.onboarding import is_told, lifecycle_of, logged_in
from vocapp.translating import lazy_gettext as _l

STAGES = {
    "prospect": _l("Begins later"),
    "onboarding": _l("Getting started"),
    "adoption": _l("Adoption"),
    "value": _l("In regular use"),
    "renewal": _l("Before the renewal"),
    "lost": _l("Left"),
}


def _first(name: str) -> ScalarSelect[datetime]:
    """When the account first reached the milestone of the parameter with this name."""
    return (
        select(func.min(Milestone.at))
        .where(
            Milestone.workspace_id == OF_WORKSPACE,
            Milestone.account_id == OF_ACCOUNT,
            Milestone.name == bindparam(name, type_=String),
            Milestone.is_superseded.is_(False),
        )
        .scalar_subquery()
    )


# Built once, as are all statements of the page of an account.
_KNOWN = select(
    _first("done"),
    _first("value"),
    select(func.max(SubscriptionChange.at))
    .where(
        SubscriptionChange.workspace_id == OF_WORKSPACE,
        SubscriptionChange.account_id == OF_ACCOUNT,
        SubscriptionChange.is_superseded.is_(False),
    )
    .scalar_subquery(),
)


def stage_of(
    account: Account, subscriptions: Collection[Subscription], *, time_zone: str, now: datetime
) -> str | None:
    """One of STAGES; None where it is not known: without a start, and where it hangs on whether
    the account is set up, of which nobody in the workspace was ever told. What completes that,
    and how long stages last, is defined by the workspace.

    subscriptions: those that run.
    """
    session = db.session()
    defined = lifecycle_of(session, account.workspace_id)
    rule, value = defined.onboarding, defined.value_milestone
    done_at, value_at, changed_at = session.execute(
        _KNOWN,
        {
            "workspace_id": account.workspace_id, "account_id": account.id,
            "done": rule.milestone, "value": value,
        },
    ).one()  # fmt: skip
    reached = {rule.milestone: done_at, value: value_at}
    is_lost = changed_at is not None and not subscriptions
    known = lifecycle.Account(
        account.external_id,
        started_on=account.started_on,
        renewal_on=account.renewal_on,
        lost_on=local_day(changed_at, time_zone) if is_lost else None,
        milestones={name: local_day(at, time_zone) for name, at in reached.items() if name and at},
        logins=_logins(session, account, rule, time_zone=time_zone, now=now),
    )
    found = lifecycle.stage(defined, known, local_day(now, time_zone))
    if found == "onboarding" and not is_told(session, account.workspace_id, rule):
        return None
    return found


def _logins(
    session: Session, account: Account, rule: OnboardingRule, *, time_zone: str, now: datetime
) -> dict[date, int]:
    """The day on which the account had as many as the rule asks for."""
    if rule.logins is None or account.started_on is None:
        return {}
    hours = logged_in(
        session, account.workspace_id, rule.logins, {account.id: account.started_on},
        time_zone=time_zone, now=now,
    )  # fmt: skip
    return {local_day(hour, time_zone): rule.logins for hour in hours.values()}
