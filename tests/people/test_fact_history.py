"""What held of an account on a past day, in whatever order it was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.fact_history import MOST_CHANGES, noted, value_at
from vocapp.people.facts import AccountFacts
from vocapp.people.identifying import Said, identify
from vocapp.people.models import Account

START = datetime(2026, 1, 1, tzinfo=UTC)
days = st.integers(0, 40)
statements = st.lists(st.tuples(days, st.sampled_from(["free", "pro", "team"])), max_size=12)


def on(day):
    return START + timedelta(days=day)


def told(statements):
    history = {}
    for day, plan in statements:
        history = noted(history, "plan", plan, as_of=on(day))
    return history


@given(statements, days)
def test_the_last_that_was_said_of_then_or_before_holds(said, day):
    by_day = dict(said)  # of one day the last
    known = sorted(by_day.items())
    before = [plan for when, plan in known if when <= day]
    expected = before[-1] if before else known[0][1] if known else None
    # Said for the first time where it had held already, and so not kept: tell it in order.
    assert value_at(told(known), "plan", on(day)) == expected


@given(statements)
def test_only_changes_are_kept_in_order(said):
    entries = told(said).get("plan", [])
    instants = [since for since, _ in entries]
    assert instants == sorted(set(instants))
    assert all(one[1] != other[1] for one, other in pairwise(entries))


def test_the_oldest_of_very_many_changes_go():
    history = told([(day, f"plan {day}") for day in range(MOST_CHANGES + 5)])
    assert len(history["plan"]) == MOST_CHANGES
    assert value_at(history, "plan", on(MOST_CHANGES + 4)) == f"plan {MOST_CHANGES + 4}"
    assert value_at(history, "plan", on(0)) == "plan 5"


def test_an_account_keeps_what_was_said_of_it(any_database, new_workspace):
    home = new_workspace().workspace_id
    for day, facts in (
        (10, AccountFacts("acme", plan="pro", mrr_minor=5000, currency="USD")),
        (5, AccountFacts("acme", plan="free", attributes={"industry": "retail"})),
        (20, AccountFacts("acme", plan="pro", mrr_minor=7000, currency="USD")),
    ):
        with transaction() as session:
            list(identify(session, home, [Said(on(day), account=facts)], now=utcnow()))
    with snapshot() as session:
        account = session.scalars(select(Account).where(Account.workspace_id == home)).one()
    held = {
        day: [
            value_at(account.fact_history, name, on(day))
            for name in ("plan", "mrr_minor", "attributes.industry", "region")
        ]
        for day in (4, 7, 12, 30)
    }
    assert held == {
        4: ["free", 5000, "retail", None],
        7: ["free", 5000, "retail", None],
        12: ["pro", 5000, "retail", None],
        30: ["pro", 7000, "retail", None],
    }
    assert (account.plan, account.mrr_minor) == ("pro", 7000)
    assert len(account.fact_history["plan"]) == 2
