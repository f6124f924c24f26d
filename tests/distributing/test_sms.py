"""A survey by text message: once on the telephone, never against the person's wish."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from surveys.sms_text import fill, parts_of, wish_in
from tests.collecting.test_pages import press
from tests.distributing.sms_provider import TOKEN, listening
from vocapp import outbox
from vocapp.collecting.holding import let_count
from vocapp.collecting.models import HeldAnswer, Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.campaigns import stopping
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.sms import sending as sms_sending
from vocapp.distributing.sms.models import TextMessage, TextProvider
from vocapp.distributing.sms.sending import MOST_ATTEMPTS
from vocapp.distributing.sms.settings import save_provider
from vocapp.outbox import Pending
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.reach import WHOLE_WORKSPACE

ANN = {"external_id": "ann", "name": "Ann Lee", "phone": "+819012345678", "locale": "en"}


@pytest.fixture
def provider(app, api, monkeypatch):
    """A provider that is set up for the workspace; the survey "nps" is there."""
    api.survey()
    with listening() as found:
        settings = app.config["SETTINGS"]
        allowed = urlsplit(found.url).netloc
        monkeypatch.setitem(
            app.config, "SETTINGS", settings.model_copy(update={"outgoing_allow": allowed})
        )
        save_provider(
            api.workspace_id, url=found.url, token=TOKEN, sender="Acme",
            actor_user_id=api.workspace.user_id, now=utcnow(),
        )  # fmt: skip
        yield found


@pytest.fixture
def ask(api, provider):
    """Asks somebody by text message."""

    def work(contact=ANN, *, status=201, **fields):
        body = {"survey": "nps", "channel": "sms", "contact": contact} | fields
        answer = api.post("/api/v1/invitations", body)
        assert answer.status_code == status, answer.text
        return answer.json

    return work


@pytest.fixture
def send(api):
    """Works off what is due, and what waits for another attempt, as long as there is any."""

    def work(*, times: int = 1, at: datetime | None = None) -> None:
        for _ in range(times):
            with transaction() as session:
                session.execute(
                    update(Pending)
                    .where(Pending.workspace_id == api.workspace_id, Pending.kind == "sms")
                    .values(due_at=utcnow())
                )
                session.execute(
                    update(TextProvider)
                    .where(TextProvider.workspace_id == api.workspace_id)
                    .values(wait_until=None)
                )
            outbox.work_off("sms", now=at or utcnow())

    return work


@pytest.fixture
def hook(api, provider):
    """Posts what a provider tells, signed as it should be unless told otherwise."""

    def post(*items, secret=None, at=None):
        with snapshot() as session:
            row = session.scalars(
                select(TextProvider).where(TextProvider.workspace_id == api.workspace_id)
            ).one()
        body = json.dumps(items[0] if len(items) == 1 else items).encode()
        seconds = str(int((at or utcnow()).timestamp()))
        key = (secret or row.hook_secret).encode()
        digest = hmac.new(key, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return api.client.post(
            f"/hooks/text-messages/{row.hook_id}", data=body,
            headers={"Voc-Signature": f"t={seconds},v1={digest}",
                     "Content-Type": "application/json"},
        )  # fmt: skip

    return post


def rows(model):
    with snapshot() as session:
        return session.scalars(select(model)).all()


def state(api, told):
    shown = api.get(f"/api/v1/invitations/{told['id']}").json
    return shown["state"], shown["reason"]


def link_in(text):
    """The path of the first address in a message."""
    return urlsplit(re.search(r"https?://\S+", text).group()).path


def test_an_answer_may_say_that_it_came_by_text_message(any_api):
    any_api.survey()
    assert any_api.respond(score=9, channel="sms").status_code == 201
    assert any_api.respond(score=9, channel="pigeon").status_code == 422


# --- counting and words -----------------------------------------------------------------------


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_parts_hold_all_of_a_text_and_no_fewer_would(text):
    found = parts_of(text)
    alone, joined = (160, 153) if found.alphabet == "gsm" else (70, 67)
    assert (found.parts == 0) == (text == "")
    assert (found.parts <= 1) == (found.units <= alone)
    if found.parts > 1:
        # At most one unit at the end of each part is lost to a character that takes two.
        assert found.units <= found.parts * joined
        assert found.units > (found.parts - 1) * (joined - 1)
    if found.alphabet == "unicode":
        assert found.units == len(text.encode("utf-16-le")) // 2


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_put_in_is_not_looked_into_again(name, workspace):
    filled = fill("{link} {name|x} {workspace}", {
        "name": name, "workspace": workspace, "link": "https://a.example/t/1",
    })  # fmt: skip
    assert filled.count("https://a.example/t/1") == 1 + (name + workspace).count("https://a.ex")
    assert "\n" not in filled


@pytest.mark.parametrize(
    ("text", "wish"),
    [("STOP", "stop"), ("stop.", "stop"), ("Ｓｔｏｐ！", "stop"), ("配信停止", "stop"),
     ("停止。", "stop"), ("opt-out", "stop"), ("再開", "start"), ("UNSTOP", "start"),
     ("Please stop 🙏", "stop"), ("Stop, please!", "stop"), ("停止してください", "stop"),
     ("配信停止をお願いいたします。", "stop"), ("配信を停止して下さい", "stop"),
     ("停止希望", "stop"),
     ("停止しないでください", None), ("キャンセルできますか", None), ("解除不要", None),
     ("please stop by tomorrow", None), ("停止ボタンが動きません", None), ("", None)],
)  # fmt: skip
def test_a_wish_is_a_message_that_says_nothing_else(text, wish):
    assert wish_in(text) == wish


# --- once on the telephone ----------------------------------------------------------------------


def test_a_message_arrives_with_a_link_that_leads_to_the_survey(api, ask, send, provider):
    told = ask()
    assert told["state"] == "scheduled"
    send()
    ((number, text),) = provider.texts
    assert number == "+819012345678"
    assert "Acme" in text or "one short question" in text
    assert state(api, told) == ("sent", None)
    sent = provider.requests[0]
    assert (sent["from"], sent["reference"]) == ("Acme", told["id"])
    assert sent["headers"]["Idempotency-Key"] == told["id"]
    onward = api.client.get(link_in(text))
    assert onward.status_code == 303
    assert onward.headers["Cache-Control"] == "no-store"
    assert api.client.get(urlsplit(onward.headers["Location"]).path).status_code == 200


def test_looking_at_a_link_counts_nothing_and_its_answer_says_by_what_it_came(api, ask, send,
                                                                             provider):  # fmt: skip
    ask(touchpoint="onboarding")
    send()
    path = link_in(provider.texts[0][1])
    for _ in range(3):  # the telephone makes a preview, a scanner looks, the person opens it
        page_path = urlsplit(api.client.get(path).headers["Location"]).path
        page = api.client.get(page_path)
        api.client.head(path)
    assert rows(Response) == []
    press(api.client, page_path, page, "score", score="9")
    (held,) = rows(HeldAnswer)  # faster than anybody reads
    assert held.channel == "sms"
    let_count(api.workspace_id, [held.id], reach=WHOLE_WORKSPACE, actor_user_id=None, now=utcnow())
    (answer,) = rows(Response)
    assert (answer.score, answer.channel) == (9, "sms")
    assert answer.attributes["touchpoint"] == "onboarding"


@pytest.mark.parametrize(
    "script", [[500], [503, 500], [("wait", 30)], [429, 401], ["hang"], ["take_and_hang"],
               ["take_and_hang", 500], [502, 500]],
    ids=str,
)  # fmt: skip
def test_whatever_a_provider_does_a_message_arrives_once(api, ask, send, provider, script,
                                                         monkeypatch):  # fmt: skip
    provider.script = list(script)
    told = ask()
    with monkeypatch.context() as hurried:
        if {"hang", "take_and_hang"} & set(script):
            hurried.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
        send(times=len(script))
    may_be_out = {"hang", "take_and_hang", 502} & set(script)
    assert state(api, told)[0] == ("sending" if may_be_out else "scheduled")
    send()
    assert state(api, told) == ("sent", None)
    assert len(provider.texts) == 1
    assert {each["reference"] for each in provider.requests} == {told["id"]}
    assert len({each["text"] for each in provider.requests}) == 1  # the same link, too
    (message,) = rows(TextMessage)
    assert (message.provider_id, message.parts) == (f"m-{told['id'][:8]}", 1)


def test_a_provider_is_left_alone_as_long_as_it_asks_for(api, ask, send, provider):
    provider.script = [("wait", 1800)]
    ask()
    send()
    (pending,) = [row for row in rows(Pending) if row.kind == "sms"]
    assert timedelta(minutes=29) < pending.due_at - utcnow() <= timedelta(minutes=30)
    assert pending.set_aside_at is None
    assert rows(TextProvider)[0].trouble == "HTTP 429"
    send()
    assert rows(TextProvider)[0].trouble is None


@pytest.mark.parametrize(
    ("step", "seconds", "tried"), [(("wait", 1800), 1800, "scheduled"), ("hang", 30, "sending")]
)
def test_nobody_asks_a_provider_that_is_to_be_left_alone(
    api, ask, send, provider, monkeypatch, step, seconds, tried
):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = [step]
    ask()
    ask(ANN | {"external_id": "ben"})
    send()
    ask(ANN | {"external_id": "cem"})  # comes while it is left alone
    outbox.work_off("sms", now=utcnow())
    assert len(provider.requests) == 1
    states = sorted(row.state for row in rows(Invitation))
    assert states == ["scheduled", "scheduled", tried]  # what nobody has can be paused
    waits = [row.due_at - utcnow() for row in rows(Pending) if row.kind == "sms"]
    almost = timedelta(seconds=seconds - 5)
    assert sum(almost < wait <= timedelta(seconds=seconds) for wait in waits) >= 2


def test_a_provider_that_is_silent_is_asked_once_and_the_others_wait(
    api, ask, send, provider, monkeypatch
):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = ["hang"]
    for name in ("ann", "ben", "cem"):
        ask(ANN | {"external_id": name})
    send()
    assert len(provider.requests) == 1
    assert {row.attempts for row in rows(Pending) if row.kind == "sms"} <= {0, 1}
    send()
    assert len(provider.texts) == 3


def test_the_messages_of_a_provider_that_is_left_alone_hold_up_no_other_workspace(
    api, api_of, new_workspace, ask, provider, monkeypatch
):
    by_two = replace(outbox._registry.kinds["sms"], batch=2)
    monkeypatch.setitem(outbox._registry.kinds, "sms", by_two)
    for name in ("ann", "ben", "cem", "dan"):
        ask(ANN | {"external_id": name})
    with transaction() as session:
        session.execute(update(TextProvider).values(wait_until=utcnow() + timedelta(minutes=1)))
    for _ in range(2):
        outbox.work_off("sms", now=utcnow())
    with transaction() as session:  # the minute is over, and it is left alone for another
        session.execute(update(Pending).where(Pending.kind == "sms").values(due_at=utcnow()))
    other = api_of(api.client, new_workspace())
    other.survey()
    save_provider(
        other.workspace_id, url=provider.url, token=TOKEN, sender="Other",
        actor_user_id=other.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    fresh = {"survey": "nps", "channel": "sms", "contact": ANN | {"phone": "+12015550123"}}
    assert other.post("/api/v1/invitations", fresh).status_code == 201
    outbox.work_off("sms", now=utcnow())
    assert [number for number, _ in provider.texts] == ["+12015550123"]


def test_what_happens_between_handing_over_and_noting_it_does_not_send_twice(
    api, ask, send, provider, monkeypatch
):
    told = ask()
    with monkeypatch.context() as broken:
        broken.setattr("vocapp.distributing.sms.sending.note_trouble", lambda *_a, **_m: 1 / 0)
        send()
    assert state(api, told)[0] == "sending"
    send()
    assert state(api, told) == ("sent", None)
    assert (len(provider.requests), len(provider.texts)) == (2, 1)


def test_a_message_that_one_worker_had_taken_is_sent_whatever_another_heard(
    api, ask, send, provider, monkeypatch
):
    told, hand_over = ask(), sms_sending.hand_over

    def another_was_refused(*args, **kwargs):
        provider_id = hand_over(*args, **kwargs)
        with transaction() as session:
            session.execute(
                update(Invitation).values(state="scheduled", reason="retrying: HTTP 503")
            )
        return provider_id

    monkeypatch.setattr(sms_sending, "hand_over", another_was_refused)
    send()
    assert state(api, told) == ("sent", None)
    assert [row for row in rows(Pending) if row.kind == "sms"] == []


def test_who_says_stop_while_nobody_knows_whether_a_message_is_out_gets_it_no_more(
    api, ask, send, hook, provider, monkeypatch
):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = ["hang"]
    told = ask()
    send()
    hook({"type": "reply", "from": ANN["phone"], "text": "STOP"})
    send()
    assert state(api, told) == ("unknown", "unsubscribed")
    assert provider.texts == []


def refuses(_connection):
    raise ConnectionRefusedError


@pytest.mark.parametrize(
    ("step", "ends", "said", "outcome"),
    [(503, "not_sent", "HTTP 503", "not_asked"), (401, "not_sent", "not_let_in", "not_asked"),
     ("away", "not_sent", "ConnectionRefusedError", "not_asked"),
     (504, "unknown", "HTTP 504", "asked"), ("hang", "unknown", "no_answer", "asked")],
)  # fmt: skip
def test_a_message_that_was_taken_at_no_attempt_ends_and_says_why(
    api, staff, ask, send, provider, monkeypatch, step, ends, said, outcome
):
    if step == "hang":
        monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    told = ask()
    provider.script = [step]
    with transaction() as session:
        waiting = update(Pending).where(Pending.kind == "sms")
        session.execute(waiting.values(attempts=MOST_ATTEMPTS - 1))
    if step == "away":
        monkeypatch.setattr("vocapp.outgoing._Pinned._reached", refuses)
    send()
    found, reason = state(api, told)
    assert found == ends
    assert said in reason
    assert [row for row in rows(Pending) if row.kind == "sms"] == []
    assert [line.outcome for line in rows(AskDecision)] == [outcome]
    shown = staff("success").get("/surveys/nps/invitations").text
    assert "It was not taken for about a day" in shown
    assert ("it does not know the token (HTTP 401)" in shown) is (step == 401)


def test_a_message_that_is_tried_rarely_is_given_up_as_well(api, staff, ask, send, provider):
    told = ask()
    provider.script = [503, 503]
    send()
    assert state(api, told)[0] == "scheduled"
    shown = staff("success").get("/surveys/nps/invitations").text
    assert "The last attempt failed (HTTP 503)." in shown
    with transaction() as session:
        session.execute(update(TextMessage).values(created_at=utcnow() - timedelta(days=7)))
    send()
    assert state(api, told) == ("not_sent", "given_up: HTTP 503")


@pytest.mark.parametrize(
    ("code", "kind"), [("bad_number", "bounced"), ("opted_out", "unsubscribed"), ("spam", None)]
)
def test_a_refusal_is_for_good_and_a_bad_number_is_not_written_to_again(api, ask, send, provider,
                                                                        code, kind):  # fmt: skip
    provider.script = [("refuse", code)]
    told = ask()
    send(times=2)
    assert state(api, told) == ("bounced", code if kind else "HTTP 422")
    assert len(provider.requests) == 1
    assert [row.kind for row in rows(Suppression)] == ([kind] if kind else [])
    (line,) = rows(AskDecision)
    assert (line.channel, line.outcome) == ("sms", "not_asked")
    if kind:
        assert ask(status=200)["reason"] == kind


@pytest.mark.parametrize(
    ("code", "ends", "outcome"),
    [("spam", "unknown", "asked"), ("bad_number", "bounced", "not_asked")],
)
def test_a_message_that_may_be_out_is_not_said_to_be_refused(
    api, ask, send, provider, monkeypatch, code, ends, outcome
):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = ["take_and_hang", ("refuse", code)]
    told = ask()
    send(times=2)
    assert state(api, told)[0] == ends
    assert [line.outcome for line in rows(AskDecision)] == [outcome]


def test_the_same_request_asked_again_is_one_invitation_but_not_by_another_channel(api, provider):
    body = {"survey": "nps", "channel": "sms", "contact": ANN | {"email": "ann@example.com"}}
    headers = {"Idempotency-Key": "k1"}
    first = api.post("/api/v1/invitations", body, headers=headers)
    again = api.post("/api/v1/invitations", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    other = api.post("/api/v1/invitations", body | {"channel": "email"}, headers=headers)
    assert other.status_code == 409


# --- whom not, and when not ----------------------------------------------------------------------


@pytest.mark.parametrize(("phone", "reason"), [(None, "no_phone"), ("+81312345678", "no_mobile")])
def test_who_cannot_get_a_message_is_not_asked_and_it_says_why(ask, provider, phone, reason):
    told = ask(ANN | {"phone": phone}, status=200)
    assert (told["state"], told["reason"]) == ("not_sent", reason)


def test_without_a_provider_nothing_is_promised(api):
    api.survey()
    answer = api.post("/api/v1/invitations", {"survey": "nps", "channel": "sms", "contact": ANN})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["channel"]


def test_who_says_stop_while_a_message_waits_gets_none(api, ask, send, hook, provider):
    told = ask()
    assert hook({"type": "reply", "from": "+81 90 1234 5678", "text": "Stop"}).json == {
        "received": 1, "rejected": [],
    }  # fmt: skip
    send()
    assert state(api, told) == ("not_sent", "unsubscribed")
    assert provider.texts == []
    assert rows(AskDecision)[0].outcome == "not_asked"
    assert hook({"type": "reply", "from": "819012345678", "text": "再開"}).status_code == 200
    assert ask()["state"] == "scheduled"


def test_whoever_is_written_to_by_mail_counts_as_asked_for_messages_too(api, ask, provider):
    save_limits(api.workspace_id, Wished(person_days=30), actor_user_id=None, now=utcnow())
    both = ANN | {"email": "ann@example.com"}
    asked = api.post("/api/v1/invitations", {"survey": "nps", "contact": both})
    assert asked.json["state"] == "scheduled"
    assert ask(both, status=200)["reason"] == "asked_lately"


def test_at_night_a_message_waits_for_the_morning(api, ask, send, provider):
    now = utcnow()
    # Any hour of the day that is not this one.
    since, until = (time(4), time(5)) if now.hour != 4 else (time(14), time(15))
    save_limits(
        api.workspace_id, Wished(since=since, until=until), actor_user_id=None, now=now
    )  # fmt: skip
    told = ask(ANN | {"time_zone": "UTC"})
    assert told["reason"] == "quiet_hours"
    send()  # a worker that comes too early
    assert state(api, told)[0] == "scheduled"
    assert provider.texts == []


def test_a_person_who_is_forgotten_leaves_no_message_and_the_wish_stays(api, ask, send, hook,
                                                                        provider):  # fmt: skip
    ask()
    send()
    path = link_in(provider.texts[0][1])
    hook({"type": "reply", "from": ANN["phone"], "text": "停止"})
    erase_contact(api.workspace_id, rows(Contact)[0].id, now=utcnow())
    assert rows(TextMessage) == []
    assert api.client.get(path).status_code == 404
    assert ask({"external_id": "new", "phone": ANN["phone"]}, status=200)["reason"] == (
        "unsubscribed"
    )


def test_no_list_of_numbers_brings_back_who_was_forgotten(api, staff, send, provider):
    api.post("/api/v1/contacts", ANN)
    api.post("/api/v1/contacts", {"external_id": "bob", "phone": "+12015550123"})
    ann = next(row for row in rows(Contact) if row.external_id == "ann")
    erase_contact(api.workspace_id, ann.id, now=utcnow())
    lines = f"{ANN['phone']}\n+12015550123"
    url = "/surveys/nps/invitations"
    assert staff("success").post(url, {"channel": "sms", "addresses": lines}).status_code == 303
    send()
    assert [number for number, _ in provider.texts] == ["+12015550123"]
    assert {row.external_id for row in rows(Contact)} == {"bob"}
    # Somebody else may have the number, and is known by a name of their own.
    api.post("/api/v1/contacts", {"external_id": "cem", "phone": ANN["phone"]})
    assert staff("success").post(url, {"channel": "sms", "addresses": lines}).status_code == 303
    send()
    assert ANN["phone"] in [number for number, _ in provider.texts]


def test_the_link_to_stop_asks_first(api, ask, send, provider):
    ask()
    send()
    path = link_in(provider.texts[0][1]) + "/stop"
    asks = urlsplit(api.client.get(path).headers["Location"])
    page = api.client.get(f"{asks.path}?{asks.query}")
    assert "Stop text messages like this" in page.text
    assert rows(Suppression) == []
    done = api.client.post(f"{asks.path}?{asks.query}")
    assert "no more such messages" in done.text
    assert ask(status=200)["reason"] == "unsubscribed"


def test_who_got_a_message_by_mistake_stops_it_for_their_own_number(api, ask, send, provider):
    """The number was a stranger's, and is put right before they press."""
    ask()
    send()
    path = link_in(provider.texts[0][1]) + "/stop"
    api.post("/api/v1/contacts", ANN | {"phone": "+819087654321"})
    asks = urlsplit(api.client.get(path).headers["Location"])
    assert api.client.post(f"{asks.path}?{asks.query}").status_code == 200
    assert ask({"external_id": "bob", "phone": ANN["phone"]}, status=200)["reason"] == (
        "unsubscribed"
    )
    assert ask(ANN | {"phone": "+819087654321"})["state"] == "scheduled"
    api.post("/api/v1/contacts", ANN | {"phone": ""})
    assert api.client.get(path).status_code == 303


# --- what a provider tells ---------------------------------------------------------------------


def test_receipts_say_what_arrived_and_a_late_failure_does_not_take_it_back(api, ask, send, hook,
                                                                            provider):  # fmt: skip
    told = ask()
    send()
    assert (
        hook({"type": "receipt", "reference": told["id"], "status": "delivered"}).status_code == 200
    )
    hook({"type": "receipt", "id": f"m-{told['id'][:8]}", "status": "failed"})
    shown = api.get(f"/api/v1/invitations/{told['id']}").json
    assert shown["state"] == "sent"
    assert shown["delivered_at"] is not None


def test_a_failure_may_be_named_by_a_number_that_says_nothing_to_us(ask, send, hook, api, provider):
    told = ask()
    send()
    failed = {"type": "receipt", "reference": told["id"], "status": "failed", "code": 30003}
    assert hook(failed).json["rejected"] == []
    assert state(api, told) == ("bounced", "not_delivered")
    assert rows(Suppression) == []


@pytest.mark.parametrize(("step", "tried"), [("take_and_hang", "sending"), (503, "scheduled")])
def test_a_message_that_is_told_to_have_arrived_is_not_handed_over_again(
    api, ask, send, hook, provider, monkeypatch, step, tried
):
    if step == "take_and_hang":
        monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = [step]
    told = ask()
    send()
    assert state(api, told)[0] == tried
    hook({"type": "receipt", "reference": told["id"], "status": "delivered"})
    assert state(api, told) == ("sent", None)
    send()
    assert len(provider.requests) == 1
    assert [row for row in rows(Pending) if row.kind == "sms"] == []


def test_a_failed_message_did_not_ask_anybody(api, ask, send, hook, provider):
    told = ask()
    send()
    failed = {"type": "receipt", "id": f"m-{told['id'][:8]}", "status": "failed",
              "code": "unreachable_number"}  # fmt: skip
    for _ in range(2):
        assert hook(failed).status_code == 200
    assert state(api, told) == ("bounced", "unreachable_number")
    assert [row.kind for row in rows(Suppression)] == ["bounced"]
    assert rows(AskDecision)[0].outcome == "not_asked"


def test_a_failure_that_is_told_late_does_not_bar_the_number_that_was_put_right(
    api, ask, send, hook, provider
):
    told = ask()
    send()
    right = ANN | {"phone": "+819087654321"}
    api.post("/api/v1/contacts", right)
    hook({"type": "receipt", "reference": told["id"], "status": "failed", "code": "bad_number"})
    assert ask(right)["state"] == "scheduled"
    assert ask(ANN, status=200)["reason"] == "bounced"


def test_what_is_not_signed_changes_nothing(hook, provider):
    stop = {"type": "reply", "from": ANN["phone"], "text": "STOP"}
    assert hook(stop, secret="another secret").status_code == 400
    assert hook(stop, at=datetime(2026, 1, 1, tzinfo=UTC)).status_code == 400
    assert rows(Suppression) == []
    assert rows(TextProvider)[0].unsigned_at is not None


def test_one_bad_item_does_not_stop_the_others(hook, provider):
    answer = hook(
        {"type": "reply", "from": "nobody", "text": "STOP"}, {"type": "gossip"}, [],
        {"type": "receipt", "reference": "not-a-uuid", "status": "delivered"},
        {"type": "receipt", "id": "m-unknown", "status": "delivered"},
        {"type": "receipt", "id": "m\0", "status": "delivered"},
        {"type": "reply", "from": "+819087654321", "text": "It is fast \ud83d"},  # cut in two
        {"type": "reply", "from": ANN["phone"], "text": "STOP"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert [each["index"] for each in answer.json["rejected"]] == [0, 1, 2, 3, 5]
    assert len(rows(Suppression)) == 1


def test_another_workspace_hears_nothing_of_it(api, api_of, new_workspace, ask, send, hook,
                                               provider):  # fmt: skip
    told = ask()
    send()
    other = api_of(api.client, new_workspace())
    save_provider(
        other.workspace_id, url=provider.url, token=TOKEN, sender="Other",
        actor_user_id=other.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    with snapshot() as session:
        row = session.get_one(TextProvider, other.workspace_id)
    body = json.dumps({"type": "receipt", "reference": told["id"], "status": "delivered"}).encode()
    seconds = str(int(utcnow().timestamp()))
    digest = hmac.new(
        row.hook_secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256
    ).hexdigest()
    api.client.post(
        f"/hooks/text-messages/{row.hook_id}", data=body,
        headers={"Voc-Signature": f"t={seconds},v1={digest}", "Content-Type": "application/json"},
    )  # fmt: skip
    assert api.get(f"/api/v1/invitations/{told['id']}").json["delivered_at"] is None


@pytest.mark.parametrize("sender", ["819012345678", "090-1234-5678", " +81 90 1234 5678"])
def test_a_wish_is_heard_however_the_number_is_written(api, ask, hook, provider, sender):
    with transaction() as session:
        session.get_one(Workspace, api.workspace_id).time_zone = "Asia/Tokyo"
    told = hook({"type": "reply", "from": sender, "text": "STOP"})
    assert told.json == {"received": 1, "rejected": []}
    assert ask(status=200)["reason"] == "unsubscribed"


def test_a_start_that_is_told_again_takes_back_no_later_stop(ask, hook, provider):
    said = [
        {"type": "reply", "from": ANN["phone"], "text": text, "at": f"2026-11-01T10:0{minute}:00Z"}
        for minute, text in enumerate(("STOP", "START", "STOP"))
    ]
    assert hook(said[0]).status_code == 200
    assert hook(said[2]).status_code == 200  # the second is late, and comes twice
    for _ in range(2):
        assert hook(said[1]).status_code == 200
    assert ask(status=200)["reason"] == "unsubscribed"
    assert hook(said[0] | {"text": "START", "at": "2026-11-01T10:03:00Z"}).status_code == 200
    assert ask()["state"] == "scheduled"
    bad = hook(said[0] | {"at": "yesterday"})
    assert [each["field"].endswith("at") for each in bad.json["rejected"]] == [True]


# --- pages ------------------------------------------------------------------------------------


def test_the_token_is_never_shown_and_does_not_follow_to_another_address(staff, provider):
    page = staff("admin")
    shown = page.get("/settings/text-messages").text
    assert provider.url in shown
    assert TOKEN not in shown
    here = {"url": provider.url, "sender": "Acme Inc"}
    assert page.post("/settings/text-messages", here).status_code == 303
    assert rows(TextProvider)[0].token == TOKEN
    elsewhere = page.post("/settings/text-messages", here | {"url": "https://sms.example.com/x"})
    assert elsewhere.status_code == 422
    assert "https://sms.example.com/x" in elsewhere.text
    inside = page.post("/settings/text-messages", here | {"url": "https://10.0.0.1/", "token": "t"})
    assert inside.status_code == 422
    assert rows(TextProvider)[0].url == provider.url
    new = here | {"token": "provider-token-2"}
    wrong = page.post("/settings/text-messages", new | {"sender": "a name that is too long"})
    assert "Enter the token once more" in wrong.text
    assert "provider-token-2" not in wrong.text
    assert page.post("/settings/text-messages", new).status_code == 303
    assert rows(TextProvider)[0].token == "provider-token-2"
    assert page.post("/settings/text-messages/remove").status_code == 303
    assert rows(TextProvider) == []


def test_a_survey_says_it_in_words_of_its_own_and_the_page_counts_them(staff, ask, send, provider):
    page = staff("product")
    url = "/surveys/nps/invitations/text"
    assert "1 message is sent" in page.get(url).text
    wrong = page.post(url, {"revision": "0", "text-en": "Hi {nmae}"})
    assert wrong.status_code == 422
    assert "Hi {nmae}" in wrong.text
    long = {"revision": "0", "text-en": "Hello {name|you} – " + "a" * 80 + " {link}"}
    counted = page.post(url, long | {"do": "count"})
    assert "3 messages are sent" in counted.text or "2 messages are sent" in counted.text
    assert page.post(url, long).status_code == 303
    assert page.post(url, long).status_code == 409  # of revision 0, which is no longer the last
    ask()
    send()
    assert provider.texts[0][1].startswith("Hello Ann Lee – aaa")


def test_a_list_of_numbers_is_asked_each_person_once(api, staff, send, provider):
    api.post("/api/v1/contacts", ANN)
    page = staff("success")
    url = "/surveys/nps/invitations"
    lines = "+81 90-1234-5678\n+12015550123, Kenji\n+819012345678, Again"
    assert page.post(url, {"channel": "sms", "addresses": lines}).status_code == 303
    send()
    assert sorted(number for number, _ in provider.texts) == ["+12015550123", "+819012345678"]
    assert {row.external_id for row in rows(Contact)} == {"ann", "tel:+12015550123"}
    shown = page.get(url).text
    assert "+81 90-1234-5678" in shown
    wrong = page.post(url, {"channel": "sms", "addresses": "+12015550123\nnobody"})
    assert wrong.status_code == 422
    assert "No telephone number in line 2" in wrong.text


def test_a_campaign_asks_by_text_message(api, staff, send, provider, drain_outbox):
    api.post("/api/v1/contacts", ANN)
    api.post("/api/v1/contacts", {"external_id": "ben", "email": "ben@example.com"})
    body = {
        "name": "By text", "survey": "nps", "kind": "once", "channel": "sms", "hour": 0,
        "starts_on": (utcnow() - timedelta(days=1)).date().isoformat(),
    }  # fmt: skip
    made = api.post("/api/v1/campaigns", body).json
    assert made["channel"] == "sms"
    ahead = api.get(f"/api/v1/campaigns/{made['id']}/dry-run").json
    assert (ahead["asked"], ahead["not_asked"]) == (1, {"no_phone": 1})
    api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "switch_on"})
    for _ in range(4):
        outbox.work_off("campaign", now=utcnow())
    send()
    assert [number for number, _ in provider.texts] == [ANN["phone"]]
    assert "Text message" in staff("admin").get(f"/campaigns/{made['id']}/edit").text


def texting_campaign(api):
    """A campaign that has asked Ann, whose message waits."""
    api.post("/api/v1/contacts", ANN)
    body = {
        "name": "By text", "survey": "nps", "kind": "once", "channel": "sms", "hour": 0,
        "starts_on": (utcnow() - timedelta(days=1)).date().isoformat(),
    }  # fmt: skip
    made = api.post("/api/v1/campaigns", body).json
    api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "switch_on"})
    for _ in range(4):
        outbox.work_off("campaign", now=utcnow())
    return made


def test_a_campaign_that_is_being_stopped_texts_nobody(api, send, provider, monkeypatch):
    made = texting_campaign(api)
    monkeypatch.setitem(stopping._DO, "stop", lambda *_: None)  # the person's slice comes later
    monkeypatch.setattr(stopping, "SLICE", 1)
    api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "pause"})
    send()
    assert provider.texts == []
    assert [row.state for row in rows(Invitation)] == ["scheduled"]


def test_a_message_in_hand_stays_when_its_campaign_is_paused_at_the_last_moment(
    api, send, provider, monkeypatch
):
    made = texting_campaign(api)
    monkeypatch.setitem(stopping._DO, "stop", lambda *_: None)
    begin = sms_sending._Steps.begin

    def paused_meanwhile(steps):
        api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "pause"})
        begin(steps)

    monkeypatch.setattr(sms_sending._Steps, "begin", paused_meanwhile)
    send()
    assert provider.requests == []
    assert [row.state for row in rows(Invitation)] == ["scheduled"]


@pytest.mark.parametrize(
    ("stop", "then"), [("pause", ("sent", None)), ("STOP", ("not_sent", "unsubscribed"))]
)
def test_a_message_that_is_not_to_go_at_its_last_attempt_has_not_failed(
    api, send, hook, provider, monkeypatch, stop, then
):
    made = texting_campaign(api)
    monkeypatch.setitem(stopping._DO, "stop", lambda *_: None)
    waiting = update(Pending).where(Pending.kind == "sms")
    with transaction() as session:
        session.execute(waiting.values(attempts=MOST_ATTEMPTS - 1))
    begin = sms_sending._Steps.begin

    def stopped_meanwhile(steps):
        if stop == "pause":
            api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "pause"})
        else:
            hook({"type": "reply", "from": ANN["phone"], "text": stop})
        begin(steps)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(sms_sending._Steps, "begin", stopped_meanwhile)
        send()
    (row,) = [row for row in rows(Pending) if row.kind == "sms"]
    assert (row.set_aside_at, row.last_error, row.attempts) == (None, None, MOST_ATTEMPTS - 1)
    assert [row.state for row in rows(Invitation)] == ["scheduled"]
    if stop == "pause":
        api.post(f"/api/v1/campaigns/{made['id']}/actions", {"action": "resume"})
    send()
    assert [(row.state, row.reason) for row in rows(Invitation)] == [then]
    assert [row for row in rows(Pending) if row.kind == "sms"] == []


def test_a_wish_holds_for_the_person_whose_records_become_one(api, ask, hook, provider):
    api.post("/api/v1/contacts", ANN)
    other = {"external_id": "ann2", "phone": "+819087654321"}
    api.post("/api/v1/contacts", other)
    hook({"type": "reply", "from": ANN["phone"], "text": "STOP"})
    assert ask(other)["state"] == "scheduled"
    merged = {"keep": {"external_id": "ann2"}, "merge": {"external_id": "ann"}}
    assert api.post("/api/v1/contacts/merge", merged).status_code == 200
    assert ask({"external_id": "ann2"}, status=200)["reason"] == "unsubscribed"
