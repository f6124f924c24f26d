"""What a provider of mail tells by its webhook of mails that came back or were called spam."""

from __future__ import annotations

from base64 import b64encode

import pytest
from sqlalchemy import select

from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.distributing.models import Suppression

ADDRESS = "mori@example.jp"


@pytest.fixture
def app(any_database):
    return any_database


@pytest.fixture
def sent(api, invite, mail_server):
    """The id of an invitation whose mail is out, and its Message-ID."""
    made = invite(ADDRESS)
    outbox.work_off("mail", now=utcnow())
    (message,) = mail_server.messages
    return made["id"], message["Message-ID"]


def tell(api, *reports):
    answer = api.post("/api/v1/mail-reports", {"reports": list(reports)})
    assert answer.status_code == 200, answer.text
    return answer.json


def suppressed():
    with snapshot() as session:
        query = select(Suppression.kind).execution_options(voc_all_workspaces=True)
        return session.scalars(query).all()


def whole(message_id, kind, *body):
    """A report as it stands in a mailbox."""
    lines = [
        'Content-Type: multipart/report; boundary="b"', "",
        "--b", f"Content-Type: message/{kind}", "", *body, "",
        "--b", "Content-Type: text/rfc822-headers", "", f"Message-ID: {message_id}", "", "--b--",
    ]  # fmt: skip
    return {"type": "report", "raw": b64encode("\r\n".join(lines).encode()).decode()}


def state(api, invitation_id):
    row = api.get(f"/api/v1/invitations/{invitation_id}").json
    return row["state"], row["reason"]


def test_a_bad_address_is_told_and_not_written_to_again(api, invite, sent):
    told = {"type": "bounced", "message_id": sent[1], "status": "5.1.1"}
    for _ in range(2):
        assert tell(api, told) == {"taken": 1, "left_aside": 0, "rejected": []}
    assert state(api, sent[0]) == ("bounced", "5.1.1")
    assert suppressed() == ["bounced"]
    assert invite(ADDRESS, status=200)["reason"] == "bounced"


def test_what_came_back_for_another_reason_bars_nobody(api, sent):
    assert tell(api, {"type": "bounced", "message_id": sent[1].strip("<>")})["taken"] == 1
    assert state(api, sent[0]) == ("bounced", "5.0.0")
    assert suppressed() == []


def test_whoever_calls_a_mail_spam_is_not_written_to_again(api, sent):
    assert tell(api, {"type": "complained", "message_id": sent[1]})["taken"] == 1
    assert state(api, sent[0])[0] == "sent"
    assert suppressed() == ["complained"]


@pytest.mark.parametrize(
    ("kind", "body", "taken", "barred"),
    [
        ("delivery-status", ["Reporting-MTA: dns; mx", "", "Action: failed", "Status: 5.1.1"], 1,
         ["bounced"]),
        ("delivery-status", ["Reporting-MTA: dns; mx", "", "Action: delayed", "Status: 4.4.1"], 0,
         []),
        ("feedback-report", ["Feedback-Type: abuse"], 1, ["complained"]),
        ("feedback-report", ["Feedback-Type: not-spam"], 0, []),
    ],
)  # fmt: skip
def test_reports_are_taken_as_they_come(api, sent, kind, body, taken, barred):
    found = tell(api, whole(sent[1], kind, *body))
    assert (found["taken"], found["left_aside"]) == (taken, 1 - taken)
    assert suppressed() == barred


def test_a_reply_is_no_report(api, sent):
    mail = f"From: {ADDRESS}\r\nIn-Reply-To: {sent[1]}\r\n\r\nIt is slow.\r\n"
    raw = b64encode(mail.encode()).decode()
    assert tell(api, {"type": "report", "raw": raw})["left_aside"] == 1


def test_of_mails_of_another_workspace_nobody_tells(api, sent, new_workspace, api_of, app):
    other = api_of(app.test_client(), new_workspace("Other"))
    reports = [
        {"type": "bounced", "message_id": sent[1], "status": "5.1.1"},
        {"type": "complained", "message_id": sent[1]},
        whole(sent[1], "feedback-report", "Feedback-Type: abuse"),
        {"type": "complained", "message_id": "<nobody@elsewhere.example>"},
    ]
    assert tell(other, *reports) == {"taken": 0, "left_aside": 4, "rejected": []}
    assert state(api, sent[0])[0] == "sent"
    assert suppressed() == []


def test_each_wrong_report_is_named_and_the_others_are_taken(api, sent):
    found = tell(
        api,
        {"type": "opened", "message_id": sent[1]},
        {"type": "bounced", "message_id": sent[1], "status": "2.0.0"},
        {"type": "complained", "message_id": "<a\u0000b>"},
        {"type": "report", "raw": "x"},
        "text",
        {"type": "complained", "message_id": sent[1]},
    )
    assert found["taken"] == 1
    assert [each["index"] for each in found["rejected"]] == [0, 1, 2, 3, 4]
    fields = [each["field"] for each in found["rejected"]]
    assert fields == ["body", "bounced.status", "message_id", "report.raw", "body"]
    assert suppressed() == ["complained"]


def test_only_the_secret_key_tells(app, api):
    answer = app.test_client().post("/api/v1/mail-reports", json={"reports": [{}]})
    assert answer.status_code == 401
