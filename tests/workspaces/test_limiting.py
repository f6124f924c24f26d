"""An administrator limits a member of customer success to the accounts that they own."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from vocapp.database import scoped, snapshot, transaction
from vocapp.people.models import Account
from vocapp.workspaces import joining, queries
from vocapp.workspaces.grants import Grant
from vocapp.workspaces.models import AuditEntry, Membership, StaffInvitation, User

EMAIL = "csm@example.com"


@pytest.fixture
def app(any_database):
    """Booleans and checks differ between the databases, so this runs on both."""
    return any_database


@pytest.fixture
def csm(staff):
    """Somebody of customer success, signed in."""
    return staff("success", email=EMAIL)


def member_of(workspace) -> Membership:
    with snapshot() as session:
        return session.scalars(
            scoped(Membership, workspace.workspace_id)
            .join(User, User.id == Membership.user_id)
            .where(User.email == EMAIL)
        ).one()


def give(admin, workspace, role: str):
    """Choose a role on the members page; the page that follows."""
    path = f"/settings/people/{member_of(workspace).user_id}/role"
    return admin.post(path, {"role": role}, follow_redirects=True)


def details(workspace) -> list[dict]:
    with snapshot() as session:
        rows = session.scalars(
            scoped(AuditEntry, workspace.workspace_id)
            .where(AuditEntry.action == "staff.role_changed")
            .order_by(AuditEntry.id)
        )
        return [row.detail for row in rows]


def rooms(html: str) -> list[str]:
    return re.findall(r'data-go="(\w?)"', html)


def test_the_limit_holds_from_the_next_request_on_and_is_undone(staff, csm, workspace):
    admin = staff("admin")
    assert csm.get("/results").status_code == 200
    page = give(admin, workspace, "success_own").text
    assert re.search(r'<option value="success_own" selected>', page)
    assert csm.get("/results").status_code == 403
    undo = re.search(r'action="(/settings/people/[^"]+/role/undo[^"]+)"', page).group(1)
    assert "Undone." in admin.post(undo.replace("&amp;", "&"), follow_redirects=True).text
    assert csm.get("/results").status_code == 200
    user_id = str(member_of(workspace).user_id)
    assert details(workspace) == [
        {"user_id": user_id, "role": "success", "only_own_accounts": True},
        {"user_id": user_id, "role": "success"},
    ]


def test_what_was_changed_since_is_not_undone(staff, csm, workspace):
    admin = staff("admin")
    page = give(admin, workspace, "success_own").text
    undo = re.search(r'action="(/settings/people/[^"]+/role/undo[^"]+)"', page).group(1)
    give(admin, workspace, "viewer")
    answer = admin.post(undo.replace("&amp;", "&"), follow_redirects=True)
    assert "Somebody changed the role since" in answer.text
    assert member_of(workspace).role == "viewer"
    other = staff("admin")
    assert other.post(undo.replace("&amp;", "&")).status_code == 409
    assert admin.post(undo.split("?")[0] + "?token=rubbish").status_code == 409


def test_another_role_takes_the_limit_away(staff, csm, workspace):
    admin = staff("admin")
    give(admin, workspace, "success_own")
    give(admin, workspace, "product")
    member = member_of(workspace)
    assert (member.role, member.only_own_accounts) == ("product", False)


def test_a_role_that_does_not_exist_is_refused(staff, csm, workspace):
    assert give(staff("admin"), workspace, "viewer_own").status_code == 422
    assert member_of(workspace).role == "success"


@pytest.mark.parametrize("model", [Membership, StaffInvitation])
def test_the_database_knows_that_only_customer_success_is_limited(staff, workspace, model):
    staff("admin").post("/settings/people", {"email": "a@example.com", "role": "viewer"})
    limit = update(model).where(model.workspace_id == workspace.workspace_id)
    with transaction() as session, pytest.raises(IntegrityError, match="only_success_is_limited"):
        session.execute(limit.values(only_own_accounts=True))


def test_somebody_is_invited_with_the_limit_and_has_it_on_joining(staff, browser, workspace):
    admin = staff("admin")
    admin.post("/settings/people", {"email": EMAIL, "role": "success_own"})
    assert "Own accounts only (customer success) · invited" in admin.get("/settings/people").text
    with snapshot() as session:
        invitation_id = session.scalars(
            select(StaffInvitation.id).where(StaffInvitation.workspace_id == workspace.workspace_id)
        ).one()
    link = f"/join/{joining.invitation_token(invitation_id)}"
    assert "nothing of others" in browser.get(link).text
    browser.post(link, {"name": "Aiko", "password": "quite another password"})
    assert member_of(workspace).only_own_accounts
    assert browser.get("/accounts").status_code == 200
    assert browser.get("/results").status_code == 403
    assert "Own accounts only (customer success)" in browser.get("/workspaces").text


def test_a_closed_page_says_why_in_both_languages(staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    refused = csm.get("/themes")
    assert refused.status_code == 403
    assert "You see only the accounts that you look after" in refused.text
    assert "An administrator can change that." in refused.text
    csm.post("/language", {"language": "ja", "next": "/"})
    assert "担当している顧客企業だけです" in csm.get("/themes").text
    # Who is refused by role reads of the role.
    assert "見られるのは" not in csm.get("/settings").text


def test_navigation_shows_only_rooms_that_open(staff, csm, workspace):
    assert rooms(csm.get("/").text) == ["h", "f", "a", "n", "r", "t", "s"]
    give(staff("admin"), workspace, "success_own")
    page = csm.get("/").text
    assert rooms(page) == ["h", "f", "a"]
    shortcuts = page.partition('<dl class="keys">')[2].partition("</dl>")[0]
    assert re.findall(r"<kbd>g</kbd> <kbd>(\w)</kbd>", shortcuts) == ["h", "f", "a"]


def test_an_empty_workspace_offers_no_room_that_is_closed(staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    for page in ("/", "/follow-ups", "/accounts"):
        html = csm.get(page).text
        assert 'href="/surveys' not in html
        assert 'href="/results' not in html
    assert "You look after no account yet" in csm.get("/accounts").text


def test_an_account_that_changes_hands_is_seen_by_its_new_owner_alone(api, staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    api.post("/api/v1/accounts", {"external_id": "acme", "name": "Larch"})

    def hand_to(user_id):
        with transaction() as session:
            session.scalars(scoped(Account, api.workspace_id)).one().owner_user_id = user_id

    hand_to(member_of(workspace).user_id)
    assert csm.get("/accounts/acme").status_code == 200
    assert "Larch" in csm.get("/accounts").text
    hand_to(workspace.user_id)
    assert csm.get("/accounts/acme").status_code == 404
    assert "Larch" not in csm.get("/accounts").text
    hand_to(None)
    assert csm.get("/accounts/acme").status_code == 404


def test_the_owner_of_an_account_is_not_theirs_to_change(api, staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    me = member_of(workspace).user_id
    for key, owner in (("mine", me), ("theirs", workspace.user_id)):
        api.post("/api/v1/accounts", {"external_id": key})
        with transaction() as session:
            session.execute(
                update(Account)
                .where(Account.workspace_id == api.workspace_id, Account.external_id == key)
                .values(owner_user_id=owner)
            )
    assert "Change the owner" not in csm.get("/accounts/mine").text
    for key in ("mine", "theirs"):
        assert csm.post(f"/accounts/{key}/owner", {"owner": str(me)}).status_code == 403
    assert "Change the owner" in staff("success").get("/accounts/mine").text


def test_keys_of_the_workspace_are_not_limited(api, staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    api.post("/api/v1/accounts", {"external_id": "acme"})
    assert api.get("/api/v1/accounts/acme").status_code == 200


def test_the_members_of_a_workspace_say_who_is_limited(staff, csm, workspace):
    give(staff("admin"), workspace, "success_own")
    of = {member.email: member.grant for member in queries.members(workspace.workspace_id)}
    assert of[EMAIL] == Grant("success", only_own_accounts=True)
