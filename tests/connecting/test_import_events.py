"""Events come in from a file: those of the API, once, and with a reason for what does not."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.connecting.test_import import Importing
from vocapp.database import snapshot
from vocapp.people.events.models import AccountEvent
from vocapp.problems import BadInput

HEAD = "id,type,account,contact,at,name,count,product,action,mrr,currency,term_ends_on\n"
FILE = HEAD + (
    "e1,login,acme,u1,2026-10-02T01:00:00Z,,,,,,,\n"
    'e2,usage,acme,u1,2026/10/2 18:30,report_created,"1,200",,,,,\n'
    "e3,milestone,acme,,2026-10-03,setup_done,,,,,,\n"
    "e4,subscription,acme,,2026-10-01T00:00:00+09:00,,,core,started,120000,JPY,2027/3/31\n"
)


@pytest.fixture
def importing(any_api, tmp_path) -> Importing:
    return Importing(any_api.workspace_id, tmp_path)


def stored(api):
    with snapshot() as session:
        rows = session.scalars(
            select(AccountEvent)
            .where(AccountEvent.workspace_id == api.workspace_id)
            .order_by(AccountEvent.id)
        )
        return [(row.id, row.type, row.count, row.at.isoformat()) for row in rows]


def test_every_type_comes_in_and_a_second_run_changes_nothing(importing, any_api):
    first, again = importing("events", FILE), importing("events", FILE)
    assert dict(first.tally.counts) == {"stored": 4}
    assert dict(again.tally.counts) == {"unchanged": 4}
    assert importing.rejected() == []
    assert stored(any_api) == [
        ("e1", "login", 1, "2026-10-02T01:00:00+00:00"),
        ("e2", "usage", 1200, "2026-10-02T09:30:00+00:00"),  # local time, in Tokyo
        ("e3", "milestone", 1, "2026-10-02T15:00:00+00:00"),  # the first moment of the day
        ("e4", "subscription", 1, "2026-09-30T15:00:00+00:00"),
    ]
    account = any_api.get("/api/v1/accounts/acme").json
    assert (account["mrr"], account["renewal_on"]) == (120000, "2027-03-31")


def test_rejected_rows_come_back_with_line_and_reason_and_stop_no_other(importing, any_api):
    opened = importing(
        "events",
        HEAD
        + ",login,acme,,2026-10-02T01:00:00Z,,,,,,,\n"
        + "e2,login,acme,,1/2/2026,,,,,,,\n"
        + "e3,login,acme,,2026-10-02T01:00:00Z,,5,,,,,\n"
        + "e4,dance,acme,,2026-10-02T01:00:00Z,,,,,,,\n"
        + "e5,login,acme,,2199-10-02T01:00:00Z,,,,,,,\n"
        + "e6,login,acme,,2026-10-02T01:00:00Z,,,,,,,\n"
        + "e6,login,other,,2026-10-02T01:00:00Z,,,,,,,\n"
        + "e6,login,acme,,2026-10-02T01:00:00Z,,,,,,,\n",
    )
    assert dict(opened.tally.counts) == {"rejected": 6, "stored": 1, "unchanged": 1}
    told = [(row["rejected_line"], row["rejected_reason"]) for row in importing.rejected()]
    fields = ["id", "at", "count", "type", "at", "id"]
    assert [(line, reason.split(":")[0]) for line, reason in told] == list(
        zip("234568", fields, strict=True)
    )
    assert [each[0] for each in stored(any_api)] == ["e6"]


def test_what_cannot_be_comes_back_by_line_and_field_and_the_rest_goes_in(importing, any_api):
    start = ",subscription,acme,,2026-10-01,,,"
    file = (
        HEAD
        + f"s1{start}core,started,120000,JPY,2027-10-01\n"
        + f"s2{start}core,started,120000,JPY,2027-10-01\n"
        + f"s3{start}mail,started,-1,JPY,\n"
        + f"s4{start}mail,started,10,XXX,\n"
        + f"s5{start}mail,started,10,JPY,2026-09-30\n"
        + "s6,login,acme,,2199-10-01,,,,,,,\n"
        + f"s7{start}mail,started,10,JPY,\n"
    )
    looked = importing("events", file, "dry.csv", dry_run=True)
    told = [(row["rejected_line"], row["rejected_reason"]) for row in importing.rejected("dry")]
    assert [(line, reason.split(":")[0]) for line, reason in told] == [
        ("3", "product"), ("4", "mrr"), ("5", "currency"), ("6", "term_ends_on"), ("7", "at"),
    ]  # fmt: skip
    stored_now = importing("events", file)
    assert stored_now.tally.counts == looked.tally.counts == {"stored": 2, "rejected": 5}
    assert importing.rejected() == importing.rejected("dry")
    again = importing("events", file)
    assert again.tally.counts == {"unchanged": 2, "rejected": 5}
    assert any_api.get("/api/v1/accounts/acme").json["mrr"] == 120_010


def test_an_event_that_the_api_has_received_is_the_same_in_a_file(importing, any_api):
    event = {"id": "e1", "type": "login", "account": "acme", "contact": "u1",
             "at": "2026-10-02T01:00:00Z"}  # fmt: skip
    assert any_api.post("/api/v1/events", {"events": [event]}).json["accepted"] == 1
    assert dict(importing("events", FILE).tally.counts) == {"unchanged": 1, "stored": 3}


def test_a_dry_run_says_the_same_and_writes_nothing(importing, any_api):
    importing("events", HEAD + "e1,login,other,,2026-10-02T01:00:00Z,,,,,,,\n")
    looked = importing("events", FILE, "dry.csv", dry_run=True)
    assert len(stored(any_api)) == 1
    assert importing("events", FILE, "dry.csv").tally.counts == looked.tally.counts
    assert looked.tally.counts == {"stored": 3, "rejected": 1}


def test_a_column_that_no_event_has_is_refused_before_anything_is_written(importing, any_api):
    with pytest.raises(BadInput, match="column 5: is no field of an event"):
        importing("events", "id,type,account,at,colour\ne1,login,acme,2026-10-02,red\n")
    assert stored(any_api) == []
