"""Figures of a large business: a worker sums them, and lists come from what it kept."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from sqlalchemy import delete

from surveys.exchange import StatedRate
from tests.succeeding.test_figures import login, milestone, save, send, terms, work_off
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.figure_changes import note_change
from vocapp.people.money import service as money
from vocapp.succeeding.figures import accounts_behind as lists
from vocapp.succeeding.figures import from_kept, kept
from vocapp.succeeding.figures.accounts_behind import LISTS, Asked, accounts_behind
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.keeping import keep_ended
from vocapp.succeeding.figures.kept import BeingSummed
from vocapp.succeeding.figures.models import FigureMonth

MONTH = date(2026, 3, 1)


@pytest.fixture
def api(any_api):
    return any_api


@pytest.fixture
def app(any_database):
    """Pages, too, are asked for on both databases."""
    return any_database


@pytest.fixture
def workspace(any_api):
    return any_api.workspace


@pytest.fixture
def large(monkeypatch):
    """Whatever workspace is a large one."""
    monkeypatch.setattr(kept, "AT_ONCE", 0)


@pytest.fixture
def history(api):
    """A year and a half of customers who begin, grow, change the currency, renew and leave."""
    dice = random.Random(7)
    api.survey()
    for number in range(12):
        name = f"a{number}"
        save(api, external_id=name, plan=dice.choice(["basic", "team"]))
        day = date(2024, 9, 1) + timedelta(days=dice.randrange(440))
        events = [terms(name, day, 1000 + number, action="started",
                        term_ends_on=str(day + timedelta(days=365)))]  # fmt: skip
        for _ in range(dice.randrange(4)):
            at = day + timedelta(days=dice.randrange(1, 300))
            code = dice.choice(["JPY", "JPY", "EUR"])
            events.append(terms(name, at, dice.choice([0, 900, 2000]), currency=code))
            events.append(terms(name, at, dice.choice([0, 70]), product="api", currency="JPY"))
        action, amount = dice.choice([("renewed", 1100), ("cancelled", 0)])
        events.append(terms(name, day + timedelta(days=365), amount, action=action))
        events.append(milestone(name, f"{day + timedelta(days=dice.randrange(60))}T00:00:00Z"))
        for person in range(dice.randrange(4)):
            at = f"2026-03-{dice.randrange(1, 31):02}T12:00:00Z"
            events.append(login(name, f"{name}-{person}", at))
        send(api, *events)
        answered = datetime(2026, 2, dice.randrange(1, 28), tzinfo=UTC)
        api.respond("nps", score=dice.randrange(11), account={"external_id": name},
                    answered_at=answered.isoformat())  # fmt: skip
    save(api, external_id="told", mrr=5000, currency="JPY", started_on="2026-03-02")
    money.save_settings(api.workspace_id, currency="JPY", margin=None, now=utcnow())
    rate = StatedRate("EUR", date(2020, 1, 1), Decimal("160.5"))
    money.state_rates(api.workspace_id, [rate], now=utcnow())
    return api


def listed(api, asked, **more):
    return accounts_behind(api.workspace_id, asked, time_zone="UTC", now=utcnow(), **more)


@pytest.mark.parametrize("is_long", [False, True])
def test_every_list_is_the_same_from_what_was_kept(history, monkeypatch, is_long):
    """is_long: of more accounts than are looked up one by one."""
    ways = [
        Asked(MONTH, which, currency, by, months)
        for which, currency, (by, months) in product(
            LISTS,
            (None, "JPY", "EUR", ALL),
            ((None, 1), (None, 12), (("plan", "team"), 1), (("score_group", "detractor"), 1),
             (("cohort", "2025-06"), 9)),
        )
    ]  # fmt: skip
    live = [listed(history, asked) for asked in ways]
    assert sum(each.total > 0 for each in live) > len(ways) / 4
    monkeypatch.setattr(kept, "AT_ONCE", 0)
    if is_long:
        monkeypatch.setattr(lists, "_FEW", 0)
    work_off()
    for asked, told in zip(ways, live, strict=True):
        assert listed(history, asked) == told, asked


def test_a_list_is_told_in_parts_of_one_order(history):
    asked = Asked(MONTH, "end")
    whole = listed(history, asked)
    assert whole.total == len(whole.rows) > 4
    part = listed(history, asked, skipped=2, limit=2)
    assert (part.rows, part.total) == (whole.rows[2:4], whole.total)


@pytest.mark.parametrize(
    "path",
    ["kpis?month=2026-03", "kpis?month=2026-03&by=plan", "cohorts?months=18",
     "lifetime-values?month=2026-03"],
)  # fmt: skip
def test_machines_wait_for_what_was_never_summed(history, monkeypatch, path):
    at_once = history.get(f"/api/v1/{path}").json
    monkeypatch.setattr(kept, "AT_ONCE", 0)
    assert history.get(f"/api/v1/{path}").json == at_once
    work_off()
    assert history.get(f"/api/v1/{path}").json == at_once


@pytest.mark.parametrize("days", [0, 92])
def test_what_is_not_stored_is_worked_out_from_what_was_kept(history, monkeypatch, days):
    """Months and attributes that nobody asked for before, with nothing read of subscriptions.

    days: so much earlier than it is asked for, answers are read.
    """
    monkeypatch.setattr(from_kept, "_EARLIER", timedelta(days=days))
    for number in range(0, 12, 2):
        industry = "retail" if number % 4 else " banking "
        save(history, external_id=f"a{number}", attributes={"industry": industry})
    days = [
        login("a1", "a2-0", "2026-03-30T12:00:00Z"),
        login("a2", "a2-0", "2026-03-31T23:59:59Z"),
    ]
    send(history, *days)
    ways = [
        f"/api/v1/kpis?month={month}{by}"
        for month in ("2024-09", "2025-10", "2026-03", f"{utcnow():%Y-%m}")
        for by in (
            "",
            "&by=plan",
            "&by=industry",
            "&by=score_group",
            "&by=theme",
            "&by=cohort",
            '&by=a"b',
        )
    ]
    at_once = [history.get(path).json for path in ways]
    monkeypatch.setattr(kept, "AT_ONCE", 0)
    work_off()
    with transaction() as session:
        session.execute(delete(FigureMonth).where(FigureMonth.workspace_id == history.workspace_id))
    monkeypatch.setattr(kept, "_computed", None)
    for path, told in zip(ways, at_once, strict=True):
        found = history.get(path).json
        assert found == told | {"start": found["start"], "end": found["end"]}, path
    send(history, terms("new", "2026-03-20", 9000, action="started"))
    told = history.get("/api/v1/kpis?month=2026-03&by=industry").json
    assert told["as_of"] is not None, "a change waits"
    assert history.get("/api/v1/kpis?month=2026-02&by=industry").json["as_of"] is None


def test_what_was_never_summed_is_waited_for_and_then_there(history, staff, large):
    manager = staff("success")
    for path in ("/figures", "/figures/groups", "/figures/cohorts", "/figures/lifetime",
                 "/figures/accounts?which=end&month=2026-03"):  # fmt: skip
        shown = manager.get(path)
        assert shown.status_code == 200
        assert "being summed for the first time" in shown.text, path
        assert "data-live" in shown.text
    assert manager.get("/figures/charts/nrr.svg").status_code == 503
    with pytest.raises(BeingSummed):
        listed(history, Asked(MONTH, "end"))
    work_off()
    assert history.get("/api/v1/kpis?month=2026-03").json["as_of"] is None
    for path in ("/figures", "/figures/groups", "/figures/cohorts", "/figures/lifetime"):
        assert "being summed" not in manager.get(path).text


def test_while_a_change_waits_what_was_there_is_told_with_its_instant(history, staff, large):
    work_off()
    before = history.get("/api/v1/kpis?month=2026-03").json
    send(history, terms("new", "2026-03-20", 9000, action="started"))
    told = history.get("/api/v1/kpis?month=2026-03").json
    assert told.pop("as_of") is not None
    assert told == {name: value for name, value in before.items() if name != "as_of"}
    page = staff("success").get("/figures/accounts?which=new&month=2026-03").text
    assert "A change is being worked in" in page
    work_off()
    after = history.get("/api/v1/kpis?month=2026-03").json
    assert after["as_of"] is None
    assert after["accounts"]["end"] == before["accounts"]["end"] + 1
    page = staff("success").get("/figures/accounts?which=new&month=2026-03").text
    assert "A change is being worked in" not in page
    assert ">new<" in page


def test_an_attribute_that_is_not_kept_is_summed_for_who_asks_until_the_night(
    history, staff, large
):
    save(history, external_id="a1", attributes={"industry": "retail"})
    work_off()
    path = "/api/v1/kpis?month=2026-03&by=industry"
    page, manager = "/figures?month=2026-03&by=industry", staff("success")
    assert "retail" in manager.get(page).text
    assert not _is_stored(history, "attributes.industry")
    work_off()
    assert _is_stored(history, "attributes.industry")
    assert history.get(path).json["segments"]
    with transaction() as session:
        note_change(
            session, history.workspace_id, since=datetime(2026, 1, 1, tzinfo=UTC), now=utcnow()
        )  # fmt: skip
    work_off()
    assert history.get(path).json["as_of"] is None, "it is kept up to date meanwhile"
    with transaction() as session:
        keep_ended(session, [_Night(history.workspace_id)])
    work_off()
    assert not _is_stored(history, "attributes.industry")
    assert "retail" in manager.get(page).text


def _is_stored(api, attribute):
    with snapshot() as session:
        return session.get(FigureMonth, (api.workspace_id, MONTH, attribute)) is not None


class _Night:
    def __init__(self, workspace_id):
        self.workspace_id = workspace_id


def test_the_month_that_runs_is_counted_anew_after_a_while(history, large, monkeypatch):
    work_off()
    month = f"{utcnow():%Y-%m}"
    before = history.get(f"/api/v1/kpis?month={month}").json
    assert before["as_of"] is None
    monkeypatch.setattr(kept, "_FRESH", timedelta(0))
    assert history.get(f"/api/v1/kpis?month={month}").json["as_of"] is not None
