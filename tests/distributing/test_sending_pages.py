"""Staff pages: whom to ask, the preview, the list, and the mailbox of a trial installation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vocapp.database import snapshot, utcnow
from vocapp.distributing.models import Invitation
from vocapp.distributing.parsing import read_addresses
from vocapp.distributing.service import Unsubscription, unsubscribe
from vocapp.mailing import FileMailer, address_of, compose


@pytest.fixture
def page(api):
    api.survey()
    return "/surveys/nps/invitations"


@pytest.fixture
def folder(app, tmp_path):
    return tmp_path / "mail"


def invited():
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(Invitation))


def test_the_page_says_what_will_be_here_before_anybody_was_asked(staff, page):
    shown = staff("product").get(page)
    assert shown.status_code == 200
    assert "Nobody has been asked yet" in shown.text


def test_a_list_of_addresses_is_asked_each_person_once(staff, page, send_mail, folder):
    browser = staff("success")
    lines = "aiko@example.com, 森 愛子\n\nKenji <kenji@example.com>\nAIKO@example.com\n"
    answer = browser.post(page, {"addresses": lines})
    assert answer.status_code == 303
    shown = browser.get(page)
    assert "2 invitations go out now." in shown.text
    assert "Waiting to be sent" in shown.text
    send_mail()
    assert len(list(folder.glob("*.eml"))) == 2
    assert "森 愛子" in browser.get(page).text
    assert browser.get(page + "?state=sent").text.count("example.com</span>") == 2


def test_a_touchpoint_that_was_typed_goes_with_every_invitation(staff, page):
    browser = staff("success")
    lines = {"addresses": "aiko@example.com\nkenji@example.com"}
    assert browser.post(page, lines | {"touchpoint": " onboarding finished "}).status_code == 303
    assert (
        browser.post(page, {"addresses": "mori@example.com", "touchpoint": " "}).status_code == 303
    )
    with snapshot() as session:
        told = session.scalars(select(Invitation.touchpoint).order_by(Invitation.created_at)).all()
    assert told == ["onboarding finished", "onboarding finished", None]


def test_a_touchpoint_that_is_too_long_is_named_and_nobody_is_asked(staff, page):
    sent = {"addresses": "aiko@example.com", "touchpoint": "t" * 101}
    answer = staff("success").post(page, sent)
    assert answer.status_code == 422
    assert "At most 100 characters. Nothing was sent." in answer.text
    assert "t" * 101 in answer.text
    assert invited() == 0


@pytest.mark.parametrize("typed", ["", "  \n ", "nobody", "ok@example.com\nwrong@"])
def test_a_wrong_line_is_named_what_was_typed_stays_and_nobody_is_asked(staff, page, typed):
    answer = staff("admin").post(page, {"addresses": typed})
    assert answer.status_code == 422
    assert "error-text" in answer.text
    if typed.strip():
        assert typed in answer.text
    assert invited() == 0


def test_who_must_not_be_written_to_is_listed_with_the_reason(api, staff, page):
    from vocapp.distributing.mail import address_digest

    digest = address_digest(api.workspace_id, "aiko@example.com")
    unsubscribe(Unsubscription(api.workspace_id, digest), now=utcnow())
    browser = staff("admin")
    browser.post(page, {"addresses": "aiko@example.com"})
    shown = browser.get(page).text
    assert "1 person is not written to" in shown
    assert "The person asked not to be written to." in shown


def test_a_viewer_cannot_send(staff, page):
    browser = staff("viewer")
    assert browser.get(page).status_code == 403
    assert browser.post(page, {"addresses": "a@example.com"}).status_code == 403
    assert invited() == 0


def test_a_draft_cannot_be_sent_and_says_so(api, staff):
    api.survey("draft", publish=False)
    browser = staff("admin")
    assert "not published" in browser.get("/surveys/draft/invitations").text
    answer = browser.post("/surveys/draft/invitations", {"addresses": "a@example.com"})
    assert answer.status_code == 422
    assert invited() == 0


def test_the_preview_is_a_frame_that_may_do_nothing(staff, page):
    browser = staff("admin")
    shown = browser.get(f"{page}/preview?lang=ja")
    assert shown.text.count('sandbox=""') == 2
    html = browser.get(f"{page}/preview/html?lang=ja")
    assert '<html lang="ja"' in html.text
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in html.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in html.headers
    assert browser.get(page).headers["X-Frame-Options"] == "DENY"


def test_the_mailbox_shows_mails_that_lie_in_the_folder(staff, page, send_mail):
    browser = staff("admin", email="me@example.com")
    assert "No mail yet" in browser.get("/settings/mailbox").text
    browser.post(f"{page}/test")
    send_mail()
    listed = browser.get("/settings/mailbox").text
    assert "One question from Acme" in listed
    mail = re.search(r"/settings/mailbox/[^\"]+", listed).group()
    shown = browser.get(mail).text
    assert re.search(r'<a href="http[^"]+\?score=10"', shown)
    assert "me@example.com" in shown
    html = browser.get(mail + "/html")
    assert "sandbox allow-popups" in html.headers["Content-Security-Policy"]
    assert '<base target="_blank">' in html.text


def test_the_mailbox_is_for_admins_and_only_for_their_workspace(
    staff, page, send_mail, new_workspace
):
    browser = staff("admin")
    browser.post(f"{page}/test")
    send_mail()
    mail = re.search(r"/settings/mailbox/[^\"]+", browser.get("/settings/mailbox").text).group()
    stranger = staff("admin", of=new_workspace("Other"))
    assert "No mail yet" in stranger.get("/settings/mailbox").text
    for path in (mail, mail + "/html"):
        assert stranger.get(path).status_code == 404
    assert staff("product").get("/settings/mailbox").status_code == 403


@pytest.mark.parametrize("name", ["..%2Fsecret_key", ".hidden.eml", "secret_key", "a%00.eml"])
def test_the_mailbox_reads_nothing_but_mails(staff, api, name):
    assert staff("admin").get(f"/settings/mailbox/{name}").status_code == 404


def test_a_mail_of_no_workspace_is_not_shown_outside_development(app, staff, folder):
    message = compose(
        settings=app.config["SETTINGS"], to=address_of("", "x@example.com"), subject="Reset",
        text="https://secret", message_key="reset-1", now=utcnow(),
    )  # fmt: skip
    FileMailer(folder).send(message)
    browser = staff("admin")
    assert "Reset" not in browser.get("/settings/mailbox").text
    app.config["ENVIRONMENT"] = "development"
    assert "Reset" in browser.get("/settings/mailbox").text


def test_mails_of_somebody_forgotten_leave_the_folder(api, invite, send_mail, folder):
    from uuid import UUID

    from vocapp.people.service import erase_contact

    made = invite()
    send_mail()
    assert len(list(Path(folder).iterdir())) == 1
    erase_contact(api.workspace_id, UUID(made["contact"]["id"]), now=utcnow())
    send_mail()
    assert list(Path(folder).iterdir()) == []


@pytest.mark.parametrize(
    ("line", "name", "email"),
    [
        ("a@example.com", None, "a@example.com"),
        ("森 愛子 ＜a@example.com＞", "森 愛子", "a@example.com"),
        ('"Mori, Aiko" <a@example.com>', "Mori, Aiko", "a@example.com"),
        ("a@example.com\tAiko", "Aiko", "a@example.com"),
        ("a@example.com、愛子", "愛子", "a@example.com"),
        (" a..b.@docomo.ne.jp ", None, "a..b.@docomo.ne.jp"),
    ],
)
def test_addresses_are_read_as_people_write_them(line, name, email):
    ((person,), wrong) = read_addresses(line)
    assert (person.name, person.email, wrong) == (name, email, [])
