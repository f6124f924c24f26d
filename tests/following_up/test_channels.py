"""Channels are told when a rule opens or moves a case: mail, Slack, signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up.channels import TELL, NewChannel, add_channel
from vocapp.following_up.models import FollowUp, RoutingChannel
from vocapp.outbox import Pending
from vocapp.problems import BadInput


@pytest.fixture
def app(any_database):
    return any_database


@pytest.fixture
def receiver(app):
    """A real server of a receiver, allowed by the operator: `.url`, `.got`, `.answers`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append(({**self.headers, "path": self.path}, body))
            self.send_response(server.answers.pop(0) if server.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server: Any = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    app.config["SETTINGS"].outgoing_allow = f"127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def add(api, colleague):
    """`add("slack", url, …)` adds a channel."""
    who = colleague(api.workspace_id, "admin")

    def added(kind, target, **more):
        new = NewChannel(kind, more.pop("name", "Desk"), target, **more)
        return add_channel(api.workspace_id, new, actor_user_id=who, now=utcnow())

    return added


def work(now=None):
    while outbox.work_off(TELL, now=now or utcnow()):
        pass


def waiting(workspace_id):
    with snapshot() as session:
        query = scoped(Pending, workspace_id).where(Pending.kind == TELL)
        return list(session.scalars(query))


def the_case(workspace_id):
    with snapshot() as session:
        return session.scalars(scoped(FollowUp, workspace_id)).one()


def low_score(api, **more):
    api.survey()
    account = {"external_id": "acme", "name": "A <b>&"}
    return api.respond(score=2, comment="Call +81 90 1234 5678 <!channel>", account=account, **more)


def test_slack_is_told_of_a_new_case_with_a_link_and_without_what_the_customer_wrote(
    api, add, receiver, handle
):
    add("slack", receiver.url)
    low_score(api)
    handle()
    work()
    ((_headers, body),) = receiver.got
    told = json.loads(body)
    case = the_case(api.workspace_id)
    assert told["text"].startswith("New follow-up: Low score http")
    assert told["blocks"][1]["elements"][0]["url"].endswith(f"/follow-ups/{case.id}")
    words = told["blocks"][0]["text"]["text"]
    assert "A &lt;b&gt;&amp;\nNPS score: 2\nCustomer success · Nobody yet" in words
    assert "1234" not in body.decode()
    assert waiting(api.workspace_id) == []


def test_a_webhook_is_signed_and_carries_the_redacted_comment_only_where_wanted(
    api, add, receiver, handle
):
    secret = add("webhook", receiver.url, with_comment=True).secret
    low_score(api)
    handle()
    work()
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert told["type"] == "follow_up.opened"
    assert told["data"]["rule"] == "low-score"
    assert told["data"]["score"] == 2
    assert told["data"]["comment"]
    assert "1234" not in told["data"]["comment"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


def test_what_was_not_taken_is_sent_again_under_the_same_id_and_only_until_it_is(
    api, add, receiver, handle
):
    receiver.answers = [503, 307]
    add("webhook", receiver.url)
    low_score(api)
    handle()
    for minutes in (0, 5, 10, 15):
        work(utcnow() + timedelta(minutes=minutes))
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert len(receiver.got) == 3


@pytest.mark.parametrize("status", [404, 410, 400])
def test_what_the_receiver_refuses_for_good_is_set_aside_and_the_page_says_so(
    api, add, receiver, handle, staff, status
):
    receiver.answers = [status]
    add("slack", receiver.url)
    low_score(api)
    handle()
    work()
    page = staff("admin").get("/settings/routing/channels").text
    assert f"Not delivered: 0 to be tried again, 1 set aside (Never: HTTP {status})." in page
    assert f"HTTP {status}" in staff("admin").get("/settings/work").text


def test_the_owner_is_mailed_in_their_language_and_nobody_where_nobody_owns_it(
    app, api, add, handle, colleague
):
    folder = Path(app.config["SETTINGS"].mail_url.removeprefix("file://"))
    add("email", "owner")
    low_score(api)
    handle()
    work()
    assert not list(folder.glob("*.eml"))
    colleague(api.workspace_id, "success", "Aiko")
    api.respond(score=1)
    handle()
    work()
    (mail,) = folder.glob("*.eml")
    assert "Subject: New follow-up: Low score" in mail.read_text()
    assert "To: Aiko <success-" in mail.read_text()


def test_a_channel_of_a_team_hears_of_that_team_only_and_one_switched_off_of_nothing(
    api, add, receiver, handle
):
    add("slack", receiver.url, team="product")
    off = add("slack", receiver.url)
    with transaction() as session:
        session.get_one(RoutingChannel, (api.workspace_id, off.id)).enabled = False
    low_score(api)
    handle()
    work()
    assert receiver.got == []
    assert waiting(api.workspace_id) == []


def test_nobody_is_told_of_answers_that_are_older_than_a_week(api, add, receiver, handle):
    add("slack", receiver.url)
    low_score(api, answered_at=(utcnow() - timedelta(days=30)).isoformat())
    handle()
    assert the_case(api.workspace_id).state == "open"
    assert waiting(api.workspace_id) == []


def test_a_test_goes_the_way_of_real_messages(api, add, receiver, staff):
    channel = add("webhook", receiver.url)
    admin = staff("admin")
    act = f"/settings/routing/channels/{channel.id}/change"
    assert "A test is on its way" in admin.post(
        act, {"action": "test"}, follow_redirects=True
    ).text  # fmt: skip
    work()
    assert json.loads(receiver.got[0][1])["type"] == "test"
    assert "Last delivered:" in admin.get("/settings/routing/channels").text
    admin.post(act, {"action": "remove"})
    assert "Nobody is told yet" in admin.get("/settings/routing/channels").text


def test_a_webhook_shows_its_secret_once(app, staff, receiver):
    admin = staff("admin")
    typed = {"name": "CRM", "kind": "webhook", "target": receiver.url, "team": ""}
    made = admin.post("/settings/routing/channels", typed)
    assert made.status_code == 201
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", made.text).group()
    assert secret not in admin.get("/settings/routing/channels").text


@pytest.mark.parametrize(
    ("kind", "target"),
    [("slack", "https://10.0.0.1/x"), ("webhook", "http://example.com/"), ("slack", "owner"),
     ("email", "nobody"), ("email", "a@b.c\nBcc: x@y.z"), ("email", "a@example.com,b@example.com")],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_and_stays_typed(staff, kind, target):
    admin = staff("admin")
    typed = {"name": "My desk", "kind": kind, "target": target, "team": "product"}
    answer = admin.post("/settings/routing/channels", typed)
    assert answer.status_code == 422
    assert "Enter an https address outside your network" in answer.text
    assert 'value="My desk"' in answer.text


def test_a_channel_is_changed_and_what_waits_goes_to_its_new_address(
    api, add, receiver, handle, staff
):
    gone = receiver.url.replace("/hook", "/gone")
    channel = add("webhook", gone, name="Old desk")
    low_score(api)
    handle()
    admin = staff("admin")
    path = f"/settings/routing/channels/{channel.id}"
    page = admin.get(path).text
    assert f'href="{path}"' in admin.get("/settings/routing/channels").text
    assert "127.0.0.1" in page
    assert "/gone" not in page, "whoever knows the address may write to it"
    new = {"name": "New desk", "target": f"{receiver.url}?new", "team": "product"}
    assert "Saved." in admin.post(path, new | {"with_comment": "y"}, follow_redirects=True).text
    work()
    ((headers, _body),) = receiver.got
    assert headers["path"] == "/hook?new"
    kept = stored(api, channel)
    assert (kept.name, kept.team, kept.with_comment) == ("New desk", "product", True)
    assert (kept.secret, kept.kind) == (channel.secret, "webhook")
    admin.post(path, {"name": "New desk", "target": "", "team": ""})
    assert (stored(api, channel).target, stored(api, channel).team) == (new["target"], None)


def test_a_wrong_change_of_a_channel_changes_nothing_and_stays_typed(api, add, receiver, staff):
    channel = add("slack", receiver.url)
    path = f"/settings/routing/channels/{channel.id}"
    wrong = {"name": "Other desk", "target": "https://10.0.0.1/x", "team": "product"}
    answer = staff("admin").post(path, wrong)
    assert answer.status_code == 422
    assert "Enter an https address outside your network" in answer.text
    for typed in ('value="Other desk"', 'value="https://10.0.0.1/x"'):
        assert typed in answer.text
    assert (stored(api, channel).name, stored(api, channel).target) == ("Desk", receiver.url)


def stored(api, channel):
    with snapshot() as session:
        return session.get_one(RoutingChannel, (api.workspace_id, channel.id))


@pytest.mark.parametrize("wrong", [{"kind": "fax"}, {"team": "nobody"}, {"name": " "}])
def test_a_channel_of_no_known_kind_or_team_or_without_a_name_is_refused(add, wrong):
    values = {"kind": "email", "name": "Desk"} | wrong
    with pytest.raises(BadInput):
        add(values.pop("kind"), "desk@example.com", **values)
