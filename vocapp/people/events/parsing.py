"""How machines write events, and what each becomes: a checked `NewEvent`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from surveys.periods import local_day
from vocapp.people.events.service import InvoiceTerms, NewEvent, Terms
from vocapp.people.parsing import Currency, Day, Instant, Key
from vocapp.problems import BadInput, from_validation
from vocapp.signing import digest_of_json

AHEAD = timedelta(minutes=5)  # how far a sender's clock may run ahead of ours

EventName = Annotated[str, Field(min_length=1, max_length=200)]


class _EventBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Key
    account: Key = Field(description="external_id of the account")
    contact: Key | None = Field(None, description="external_id of the contact")
    at: Instant
    supersedes: Key | None = Field(None, description="id of the event that this one corrects")


class _ActivityBody(_EventBody):
    product: EventName | None = Field(
        None, description="In which of your products, as subscriptions call it"
    )


class LoginBody(_ActivityBody):
    type: Literal["login"]


class UsageBody(_ActivityBody):
    type: Literal["usage"]
    name: EventName
    count: StrictInt = Field(1, ge=1, le=10**9)


class MilestoneBody(_EventBody):
    type: Literal["milestone"]
    name: EventName


class SubscriptionBody(_EventBody):
    type: Literal["subscription"]
    product: EventName
    action: Literal["started", "changed", "renewed", "cancelled"]
    mrr: StrictInt | None = Field(
        None, ge=0, le=10**15,
        description="Minor units, from `at` on; needed unless cancelled, which is always 0",
    )  # fmt: skip
    currency: Currency | None = Field(None, description="ISO 4217, needed with mrr")
    term_ends_on: Day | None = None

    def terms(self) -> Terms:
        """What holds from `at` on. Raises BadInput.

        Some senders tell with a cancellation what is lost; what holds is nothing all the same.
        """
        is_over = self.action == "cancelled"
        if self.mrr is None and not is_over:
            raise BadInput.of("mrr", "is needed unless the action is cancelled")
        if self.mrr is not None and self.currency is None:
            raise BadInput.of("currency", "is needed with mrr")
        return Terms(
            product=self.product,
            action=self.action,
            mrr_minor=0 if is_over or self.mrr is None else self.mrr,
            currency=self.currency,
            term_ends_on=self.term_ends_on,
        )


class _InvoiceBody(_EventBody):
    invoice: Key = Field(description="Your id of the invoice, the same when it is paid")
    amount: StrictInt | None = Field(None, ge=0, le=10**15, description="Minor units")
    currency: Currency | None = Field(None, description="ISO 4217, needed with amount")


class InvoiceOverdueBody(_InvoiceBody):
    type: Literal["invoice_overdue"]
    due_on: Day


class InvoicePaidBody(_InvoiceBody):
    type: Literal["invoice_paid"]


BODIES: dict[str, type[_EventBody]] = {
    "login": LoginBody,
    "usage": UsageBody,
    "milestone": MilestoneBody,
    "subscription": SubscriptionBody,
    "invoice_overdue": InvoiceOverdueBody,
    "invoice_paid": InvoicePaidBody,
}


def event_of(raw: Any, *, time_zone: str, now: datetime) -> NewEvent:
    """One event as a machine sends it, checked. Raises BadInput."""
    if not isinstance(raw, Mapping):
        raise BadInput.of("body", "expected an object")
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in BODIES:
        raise BadInput.of("type", f"one of {', '.join(BODIES)}")
    try:
        body = BODIES[kind].model_validate(raw)
    except ValidationError as exc:
        raise from_validation(exc) from exc
    if body.at > now + AHEAD:
        raise BadInput.of("at", "more than 5 minutes ahead")
    if body.supersedes == body.id:
        raise BadInput.of("supersedes", "an event cannot correct itself")
    terms = body.terms() if isinstance(body, SubscriptionBody) else None
    if terms and terms.term_ends_on and terms.term_ends_on < local_day(body.at, time_zone):
        raise BadInput.of("term_ends_on", "the term ends before it begins")
    invoice = _invoice_terms(body, time_zone) if isinstance(body, _InvoiceBody) else None
    return NewEvent(
        id=body.id, digest=digest_of_json(raw), type=kind, account=body.account,
        contact=body.contact, at=body.at, name=getattr(body, "name", None),
        product=body.product if isinstance(body, _ActivityBody) else None,
        count=getattr(body, "count", 1), terms=terms, invoice=invoice, supersedes=body.supersedes,
    )  # fmt: skip


def _invoice_terms(body: _InvoiceBody, time_zone: str) -> InvoiceTerms:
    """What is told of an invoice. Raises BadInput."""
    due_on = body.due_on if isinstance(body, InvoiceOverdueBody) else None
    if due_on is not None and due_on > local_day(body.at, time_zone):
        raise BadInput.of("due_on", "an invoice that is not due yet is not overdue")
    if (body.amount is None) != (body.currency is None):
        missing = "amount" if body.amount is None else "currency"
        raise BadInput.of(missing, "amount and currency go together")
    return InvoiceTerms(
        invoice=body.invoice, is_paid=isinstance(body, InvoicePaidBody), due_on=due_on,
        amount_minor=body.amount, currency=body.currency,
    )  # fmt: skip
