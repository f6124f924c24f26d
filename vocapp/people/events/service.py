"""Use case: take in events, in any order, each once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from vocapp.database import (
    insert_if_absent,
    scoped,
    transaction,
    until_no_deadlock,
    utcnow,
)
from vocapp.people.account_stores import AccountMerge, move_rows
from vocapp.people.events import activity
from vocapp.people.events.begun import begun_already
from vocapp.people.events.models import (
    INVOICE_TYPES,
    AccountEvent,
    ActiveDay,
    EventCounter,
    InvoiceChange,
    Milestone,
    SubscriptionChange,
)
from vocapp.people.events.subscriptions import move_accounts
from vocapp.people.fact_history import EVER
from vocapp.people.figure_changes import note_change, note_logins
from vocapp.people.health_changes import note_touched
from vocapp.people.identifying import accounts_by_external_id, contacts_by_external_id
from vocapp.people.personal_stores import Merge
from vocapp.problems import BadInput, Problem

_TELLING = ("subscription", "milestone", *INVOICE_TYPES)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds of a product from an event on."""

    product: str
    action: str
    mrr_minor: int
    currency: str | None
    term_ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class InvoiceTerms:
    """What is told of an invoice; due_on: of one that is overdue."""

    invoice: str
    is_paid: bool
    due_on: date | None
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as received; account and contact by external id; what it says of a subscription
    or an invoice.
    """

    id: str
    digest: str
    type: str
    account: str
    at: datetime
    contact: str | None = None
    name: str | None = None
    product: str | None = None
    count: int = 1
    terms: Terms | None = None
    invoice: InvoiceTerms | None = None
    supersedes: str | None = None


def record_events(
    workspace_id: UUID, events: Sequence[NewEvent], *, now: datetime
) -> list[Problem | None]:
    """Store a batch in one transaction; None for each that counts once, now or already.

    Which events count does not depend on the order of arrival: one that another names in
    `supersedes` does not, whichever came first. Where two hold for one instant, or correct
    the same event, the later received does. But a subscription begins once at an instant: who
    tells so again under another id, without correcting, is refused (see `begun`).
    """

    def store() -> list[Problem | None]:
        with transaction() as session:
            return _store(session, workspace_id, events, now=now)

    return until_no_deadlock(store) if events else []


def _store(
    session: Session, workspace_id: UUID, events: Sequence[NewEvent], *, now: datetime
) -> list[Problem | None]:
    """1. take a number; 2. know repetitions, of events and of what they tell to have begun;
    3. find who; 4. see what is corrected; 5. write; 6. bring sums and accounts up to date.
    """
    last = _take_numbers(session, workspace_id, len(events))
    outcomes, fresh = _sort_out(session, workspace_id, events)
    refused = begun_already(session, workspace_id, fresh)
    if refused:
        outcomes = [
            outcome or refused.get(event.id)
            for event, outcome in zip(events, outcomes, strict=True)
        ]
        fresh = [event for event in fresh if event.id not in refused]
    if not fresh:
        return outcomes
    rows = _ledger_rows(session, workspace_id, fresh, now=now)
    for position, row in enumerate(rows, start=last - len(events) + 1):
        row["received"] = position
    undone = _correct(session, workspace_id, rows)
    _write(session, workspace_id, rows, fresh)
    counted = [row for row in rows if not row["is_superseded"]]
    activity.add_up(session, workspace_id, gained=counted, lost=undone)
    _note_figures(session, workspace_id, [*rows, *undone], now=now)
    _note_logins(session, workspace_id, rows, undone, now=now)
    changed = [row for row in [*rows, *undone] if row["type"] == "subscription"]
    move_accounts(session, workspace_id, {row["account_id"] for row in changed}, now=now)
    # Log-ins and uses come all day long: what they come to is worked out at night.
    told = {row["account_id"] for row in [*rows, *undone] if row["type"] in _TELLING}
    note_touched(session, workspace_id, told, now=now)
    return outcomes


def _take_numbers(session: Session, workspace_id: UUID, n: int) -> int:
    """The last of n numbers. Holds the workspace's lock: batches come one after the other."""
    insert_if_absent(session, EventCounter, workspace_id=workspace_id, received=0)
    return session.execute(
        update(EventCounter)
        .where(EventCounter.workspace_id == workspace_id)
        .values(received=EventCounter.received + n)
        .returning(EventCounter.received)
    ).scalar_one()


def _sort_out(
    session: Session, workspace_id: UUID, events: Sequence[NewEvent]
) -> tuple[list[Problem | None], list[NewEvent]]:
    """What becomes of each, and those that are new."""
    known: dict[str, str] = {
        row.id: row.digest
        for row in session.execute(
            select(AccountEvent.id, AccountEvent.digest).where(
                AccountEvent.workspace_id == workspace_id,
                AccountEvent.id.in_({event.id for event in events}),
            )
        )
    }
    outcomes: list[Problem | None] = []
    fresh = []
    for event in events:
        if event.id not in known:
            known[event.id] = event.digest
            fresh.append(event)
        is_same = known[event.id] == event.digest
        outcomes.append(None if is_same else BadInput.of("id", "was used with other content"))
    return outcomes, fresh


def _ledger_rows(
    session: Session, workspace_id: UUID, events: Sequence[NewEvent], *, now: datetime
) -> list[dict[str, Any]]:
    accounts = accounts_by_external_id(
        session, workspace_id, {event.account for event in events}, now=now
    )
    newest: dict[str, NewEvent] = {}
    for event in events:
        if event.contact is not None and (
            event.contact not in newest or event.at >= newest[event.contact].at
        ):
            newest[event.contact] = event
    contacts = contacts_by_external_id(
        session, workspace_id,
        {name: (accounts[event.account], event.at) for name, event in newest.items()}, now=now,
    )  # fmt: skip
    return [
        {
            "workspace_id": workspace_id, "id": event.id, "digest": event.digest,
            "type": event.type, "account_id": accounts[event.account],
            "contact_id": contacts.get(event.contact) if event.contact else None,
            "name": event.name, "product": event.product, "count": event.count, "at": event.at,
            "received_at": now, "supersedes": event.supersedes, "is_superseded": False,
        }
        for event in events
    ]  # fmt: skip


# What an event may still say of the month in which its account began.
_REACH = timedelta(days=366)


def _note_figures(
    session: Session, workspace_id: UUID, rows: Sequence[Mapping[str, Any]], *, now: datetime
) -> None:
    """Which months are to be computed anew. The month that runs always is; so is, until its time
    to get going is over, the start of those who began. What else log-ins of today change:
    `_note_logins`."""
    this_month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    since = [row["at"] for row in rows if row["type"] == "subscription"]
    since += [
        row["at"] - _REACH
        for row in rows
        if row["type"] == "milestone"
        or (row["type"] in {"login", "usage"} and row["at"] < this_month)
    ]
    if since:
        note_change(session, workspace_id, since=min(since), now=now)


def _note_logins(
    session: Session,
    workspace_id: UUID,
    rows: Sequence[Mapping[str, Any]],
    undone: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """Whose log-ins are others than they were, and since when."""
    changed: dict[UUID, datetime] = {}
    for row in (*rows, *undone):
        if row["type"] == "login":
            account = row["account_id"]
            changed[account] = min(row["at"], changed.get(account, row["at"]))
    if changed:
        note_logins(session, workspace_id, changed, are_corrected=bool(undone), now=now)


# --- corrections -----------------------------------------------------------------------


def _correct(
    session: Session, workspace_id: UUID, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Mark what no longer counts, among the new rows and the stored ones; returns the latter."""
    latest: dict[str, str] = {
        row["supersedes"]: row["id"] for row in rows if row["supersedes"] is not None
    }
    named = latest.keys() | set(
        session.scalars(
            select(AccountEvent.supersedes).where(
                AccountEvent.workspace_id == workspace_id,
                AccountEvent.supersedes.in_([row["id"] for row in rows]),
            )
        )
    )
    for row in rows:
        is_outdone = row["supersedes"] is not None and latest[row["supersedes"]] != row["id"]
        row["is_superseded"] = row["id"] in named or is_outdone
    return _undo(session, workspace_id, latest.keys())


def _undo(session: Session, workspace_id: UUID, named: Collection[str]) -> list[dict[str, Any]]:
    """Let stored events count no longer: those named, and earlier corrections of the same."""
    if not named:
        return []
    stored = session.scalars(
        scoped(AccountEvent, workspace_id).where(
            or_(AccountEvent.id.in_(named), AccountEvent.supersedes.in_(named)),
            AccountEvent.is_superseded.is_(False),
        )
    ).all()
    undone = [
        {
            name: getattr(row, name)
            for name in (
                "id", "type", "account_id", "contact_id", "name", "product", "count", "at",
            )
        }
        for row in stored
    ]  # fmt: skip
    ids = [row.id for row in stored]
    keys = (
        (AccountEvent, "id"), (SubscriptionChange, "event_id"), (Milestone, "event_id"),
        (InvoiceChange, "event_id"),
    )  # fmt: skip
    for model, key in keys:
        session.execute(
            update(model)
            .where(model.workspace_id == workspace_id, getattr(model, key).in_(ids))
            .values(is_superseded=True)
            .execution_options(synchronize_session=False)
        )
    return undone


# --- writing ---------------------------------------------------------------------------


def _write(
    session: Session,
    workspace_id: UUID,
    rows: Sequence[dict[str, Any]],
    events: Sequence[NewEvent],
) -> None:
    connection = session.connection()  # the session would send rows with and without None apart
    connection.execute(insert(AccountEvent), rows)
    both = list(zip(rows, events, strict=True))
    changes = [
        {
            "product": event.terms.product, "action": event.terms.action,
            "mrr_minor": event.terms.mrr_minor, "currency": event.terms.currency,
            "term_ends_on": event.terms.term_ends_on, "received": row["received"],
            **_detail(workspace_id, row),
        }
        for row, event in both
        if event.terms is not None
    ]  # fmt: skip
    milestones = [
        {"name": event.name, **_detail(workspace_id, row)}
        for row, event in both
        if event.type == "milestone"
    ]
    invoices = [
        {**asdict(event.invoice), "received": row["received"], **_detail(workspace_id, row)}
        for row, event in both
        if event.invoice is not None
    ]
    told = ((SubscriptionChange, changes), (Milestone, milestones), (InvoiceChange, invoices))
    for model, details in told:
        if details:
            connection.execute(insert(model), details)


def _detail(workspace_id: UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id, "event_id": row["id"], "account_id": row["account_id"],
        "at": row["at"], "is_superseded": row["is_superseded"],
    }  # fmt: skip


# --- forgetting ------------------------------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """Take a person out of the events; what the account did stays.

    Active users of past months count the person no longer: a number that could name
    nobody would still tell one person's days apart.
    """
    note_change(session, workspace_id, since=EVER, now=utcnow())
    session.execute(
        update(AccountEvent)
        .where(AccountEvent.workspace_id == workspace_id, AccountEvent.contact_id == contact_id)
        .values(contact_id=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(ActiveDay).where(
            ActiveDay.workspace_id == workspace_id, ActiveDay.contact_id == contact_id
        )
    )


def hand_over(session: Session, merge: Merge) -> None:
    """What the merged record did, the kept one did: one active person where there were two."""
    of_merged = (
        ActiveDay.workspace_id == merge.workspace_id, ActiveDay.contact_id == merge.merged,
    )  # fmt: skip
    note_change(session, merge.workspace_id, since=EVER, now=utcnow())
    session.execute(
        update(AccountEvent)
        .where(
            AccountEvent.workspace_id == merge.workspace_id,
            AccountEvent.contact_id == merge.merged,
        )
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )
    days = session.execute(
        select(ActiveDay.day, ActiveDay.account_id, ActiveDay.events).where(*of_merged)
    ).all()
    activity.add_days(
        session, merge.workspace_id,
        {(row.day, row.account_id, merge.kept): row.events for row in days},
    )  # fmt: skip
    session.execute(delete(ActiveDay).where(*of_merged))


def hold_batches(session: Session, workspace_id: UUID) -> None:
    """Take one's turn among the batches, until the transaction ends: one that has found an account
    by its key is stored before that account goes."""
    _take_numbers(session, workspace_id, 0)


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """All events are of the kept account, and the sums of activity those of both."""
    move_rows(session, merge, AccountEvent, SubscriptionChange, Milestone, InvoiceChange)
    activity.add_account(session, merge)
    note_change(session, merge.workspace_id, since=EVER, now=utcnow())


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How many events name a person."""
    query = select(func.count()).where(
        AccountEvent.workspace_id == workspace_id, AccountEvent.contact_id == contact_id
    )
    return session.scalar(query) or 0
