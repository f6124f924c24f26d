"""Messages of Stripe and Segment as their public documentation has them, and what they say."""

from __future__ import annotations

import copy
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from surveys.provider_events import Misread, segment_signed, stripe_signed
from surveys.segment_events import read_segment
from surveys.stripe_events import read_stripe

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = int(NOW.timestamp())


def item(product: str = "prod_core", **price: Any) -> dict[str, Any]:
    return {
        "id": f"si_{product}", "object": "subscription_item", "quantity": 1,
        "current_period_start": SECOND, "current_period_end": SECOND + 31 * 86400,
        "price": {
            "id": "price_1", "object": "price", "billing_scheme": "per_unit", "currency": "usd",
            "product": product, "unit_amount": 1000, "unit_amount_decimal": "1000",
            "metadata": {},
            "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
        } | price,
    }  # fmt: skip


def message(kind: str = "created", *items: Any, before: Any = None, **about: Any) -> dict[str, Any]:
    subscription = {
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active",
        "metadata": {}, "items": {"object": "list", "data": list(items), "has_more": False},
    }  # fmt: skip
    data: dict[str, Any] = {"object": subscription | about}
    if before is not None:
        data["previous_attributes"] = before
    return {
        "id": "evt_1", "object": "event", "api_version": "2025-03-31.basil", "created": SECOND,
        "type": f"customer.subscription.{kind}", "livemode": True, "data": data,
    }  # fmt: skip


def events(raw: dict[str, Any], account_field: str = "") -> list[dict[str, Any]]:
    reading = read_stripe(raw, account_field=account_field, time_zone="Asia/Tokyo")
    assert reading is not None
    return [dict(each) for each in reading.events]


# --- signatures -------------------------------------------------------------------------


def stripe_header(body: bytes, *secrets: str, at: int = SECOND) -> str:
    """Computed here a second time, by the words of Stripe's documentation."""
    signed = str(at).encode() + b"." + body
    made = [hmac.new(each.encode(), signed, sha256).hexdigest() for each in secrets]
    return ",".join([f"t={at}", *(f"v1={each}" for each in made), "v0=ignored"])


def test_stripe_signs_time_and_body_and_may_sign_with_two_secrets_while_one_is_replaced():
    body = b'{"id": "evt_1"}'
    header = stripe_header(body, "whsec_old", "whsec_new")
    assert stripe_signed(body, header, "whsec_old", now=NOW)
    assert stripe_signed(body, header, "whsec_new", now=NOW)
    assert not stripe_signed(body, header, "whsec_other", now=NOW)
    assert not stripe_signed(body + b" ", header, "whsec_new", now=NOW)


@pytest.mark.parametrize(("late_s", "fits"), [(300, True), (301, False), (-300, True)])
def test_a_signature_of_stripe_holds_for_five_minutes(late_s, fits):
    header = stripe_header(b"{}", "whsec_x")
    assert stripe_signed(b"{}", header, "whsec_x", now=NOW + timedelta(seconds=late_s)) is fits


@pytest.mark.parametrize(
    "header",
    ["", "t=", "v1=00", "t=x,v1=00", f"t={SECOND}", "t=1,t=2,v1=é", f"t={'9' * 400},v1=00",
     f"t={'9' * 5000},v1=00"],
    ids=range(8),
)  # fmt: skip
def test_a_header_that_is_none_fits_nothing(header):
    assert not stripe_signed(b"{}", header, "whsec_x", now=NOW)
    assert not segment_signed(b"{}", header, "secret")


def test_the_time_cannot_be_moved_without_the_secret():
    header = stripe_header(b"{}", "whsec_x").replace(f"t={SECOND}", f"t={SECOND + 200}")
    assert not stripe_signed(b"{}", header, "whsec_x", now=NOW)


def test_segment_signs_the_body_by_the_published_vector_of_hmac_sha1():
    # RFC 2202, test case 2.
    body, key = b"what do ya want for nothing?", "Jefe"
    expected = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    assert segment_signed(body, expected, key)
    assert not segment_signed(body, expected, "jefe")


# --- Stripe -----------------------------------------------------------------------------


def test_a_new_subscription_starts_with_its_revenue_of_a_month_and_the_end_of_its_term():
    assert events(message("created", item())) == [
        {
            "id": "stripe:evt_1:1", "type": "subscription", "account": "cus_1",
            "at": "2026-11-01T00:00:00+00:00", "product": "prod_core", "action": "started",
            "mrr": 1000, "currency": "USD", "term_ends_on": "2026-12-02",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("price", "quantity", "mrr"),
    [
        ({"recurring": {"interval": "year", "interval_count": 1}, "unit_amount_decimal": "120000"},
         3, 30000),
        ({"recurring": {"interval": "month", "interval_count": 3}}, 1, 333),
        ({"recurring": {"interval": "week", "interval_count": 2}}, 1, 2167),  # 1000 × 26 / 12
        ({"recurring": {"interval": "day", "interval_count": 1}}, 1, 30417),  # 1000 × 365 / 12
        ({"unit_amount": None, "unit_amount_decimal": "0.05"}, 12345, 617),
        ({"transform_quantity": {"divide_by": 10, "round": "up"}}, 11, 2000),
        ({"transform_quantity": {"divide_by": 10, "round": "down"}}, 19, 1000),
        ({"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}, 1, 0),
        ({"currency": "jpy"}, 2, 2000),
        ({"currency": "isk"}, 1, 10),  # Stripe has hundredths of a króna, ISO 4217 has none
    ],
)  # fmt: skip
def test_revenue_of_a_month_from_price_quantity_and_interval(price, quantity, mrr):
    (event,) = events(message("created", item(**price) | {"quantity": quantity}))
    assert event["mrr"] == mrr


def test_messages_of_earlier_versions_with_plans_say_the_same():
    plan = {
        "id": "plan_1", "amount": 1000, "billing_scheme": "per_unit", "currency": "aud",
        "interval": "month", "interval_count": 1, "product": "prod_core", "usage_type": "licensed",
    }  # fmt: skip
    raw = message("created", {"plan": plan, "quantity": 2}, current_period_end=SECOND + 86400)
    (event,) = events(raw)
    assert (event["product"], event["mrr"], event["currency"]) == ("prod_core", 2000, "AUD")
    assert event["term_ends_on"] == "2026-11-02"


def test_items_of_one_product_are_one_sum_and_an_item_that_went_is_cancelled():
    before = {"items": {"data": [item("prod_old"), item("prod_core")]}}
    told = events(message("updated", item(), item(), item("prod_more"), before=before))
    assert [(e["product"], e["action"], e.get("mrr")) for e in told] == [
        ("prod_core", "changed", 2000),
        ("prod_more", "changed", 1000),
        ("prod_old", "cancelled", None),
    ]
    assert len({e["id"] for e in told}) == 3


def test_a_new_term_is_a_renewal_by_both_ways_of_telling_it():
    earlier = item() | {"current_period_start": SECOND - 31 * 86400}
    for before in ({"current_period_start": SECOND - 1}, {"items": {"data": [earlier]}}):
        (event,) = events(message("updated", item(), before=before))
        assert event["action"] == "renewed"


@pytest.mark.parametrize(
    ("kind", "status", "before", "expected"),
    [
        ("created", "incomplete", {}, []),
        ("updated", "incomplete_expired", {"status": "incomplete"}, []),
        ("updated", "active", {"status": "incomplete"}, [("started", 1000)]),
        ("created", "trialing", {}, [("started", 0)]),
        ("updated", "active", {"status": "trialing"}, [("changed", 1000)]),
        ("updated", "past_due", {"status": "active"}, [("changed", 1000)]),
        ("updated", "unpaid", {"status": "past_due"}, [("changed", 0)]),
        ("paused", "paused", {}, [("changed", 0)]),
        ("updated", "canceled", {}, [("cancelled", None)]),
        ("deleted", "canceled", {}, [("cancelled", None)]),
    ],
)
def test_states_of_a_subscription(kind, status, before, expected):
    told = events(message(kind, item(), status=status, before=before))
    assert [(e["action"], e.get("mrr")) for e in told] == expected
    assert all("term_ends_on" not in e for e in told if e["action"] == "cancelled")


def test_names_of_accounts_and_products_come_from_metadata_where_they_stand_there():
    raw = message("created", item(metadata={"product": "Core"}), metadata={"account_id": "acme"})
    (event,) = events(raw, account_field="account_id")
    assert (event["account"], event["product"]) == ("acme", "Core")
    (event,) = events(raw)
    assert event["account"] == "cus_1"


def test_a_customer_gives_its_account_a_name_if_it_is_known_which_account_that_is():
    raw = {
        "id": "evt_2", "type": "customer.updated", "created": SECOND,
        "data": {"object": {"id": "cus_1", "name": "Acme", "metadata": {}}},
    }  # fmt: skip
    by_id = read_stripe(raw, account_field="", time_zone="UTC")
    assert by_id is not None
    assert by_id.account == {"external_id": "cus_1", "name": "Acme"}
    by_field = read_stripe(raw, account_field="account_id", time_zone="UTC")
    assert by_field is not None
    assert by_field.is_silent


def invoice(kind: str, **about: Any) -> dict[str, Any]:
    body = {"id": "in_1", "object": "invoice", "customer": "cus_1", "amount_due": 1200,
            "currency": "eur", "due_date": None, "metadata": {},
            "status_transitions": {"finalized_at": SECOND - 86400}}  # fmt: skip
    return {"id": "evt_4", "type": f"invoice.{kind}", "created": SECOND,
            "data": {"object": body | about}}  # fmt: skip


@pytest.mark.parametrize("kind", ["payment_failed", "overdue", "marked_uncollectible"])
def test_an_invoice_that_is_not_paid_is_overdue_since_it_was_due_or_final(kind):
    (event,) = events(invoice(kind))
    assert event == {
        "id": "stripe:evt_4:1", "type": "invoice_overdue", "account": "cus_1", "invoice": "in_1",
        "at": "2026-11-01T00:00:00+00:00", "amount": 1200, "currency": "EUR",
        "due_on": "2026-10-31",
    }  # fmt: skip
    (event,) = events(invoice(kind, due_date=SECOND - 10 * 86400))
    assert event["due_on"] == "2026-10-22"
    assert events(invoice(kind, due_date=SECOND + 86400)) == []


@pytest.mark.parametrize("kind", ["paid", "payment_succeeded", "voided"])
def test_of_an_invoice_that_is_paid_or_void_nothing_is_owed(kind):
    (event,) = events(invoice(kind))
    assert (event["type"], event["invoice"], "due_on" in event) == ("invoice_paid", "in_1", False)
    assert event["amount"] == (0 if kind == "voided" else 1200)  # what is void was never bought


def test_an_invoice_is_of_the_account_that_its_subscription_names():
    named = {"subscription_details": {"metadata": {"account_id": "acme"}}}
    for about in (named, {"parent": named}):
        (event,) = events(invoice("paid", **about), account_field="account_id")
        assert event["account"] == "acme"


def test_other_kinds_are_nothing():
    raw = {"id": "evt_3", "type": "charge.succeeded", "created": SECOND, "data": {"object": {}}}
    assert read_stripe(raw, account_field="", time_zone="UTC") is None


def broken(path: str, value: Any) -> dict[str, Any]:
    raw = copy.deepcopy(message("created", item()))
    *parents, last = path.split(".")
    place: Any = raw
    for name in parents:
        place = place[int(name)] if name.isdecimal() else place[name]
    place[last] = value
    return raw


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("created", "now", "created"),
        ("created", 10**20, "created"),
        ("data.object.status", None, "data.object.status"),
        ("data.object.customer", None, "data.object.customer"),
        ("data.object.items", {"data": []}, "data.object.items"),
        ("data.object.items.has_more", True, "data.object.items.has_more"),
        ("data.object.items.data.0.price.unit_amount_decimal", "-1",
         "data.object.items.data.0.price.unit_amount"),
        ("data.object.items.data.0.price.unit_amount_decimal", "NaN",
         "data.object.items.data.0.price.unit_amount"),
        ("data.object.items.data.0.price.billing_scheme", "tiered",
         "data.object.items.data.0.price.billing_scheme"),
        ("data.object.items.data.0.price.recurring", {"interval": "fortnight"},
         "data.object.items.data.0.price.recurring"),
        ("data.object.items.data.0.price.currency", None,
         "data.object.items.data.0.price.currency"),
        ("data.object.items.data.0.quantity", -1, "data.object.items.data.0.quantity"),
        ("data.object.items.data.0.price.product", None, "data.object.items.data.0.price.product"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named_by_stripes_field(path, value, field):
    with pytest.raises(Misread) as caught:
        read_stripe(broken(path, value), account_field="", time_zone="UTC")
    assert caught.value.field == field


# --- Segment ----------------------------------------------------------------------------

COMMON = {
    "messageId": "022bb90c-bbac-11e4-8dfc-aa07a5b093db", "userId": "97980cfea0067",
    "anonymousId": "507f191e810c19729de860ea", "timestamp": "2015-02-23T22:28:55.111Z",
    "receivedAt": "2015-02-23T22:28:55.387Z", "version": 2,
    "context": {"groupId": "acme", "locale": "en-US", "timezone": "Asia/Tokyo", "ip": "8.8.8.8"},
}  # fmt: skip
TRACK = COMMON | {"type": "track", "event": "Report Exported", "properties": {"pages": 3}}


def test_what_somebody_did_is_usage_a_log_in_or_a_milestone():
    reading = read_segment(TRACK)
    assert reading is not None
    assert reading.events == (
        {
            "id": "segment:022bb90c-bbac-11e4-8dfc-aa07a5b093db", "type": "usage",
            "at": "2015-02-23T22:28:55.111000+00:00", "name": "Report Exported",
            "account": "acme", "contact": "97980cfea0067",
        },
    )  # fmt: skip
    login = read_segment(TRACK | {"event": "Signed In"})
    assert login is not None
    assert (login.events[0]["type"], "name" in login.events[0]) == ("login", False)
    done = read_segment(TRACK | {"event": "setup_done"}, milestones=["setup_done"])
    assert done is not None
    assert (done.events[0]["type"], done.events[0]["name"]) == ("milestone", "setup_done")


def test_without_a_group_the_account_is_that_of_the_person_and_of_nobody_it_is_nothing():
    alone = read_segment(TRACK | {"context": {}})
    assert alone is not None
    assert "account" not in alone.events[0]
    nobody = read_segment(TRACK | {"context": {}, "userId": None})
    assert nobody is not None
    assert nobody.is_silent


def test_of_a_person_only_what_is_needed_is_read():
    traits = {"email": "peter@example.com", "firstName": "Peter", "lastName": "Gibbons",
              "phone": "555-0100", "birthday": "1980-01-01"}  # fmt: skip
    reading = read_segment(COMMON | {"type": "identify", "traits": traits})
    assert reading is not None
    assert reading.contact == {
        "external_id": "97980cfea0067", "email": "peter@example.com", "name": "Peter Gibbons",
        "locale": "en-US", "time_zone": "Asia/Tokyo",
    }  # fmt: skip
    assert reading.account == {"external_id": "acme"}


def test_of_a_company_name_plan_and_a_few_facts():
    traits = {"name": "Initech", "plan": "enterprise", "employees": 329, "industry": "Technology",
              "email": "boss@example.com", "website": {"url": "x"}}  # fmt: skip
    reading = read_segment(COMMON | {"type": "group", "groupId": "0e8c78ea", "traits": traits})
    assert reading is not None
    assert reading.account == {
        "external_id": "0e8c78ea", "name": "Initech", "plan": "enterprise",
        "attributes": {"industry": "Technology", "employees": 329},
    }  # fmt: skip
    assert reading.contact == {"external_id": "97980cfea0067"}


def test_pages_and_screens_are_nothing():
    assert read_segment(COMMON | {"type": "page", "name": "Home"}) is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (TRACK | {"event": " "}, "event"),
        (TRACK | {"messageId": None}, "messageId"),
        (TRACK | {"timestamp": "yesterday"}, "timestamp"),
        (TRACK | {"timestamp": "2015-02-23T22:28:55"}, "timestamp"),
        (COMMON | {"type": "group", "traits": {}}, "groupId"),
        ([], "body"),
    ],
)
def test_what_is_missing_or_wrong_is_named_by_segments_field(raw, field):
    with pytest.raises(Misread) as caught:
        read_segment(raw)
    assert caught.value.field == field
