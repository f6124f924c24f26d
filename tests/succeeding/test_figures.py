"""Figures of a month: by their definitions, whatever came in which order, stored or not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from sqlalchemy import func, select, update

from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.figure_changes import FIGURES, FIGURES_NIGHTLY
from vocapp.succeeding.figures import keeping
from vocapp.succeeding.figures.models import FigureMonth


@pytest.fixture
def api(any_api):
    return any_api


ids = iter(range(10**9))


def terms(account, at, mrr, *, product="core", currency="JPY", action="changed", **more):
    return {
        "id": f"s{next(ids)}", "type": "subscription", "account": account, "product": product,
        "action": action, "mrr": mrr, "currency": currency, "at": f"{at}T00:00:00Z",
    } | more  # fmt: skip


def login(account, contact, at):
    return {
        "id": f"l{next(ids)}", "type": "login", "account": account, "contact": contact, "at": at,
    }  # fmt: skip


def milestone(account, at, name="setup_done"):
    return {"id": f"m{next(ids)}", "type": "milestone", "account": account, "name": name, "at": at}


def send(api, *events):
    answer = api.post("/api/v1/events", {"events": list(events)})
    assert answer.json == {"accepted": len(events), "rejected": []}, answer.text


def save(api, **account):
    assert api.post("/api/v1/accounts", account).status_code == 201


def kpis(api, month="2026-03", **query):
    answer = api.get("/api/v1/kpis", query_string={"month": month} | query)
    assert answer.status_code == 200, answer.text
    return answer.json


def work_off():
    while outbox.work_off(FIGURES, now=utcnow()):
        pass


def stored_months(api, time_zone):
    with snapshot() as session:
        found = select(FigureMonth.month).where(
            FigureMonth.workspace_id == api.workspace_id, FigureMonth.time_zone == time_zone
        )
        return set(session.scalars(found))


def waiting():
    with snapshot() as session:
        query = select(func.count()).where(outbox.Pending.kind == FIGURES)
        return session.scalar(query.execution_options(voc_all_workspaces=True))


RATES = ("churn_rate", "gross_revenue_retention", "net_revenue_retention", "upsell_rate",
         "cross_sell_rate", "onboarding_completion_rate", "arpa", "ltv")  # fmt: skip


def values(found):
    return {name: found[name]["value"] for name in (*RATES, "active_users")}


@pytest.fixture
def quarter(api):
    """March 2026 of four customers: one grows, one shrinks, one leaves, one comes."""
    send(
        api,
        terms("grows", "2026-01-10", 1000, action="started"),
        terms("grows", "2026-03-15", 1500),
        terms("grows", "2026-03-20", 200, product="api", action="started"),
        terms("shrinks", "2026-02-01", 3000, action="started"),
        terms("shrinks", "2026-03-01", 2000),  # 9:00 in Tokyo: not before the month began
        terms("leaves", "2026-01-01", 500, action="started"),
        terms("leaves", "2026-03-31", 0, action="cancelled"),
        terms("comes", "2026-03-05", 4000, action="started"),
        milestone("comes", "2026-04-05T00:00:00Z"),  # 31 days after the start, to the instant
        login("grows", "ann", "2026-02-28T15:00:00Z"),  # midnight in Tokyo
        login("grows", "ann", "2026-03-09T00:00:00Z"),
        login("shrinks", "bob", "2026-03-31T14:59:59Z"),
        login("shrinks", "cid", "2026-03-31T15:00:00Z"),  # April in Tokyo
    )
    assert api.patch("/api/v1/workspace", {"time_zone": "Asia/Tokyo"}).status_code == 200
    return api


def test_a_month_by_hand(quarter):
    found = kpis(quarter)
    assert (found["currency"], found["accounts"]) == ("JPY", {"start": 3, "end": 3})
    assert values(found) == {
        "churn_rate": pytest.approx(1 / 3),
        "gross_revenue_retention": pytest.approx((1000 + 2000 + 0) / 4500),
        "net_revenue_retention": pytest.approx((1700 + 2000 + 0) / 4500),
        "upsell_rate": pytest.approx(1 / 3),
        "cross_sell_rate": pytest.approx(1 / 3),
        "onboarding_completion_rate": 1.0,
        "arpa": pytest.approx((1700 + 2000 + 4000) / 3),
        "ltv": pytest.approx(1700 + 2000 + 4000),
        "active_users": 2,
    }
    assert found["churn_rate"]["low"] < 1 / 3 < found["churn_rate"]["high"]
    assert (found["start"], found["end"]) == (
        "2026-02-28T15:00:00+00:00", "2026-03-31T15:00:00+00:00",
    )  # fmt: skip


def test_the_end_of_a_month_is_the_start_of_the_next(quarter):
    for month, following in (("2026-02", "2026-03"), ("2026-03", "2026-04")):
        assert (
            kpis(quarter, month)["accounts"]["end"] == kpis(quarter, following)["accounts"]["start"]
        )


def test_stored_and_computed_figures_are_the_same(quarter):
    computed = kpis(quarter), kpis(quarter, by="plan")
    assert waiting() > 0
    work_off()
    assert waiting() == 0
    assert (kpis(quarter), kpis(quarter, by="plan")) == computed
    assert len(stored_months(quarter, "Asia/Tokyo")) > 3


def test_a_late_event_a_correction_and_a_forgotten_person_count_at_once(quarter):
    work_off()
    late = terms("late", "2026-02-10", 700, action="started")
    send(quarter, late)
    assert kpis(quarter)["accounts"]["start"] == 4
    work_off()
    send(quarter, terms("late", "2026-03-10", 0, action="cancelled", supersedes=late["id"]))
    assert kpis(quarter)["accounts"]["start"] == 3
    work_off()
    send(quarter, login("grows", "dan", "2026-03-15T00:00:00Z"))
    assert kpis(quarter)["active_users"]["value"] == 3
    work_off()
    assert kpis(quarter)["active_users"]["value"] == 3


def test_another_time_zone_is_another_month(quarter):
    work_off()
    assert quarter.patch("/api/v1/workspace", {"time_zone": "UTC"}).status_code == 200
    found = kpis(quarter)
    assert (found["active_users"]["value"], found["start"]) == (3, "2026-03-01T00:00:00+00:00")


def test_a_month_begun_in_the_former_time_zone_only_waits_until_it_begins(quarter, monkeypatch):
    last_evening = datetime(2026, 3, 31, 19, tzinfo=UTC)  # 1 April in Tokyo
    monkeypatch.setattr(keeping, "utcnow", lambda: last_evening)
    work_off()
    assert date(2026, 4, 1) in stored_months(quarter, "Asia/Tokyo")
    assert quarter.patch("/api/v1/workspace", {"time_zone": "UTC"}).status_code == 200
    with transaction() as session:  # somebody had asked for it before the change
        outbox.add(
            session, quarter.workspace_id, FIGURES, quarter.workspace_id, now=utcnow(),
            detail={"since": str(date.max), "others": [["2026-04-01", "plan"]]},
        )  # fmt: skip
    work_off()
    assert waiting() == 0
    assert max(stored_months(quarter, "UTC")) == date(2026, 3, 1)


def test_segments_go_by_the_value_at_the_start(quarter):
    for name, plan in (("grows", "pro"), ("shrinks", "pro"), ("leaves", "free")):
        save(quarter, external_id=name, plan=plan)
    by_plan = {each["by"]["plan"]: each for each in kpis(quarter, by="plan")["segments"]}
    assert list(by_plan) == ["pro", "free", None]
    assert [by_plan[plan]["churn_rate"]["value"] for plan in ("pro", "free")] == [0, 1]
    assert by_plan["pro"]["ltv"] == {"value": None, "n": 2}  # nobody left
    assert by_plan["pro"]["active_users"]["value"] == 2
    assert by_plan[None]["onboarding_completion_rate"]["value"] == 1  # who came

    save(quarter, external_id="leaves", plan="pro")  # said today: it was free in March
    again = {each["by"]["plan"]: each for each in kpis(quarter, by="plan")["segments"]}
    assert again["free"]["churn_rate"] == by_plan["free"]["churn_rate"]


def test_an_account_without_events_counts_by_what_was_said_of_it(api):
    month = utcnow().strftime("%Y-%m")
    save(api, external_id="old", mrr=900, currency="EUR", started_on="2025-01-15")
    save(api, external_id="new", mrr=100, currency="EUR")
    save(api, external_id="free", mrr=0, currency="EUR")
    assert kpis(api, month)["accounts"] == {"start": 1, "end": 2}
    assert kpis(api, "2025-01")["accounts"] == {"start": 0, "end": 1}
    save(api, external_id="old", mrr=0, currency="EUR")
    assert kpis(api, month)["churn_rate"]["value"] == 1
    send(api, terms("old", "2026-01-01", 800, currency="EUR"))  # from here on they alone count
    assert kpis(api, month)["churn_rate"]["value"] == 0


def test_several_currencies_stay_apart(api):
    send(
        api,
        terms("yen", "2026-01-10", 120_000, action="started"),
        terms("euro", "2026-01-10", 900, currency="EUR", action="started"),
        terms("euro", "2026-03-10", 0, currency="EUR", action="cancelled"),
    )
    found = kpis(api)
    assert (found["currency"], found["churn_rate"]["value"]) == (None, 0.5)
    assert [found[name]["value"] for name in ("arpa", "ltv", "net_revenue_retention")] == [None] * 3
    by_currency = found["by_currency"]
    assert by_currency["JPY"]["arpa"]["value"] == 120_000
    assert by_currency["EUR"]["net_revenue_retention"]["value"] == 0


def test_a_month_of_nobody_is_null(api):
    found = kpis(api)
    assert values(found) == dict.fromkeys(RATES) | {"active_users": 0}
    assert found["churn_rate"] == {"value": None, "n": 0}


@pytest.mark.parametrize(
    "month", ["2026", "2026-13", "2026-3", "March", "1999-12", "9999-01", "２０２６-03"]
)
def test_a_month_that_cannot_be_is_refused(api, month):
    answer = api.get("/api/v1/kpis", query_string={"month": month})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "month"


def test_the_month_that_runs_ends_now(api):
    send(api, terms("acme", "2026-01-10", 100, action="started"))
    soon = (utcnow() + timedelta(minutes=4)).isoformat()
    send(api, terms("acme", "2026-01-10", 0, action="cancelled") | {"at": soon})
    assert kpis(api, "")["churn_rate"]["value"] == 0  # it is not over yet
    assert outbox.work_off(FIGURES, now=utcnow()) is False
    assert waiting() > 0  # until then


# --- against the definitions, told once more in another way ------------------------------


def _random_events(dice):
    for account in range(dice.randint(1, 8)):
        for _ in range(dice.randint(0, 6)):
            day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=6 * dice.randint(0, 4 * 120))
            mrr = dice.choice([0, 0, 100, 250, 400])
            yield terms(
                f"a{account}", "2026-01-01", mrr, product=dice.choice(["core", "api"]),
                action="cancelled" if mrr == 0 else "changed",
            ) | {"at": day.isoformat()}  # fmt: skip


def _paid(events, before):
    """Account → product → MRR, by the last event before an instant, told for each anew."""
    found = {}
    for event in sorted(events, key=lambda each: datetime.fromisoformat(each["at"])):
        if datetime.fromisoformat(event["at"]) < before:
            found.setdefault(event["account"], {})[event["product"]] = event["mrr"]
    return found


def _by_definition(events, start, end):
    before, after = _paid(events, start), _paid(events, end)
    had = [name for name, held in before.items() if sum(held.values())]
    s = {name: sum(before[name].values()) for name in had}
    e = {name: sum(after[name].values()) for name in had}
    ends = [sum(held.values()) for held in after.values() if sum(held.values())]

    def ratio(top, bottom):
        return float(Fraction(top, bottom)) if bottom else None

    churn = ratio(sum(e[name] == 0 for name in had), len(had))
    arpa = ratio(sum(ends), len(ends))
    return {
        "churn_rate": churn,
        "gross_revenue_retention": ratio(sum(min(s[n], e[n]) for n in had), sum(s.values())),
        "net_revenue_retention": ratio(sum(e.values()), sum(s.values())),
        "upsell_rate": ratio(
            sum(any(mrr and after[n].get(p, 0) > mrr for p, mrr in before[n].items()) for n in had),
            len(had),
        ),
        "cross_sell_rate": ratio(
            sum(any(mrr and not before[n].get(p) for p, mrr in after[n].items()) for n in had),
            len(had),
        ),
        "arpa": arpa,
        "ltv": arpa / churn if churn and arpa is not None else None,
    }


@pytest.mark.parametrize("seed", range(6))
def test_figures_are_what_their_definitions_say(api, seed):
    dice = Random(seed)
    events = list(_random_events(dice))
    sent = dice.sample(events, len(events))
    if sent:
        send(api, *sent)
    if seed % 2:
        work_off()
    # Of one instant the later received holds: tell them in the order of sending.
    order = {event["id"]: number for number, event in enumerate(sent)}
    events.sort(key=lambda each: order[each["id"]])
    for month in range(1, 5):
        start, end = (datetime(2026, each, 1, tzinfo=UTC) for each in (month, month + 1))
        found = kpis(api, f"2026-0{month}")
        expected = _by_definition(events, start, end)
        assert {name: found[name]["value"] for name in expected} == {
            name: None if value is None else pytest.approx(value)
            for name, value in expected.items()
        }


def test_an_account_has_its_own_figures(api):
    at = {days: (utcnow() - timedelta(days=days)).isoformat() for days in (400, 200, 3)}
    send(
        api,
        terms("acme", "2025-01-01", 1000, action="started") | {"at": at[400]},
        terms("acme", "2025-01-01", 1500) | {"at": at[200]},
        milestone("acme", at[400]),
        login("acme", "ann", at[3]),
        login("acme", "bob", at[200]),
        terms("young", "2025-01-01", 9, currency="EUR", action="started") | {"at": at[3]},
    )
    save(api, external_id="silent")

    def told(account):
        return api.get(f"/api/v1/accounts/{account}").json["kpis"]

    assert told("acme") == {
        "mrr": 1500, "currency": "JPY", "mrr_a_year_ago": 1000, "net_revenue_retention": 1.5,
        "active_users": 1, "days_as_customer": 400, "onboarding_completed": True,
    }  # fmt: skip
    assert told("young") == {
        "mrr": 9, "currency": "EUR", "mrr_a_year_ago": None, "net_revenue_retention": None,
        "active_users": 0, "days_as_customer": 3, "onboarding_completed": None,
    }  # fmt: skip
    assert told("silent") == {
        "mrr": 0, "currency": None, "mrr_a_year_ago": None, "net_revenue_retention": None,
        "active_users": 0, "days_as_customer": None, "onboarding_completed": None,
    }  # fmt: skip


def test_the_month_that_runs_is_stored_and_who_is_active_counted_now(api):
    now = utcnow()
    send(api, terms("acme", "2025-01-10", 100, action="started"))
    send(api, login("acme", "ann", now.isoformat()))
    work_off()
    assert kpis(api, "")["active_users"]["value"] == 1
    assert kpis(api, "2018-01")["accounts"] == {"start": 0, "end": 0}  # too old to be stored
    assert waiting() == 0
    with snapshot() as session:
        row = session.get(FigureMonth, (api.workspace_id, now.date().replace(day=1), ""))
        assert row is not None
    send(api, login("acme", "bob", now.isoformat()))
    assert kpis(api, "")["active_users"]["value"] == 2


def _kept(api, month):
    with snapshot() as session:
        return session.scalar(
            select(FigureMonth.computed_at).where(
                FigureMonth.workspace_id == api.workspace_id,
                FigureMonth.month == month, FigureMonth.attribute == "",
            )
        )  # fmt: skip


def test_a_month_that_ended_is_summed_by_night_before_anybody_asks(quarter):
    work_off()
    now = utcnow()
    last = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    with transaction() as session:  # as it stood while that month was running
        session.execute(
            update(FigureMonth)
            .where(FigureMonth.workspace_id == quarter.workspace_id, FigureMonth.month == last)
            .values(computed_at=datetime(last.year, last.month, 3, tzinfo=UTC))
        )
        outbox.bring_forward(session, quarter.workspace_id, FIGURES_NIGHTLY, now=now)
    outbox.work_off(FIGURES_NIGHTLY, now=now)
    work_off()
    assert _kept(quarter, last) >= now
    with snapshot() as session:
        assert outbox.pending_count(session, quarter.workspace_id, FIGURES_NIGHTLY) == 1
    outbox.work_off(FIGURES_NIGHTLY, now=now)
    assert waiting() == 0


def test_who_is_to_begin_later_keeps_nothing_from_being_stored(api):
    now = utcnow()
    save(api, external_id="later", started_on=str(now.date() + timedelta(days=70)), mrr=100,
         currency="JPY")  # fmt: skip
    send(api, terms("acme", "2025-01-10", 100, action="started"))
    work_off()
    assert _kept(api, date(2026, 2, 1)) is not None
    assert kpis(api, "2026-02")["accounts"] == {"start": 1, "end": 1}
    before = _kept(api, now.date().replace(day=1))
    send(api, terms("acme", "2026-01-10", 200))
    work_off()
    assert _kept(api, now.date().replace(day=1)) > before
    assert waiting() == 1  # the day on which it begins
