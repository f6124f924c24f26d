"""In which stage of its life an account is: from its dates, its subscriptions and its set-up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, func, select

from surveys import lifecycle
from surveys.lifecycle import Lifecycle
from surveys.periods import local_day
from vocapp.database import OF_WORKSPACE
from vocapp.extensions import db
from vocapp.people.events.models import Milestone, SubscriptionChange
from vocapp.people.events.subscriptions import Subscription
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.succeeding.health.measures import SET_UP
from vocapp.translating import lazy_gettext as _l

STAGES = {
    "prospect": _l("Begins later"),
    "onboarding": _l("Getting started"),
    "adoption": _l("Adoption"),
    "value": _l("In regular use"),
    "renewal": _l("Before the renewal"),
    "lost": _l("Left"),
}
_IS_SET_UP = (
    (Milestone.workspace_id == OF_WORKSPACE)
    & (Milestone.name == SET_UP)
    & Milestone.is_superseded.is_(False)
)
# Built once, as are all statements of the page of an account.
_KNOWN = select(
    select(func.min(Milestone.at))
    .where(_IS_SET_UP, Milestone.account_id == OF_ACCOUNT)
    .scalar_subquery(),
    select(func.max(SubscriptionChange.at))
    .where(
        SubscriptionChange.workspace_id == OF_WORKSPACE,
        SubscriptionChange.account_id == OF_ACCOUNT,
        SubscriptionChange.is_superseded.is_(False),
    )
    .scalar_subquery(),
    exists().where(_IS_SET_UP),
)


def stage_of(
    account: Account, subscriptions: Collection[Subscription], *, time_zone: str, now: datetime
) -> str | None:
    """One of STAGES; None where it is not known: without a start, and where it hangs on whether
    the account is set up, of which nobody in the workspace was ever told.

    subscriptions: those that run.
    """
    set_up_at, changed_at, is_told = db.session.execute(
        _KNOWN, {"workspace_id": account.workspace_id, "account_id": account.id}
    ).one()
    is_lost = changed_at is not None and not subscriptions
    known = lifecycle.Account(
        account.external_id,
        started_on=account.started_on,
        renewal_on=account.renewal_on,
        lost_on=local_day(changed_at, time_zone) if is_lost else None,
        milestones={SET_UP: local_day(set_up_at, time_zone)} if set_up_at else {},
    )
    found = lifecycle.stage(Lifecycle(), known, local_day(now, time_zone))
    return None if found == "onboarding" and not is_told else found
