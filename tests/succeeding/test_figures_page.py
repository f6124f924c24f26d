"""The page of figures: each number leads to the accounts that it is made of."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest

from tests.succeeding.test_figures import kpis, login, milestone, save, send, terms
from vocapp.succeeding.figures.accounts_behind import LISTS


@pytest.fixture
def page(api, staff):
    """March of customers in two currencies, as somebody with any role sees it."""
    send(
        api,
        terms("grows", "2026-01-10", 1000, action="started"),
        terms("grows", "2026-03-15", 1500),
        terms("grows", "2026-03-20", 200, product="api", action="started"),
        terms("shrinks", "2026-02-01", 3000, action="started"),
        terms("shrinks", "2026-03-10", 2000),
        terms("leaves", "2026-01-01", 500, action="started"),
        terms("leaves", "2026-03-31", 0, action="cancelled"),
        terms("leaves too", "2026-01-01", 900, currency="EUR", action="started"),
        terms("leaves too", "2026-03-30", 0, currency="EUR", action="cancelled"),
        terms("comes", "2026-03-05", 4000, action="started"),
        terms("waits", "2026-03-06", 10, action="started"),
        milestone("comes", "2026-03-25T00:00:00Z"),
        login("grows", "ann", "2026-03-09T00:00:00Z"),
        login("grows", "bob", "2026-03-09T00:00:00Z"),
    )
    save(api, external_id="grows", plan="pro")
    return staff("viewer")


def accounts(page, which, **query):
    answer = page.get(
        "/figures/accounts",
        query_string={"month": "2026-03", "which": which, "format": "csv"} | query,
    )
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.text.lstrip("\ufeff"))))


def names(rows):
    return {row["account"] for row in rows}


def test_each_list_holds_who_its_figure_counts(page, api):
    found = kpis(api)
    lost = accounts(page, "lost", currency="any")
    assert names(lost) == {"leaves", "leaves too"}
    assert found["churn_rate"]["value"] == len(lost) / len(accounts(page, "start", currency="any"))
    assert names(accounts(page, "lost", currency="EUR")) == {"leaves too"}
    expected = {
        "end": {"grows", "shrinks", "comes", "waits"},
        "shrunk": {"shrinks"},
        "grown": {"grows"},
        "upsold": {"grows"},
        "cross_sold": {"grows"},
        "new": {"comes", "waits"},
        "active": {"grows"},
        "started": {"comes", "waits"},
        "not_set_up": {"waits"},
    }
    assert {which: names(accounts(page, which, currency="any")) for which in expected} == expected
    rows = accounts(page, "grown", currency="JPY")
    assert [(row["start_mrr"], row["end_mrr"], row["currency"]) for row in rows] == [
        ("1000", "1700", "JPY")
    ]
    assert names(accounts(page, "start", by="plan", value="pro")) == {"grows"}
    assert "grows" not in names(accounts(page, "start", by="plan", value="~"))


def test_every_link_of_the_page_leads_to_a_list(page):
    shown = page.get("/figures?month=2026-03&by=plan")
    assert shown.status_code == 200
    links = set(re.findall(r'href="(/figures/accounts[^"]*)"', shown.text))
    assert len(links) > 8
    for link in links:
        assert page.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("which", LISTS)
def test_every_list_has_its_page(page, which):
    shown = page.get("/figures/accounts", query_string={"month": "2026-03", "which": which})
    assert shown.status_code == 200
    empty = page.get("/figures/accounts", query_string={"month": "2020-03", "which": which})
    assert "Nobody" in empty.text


def test_upsell_and_cross_sell_stand_beside_what_they_are_of_revenue(page):
    """Of 4,500 yen at the start 500 more are for what was had, 200 for a further product."""
    shown = page.get("/figures?month=2026-03&currency=JPY").text
    assert "which=upsold" in shown
    assert "which=cross_sold" in shown
    assert "+11.1% of revenue" in shown
    assert "+4.4% of revenue" in shown


def test_the_bridge_is_told_in_the_currency_that_is_chosen(page):
    yen = page.get("/figures?month=2026-03&currency=JPY").text
    assert "the same customers pay ¥3,700 at the end" in yen
    euro = page.get("/figures?month=2026-03&currency=EUR").text
    assert "the same customers pay €0.00 at the end" in euro


@pytest.mark.parametrize(
    "address",
    ["?month=2026-99", "?month=%00", "?by=%00", "?currency=XXX", "/accounts?by=cohort&value=May",
     "/accounts?by=cohort&value=9999-12"],
)  # fmt: skip
def test_an_address_that_cannot_be_read_shows_what_it_can(page, address):
    assert page.get(f"/figures{address}").status_code == 200


def test_charts_are_files(page):
    for name in ("bridge", "nrr", "grr", "churn"):
        for ending in ("svg", "csv"):
            answer = page.get(f"/figures/charts/{name}.{ending}?month=2026-03")
            assert answer.status_code == 200
    rows = list(csv.reader(StringIO(page.get("/figures/charts/bridge.csv?month=2026-03").text)))
    assert rows[1:] == [
        ["At the start", "4500"], ["More of what they had", "500"], ["Further products", "200"],
        ["Less than before", "-1000"], ["Left", "-500"], ["New customers", "4010"],
        ["At the end", "7710"],
    ]  # fmt: skip


def test_an_empty_workspace_says_what_will_be_here(staff):
    shown = staff("viewer").get("/figures")
    assert "No revenue is known yet" in shown.text


def test_an_attribute_with_very_many_values_is_refused_in_words(page, api):
    send(api, *(terms(f"a{n}", "2026-01-01", 10, action="started") for n in range(201)))
    for n in range(201):
        save(api, external_id=f"a{n}", attributes={"seat": f"s{n}"})
    assert "too many different values" in page.get("/figures?month=2026-03&by=seat").text
    answer = api.get("/api/v1/kpis?month=2026-03&by=seat")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "by")
