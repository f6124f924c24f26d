"""Figures of customers who pay in several currencies, by stated rates and with a margin."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest

from tests.succeeding.test_figures import kpis, save, send, terms, work_off
from vocapp.database import utcnow
from vocapp.people.money import service


def report_in(api, currency, margin=None):
    service.save_settings(
        api.workspace.workspace_id, currency=currency, margin=margin, now=utcnow()
    )


def state(api, *rates):
    rows = [{"currency": code, "since": since, "rate": rate} for code, since, rate in rates]
    assert api.post("/api/v1/exchange-rates", {"rates": rows}).status_code == 200


def fill(api):
    """100.00 EUR becomes 120.00; 30,000 yen leave; 10,000 yen and 5.000 dinars stay; a customer
    in dollars, without a rate, comes."""
    send(
        api,
        terms("euro", "2026-01-10", 10_000, currency="EUR", action="started"),
        terms("euro", "2026-03-15", 12_000, currency="EUR"),
        terms("yen", "2026-01-10", 30_000, action="started"),
        terms("yen", "2026-03-10", 0, action="cancelled"),
        terms("stays", "2026-01-10", 10_000, action="started"),
        terms("dinar", "2026-01-10", 5_000, currency="KWD", action="started"),
        terms("dollar", "2026-03-02", 9_900, currency="USD", action="started"),
    )
    save(api, external_id="stays", plan="pro")
    return api


@pytest.fixture
def march(any_api):
    return fill(any_api)


@pytest.fixture
def shown(api, staff):
    """The same, as somebody with any role sees it."""
    report_in(fill(api), "EUR")
    state(api, *RATES)
    return staff("viewer")


RATES = (("JPY", "2026-01-01", "0.006"), ("JPY", "2026-03-15", "0.007"), ("KWD", "2026-01-01", "3"))


def test_by_hand_a_month_of_four_currencies(march):
    """At 0.006 EUR a yen and 3 EUR a dinar: start 100 + 180 + 60 + 15 = 355.00, end 120 + 0 + 60
    + 15 = 195.00, kept 100 + 60 + 15 = 175.00. ARPA 65.00, 1 of 4 left: LTV 260.00."""
    assert "converted" not in kpis(march)
    report_in(march, "EUR")
    state(march, *RATES)
    found = kpis(march)["converted"]
    assert (found["currency"], found["left_out"]) == ("EUR", [{"currency": "USD", "accounts": 1}])
    assert found["rates"] == [
        {"currency": "JPY", "since": "2026-01-01", "rate": "0.006"},
        {"currency": "KWD", "since": "2026-01-01", "rate": "3"},
    ]
    assert found["net_revenue_retention"]["value"] == 195 / 355
    assert found["gross_revenue_retention"]["value"] == 175 / 355
    assert found["upsell_revenue_rate"]["value"] == 20 / 355
    assert (found["arpa"]["value"], found["arpa"]["n"]) == (6_500, 3)
    assert found["ltv"]["value"] == pytest.approx(26_000)


def test_a_move_of_a_rate_is_no_growth_and_counts_from_the_next_month(march):
    report_in(march, "EUR")
    state(march, *RATES)
    april = kpis(march, "2026-04")["converted"]
    assert april["net_revenue_retention"]["value"] == 1
    assert april["arpa"]["value"] == (12_000 + 7_000 + 1_500) / 3
    assert april["rates"][0] == {"currency": "JPY", "since": "2026-03-15", "rate": "0.007"}


def test_stored_figures_are_those_that_are_computed_at_once_and_follow_each_change(march):
    report_in(march, "EUR")
    state(march, *RATES)
    at_once = {month: kpis(march, month, by="plan") for month in ("2026-03", "2026-04")}
    work_off()
    assert {month: kpis(march, month, by="plan") for month in at_once} == at_once
    state(march, ("USD", "2026-04-01", "0.9"), ("JPY", "2026-03-01", "0.01"))
    changed = kpis(march)["converted"]
    assert changed["net_revenue_retention"]["value"] == (120 + 100 + 15) / (100 + 300 + 100 + 15)
    assert kpis(march, "2026-04")["converted"]["left_out"] == []
    work_off()
    assert kpis(march)["converted"] == changed
    report_in(march, "JPY")
    assert kpis(march)["converted"]["currency"] == "JPY"
    assert {each["currency"] for each in kpis(march)["converted"]["left_out"]} == {
        "EUR", "KWD", "USD",
    }  # fmt: skip
    report_in(march, None)
    assert "converted" not in kpis(march)


def test_groups_and_twelve_months_are_converted_alike(march):
    report_in(march, "EUR")
    state(march, *RATES)
    found = kpis(march, "2026-11", by="plan")
    pro = next(each for each in found["segments"] if each["by"] == {"plan": "pro"})
    assert pro["converted"]["arpa"] == {"value": 7_000, "n": 1}
    assert kpis(march, "2026-03")["twelve_months"]["converted"] == {
        "currency": "EUR", "rates": kpis(march)["converted"]["rates"],
        "left_out": [{"currency": "USD", "accounts": 1}],
        "gross_revenue_retention": {"value": None, "n": 0},
        "net_revenue_retention": {"value": None, "n": 0},
    }  # fmt: skip


def test_a_margin_makes_the_lifetime_value_one_of_margin(api, shown):
    assert "of revenue: no margin is stated" in shown.get("/figures?month=2026-03").text
    report_in(api, "EUR", Decimal("0.785"))
    found = kpis(api)
    assert found["gross_margin"] == 0.785
    assert found["converted"]["ltv"]["value"] == pytest.approx(26_000 * 0.785)
    assert "of a margin of 78.50%" in shown.get("/figures?month=2026-03").text


def test_the_page_says_the_rates_and_who_is_left_out(shown):
    page = shown
    text = page.get("/figures?month=2026-03").text
    assert "1 JPY = 0.006 EUR (from Jan 1, 2026)" in text
    assert "1 customer in USD" in text
    assert "the same customers pay €195.00 at the end" in text
    assert "All, in EUR" in text
    yen = page.get("/figures?month=2026-03&currency=JPY").text
    assert "the same customers pay ¥10,000 at the end" in yen
    assert "1 customer in USD" not in yen
    rows = csv.DictReader(
        StringIO(
            page.get("/figures/accounts?month=2026-03&which=start&currency=all&format=csv")
            .text.lstrip("\ufeff")
        )
    )  # fmt: skip
    found = {row["account"]: (row["start_mrr"], row["end_mrr"], row["currency"]) for row in rows}
    assert found == {
        "euro": ("10000", "12000", "EUR"), "yen": ("18000", "0", "EUR"),
        "stays": ("6000", "6000", "EUR"), "dinar": ("1500", "1500", "EUR"),
    }  # fmt: skip
    assert page.get("/figures/groups?month=2026-03&by=plan&currency=all").status_code == 200
    chart = page.get("/figures/charts/bridge.csv?month=2026-03").text
    assert "35500" in chart


def test_a_removed_rate_leaves_its_customers_out(march):
    report_in(march, "EUR")
    state(march, *RATES)
    work_off()
    service.remove_rate(march.workspace.workspace_id, "KWD", date(2026, 1, 1), now=utcnow())
    assert {each["currency"] for each in kpis(march)["converted"]["left_out"]} == {"KWD", "USD"}


def test_renewals_of_several_currencies_are_summed_by_the_rates_of_this_month(api, shown):
    """100.00 EUR and 20,000 yen at 0.007 come to 240.00 EUR; dollars have no rate."""
    due = (utcnow() + timedelta(days=20)).date().isoformat()
    for name, mrr, code in (("e", 10_000, "EUR"), ("y", 20_000, "JPY"), ("d", 5_000, "USD")):
        save(api, external_id=name, mrr=mrr, currency=code, renewal_on=due)
    found = api.get("/api/v1/renewals").json
    assert {each["currency"]: each["total"] for each in found["forecast"]} == {
        "EUR": 10_000, "JPY": 20_000, "USD": 5_000,
    }  # fmt: skip
    whole = found["converted"]
    assert (whole["currency"], whole["total"], whole["n"], whole["left_out"]) == (
        "EUR", 24_000, 2, 1,
    )  # fmt: skip
    for view in ("board", "calendar"):
        text = shown.get(f"/renewals?view={view}").text
        assert "all currencies" in text
        assert "€240" in text
        assert "1 renewal has no rate" in text


def test_accounts_by_revenue_stand_by_stated_rates(api, shown):
    """500,000 yen are 3,500.00 EUR at the stated rate, and 5,000 of anything by magnitude."""
    save(api, external_id="eu", name="Euro customer", mrr=400_000, currency="EUR")
    save(api, external_id="jp", name="Yen customer", mrr=500_000, currency="JPY")
    text = shown.get("/accounts?sort=-mrr").text
    assert text.index("Euro customer") < text.index("Yen customer")
    report_in(api, None)
    text = shown.get("/accounts?sort=-mrr").text
    assert text.index("Yen customer") < text.index("Euro customer")
