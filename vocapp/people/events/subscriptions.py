"""What an account's subscriptions come to: products, revenue, next term end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from surveys.periods import local_day
from vocapp.database import scoped
from vocapp.people.events.models import SubscriptionChange
from vocapp.people.facts import hold_account_facts
from vocapp.people.models import Account
from vocapp.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Subscription:
    """What holds of one product now; since: the start of its unbroken run."""

    product: str
    mrr_minor: int
    currency: str | None
    since: datetime
    changed_at: datetime
    term_ends_on: date | None


CHANGE_FIELDS = ("product", "action", "mrr_minor", "currency", "at", "term_ends_on")


def current(changes: Iterable[Any]) -> list[Subscription]:
    """The subscriptions that are not cancelled, by product.

    changes: of one account, rows with CHANGE_FIELDS in the order of (at, received); those that
    were corrected are left out by the caller. A change without a term end keeps the one that held.
    """
    held: dict[str, tuple[datetime, date | None, Any]] = {}
    for change in changes:
        since, kept, _ = held.pop(change.product, (change.at, None, None))
        if change.action != "cancelled":
            kept = kept if change.action == "changed" else None
            held[change.product] = (since, change.term_ends_on or kept, change)
    return [
        Subscription(
            product=product,
            mrr_minor=last.mrr_minor,
            currency=last.currency,
            since=since,
            changed_at=last.at,
            term_ends_on=term_ends_on,
        )
        for product, (since, term_ends_on, last) in sorted(held.items(), key=itemgetter(0))
    ]


def in_order(changes: Iterable[SubscriptionChange]) -> list[SubscriptionChange]:
    """By instant, and for one instant by arrival."""
    return sorted(changes, key=lambda change: (change.at, change.received))


def changes_of(
    session: Session,
    workspace_id: UUID,
    account_ids: Collection[UUID],
    *,
    until: datetime | None = None,
) -> dict[UUID, list[SubscriptionChange]]:
    """Account → its changes in order, up to an instant; those that were corrected are left out."""
    query = scoped(SubscriptionChange, workspace_id).where(
        SubscriptionChange.account_id.in_(account_ids), SubscriptionChange.is_superseded.is_(False)
    )
    if until is not None:
        query = query.where(SubscriptionChange.at <= until)
    found: dict[UUID, list[SubscriptionChange]] = defaultdict(list)
    for change in in_order(session.scalars(query)):
        found[change.account_id].append(change)
    return found


def deciding(changes: Any, *, as_of: Sequence[datetime] = ()) -> Any:
    """Of the changes of subscriptions those that say something still, in order: a product may be
    changed every day. Left out is what neither begins nor ends anything, says no end of a term,
    and is neither the first nor the last of its product, nor the last before one of the instants.

    changes: a statement over SubscriptionChange.
    """
    at = SubscriptionChange.at
    of_product = (SubscriptionChange.account_id, SubscriptionChange.product)
    # Of what was ever cancelled all is kept: any change may have begun it anew.
    was_cancelled = func.max(case((SubscriptionChange.action == "cancelled", 1), else_=0))
    ends = [func.min(at), func.max(at), *(func.max(case((at < each, at))) for each in as_of)]
    product = (
        changes.with_only_columns(
            *of_product, was_cancelled.label("was_cancelled"),
            *(end.label(f"end_{number}") for number, end in enumerate(ends)),
        )
        .order_by(None)
        .group_by(*of_product)
        .subquery("of_product")
    )  # fmt: skip
    return (
        changes.join(
            product,
            and_(*(product.c[column.key] == column for column in of_product)),
        )
        .where(
            or_(
                SubscriptionChange.action != "changed",
                SubscriptionChange.term_ends_on.is_not(None),
                product.c.was_cancelled == 1,
                at.in_([product.c[f"end_{number}"] for number in range(len(ends))]),
            )
        )
        .order_by(None)
        .order_by(at, SubscriptionChange.received)
    )


def move_accounts(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID], *, now: datetime
) -> None:
    """Let the facts of accounts follow from their subscriptions.

    What a sender said of the account later than its newest subscription event stays; so the
    outcome does not depend on what arrived first. An event that was corrected still says
    that something is known of its instant.
    """
    if not account_ids:
        return
    by_account: dict[UUID, list[SubscriptionChange]] = defaultdict(list)
    for change in session.scalars(
        scoped(SubscriptionChange, workspace_id).where(
            SubscriptionChange.account_id.in_(account_ids)
        )
    ):
        by_account[change.account_id].append(change)
    time_zone = session.scalars(
        select(Workspace.time_zone).where(Workspace.id == workspace_id)
    ).one()
    accounts = session.scalars(
        scoped(Account, workspace_id)
        .where(Account.id.in_(list(by_account)))
        .order_by(Account.external_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for account in accounts:
        changes = by_account[account.id]
        facts, started_at = facts_of(changes)
        as_of = max(change.at for change in changes)
        hold_account_facts(account, facts, as_of=as_of, now=now)
        if "started_on" not in account.fact_as_of:
            account.started_on = local_day(started_at, time_zone) if started_at else None


def facts_of(changes: Sequence[SubscriptionChange]) -> tuple[dict[str, Any], datetime | None]:
    """Revenue, its currency and the next term end, and when the first of all began.

    Revenue in several currencies is no one number: then both are None. The term end is not
    said at all where no event ever told one.
    """
    counted = in_order(change for change in changes if not change.is_superseded)
    held = current(counted)
    paid = {each.currency for each in held if each.mrr_minor}
    known = [change.currency for change in counted if change.currency]
    is_one = bool(counted) and len(paid) <= 1
    facts: dict[str, Any] = {
        "mrr_minor": sum(each.mrr_minor for each in held) if is_one else None,
        "currency": (paid.pop() if paid else known[-1] if known else None) if is_one else None,
    }
    if any(change.term_ends_on for change in changes):
        facts["renewal_on"] = min(
            (each.term_ends_on for each in held if each.term_ends_on), default=None
        )
    return facts, counted[0].at if counted else None
