"""Events come in any order, more than once, some of them wrong; what holds stays the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from surveys.periods import day_bounds
from vocapp.database import snapshot, utcnow
from vocapp.people.events import queries
from vocapp.people.events.invoices import invoices_of, overdue_days
from vocapp.people.events.models import AccountEvent, ActiveDay, ActivityHour, SubscriptionChange
from vocapp.people.events.subscriptions import changes_of, current
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact
from vocapp.succeeding.figures.business import read_business

LOGIN = {
    "id": "e1", "type": "login", "account": "acme", "contact": "u1", "at": "2026-10-02T01:00:00Z",
}  # fmt: skip
USAGE = LOGIN | {"id": "e2", "type": "usage", "name": "report_created", "count": 3}
DONE = {
    "id": "e3", "type": "milestone", "account": "acme", "name": "setup_done",
    "at": "2026-10-03T01:00:00Z",
}  # fmt: skip
START = {
    "id": "e4", "type": "subscription", "account": "acme", "product": "core", "action": "started",
    "mrr": 120_000, "currency": "JPY", "at": "2026-04-01T00:00:00Z", "term_ends_on": "2027-03-31",
}  # fmt: skip
OVERDUE = {
    "id": "e5", "type": "invoice_overdue", "account": "acme", "invoice": "in-7",
    "due_on": "2026-09-15", "amount": 120_000, "currency": "JPY", "at": "2026-10-01T01:00:00Z",
}  # fmt: skip
PAID = {
    "id": "e6", "type": "invoice_paid", "account": "acme", "invoice": "in-7",
    "at": "2026-10-09T01:00:00Z",
}  # fmt: skip


def change(id: str, at: str, mrr: int, **more: Any) -> dict[str, Any]:
    """A change of the core product's revenue."""
    return START | {"id": id, "at": f"2026-{at}T00:00:00Z", "mrr": mrr, "action": "changed"} | more


def send(api, *events: Any) -> dict[str, Any]:
    answer = api.post("/api/v1/events", {"events": list(events)})
    assert answer.status_code == 202, answer.text
    return dict(answer.json)


def accept(api, *events: Any) -> None:
    assert send(api, *events) == {"accepted": len(events), "rejected": []}


def count(model: Any) -> int:
    with snapshot() as session:
        query = select(func.count()).select_from(model)
        return session.scalar(query.execution_options(voc_all_workspaces=True))


def account_of(api, external_id: str = "acme") -> Account:
    with snapshot() as session:
        return session.scalars(
            select(Account).where(
                Account.workspace_id == api.workspace_id, Account.external_id == external_id
            )
        ).one()


# --- taking in ---------------------------------------------------------------------------


def test_every_type_is_taken_and_creates_whom_it_names(any_api):
    accept(any_api, LOGIN, USAGE, DONE, START)
    account = account_of(any_api)
    assert (account.mrr_minor, account.currency) == (120_000, "JPY")
    assert (account.renewal_on, account.started_on) == (date(2027, 3, 31), date(2026, 4, 1))
    with snapshot() as session:
        person = session.scalars(
            select(Contact).where(Contact.workspace_id == any_api.workspace_id)
        ).one()
        hour = session.scalars(
            select(ActivityHour).where(ActivityHour.workspace_id == any_api.workspace_id)
        ).one()
    assert (person.external_id, person.account_id) == ("u1", account.id)
    assert (hour.logins, hour.uses, hour.hour) == (1, 3, datetime(2026, 10, 2, 1, tzinfo=UTC))


def test_the_same_event_counts_once_however_often_and_wherever_it_is_sent(any_api):
    accept(any_api, USAGE, USAGE)
    accept(any_api, dict(reversed(USAGE.items())))
    assert count(AccountEvent) == 1
    with snapshot() as session:
        assert session.scalars(
            select(ActivityHour.uses).where(ActivityHour.workspace_id == any_api.workspace_id)
        ).all() == [3]


def test_an_id_with_other_content_is_refused_and_changes_nothing(any_api):
    accept(any_api, USAGE)
    answer = send(any_api, USAGE | {"count": 4}, LOGIN)
    assert answer["accepted"] == 1
    assert [(each["index"], each["field"]) for each in answer["rejected"]] == [(0, "id")]
    with snapshot() as session:
        assert session.scalars(
            select(ActivityHour.uses).where(ActivityHour.workspace_id == any_api.workspace_id)
        ).all() == [3]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (LOGIN | {"type": "logout"}, "type"),
        (LOGIN | {"type": ["login"]}, "type"),
        ({k: v for k, v in LOGIN.items() if k != "type"}, "type"),
        ("login", "body"),
        (LOGIN | {"id": ""}, "id"),
        (LOGIN | {"account": None}, "account"),
        (LOGIN | {"contact": 7}, "contact"),
        (LOGIN | {"at": "2026-10-02T01:00:00"}, "at"),
        (LOGIN | {"at": "0001-01-01T00:00:00+14:00"}, "at"),
        (LOGIN | {"surprise": 1}, "surprise"),
        (LOGIN | {"supersedes": "e1"}, "supersedes"),
        (USAGE | {"count": 0}, "count"),
        (USAGE | {"count": -1}, "count"),
        (USAGE | {"count": True}, "count"),
        ({k: v for k, v in USAGE.items() if k != "name"}, "name"),
        (START | {"action": "paused"}, "action"),
        (START | {"mrr": -1}, "mrr"),
        (START | {"mrr": 1.5}, "mrr"),
        ({k: v for k, v in START.items() if k != "mrr"}, "mrr"),
        (START | {"currency": "YEN"}, "currency"),
        (START | {"currency": "XXX"}, "currency"),  # ISO 4217: no currency
        (START | {"currency": "XTS"}, "currency"),  # ISO 4217: for tests
        ({k: v for k, v in START.items() if k != "currency"}, "currency"),
        (START | {"term_ends_on": "2026-03-30"}, "term_ends_on"),
        (START | {"term_ends_on": "soon"}, "term_ends_on"),
        (OVERDUE | {"due_on": "2026-10-02"}, "due_on"),
        ({k: v for k, v in OVERDUE.items() if k != "due_on"}, "due_on"),
        ({k: v for k, v in OVERDUE.items() if k != "invoice"}, "invoice"),
        ({k: v for k, v in OVERDUE.items() if k != "currency"}, "currency"),
        ({k: v for k, v in OVERDUE.items() if k != "amount"}, "amount"),
        (OVERDUE | {"amount": -1}, "amount"),
        (OVERDUE | {"amount": 1.5}, "amount"),
        (OVERDUE | {"currency": "YEN"}, "currency"),
        (PAID | {"due_on": "2026-09-15"}, "due_on"),
        (PAID | {"invoice": ""}, "invoice"),
    ],
)
def test_a_wrong_event_is_refused_with_its_field_and_stops_no_other(api, event, field):
    answer = send(api, DONE, event, START | {"id": "other"})
    assert answer["accepted"] == 2
    assert [(each["index"], each["field"]) for each in answer["rejected"]] == [(1, field)]
    assert answer["rejected"][0]["message"]
    assert count(AccountEvent) == 2


def test_the_same_subscription_under_another_id_is_refused_and_the_rest_goes_in(any_api):
    again = START | {"id": "again"}
    answer = send(any_api, START, again, START | {"id": "e9", "product": "extra"})
    assert answer["accepted"] == 2
    assert [(each["index"], each["field"]) for each in answer["rejected"]] == [(1, "product")]
    assert "e4" in answer["rejected"][0]["message"]
    later = send(any_api, again, START, again | {"mrr": 5}, DONE)
    assert later["accepted"] == 2
    assert [(each["index"], each["field"]) for each in later["rejected"]] == [
        (0, "product"), (2, "id"),
    ]  # fmt: skip
    assert account_of(any_api).mrr_minor == 240_000


def test_a_start_that_is_corrected_is_no_second_subscription(any_api):
    """Whichever comes first; and one of another time, as after an end, is another."""
    moved = START | {"id": "c1", "product": "extra", "mrr": 7, "supersedes": "e4"}
    accept(any_api, moved, START, START | {"id": "c2"})
    assert account_of(any_api).mrr_minor == 120_007
    accept(any_api, START | {"id": "c3", "mrr": 9, "supersedes": "c2"})
    accept(any_api, START | {"id": "c4", "mrr": 11, "supersedes": "c2"})
    assert account_of(any_api).mrr_minor == 18
    accept(any_api, START | {"id": "e7", "at": "2026-06-01T00:00:00Z", "mrr": 20})
    assert account_of(any_api).mrr_minor == 27


def test_what_is_refused_of_a_subscription_creates_nobody(api):
    answer = send(api, START, START | {"id": "again", "contact": "u9"})
    assert answer["accepted"] == 1
    assert count(Contact) == 0


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"started_on": "2026-04-01", "renewal_on": "2026-03-31"}, "renewal_on"),
        ({"mrr": 1, "currency": "XXX"}, "currency"),
    ],
)
def test_an_account_with_facts_that_cannot_be_is_refused(api, facts, field):
    answer = api.post("/api/v1/accounts", {"external_id": "acme"} | facts)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["field"] == field
    assert not error["message"].startswith("Value error")
    assert count(Account) == 0


def test_a_clock_may_run_five_minutes_ahead_and_no_more(api):
    soon, later = (
        LOGIN | {"id": f"m{minutes}", "at": (utcnow() + timedelta(minutes=minutes)).isoformat()}
        for minutes in (4, 6)
    )
    answer = send(api, soon, later)
    assert answer["accepted"] == 1
    assert [(each["index"], each["field"]) for each in answer["rejected"]] == [(1, "at")]


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": [LOGIN] * 1001}, {"events": 1}])
def test_a_batch_of_none_or_too_many_is_refused_whole(api, body):
    answer = api.post("/api/v1/events", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "events"
    assert count(AccountEvent) == 0


def test_ids_are_unique_per_workspace_only(app, api, api_of, new_workspace):
    other = api_of(app.test_client(), new_workspace("Other"))
    accept(api, START)
    accept(other, START | {"mrr": 5})
    accept(other, change("x", "05-01", 7, supersedes="e4"))
    assert [account_of(each).mrr_minor for each in (api, other)] == [120_000, 7]


def overdue(api: Any, day: date) -> int | None:
    """Days since the oldest unpaid invoice of acme was due, as told until that day's end."""
    account = account_of(api).id
    until = day_bounds(day, "UTC")[1]
    with snapshot() as session:
        told = invoices_of(session, api.workspace_id, [account], until=until).get(account, [])
    return overdue_days(told, today=day)


def test_an_invoice_is_overdue_until_it_is_paid_whatever_came_first(any_api):
    accept(any_api, LOGIN)
    assert overdue(any_api, date(2026, 10, 5)) is None
    older = OVERDUE | {"id": "e7", "invoice": "in-6", "due_on": "2026-09-10"}
    accept(any_api, PAID, OVERDUE, older)
    assert overdue(any_api, date(2026, 9, 30)) is None
    assert overdue(any_api, date(2026, 10, 5)) == 25
    accept(any_api, PAID | {"id": "e8", "invoice": "in-6", "at": "2026-10-04T01:00:00Z"})
    assert overdue(any_api, date(2026, 10, 5)) == 20
    assert overdue(any_api, date(2026, 10, 9)) == 0
    accept(any_api, PAID | {"id": "e9", "at": "2026-10-06T01:00:00Z", "supersedes": "e6"})
    assert (overdue(any_api, date(2026, 10, 5)), overdue(any_api, date(2026, 10, 6))) == (20, 0)


def test_the_ledger_says_when_an_event_came_in(any_api):
    before = utcnow()
    accept(any_api, LOGIN, OVERDUE)
    with snapshot() as session:
        received = session.scalars(
            select(AccountEvent.received_at).where(
                AccountEvent.workspace_id == any_api.workspace_id
            )
        ).all()
    assert len(received) == 2
    assert all(before <= each <= utcnow() for each in received)


# --- corrections and lateness -----------------------------------------------------------


def test_a_correction_takes_the_place_of_what_it_names(any_api):
    accept(any_api, LOGIN, USAGE, START)
    fixed_usage = USAGE | {"id": "c1", "count": 1, "supersedes": "e2"}
    accept(any_api, fixed_usage, START | {"id": "c2", "mrr": 90_000, "supersedes": "e4"})
    account = account_of(any_api)
    assert account.mrr_minor == 90_000
    with snapshot() as session:
        hours = session.execute(
            select(ActivityHour.logins, ActivityHour.uses).where(
                ActivityHour.workspace_id == any_api.workspace_id
            )
        ).all()
    assert hours == [(1, 1)]


def test_products_in_use_are_told_by_the_account_whatever_is_corrected(any_api):
    """Of two products the last used first; what tells no product counts for none."""
    at = utcnow().replace(microsecond=0)
    today, late = at.isoformat(), (at - timedelta(days=40)).isoformat()
    accept(
        any_api, USAGE | {"at": today}, USAGE | {"id": "p1", "product": "core", "at": today},
        LOGIN | {"id": "p2", "product": "core", "at": late},
        USAGE | {"id": "p3", "product": "cord", "at": late},
    )  # fmt: skip
    accept(any_api, USAGE | {"id": "p4", "product": "mail", "at": late, "supersedes": "p3"})
    told = any_api.get("/api/v1/accounts/acme").json["products_used"]
    assert [(each["product"], each["uses_28_days"], each["logins_28_days"]) for each in told] == [
        ("core", 3, 0), ("mail", 0, 0),
    ]  # fmt: skip
    assert [each["last_used_on"] for each in told] == [
        at.date().isoformat(), (at - timedelta(days=40)).date().isoformat(),
    ]  # fmt: skip
    (refused,) = send(any_api, DONE | {"product": "core"})["rejected"]
    assert refused["field"] == "product"


def test_a_correction_that_moves_an_event_leaves_no_trace_where_it_was(any_api):
    accept(any_api, LOGIN)
    moved = LOGIN | {"id": "c", "account": "other", "contact": "u2", "supersedes": "e1"}
    accept(any_api, moved)
    with snapshot() as session:
        hours = session.scalars(
            select(ActivityHour.account_id).where(ActivityHour.workspace_id == any_api.workspace_id)
        ).all()
    assert hours == [account_of(any_api, "other").id]
    assert count(ActiveDay) == 1


def test_of_two_at_one_instant_the_later_received_holds(any_api):
    accept(any_api, START, change("b", "05-01", 2), change("c", "05-01", 3))
    assert account_of(any_api).mrr_minor == 3
    accept(any_api, change("d", "05-01", 4))
    assert account_of(any_api).mrr_minor == 4


def state_of(api) -> tuple[Any, ...]:
    """Everything that pages and figures are made of, without the order of arrival."""
    workspace_id = api.workspace_id
    with snapshot() as session:
        accounts = session.execute(
            select(
                Account.external_id, Account.mrr_minor, Account.currency, Account.renewal_on,
                Account.started_on,
            ).where(Account.workspace_id == workspace_id)
        ).all()  # fmt: skip
        hours = session.execute(
            select(
                Account.external_id, ActivityHour.hour, ActivityHour.logins, ActivityHour.uses
            ).join(
                Account,
                (Account.workspace_id == ActivityHour.workspace_id)
                & (Account.id == ActivityHour.account_id),
            ).where(ActivityHour.workspace_id == workspace_id)
        ).all()  # fmt: skip
        days = session.execute(
            select(ActiveDay.day, Contact.external_id, ActiveDay.events).join(
                Contact,
                (Contact.workspace_id == ActiveDay.workspace_id)
                & (Contact.id == ActiveDay.contact_id),
            ).where(ActiveDay.workspace_id == workspace_id)
        ).all()  # fmt: skip
        counting = session.scalars(
            select(AccountEvent.id).where(
                AccountEvent.workspace_id == workspace_id, AccountEvent.is_superseded.is_(False)
            )
        ).all()
        changes = session.scalars(
            select(SubscriptionChange.event_id).where(
                SubscriptionChange.workspace_id == workspace_id,
                SubscriptionChange.is_superseded.is_(False),
            )
        ).all()
        people = session.execute(
            select(Contact.external_id, Account.external_id).join(
                Account,
                (Account.workspace_id == Contact.workspace_id) & (Account.id == Contact.account_id),
            ).where(Contact.workspace_id == workspace_id)
        ).all()  # fmt: skip
    parts = (accounts, hours, days, counting, changes, people)
    return tuple(sorted(map(repr, part)) for part in parts)


@pytest.mark.parametrize(
    "events",
    [
        [START, change("b", "05-01", 2), change("c", "06-01", 3), START | {"id": "d", "at":
         "2026-07-01T00:00:00Z", "action": "cancelled", "mrr": None, "currency": None,
         "term_ends_on": None}],
        [change("a", "07-01", 9), change("b", "05-01", 2, supersedes="a"),
         change("c", "04-15", 5, supersedes="b"), START],
        [USAGE, USAGE | {"id": "b", "count": 5, "supersedes": "e2"},
         LOGIN | {"id": "c", "account": "other", "at": "2026-10-05T23:59:59.999999Z"},
         USAGE | {"id": "d", "count": 7, "supersedes": "b"}],
        [START, START | {"id": "b", "product": "extra", "mrr": 500, "term_ends_on": "2026-12-31"},
         change("c", "05-01", 100, product="extra", term_ends_on=None),
         change("d", "06-01", 20, currency="USD", term_ends_on=None, product="third")],
    ],
)  # fmt: skip
def test_the_order_of_arrival_does_not_change_what_holds(app, api_of, new_workspace, events):
    states = set()
    for number, order in enumerate(permutations(events)):
        api = api_of(app.test_client(), new_workspace(f"W{number}"))
        if number % 2:
            accept(api, *order)
        else:
            for event in order:
                accept(api, event)
        states.add(repr(state_of(api)))
    assert len(states) == 1, "\n".join(states)


@st.composite
def histories(draw) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events at instants of their own, some correcting another, in two orders."""
    n = draw(st.integers(2, 7))
    days = draw(st.permutations(range(1, n + 1)))
    targets = draw(st.permutations(range(n)))  # no two correct the same: that is the tie rule
    events = []
    for number, (day, target) in enumerate(zip(days, targets, strict=True)):
        event: dict[str, Any] = draw(
            st.sampled_from([
                LOGIN, USAGE, DONE, START,
                START | {"product": "extra", "action": "changed", "mrr": 7, "term_ends_on": None},
                START | {"action": "cancelled"},
                START | {"account": "other", "currency": "USD"},
            ])
        )  # fmt: skip
        event = event | {"id": f"h{number}", "at": f"2026-05-{day:02}T15:30:00Z"}
        if target != number and draw(st.booleans()):
            event["supersedes"] = f"h{target}"
        events.append(event)
    return events, draw(st.permutations(events))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories())
def test_no_order_of_any_events_changes_what_holds(app, api_of, new_workspace, history):
    one, other = (api_of(app.test_client(), new_workspace(name)) for name in ("One", "Other"))
    accept(one, *history[0])
    for event in history[1]:
        accept(other, event)
    assert state_of(one) == state_of(other)


@pytest.mark.parametrize(("said_at", "holds"), [("before", 120_000), ("after", 5)])
def test_what_was_said_of_an_account_later_than_its_events_stays(api, said_at, holds):
    at = utcnow() + timedelta(minutes=1 if said_at == "before" else -1)
    said = {"external_id": "acme", "mrr": 5, "currency": "USD", "started_on": "2020-01-01"}
    assert api.post("/api/v1/accounts", said).status_code == 201
    accept(api, START | {"at": at.isoformat(), "term_ends_on": None})
    account = account_of(api)
    assert account.mrr_minor == holds
    assert (account.started_on, account.renewal_on) == (date(2020, 1, 1), None)


def test_revenue_in_two_currencies_is_no_one_number(api):
    accept(api, START, START | {"id": "x", "product": "extra", "currency": "USD"})
    account = account_of(api)
    assert (account.mrr_minor, account.currency) == (None, None)


# --- reading ----------------------------------------------------------------------------


def test_a_cancelled_product_is_none_of_the_subscriptions(any_api):
    cancelled = {k: v for k, v in START.items() if k not in {"mrr", "currency", "term_ends_on"}}
    cancelled |= {"id": "x", "action": "cancelled", "at": "2026-06-01T00:00:00Z"}
    accept(any_api, START, START | {"id": "e5", "product": "extra", "mrr": 500}, cancelled)
    shown = any_api.get("/api/v1/accounts/acme").json
    assert (shown["mrr"], shown["currency"]) == (500, "JPY")
    assert [(each["product"], each["mrr"]) for each in shown["subscriptions"]] == [("extra", 500)]


def test_the_account_tells_milestones_and_the_last_log_in(any_api):
    empty = {"external_id": "empty"}
    assert any_api.post("/api/v1/accounts", empty).status_code == 201
    shown = any_api.get("/api/v1/accounts/empty").json
    assert (shown["subscriptions"], shown["milestones"], shown["last_login_at"]) == ([], [], None)
    later = LOGIN | {"id": "l2", "at": "2026-10-02T01:30:00Z"}
    accept(any_api, later, LOGIN, DONE, USAGE | {"at": "2026-10-09T00:00:00Z"})
    shown = any_api.get("/api/v1/accounts/acme").json
    assert shown["last_login_at"] == "2026-10-02T01:30:00+00:00"
    assert shown["milestones"] == [{"name": "setup_done", "at": "2026-10-03T01:00:00+00:00"}]
    accept(any_api, later | {"id": "fix", "at": "2026-09-01T00:00:00Z", "supersedes": "l2"})
    shown = any_api.get("/api/v1/accounts/acme").json
    assert shown["last_login_at"] == "2026-10-02T01:00:00+00:00"


def test_weeks_begin_on_the_workspaces_own_monday(any_api):
    sunday_noon = "2026-10-04T15:00:00Z"  # Monday 00:00 in Tokyo
    accept(any_api, USAGE | {"at": sunday_noon}, LOGIN | {"at": "2026-10-04T14:59:59Z"})
    account_id = account_of(any_api).id
    weeks = queries.weekly_activity(
        any_api.workspace_id, account_id, time_zone="Asia/Tokyo",
        now=datetime(2026, 10, 6, tzinfo=UTC), weeks=3,
    )  # fmt: skip
    assert [(week.start, week.logins, week.uses, week.is_open) for week in weeks] == [
        (date(2026, 9, 21), 0, 0, False),
        (date(2026, 9, 28), 1, 0, False),
        (date(2026, 10, 5), 0, 3, True),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Asia/Kathmandu", "America/St_Johns"])
def test_active_people_are_exact_in_the_local_month_of_any_zone(any_api, zone):
    """Also after the workspace has moved: sums hold no zone."""
    since, until = day_bounds(date(2026, 10, 1), zone)[0], day_bounds(date(2026, 11, 1), zone)[0]
    inside = [since, since + timedelta(hours=3), until - timedelta(microseconds=1),
              since + timedelta(days=12)]  # fmt: skip
    outside = [since - timedelta(microseconds=1), until]
    accept(
        any_api,
        *(
            LOGIN | {"id": f"{zone}{number}", "contact": f"p{number}", "at": at.isoformat()}
            for number, at in enumerate([*inside, *outside])
        ),
        LOGIN | {"id": "again", "contact": "p0", "at": inside[-1].isoformat()},
        LOGIN | {"id": "nobody", "contact": None, "at": inside[-1].isoformat()},
        DONE | {"contact": "p99"},
    )
    bounds = {"since": since, "until": until}
    assert queries.active_people(any_api.workspace_id, **bounds) == len(inside)
    mine = account_of(any_api).id
    assert queries.active_people(any_api.workspace_id, **bounds, account_id=mine) == len(inside)
    hour = {"since": inside[1], "until": inside[1] + timedelta(hours=1)}
    assert queries.active_people(any_api.workspace_id, **hour) == 1


# --- forgetting -------------------------------------------------------------------------


def test_a_forgotten_person_leaves_the_events_and_does_not_come_back(any_api):
    accept(any_api, LOGIN, USAGE)
    with snapshot() as session:
        person = session.scalars(
            select(Contact.id).where(Contact.workspace_id == any_api.workspace_id)
        ).one()
    erase_contact(any_api.workspace_id, person, now=utcnow())
    accept(any_api, LOGIN, LOGIN | {"id": "new"}, USAGE | {"id": "fix", "supersedes": "e2"})
    assert (count(Contact), count(ActiveDay), count(AccountEvent)) == (0, 0, 4)
    with snapshot() as session:
        contacts = session.scalars(
            select(AccountEvent.contact_id).where(AccountEvent.workspace_id == any_api.workspace_id)
        ).all()
        hour = session.execute(
            select(ActivityHour.logins, ActivityHour.uses).where(
                ActivityHour.workspace_id == any_api.workspace_id
            )
        ).one()
    assert set(contacts) == {None}
    assert hour == (2, 3)


# --- of many changes those that say something ------------------------------------------------


def _story(dice: Random) -> list[dict[str, Any]]:
    """Many changes of few products, several at one instant, some with the end of a term."""
    actions = [*["changed"] * 6, "started", "renewed", "cancelled"]
    return [
        START
        | {
            "id": f"s{number}", "product": dice.choice(["core", "api"]),
            "action": (action := dice.choice(actions)),
            "mrr": 0 if action == "cancelled" else dice.choice([0, 100, 250]),
            "at": f"2025-{dice.randint(1, 12):02}-{dice.choice([1, 15]):02}T00:00:00Z",
            "term_ends_on": dice.choice([None, None, "2027-01-31", "2027-06-30"]),
        }
        for number in range(dice.randint(1, 40))
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_what_runs_now_is_told_by_few_of_many_changes(any_api, seed):
    accept(any_api, *_story(Random(seed)))
    account = account_of(any_api)
    with snapshot() as session:
        every = changes_of(session, any_api.workspace_id, [account.id])[account.id]
    assert queries.current_subscriptions(any_api.workspace_id, account.id) == current(every)


@pytest.mark.parametrize("seed", range(8))
def test_what_held_at_an_instant_is_told_by_few_of_many_changes(any_api, seed):
    accept(any_api, *_story(Random(seed)))
    account = account_of(any_api)
    instants = [datetime(2025, month, 15, tzinfo=UTC) for month in (1, 4, 8, 12)]

    def told(**more: Any) -> Any:
        with snapshot() as session:
            history = read_business(
                session, any_api.workspace_id, time_zone="UTC", now=utcnow(),
                account_id=account.id, **more,
            ).histories[account.id]  # fmt: skip
        return history.since[0], history.started_at, [history.before(at).held for at in instants]

    assert told(as_of=instants, with_renewals=False) == told()
