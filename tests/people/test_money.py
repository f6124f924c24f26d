"""The reporting currency, the margin and stated rates: on the page and by machines."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from vocapp.database import snapshot
from vocapp.outbox import Pending
from vocapp.people.figure_changes import FIGURES
from vocapp.workspaces.models import AuditEntry

PAGE = "/settings/money"


@pytest.fixture
def page(app, api, staff):
    app.config["WTF_CSRF_ENABLED"] = False
    return staff("admin")


def choose(page, currency="EUR", margin=""):
    answer = page.post(PAGE, data={"currency": currency, "margin": margin})
    assert answer.status_code == 303, answer.text
    return answer


def rates(api):
    return {
        (each["currency"], each["since"]): each["rate"]
        for each in api.get("/api/v1/exchange-rates").json["rates"]
    }


def marked():
    with snapshot() as session:
        query = select(Pending.detail).where(Pending.kind == FIGURES)
        return [
            detail["since"]
            for detail in session.scalars(query.execution_options(voc_all_workspaces=True))
        ]


def test_currency_and_margin_are_kept_as_they_were_typed(page, api):
    choose(page, " eur ", "78.5")
    told = api.get("/api/v1/exchange-rates").json
    assert (told["currency"], told["gross_margin"], told["rates"]) == ("EUR", 0.785, [])
    assert 'value="78.5"' in page.get(PAGE).text
    choose(page, "", "")
    told = api.get("/api/v1/exchange-rates").json
    assert (told["currency"], told["gross_margin"]) == (None, None)


@pytest.mark.parametrize(
    ("currency", "margin", "words"),
    [
        ("ZZZ", "", "no currency that can be chosen"),
        ("EU", "", "no currency that can be chosen"),
        ("EUR", "0", "above 0 and up to 100"),
        ("EUR", "100.01", "above 0 and up to 100"),
        ("EUR", "50.005", "above 0 and up to 100"),
        ("EUR", "much", "above 0 and up to 100"),
        ("EUR", "NaN", "above 0 and up to 100"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_stay_typed(page, currency, margin, words):
    answer = page.post(PAGE, data={"currency": currency, "margin": margin})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{currency}"' in answer.text


def test_a_rate_is_stated_replaced_removed_and_put_back(page, api):
    choose(page)
    for rate in ("0.00610", "0.0062"):
        answer = page.post(
            f"{PAGE}/rates", data={"currency": "jpy", "rate": rate, "since": "2026-01-01"}
        )
        assert answer.status_code == 303
    assert rates(api) == {("JPY", "2026-01-01"): "0.0062"}
    page.post(undo_of(page))
    assert rates(api) == {("JPY", "2026-01-01"): "0.0061"}
    page.post(f"{PAGE}/rates/remove", data={"currency": "JPY", "since": "2026-01-01"})
    assert rates(api) == {}
    back = undo_of(page)
    page.post(back)
    assert rates(api) == {("JPY", "2026-01-01"): "0.0061"}
    page.post(back)
    assert "can no longer be undone" in page.get(PAGE).text
    gone = page.post(f"{PAGE}/rates/remove", data={"currency": "JPY", "since": "2020-01-01"})
    assert gone.status_code == 404


def test_settings_are_taken_back_unless_they_were_chosen_otherwise_since(page, api):
    choose(page, "EUR", "78.5")
    page.get(PAGE)
    choose(page, "JPY", "")
    back = undo_of(page)
    page.post(back)
    told = api.get("/api/v1/exchange-rates").json
    assert (told["currency"], told["gross_margin"]) == ("EUR", 0.785)
    page.post(back)
    assert "can no longer be undone" in page.get(PAGE).text
    choose(page, "EUR", "78.5")
    assert "Nothing was changed" in page.get(PAGE).text


def test_many_rates_are_taken_back_together_or_not_at_all(page, api):
    choose(page)
    typed = "JPY,2026-01-01,0.0061\nUSD,2026-01-01,0.9"
    page.post(f"{PAGE}/rates/lines", data={"lines": typed})
    typed = "JPY,2026-01-01,0.0062\nGBP,2026-01-01,1.2"
    page.post(f"{PAGE}/rates/lines", data={"lines": typed})
    back = undo_of(page)
    page.post(back)
    before = {("JPY", "2026-01-01"): "0.0061", ("USD", "2026-01-01"): "0.9"}
    assert rates(api) == before
    page.post(f"{PAGE}/rates/lines", data={"lines": typed})
    back = undo_of(page)
    page.post(f"{PAGE}/rates", data={"currency": "JPY", "rate": "0.007", "since": "2026-01-01"})
    page.post(back)
    assert rates(api)["GBP", "2026-01-01"] == "1.2"


def undo_of(page):
    return unescape(re.findall(r'action="(/settings/money/undo[^"]*)"', page.get(PAGE).text)[-1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"currency": "ZZZ"}, "no currency that can be chosen"),
        ({"currency": "EUR"}, "no currency that can be chosen"),
        ({"rate": "0"}, "Enter a number above 0"),
        ({"rate": "-1"}, "Enter a number above 0"),
        ({"rate": "1e-13"}, "Enter a number above 0"),
        ({"rate": "Infinity"}, "Enter a number above 0"),
        ({"since": "2026-02-30"}, "Not a valid date"),
        ({"since": "1066-10-14"}, "Enter a day from 1990"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_at_its_field(page, api, wrong, words):
    choose(page)
    data = {"currency": "JPY", "rate": "0.0061", "since": "2026-01-01"} | wrong
    answer = page.post(f"{PAGE}/rates", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert rates(api) == {}


def test_many_rates_are_saved_at_once_or_none_with_the_lines_that_are_wrong(page, api):
    choose(page)
    typed = "JPY,2026-01-01,0.0061\n\nUSD;2026-01-01;0.9\nUSD,2026-01-01,0.8\nKWD,soon,3\nX,1"
    answer = page.post(f"{PAGE}/rates/lines", data={"lines": typed})
    assert answer.status_code == 422
    assert "Line 5: Enter a day" in answer.text
    assert "Line 6: Enter currency, day and rate" in answer.text
    assert "KWD,soon,3" in answer.text
    answer = page.post(f"{PAGE}/rates/lines", data={"lines": "\n".join(typed.splitlines()[:4])})
    assert "Line 4: Enter a day" in answer.text
    assert rates(api) == {}
    page.post(f"{PAGE}/rates/lines", data={"lines": "\n".join(typed.splitlines()[:3])})
    assert rates(api) == {("JPY", "2026-01-01"): "0.0061", ("USD", "2026-01-01"): "0.9"}


def test_machines_state_rates_and_are_told_the_field(page, api):
    body = {"rates": [{"currency": "JPY", "since": "2026-01-01", "rate": "0.0061"}]}
    answer = api.post("/api/v1/exchange-rates", body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "currency")
    choose(page)
    assert api.post("/api/v1/exchange-rates", body).json["rates"] == body["rates"]
    for wrong, field in (
        ({"currency": "ZZZ"}, "currency"), ({"currency": "EUR"}, "currency"),
        ({"rate": "0.000"}, "rate"), ({"rate": "1e5"}, "rate"), ({"rate": 1.5}, "rate"),
        ({"since": "2500-01-01"}, "since"),
    ):  # fmt: skip
        bad = {"rates": [body["rates"][0] | {"since": "2026-02-01"}, body["rates"][0] | wrong]}
        answer = api.post("/api/v1/exchange-rates", bad)
        assert answer.status_code == 422, wrong
        assert field in answer.json["errors"][0]["field"], answer.json
    assert len(rates(api)) == 1


def test_a_change_has_the_figures_of_its_months_computed_anew_and_is_in_the_audit(page, api):
    choose(page)
    assert marked() == ["0001-01-01"]
    page.post(f"{PAGE}/rates", data={"currency": "JPY", "rate": "0.0061", "since": "2026-02-03"})
    assert "2026-02-03" in marked()
    before = len(marked())
    page.post(f"{PAGE}/rates", data={"currency": "JPY", "rate": "0.0061", "since": "2026-02-03"})
    choose(page, margin="80")
    assert len(marked()) == before  # the same again moves nothing, and no sum has a margin in it
    with snapshot() as session:
        query = select(AuditEntry.action, AuditEntry.detail).where(
            AuditEntry.action.startswith("money.")
        )
        found = session.execute(query.execution_options(voc_all_workspaces=True)).all()
    assert [row.action for row in found] == [
        "money.settings_changed", "money.rates_stated", "money.settings_changed",
    ]  # fmt: skip
    assert found[1].detail["rates"] == ["JPY 2026-02-03: – → 0.0061"]


def test_currencies_in_use_without_a_rate_are_named(page, api):
    api.post("/api/v1/accounts", {"external_id": "a", "mrr": 100, "currency": "USD"})
    choose(page)
    assert "No rate this month: USD" in page.get(PAGE).text


def test_others_than_admins_see_no_settings_of_money(staff):
    assert staff("success").get(PAGE).status_code == 403
