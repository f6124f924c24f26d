"""Joining by invitation, a new password by mail, roles."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from vocapp.database import snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.workspaces.models import Membership, PasswordReset, StaffInvitation

NEW_PASSWORD = "quite another password"


@pytest.fixture
def app(any_database):
    """Row locks and order differ between the databases, so this runs on both."""
    return any_database


@pytest.fixture
def mailbox(app, drain_outbox):
    """Works off what is pending and returns the mails that left, as they stand in the folder."""

    def read():
        from email import policy
        from email.parser import BytesParser
        from pathlib import Path

        assert drain_outbox() == []
        folder = Path(app.config["SETTINGS"].mail_url.removeprefix("file://"))
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]

    return read


def link_in(message):
    return re.search(r"http://[^/]+(/\S+)", message.get_content()).group(1)


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(browser, workspace, mailbox):
    browser.post("/forgot-password", {"email": workspace.email.upper()})
    [message] = mailbox()
    assert message["To"].addresses[0].addr_spec == workspace.email
    link = link_in(message)
    page = browser.get(link)
    assert page.status_code == 200
    assert browser.post(link, {"password": "short"}).status_code == 422
    assert browser.post(link, {"password": NEW_PASSWORD}).location == "/sign-in"
    assert browser.sign_in(workspace.email).status_code == 422
    assert browser.sign_in(workspace.email, NEW_PASSWORD).status_code == 303
    assert browser.get(link).status_code == 404
    assert "does not work any more" in browser.post(link, {"password": "x" * 12}).text


def test_an_unknown_address_gets_the_same_answer_and_no_mail(browser, workspace, mailbox):
    known = browser.post("/forgot-password", {"email": workspace.email})
    unknown = browser.post("/forgot-password", {"email": "a@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(workspace.email, "") == unknown.text.replace("a@example.com", "")
    sent_to = [message["To"].addresses[0].addr_spec for message in mailbox()]
    assert sent_to == [workspace.email]


def test_pending_mail_holds_ids_and_no_secret(browser, workspace, mailbox):
    browser.post("/forgot-password", {"email": workspace.email})
    with snapshot() as session:
        row = session.scalars(select(Pending).where(Pending.kind == "staff_mail")).one()
        digest = session.scalars(select(PasswordReset.token_digest)).one()
    assert row.detail == {"about": "reset"}
    token = link_in(mailbox()[0]).rpartition("/")[2]
    assert token not in {digest, str(row.subject_id)}


def test_mails_for_one_person_are_few(browser, workspace, mailbox):
    for _ in range(5):
        browser.post("/forgot-password", {"email": workspace.email})
    assert len(mailbox()) == 3


def test_an_old_link_opens_nothing(browser, workspace, mailbox):
    browser.post("/forgot-password", {"email": workspace.email})
    link = link_in(mailbox()[0])
    with transaction() as session:
        session.execute(update(PasswordReset).values(expires_at=utcnow() - timedelta(seconds=1)))
    assert browser.get(link).status_code == 404
    assert browser.get("/reset/nonsense").status_code == 404


def test_a_reset_ends_sessions_that_were_open(browser, app, workspace, staff, mailbox):
    thief = staff("product", email="two@example.com")
    browser.post("/forgot-password", {"email": "two@example.com"})
    browser.post(link_in(mailbox()[0]), {"password": NEW_PASSWORD})
    assert thief.get("/").status_code == 302


def test_somebody_new_joins_with_a_name_and_a_password(browser, staff, mailbox):
    admin = staff("admin")
    sent = admin.post("/settings/people", {"email": "Aiko@Example.com", "role": "success"})
    assert sent.status_code == 303
    assert "aiko@example.com" in admin.get("/settings/people").text
    [message] = mailbox()
    link = link_in(message)
    answer = browser.post(link, {"name": "山田 愛子", "password": NEW_PASSWORD})
    assert answer.location == "/"
    assert "山田 愛子" in browser.get("/account").text
    assert "山田 愛子" in admin.get("/settings/people").text
    assert browser.get("/settings").status_code == 403
    assert browser.get(link).status_code == 404


def test_somebody_with_an_account_joins_with_the_password_it_has(
    browser, workspace, staff, new_workspace, mailbox
):
    other = new_workspace("Beta")
    admin = staff("admin", of=other)
    admin.post("/settings/people", {"email": workspace.email, "role": "viewer"})
    link = link_in(mailbox()[0])
    assert "You have an account here already" in browser.get(link).text
    wrong = browser.post(link, {"password": NEW_PASSWORD})
    assert wrong.status_code == 422
    with snapshot() as session:
        assert session.get(Membership, (other.workspace_id, workspace.user_id)) is None
    assert browser.post(link, {"password": "correct horse battery"}).status_code == 303
    assert "Beta" in browser.get("/").text


def test_a_withdrawn_or_replaced_invitation_opens_nothing(browser, staff, mailbox):
    admin = staff("admin")
    form = {"email": "a@example.com", "role": "viewer"}
    admin.post("/settings/people", form)
    admin.post("/settings/people", form | {"role": "product"})
    # The mail of the first is not even sent: its offer was replaced before.
    [message] = mailbox()
    with snapshot() as session:
        newest = session.scalars(
            select(StaffInvitation.id).order_by(StaffInvitation.id.desc()).limit(1)
        ).one()
    assert browser.get(link_in(message)).status_code == 200
    assert admin.post(f"/settings/invitations/{newest}/withdraw").status_code == 303
    assert browser.get(link_in(message)).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"email": "nonsense", "role": "viewer"},
        {"email": "", "role": "viewer"},
        {"email": "a@example.com", "role": "owner"},
    ],
)
def test_a_wrong_invitation_is_shown_again_with_what_was_typed(staff, form):
    answer = staff("admin").post("/settings/people", form)
    assert answer.status_code == 422
    assert f'value="{form["email"]}"' in answer.text
    assert 'class="error-text"' in answer.text


def test_the_last_administrator_stays(staff, browser, workspace):
    browser.sign_in(workspace.email)
    for path, form in (("role", {"role": "viewer"}), ("remove", {})):
        browser.post(f"/settings/people/{workspace.user_id}/{path}", form)
        assert "at least one administrator" in browser.get("/settings/people").text
    staff("admin")
    browser.post(f"/settings/people/{workspace.user_id}/role", {"role": "viewer"})
    assert browser.get("/settings").status_code == 403


def test_a_removed_person_is_out_at_once(staff, browser, workspace):
    browser.sign_in(workspace.email)
    leaving = staff("product", email="two@example.com")
    with snapshot() as session:
        user_id = session.scalars(
            select(Membership.user_id).where(Membership.role == "product")
        ).one()
    assert browser.post(f"/settings/people/{user_id}/remove").status_code == 303
    assert leaving.get("/").status_code == 302
    assert "no longer a member" in leaving.sign_in("two@example.com").text
