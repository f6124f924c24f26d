"""When onboarding counts as complete: what the workspace defines, and who is there by it.

Log-ins are counted in the sums of activity, to the hour: an hour is of the local day in which it
begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import ColumnElement, column, exists, func, or_, select, values
from sqlalchemy.orm import Session

from surveys.lifecycle import Lifecycle, OnboardingRule
from surveys.periods import day_bounds
from surveys.touchpoints import MAX_ONBOARDING_DAYS
from vocapp.database import Key, UtcDateTime
from vocapp.people.events.models import ActivityHour, Milestone
from vocapp.people.models import Account
from vocapp.succeeding.touchpoints.model_versions import model_in_force
from vocapp.workspaces.nights import time_zone_of

# The time to value looks at who began in the twelve months before the end of a month, and
# onboarding may take as long.
REACH_DAYS = MAX_ONBOARDING_DAYS
_AT_ONCE = 1_000
_SOON_DAYS = 62


def lifecycle_of(session: Session, workspace_id: UUID) -> Lifecycle:
    """What ends onboarding and tells stages in this workspace."""
    return model_in_force(session, workspace_id).model.lifecycle


def rule_of(session: Session, workspace_id: UUID) -> OnboardingRule:
    """When onboarding counts as complete in this workspace."""
    return lifecycle_of(session, workspace_id).onboarding


def is_told(session: Session, workspace_id: UUID, rule: OnboardingRule) -> bool:
    """Whether anything of what completes onboarding was ever told of anybody."""
    return bool(session.scalar(select(told(workspace_id, rule))))


def told(workspace_id: UUID, rule: OnboardingRule) -> ColumnElement[bool]:
    """The same, to be asked with something else."""
    ways: list[ColumnElement[bool]] = []
    if rule.milestone is not None:
        ways.append(
            exists().where(
                Milestone.workspace_id == workspace_id,
                Milestone.name == rule.milestone,
                Milestone.is_superseded.is_(False),
            )
        )
    if rule.logins is not None:
        ways.append(
            exists().where(ActivityHour.workspace_id == workspace_id, ActivityHour.logins > 0)
        )
    return or_(*ways)


def completed(
    session: Session,
    workspace_id: UUID,
    rule: OnboardingRule,
    starts: Mapping[UUID, date | None],
    *,
    time_zone: str,
    now: datetime,
) -> set[UUID]:
    """Which of these accounts have completed onboarding by now, in time or not."""
    done: set[UUID] = set()
    if rule.milestone is not None:
        done |= set(
            session.scalars(
                select(Milestone.account_id).where(
                    Milestone.workspace_id == workspace_id,
                    Milestone.account_id.in_(starts),
                    Milestone.name == rule.milestone,
                    Milestone.at <= now,
                    Milestone.is_superseded.is_(False),
                )
            )
        )
    if rule.logins is not None:
        open_yet = {
            account: start
            for account, start in starts.items()
            if start is not None and account not in done
        }
        done |= logged_in(
            session, workspace_id, rule.logins, open_yet, time_zone=time_zone, now=now
        ).keys()
    return done


def logged_in(
    session: Session,
    workspace_id: UUID,
    wanted: int,
    starts: Mapping[UUID, date],
    *,
    time_zone: str,
    now: datetime,
    within_days: int | None = None,
) -> dict[UUID, datetime]:
    """The UTC hour of the log-in that made so many since the local day of the start, of the
    accounts that had so many by now. within_days: at least 62; later ones are not looked at; None:
    all are.

    Two statements for a thousand accounts: most are there soon, and few are looked at for years.
    """
    begins = {account: day_bounds(start, time_zone)[0] for account, start in starts.items()}
    found: dict[UUID, datetime] = {}
    for days in (_SOON_DAYS, within_days):
        spans = [
            (account, since, now if days is None else min(now, since + timedelta(days=days)))
            for account, since in begins.items()
        ]
        rest = iter(spans)
        while part := list(islice(rest, _AT_ONCE)):
            found |= _hours(session, workspace_id, wanted, part)
        begins = {
            account: since
            for account, since in begins.items()
            if account not in found and since + timedelta(days=_SOON_DAYS) < now
        }
    return found


def _hours(
    session: Session,
    workspace_id: UUID,
    wanted: int,
    spans: Sequence[tuple[UUID, datetime, datetime]],
) -> dict[UUID, datetime]:
    """Account → the hour in which its log-ins since one instant were so many, until another one."""
    span = (
        values(
            column("account_id", Key()), column("since", UtcDateTime()),
            column("until", UtcDateTime()), name="span",
        )
        .data(spans)
        .cte("spans")
    )  # fmt: skip
    so_far = func.sum(ActivityHour.logins).over(
        partition_by=ActivityHour.account_id, order_by=ActivityHour.hour
    )
    summed = (
        select(ActivityHour.account_id, ActivityHour.hour, so_far.label("so_far"))
        .join(span, span.c.account_id == ActivityHour.account_id)
        .where(
            ActivityHour.workspace_id == workspace_id,
            ActivityHour.hour >= span.c.since,
            ActivityHour.hour <= span.c.until,
            ActivityHour.logins > 0,
        )
        .subquery()
    )
    rows = session.execute(
        select(summed.c.account_id, func.min(summed.c.hour, type_=UtcDateTime()))
        .where(summed.c.so_far >= wanted)
        .group_by(summed.c.account_id)
    )
    return {account: hour for account, hour in rows}


def moved_by_logins(
    session: Session,
    workspace_id: UUID,
    changed: Mapping[UUID, datetime],
    are_corrected: bool,
    now: datetime,
) -> datetime | None:
    """Since when figures are otherwise than they were, now that the log-ins of these accounts are,
    from an instant on: the earliest start of those whose onboarding was completed by log-ins then
    or later, or is not any more. None where no figure moves."""
    rule = rule_of(session, workspace_id)
    if rule.logins is None or not changed:
        return None
    time_zone = time_zone_of(session, workspace_id)
    since = min(changed.values()) - timedelta(days=REACH_DAYS + 1)
    starts = _late_starts(session, workspace_id, changed, since)
    hours = logged_in(
        session, workspace_id, rule.logins, starts, time_zone=time_zone, now=now,
    )  # fmt: skip
    moved = [
        start
        for account, start in starts.items()
        if (
            hours[account] >= changed[account] - timedelta(hours=1)
            if account in hours
            else are_corrected
        )
    ]
    return day_bounds(min(moved), time_zone)[0] if moved else None


def _late_starts(
    session: Session, workspace_id: UUID, accounts: Collection[UUID], since: datetime
) -> dict[UUID, date]:
    rows = session.execute(
        select(Account.id, Account.started_on).where(
            Account.workspace_id == workspace_id,
            Account.id.in_(accounts),
            Account.started_on >= since.date(),
        )
    )
    return {row.id: row.started_on for row in rows if row.started_on is not None}
