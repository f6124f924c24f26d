"""What of the queue is found and counted, in what order, by whichever way it is looked for."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, update

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.following_up import choosing, queries
from vocapp.following_up.choosing import Filters
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.following_up.queries import SNOOZED
from vocapp.people.models import Account
from vocapp.understanding.models import Assignment, Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts

NOW = utcnow()
STATES = ("open", "contacted", "waiting", "resolved", "open", "open")


@pytest.fixture
def cases(any_api, handle, colleague):
    """Twelve cases of every kind, some alike in priority and due time; and a colleague."""
    any_api.survey()
    for number in range(12):
        any_api.respond(score=number % 4, account={"external_id": f"a{number % 5}"})
    handle()
    owner = colleague(any_api.workspace_id)
    with transaction() as session:
        found = session.scalars(scoped(FollowUp, any_api.workspace_id).order_by(FollowUp.id)).all()
        for number, case in enumerate(found):
            case.state = STATES[number % 6]
            case.priority = float(number % 4)
            case.due_at = NOW + timedelta(hours=number % 3 - 1)
            case.snoozed_until = NOW + timedelta(days=1) if number in (4, 7) else None
            case.owner_user_id = owner if number % 3 == 0 else None
            case.team = "support" if number % 5 == 0 else "success"
        own = scoped(Account, any_api.workspace_id).where(Account.external_id.in_(("a1", "a2")))
        for account in session.scalars(own):
            account.owner_user_id = owner
    return owner


def stored(workspace_id):
    with snapshot() as session:
        return session.scalars(scoped(FollowUp, workspace_id).order_by(FollowUp.id)).all()


def walked(workspace_id, filters, reach, sort, *, meanwhile=lambda rows: None):
    """All pages of the list, three cases each; what happens after each page."""
    found, after = [], None
    while True:
        rows = queries.queue(
            workspace_id, filters, reach=reach, now=NOW, sort=sort, limit=3, after=after
        )
        found += rows
        if len(rows) < 3:
            return found
        after = queries.after_of(queries.cursor_of(rows[-1], sort), sort)
        meanwhile(found)


def is_wanted(case, filters):
    is_put_off = case.snoozed_until is not None and case.snoozed_until > NOW
    return (
        (not filters.states or case.state in filters.states)
        and filters.snoozed in (None, is_put_off)
        and filters.team in (None, case.team)
        and (filters.owner is None or case.owner_user_id is None)
        and (not filters.overdue or (case.due_at < NOW and case.state in ACTIVE_STATES))
    )


@pytest.mark.parametrize("sort", ["-priority", "due_at"])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(states=(), snoozed=None),
        Filters(states=("resolved",)),
        Filters(snoozed=True),
        Filters(overdue=True, states=(), snoozed=None),
        Filters(overdue=True, states=("resolved",)),
        Filters(owner="unassigned", team="support"),
        Filters(owner="somebody else"),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_limited", [False, True])
def test_pages_and_counts_hold_what_is_wanted_in_order(any_api, cases, filters, sort, is_limited):
    reach = OwnAccounts(cases) if is_limited else WHOLE_WORKSPACE
    workspace_id = any_api.workspace_id
    with snapshot() as session:
        own = scoped(Account, workspace_id).where(Account.owner_user_id == cases)
        accounts = {account.id for account in session.scalars(own)}
    seen = [
        case for case in stored(workspace_id)
        if not is_limited or case.owner_user_id == cases or case.account_id in accounts
    ]  # fmt: skip
    nobody = filters.owner == "somebody else"
    wanted = [case for case in seen if is_wanted(case, filters) and not nobody]
    key = (lambda case: (case.due_at, case.id)) if sort == "due_at" else (
        lambda case: (-case.priority, case.id)
    )  # fmt: skip
    found = walked(workspace_id, filters, reach, sort)
    assert [row.id for row in found] == [case.id for case in sorted(wanted, key=key)]

    any_state = Filters((), None, filters.team, filters.owner, overdue=filters.overdue)
    tabs = [
        SNOOZED if case.snoozed_until else case.state
        for case in seen if is_wanted(case, any_state) and not nobody
    ]  # fmt: skip
    counts = queries.counts_by_state(workspace_id, filters, reach=reach, now=NOW)
    assert counts == {tab: tabs.count(tab) for tab in tabs}


@pytest.mark.parametrize("sort", ["-priority", "due_at"])
def test_what_stays_as_it_is_stands_on_one_page_once_while_others_change(any_api, cases, sort):
    """Cases that were read are ended, put off, given away and moved."""
    before = walked(any_api.workspace_id, Filters(), WHOLE_WORKSPACE, sort)
    changes = iter(
        [
            {"state": "resolved"}, {"snoozed_until": NOW + timedelta(days=2)},
            {"owner_user_id": None}, {"state": "waiting"},
        ]
    )  # fmt: skip

    def change_first(rows):
        with transaction() as session:
            session.execute(
                update(FollowUp)
                .where(
                    FollowUp.workspace_id == any_api.workspace_id,
                    FollowUp.id.in_([row.id for row in rows[-3:]]),
                )
                .values(next(changes)),
                execution_options={"synchronize_session": False},
            )

    found = walked(any_api.workspace_id, Filters(), WHOLE_WORKSPACE, sort, meanwhile=change_first)
    assert [row.id for row in found] == [row.id for row in before]


@pytest.mark.parametrize("many", [0, 1_000], ids=["looked for one by one", "asked by its index"])
def test_names_are_found_either_way(any_api, cases, monkeypatch, many):
    monkeypatch.setattr(choosing, "_MANY_NAMES", many)
    found = walked(
        any_api.workspace_id, Filters(states=(), snoozed=None, search="A3"), WHOLE_WORKSPACE,
        "-priority",
    )  # fmt: skip
    assert {row.account.external_id for row in found} == {"a3"}
    assert len(found) == 2
    counts = queries.counts_by_state(
        any_api.workspace_id, Filters(search="A3"), reach=WHOLE_WORKSPACE, now=NOW
    )
    assert sum(counts.values()) == 2


def test_counting_ends_and_says_that_there_are_more(api, staff, handle, monkeypatch):
    api.survey()
    for _ in range(4):
        api.respond(score=1, account={"external_id": uuid4().hex})
    handle()
    monkeypatch.setattr(queries, "most_counted", lambda _: 3)
    assert '<span class="count">3+</span>' in staff("success").get("/follow-ups").text
    monkeypatch.setattr(queries, "most_counted", lambda _: 4)
    assert '<span class="count">4</span>' in staff("success").get("/follow-ups").text


@pytest.mark.parametrize("search", [None, "A"])
@pytest.mark.parametrize("owner", [None, "unassigned"])
@pytest.mark.parametrize("sort", ["-priority", "due_at"])
def test_who_has_many_accounts_is_told_the_same(any_api, cases, monkeypatch, sort, owner, search):
    reach = OwnAccounts(cases)
    filters = Filters(states=(), snoozed=None, owner=owner, search=search)

    def told():
        counts = queries.counts_by_state(any_api.workspace_id, filters, reach=reach, now=NOW)
        return counts, [row.id for row in walked(any_api.workspace_id, filters, reach, sort)]

    with_few = told()
    monkeypatch.setattr(choosing, "_MANY_ACCOUNTS", 0)
    monkeypatch.setattr(choosing, "_MANY_NAMES", 0)
    assert len(with_few[1]) > (1 if owner else 3)
    assert told() == with_few


@pytest.mark.parametrize("many", [0, 5_000], ids=["looked for case by case", "asked by its index"])
@pytest.mark.parametrize("is_limited", [False, True])
def test_a_theme_is_found_either_way(any_api, cases, monkeypatch, is_limited, many):
    monkeypatch.setattr(choosing, "_MANY", many)
    monkeypatch.setattr(choosing, "_MANY_ACCOUNTS", many)
    workspace_id, reach = (
        any_api.workspace_id,
        OwnAccounts(cases) if is_limited else WHOLE_WORKSPACE,
    )
    with transaction() as session:
        ensure_themes(session, workspace_id, now=NOW)
        theme = session.scalars(scoped(Theme, workspace_id).order_by(Theme.key)).first()
        for case in session.scalars(scoped(FollowUp, workspace_id).order_by(FollowUp.id)).all()[
            ::2
        ]:
            session.add(
                Assignment(
                    workspace_id=workspace_id, response_id=case.response_id, theme_id=theme.id,
                    confidence=0.9, sentiment="negative", source="model", evidence_start=0,
                    evidence_end=3, assigned_at=NOW, answered_at=NOW,
                )
            )  # fmt: skip
        key = theme.key
    seen = walked(workspace_id, Filters(states=(), snoozed=None), reach, "-priority")
    about = {case.id for case in stored(workspace_id)[::2]}
    filters = Filters(states=(), snoozed=None, theme=key)
    found = [row.id for row in walked(workspace_id, filters, reach, "-priority")]
    assert found == [row.id for row in seen if row.id in about] != []
    counts = queries.counts_by_state(workspace_id, filters, reach=reach, now=NOW)
    assert sum(counts.values()) == len(found)


def test_sqlite_counts_what_is_put_off_in_the_index_of_it(api):
    """By itself it reads all that has the same states."""
    ran = []
    with queried(ran):
        queries.counts_by_state(api.workspace_id, Filters(), reach=WHOLE_WORKSPACE, now=NOW)
    statement, values = ran[-1]
    with db.engine.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any("ix_follow_up_snoozed" in step.detail for step in steps)


@contextmanager
def queried(ran):
    """What is asked of the database meanwhile, with its values."""

    def note(_connection, _cursor, statement, values, _context, _many):
        ran.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
