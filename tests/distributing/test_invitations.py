"""Invitations: asked through the API, sent by a real mail server, answered, stopped."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from vocapp import outbox
from vocapp.authoring import queries as authoring_queries
from vocapp.authoring import service as authoring
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing import at_most_once, sending
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.models import Invitation, Suppression
from vocapp.mailing import Unclear
from vocapp.people.service import erase_contact


def state_of(api, invitation):
    return api.get(f"/api/v1/invitations/{invitation['id']}").json


def count(model):
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(model))


def pending(kind="mail"):
    with snapshot() as session:
        return list(session.scalars(select(outbox.Pending).where(outbox.Pending.kind == kind)))


def parts(message):
    return {part.get_content_subtype(): part.get_content() for part in message.iter_parts()}


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# --- asking -----------------------------------------------------------------------------


def test_an_invitation_is_due_at_once_and_has_a_link(api, invite):
    made = invite(contact={"name": "森 愛子", "locale": "ja"})
    assert made["state"] == "scheduled"
    assert made["reason"] is None
    assert "/e/" in made["link"]
    assert state_of(api, made) == made
    assert len(pending()) == 1


def test_an_answer_has_the_touchpoint_of_its_invitation(api, invite, monkeypatch):
    monkeypatch.setattr("surveys.holding.FASTEST", timedelta(0))
    made = invite(
        touchpoint=" onboarding done ",
        contact={"email": "aiko@example.com", "attributes": {"touchpoint": "of the person"}},
    )
    assert made["touchpoint"] == "onboarding done"
    path = path_of(made["link"])
    assert api.client.get(path).status_code == 200
    form = {"q-score": "9", "step": "score"}
    assert api.client.post(path, data=form).status_code == 200
    with snapshot() as session:
        (response,) = session.scalars(select(Response)).all()
    assert response.attributes["touchpoint"] == "onboarding done"


def test_a_retried_invitation_with_another_touchpoint_is_refused(api, invite):
    key = {"headers": {"Idempotency-Key": "one"}}
    body = {"survey": "nps", "contact": {"email": "a@example.com"}, "touchpoint": "renewal"}
    invite()  # makes the survey
    statuses = [
        api.post("/api/v1/invitations", body | change, **key).status_code
        for change in ({}, {}, {"touchpoint": "ticket closed"}, {"touchpoint": None})
    ]
    assert statuses == [201, 200, 409, 409]


def test_an_invitation_for_later_waits_until_then(api, invite, mail_server, send_mail):
    made = invite(send_at=(utcnow() + timedelta(hours=1)).isoformat())
    send_mail()
    assert mail_server.received == []
    assert state_of(api, made)["state"] == "scheduled"
    outbox.work_off("mail", now=utcnow() + timedelta(hours=2))
    assert len(mail_server.received) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"survey": "absent"}, "survey"),
        ({"contact": {}}, "contact"),
        ({"contact": {"email": "nobody"}}, "contact.email"),
        ({"contact": {"email": "a@example.com", "name": "A\r\nBcc: x@example.com"}}, "contact"),
        ({"channel": "sms"}, "channel"),
        ({"send_at": "2026-11-01T09:00:00"}, "send_at"),
        ({"send_at": 1}, "send_at"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(api, invite, change, field):
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}} | change
    answer = api.post("/api/v1/invitations", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field
    assert count(Invitation) == 0


def test_without_an_address_nothing_is_sent_and_the_answer_says_why(api, invite):
    body = {"survey": "nps", "contact": {"external_id": "u1"}}
    answer = api.post("/api/v1/invitations", body)
    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["reason"]) == ("not_sent", "no_email")
    assert pending() == []


def test_a_closed_survey_asks_nobody(api, invite):
    survey = authoring_queries.survey_by_key(api.workspace_id, "nps")
    authoring.close_survey(api.workspace_id, survey.id, now=utcnow())
    answer = api.post("/api/v1/invitations", {"survey": "nps", "contact": {"email": "a@b.c"}})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "survey"


def test_a_retried_request_with_its_key_is_one_invitation(api, invite):
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    headers = {"Idempotency-Key": "order-1"}
    first = api.post("/api/v1/invitations", body, headers=headers)
    again = api.post("/api/v1/invitations", body, headers=headers)
    body["contact"]["email"] = "ben@example.com"
    other = api.post("/api/v1/invitations", body, headers=headers)
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert first.json["id"] == again.json["id"]
    assert len(pending()) == 1


def test_another_workspace_does_not_see_an_invitation(api, invite, new_workspace, api_of, app):
    made = invite()
    stranger = api_of(app.test_client(), new_workspace("Other"))
    assert stranger.get(f"/api/v1/invitations/{made['id']}").status_code == 404
    body = {"survey": "nps", "contact": {"email": "a@example.com"}}
    assert stranger.post("/api/v1/invitations", body).status_code == 422


def test_somebody_who_was_forgotten_is_not_asked_again(api, invite, mail_server, send_mail):
    made = invite()
    erase_contact(api.workspace_id, UUID(made["contact"]["id"]), now=utcnow())
    send_mail()
    assert mail_server.received == []
    assert count(Invitation) == 0
    again = invite(status=200)
    assert (again["state"], again["reason"], again["id"]) == ("not_sent", "erased", None)


# --- the mail ---------------------------------------------------------------------------


def test_a_mail_arrives_with_both_parts_and_a_link_for_every_score(
    api, invite, mail_server, send_mail
):
    made = invite(contact={"name": "Aiko <b> & Co"})
    send_mail()
    ((recipients, message),) = mail_server.received
    assert recipients == ["aiko@example.com"]
    assert message.get_content_type() == "multipart/alternative"
    both = parts(message)
    for score in range(11):
        url = f"{made['link']}?score={score}"
        assert url in both["plain"]
        assert f'href="{url}"' in unescape(both["html"])
    assert "How likely are you to recommend us" in both["plain"]
    assert "Aiko &lt;b&gt; &amp; Co" in both["html"]
    assert "<script" not in both["html"]
    assert not re.search(r'(src|@import|url\()\s*=?\s*["(]?https?:', both["html"])
    assert '<html lang="en" dir="ltr"' in both["html"]
    assert 'name="color-scheme" content="light dark"' in both["html"]
    sent = state_of(api, made)
    assert sent["state"] == "sent"
    assert sent["sent_at"] is not None
    assert pending() == []


def test_the_headers_are_those_of_a_mail_that_may_be_stopped(
    app, api, invite, mail_server, send_mail, tmp_path
):
    app.config["SETTINGS"].inbox_url = f"file://{tmp_path}/inbox"
    made = invite()
    send_mail()
    (message,) = mail_server.messages
    assert message["Message-ID"] == f"<{made['id']}@127.0.0.1>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    uris = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
    assert uris[0].startswith("http")
    assert uris[1].startswith("mailto:survey@localhost")
    assert "aiko" not in uris[0]
    # As it travels: an encoded address would be no address to a mail program.
    assert f"List-Unsubscribe: <{uris[0]}>,\r\n <{uris[1]}>\r\n".encode() in mail_server.raw[0]
    assert message["From"].addresses[0].display_name == "Acme"
    assert message["Date"].datetime.tzinfo is not None


def test_an_address_to_stop_mails_is_offered_only_where_somebody_reads_it(
    invite, mail_server, send_mail
):
    invite()
    send_mail()
    (message,) = mail_server.messages
    assert re.fullmatch(r"<http[^<>]+/u/[^<>]+>", message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("name", ["髙橋 﨑子", "𠮷野家 ①号", "ｱｲｺ", "山田 太郎〜～"])
def test_japanese_people_get_japanese_mail_with_their_names_whole(
    api, invite, mail_server, send_mail, name
):
    api.patch("/api/v1/workspace", json={"name": "株式会社とても長い名前の工房" * 8})
    invite(contact={"name": name, "locale": "ja-JP"})
    send_mail()
    (message,) = mail_server.messages
    both = parts(message)
    workspace = "株式会社とても長い名前の工房" * 8
    assert message["Subject"] == f"【{workspace}】1分で終わるアンケートのお願い"
    assert message["To"].addresses[0].display_name == name
    assert f"{name} 様" in both["plain"]
    assert '<html lang="ja"' in both["html"]
    assert "すすめたい" in both["html"]
    raw = mail_server.raw[0]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(len(word) for word in re.findall(rb"=\?[^ ]+\?=", head)) <= 75


def test_a_workspace_name_cannot_add_headers(api, invite, mail_server, send_mail):
    api.patch("/api/v1/workspace", json={"name": "Acme\r\nBcc: all@example.com"})
    invite()
    send_mail()
    ((recipients, message),) = mail_server.received
    assert recipients == ["aiko@example.com"]
    assert message["Bcc"] is None


def test_an_old_japanese_mobile_address_is_written_to(api, invite, mail_server, send_mail):
    invite("a..b.@docomo.ne.jp")
    send_mail()
    assert [to for to, _ in mail_server.received] == [["a..b.@docomo.ne.jp"]]


@pytest.mark.parametrize(("kind", "points"), [("csat", range(1, 6)), ("ces", range(1, 8))])
def test_every_kind_of_scale_stands_in_the_mail(api, invite, mail_server, send_mail, kind, points):
    api.survey(kind, kind=kind)
    made = invite(survey=kind)
    send_mail()
    (message,) = mail_server.messages
    found = re.findall(r"\?score=(\d+)", parts(message)["html"])
    assert [int(score) for score in found] == list(points)
    assert f"{made['link']}?score={points[-1]}" in parts(message)["plain"]


def test_the_broken_text_of_a_survey_is_no_markup_in_the_mail(api, invite, mail_server, send_mail):
    api.survey("evil", questions=[{"key": "q", "kind": "nps", "text": "</p><script>{{7*7}}&"}])
    invite(survey="evil")
    send_mail()
    html = parts(mail_server.messages[0])["html"]
    assert "&lt;/p&gt;&lt;script&gt;{{7*7}}&amp;" in html


# --- at most once -----------------------------------------------------------------------


def test_a_mail_is_sent_once_however_often_the_work_is_rung(api, invite, mail_server, send_mail):
    invite()
    for _ in range(3):
        send_mail()
    assert len(mail_server.received) == 1


def test_a_worker_that_died_while_sending_leaves_unknown_and_no_second_mail(
    api, invite, mail_server, send_mail, monkeypatch
):
    made = invite()

    def die(*_):
        raise KeyboardInterrupt  # the process ends after the server took the text

    monkeypatch.setattr(at_most_once, "stored", die)
    with pytest.raises(KeyboardInterrupt):
        send_mail()
    monkeypatch.undo()
    assert state_of(api, made)["state"] == "sending"
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=1))
    send_mail()
    assert len(mail_server.received) == 1
    assert state_of(api, made)["state"] == "unknown"
    assert pending() == []


def test_a_worker_that_died_after_it_noted_what_was_sent_leaves_nothing_unknown(
    api, invite, mail_server, send_mail, monkeypatch
):
    made = [invite(f"p{number}@example.com") for number in range(3)]

    def die(*_):
        raise KeyboardInterrupt  # the process ends before the batch is stored

    monkeypatch.setattr(outbox, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        send_mail()
    monkeypatch.undo()
    assert {state_of(api, each)["state"] for each in made} == {"sent"}
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=1))
    for _ in made:  # rows whose worker died are worked off one by one
        send_mail()
    assert len(mail_server.received) == 3
    assert {state_of(api, each)["state"] for each in made} == {"sent"}
    assert pending() == []


def test_a_worker_that_died_before_the_text_leaves_unknown_too(
    api, invite, mail_server, send_mail, monkeypatch
):
    made = invite()
    begin = sending._Steps.begin

    def die(asked):
        begin(asked)
        raise KeyboardInterrupt

    monkeypatch.setattr(sending._Steps, "begin", die)
    with pytest.raises(KeyboardInterrupt):
        send_mail()
    monkeypatch.undo()
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=1))
    send_mail()
    assert mail_server.received == []
    assert state_of(api, made)["state"] == "unknown"


def test_a_slow_worker_and_its_successor_send_one_mail(api, invite, mail_server):
    made = invite()
    (row,) = pending()
    slow = sending._read(row.workspace_id, row.subject_id, now=utcnow())
    finishes = sending.send_invitations([row])
    with pytest.raises(at_most_once.NotWantedNow):
        sending._Steps(slow).begin()
    with transaction() as session:
        finishes[0](session)
    assert len(mail_server.received) == 1
    assert state_of(api, made)["state"] == "sent"


def test_no_reply_after_the_text_is_unknown_and_not_repeated(api, invite, mail_server, send_mail):
    mail_server.drop_after_text = True
    made = invite()
    for _ in range(2):
        send_mail()
    assert len(mail_server.received) == 1
    assert state_of(api, made)["state"] == "unknown"


@pytest.mark.parametrize("replies", [{"aiko@example.com": "451 4.2.0 later"}, {"data": "451 busy"}])
def test_a_server_that_says_later_gets_the_mail_later(api, invite, mail_server, send_mail, replies):
    mail_server.replies = replies
    made = invite()
    send_mail()
    assert state_of(api, made)["state"] == "scheduled"
    assert state_of(api, made)["reason"].startswith("retrying")
    mail_server.replies = {}
    outbox.work_off("mail", now=utcnow() + timedelta(minutes=1))
    assert len(mail_server.received) == 1
    assert (state_of(api, made)["state"], state_of(api, made)["reason"]) == ("sent", None)


@pytest.mark.parametrize("replies", [{"aiko@example.com": "451 4.2.0 later"}, {"data": "451 busy"}])
def test_a_mail_that_was_taken_at_no_attempt_ends_and_says_why(
    api, staff, invite, mail_server, send_mail, replies
):
    mail_server.replies = replies
    made, code = invite(), next(iter(replies)).replace("aiko@example.com", "recipient")
    with transaction() as session:
        session.execute(update(outbox.Pending).values(attempts=at_most_once.MOST_ATTEMPTS - 1))
    send_mail()
    told = state_of(api, made)
    said = f"{code.replace('data', 'text')}: 451"
    assert (told["state"], told["reason"]) == ("not_sent", f"given_up: {said}")
    assert pending() == []
    with snapshot() as session:
        (line,) = session.scalars(select(AskDecision))
    assert (line.outcome, line.reason) == ("not_asked", f"given_up: {said}")
    shown = staff("success").get("/surveys/nps/invitations").text
    assert f"It was not taken for about a day ({said})." in shown


def test_a_mail_whose_worker_died_at_the_last_attempt_is_ended_by_another(
    api, invite, mail_server, send_mail, monkeypatch
):
    made = invite()
    mail_server.replies = {"aiko@example.com": "451 4.2.0 later"}
    with transaction() as session:
        session.execute(update(outbox.Pending).values(attempts=at_most_once.MOST_ATTEMPTS - 1))

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(outbox, "_finish", die)
        dying.setattr(sending, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            send_mail()
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=1))
    send_mail()
    assert state_of(api, made)["state"] == "not_sent"
    assert pending() == []


def test_a_mail_that_another_worker_has_in_hand_is_looked_at_again(
    api, invite, mail_server, send_mail, monkeypatch
):
    """Its lease had ended, and then the server took nothing: the other row is all that is left."""
    made = invite()
    (row,) = pending()
    read = sending._read(row.workspace_id, row.subject_id, now=utcnow())
    another = sending._Steps(read)
    another.begin()
    with monkeypatch.context() as at_once:
        at_once.setattr(sending, "_read", lambda *_, **__: read)
        send_mail()
    another.again("text: 451")
    assert state_of(api, made)["state"] == "scheduled"
    outbox.work_off("mail", now=utcnow() + timedelta(hours=1))
    assert (state_of(api, made)["state"], len(mail_server.received)) == ("sent", 1)
    assert pending() == []


def test_a_worker_that_reached_no_server_takes_nothing_from_another_that_did(api, invite):
    """Its lease had ended while it waited for the server, and the other has the mail in hand."""
    made = invite()
    (row,) = pending()
    read = sending._read(row.workspace_id, row.subject_id, now=utcnow())
    late, other = sending._Steps(read), sending._Steps(read)
    other.begin()
    late.again("connecting: TimeoutError")
    with transaction() as session:
        other.sent()(session)
    assert (state_of(api, made)["state"], state_of(api, made)["reason"]) == ("sent", None)


def test_a_server_that_is_away_is_tried_again(api, app, invite, send_mail):
    app.config["SETTINGS"].mail_url = "smtp://127.0.0.1:9"  # nobody listens on discard
    made = invite()
    send_mail()
    (row,) = pending()
    assert (row.attempts, row.set_aside_at) == (1, None)
    assert row.due_at > utcnow()
    assert state_of(api, made)["state"] == "scheduled"


def test_a_refused_address_bounces_and_is_not_asked_again(api, invite, mail_server, send_mail):
    mail_server.replies = {"aiko@example.com": "550 5.1.1 no such user"}
    made = invite()
    other = invite("ben@example.com")
    send_mail()
    bounced = state_of(api, made)
    assert (bounced["state"], bounced["reason"]) == ("bounced", "550 5.1.1")
    assert bounced["bounced_at"] is not None
    assert state_of(api, other)["state"] == "sent"
    assert invite(status=200)["reason"] == "bounced"


def test_the_ledger_says_why_somebody_was_not_asked_in_the_words_of_the_invitation(any_api):
    any_api.survey()
    body = {"survey": "nps", "channel": "email", "contact": {"email": "aiko@example.com"}}
    made = any_api.post("/api/v1/invitations", body).json
    steps = sending.InvitationSteps(any_api.workspace_id, UUID(made["id"]), "aiko@example.com")
    with transaction() as session:
        steps.end("not_sent", reason="long " * 20)(session)
    told = state_of(any_api, made)["reason"]
    assert told == ("long " * 20)[:60]
    with snapshot() as session:
        assert session.scalars(select(AskDecision.reason)).all() == [told]


def test_a_refusal_that_is_not_the_addresss_fault_suppresses_nobody(
    api, invite, mail_server, send_mail
):
    mail_server.replies = {"aiko@example.com": "550 5.7.1 policy"}
    made = invite()
    send_mail()
    assert state_of(api, made)["state"] == "bounced"
    assert count(Suppression) == 0


def test_an_unclear_end_is_told_from_a_refusal(api, invite, send_mail, monkeypatch):
    class Lost:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def send(self, message, *, to=None, on_data=None):
            on_data()
            raise Unclear("no reply: timeout")

    monkeypatch.setattr(at_most_once, "open_mailer", lambda _: Lost())
    made = invite()
    send_mail()
    assert (state_of(api, made)["state"], state_of(api, made)["reason"]) == (
        "unknown",
        "no reply: timeout",
    )


# --- answering and stopping -------------------------------------------------------------


def test_an_answer_to_the_mail_is_seen_on_the_invitation(api, invite, mail_server, send_mail):
    made = invite()
    send_mail()
    answer = api.client.post(f"{path_of(made['link'])}?score=3", data={"q-score": "3"})
    assert answer.status_code == 200
    send_mail()
    shown = state_of(api, made)
    assert (shown["state"], shown["answered_at"] is not None) == ("answered", True)
    stored = api.get(f"/api/v1/responses/{made['id']}").json
    assert (stored["score"], stored["contact"]["email"]) == (3, "aiko@example.com")


def test_all_links_of_a_mail_may_be_opened_by_a_scanner(
    api, invite, mail_server, send_mail, digest_of_tables
):
    invite()
    send_mail()
    html = unescape(parts(mail_server.messages[0])["html"])
    links = set(re.findall(r'href="(http[^"]+)"', html))
    assert len(links) == 14  # eleven scores, the page, unsubscribing, one that nobody sees
    before = digest_of_tables("outbox", "link_fetch")
    for link in links:
        for method in ("HEAD", "GET", "OPTIONS"):
            with api.client.open(path_of(link), method=method) as page:
                assert page.status_code == (204 if "/more" in link and method != "OPTIONS" else 200)
    assert digest_of_tables("outbox", "link_fetch") == before
    assert count(Response) == 0
    before = digest_of_tables("outbox", "invitation")
    while outbox.work_off("seen", now=utcnow()):
        pass
    assert digest_of_tables("outbox", "invitation") == before
    with snapshot() as session:
        (shown,) = session.scalars(select(Invitation))
    assert (shown.state, shown.answered_at, shown.clicked_at is None) == ("sent", None, False)


def test_the_first_time_a_page_was_fetched_is_kept_and_stands_in_the_funnel(
    api, invite, mail_server, send_mail
):
    made = invite()
    send_mail()
    assert api.get("/api/v1/surveys/nps/funnel").json["unknown"] == ["opened", "started"]
    seen = []
    for _ in range(2):
        with api.client.get(path_of(made["link"])):
            pass
        outbox.work_off("seen", now=utcnow())
        seen.append(api.get(f"/api/v1/invitations/{made['id']}").json["clicked_at"])
    assert seen[0] == seen[1] is not None
    funnel = api.get("/api/v1/surveys/nps/funnel").json
    counts = {stage["name"]: stage["count"] for stage in funnel["stages"]}
    assert counts == {"invited": 1, "delivered": 1, "started": 1, "answered": 0}
    assert funnel["unknown"] == ["opened"]


def test_one_click_stops_mail_and_opening_the_link_does_not(
    api, app, invite, mail_server, send_mail, digest_of_tables
):
    waiting = invite(send_at=(utcnow() + timedelta(hours=1)).isoformat())
    invite()
    send_mail()
    header = mail_server.messages[0]["List-Unsubscribe"]
    path = path_of(re.findall(r"<(http[^>]+)>", header)[0])
    stranger = app.test_client()
    before = digest_of_tables()
    shown = stranger.get(path)
    assert "Stop e-mails like this from Acme?" in shown.text
    assert digest_of_tables() == before
    for _ in range(2):
        done = stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, "Location" in done.headers) == (200, False)
    assert "no more such e-mails from Acme" in done.text
    assert count(Suppression) == 1
    assert invite("AIKO@example.com ", status=200)["reason"] == "unsubscribed"
    outbox.work_off("mail", now=utcnow() + timedelta(hours=2))
    assert len(mail_server.received) == 1
    assert state_of(api, waiting)["reason"] == "unsubscribed"


def test_stopping_mail_survives_the_persons_erasure_as_a_hash(api, invite, mail_server, send_mail):
    made = invite()
    send_mail()
    header = mail_server.messages[0]["List-Unsubscribe"]
    path = path_of(re.findall(r"<(http[^>]+)>", header)[0])
    erase_contact(api.workspace_id, UUID(made["contact"]["id"]), now=utcnow())
    assert api.client.post(path).status_code == 200
    with snapshot() as session:
        (row,) = session.scalars(select(Suppression))
    assert "aiko" not in row.address_digest


@pytest.mark.parametrize("path", ["/u/none", "/u/W10.x"])
def test_an_unknown_unsubscribe_link_leads_nowhere(api, path):
    assert api.client.get(path).status_code == 404
    assert api.client.post(path).status_code == 404
    assert count(Suppression) == 0


def test_tokens_open_only_what_they_were_made_for(api, invite):
    token = path_of(invite()["link"]).removeprefix("/e/")
    assert api.client.get(f"/u/{token}").status_code == 404


def test_the_mail_has_the_look_of_its_survey(api, invite, mail_server, send_mail):
    invite()
    look = {"colour": "#ffd400", "dark_colour": "#ffe566", "corners": "square", "font": "serif"}
    assert api._call("PUT", "/api/v1/surveys/nps/look", json=look).status_code == 200
    send_mail()
    html = parts(mail_server.received[0][1])["html"]
    assert html.count("border:1px solid #b19200;border-radius:0px") == 11
    assert html.count("line-height:42px;color:#8d7400") == 11
    assert "'Hiragino Mincho ProN'" in html
    dark = html[html.index("prefers-color-scheme: dark") :]
    assert "border-color: #ffe566 !important" in dark
    assert ".key { color: #ffe566 !important" in dark
