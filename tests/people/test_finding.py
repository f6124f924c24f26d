"""Accounts and people are found by what is typed, exactly those whose names have it."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from surveys.name_starts import LENGTH, folded
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.finding import found_accounts, found_people
from vocapp.people.identifying import Said, identify
from vocapp.people.models import Account, AccountName, Contact, ContactName
from vocapp.people.service import erase_contact

NAMES = (
    "", "Acme", "ACME Tools", "GlobalTech Inc.", "東京ガス", "東京 海上", "大東京信用",
    "Müller & Söhne", "O'Brien", "ＡＢＣ商事", "ﾄﾖﾀ自動車",
    "50% Off_Ltd", "straße", "x" * 80, "Ünï-Çødé 9",
)  # fmt: skip
TYPED = (
    "a", "acme", "tools", "TECH", "東京", "京", "ガス", "ｶﾞｽ", "トヨタ", "自動車", "muller", "Söhne",
    "brien", "abc", "off ltd", "50%", "strasse", "STRASSE", "%", "", "x" * 90, "c-0", "jane.doe@",
    "nowhere", "\U0010ffff",
)  # fmt: skip


def is_found(text, typed, *, capitals):
    """Word by word and letter by letter, without anything that was kept."""
    wanted = folded(typed)[:LENGTH]
    if not wanted:
        return False
    if any(at.startswith(wanted) for at in _tails(folded(text))):
        return True
    # A capital within a word, which folding hides: the word is read as two.
    spaced = "".join(
        f" {each}" if each.isupper() and before.islower() else each
        for before, each in zip(f" {text}", text, strict=False)
    )
    return capitals and any(at.startswith(wanted) for at in _tails(folded(spaced)))


def _tails(text):
    """What is read from each word on, and from each character that is not of an alphabet."""
    return [
        text[at:] for at in range(len(text))
        if text[at] != " " and (not at or text[at - 1] == " " or text[at] >= "\u3000")
    ]  # fmt: skip


def ids(query):
    with snapshot() as session:
        return set(session.scalars(query))


def test_it_is_what_looking_at_every_name_finds_also_after_names_changed(any_api):
    dice, workspace_id = random.Random(4), any_api.workspace_id

    def said(number):
        return Said(
            as_of=utcnow(),
            account=AccountFacts(external_id=f"c-{number}", name=dice.choice(NAMES)),
            contact=ContactFacts(
                external_id=f"p-{number}", name=dice.choice(NAMES),
                email=f"jane.doe@{number}.example",
            ),
        )  # fmt: skip

    for _ in range(2):
        with transaction() as session:
            list(identify(session, workspace_id, [said(n) for n in range(40)], now=utcnow()))
    with snapshot() as session:
        accounts = session.scalars(scoped(Account, workspace_id)).all()
        people = session.scalars(scoped(Contact, workspace_id)).all()
    assert len(accounts) == len(people) == 40
    for typed in TYPED:
        assert ids(found_accounts(workspace_id, typed)) == {
            each.id for each in accounts
            if is_found(each.name, typed, capitals=True)
            or is_found(each.external_id, typed, capitals=False)
        }, typed  # fmt: skip
        assert ids(found_people(workspace_id, typed)) == {
            each.id for each in people
            if is_found(each.name, typed, capitals=True)
            or any(is_found(text, typed, capitals=False) for text in (each.email, each.external_id))
        }, typed  # fmt: skip


@pytest.mark.parametrize(("typed", "is_there"), [("old", False), ("new", True), ("acme", True)])
def test_a_new_name_takes_the_place_of_the_old_one(any_api, typed, is_there):
    for name in ("Old name", "New name"):
        any_api.post("/api/v1/accounts", {"external_id": "acme", "name": name})
    assert bool(ids(found_accounts(any_api.workspace_id, typed))) is is_there


def test_nobody_is_found_who_was_forgotten_and_nothing_is_kept_of_them(any_api):
    any_api.survey()
    any_api.respond(score=3, contact={"external_id": "p1", "name": "Jane"})
    (person,) = ids(found_people(any_api.workspace_id, "jane"))
    erase_contact(any_api.workspace_id, person, now=utcnow())
    assert not ids(
        select(ContactName.start).where(ContactName.workspace_id == any_api.workspace_id)
    )


def test_names_of_another_workspace_are_not_found(any_api, new_workspace):
    any_api.post("/api/v1/accounts", {"external_id": "acme", "name": "Acme"})
    other = new_workspace("other@example.com").workspace_id
    assert not ids(found_accounts(other, "acme"))
    assert ids(select(AccountName.start).where(AccountName.workspace_id == any_api.workspace_id))
