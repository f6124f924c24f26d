"""Whatever events come, in whatever order: the sums of activity are those of a naive count.

A machine sends uses and log-ins late, again and corrected, merges accounts and people and forgets
some, and counts the ledger again after each step. `make prove` does more and longer histories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_migrate import downgrade, upgrade
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import inspect, select

from tests.measuring.test_histories import HISTORIES
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.people.account_merging.service import merge_accounts
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
    FeatureDay,
    ProductDay,
)
from vocapp.people.events.queries import used_of_late
from vocapp.people.merging.service import merge_contacts
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact

ACCOUNTS, PEOPLE = ("a0", "a1", "a2"), ("u0", "u1", None)
# Few instants, so that many meet on one day and in one hour; the first and last of a UTC day.
INSTANTS = [
    datetime(2026, 5, day, *clock, tzinfo=UTC)
    for day in (1, 2, 31)
    for clock in ((0, 0, 0), (9, 30, 0), (9, 45, 0), (23, 59, 59, 999_000))
]
# The migration before the one that sums features.
BEFORE = "touchsend1"
SUMS = (ActivityHour, ActiveDay, ProductDay, FeatureDay)
events = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "at": st.sampled_from(INSTANTS).map(datetime.isoformat),
    },
    optional={"product": st.sampled_from(["core", "mail"])},
).flatmap(
    lambda common: st.one_of(
        st.just(common | {"type": "login"}),
        st.builds(
            lambda name, count: common | {"type": "usage", "name": name, "count": count},
            st.sampled_from(["export", "search"]), st.integers(1, 3),
        ),
    )
)  # fmt: skip


def recounted(workspace_id: Any) -> dict[type, set[tuple[Any, ...]]]:
    """Table of sums → its rows as (key…, sums…), from every event of the ledger that counts."""
    sums: dict[type, dict[tuple[Any, ...], list[Any]]] = {
        model: defaultdict(lambda: [0, 0]) for model in SUMS
    }
    firsts: dict[tuple[Any, ...], datetime] = {}
    with snapshot() as session:
        rows = session.scalars(
            select(AccountEvent).where(AccountEvent.workspace_id == workspace_id)
        )
        for row in rows:
            if row.is_superseded or row.type not in {"login", "usage"}:
                continue
            day, place = row.at.date(), int(row.type == "usage")
            hour = row.at.replace(minute=0, second=0, microsecond=0)
            sums[ActivityHour][row.account_id, hour][place] += row.count
            if row.contact_id is not None:
                sums[ActiveDay][day, row.account_id, row.contact_id][0] += 1
            if row.product is not None:
                sums[ProductDay][row.account_id, row.product, day][place] += row.count
            if row.type == "usage":
                key = (row.account_id, day, row.name)
                sums[FeatureDay][key][0] += row.count
                firsts[key] = min(firsts.get(key, row.at), row.at)
    found = {model: {(*key, *both) for key, both in own.items()} for model, own in sums.items()}
    found[ActiveDay] = {row[:-1] for row in found[ActiveDay]}
    found[FeatureDay] = {(*row[:-1], firsts[row[:3]]) for row in found[FeatureDay]}
    return found


def kept(workspace_id: Any) -> dict[type, set[tuple[Any, ...]]]:
    columns = {
        ActivityHour: ("account_id", "hour", "logins", "uses"),
        ActiveDay: ("day", "account_id", "contact_id", "events"),
        ProductDay: ("account_id", "product", "day", "logins", "uses"),
        FeatureDay: ("account_id", "day", "name", "uses", "first_at"),
    }
    with snapshot() as session:
        return {
            model: {
                tuple(row)
                for row in session.execute(
                    select(*(getattr(model, name) for name in names)).where(
                        model.workspace_id == workspace_id
                    )
                )
            }
            for model, names in columns.items()
        }


class Activity(RuleBasedStateMachine):
    """A workspace whose customers use things."""

    make_api: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self.api = type(self).make_api()
        self.workspace_id = self.api.workspace_id
        self.sent: list[dict[str, Any]] = []

    @rule(
        several=st.lists(st.tuples(events, st.sampled_from(PEOPLE)), min_size=1, max_size=6),
        again=st.lists(st.integers(0, 99), max_size=2),
        corrected=st.lists(st.integers(0, 99), max_size=3),
    )
    def send(self, several, again, corrected) -> None:
        """New ones of which some correct what was sent, what comes with them or what never does;
        and some once more."""
        begin = len(self.sent)
        new = []
        for number, (event, person) in enumerate(several):
            event = event | {"id": f"e{begin + number}"} | ({"contact": person} if person else {})
            target = f"e{corrected[number] % (begin + 8)}" if number < len(corrected) else None
            if target and target != event["id"]:
                event["supersedes"] = target
            new.append(event)
        repeated = [self.sent[place % begin] for place in again if begin]
        answer = self.api.post("/api/v1/events", {"events": [*new, *repeated]})
        assert (answer.status_code, answer.json["rejected"]) == (202, []), answer.text
        self.sent += new

    @rule(pair=st.permutations(ACCOUNTS))
    def merge_two_accounts(self, pair) -> None:
        keep, merge = (self._found(Account, each) for each in pair[:2])
        if keep and merge:
            merge_accounts(self.workspace_id, keep=keep, merge=merge, now=utcnow())

    @rule(pair=st.permutations(["u0", "u1"]))
    def merge_two_people(self, pair) -> None:
        keep, merge = (self._found(Contact, each) for each in pair)
        if keep and merge:
            merge_contacts(self.workspace_id, keep=keep, merge=merge, now=utcnow())

    @rule(person=st.sampled_from(["u0", "u1"]))
    def forget(self, person) -> None:
        found = self._found(Contact, person)
        if found:
            erase_contact(self.workspace_id, found, now=utcnow())

    @invariant()
    def sums_are_those_of_the_ledger(self) -> None:
        assert kept(self.workspace_id) == recounted(self.workspace_id)

    def _found(self, model, external_id) -> Any:
        with snapshot() as session:
            return session.scalar(
                select(model.id).where(
                    model.workspace_id == self.workspace_id, model.external_id == external_id
                )
            )


def test_sums_of_activity_are_those_of_a_naive_count_whatever_happens(
    any_database, api_of, new_workspace, monkeypatch
):
    client = any_database.test_client()
    monkeypatch.setattr(
        Activity, "make_api", lambda: api_of(client, new_workspace()), raising=False
    )
    run_state_machine_as_test(Activity, settings=HISTORIES)


def usage(id: str, at: datetime, name: str = "export", **more: Any) -> dict[str, Any]:
    return {"id": id, "type": "usage", "account": "acme", "name": name, "at": at.isoformat()} | more


def test_what_is_used_of_late_is_told_by_whole_days(any_api):
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    ago = {days: now - timedelta(days=days) for days in (-1, 0, 27, 28, 55, 56, 181, 182)}
    sent = [usage(f"e{days}", at, count=10 + days) for days, at in ago.items()]
    sent += [usage("old", ago[182], "search"), usage("half", ago[56], "print", count=2)]
    assert any_api.post("/api/v1/events", {"events": sent}).json["rejected"] == []
    with snapshot() as session:
        account = session.scalars(
            select(Account.id).where(Account.workspace_id == any_api.workspace_id)
        ).one()
    told = used_of_late(any_api.workspace_id, account, now=now)
    assert [(each.name, each.recent, each.before, each.last_on) for each in told] == [
        ("export", 10 + 37, 38 + 65, now.date()), ("print", 0, 0, ago[56].date()),
    ]  # fmt: skip


def test_what_was_sent_before_sums_of_features_were_kept_is_in_them(any_api):
    sent = [
        usage("e1", INSTANTS[2]), usage("e2", INSTANTS[1], count=2), usage("e3", INSTANTS[3]),
        usage("e4", INSTANTS[4]), usage("e5", INSTANTS[0], "search", account="other"),
        usage("e6", INSTANTS[4], count=4, supersedes="e4"),
        {"id": "e7", "type": "login", "account": "acme", "at": INSTANTS[0].isoformat()},
    ]  # fmt: skip
    assert any_api.post("/api/v1/events", {"events": sent}).json["rejected"] == []
    before = kept(any_api.workspace_id)
    assert before[FeatureDay]
    assert before == recounted(any_api.workspace_id)
    db.session.remove()
    downgrade(revision=BEFORE)
    assert "feature_day" not in inspect(db.engine).get_table_names()
    upgrade()
    assert kept(any_api.workspace_id) == before
