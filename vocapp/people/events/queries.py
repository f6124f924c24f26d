"""Reads: what an account has, does and has reached; who was active."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal_column,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveys.adoption import WEEK_DAYS, Usage
from surveys.periods import day_bounds, local_day, period_end, period_start
from vocapp.database import (
    OF_WORKSPACE,
    UtcDateTime,
    older_than,
    scoped_statement,
    snapshot,
)
from vocapp.extensions import db
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
    FeatureDay,
    Milestone,
    ProductDay,
    SubscriptionChange,
)
from vocapp.people.events.subscriptions import CHANGE_FIELDS, Subscription, current, deciding
from vocapp.people.models import OF_ACCOUNT

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ActiveWeek:
    """A local week (from Monday) of an account; is_open: it is not over."""

    start: date
    logins: int
    uses: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone and when."""

    name: str
    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """A subscription event that counts, as the story of an account tells it."""

    product: str
    action: str
    mrr_minor: int
    currency: str | None
    at: datetime
    term_ends_on: date | None
    received: int


# Asked by the page of every account, so that they are built once: that takes as long as executing
# them does.
_CHANGES = scoped_statement(SubscriptionChange).where(
    SubscriptionChange.account_id == OF_ACCOUNT, SubscriptionChange.is_superseded.is_(False)
)
_DECIDING = deciding(
    _CHANGES.with_only_columns(*(getattr(SubscriptionChange, name) for name in CHANGE_FIELDS))
)
_NEWEST_CHANGES = _CHANGES.order_by(
    SubscriptionChange.at.desc(), SubscriptionChange.received.desc()
).limit(bindparam("limit", type_=Integer))
_NEWEST_MILESTONES = (
    scoped_statement(Milestone)
    .where(Milestone.account_id == OF_ACCOUNT, Milestone.is_superseded.is_(False))
    .order_by(Milestone.at.desc(), Milestone.event_id.desc())
    .limit(bindparam("limit", type_=Integer))
)


def current_subscriptions(workspace_id: UUID, account_id: UUID) -> list[Subscription]:
    """What the account has now, by product."""
    mine = {"workspace_id": workspace_id, "account_id": account_id}
    return current(db.session.execute(_DECIDING, mine).all())


def subscription_changes(
    workspace_id: UUID,
    account_id: UUID,
    *,
    before: tuple[datetime, int | None] | None = None,
    limit: int,
) -> list[Change]:
    """Changes of the account's subscriptions, newest first; before: older than (at, received)."""
    query = _NEWEST_CHANGES
    if before is not None:
        query = query.where(older_than(SubscriptionChange.at, SubscriptionChange.received, before))
    asked = {"workspace_id": workspace_id, "account_id": account_id, "limit": limit}
    return [
        Change(
            product=row.product, action=row.action, mrr_minor=row.mrr_minor,
            currency=row.currency, at=row.at, term_ends_on=row.term_ends_on,
            received=row.received,
        )
        for row in db.session.scalars(query, asked)
    ]  # fmt: skip


def milestones(
    workspace_id: UUID,
    account_id: UUID,
    *,
    before: tuple[datetime, str | None] | None = None,
    limit: int,
) -> list[Reached]:
    """What the account has reached, newest first; before: older than (at, id of the event)."""
    query = _NEWEST_MILESTONES
    if before is not None:
        query = query.where(older_than(Milestone.at, Milestone.event_id, before))
    asked = {"workspace_id": workspace_id, "account_id": account_id, "limit": limit}
    rows = db.session.scalars(query, asked)
    return [Reached(row.name, row.at, row.event_id) for row in rows]


@dataclass(frozen=True, slots=True)
class Used:
    """What an account uses: uses in the last 28 days and in the 28 before, and the UTC day of the
    last one."""

    name: str
    recent: int
    before: int
    last_on: date


def used_of_late(
    workspace_id: UUID, account_id: UUID, *, now: datetime, days: int = 182, limit: int = 20
) -> list[Used]:
    """What was used in the last days, by name, the most used of late first.

    Of whole days in UTC, from their sums; what is dated ahead is left out.
    """
    today = now.astimezone(UTC).date()
    recently, earlier = today - timedelta(days=28), today - timedelta(days=56)
    recent = func.sum(case((FeatureDay.day > recently, FeatureDay.uses), else_=0))
    before = func.sum(
        case(
            (FeatureDay.day > recently, 0), (FeatureDay.day > earlier, FeatureDay.uses), else_=0
        )
    )  # fmt: skip
    last = func.max(FeatureDay.day)
    rows = db.session.execute(
        select(FeatureDay.name, recent, before, last)
        .where(
            FeatureDay.workspace_id == workspace_id,
            FeatureDay.account_id == account_id,
            FeatureDay.day > today - timedelta(days=days),
            FeatureDay.day <= today,
        )
        .group_by(FeatureDay.name)
        .order_by(recent.desc(), last.desc(), FeatureDay.name)
        .limit(limit)
    )
    return [Used(name, int(now_), int(then), day) for name, now_, then, day in rows]


@dataclass(frozen=True, slots=True)
class ProductUsed:
    """A product that an account uses: the UTC day on which it last did, log-ins and uses in the
    last 28 days."""

    product: str
    last_on: date
    logins: int
    uses: int

    @property
    def is_recent(self) -> bool:
        return self.logins + self.uses > 0


def _products() -> Any:
    is_recent = ProductDay.day > bindparam("recent", type_=Date)
    last = func.max(ProductDay.day)
    return (
        select(
            ProductDay.product, last, func.sum(case((is_recent, ProductDay.logins), else_=0)),
            func.sum(case((is_recent, ProductDay.uses), else_=0)),
        )
        .where(ProductDay.workspace_id == OF_WORKSPACE, ProductDay.account_id == OF_ACCOUNT)
        .group_by(ProductDay.product)
        .order_by(last.desc(), ProductDay.product)
        .limit(bindparam("limit", type_=Integer))
    )  # fmt: skip


_PRODUCTS = _products()


def products_used(
    workspace_id: UUID, account_id: UUID, *, now: datetime, limit: int = 100
) -> list[ProductUsed]:
    """Those that events name, the last used first, from the sums of days; one statement."""
    recent = (now - timedelta(days=28)).astimezone(UTC).date()
    rows = db.session.execute(
        _PRODUCTS,
        {
            "workspace_id": workspace_id, "account_id": account_id, "recent": recent,
            "limit": limit,
        },
    )  # fmt: skip
    return [ProductUsed(name, day, int(logins), int(uses)) for name, day, logins, uses in rows]


_LAST_HOUR = select(func.max(ActivityHour.hour)).where(
    ActivityHour.workspace_id == OF_WORKSPACE,
    ActivityHour.account_id == OF_ACCOUNT,
    ActivityHour.logins > 0,
)
_LAST_LOGIN = select(func.max(AccountEvent.at)).where(
    AccountEvent.workspace_id == OF_WORKSPACE,
    AccountEvent.account_id == OF_ACCOUNT,
    AccountEvent.at >= bindparam("since", type_=UtcDateTime()),
    AccountEvent.at < bindparam("until", type_=UtcDateTime()),
    AccountEvent.type == "login",
    AccountEvent.is_superseded.is_(False),
)


def last_login(workspace_id: UUID, account_id: UUID) -> datetime | None:
    """When somebody of the account last logged in; the sums say in which hour to look."""
    mine = {"workspace_id": workspace_id, "account_id": account_id}
    hour = db.session.scalar(_LAST_HOUR, mine)
    if hour is None:
        return None
    found: datetime | None = db.session.scalar(
        _LAST_LOGIN, mine | {"since": hour, "until": hour + _HOUR}
    )
    return found


@lru_cache
def _by_week(weeks: int) -> Any:
    """Sums of an account between so many instants and one, built once: summed where they are, as
    half a year has thousands of hours."""
    instants = [bindparam(f"instant_{number}", type_=UtcDateTime()) for number in range(weeks + 1)]
    # Not VALUES, which SQLAlchemy compiles anew each time. Materialised: else PostgreSQL starts
    # workers for so many selects.
    week = (
        union_all(
            *(
                select(
                    literal_column(str(number), Integer).label("number"),
                    instants[number].label("since"), instants[number + 1].label("until"),
                )
                for number in range(weeks)
            )
        )
        .cte("week")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip
    return (
        select(week.c.number, func.sum(ActivityHour.logins), func.sum(ActivityHour.uses))
        .join(
            ActivityHour, and_(ActivityHour.hour >= week.c.since, ActivityHour.hour < week.c.until)
        )
        .where(
            ActivityHour.workspace_id == OF_WORKSPACE,
            ActivityHour.account_id == OF_ACCOUNT,
        )
        .group_by(week.c.number)
    )


def weekly_activity(
    workspace_id: UUID, account_id: UUID, *, time_zone: str, now: datetime, weeks: int = 26
) -> list[ActiveWeek]:
    """Log-ins and uses of each of the last weeks, oldest first, empty ones included.

    A week begins where the workspace's Monday does, to the hour: in a zone that is half an
    hour off, its first half hour counts to the week before.
    """
    this_week = period_start(local_day(now, time_zone), "week")
    starts = [this_week - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    instants = [day_bounds(start, time_zone)[0] for start in starts]
    instants.append(datetime.max.replace(tzinfo=UTC))  # what is still to come is of this week
    asked = {f"instant_{number}": instant for number, instant in enumerate(instants)}
    rows = db.session.execute(
        _by_week(weeks), asked | {"workspace_id": workspace_id, "account_id": account_id}
    )
    found = {number: (int(logins), int(uses)) for number, logins, uses in rows}
    return [
        ActiveWeek(start, *found.get(number, (0, 0)), start == this_week)
        for number, start in enumerate(starts)
    ]


def active_people(
    workspace_id: UUID,
    *,
    since: datetime,
    until: datetime,
    account_id: UUID | None = None,
    session: Session | None = None,
) -> int:
    """How many contacts logged in or used something in since <= at < until.

    Exact for any zone: whole UTC days from the sums, what sticks out of them from the ledger.
    """
    query = _active(
        workspace_id, ("contact_id",), since=since, until=until, account_id=account_id
    )  # fmt: skip
    count = select(func.count()).select_from(query.subquery())
    return (session or db.session).scalar(count) or 0


def active_pairs(
    session: Session, workspace_id: UUID, *, since: datetime, until: datetime
) -> list[tuple[UUID, UUID]]:
    """Account and contact of everybody who was active in since <= at < until, each pair once."""
    query = _active(workspace_id, ("account_id", "contact_id"), since=since, until=until)
    return [(account, contact) for account, contact in session.execute(query)]


def active_days(
    session: Session,
    workspace_id: UUID,
    month: date,
) -> list[tuple[UUID, UUID, int]]:
    """Account, contact, and a number whose bit n says: active on day n (from 0) of this month.

    Days are those of UTC, as they are stored: at which hour somebody was active is not kept by
    person. month: its first day.
    """
    bit = cast(1, BigInteger).bitwise_lshift(cast(extract("day", ActiveDay.day), Integer) - 1)
    query = (
        select(ActiveDay.account_id, ActiveDay.contact_id, cast(func.sum(bit), BigInteger))
        .where(
            ActiveDay.workspace_id == workspace_id,
            ActiveDay.day >= month,
            ActiveDay.day < period_end(month, "month"),
            ActiveDay.events > 0,
        )
        .group_by(ActiveDay.account_id, ActiveDay.contact_id)
    )
    return [(account, contact, mask) for account, contact, mask in session.execute(query)]


def usage_so_far(session: Session, workspace_id: UUID, month: date, *, days: int) -> Usage:
    """Sums of everybody over the first `days` days (in UTC) of a month: `adoption.usage_of`, added
    up by the database."""
    last_week = month + timedelta(days=max(0, days - WEEK_DAYS))
    by_person = (
        select(
            func.count(ActiveDay.day.distinct()).label("days"),
            func.max(case((ActiveDay.day >= last_week, 1), else_=0)).label("is_late"),
        )
        .where(
            ActiveDay.workspace_id == workspace_id,
            ActiveDay.day >= month,
            ActiveDay.day < month + timedelta(days=days),
            ActiveDay.events > 0,
        )
        .group_by(ActiveDay.contact_id)
        .subquery()
    )
    of = by_person.c
    sums = (func.count(), func.sum(of.is_late), func.sum(of.days), func.sum(of.days * of.days))
    found = session.execute(select(*sums).select_from(by_person)).one()
    return Usage(days, *(int(each or 0) for each in found))


def active_counts(
    session: Session, workspace_id: UUID, *, since: datetime, until: datetime
) -> dict[UUID, int]:
    """Account → how many of its people were active in since <= at < until."""
    query = _active(workspace_id, ("account_id", "contact_id"), since=since, until=until)
    pairs = query.subquery()
    rows = session.execute(select(pairs.c.account_id, func.count()).group_by(pairs.c.account_id))
    return {account: count for account, count in rows}


def active_counts_of_days(
    session: Session, workspace_id: UUID, first: date, until: date
) -> dict[UUID, int]:
    """The same of whole days in UTC, first <= day < until."""
    rows = session.execute(
        select(ActiveDay.account_id, func.count(ActiveDay.contact_id.distinct()))
        .where(
            ActiveDay.workspace_id == workspace_id,
            ActiveDay.day >= first,
            ActiveDay.day < until,
            ActiveDay.events > 0,
        )
        .group_by(ActiveDay.account_id)
    )
    return {account: count for account, count in rows}


def _active(
    workspace_id: UUID,
    names: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    account_id: UUID | None = None,
) -> Any:
    """Distinct values of these columns, of who was active: see `active_people`."""
    first_day, last_day, rests = _whole_days(since, until)
    by_day = select(*(getattr(ActiveDay, name) for name in names)).where(
        ActiveDay.workspace_id == workspace_id,
        ActiveDay.day >= first_day,
        ActiveDay.day < last_day,
        ActiveDay.events > 0,
    )
    # Apart, so that each is a stretch of an index: of both at once all events are looked at.
    by_event = [
        select(*(getattr(AccountEvent, name) for name in names)).where(
            AccountEvent.workspace_id == workspace_id,
            AccountEvent.type.in_(("login", "usage")),
            AccountEvent.contact_id.is_not(None),
            AccountEvent.is_superseded.is_(False),
            _within(AccountEvent.at, *rest),
        )
        for rest in rests
    ]
    if account_id is not None:
        by_day = by_day.where(ActiveDay.account_id == account_id)
        by_event = [each.where(AccountEvent.account_id == account_id) for each in by_event]
    return union(by_day, *by_event) if rests else by_day.distinct()


def _within(
    at: InstrumentedAttribute[datetime], since: datetime, until: datetime
) -> ColumnElement[bool]:
    return and_(at >= since, at < until)


def _whole_days(
    since: datetime, until: datetime
) -> tuple[date, date, Sequence[tuple[datetime, datetime]]]:
    """The UTC days that lie wholly inside (half-open), and what remains at the ends."""
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    first = _midnight(since.date())
    first = first if first == since else first + _DAY
    last = _midnight(until.date())
    if first >= last:
        return first.date(), first.date(), [(since, until)]
    rests = [(since, first), (last, until)]
    return first.date(), last.date(), [(start, end) for start, end in rests if start < end]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def known_digests(workspace_id: UUID, ids: Collection[str]) -> dict[str, str]:
    """Id → digest of the content, of those of these events that were received already."""
    with snapshot() as session:
        rows = session.execute(
            select(AccountEvent.id, AccountEvent.digest).where(
                AccountEvent.workspace_id == workspace_id, AccountEvent.id.in_(ids)
            )
        )
        return {row.id: row.digest for row in rows}
