"""Two accounts become one, and everything is as if there had been one from the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from surveys.periods import local_day
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.extensions import db
from vocapp.people.account_merging.service import merge_accounts
from vocapp.people.account_stores import account_stores
from vocapp.people.events.models import ActiveDay, ActivityHour
from vocapp.people.models import Account, Contact
from vocapp.problems import BadInput, NotFound
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.renewals.models import RenewalSnapshot, RenewalWord
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import AuditEntry

# Tables of the accounts themselves: `merge_accounts` looks after them.
OWN = {"account", "account_alias"}


def account_columns() -> list[tuple[Any, Any]]:
    """(table, column) of everything that names an account by its id, by key or by name."""
    found = []
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            refers = any(key.column.table.name == "account" and key.column.name == "id"
                         for key in column.foreign_keys)  # fmt: skip
            if column.name == "account_id" or refers:
                found.append((table, column))
    return found


def test_every_table_that_names_an_account_is_handed_over(app):
    named = {table.name for table, _ in account_columns()}
    handed = {name for store in account_stores() for name in store.tables}
    assert named - handed - OWN == set(), (
        "say in vocapp/registry.py (_register_account_stores) what becomes of the rows of this "
        "table when two accounts become one"
    )
    assert handed - named == set(), "names no account"


# --- as if there had been one ---------------------------------------------------------------

EVENTS: list[dict[str, Any]] = [
    {"type": "subscription", "product": "core", "action": "started", "mrr": 100_00,
     "currency": "EUR", "at": "2026-02-01T00:00:00Z", "term_ends_on": "2027-01-31"},
    {"type": "subscription", "product": "more", "action": "started", "mrr": 50_00,
     "currency": "EUR", "at": "2026-04-01T00:00:00Z"},
    {"type": "subscription", "product": "core", "action": "changed", "mrr": 150_00,
     "currency": "EUR", "at": "2026-05-01T00:00:00Z"},
    {"type": "milestone", "name": "setup_done", "at": "2026-02-10T00:00:00Z"},
    {"type": "login", "contact": "ann", "at": "2026-10-02T01:00:00Z"},
    {"type": "login", "contact": "ann", "at": "2026-10-02T01:30:00Z", "product": "core"},
    {"type": "usage", "contact": "bob", "name": "report", "count": 3, "at": "2026-10-02T01:10:00Z"},
    {"type": "usage", "contact": "ann", "name": "report", "count": 2, "at": "2026-10-03T01:10:00Z",
     "product": "core"},
    {"type": "usage", "name": "report", "at": "2026-10-03T09:00:00Z", "product": "core"},
]  # fmt: skip
FACTS: list[dict[str, Any]] = [
    {"name": "Acme", "plan": "pro", "attributes": {"industry": "retail", "seats": 5}},
    {"region": "EMEA", "attributes": {"seats": 9}},
    {"plan": "team"},
]


def fill(api: Any, keys: list[str]) -> None:
    """Facts, answers and events, each said of the next of the keys in turn."""
    api.survey()
    for number, facts in enumerate(FACTS):
        key = keys[number % len(keys)]
        assert api.post("/api/v1/accounts", {"external_id": key} | facts).status_code == 201
    for number, (score, who) in enumerate([(2, "ann"), (9, "bob"), (6, "cleo"), (10, "ann")]):
        answered = api.respond(
            score=score, comment=f"comment {number}", contact={"external_id": who},
            account={"external_id": keys[number % len(keys)]},
        )  # fmt: skip
        assert answered.status_code == 201, answered.text
    events = [
        {"id": f"e{number}", "account": keys[number % len(keys)]} | event
        for number, event in enumerate(EVENTS)
    ]
    assert api.post("/api/v1/events", {"events": events}).json["rejected"] == []
    work()


def work() -> None:
    for kind in ("measure", "follow_up", "figures", "health"):
        while outbox.work_off(kind, now=utcnow()):
            pass


def id_of(api: Any, key: str) -> UUID:
    with snapshot() as session:
        return session.scalars(
            select(Account.id).where(
                Account.workspace_id == api.workspace_id, Account.external_id == key
            )
        ).one()


def merged(api: Any, keep: str, merge: str) -> tuple[UUID, UUID]:
    ids = id_of(api, keep), id_of(api, merge)
    merge_accounts(api.workspace_id, keep=ids[0], merge=ids[1], now=utcnow())
    work()
    return ids


VARYING = {"id", "updated_at", "computed_at", "answered_at", "opened_at", "due_at", "created_at",
           "at", "public_id", "band_since", "received_at", "response_id"}  # fmt: skip


def steady(value: Any) -> Any:
    """Without ids and times that two workspaces cannot share."""
    if isinstance(value, dict):
        return {key: steady(each) for key, each in value.items() if key not in VARYING}
    return [steady(each) for each in value] if isinstance(value, list) else value


def told(api: Any) -> dict[str, Any]:
    """All that the API and the sums say of the account and its workspace."""
    account = api.get("/api/v1/accounts/acme").json
    month = "2026-09"
    with snapshot() as session:
        account_id = id_of(api, "acme")
        hours = session.execute(
            select(ActivityHour.hour, ActivityHour.logins, ActivityHour.uses)
            .where(ActivityHour.workspace_id == api.workspace_id,
                   ActivityHour.account_id == account_id)
            .order_by(ActivityHour.hour)
        ).all()  # fmt: skip
        days = session.execute(
            select(ActiveDay.day, Contact.external_id, ActiveDay.events)
            .join(Contact, (Contact.workspace_id == ActiveDay.workspace_id)
                  & (Contact.id == ActiveDay.contact_id))
            .where(ActiveDay.workspace_id == api.workspace_id, ActiveDay.account_id == account_id)
            .order_by(ActiveDay.day, Contact.external_id)
        ).all()  # fmt: skip
        people = session.scalars(
            select(Contact.external_id)
            .where(Contact.workspace_id == api.workspace_id, Contact.account_id == account_id)
            .order_by(Contact.external_id)
        ).all()
        facts = session.scalars(
            select(Account).where(Account.workspace_id == api.workspace_id)
        ).all()
    return {
        "account": steady(account),
        "metrics": steady(api.get("/api/v1/surveys/nps/metrics?min_n=1&basis=accounts").json),
        "kpis": steady(api.get(f"/api/v1/kpis?month={month}").json),
        "cases": sorted(
            (case["response"]["score"], case["account"]["external_id"], case["priority"])
            for case in api.get("/api/v1/follow-ups").json["items"]
        ),
        "hours": [tuple(row) for row in hours],
        "days": [tuple(row) for row in days],
        "people": list(people),
        "history": {
            name: [value for _, value in entries]
            for each in facts for name, entries in each.fact_history.items()
        },
    }  # fmt: skip


def test_what_was_of_two_is_as_if_it_had_been_of_one(any_database, api_of, new_workspace):
    whole, parted = (api_of(any_database.test_client(), new_workspace(n)) for n in ("A", "B"))
    fill(whole, ["acme"])
    fill(parted, ["acme", "acme-old"])
    assert told(parted) != told(whole)
    _, gone = merged(parted, "acme", "acme-old")
    assert told(parted) == told(whole)
    with snapshot() as session:
        for table, column in account_columns():
            query = select(table).where(column == gone)
            assert session.execute(query).all() == [], table.name


def test_it_is_the_same_whichever_of_the_two_is_kept(any_database, api_of, new_workspace):
    whole, parted = (api_of(any_database.test_client(), new_workspace(n)) for n in ("A", "B"))
    fill(whole, ["acme"])
    fill(parted, ["acme-old", "acme"])
    merged(parted, "acme", "acme-old")
    assert told(parted) == told(whole)


def test_the_former_key_leads_on_in_api_events_answers_and_chains_of_merges(any_api):
    api = any_api
    fill(api, ["acme", "acme-old"])
    keep, _ = merged(api, "acme", "acme-old")
    assert api.post("/api/v1/accounts", {"external_id": "third"}).status_code == 201
    assert (
        api.post("/api/v1/accounts", {"external_id": "acme-old", "plan": "gold"}).json["plan"]
        == "gold"
    )
    event = {"id": "late", "type": "login", "account": "acme-old", "at": "2026-10-05T00:00:00Z"}
    assert api.post("/api/v1/events", {"events": [event]}).json["accepted"] == 1
    assert api.respond(score=8, account={"external_id": "acme-old"}).status_code == 201
    assert api.get("/api/v1/accounts/acme-old").json["external_id"] == "acme"
    merged(api, "third", "acme")
    for key in ("third", "acme", "acme-old"):
        assert api.get(f"/api/v1/accounts/{key}").json["external_id"] == "third"
    with snapshot() as session:
        accounts = session.scalars(
            select(Account.external_id).where(Account.workspace_id == api.workspace_id)
        ).all()
    assert accounts == ["third"]
    assert keep


def test_the_newer_fact_holds_whichever_record_stays(any_api):
    api = any_api
    for key, plan in (("a", "pro"), ("b", "team")):
        api.post("/api/v1/accounts", {"external_id": key, "plan": plan})
    merged(api, "a", "b")
    assert api.get("/api/v1/accounts/a").json["plan"] == "team"


# --- what is planned and done ---------------------------------------------------------------


def plan(workspace_id: UUID, account_id: UUID, key: str, state: str) -> TouchpointPlan:
    now, day = utcnow(), datetime(2026, 10, 1, tzinfo=UTC).date()
    decided = {"decided_at": now, "way": "call"} if state == "done" else {}
    return TouchpointPlan(
        workspace_id=workspace_id, id=uuid7(), account_id=account_id, touch_key=key, anchor_on=day,
        due_on=day, kind="call", state=state, created_at=now, updated_at=now, **decided,
    )  # fmt: skip


def test_planned_contacts_stand_once_and_what_took_place_is_kept(any_api):
    api = any_api
    for key in ("a", "b"):
        api.post("/api/v1/accounts", {"external_id": key})
    a, b = id_of(api, "a"), id_of(api, "b")
    with transaction() as session:
        for account_id, key, state in (
            (a, "setup", "planned"), (b, "setup", "done"), (a, "results", "planned"),
            (b, "results", "planned"), (b, "value", "planned"),
        ):  # fmt: skip
            session.add(plan(api.workspace_id, account_id, key, state))
    merge_accounts(api.workspace_id, keep=a, merge=b, now=utcnow())
    with snapshot() as session:
        rows = session.scalars(
            select(TouchpointPlan).where(TouchpointPlan.workspace_id == api.workspace_id)
        ).all()
    assert sorted((row.touch_key, row.state) for row in rows) == [
        ("results", "planned"), ("setup", "done"), ("value", "planned"),
    ]  # fmt: skip
    assert {row.account_id for row in rows} == {a}


def test_goals_tasks_and_words_on_renewals_go_over(any_api, task_of_account):
    api = any_api
    for key in ("a", "b"):
        api.post("/api/v1/accounts", {"external_id": key})
    a, b = id_of(api, "a"), id_of(api, "b")
    now = utcnow()
    day = local_day(now, "UTC")
    with transaction() as session:
        for row in task_of_account(b, api.workspace_id):
            session.add(row)
            session.flush()
        session.add(
            SuccessGoal(
                workspace_id=api.workspace_id,
                id=uuid7(),
                account_id=b,
                words="w",
                measure="m",
                baseline=0,
                target=1,
                begins_on=day,
                due_on=day,
                created_at=now,
                updated_at=now,
            )
        )
        session.add(
            RenewalWord(
                workspace_id=api.workspace_id,
                account_id=b,
                due_on=day,
                category="commit",
                said_at=now,
                version=1,
            )
        )
        for account_id in (a, b):
            session.add(RenewalSnapshot(
                workspace_id=api.workspace_id, month=day.replace(day=1), account_id=account_id,
                due_on=day, chance=0.5 if account_id == a else 0.9, category="likely",
                is_word=False, taken_at=now,
            ))  # fmt: skip
    merge_accounts(api.workspace_id, keep=a, merge=b, now=now)
    with snapshot() as session:
        for model in (SuccessGoal, PlaybookTask, RenewalWord):
            owner = session.scalars(
                select(model.account_id).where(model.workspace_id == api.workspace_id)
            ).one()
            assert owner == a, model
        recorded = session.scalars(
            select(RenewalSnapshot).where(RenewalSnapshot.workspace_id == api.workspace_id)
        ).one()
    assert (recorded.account_id, recorded.chance) == (a, 0.5)


@pytest.fixture
def task_of_account() -> Any:
    from tests.test_tenancy import task_of

    return lambda account_id, workspace_id: task_of(account_id, workspace_id, "call them")


# --- parents --------------------------------------------------------------------------------


def set_parent(api: Any, key: str, parent: str | None) -> None:
    with transaction() as session:
        row = session.get_one(Account, (api.workspace_id, id_of(api, key)))
        row.parent_account_id = id_of(api, parent) if parent else None


def parent_of(api: Any, key: str) -> UUID | None:
    with snapshot() as session:
        return session.get_one(Account, (api.workspace_id, id_of(api, key))).parent_account_id


def test_children_go_over_and_nobody_becomes_their_own_parent(any_api):
    api = any_api
    for key in ("group", "a", "b", "child", "x"):
        api.post("/api/v1/accounts", {"external_id": key})
    set_parent(api, "child", "b")
    set_parent(api, "b", "group")
    merge_accounts(api.workspace_id, keep=id_of(api, "a"), merge=id_of(api, "b"), now=utcnow())
    assert parent_of(api, "child") == id_of(api, "a")
    assert parent_of(api, "a") == id_of(api, "group")
    # group ← a ← child: where the group becomes part of the child, that stands in its place.
    merge_accounts(
        api.workspace_id, keep=id_of(api, "child"), merge=id_of(api, "group"), now=utcnow()
    )
    assert parent_of(api, "a") == id_of(api, "child")
    assert parent_of(api, "child") is None


# --- refusals, API, page --------------------------------------------------------------------


def test_one_and_the_same_and_absent_ones_are_refused(any_api):
    any_api.post("/api/v1/accounts", {"external_id": "a"})
    a = id_of(any_api, "a")
    with pytest.raises(BadInput):
        merge_accounts(any_api.workspace_id, keep=a, merge=a, now=utcnow())
    with pytest.raises(NotFound):
        merge_accounts(any_api.workspace_id, keep=a, merge=uuid7(), now=utcnow())


def test_machines_merge_by_keys_and_asking_again_answers_the_same(api):
    for key in ("a", "b", "c"):
        api.post("/api/v1/accounts", {"external_id": key})
    body = {"keep": "a", "merge": "b"}
    first = api.post("/api/v1/accounts/merge", body)
    assert (first.status_code, first.json["external_id"]) == (200, "a")
    assert api.post("/api/v1/accounts/merge", body).json == first.json
    assert api.post("/api/v1/accounts/merge", {"keep": "c", "merge": "b"}).status_code == 409
    wrong = api.post("/api/v1/accounts/merge", {"keep": "a", "merge": "nobody"})
    assert wrong.json["errors"][0]["field"] == "merge"
    assert api.post("/api/v1/accounts/merge", {"keep": "a", "merge": "a"}).status_code == 422
    with snapshot() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "account.merged",
                                     AuditEntry.workspace_id == api.workspace_id)
        ).one()  # fmt: skip
    assert entry.detail["merged_key"] == "b"


def test_the_page_shows_what_comes_of_it_before_anything_is_merged(api, staff):
    success = staff("success")
    until = (utcnow() + timedelta(days=100)).date().isoformat()
    for key, name, mrr in (("a", "Acme", 100_00), ("b", "Acme KK", 50_00)):
        api.post("/api/v1/accounts", {"external_id": key, "name": name})
        event = {"id": f"of-{key}", "type": "subscription", "account": key, "product": f"p-{key}",
                 "action": "started", "mrr": mrr, "currency": "EUR",
                 "at": "2026-02-01T00:00:00Z", "term_ends_on": until}  # fmt: skip
        assert api.post("/api/v1/events", {"events": [event]}).json["accepted"] == 1
    found = success.get("/account-merge?keep=a&q=acme").text
    assert "Acme KK" in found
    assert "keep=a&amp;merge=b" in found
    page = success.get("/account-merge?keep=a&merge=b").text
    assert "€150" in page
    assert "cannot be undone" in page
    assert "Both have events of" not in page
    done = success.post("/account-merge", {"keep": "a", "merge": "b"})
    assert done.status_code == 303
    assert api.get("/api/v1/accounts/b").json["mrr"] == 150_00
    assert staff("viewer").get("/account-merge?keep=a").status_code == 403


def test_products_that_both_have_are_said_before(api, staff):
    for key in ("a", "b"):
        event = {"id": f"of-{key}", "type": "subscription", "account": key, "product": "core",
                 "action": "started", "mrr": 1, "currency": "EUR",
                 "at": "2026-02-01T00:00:00Z"}  # fmt: skip
        api.post("/api/v1/events", {"events": [event]})
    assert "Both have events of core" in staff("success").get("/account-merge?keep=a&merge=b").text
