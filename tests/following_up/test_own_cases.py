"""Cases of somebody who sees only own accounts: theirs, those given to them, and giving away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up import service, undoing
from vocapp.following_up.models import FollowUp
from vocapp.people.models import Account
from vocapp.problems import Conflict
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.reach import OwnAccounts

EMAIL = "csm@example.com"


@dataclass
class Desk:
    """What the reader has before them."""

    reader: Any
    reader_id: UUID
    colleague_id: UUID
    mine: UUID
    theirs: UUID

    def page(self, case: UUID) -> str:
        return f"/follow-ups/{case}"


@pytest.fixture
def desk(api, staff, handle, colleague) -> Desk:
    """A case at an account of the reader, and one at an account of a colleague."""
    api.survey()
    reader = staff("success", email=EMAIL)
    with transaction() as session:
        member = session.scalars(
            scoped(Membership, api.workspace_id)
            .join(User, User.id == Membership.user_id)
            .where(User.email == EMAIL)
        ).one()
        member.only_own_accounts = True
        reader_id = member.user_id
    colleague_id = colleague(api.workspace_id, name="Aiko")
    cases = {}
    for key, owner, comment in (
        ("mine", reader_id, "The bill is wrong"), ("theirs", colleague_id, "Exports take hours"),
    ):  # fmt: skip
        api.post("/api/v1/accounts", {"external_id": key, "name": key.title()})
        with transaction() as session:
            session.execute(
                update(Account)
                .where(Account.workspace_id == api.workspace_id, Account.external_id == key)
                .values(owner_user_id=owner)
            )
        answer = api.respond(score=2, comment=comment, account={"external_id": key})
        handle()
        with transaction() as session:
            case = session.scalars(
                scoped(FollowUp, api.workspace_id).where(
                    FollowUp.response_id == UUID(answer.json["id"])
                )
            ).one()
            case.owner_user_id = owner
            cases[key] = case.id
    return Desk(reader, reader_id, colleague_id, cases["mine"], cases["theirs"])


def case_of(api, case_id) -> FollowUp:
    with snapshot() as session:
        return session.get_one(FollowUp, (api.workspace_id, case_id))


def set_owner(api, case_id, owner):
    with transaction() as session:
        session.get_one(FollowUp, (api.workspace_id, case_id)).owner_user_id = owner


def give_account(api, owner):
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == api.workspace_id, Account.external_id == "mine")
            .values(owner_user_id=owner)
        )


def test_a_case_of_an_own_account_is_worked_on_whoever_has_it(api, desk):
    set_owner(api, desk.mine, desk.colleague_id)
    page = desk.page(desk.mine)
    assert desk.reader.get(page).status_code == 200
    assert desk.reader.post(page, {"state": "contacted", "version": "1"}).status_code == 303
    assert case_of(api, desk.mine).state == "contacted"


def test_a_case_that_was_given_is_worked_on_but_its_account_stays_closed(api, desk):
    page = desk.page(desk.theirs)
    assert desk.reader.get(page).status_code == 404
    set_owner(api, desk.theirs, desk.reader_id)
    html = desk.reader.get(page).text
    assert "Exports take hours" in html
    assert desk.reader.post(page, {"note": "Called them", "version": "1"}).status_code == 303
    assert desk.reader.get("/accounts/theirs").status_code == 404


def test_a_given_case_shows_no_other_answers_of_its_account(api, desk):
    for key in ("mine", "theirs"):
        api.respond(score=7, account={"external_id": key})
    set_owner(api, desk.theirs, desk.reader_id)
    assert "Earlier answers of this account" in desk.reader.get(desk.page(desk.mine)).text
    assert "Earlier answers of this account" not in desk.reader.get(desk.page(desk.theirs)).text


def test_a_case_of_others_is_not_changed_taken_or_undone(api, desk):
    page, version = desk.page(desk.theirs), case_of(api, desk.theirs).version
    assert desk.reader.post(page, {"owner": "mine", "version": "1"}).status_code == 404
    assert desk.reader.post(f"{page}/suggestion", {"verdict": "accept"}).status_code == 404
    both = {"id": [str(desk.mine), str(desk.theirs)], "owner": "mine"}
    desk.reader.post("/follow-ups/bulk", both | {"state": "waiting"})
    assert case_of(api, desk.theirs).version == version
    assert case_of(api, desk.mine).state == "waiting"


def test_a_case_that_was_given_away_by_mistake_comes_back(api, desk):
    set_owner(api, desk.theirs, desk.reader_id)
    page = desk.page(desk.theirs)
    answer = desk.reader.post(page, {"owner": str(desk.colleague_id), "version": "1", "next": page})
    assert answer.location == "/follow-ups"  # its own page is closed from now on
    html = desk.reader.get("/follow-ups").text
    assert desk.reader.get(page).status_code == 404
    undo = re.search(r'action="(/follow-ups/undo/[^"]+)"', html).group(1)
    desk.reader.post(undo.replace("&amp;", "&"))
    assert case_of(api, desk.theirs).owner_user_id == desk.reader_id
    assert desk.reader.get(page).status_code == 200


def test_what_went_out_of_reach_since_is_not_undone(api, desk):
    done = service.change_follow_up(
        api.workspace_id, desk.mine, service.Change(state="contacted"),
        reach=OwnAccounts(desk.reader_id), actor_user_id=desk.reader_id, now=utcnow(),
    )  # fmt: skip
    set_owner(api, desk.mine, desk.colleague_id)
    give_account(api, desk.colleague_id)
    with pytest.raises(Conflict):
        undoing.undo(
            api.workspace_id, done.undo, reach=OwnAccounts(desk.reader_id),
            actor_user_id=desk.reader_id, now=utcnow(),
        )  # fmt: skip
    assert case_of(api, desk.mine).state == "contacted"


def test_home_shows_cases_of_own_accounts_while_none_is_given(api, desk):
    set_owner(api, desk.mine, desk.colleague_id)
    html = desk.reader.get("/").text
    assert "Follow-ups of your accounts" in html
    assert "Mine" in html
    assert "Theirs" not in html
