"""What is told of an account's invoices: which are not paid though they were due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped
from vocapp.people.events.models import InvoiceChange


class Told(Protocol):
    """One thing told of an invoice."""

    @property
    def invoice(self) -> str: ...
    @property
    def is_paid(self) -> bool: ...
    @property
    def due_on(self) -> date | None: ...


def overdue_days(told: Iterable[Told], *, today: date) -> int | None:
    """Days since the oldest unpaid invoice was due, 0 where all are paid; None: nothing was told.

    told: of one account, in the order of (at, received); of each invoice the last holds.
    """
    last = {each.invoice: each for each in told}
    if not last:
        return None
    due = [each.due_on for each in last.values() if not each.is_paid and each.due_on is not None]
    return max(0, (today - min(due)).days) if due else 0


def invoices_of(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID], *, until: datetime
) -> dict[UUID, list[InvoiceChange]]:
    """Account → what was told of its invoices in order; what was corrected is left out."""
    query = (
        scoped(InvoiceChange, workspace_id)
        .where(
            InvoiceChange.account_id.in_(account_ids),
            InvoiceChange.is_superseded.is_(False),
            InvoiceChange.at <= until,
        )
        .order_by(InvoiceChange.at, InvoiceChange.received)
    )
    found: dict[UUID, list[InvoiceChange]] = defaultdict(list)
    for each in session.scalars(query):
        found[each.account_id].append(each)
    return found
