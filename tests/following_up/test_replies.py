"""What a customer writes back stands in the case."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.following_up.desk import ADDRESS, Desk, case_url, send_due, service_change
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing import attached_files, receiving
from vocapp.distributing.models import Suppression
from vocapp.distributing.receiving import INBOX, LOOK_EVERY
from vocapp.following_up.news import mark_seen
from vocapp.following_up.service import Change, change_follow_up
from vocapp.following_up.snoozing import begin_of, day_of
from vocapp.following_up.writing import attachments
from vocapp.following_up.writing.models import CaseAttachment
from vocapp.people.service import erase_contact
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL


@pytest.fixture
def inbox(app, tmp_path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    app.config["SETTINGS"].inbox_url = f"file://{folder}"
    app.config["SETTINGS"].mail_from = "survey@acme.example"
    return folder


@pytest.fixture
def sent(desk, inbox, mail_server) -> EmailMessage:
    """A letter that went out, as the customer's mail program has it."""
    desk.write("Your answer", "When may I call?", then="waiting")
    send_due()
    (message,) = mail_server.messages
    return message


def answer_to(sent: EmailMessage, text: str = "Tuesday at 10.\n\n> When may I call?") -> Any:
    reply = EmailMessage()
    reply["From"] = f"Mika <{ADDRESS}>"
    reply["To"] = str(sent["Reply-To"] or sent["From"])
    reply["Subject"] = "Re: Your answer"
    reply["Message-ID"] = "<reply-1@example.jp>"
    reply["In-Reply-To"] = sent["Message-ID"]
    reply["References"] = str(sent["Message-ID"])
    reply.set_content(text)
    return reply


def arrive(inbox: Path, *mails: EmailMessage) -> None:
    for place, mail in enumerate(mails):
        (inbox / f"{place}.eml").write_bytes(mail.as_bytes())
    outbox.work_off(INBOX, now=utcnow() + LOOK_EVERY)


def bodies(desk: Desk) -> list[tuple[str, str, str]]:
    return [(mail.direction, mail.state, mail.body.strip()) for mail in desk.mails()]


def test_a_reply_stands_in_the_case_which_is_to_do_again(desk, inbox, sent, lines_of, mail_server):
    arrive(inbox, answer_to(sent))
    case = desk.stored()
    assert bodies(desk)[1] == ("in", "received", "Tuesday at 10.\n\n> When may I call?")
    assert (case.state, case.news) == ("contacted", "reply")
    assert [line.kind for line in lines_of(case)] == ["opened", "mail", "reply"]
    assert list(inbox.iterdir()) == []  # nothing personal is left there


def test_the_owner_is_told_without_what_was_said(desk, inbox, sent, mail_server):
    service_change(desk, owner_user_id=desk.me)
    arrive(inbox, answer_to(sent))
    outbox.work_off("staff_mail", now=utcnow())
    told = mail_server.messages[-1]
    assert f"/follow-ups/{desk.case.id}" in told.get_content()
    assert "Tuesday" not in told.get_content()


def test_the_same_reply_twice_is_one(desk, inbox, sent):
    reply = answer_to(sent)
    arrive(inbox, reply, reply)
    arrive(inbox, reply)
    assert len(bodies(desk)) == 2


def test_a_program_that_keeps_no_thread_is_known_by_the_address(desk, inbox, sent):
    reply = answer_to(sent)
    for name in ("In-Reply-To", "References"):
        del reply[name]
    arrive(inbox, reply)
    assert len(bodies(desk)) == 2


def test_the_subject_alone_or_a_made_up_address_leads_nowhere(desk, inbox, sent):
    stranger = answer_to(sent)
    for name in ("In-Reply-To", "References", "To"):
        del stranger[name]
    stranger["To"] = "survey+00000000000000000000000000000000@acme.example"
    stranger["In-Reply-To"] = "<made-up@127.0.0.1>"
    arrive(inbox, stranger)
    assert len(bodies(desk)) == 1
    assert [path.name for path in (inbox / "unmatched").iterdir()] == ["0.eml"]


def test_a_resolved_case_is_opened_again(desk, inbox, sent):
    service_change(desk, state="resolved", outcome="solved")
    arrive(inbox, answer_to(sent))
    case = desk.stored()
    assert (case.state, case.outcome, case.resolved_at) == ("contacted", None, None)


def test_a_snoozed_case_comes_back(desk, inbox, sent):
    until = begin_of(day_of("tomorrow", utcnow(), "UTC"), "UTC")
    service_change(desk, snooze_until=until)
    arrive(inbox, answer_to(sent))
    assert desk.stored().snoozed_until is None


def test_an_automatic_reply_is_shown_and_changes_nothing(desk, inbox, sent):
    reply = answer_to(sent, "I am away until Monday.")
    reply["Auto-Submitted"] = "auto-replied"
    arrive(inbox, reply)
    case = desk.stored()
    assert bodies(desk)[1][1] == "automatic"
    assert (case.state, case.news) == ("waiting", None)


def bounce_of(sent: EmailMessage) -> bytes:
    return (
        "From: MAILER-DAEMON@example.jp\r\nTo: survey@acme.example\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.jp\r\n\r\nFinal-Recipient: rfc822; {ADDRESS}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {sent['Message-ID']}\r\n\r\n"
        "--b--\r\n"
    ).encode()


def test_a_letter_that_comes_back_later_is_told_and_the_case_is_as_before(desk, inbox, sent):
    (inbox / "bounce.eml").write_bytes(bounce_of(sent))
    arrive(inbox)
    case = desk.stored()
    assert bodies(desk) == [("out", "bounced", "When may I call?")]
    assert (case.state, case.first_contact_at, case.news) == ("open", None, "mail_failed")
    with pytest.raises(Exception, match="bounced"):
        desk.write()


def test_our_answer_names_the_reply(desk, inbox, sent, mail_server):
    arrive(inbox, answer_to(sent))
    desk.write("Re: Your answer", "Tuesday it is")
    send_due()
    ours = mail_server.messages[-1]
    assert str(ours["In-Reply-To"]) == "<reply-1@example.jp>"
    assert str(ours["References"]).split() == [str(sent["Message-ID"]), "<reply-1@example.jp>"]


def test_the_mailbox_is_looked_into_as_long_as_it_is_set_up(app, desk, inbox, sent):
    arrive(inbox)
    rows = [row for row in outbox.backlog(now=utcnow() + 2 * LOOK_EVERY) if row.kind == INBOX]
    assert [(row.due, row.set_aside) for row in rows] == [(1, 0)]
    app.config["SETTINGS"].inbox_url = ""
    outbox.work_off(INBOX, now=utcnow() + 2 * LOOK_EVERY)
    assert not [row for row in outbox.backlog(now=utcnow() + 9 * LOOK_EVERY) if row.kind == INBOX]


def test_without_a_mailbox_replies_go_to_whoever_wrote(desk, mail_server):
    desk.write()
    send_due()
    assert "@example.com" in str(mail_server.messages[0]["Reply-To"])


def test_who_is_forgotten_meanwhile_is_not_brought_back(desk, inbox, sent):
    erase_contact(desk.case.workspace_id, desk.case.contact_id, now=utcnow())
    arrive(inbox, answer_to(sent))
    assert bodies(desk) == []


def test_the_page_shows_what_is_new_and_folds_the_rest(desk, inbox, sent, staff):
    arrive(inbox, answer_to(sent, "Tuesday <b>at 10</b>.\n\n> When may I call?"))
    page = staff("success").get(case_url(desk)).text
    assert re.search(r">Tuesday &lt;b&gt;at 10&lt;/b&gt;\.</p>", page)
    assert "What it replies to" in page
    assert "The customer replied" in page


def test_the_list_marks_what_is_new_until_somebody_has_seen_it(desk, inbox, sent, staff):
    person = staff("success")
    assert "The customer replied" not in person.get("/follow-ups?state=all").text
    arrive(inbox, answer_to(sent))
    assert "The customer replied" in person.get("/follow-ups?state=all").text
    mark_seen(desk.case.workspace_id, desk.case.id, reach=ALL, actor_user_id=desk.me, now=utcnow())
    assert "The customer replied" not in person.get("/follow-ups?state=all").text


def test_whoever_deals_with_it_takes_the_news_away_and_undo_brings_it_back(desk, inbox, sent):
    from vocapp.following_up.undoing import undo

    arrive(inbox, answer_to(sent))
    done = change_follow_up(
        desk.case.workspace_id, desk.case.id, Change(state="resolved", outcome="solved"),
        reach=ALL, actor_user_id=desk.me, now=utcnow(),
    )  # fmt: skip
    assert desk.stored().news is None
    undo(desk.case.workspace_id, done.undo, reach=ALL, actor_user_id=desk.me, now=utcnow())
    assert desk.stored().news == "reply"


def complaint_about(message_id: str) -> bytes:
    return (
        'From: reports@example.jp\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n"
        "--b--\r\n"
    ).encode()


def test_nobody_can_have_an_address_struck_off_by_a_complaint_about_a_mail_of_their_own(
    desk, inbox, sent
):
    reply = answer_to(sent)
    reply.replace_header("From", "boss@victim.example")
    arrive(inbox, reply)
    (inbox / "spam.eml").write_bytes(complaint_about("<reply-1@example.jp>"))
    arrive(inbox)
    with snapshot() as session:
        assert session.scalars(scoped(Suppression, desk.case.workspace_id)).all() == []
    (inbox / "spam.eml").write_bytes(complaint_about(str(sent["Message-ID"])))
    arrive(inbox)
    with snapshot() as session:
        (row,) = session.scalars(scoped(Suppression, desk.case.workspace_id)).all()
    assert row.kind == "complained"


def test_a_mail_that_says_it_is_ours_gets_no_answers_to_our_letter(
    desk, inbox, sent, mail_server, api, api_of, new_workspace, desk_of
):
    other = desk_of(api_of(api.client, new_workspace("Other")))
    other.write("To another", "Hello")
    send_due()
    forged = answer_to(mail_server.messages[-1])
    forged.replace_header("Message-ID", str(sent["Message-ID"]))
    arrive(inbox, forged)
    reply = answer_to(sent)
    del reply["To"]  # by its thread alone
    arrive(inbox, reply)
    assert [len(bodies(each)) for each in (desk, other)] == [2, 2]


def test_with_the_person_goes_the_letter_in_the_mail_folder(desk, tmp_path):
    desk.write()
    send_due()
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
    erase_contact(desk.case.workspace_id, desk.case.contact_id, now=utcnow())
    outbox.work_off("forget_mail", now=utcnow())
    assert list((tmp_path / "mail").glob("*.eml")) == []


def test_a_workspace_that_asked_twice_for_a_look_goes_on_once(desk, inbox, sent):
    with transaction() as session:
        outbox.add(session, desk.case.workspace_id, INBOX, desk.case.workspace_id, now=utcnow())
    arrive(inbox)
    rows = [row for row in outbox.backlog(now=utcnow() + 2 * LOOK_EVERY) if row.kind == INBOX]
    assert [(row.due, row.set_aside) for row in rows] == [(1, 0)]


# --- attachments ------------------------------------------------------------------------------


def files_in(desk: Desk) -> list[tuple[str, str, int | None, str | None]]:
    with snapshot() as session:
        rows = session.scalars(
            scoped(CaseAttachment, desk.case.workspace_id).order_by(CaseAttachment.position)
        )
        return [(row.name, row.kind, row.size, row.left_out) for row in rows]


def with_files(sent: EmailMessage, *files: tuple[str, str, bytes]) -> EmailMessage:
    reply = answer_to(sent)
    for name, kind, content in files:
        reply.add_attachment(
            content, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name
        )
    return reply


def test_a_file_of_a_reply_is_listed_and_saved_and_never_opened_as_a_page(desk, inbox, sent, staff):
    page_with_script = b"<script>alert(1)</script>"
    reply = with_files(
        sent, ("報告/../書.html", "text/html", page_with_script), ("log\u202egpj.exe", "x/y", b"2")
    )
    reply.add_attachment(answer_to(sent, "passed on"))
    arrive(inbox, reply)
    assert files_in(desk)[:2] == [
        ("報告_.._書.html", "text/html", 25, None), ("log_gpj.exe", "x/y", 1, None),
    ]  # fmt: skip
    assert files_in(desk)[2][:2] == ("message.eml", "message/rfc822")
    assert desk.mails()[1].body.strip() == "Tuesday at 10.\n\n> When may I call?"
    reader = staff("success")
    shown = reader.get(case_url(desk)).text
    link = re.search(rf'href="({case_url(desk)}/attachments/[^"]+)" download>報告', shown)
    assert link
    answer = reader.get(link[1])
    assert answer.data == page_with_script
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    product = staff("product")
    assert "log_gpj.exe" in product.get(case_url(desk)).text
    assert link[1] not in product.get(case_url(desk)).text
    assert product.get(link[1]).status_code == 403


def test_what_is_over_a_limit_is_named_and_the_rest_is_kept(desk, inbox, sent, staff, monkeypatch):
    monkeypatch.setattr(attached_files, "MOST_OF_FILE", 50)
    monkeypatch.setattr(attached_files, "MOST_OF_MAIL", 80)
    monkeypatch.setattr(attached_files, "MOST_FILES", 4)
    monkeypatch.setattr(attachments, "MOST_OF_CASE", 75)
    sizes = {"a.pdf": 40, "b.pdf": 51, "c.pdf": 45, "d.pdf": 40, "e.pdf": 1}
    arrive(inbox, with_files(sent, *((n, "application/pdf", b"x" * s) for n, s in sizes.items())))
    assert [left_out for *_, left_out in files_in(desk)] == [
        None, "file_too_large", "mail_too_large", "case_full", "too_many",
    ]  # fmt: skip
    shown = staff("success").get(case_url(desk)).text
    assert shown.count("not kept:") == 4
    assert shown.count("/attachments/") == 1


@pytest.mark.parametrize(
    ("whole", "broken"),
    [(b'filename="a.pdf"', b"filename*"), (b"application/pdf", b"application/pdf; name*")],
)
def test_a_broken_header_of_a_file_hides_nothing(desk, inbox, sent, whole, broken):
    reply = with_files(sent, ("a.pdf", "application/pdf", b"x")).as_bytes()
    assert whole in reply
    (inbox / "x.eml").write_bytes(reply.replace(whole, broken))
    arrive(inbox)
    assert bodies(desk)[1][2].startswith("Tuesday at 10.")
    assert [file[1:] for file in files_in(desk)] == [("application/pdf", 1, None)]


def test_a_mail_that_nobody_can_read_is_put_aside(desk, inbox, sent, monkeypatch):
    def fail(*_: Any) -> None:
        raise IndexError

    monkeypatch.setattr(receiving, "read_incoming", fail)
    arrive(inbox, answer_to(sent))
    assert [path.name for path in (inbox / "unmatched").iterdir()] == ["0.eml"]


def test_a_mail_that_is_cut_off_keeps_what_came_whole(sent):
    whole = with_files(sent, ("a.txt", "x/y", b"first"), ("b.txt", "x/y", b"second" * 99))
    message = message_from_bytes(whole.as_bytes()[:-100], policy=policy.default)
    first, second = attached_files.files_of(message, is_cut=True)
    assert (first.content, first.left_out) == (b"first", None)
    assert (second.size, second.content, second.left_out) == (None, None, "mail_too_large")
