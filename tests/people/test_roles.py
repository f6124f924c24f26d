"""What people are at their accounts, and what follows when they no longer are it."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from surveys.contact_roles import MAX_ROLES, OFFERED, read_roles
from vocapp.connecting.importing.service import Options, open_import
from vocapp.database import scoped, snapshot, utcnow
from vocapp.people.models import Account, Contact, ContactDeparture
from vocapp.people.roles import change_standing
from vocapp.people.service import erase_contact
from vocapp.succeeding.health.models import AccountHealth
from vocapp.workspaces.reach import WHOLE_WORKSPACE


def person(api, key="ann", account="acme", **facts):
    body = {"external_id": key, "name": key.title(), "account": {"external_id": account}, **facts}
    if account is None:
        del body["account"]
    answer = api.post("/api/v1/contacts", body)
    assert answer.status_code == 201, answer.text
    return answer.json


def departures(api):
    with snapshot() as session:
        rows = session.execute(
            select(
                Account.external_id, ContactDeparture.role, ContactDeparture.ending,
                ContactDeparture.contact_id.is_not(None),
            )
            .join(Account, Account.id == ContactDeparture.account_id)
            .where(ContactDeparture.workspace_id == api.workspace_id)
            .order_by(ContactDeparture.at, ContactDeparture.role)
        )  # fmt: skip
        return [tuple(row) for row in rows]


def say(api, contact_id, **what):
    return change_standing(
        api.workspace_id, contact_id, reach=WHOLE_WORKSPACE,
        actor_user_id=api.workspace.user_id, now=utcnow(), **what,
    )  # fmt: skip


def contact_of(api, key="ann"):
    with snapshot() as session:
        return session.scalars(
            scoped(Contact, api.workspace_id).where(Contact.external_id == key)
        ).one()


@given(st.lists(st.sampled_from([*OFFERED, "Champion", "決裁者", "Head  of IT", "ＩＴ"])))
def test_roles_are_read_once_each_and_reading_them_again_changes_nothing(words):
    found = read_roles(words[:MAX_ROLES])
    assert read_roles(found) == found
    assert len({each.casefold() for each in found}) == len(found)


def test_roles_come_by_api_and_are_all_that_is_said(any_api):
    told = person(any_api, roles=["Champion", "works council"])
    assert told["roles"] == ["champion", "works council"]
    assert told["left_at"] is None
    assert person(any_api)["roles"] == ["champion", "works council"]  # nothing said of them
    assert person(any_api, roles=["user"])["roles"] == ["user"]
    assert departures(any_api) == [
        ("acme", "champion", "ended", True), ("acme", "works council", "ended", True),
    ]  # fmt: skip
    assert person(any_api, roles=["champion"])["roles"] == ["champion"]
    assert ("acme", "champion", "ended", True) not in departures(any_api)


def test_too_many_roles_are_refused_by_name(any_api):
    answer = any_api.post(
        "/api/v1/contacts",
        {"external_id": "ann", "roles": [f"role {number}" for number in range(11)]},
    )
    assert answer.status_code == 422
    assert "roles" in json.dumps(answer.json)


def test_who_leaves_moves_or_is_forgotten_is_kept_of_the_account(any_api):
    for key in ("ann", "bob", "cat"):
        person(any_api, key, roles=["champion"])
    assert person(any_api, "ann", has_left=True)["left_at"]
    person(any_api, "bob", account="other")
    erase_contact(any_api.workspace_id, contact_of(any_api, "cat").id, now=utcnow())
    assert departures(any_api) == [
        ("acme", "champion", "left", True), ("acme", "champion", "moved", True),
        ("acme", "champion", "erased", False),
    ]  # fmt: skip
    assert contact_of(any_api, "bob").roles == []  # what they were there is not what they are here
    assert person(any_api, "ann", has_left=False)["left_at"] is None
    assert ("acme", "champion", "left", True) not in departures(any_api)


def test_own_words_of_a_forgotten_person_are_forgotten_too(any_api):
    person(any_api, roles=["champion", "boss of Bob"])
    person(any_api, has_left=True)
    erase_contact(any_api.workspace_id, contact_of(any_api).id, now=utcnow())
    assert departures(any_api) == [("acme", "champion", "left", False)]


def test_a_mark_and_its_undo_leave_nothing_behind(any_api):
    person(any_api, roles=["champion"])
    before = say(any_api, contact_of(any_api).id, has_left=True)
    assert (before.roles, before.has_left) == (("champion",), False)
    assert say(any_api, contact_of(any_api).id, has_left=True) is None
    say(any_api, contact_of(any_api).id, has_left=False)
    assert departures(any_api) == []
    assert contact_of(any_api).roles == ["champion"]


def test_an_import_names_roles_and_who_left(any_api, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "ユーザーID,会社,役割,退職,氏名\n"
        "a1,acme,推進役、Head of IT,いいえ,安藤\n"
        "a2,acme,,はい,馬場\n"
        "a3,acme,,perhaps,千葉\n",
        encoding="utf-8",
    )
    opened = open_import(
        any_api.workspace_id, "contacts", path, Options(time_zone="UTC"), now=utcnow()
    )
    for _ in opened.run():
        pass
    assert "perhaps" in (tmp_path / "people.rejected.csv").read_text(encoding="utf-8-sig")
    assert contact_of(any_api, "a1").roles == ["champion", "Head of IT"]
    assert contact_of(any_api, "a2").left_at is not None


@pytest.mark.parametrize("happens", ["left", "ended", "erased"])
def test_a_champion_who_is_gone_is_known_to_the_health_of_the_account(
    any_api, drain_outbox, happens
):
    person(any_api, roles=["champion"])
    any_api.post("/api/v1/accounts", {"external_id": "acme", "started_on": "2020-01-01"})
    drain_outbox()
    assert "champion_stays" in _reasons(any_api)
    ann = contact_of(any_api).id
    if happens == "erased":
        erase_contact(any_api.workspace_id, ann, now=utcnow())
    else:
        say(any_api, ann, **({"has_left": True} if happens == "left" else {"roles": ()}))
    drain_outbox()
    assert "champion_left" in _reasons(any_api)


def _reasons(api):
    with snapshot() as session:
        health = session.scalars(scoped(AccountHealth, api.workspace_id)).one()
    found = next(each for each in health.components if each["key"] == "relationship")
    return found["reasons"]


# --- pages ------------------------------------------------------------------------------------


def test_the_account_says_who_is_what_and_what_is_missing(api, staff):
    person(api, "ann")
    page = staff("success").get("/accounts/acme").text
    assert "Only one contact" in page
    person(api, "bob", roles=["decision_maker"])
    page = staff("success").get("/accounts/acme").text
    assert "No champion" in page
    assert page.index(">Bob<") < page.index(">Ann<")  # who has a role is named first
    person(api, "bob", roles=["champion"])
    assert "No champion" not in staff("success").get("/accounts/acme").text


def test_roles_and_leaving_are_set_on_the_persons_page_with_undo(app, api, staff):
    person(api)
    browser, ann = staff("success"), contact_of(api).id
    page = browser.get(f"/contacts/{ann}")
    assert page.status_code == 200
    browser.post(f"/contacts/{ann}/roles", {"role": ["champion"], "own": "works council、IT"})
    assert contact_of(api).roles == ["champion", "works council", "technical"]
    browser.post(f"/contacts/{ann}/left", {})
    assert contact_of(api).left_at is not None
    page = browser.get("/accounts/acme").text
    assert "Ann (Champion) has left the company" in page
    browser.post(_undo_in(page), {})
    assert contact_of(api).left_at is None
    assert departures(api) == []


def test_what_was_typed_stays_where_a_role_is_too_long(api, staff):
    person(api)
    browser, ann = staff("success"), contact_of(api).id
    page = browser.post(f"/contacts/{ann}/roles", {"role": ["champion"], "own": "x" * 61})
    assert page.status_code == 422
    assert "x" * 61 in page.text
    assert contact_of(api).roles == []


def test_who_left_is_not_asked(api, staff):
    person(api, email="ann@example.com")
    say(api, contact_of(api).id, has_left=True)
    page = staff("success").get(f"/contacts/{contact_of(api).id}/asking").text
    assert "The person has left the company." in page


def _undo_in(text):
    return html.unescape(re.findall(r'action="(/contacts/standing/undo[^"]*)"', text)[-1])
