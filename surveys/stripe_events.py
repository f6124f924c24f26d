"""Messages of Stripe: what a customer is subscribed to, and which invoices are not paid.

Each message about a subscription has the whole of it, so the newest by Stripe's own time
holds, whatever the order of arrival; items that went are known from `previous_attributes`.
Source: docs.stripe.com/api, objects Event, Subscription, Price, Plan and Invoice.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from surveys.periods import local_day
from surveys.provider_events import Misread, Reading, instant_of, message_name, part_of, text_of

_SUBSCRIPTION = "customer.subscription."
_SUBSCRIPTION_KINDS = frozenset(
    _SUBSCRIPTION + name for name in ("created", "updated", "deleted", "paused", "resumed")
)
_CUSTOMER_KINDS = frozenset({"customer.created", "customer.updated"})
_INVOICE_TYPES = {
    "invoice.payment_failed": "invoice_overdue", "invoice.overdue": "invoice_overdue",
    "invoice.marked_uncollectible": "invoice_overdue", "invoice.paid": "invoice_paid",
    "invoice.payment_succeeded": "invoice_paid", "invoice.voided": "invoice_paid",
}  # fmt: skip
_NEVER_BEGAN = frozenset({"incomplete", "incomplete_expired"})
_NOT_PAID_FOR = frozenset({"trialing", "paused", "unpaid"})
_MONTHS = {
    "day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12),
}  # fmt: skip
# Amounts that Stripe has in hundredths although the currency has no smaller unit.
_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
_OBJECT = "data.object"


@dataclass(frozen=True, slots=True)
class _Item:
    product: str
    mrr: Fraction
    currency: str
    ends_at: datetime | None
    began_at: int | None


def stripe_name(message: Any) -> tuple[str, str]:
    """Id and kind of a message. Raises Misread."""
    return message_name(message, "id")


def read_stripe(
    message: Mapping[str, Any], *, account_field: str, time_zone: str
) -> Reading | None:
    """What a message says; None for a kind that nothing is made of. Raises Misread.

    account_field: the field of Stripe's metadata that has the account's key, "" for none; where
    a subscription has no such field the key is the id of Stripe's customer. A customer without
    it says nothing then: what its account is called here is not known. time_zone: of the days
    on which terms end.

    Revenue is that of a month in minor units: amount × quantity, over the length of the
    interval (a year has 12 months, 52 weeks or 365 days), rounded half to even. Metered prices
    count nothing, as nobody knows their amount before; trials, pauses and subscriptions that
    nobody pays any more count nothing, but go on. Discounts and taxes are left aside.
    """
    event_id, kind = stripe_name(message)
    about = part_of(part_of(message, "data"), "object")
    at = instant_of(message.get("created"), "created")
    if kind in _CUSTOMER_KINDS:
        return _customer(about, account_field, at)
    if kind in _INVOICE_TYPES:
        return _invoice(
            about, _INVOICE_TYPES[kind], event_id, account_field, at, time_zone,
            is_void=kind == "invoice.voided",
        )  # fmt: skip
    if kind not in _SUBSCRIPTION_KINDS:
        return None
    status = text_of(about.get("status"))
    if status is None:
        raise Misread(f"{_OBJECT}.status", "is needed")
    if status in _NEVER_BEGAN:
        return Reading(at)
    before = part_of(part_of(message, "data"), "previous_attributes")
    told = {"type": "subscription", "account": _account(about, account_field), "at": at.isoformat()}
    items = _items(about, f"{_OBJECT}.items")
    is_over = kind.endswith(".deleted") or status == "canceled"
    action = "cancelled" if is_over else _action(kind, before, items)
    bodies = [
        _body(of_product, action, is_paid=status not in _NOT_PAID_FOR)
        | _term(of_product, action, at, time_zone)
        for of_product in _by_product(items).values()
    ]
    went = _products(before) - {item.product for item in items}
    bodies += [{"product": product, "action": "cancelled"} for product in sorted(went)]
    events = (
        told | {"id": f"stripe:{event_id}:{n}"} | body for n, body in enumerate(bodies, start=1)
    )
    return Reading(at, events=tuple(events))


def subscription_id(message: Mapping[str, Any]) -> str | None:
    """The id of the subscription that a message is about."""
    return text_of(part_of(part_of(message, "data"), "object").get("id"))


def _customer(about: Mapping[str, Any], account_field: str, at: datetime) -> Reading:
    if text_of(about.get("id")) is None:
        raise Misread(f"{_OBJECT}.id", "is needed")
    key = part_of(about, "metadata").get(account_field) if account_field else about["id"]
    key = text_of(key)
    if key is None:
        return Reading(at)
    name = text_of(about.get("name"))
    return Reading(at, account={"external_id": key, "name": name} if name else None)


def _invoice(
    about: Mapping[str, Any],
    type_: str,
    event_id: str,
    account_field: str,
    at: datetime,
    time_zone: str,
    *,
    is_void: bool,
) -> Reading:
    """An invoice that was due and is not paid, or of which nothing is owed any more.

    Where it is charged by itself it has no due date: it was due when it was made final.
    """
    invoice = text_of(about.get("id"))
    if invoice is None:
        raise Misread(f"{_OBJECT}.id", "is needed")
    body: dict[str, Any] = {
        "id": f"stripe:{event_id}:1", "type": type_, "account": _account(about, account_field),
        "at": at.isoformat(), "invoice": invoice,
    }  # fmt: skip
    amount, currency = about.get("amount_due"), text_of(about.get("currency"))
    if is_void:
        amount = 0  # nothing was ever paid: no purchase
    if isinstance(amount, int) and currency is not None:
        hundredths = 100 if currency.upper() in _IN_HUNDREDTHS else 1
        body |= {"amount": round(Fraction(amount, hundredths)), "currency": currency.upper()}
    if type_ == "invoice_overdue":
        final = part_of(about, "status_transitions").get("finalized_at")
        due = next((each for each in (about.get("due_date"), final) if each is not None), None)
        due_at = at if due is None else instant_of(due, f"{_OBJECT}.due_date")
        if due_at > at:  # an attempt failed, and there is time yet
            return Reading(at)
        body["due_on"] = local_day(due_at, time_zone).isoformat()
    return Reading(at, events=(body,))


def _account(about: Mapping[str, Any], account_field: str) -> str:
    """Of an invoice, its subscription's metadata count, too: a copy stands in it."""
    named = None
    if account_field:
        of_invoice = part_of(part_of(about, "parent"), "subscription_details")
        holders = (about, of_invoice, part_of(about, "subscription_details"))
        found = (text_of(part_of(each, "metadata").get(account_field)) for each in holders)
        named = next(filter(None, found), None)
    customer = about.get("customer")
    by_id = text_of(customer) or text_of(part_of(about, "customer").get("id"))
    if named is None and by_id is None:
        raise Misread(f"{_OBJECT}.customer", "is needed")
    return named or by_id or ""


def _action(kind: str, before: Mapping[str, Any], items: Sequence[_Item]) -> str:
    """What the message is about: its beginning, a new term, or another change."""
    if kind.endswith(".created") or before.get("status") in _NEVER_BEGAN:
        return "started"
    began = {item.began_at for item in items}
    earlier = {
        each.get("current_period_start") for each in _list(part_of(before, "items"))
        if each.get("current_period_start") is not None
    }  # fmt: skip
    is_new_term = "current_period_start" in before or bool(earlier - began)
    return "renewed" if is_new_term else "changed"


def _body(items: Sequence[_Item], action: str, *, is_paid: bool) -> dict[str, Any]:
    """What holds of one product from now on."""
    body: dict[str, Any] = {"product": items[0].product, "action": action}
    if action == "cancelled":
        return body
    total = round(sum((item.mrr for item in items), Fraction())) if is_paid else 0
    return body | {"mrr": total, "currency": items[0].currency}


def _term(items: Sequence[_Item], action: str, at: datetime, time_zone: str) -> dict[str, Any]:
    """When the term ends, which is not told once it is over."""
    ends = [item.ends_at for item in items if item.ends_at is not None and item.ends_at > at]
    if action == "cancelled" or not ends:
        return {}
    return {"term_ends_on": local_day(min(ends), time_zone).isoformat()}


def _by_product(items: Sequence[_Item]) -> dict[str, list[_Item]]:
    found: dict[str, list[_Item]] = defaultdict(list)
    for item in items:
        found[item.product].append(item)
    return dict(sorted(found.items()))


def _products(before: Mapping[str, Any]) -> set[str]:
    """Products of the items that a change names as they were before."""
    prices = (_price(each) for each in _list(part_of(before, "items")))
    return {product for price in prices if (product := _product(price)) is not None}


def _list(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = holder.get("data")
    return [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []


# --- items ------------------------------------------------------------------------------


def _items(about: Mapping[str, Any], field: str) -> list[_Item]:
    holder = part_of(about, "items")
    rows = _list(holder)
    if not rows:
        raise Misread(field, "is needed")
    if holder.get("has_more"):
        raise Misread(f"{field}.has_more", "only some of the items are here")
    items = [_item(row, about, f"{field}.data.{n}") for n, row in enumerate(rows)]
    if len({item.currency for item in items}) > 1:
        raise Misread(field, "several currencies in one subscription")
    return items


def _item(row: Mapping[str, Any], about: Mapping[str, Any], field: str) -> _Item:
    """Since 2025 the term stands with the item, before that with the subscription."""
    price = _price(row)
    product = _product(price)
    if product is None:
        raise Misread(f"{field}.price.product", "is needed")
    currency = text_of(price.get("currency"))
    if currency is None:
        raise Misread(f"{field}.price.currency", "is needed")
    ends, began = (
        row.get(name) if row.get(name) is not None else about.get(name)
        for name in ("current_period_end", "current_period_start")
    )
    return _Item(
        product=product,
        mrr=_monthly(row, price, field, currency.upper()),
        currency=currency.upper(),
        ends_at=None if ends is None else instant_of(ends, f"{field}.current_period_end"),
        began_at=began if isinstance(began, int) else None,
    )


def _price(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The price of an item in the words of today, also where it is told in those of plans."""
    price = part_of(row, "price")
    if price:
        return price
    plan = part_of(row, "plan")
    names = ("product", "currency", "billing_scheme", "metadata")
    repeated = {name: plan.get(name) for name in ("interval", "interval_count", "usage_type")}
    return {name: plan.get(name) for name in names} | {
        "unit_amount": plan.get("amount"), "unit_amount_decimal": plan.get("amount_decimal"),
        "recurring": repeated, "transform_quantity": plan.get("transform_usage"),
    } if plan else {}  # fmt: skip


def _product(price: Mapping[str, Any]) -> str | None:
    """Its name from the price's metadata where somebody gave one, else its id."""
    product = price.get("product")
    by_id = text_of(product) or text_of(part_of(price, "product").get("id"))
    return text_of(part_of(price, "metadata").get("product")) or by_id


def _monthly(
    row: Mapping[str, Any], price: Mapping[str, Any], field: str, currency: str
) -> Fraction:
    recurring = part_of(price, "recurring")
    if recurring.get("usage_type") == "metered":
        return Fraction()
    every = recurring.get("interval_count") or 1
    months = _MONTHS.get(str(recurring.get("interval")))
    if months is None or not isinstance(every, int) or every < 1:
        raise Misread(f"{field}.price.recurring", "expected a number of days, weeks, months, years")
    if price.get("billing_scheme") == "tiered":
        raise Misread(f"{field}.price.billing_scheme", "tiered prices tell no amount of a month")
    amount = _amount(price, f"{field}.price.unit_amount") * _quantity(row, price, field)
    return amount / (months * every) / (100 if currency in _IN_HUNDREDTHS else 1)


def _amount(price: Mapping[str, Any], field: str) -> Fraction:
    """Minor units of one; a price may have fractions of them."""
    given = price.get("unit_amount_decimal")
    given = price.get("unit_amount") if given is None else given
    try:
        amount = Decimal(str(given))
    except InvalidOperation as exc:
        raise Misread(field, "expected a number of minor units") from exc
    if not amount.is_finite() or amount < 0:
        raise Misread(field, "expected a number of minor units, 0 or more")
    return Fraction(amount)


def _quantity(row: Mapping[str, Any], price: Mapping[str, Any], field: str) -> int:
    quantity = row.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise Misread(f"{field}.quantity", "expected a whole number, 0 or more")
    packs = part_of(price, "transform_quantity")
    of_pack = packs.get("divide_by")
    if not isinstance(of_pack, int) or of_pack < 1:
        return quantity
    in_packs = Fraction(quantity, of_pack)
    return math.ceil(in_packs) if packs.get("round") == "up" else math.floor(in_packs)
