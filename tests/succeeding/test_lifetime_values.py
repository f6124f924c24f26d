"""What customers are worth, by subscriptions and by purchases: page, lists and API."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from io import StringIO

import pytest

from tests.succeeding.test_figures import ids, save, send, terms
from tests.succeeding.test_figures_money import report_in, state
from vocapp.database import utcnow
from vocapp.people.money import service
from vocapp.succeeding.figures import lifetime_views


def paid(account, at, amount, *, currency="EUR", invoice=None, **more):
    number = f"i{next(ids)}"
    money = {} if amount is None else {"amount": amount, "currency": currency}
    return {
        "id": number, "type": "invoice_paid", "account": account, "invoice": invoice or number,
        "at": f"{at}T00:00:00Z", **money,
    } | more  # fmt: skip


def overdue(account, at, amount, invoice):
    return paid(account, at, amount, invoice=invoice) | {
        "type": "invoice_overdue", "due_on": at,
    }  # fmt: skip


def fill(api):
    """In the year until March 2026 four buy for 60.00 in five purchases; of three of the year
    before one does not buy again. Subscribers, what is owed, and what was void are no buyers."""
    send(
        api,
        *(paid(name, "2024-06-01", 1_000) for name in ("ann", "bob", "gone")),
        paid("ann", "2025-04-01", 1_000),
        paid("ann", "2026-03-31", 2_000),
        overdue("bob", "2025-06-01", 1_500, "late"),
        paid("bob", "2025-07-01", None, invoice="late"),
        paid("new", "2025-08-01", 1_000),
        paid("new", "2025-08-02", 1_000, invoice="void"),
        paid("new", "2025-08-03", 0, invoice="void"),
        paid("twice", "2025-09-01", 500, invoice="same"),
        paid("twice", "2026-04-02", 500, invoice="same"),
        overdue("owes", "2025-09-01", 9_900, "owed"),
        terms("subscribed", "2025-01-10", 5_000, currency="EUR", action="started"),
        paid("subscribed", "2025-04-10", 5_000),
        paid("told", "2025-04-10", 7_000),
    )
    save(api, external_id="told", mrr=7_000, currency="EUR")
    return api


def values(api, month="2026-03"):
    answer = api.get(f"/api/v1/lifetime-values?month={month}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_by_hand_purchases_of_four_customers(any_api):
    """Price 60.00 / 5 = 12.00; 5 / 4 / 12 a month; 12 / (1/3) = 36 months: 45.00."""
    found = values(fill(any_api))["purchases"]
    assert (found["currency"], found["since"], found["buyers"]) == ("EUR", "2025-04", 4)
    assert found["price"]["value"] == 1_200
    assert found["purchases_a_month"]["value"] == pytest.approx(5 / 48)
    assert found["months"]["value"] == pytest.approx(36)
    assert found["churn_rate"]["value"] == pytest.approx(1 / 3)
    assert found["ltv"]["value"] == pytest.approx(4_500)
    assert found["ltv"]["low"] < 4_500 < found["ltv"]["high"]
    assert found["formula"] == "price * frequency * duration"


def test_the_margin_and_the_rates_count_for_both_values(any_api):
    api = fill(any_api)
    send(api, paid("yen", "2025-05-01", 100_000, currency="JPY"),
         paid("dollar", "2025-05-01", 100, currency="USD"))  # fmt: skip
    alone = values(api)["purchases"]
    assert {each["currency"] for each in alone["left_out"]} == {"JPY", "USD"}
    report_in(api, "EUR")
    state(api, ("JPY", "2020-01-01", "0.006"))
    found = values(api)["purchases"]
    assert found["left_out"] == [{"currency": "USD", "accounts": 1}]
    assert found["price"]["value"] == (6_000 + 60_000) / 6
    service.save_settings(
        api.workspace.workspace_id, currency="EUR", margin=Decimal("0.4"), now=utcnow()
    )
    taken = values(api)
    assert taken["purchases"]["ltv"]["value"] == pytest.approx(0.4 * found["ltv"]["value"])
    assert taken["purchases"]["formula"].startswith("margin * ")
    assert (taken["gross_margin"], taken["subscriptions"][0]["formula"]) == (
        0.4, "margin * arpa / churn_rate",
    )  # fmt: skip


def test_the_page_says_which_value_is_used_and_leads_to_its_customers(api, staff):
    fill(api)
    page = staff("viewer")
    text = page.get("/figures/lifetime?month=2026-03").text
    assert "Price × purchases a month × months" in text
    assert "€45.00" in text
    assert "Revenue per customer ÷ share who left in the month" in text
    assert "not stated: the value is one of revenue" in text
    address = "/figures/lifetime/buyers?month=2026-03&which="
    rows = csv.DictReader(StringIO(page.get(f"{address}bought&format=csv").text.lstrip("\ufeff")))
    assert {row["account"]: (row["purchases"], row["amount"]) for row in rows} == {
        "ann": ("2", "3000"), "bob": ("1", "1500"), "new": ("1", "1000"), "twice": ("1", "500"),
    }  # fmt: skip
    assert ">gone<" in page.get(f"{address}not_again").text
    assert "/figures/lifetime/buyers?month=2026-03&amp;which=not_again" in text
    assert page.get(f"{address}everybody").status_code == 404


def test_buyers_come_in_pages(api, staff, monkeypatch):
    monkeypatch.setattr(lifetime_views, "_PAGE", 3)
    fill(api)
    address = "/figures/lifetime/buyers?month=2026-03&which=bought"
    pages = [staff("viewer").get(f"{address}&page={number}").text for number in (1, 2)]
    shown = [re.findall(r'<th scope="row"><a [^>]*>([^<]+)', page) for page in pages]
    assert (shown[0][:2], len(shown[0]), len(shown[1])) == (["ann", "bob"], 3, 1)
    assert "1 to 3 of 4" in pages[0]
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[1]


def test_without_anything_the_page_says_what_it_needs(staff):
    text = staff("viewer").get("/figures/lifetime").text
    assert "invoice_paid with an amount" in text
    assert "Nobody had a subscription in this month" in text
