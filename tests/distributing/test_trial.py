"""A survey's mail sent to oneself: as people get it, asking nobody."""

from __future__ import annotations

import html
import re
from datetime import time
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from tests.collecting.test_pages import press
from vocapp import outbox
from vocapp.authoring import service as authoring
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.models import HeldAnswer, LinkFetch, Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.service import suppress
from vocapp.people.models import Contact

PAGE = "/surveys/nps/invitations"
ME = "me@example.com"


@pytest.fixture
def me(api, staff):
    """Signed in, with the survey "nps"."""
    api.survey()
    return staff("product", email=ME)


@pytest.fixture
def try_it(me, mail_server, drain_outbox):
    """Presses the button, has the mail sent, and gives the page after it."""

    def work():
        answer = me.post(f"{PAGE}/test")
        assert answer.status_code == 303
        drain_outbox()
        return html.unescape(me.get(PAGE).text)

    return work


def count(*models):
    with snapshot() as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


def links_in(message):
    """Paths of the mail's text, with their queries: of each number, then to unsubscribe."""
    text = message.get_body(("plain",)).get_content()
    found = map(urlsplit, re.findall(r"https?://\S+", text))
    return [f"{each.path}?{each.query}" for each in found]


def test_the_mail_is_that_of_people_and_nobody_was_asked(try_it, mail_server):
    kept = (Contact, Invitation, AskDecision)
    before = count(*kept)
    assert f"On its way to {ME}. An answer to it is not saved." in try_it()
    (message,) = mail_server.messages
    assert message["To"].addresses[0].addr_spec == ME
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert len(links_in(message)) == 11 + 1
    assert count(*kept) == before


def test_its_page_says_that_it_is_a_trial_and_keeps_nothing(try_it, mail_server, app):
    try_it()
    path = links_in(mail_server.messages[0])[3]
    client = app.test_client()
    page = client.get(path)
    assert "This is a trial. You may answer: nothing is saved." in page.text
    assert re.search(r'value="3"[^>]* checked', page.text)
    assert "It counts once you press the button." not in page.text
    answer = press(client, path, page, "send", nps="3")
    assert answer.status_code == 200, answer.text
    assert count(Response, HeldAnswer, LinkFetch) == [0, 0, 0]


def test_what_stops_such_mails_stops_nothing_of_a_trial(try_it, mail_server, app):
    try_it()
    path = links_in(mail_server.messages[0])[-1]
    client = app.test_client()
    assert "People who got this e-mail from Acme" in client.get(path).text
    japanese = client.get(path, headers={"Accept-Language": "ja"}).text
    assert "ここで配信を停止するかどうかをお尋ねします。" in japanese
    one_click = mail_server.messages[0]["List-Unsubscribe"].split(">")[0].strip("<")
    answer = client.post(urlsplit(one_click).path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert count(Suppression) == [0]


def test_its_page_shows_no_answer_that_has_the_id_of_the_survey(api, try_it, mail_server, app):
    survey = survey_by_key(api.workspace_id, "nps")
    body = {"survey": "nps", "id": str(survey.id), "score": 9}
    assert api.post("/api/v1/responses", body).status_code == 201
    try_it()
    page = app.test_client().get(links_in(mail_server.messages[0])[3])
    assert not re.search(r'value="9"[^>]* checked', page.text)
    assert re.search(r'value="3"[^>]* checked', page.text)


def test_it_goes_out_as_often_as_it_is_wanted_and_whatever_the_hour(api, try_it, mail_server):
    hour = utcnow().hour
    save_limits(
        api.workspace_id,
        Wished(person_days=30, since=time((hour + 2) % 24), until=time((hour + 3) % 24)),
        actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    try_it()
    try_it()
    assert len({message["Message-ID"] for message in mail_server.messages}) == 2


def test_an_address_that_is_not_written_to_gets_none_and_the_page_says_why(
    api, try_it, mail_server
):
    with transaction() as session:
        digest = address_digest(api.workspace_id, ME)
        suppress(session, api.workspace_id, digest, kind="unsubscribed", now=utcnow())
    assert "The person asked not to be written to." in try_it()
    assert mail_server.messages == []


def test_a_survey_that_takes_no_answers_is_not_tried(api, me, try_it, mail_server, drain_outbox):
    assert me.post(f"{PAGE}/test").status_code == 303  # closed before the mail goes out
    survey = survey_by_key(api.workspace_id, "nps")
    authoring.close_survey(
        api.workspace_id, survey.id, actor_user_id=api.workspace.user_id, now=utcnow()
    )
    drain_outbox()
    assert "The survey takes no answers" in try_it()
    assert mail_server.messages == []
    assert list(outbox.backlog(now=utcnow())) == []


def test_the_links_of_the_preview_open_the_same_page(me, app):
    shown = html.unescape(me.get(f"{PAGE}/preview").text)
    path = urlsplit(re.search(r"https?://\S+/e/\S+", shown).group())
    page = app.test_client().get(f"{path.path}?{path.query}")
    assert "This is a trial." in page.text
