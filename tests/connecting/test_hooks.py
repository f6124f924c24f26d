"""Stripe and Segment send by themselves: signed or refused, once, in any order."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1, sha256
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.conftest import Api
from tests.surveys.test_provider_events import COMMON, TRACK, item, message
from vocapp.connecting.hooks import queries, service
from vocapp.database import snapshot, utcnow
from vocapp.people.events.invoices import overdue_days
from vocapp.people.events.models import (
    AccountEvent,
    ActivityHour,
    InvoiceChange,
    ProductDay,
    SubscriptionChange,
)
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact

SECRET = "whsec_of_the_endpoint"


@dataclass
class Sender:
    """A provider that sends to one address."""

    api: Api
    provider: str
    source_id: UUID

    @property
    def found(self) -> queries.OneSource:
        return queries.one_source(self.api.workspace_id, self.source_id)

    def send(self, body: Any, secret: str = SECRET, at: datetime | None = None) -> Any:
        raw = json.dumps(body).encode()
        if self.provider == "stripe":
            seconds = int((at or utcnow()).timestamp())
            signed = hmac.new(secret.encode(), f"{seconds}.".encode() + raw, sha256).hexdigest()
            headers = {"Stripe-Signature": f"t={seconds},v1={signed}"}
        else:
            headers = {"x-signature": hmac.new(secret.encode(), raw, sha1).hexdigest()}
        return self.api.client.post(
            f"/hooks/{self.provider}/{self.found.source.public_id}", data=raw,
            headers=headers | {"Content-Type": "application/json"},
        )  # fmt: skip

    def accept(self, *bodies: Any) -> None:
        for body in bodies:
            answer = self.send(body)
            assert (answer.status_code, answer.json["rejected"]) == (200, []), answer.text


def sender(api: Api, provider: str, **options: Any) -> Sender:
    by: dict[str, Any] = {"actor_user_id": None, "now": utcnow()}
    made = service.add_source(api.workspace_id, provider=provider, name=provider, **by)
    service.change_source(api.workspace_id, made, secret=SECRET, options=options, **by)
    return Sender(api, provider, made)


@pytest.fixture
def stripe(any_api) -> Sender:
    return sender(any_api, "stripe")


@pytest.fixture
def segment(any_api) -> Sender:
    return sender(any_api, "segment", milestones=["setup_done"])


def seconds(day: int, month: int = 10) -> int:
    return int(datetime(2026, month, day, tzinfo=UTC).timestamp())


def told(event_id: str, day: int, kind: str = "updated", *items: Any, **more: Any) -> Any:
    return message(kind, *items, **more) | {"id": event_id, "created": seconds(day)}


def account(api: Api, external_id: str) -> Account | None:
    with snapshot() as session:
        return session.scalars(
            select(Account).where(
                Account.workspace_id == api.workspace_id, Account.external_id == external_id
            )
        ).one_or_none()


def rows(api: Api, model: Any) -> list[Any]:
    with snapshot() as session:
        return list(session.scalars(select(model).where(model.workspace_id == api.workspace_id)))


# --- the door ---------------------------------------------------------------------------


def test_what_is_not_signed_with_the_secret_is_refused_and_the_page_says_so(stripe):
    body = told("evt_1", 1, "created", item())
    assert stripe.send(body, secret="whsec_of_another").status_code == 400
    assert stripe.send(body, at=utcnow() - timedelta(minutes=6)).status_code == 400
    assert stripe.found.source.last_unsigned_at is not None
    assert stripe.found.tallies == ()
    assert rows(stripe.api, AccountEvent) == []


def test_an_address_that_is_none_and_one_without_a_secret_take_nothing(api):
    assert api.client.post("/hooks/stripe/nowhere", json={}).status_code == 404
    assert api.client.post("/hooks/paypal/nowhere", json={}).status_code == 404
    by: dict[str, Any] = {"actor_user_id": None, "now": utcnow()}
    made = service.add_source(api.workspace_id, provider="stripe", name="new", **by)
    assert Sender(api, "stripe", made).send({}, secret="").status_code == 400


def test_the_secret_is_sealed_in_the_database(stripe):
    with snapshot() as session:
        stored = session.scalars(text("SELECT secret FROM hook_source")).one()
    assert SECRET not in stored


# --- Stripe -----------------------------------------------------------------------------


def test_subscriptions_come_to_revenue_whatever_the_order_and_however_often(any_api):
    messages = [
        told("evt_1", 1, "created", item()),
        told("evt_2", 2, "updated", item(unit_amount_decimal="2500"), item("prod_more")),
        told("evt_3", 3, "updated", item(unit_amount_decimal="3000"),
             before={"items": {"data": [item("prod_more")]}}),
    ]  # fmt: skip
    hook = sender(any_api, "stripe")
    for number, order in enumerate(permutations(messages)):
        customer = f"cus_{number}"
        for each in (*order, order[0]):
            body = json.loads(json.dumps(each).replace("cus_1", customer))
            hook.accept(body | {"id": f"{each['id']}-{number}"})
        held = account(any_api, customer)
        assert held is not None
        assert (held.mrr_minor, held.currency) == (3000, "USD"), order
    assert len(rows(any_api, SubscriptionChange)) == 6 * 5


def test_two_subscriptions_of_one_product_are_both_counted_and_end_by_themselves(stripe):
    stripe.accept(
        told("evt_1", 1, "created", item(), id="sub_a"),
        told("evt_2", 2, "created", item(), id="sub_b"),
    )
    held = account(stripe.api, "cus_1")
    assert held is not None
    assert held.mrr_minor == 2000
    stripe.accept(told("evt_3", 3, "deleted", item(), id="sub_a"))
    # One that begins when the first is over goes on under its name; a late message of the
    # first one changes nothing of what holds now.
    stripe.accept(
        told("evt_5", 5, "created", item(), id="sub_c"),
        told("evt_4", 2, "updated", item(unit_amount_decimal="9000"), id="sub_a"),
    )
    held = account(stripe.api, "cus_1")
    assert held is not None
    assert held.mrr_minor == 2000
    products = {each.product for each in rows(stripe.api, SubscriptionChange)}
    assert products == {"prod_core", "prod_core (sub_b)"}


def test_a_cancellation_ends_the_revenue_and_the_customer_gets_a_name(stripe):
    named = {"id": "evt_n", "type": "customer.updated", "created": seconds(2),
             "data": {"object": {"id": "cus_1", "name": "Acme", "metadata": {}}}}  # fmt: skip
    stripe.accept(told("evt_1", 1, "created", item()), named,
                  told("evt_2", 3, "deleted", item(), status="canceled"))  # fmt: skip
    held = account(stripe.api, "cus_1")
    assert held is not None
    assert (held.name, held.mrr_minor) == ("Acme", 0)


def test_an_unpaid_invoice_is_overdue_until_it_is_paid_in_whatever_order_it_is_told(stripe):
    def invoice(event_id: str, day: int, kind: str) -> Any:
        about = {"id": "in_1", "customer": "cus_1", "amount_due": 1200, "currency": "eur",
                 "due_date": seconds(1), "metadata": {}}  # fmt: skip
        return {"id": event_id, "type": f"invoice.{kind}", "created": seconds(day),
                "data": {"object": about}}  # fmt: skip

    stripe.accept(invoice("evt_2", 5, "paid"), invoice("evt_1", 3, "payment_failed"))
    told = sorted(rows(stripe.api, InvoiceChange), key=lambda each: each.at)
    assert [each.is_paid for each in told] == [False, True]
    assert overdue_days(told, today=date(2026, 11, 1)) == 0
    assert overdue_days(told[:1], today=date(2026, 10, 11)) == 10


def test_other_kinds_are_accepted_and_counted(stripe):
    body = {"id": "evt_9", "type": "charge.succeeded", "created": seconds(1), "data": {}}
    stripe.accept(body, body | {"id": "evt_10"})
    (tally,) = stripe.found.tallies
    assert (tally.kind, tally.taken, tally.left_aside, tally.refused) == (
        "charge.succeeded", 0, 2, 0,
    )  # fmt: skip
    assert rows(stripe.api, AccountEvent) == []


def test_a_bad_one_is_listed_with_its_field_until_it_comes_again_and_is_good(stripe):
    bad = told("evt_1", 1, "created", item(currency="xxxx"))
    answer = stripe.send(bad)
    assert answer.status_code == 200
    assert answer.json["rejected"][0]["id"] == "evt_1"
    stripe.send(bad)
    (refusal,) = stripe.found.refusals
    assert refusal.field == "data.object.items.data.price.currency"
    assert refusal.times == 2
    assert rows(stripe.api, AccountEvent) == []
    stripe.accept(told("evt_1", 1, "created", item()))
    assert stripe.found.refusals == ()
    assert len(rows(stripe.api, AccountEvent)) == 1


def test_an_event_of_the_future_is_refused(stripe):
    later = int((utcnow() + timedelta(hours=1)).timestamp())
    answer = stripe.send(message("created", item()) | {"created": later})
    assert [each["field"] for each in answer.json["rejected"]] == ["created"]


def test_the_same_id_with_other_content_is_refused(stripe):
    stripe.accept(told("evt_1", 1, "created", item()))
    answer = stripe.send(told("evt_1", 1, "created", item(unit_amount_decimal="1")))
    assert [each["field"] for each in answer.json["rejected"]] == ["id"]


# --- Segment ----------------------------------------------------------------------------


def test_a_batch_is_judged_message_by_message_and_uses_are_summed_by_hour(segment):
    batch = [
        COMMON | {"type": "group", "messageId": "m0", "groupId": "acme",
                  "traits": {"name": "Acme", "plan": "pro"}},
        TRACK | {"messageId": "m1"},
        TRACK | {"messageId": "m2", "properties": {"product": "core"}},
        TRACK | {"messageId": "m6", "properties": {"product": "no name " * 30}},
        TRACK | {"messageId": "m3", "timestamp": "soon"},
        TRACK | {"messageId": "m4", "event": "setup_done"},
        COMMON | {"type": "page", "messageId": "m5"},
    ]  # fmt: skip
    for _ in range(2):
        answer = segment.send(batch)
        assert answer.json == {
            "received": 7,
            "rejected": [
                {"id": "m3", "field": "timestamp",
                 "message": "expected a time such as 2026-11-01T09:00:00.000Z"}
            ],
        }  # fmt: skip
    held = account(segment.api, "acme")
    assert held is not None
    assert (held.name, held.plan) == ("Acme", "pro")
    (hour,) = rows(segment.api, ActivityHour)
    assert (hour.uses, hour.logins) == (3, 0)
    assert [(each.product, each.uses) for each in rows(segment.api, ProductDay)] == [("core", 1)]


def test_without_a_group_what_somebody_does_is_of_the_account_they_are_known_at(segment):
    alone = TRACK | {"context": {}, "messageId": "m1"}
    assert segment.send(alone).json["rejected"][0]["field"] == "context.groupId"
    segment.accept(COMMON | {"type": "group", "messageId": "m2", "groupId": "acme"}, alone)
    (event,) = rows(segment.api, AccountEvent)
    held = account(segment.api, "acme")
    assert held is not None
    assert event.account_id == held.id


def test_people_are_named_once_and_never_by_older_news_or_after_they_were_erased(segment):
    def identify(message_id: str, day: int, name: str) -> Any:
        return COMMON | {
            "type": "identify", "messageId": message_id, "traits": {"name": name},
            "timestamp": f"2026-10-{day:02}T00:00:00Z",
        }  # fmt: skip

    segment.accept(identify("m2", 2, "Aiko B."), identify("m1", 1, "Aiko A."))
    (person,) = rows(segment.api, Contact)
    assert person.name == "Aiko B."
    erase_contact(segment.api.workspace_id, person.id, now=utcnow())
    segment.accept(identify("m3", 3, "Aiko C."), TRACK)
    assert rows(segment.api, Contact) == []
    (event,) = rows(segment.api, AccountEvent)
    assert event.contact_id is None


def test_a_bad_address_refuses_the_person_by_segments_field(segment):
    body = COMMON | {"type": "identify", "messageId": "m1", "traits": {"email": "nobody"}}
    answer = segment.send(body)
    assert [each["field"] for each in answer.json["rejected"]] == ["traits.email"]
    assert rows(segment.api, Contact) == []


# --- pages ------------------------------------------------------------------------------


def test_an_administrator_sets_up_an_address_and_sees_what_came(staff, api):
    admin = staff("admin")
    made = admin.post("/settings/hooks", {"provider": "stripe", "name": "Stripe"})
    assert made.status_code == 303
    page = admin.get(made.location).text
    assert "/hooks/stripe/" in page
    assert "the secret is missing" in page
    saved = admin.post(made.location, {"secret": SECRET, "account_field": "account_id"})
    assert saved.status_code == 303
    again = admin.post("/settings/hooks", {"provider": "segment", "name": "Stripe"})
    assert again.status_code == 422
    hook = Sender(api, "stripe", UUID(made.location.rsplit("/", 1)[-1]))
    hook.send(told("evt_1", 1, "created", item(billing_scheme="tiered")))
    page = admin.get(made.location).text
    assert "evt_1" in page
    assert "tiered prices tell no amount of a month" in page
    assert SECRET not in page
    admin.post(f"{made.location}/refusals/clear", {})
    assert "evt_1" not in admin.get(made.location).text
    admin.post(f"{made.location}/remove", {})
    assert "Stripe</a>" not in admin.get("/settings/hooks").text


def test_a_short_secret_is_told_at_its_field_and_changes_nothing(staff):
    admin = staff("admin")
    made = admin.post("/settings/hooks", {"provider": "segment", "name": "Product"})
    answer = admin.post(made.location, {"secret": "short", "milestones": "setup_done"})
    assert answer.status_code == 422
    assert "Paste the whole secret." in answer.text
    assert "setup_done" in answer.text
