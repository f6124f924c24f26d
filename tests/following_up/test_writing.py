"""Writing to the customer from a case."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from surveys.letters import fill
from tests.following_up.desk import ADDRESS, case_url, send_due, service_change
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.following_up import undoing
from vocapp.following_up.writing import reply_templates, service
from vocapp.following_up.writing.drafts import Written
from vocapp.following_up.writing.offered import OFFERED
from vocapp.following_up.writing.service import HOLD
from vocapp.following_up.writing.wording import reason_in_words
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL


def test_a_letter_counts_as_contact_and_waits_for_the_customer(any_api, desk_of, lines_of):
    desk = desk_of(any_api)
    now = utcnow()
    desk.write(then="waiting")
    case = desk.stored()
    assert case.state == "waiting"
    assert case.first_contact_at is not None
    assert case.first_contact_at >= now
    assert [line.kind for line in lines_of(case)] == ["opened", "mail"]
    assert desk.mails()[0].state == "scheduled"


def test_it_leaves_after_half_a_minute_as_a_person_s_letter(desk, mail_server):
    desk.write(subject="Your answer\r\nBcc: all@example.com", body="Hello\r\nMika\n.\n")
    while outbox.work_off(service.CASE_MAIL, now=utcnow()):
        pass
    assert mail_server.received == []  # it can still be taken back
    send_due()
    ((recipients, message),) = mail_server.received
    assert recipients == [ADDRESS]
    assert str(message["Subject"]) == "Your answer Bcc: all@example.com"
    assert message["Bcc"] is None
    assert str(message["From"]).startswith("Aiko ")
    assert message["Auto-Submitted"] is None
    assert message.get_content().splitlines() == ["Hello", "Mika", "."]
    (mail,) = desk.mails()
    assert (mail.state, mail.message_id) == ("sent", str(message["Message-ID"]))
    send_due()
    assert len(mail_server.received) == 1


def test_a_second_letter_keeps_the_thread(desk, mail_server):
    desk.write()
    send_due()
    desk.write(subject="Re: Your answer")
    send_due()
    first, second = mail_server.messages
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == first["Message-ID"]
    assert str(second["References"]) == str(first["Message-ID"])


def test_what_was_written_is_sealed_where_it_rests(any_api, desk_of):
    desk = desk_of(any_api)
    desk.write(subject="kanaria-subject", body="kanaria-body")
    desk.keep("kanaria-draft", "kanaria-draft")
    for table in ("case_mail", "case_draft"):
        rows = db.session.execute(text(f"SELECT * FROM {table}")).all()
        assert rows
        assert "kanaria" not in str(rows)
        assert ADDRESS not in str(rows)


def test_undo_takes_a_letter_back_into_the_draft(any_api, desk_of):
    desk = desk_of(any_api)
    done = desk.write("Subject", "What I wrote", then="waiting")
    desk.keep("", "Begun since")
    undoing.undo(desk.case.workspace_id, done.undo, reach=ALL, actor_user_id=desk.me, now=utcnow())
    case = desk.stored()
    assert (case.state, case.first_contact_at) == ("open", None)
    assert desk.mails() == []
    assert desk.draft() == Written("Subject", "What I wrote\n\nBegun since")
    send_due()  # the row that waited has nothing to do any more
    assert not [row for row in outbox.backlog(now=utcnow() + HOLD) if row.kind == "case_mail"]


def test_what_has_gone_out_cannot_be_undone(desk, mail_server):
    done = desk.write(then="waiting")
    send_due()
    with pytest.raises(Conflict):
        undoing.undo(
            desk.case.workspace_id, done.undo, reach=ALL, actor_user_id=desk.me, now=utcnow()
        )
    assert desk.stored().state == "waiting"
    assert len(mail_server.received) == 1


def test_who_must_not_be_written_to_is_not(any_api, desk_of):
    desk = desk_of(any_api)
    desk.stop_writing()
    with pytest.raises(BadInput) as refused:
        desk.write()
    assert [(error.field, error.message) for error in refused.value.errors] == [
        ("to", "unsubscribed")
    ]
    assert desk.stored().state == "open"


def test_who_says_stop_meanwhile_gets_nothing_and_the_case_is_to_do_again(
    desk, mail_server, lines_of
):
    desk.write(then="waiting")
    desk.stop_writing()
    send_due()
    case = desk.stored()
    assert mail_server.received == []
    assert (case.state, case.first_contact_at, case.news) == ("open", None, "mail_failed")
    assert [(mail.state, mail.reason) for mail in desk.mails()] == [("not_sent", "unsubscribed")]
    assert [line.kind for line in lines_of(case)] == ["opened", "mail", "mail_failed"]


def test_an_address_that_does_not_exist_is_told_and_not_written_to_again(desk, mail_server):
    mail_server.replies[ADDRESS] = "550 5.1.1 no such user"
    desk.write()
    send_due()
    assert [mail.state for mail in desk.mails()] == ["bounced"]
    assert desk.stored().news == "mail_failed"
    with pytest.raises(BadInput):
        desk.write()


def test_a_letter_that_was_taken_at_no_attempt_is_told_and_the_case_is_to_do_again(
    desk, mail_server
):
    mail_server.replies[ADDRESS] = "451 4.3.0 later"
    desk.write(then="waiting")
    with transaction() as session:
        session.execute(text("UPDATE outbox SET attempts = 149 WHERE kind = 'case_mail'"))
    send_due()
    case = desk.stored()
    assert (case.state, case.news) == ("open", "mail_failed")
    (mail,) = desk.mails()
    assert (mail.state, mail.reason) == ("not_sent", "given_up: recipient: 451")
    assert "It was not taken for about a day (recipient: 451)." in reason_in_words(mail.reason)


def test_what_a_colleague_did_since_stays_when_a_letter_fails(desk, mail_server):
    mail_server.replies[ADDRESS] = "550 5.1.1 no such user"
    desk.write(then="waiting")
    service_change(desk, state="resolved", outcome="solved")
    send_due()
    case = desk.stored()
    assert (case.state, case.outcome) == ("resolved", "solved")


def test_a_letter_that_may_have_arrived_is_not_sent_twice(desk, mail_server):
    mail_server.drop_after_text = True
    desk.write()
    send_due()
    assert [mail.state for mail in desk.mails()] == ["unknown"]
    assert desk.stored().state == "contacted"
    mail_server.drop_after_text = False
    send_due()
    assert len(mail_server.received) == 1
    service.write_again(
        desk.case.workspace_id, desk.case.id, desk.mails()[0].id, reach=ALL,
        actor_user_id=desk.me, now=utcnow(),
    )  # fmt: skip
    assert desk.draft() == Written("Your answer", "Hello Mika")


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [("", "x", "subject"), ("x", "  ", "body"), ("x" * 201, "x", "subject"),
     ("x", "Hello {name}", "body")],
)  # fmt: skip
def test_what_cannot_be_sent_names_its_field(any_api, desk_of, subject, body, field):
    desk = desk_of(any_api)
    with pytest.raises(BadInput) as refused:
        desk.write(subject, body)
    assert [error.field for error in refused.value.errors] == [field]
    assert desk.mails() == []


def test_every_offered_template_has_known_gaps_and_a_twin_in_the_other_language():
    values = {"greeting": "Hello Mika,", "sender": "Aiko", "workspace": "Acme", "account": "X"}
    for each in OFFERED:
        assert "{" not in fill(each.subject + each.body, values)
    assert len([t for t in OFFERED if t.language == "en"]) == len(OFFERED) / 2


# --- pages ------------------------------------------------------------------------------------


@pytest.fixture
def page(desk, staff):
    return staff("success")


def area(page: Any, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', page.text, re.S)
    return found[1] if found else ""


def test_a_template_is_put_in_with_what_is_known_and_nothing_is_executed(desk, page, api):
    with transaction() as session:
        from vocapp.people.models import Contact

        contact = session.get_one(Contact, (api.workspace_id, desk.case.contact_id))
        contact.name = "<b>Mika</b> {sender}"
    answer = page.post(
        case_url(desk) + "/mails",
        {"action": "template", "template": "offered-1", "subject": "", "body": "Mine"},
    )
    assert answer.status_code == 303, answer.text
    shown = page.get(answer.headers["Location"])
    text = area(shown, "body")
    assert text.startswith("Hello &lt;b&gt;Mika&lt;/b&gt; {sender},")
    assert text.endswith("Mine")
    assert "<b>Mika</b>" not in shown.text


def test_sending_from_the_page_shows_the_letter_and_offers_undo(desk, page):
    version = desk.stored().version
    answer = page.post(
        case_url(desk) + "/mails",
        {"action": "send", "subject": "About Friday", "body": "We are on it", "then": "waiting",
         "version": str(version)},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    shown = page.get(case_url(desk)).text
    assert "About Friday" in shown
    assert "We are on it" in shown
    assert "/follow-ups/undo/" in shown
    assert desk.stored().state == "waiting"


def test_a_stale_page_sends_nothing_and_keeps_the_text(desk, page):
    answer = page.post(
        case_url(desk) + "/mails",
        {"action": "send", "subject": "About Friday", "body": "We are on it", "version": "999"},
    )
    assert answer.status_code == 303
    shown = page.get(answer.headers["Location"])
    assert area(shown, "body") == "We are on it"
    assert desk.mails() == []


def test_a_refused_letter_keeps_what_was_typed_and_names_the_field(desk, page):
    answer = page.post(
        case_url(desk) + "/mails", {"action": "send", "subject": "", "body": "We are on it"}
    )
    assert answer.status_code == 422
    assert area(answer, "body") == "We are on it"
    assert 'id="mail-subject-error"' in answer.text
    assert area(page.get(case_url(desk)), "body") == "We are on it"


def test_typing_is_kept_without_a_word_and_is_nobody_else_s(desk, page, staff):
    answer = page.post(case_url(desk) + "/mails", {"action": "autosave", "body": "half a sen"})
    assert answer.status_code == 204
    assert area(page.get(case_url(desk)), "body") == "half a sen"
    other = staff("success", email="other@example.com")
    assert "half a sen" not in other.get(case_url(desk)).text


def test_product_managers_read_letters_without_personal_data_and_do_not_write(desk, staff):
    desk.write("Your answer", "Call me at 03-1234-5678 or mika.sato@example.jp")
    product = staff("product")
    shown = product.get(case_url(desk)).text
    assert "Call me at" in shown
    assert "03-1234-5678" not in shown
    assert "mika.sato@example.jp" not in shown
    assert product.post(case_url(desk) + "/mails", {"action": "keep"}).status_code == 403


def test_a_letter_that_did_not_arrive_is_on_the_owner_s_first_page_until_it_is_seen(
    desk, page, mail_server
):
    mail_server.replies[ADDRESS] = "550 5.1.1 no such user"
    desk.write()
    send_due()
    assert case_url(desk) in page.get("/").text
    assert "An e-mail did not arrive" in page.get("/").text
    page.post(case_url(desk) + "/seen", {})
    assert "An e-mail did not arrive" not in page.get("/").text


def test_templates_are_added_changed_removed_and_put_back(desk, page, api):
    page.post("/settings/reply-templates/offered", {})
    with snapshot() as session:
        rows = reply_templates.stored_templates(session, api.workspace_id)
    assert len(rows) == len(OFFERED)
    wrong = page.post(
        "/settings/reply-templates",
        {"name": "New", "language": "en", "subject": "{nmae}", "body": "Text"},
    )
    assert wrong.status_code == 422
    assert "{nmae}" in wrong.text
    same = {"name": rows[0].name, "language": rows[0].language, "subject": "S", "body": "B"}
    assert page.post("/settings/reply-templates", same).status_code == 422
    answer = page.post(f"/settings/reply-templates/{rows[0].id}", same | {"subject": "Changed"})
    assert answer.status_code == 303
    assert "Changed" in page.get("/settings/reply-templates").text
    page.post(f"/settings/reply-templates/{rows[0].id}/remove", {})
    listed = page.get("/settings/reply-templates").text
    assert "Changed" not in listed
    undo = re.search(r'action="(/settings/reply-templates/undo/[^"]+)"', listed)
    assert undo
    page.post(undo[1], {})
    assert "Changed" in page.get("/settings/reply-templates").text
