"""What comes back to the mail of a survey: replies, mails that did not arrive, complaints."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

import pytest
from PIL import Image
from sqlalchemy import select

from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.receiving import INBOX, LOOK_EVERY
from vocapp.following_up.models import FollowUp
from vocapp.following_up.writing.models import CaseMail

ADDRESS = "mori@example.jp"


class Survey:
    """One person was asked by e-mail; `arrive` puts what comes back into the mailbox."""

    def __init__(self, api: Any, folder: Any) -> None:
        self.api, self.inbox, self.mails = api, folder / "inbox", folder / "mail"
        self.inbox.mkdir()

    def ask(self, **survey: Any) -> Survey:
        self.api.survey(**survey)
        contact = {"email": ADDRESS, "name": "森 愛子", "locale": "ja"}
        body = {"survey": "nps", "channel": "email", "contact": contact,
                "account": {"external_id": "acme"}}  # fmt: skip
        answer = self.api.post("/api/v1/invitations", body)
        assert answer.status_code == 201, answer.text
        self.id = answer.json["id"]
        outbox.work_off("mail", now=utcnow())
        (path,) = self.mails.glob("*.eml")
        self.sent = message_from_bytes(path.read_bytes(), policy=policy.default)
        return self

    def answer(self, score: int, comment: str | None = None) -> None:
        said = {"score": score} | ({"comment": comment} if comment else {})
        self.api.respond(id=self.id, contact={"email": ADDRESS}, **said)

    def reply(self, text: str, number: int = 1, **headers: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Mori <{ADDRESS}>", str(self.sent["From"])
        mail["Subject"] = f"Re: {self.sent['Subject']}"
        mail["Message-ID"] = f"<reply-{number}@example.jp>"
        mail["In-Reply-To"] = mail["References"] = str(self.sent["Message-ID"])
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(f"{text}\n\n2026年11月1日(日) 10:00 Acme <survey@acme.example>:\n> 質問\n")
        return mail

    def report(self, kind: str, body: str) -> bytes:
        return (
            f'From: reports@example.jp\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n'
            f"--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n"
            f"--b\r\nContent-Type: message/{kind}\r\n\r\n{body}\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
            f"Message-ID: {self.sent['Message-ID']}\r\n\r\n--b--\r\n"
        ).encode()

    def arrive(self, *mails: EmailMessage | bytes) -> None:
        for number, mail in enumerate(mails):
            content = mail if isinstance(mail, bytes) else mail.as_bytes()
            (self.inbox / f"{number}.eml").write_bytes(content)
        outbox.work_off(INBOX, now=utcnow() + LOOK_EVERY)

    @property
    def comment(self) -> Any:
        return self.api.get(f"/api/v1/responses/{self.id}").json["comment"]

    @property
    def state(self) -> tuple[str, str | None]:
        row = self.api.get(f"/api/v1/invitations/{self.id}").json
        return row["state"], row["reason"]


@pytest.fixture
def survey(app, api, tmp_path):
    settings = app.config["SETTINGS"]
    settings.inbox_url, settings.mail_from = f"file://{tmp_path}/inbox", "survey@acme.example"
    return Survey(api, tmp_path)


def rows(model):
    with snapshot() as session:
        return list(session.scalars(select(model)))


def said_in_case():
    (reply,) = [row for row in rows(CaseMail) if row.direction == "in"]
    return reply.body


def test_a_reply_becomes_the_comment_and_a_second_one_stands_below_it(survey):
    survey.ask().answer(3)
    first = survey.reply("画面が遅いです。")
    survey.arrive(first, first)
    assert survey.comment == "画面が遅いです。"
    survey.arrive(survey.reply("料金も高いです。", 2))
    assert survey.comment == "画面が遅いです。\n\n料金も高いです。"
    assert rows(CaseMail) == []
    assert list(survey.inbox.glob("*.eml")) == []


def with_picture(mail: EmailMessage, width: int, height: int) -> EmailMessage:
    """The same reply with a picture within its text, as mail programs put it there."""
    held = BytesIO()
    Image.new("RGB", (width, height)).save(held, "PNG")
    mail.add_alternative('<p>…</p><img src="cid:image001">', subtype="html")
    mail.get_body(("html",)).add_related(
        held.getvalue(), "image", "png", cid="<image001>", filename="image001.png",
        disposition="inline",
    )  # fmt: skip
    return mail


@pytest.mark.parametrize(("size", "cases"), [((480, 160), 0), ((200, 60), 0), ((1200, 800), 1)])
def test_the_logo_of_a_signature_is_no_file_but_a_screenshot_is(survey, size, cases):
    survey.ask().answer(9)
    survey.arrive(with_picture(survey.reply("画面が遅いです。"), *size))
    assert survey.comment == "画面が遅いです。"
    assert len({row.follow_up_id for row in rows(CaseMail)}) == cases


def test_a_comment_that_was_typed_on_the_page_stays(survey):
    survey.ask().answer(3, "遅い")
    survey.arrive(survey.reply("追記です。"))
    assert survey.comment == "遅い\n\n追記です。"
    survey.arrive(survey.reply("追記", 2))  # also where its words stand in it already
    assert survey.comment == "遅い\n\n追記です。\n\n追記"


def test_a_reply_without_a_score_opens_a_case_that_shows_what_was_asked_but_no_link(survey, staff):
    survey.ask()
    mail = survey.reply("点数では答えられません。電話をください。")
    survey.arrive(mail, mail)
    (case,) = rows(FollowUp)
    assert (case.response_id, case.state) == (None, "open")
    asked, said = sorted(rows(CaseMail), key=lambda row: row.direction != "out")
    assert said.body.startswith("点数では答えられません。")
    assert "森 愛子 様" in asked.body
    assert "http" not in asked.body
    browser = staff("success")
    assert str(case.id) in browser.get("/follow-ups?owner=all&q=森").text
    assert str(case.id) not in browser.get("/follow-ups?owner=all&q=林").text
    (invitation,) = rows(Invitation)
    assert invitation.replied_at is not None


@pytest.mark.parametrize("answered", [True, False])
def test_links_of_its_recipient_are_taken_out_of_what_a_reply_quotes(survey, answered):
    """In a language whose quotations are not told from what is new."""
    survey.ask()
    if answered:
        survey.answer(3)
    asked = survey.sent.get_body(("plain",)).get_content()
    watched = f"https://watch.example/?url={quote(re.search(r'http.+', asked)[0], safe='')}"
    survey.arrive(survey.reply(f"Rufen Sie mich an.\n\nVon: Acme\n{asked}\n{watched}\n"))
    said = survey.comment if answered else said_in_case()
    assert said.startswith("Rufen Sie mich an.")
    assert "数字を選ぶとページが開きます" in said
    assert "https://watch.example/?url=…" in said
    assert [word for word in said.split() if "/e/" in word or "%2Fe%2F" in word] == []
    assert "/u/" not in said


def test_of_a_confidential_survey_no_case_says_who_wrote(survey):
    survey.ask(confidential=True)
    survey.arrive(survey.reply("言いにくいことですが。"))
    assert rows(FollowUp) == []
    assert len(list((survey.inbox / "unmatched").iterdir())) == 1


def test_whoever_is_away_has_not_answered(survey):
    survey.ask().answer(9)
    survey.arrive(survey.reply("休暇中です。", Auto_Submitted="auto-replied"))
    assert survey.comment is None
    assert rows(Invitation)[0].replied_at is None


def test_a_mail_that_comes_back_later_is_told_and_a_bad_address_is_not_written_to_again(survey):
    survey.ask()
    report = survey.report(
        "delivery-status",
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {ADDRESS}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n",
    )
    survey.arrive(report, report)
    assert survey.state == ("bounced", "5.1.1")
    assert [row.kind for row in rows(Suppression)] == ["bounced"]


@pytest.mark.parametrize(("kind", "suppressed"), [("abuse", ["complained"]), ("not-spam", [])])
def test_whoever_calls_it_spam_is_not_written_to_again(survey, kind, suppressed):
    survey.ask()
    survey.arrive(
        survey.report(
            "feedback-report", f"Feedback-Type: {kind}\r\nUser-Agent: x/1\r\nVersion: 1\r\n"
        )
    )
    assert [row.kind for row in rows(Suppression)] == suppressed
    assert rows(FollowUp) == []
    again = survey.api.post(
        "/api/v1/invitations", {"survey": "nps", "channel": "email", "contact": {"email": ADDRESS}}
    ).json
    assert again["reason"] == (suppressed[0] if suppressed else None)


def wish(survey: Survey, subject: str = "") -> EmailMessage:
    """What a mail program sends that stops mails by the address in `List-Unsubscribe`."""
    (address,) = re.findall(r"<mailto:([^>]+)>", survey.sent["List-Unsubscribe"])
    to, _, asked = address.partition("?subject=")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = ADDRESS, to, "<wish@example.jp>"
    mail["Subject"] = subject or unquote(asked)
    mail.set_content("")
    return mail


def test_whoever_stops_mails_by_a_mail_is_not_written_to_again(survey):
    survey.ask()
    mail = wish(survey)
    survey.arrive(mail, mail)
    assert [row.kind for row in rows(Suppression)] == ["unsubscribed"]
    assert rows(FollowUp) == []
    assert list(survey.inbox.glob("**/*.eml")) == []


def test_what_only_says_unsubscribe_or_comes_back_stops_nothing(survey):
    survey.ask()
    made_up = wish(survey, "unsubscribe made-up.token")
    quoted = wish(survey, f"Re: {wish(survey)['Subject']}")
    report = survey.report("delivery-status", "Action: failed\r\nStatus: 4.0.0\r\n").decode()
    survey.arrive(made_up, quoted, f"Subject: {wish(survey)['Subject']}\r\n{report}".encode())
    assert rows(Suppression) == []
    assert len(list((survey.inbox / "unmatched").iterdir())) == 2


def test_a_mail_about_nothing_of_ours_is_put_aside(survey):
    survey.ask()
    strange = survey.reply("Hello")
    for name in ("In-Reply-To", "References"):
        strange.replace_header(name, "<01a229bd-2a61-72fe-8f86-f0821ba00000@elsewhere.example>")
    survey.arrive(strange)
    assert rows(FollowUp) == []
    assert len(list((survey.inbox / "unmatched").iterdir())) == 1
