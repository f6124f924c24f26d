"""Cohorts: what became of customers by the month of their first payment."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from random import Random

import pytest

from surveys.cohorts import FEWEST
from surveys.periods import months_back
from tests.succeeding.test_figures import save, send, terms, waiting, work_off
from tests.succeeding.test_figures_money import report_in, state
from vocapp.database import utcnow


@pytest.fixture
def api(any_api):
    return any_api


def month(back):
    """First day of the month so many before the one that runs."""
    return months_back(utcnow().date(), back + 1)[0]


def within(back, day=5):
    return month(back).replace(day=day)


def cohorts(api, **query):
    answer = api.get("/api/v1/cohorts", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def values(told, name, back):
    (row,) = [each for each in told["cohorts"] if each["month"] == f"{month(back):%Y-%m}"]
    return [each[name]["value"] for each in row["months"]]


@pytest.fixture
def begun(api):
    """Six began three months ago at 100: one leaves at once, one in the next month, one doubles
    in the month after; one began two months ago."""
    send(api, *(terms(f"a{n}", within(3), 100, action="started") for n in range(6)))
    send(
        api,
        terms("a0", within(3, 20), 0, action="cancelled"),
        terms("a1", within(2), 0, action="cancelled"),
        terms("a2", within(1), 200),
        terms("b", within(2), 70, action="started"),
    )
    return api


def test_by_hand_a_triangle(begun):
    told = cohorts(begun)
    assert (told["currency"], told["fewest"]) == ("JPY", FEWEST)
    assert values(told, "logo_retention", 3) == [5 / 6, 4 / 6, 4 / 6]
    assert values(told, "net_revenue_retention", 3) == [1, 4 / 5, 1]
    assert values(told, "gross_revenue_retention", 3) == [1, 4 / 5, 4 / 5]
    # Of one customer nothing is told.
    assert values(told, "logo_retention", 2) == [None, None]
    assert [each["accounts"] for each in told["cohorts"]] == [6, 1]
    assert cohorts(begun, months=2)["cohorts"][0]["accounts"] == 1


def test_stored_and_computed_triangles_are_the_same(begun):
    computed = cohorts(begun)
    work_off()
    assert waiting() == 0
    assert cohorts(begun) == computed


def test_a_late_start_moves_a_customer_to_its_cohort_at_once(begun):
    work_off()
    early = terms("a3", within(4), 50, action="started")
    send(begun, early)
    assert [each["accounts"] for each in cohorts(begun)["cohorts"]] == [1, 5, 1]
    work_off()
    send(begun, terms("a3", within(4), 0, action="cancelled", supersedes=early["id"]))
    assert [each["accounts"] for each in cohorts(begun)["cohorts"]] == [6, 1]


def test_each_currency_has_its_revenue_and_all_have_their_customers(api):
    send(api, *(terms(f"a{n}", within(2), 100, action="started") for n in range(6)))
    send(
        api,
        *(terms(f"e{n}", within(2), 9, currency="EUR", action="started") for n in range(5)),
        terms("e0", within(1), 0, currency="EUR", action="cancelled"),
    )
    told = cohorts(api)
    assert (told["currency"], told["currencies"]) == ("JPY", ["EUR", "JPY"])
    assert values(told, "logo_retention", 2) == [1, 10 / 11]
    assert values(told, "net_revenue_retention", 2) == [1, 1]
    assert values(cohorts(api, currency="EUR"), "net_revenue_retention", 2) == [1, 4 / 5]


def test_all_currencies_are_one_where_rates_are_stated(api):
    """Six of 100 yen at 0.01 EUR and five of 0.09 EUR, one of which leaves: 6.00 + 0.45 EUR, then
    6.00 + 0.36; in dollars, without a rate, one more."""
    send(
        api,
        *(terms(f"a{n}", within(2), 100, action="started") for n in range(6)),
        *(terms(f"e{n}", within(2), 9, currency="EUR", action="started") for n in range(5)),
        terms("e0", within(1), 0, currency="EUR", action="cancelled"),
        terms("usd", within(2), 9, currency="USD", action="started"),
    )
    assert not cohorts(api, currency="all")["converted"]
    report_in(api, "EUR")
    state(api, ("JPY", "2000-01-01", "0.01"))
    told = cohorts(api, currency="all")
    assert (told["currency"], told["converted"], told["without_rate"]) == ("EUR", True, ["USD"])
    assert values(told, "net_revenue_retention", 2) == [1, 636 / 645]
    assert values(told, "logo_retention", 2) == [1, 11 / 12]
    work_off()
    assert cohorts(api, currency="all") == told
    assert cohorts(api)["currency"] == "JPY"


@pytest.mark.parametrize("query", [{"months": 0}, {"months": 37}, {"months": "x"}])
def test_what_cannot_be_asked_is_refused(api, query):
    answer = api.get("/api/v1/cohorts", query_string=query)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "months"


@pytest.fixture
def page(workspace, api_of, app, staff):
    """The same on the database of pages."""
    begun.__wrapped__(api_of(app.test_client(), workspace))
    return staff("viewer")


def test_each_cell_opens_the_customers_behind_it(page):
    shown = page.get("/figures/cohorts").text
    links = [
        each.replace("&amp;", "&") for each in re.findall(r'href="(/figures/accounts[^"]*)"', shown)
    ]
    assert len(links) == 3
    lists = [
        {row["account"] for row in csv.DictReader(
            StringIO(page.get(f"{link}&format=csv").text.lstrip("\ufeff")))}
        for link in links
    ]  # fmt: skip
    assert lists == [{"a1", "a2", "a3", "a4", "a5"}, {"a1"}, {"a1"}]
    assert all(page.get(link).status_code == 200 for link in links)


def test_the_page_and_its_file_say_the_same(page):
    for measure in ("logos", "revenue", "kept", "x"):
        shown = page.get(f"/figures/cohorts?measure={measure}&months=24&currency=JPY")
        assert shown.status_code == 200
        assert "67%" in shown.text or measure in {"revenue", "kept"}
    assert "Too few customers to tell" in shown.text
    rows = list(
        csv.DictReader(StringIO(page.get("/figures/cohorts?format=csv").text.lstrip("\ufeff")))
    )
    assert [(row["age_months"], row["logo_retention"]) for row in rows[:3]] == [
        ("0", "0.8333"), ("1", "0.6667"), ("2", "0.6667"),
    ]  # fmt: skip
    assert rows[3]["logo_retention"] == ""
    assert float(rows[1]["logo_retention_low"]) < 0.6667 < float(rows[1]["logo_retention_high"])


def test_without_customers_the_page_says_what_will_be_here(staff):
    assert "Nobody began in these months" in staff("viewer").get("/figures/cohorts").text


# --- against the definition, told once more in another way -------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_a_triangle_is_what_its_definition_says(api, seed):
    dice, since = Random(seed), datetime.combine(month(5), datetime.min.time(), UTC)
    changes = [
        (f"a{dice.randrange(25)}", since + timedelta(hours=6 * dice.randrange(4 * 150)),
         dice.choice([0, 100, 100, 250, 400]))
        for _ in range(90)
    ]  # fmt: skip
    changes = [each for each in changes if each[1] < utcnow()]
    send(api, *(
        terms(name, "2026-01-01", mrr, action="changed" if mrr else "cancelled")
        | {"at": at.isoformat()}
        for name, at, mrr in changes
    ))  # fmt: skip
    if seed:
        work_off()
    for row in cohorts(api, months=36)["cohorts"]:
        members = [name for name in {each[0] for each in changes}
                   if _first_month(changes, name) == row["month"]]  # fmt: skip
        assert row["accounts"] == len(members)
        start = datetime.fromisoformat(f"{row['month']}-01T00:00:00+00:00")
        base = {name: _paid(changes, name, _months_later(start, 1)) for name in members}
        for each in row["months"]:
            now = {name: _paid(changes, name, _months_later(start, each["age"] + 1))
                   for name in members}  # fmt: skip
            logos = sum(map(bool, now.values())) / len(members)
            assert each["logo_retention"]["value"] == (logos if len(members) >= FEWEST else None)
            paying = [name for name in members if base[name]]
            kept = [now[name] for name in paying]
            expected = sum(kept) / sum(base.values()) if len(paying) >= FEWEST else None
            assert each["net_revenue_retention"]["value"] == expected


def _months_later(start, count):
    place = start.month - 1 + count
    return start.replace(year=start.year + place // 12, month=place % 12 + 1)


def _paid(changes, name, before):
    own = [(at, number, mrr) for number, (who, at, mrr) in enumerate(changes)
           if who == name and at < before]  # fmt: skip
    return max(own)[2] if own else 0


def _first_month(changes, name):
    first = [at for _, at, _ in changes if _paid(changes, name, at + timedelta(seconds=1))]
    own = [at for at in sorted({at for who, at, _ in changes if who == name}) if at in first]
    return f"{own[0]:%Y-%m}" if own else None


def test_an_account_without_events_begins_when_it_was_said_to(api):
    save(api, external_id="told", mrr=900, currency="EUR", started_on=f"{within(2)}")
    assert [each["month"] for each in cohorts(api)["cohorts"]] == [f"{month(2):%Y-%m}"]
