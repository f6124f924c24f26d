"""A survey's text message sent to a telephone at hand: as people will get it, asking nobody."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from tests.collecting.test_pages import press
from tests.conftest import Browser
from tests.distributing.sms_provider import TOKEN, listening
from vocapp import outbox
from vocapp.authoring import service as authoring
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.models import HeldAnswer, Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.service import suppress
from vocapp.distributing.sms import trial
from vocapp.distributing.sms.models import TextMessage, TextProvider
from vocapp.distributing.sms.settings import save_provider
from vocapp.distributing.sms.wording import new_code
from vocapp.outbox import Pending
from vocapp.people.models import Contact
from vocapp.workspaces.models import AuditEntry, User, Workspace

URL = "/surveys/nps/invitations/text/trial"
NUMBER = "+81 90-1234-5678"
E164 = "+819012345678"


@pytest.fixture
def api(any_api):
    """On each database; the survey "nps" is there."""
    any_api.survey()
    return any_api


@pytest.fixture
def provider(any_database, api, monkeypatch):
    """Who takes the workspace's text messages."""
    with listening() as found:
        allowed = urlsplit(found.url).netloc
        given = any_database.config["SETTINGS"].model_copy(update={"outgoing_allow": allowed})
        monkeypatch.setitem(any_database.config, "SETTINGS", given)
        _set_up(api, found)
        yield found


def _set_up(api, provider, *, token=TOKEN):
    save_provider(
        api.workspace_id, url=provider.url, token=token, sender="Acme",
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip


@pytest.fixture
def page(any_database, api, colleague):
    """The browser of a colleague who may change the words."""
    return _signed_in(any_database, colleague(api.workspace_id, role="product", name="Aiko"))


def _signed_in(app, user_id):
    with snapshot() as session:
        email = session.get_one(User, user_id).email
    found = Browser(app)
    assert found.sign_in(email).status_code == 303
    return found


@pytest.fixture
def send(page):
    """Presses the button, with what the page carries unless told otherwise."""

    def work(number=NUMBER, **fields):
        carried = {"attempt": "a1", "revision": "0", "language": "en", "text-en": ""}
        return page.post(URL, carried | {"number": number} | fields)

    return work


def rows(model):
    with snapshot() as session:
        return session.scalars(select(model)).all()


def count(*models):
    with snapshot() as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


def tried(api):
    """Lines of the audit log."""
    return [row for row in rows(AuditEntry) if row.action == "survey.text_tried"]


def link_in(text):
    return urlsplit(re.search(r"https?://\S+", text).group()).path


def said(answer):
    return html.unescape(answer.text)


def test_the_message_is_on_the_telephone_at_once_and_nobody_was_asked(api, send, provider):
    kept = (Contact, Invitation, AskDecision, TextMessage, Pending)
    before = count(*kept)
    answer = send()
    assert answer.status_code == 200
    assert f"The provider took it for {NUMBER}." in said(answer)
    ((number, text),) = provider.texts
    assert number == E164
    assert text.startswith("Acme: one short question for you. http")
    assert provider.requests[0]["from"] == "Acme"
    assert count(*kept) == before
    (line,) = tried(api)
    assert line.subject_type == "survey"
    assert line.actor_user_id is not None
    assert E164 not in str(line.detail)


def test_what_is_typed_goes_out_before_it_is_saved_and_stays(api, send, provider, page):
    answer = send(**{"text-en": "Try this: {link} {name|you}", "revision": "0"})
    assert provider.texts[0][1].startswith("Try this: http")
    assert provider.texts[0][1].endswith(" Aiko")
    assert "Try this: {link} {name|you}" in said(answer)
    assert f'value="{NUMBER}"' in said(answer)
    assert "Try this" not in page.get("/surveys/nps/invitations/text").text


def test_its_link_opens_the_survey_and_what_is_answered_there_is_kept_nowhere(api, send, provider):
    send()
    path = link_in(provider.texts[0][1])
    assert len(path) == len(f"/t/{new_code()}")  # so that it is paid as the real one
    onward = api.client.get(path)
    assert (onward.status_code, onward.headers["Cache-Control"]) == (303, "no-store")
    survey = urlsplit(onward.headers["Location"]).path
    opened = api.client.get(survey)
    assert opened.status_code == 200
    assert "This is a trial. You may answer: nothing is saved." in said(opened)
    kept = (Response, HeldAnswer, Pending, Contact, Invitation)
    before = count(*kept)
    rest = press(api.client, survey, opened, "score", score="9")
    assert "This is a trial." in said(rest)
    done = press(api.client, survey, rest, "rest")
    assert "Thank you" in said(done)
    assert "This is a trial." in said(done)
    assert api.client.get(f"{survey}/more").status_code == 204
    assert count(*kept) == before
    assert api.get("/api/v1/surveys/nps/metrics").json["overall"]["n"] == 0


def test_its_link_to_stop_stops_nothing(api, send, provider):
    send()
    answer = api.client.get(f"{link_in(provider.texts[0][1])}/stop")
    assert answer.status_code == 200
    assert "This is a trial." in said(answer)
    assert "<button" not in answer.text
    assert rows(Suppression) == []


def test_the_code_of_a_trial_is_that_of_no_other_survey(api, provider):
    for number in range(20):
        api.survey(f"s{number}")
    surveys = [survey_by_key(api.workspace_id, f"s{number}") for number in range(20)]
    codes = [trial.code_of(survey) for survey in surveys]
    assert len(set(codes)) == 20
    assert [trial.survey_of(code).id for code in codes] == [survey.id for survey in surveys]
    code = codes[0]
    other = "3" if code[0] == "2" else "2"
    for wrong in (other + code[1:], code[:-1], code + "2", "0" * 11, "z" * 11, "あ" * 11, ""):
        assert trial.survey_of(wrong) is None
    assert api.client.get(f"/t/{other + code[1:]}").status_code == 404
    assert api.client.get(f"/t/{other + code[1:]}/stop").status_code == 404


def test_a_survey_that_takes_no_answers_is_not_tried_and_its_link_says_so(api, send, provider):
    send()
    path = link_in(provider.texts[0][1])
    survey = survey_by_key(api.workspace_id, "nps")
    authoring.close_survey(api.workspace_id, survey.id, now=utcnow())
    answer = send(attempt="a2")
    assert answer.status_code == 422
    assert "The survey takes no answers" in said(answer)
    assert len(provider.texts) == 1
    onward = urlsplit(api.client.get(path).headers["Location"]).path
    assert api.client.get(onward).status_code == 410


@pytest.mark.parametrize(
    "typed", ["", "nobody", "090", "+81 12", "a" * 300, "+819012345678 ext 5", "\x00"]
)
def test_what_is_no_number_is_said_at_its_field_and_stays(send, provider, api, typed):
    answer = send(typed, **{"text-en": "Mine {link}"})
    assert answer.status_code == 422
    assert "Nothing was sent. Please look at:" in said(answer)
    assert '<a href="#number">Enter a telephone number such as' in said(answer)
    assert 'id="number-error"' in answer.text
    assert "Mine {link}" in said(answer)
    assert typed.replace("\x00", "") in said(answer)
    assert provider.requests == []
    assert tried(api) == []


def test_words_that_would_be_refused_are_not_sent_either(send, provider):
    answer = send(**{"text-en": "Hi {nmae}"})
    assert answer.status_code == 422
    assert "Hi {nmae}" in said(answer)
    assert f'value="{NUMBER}"' in said(answer)
    assert provider.requests == []


def test_a_number_may_be_written_as_at_home(api, send, provider):
    with transaction() as session:
        session.get_one(Workspace, api.workspace_id).time_zone = "Asia/Tokyo"
    assert send("０９０−１２３４−５６７８").status_code == 200
    assert provider.texts[0][0] == E164


@pytest.mark.parametrize(
    ("number", "why"),
    [("+81312345678", "takes no text messages"), (NUMBER, "asked not to be written to")],
)
def test_a_number_that_must_not_be_written_to_is_not(api, send, provider, number, why):
    with transaction() as session:
        digest = address_digest(api.workspace_id, E164)
        suppress(session, api.workspace_id, digest, kind="unsubscribed", now=utcnow())
    answer = send(number)
    assert answer.status_code == 422
    assert why in said(answer)
    assert 'id="number-error"' in answer.text
    assert provider.requests == []
    assert tried(api) == []


def test_without_a_provider_it_is_refused_in_words(api, page, send):
    assert "Nobody is set up to send text messages." in page.get(URL.removesuffix("/trial")).text
    answer = send()
    assert answer.status_code == 422
    assert "Nobody is set up to send text messages. Nothing was sent." in said(answer)
    assert f'value="{NUMBER}"' in said(answer)
    assert tried(api) == []


def test_so_many_an_hour_and_no_more(api, send, provider, monkeypatch):
    monkeypatch.setattr(trial, "MOST_AN_HOUR", 2)
    for n in range(2):
        assert send(attempt=f"a{n}").status_code == 200
    refused = send(attempt="a3")
    assert refused.status_code == 429
    assert "trials were sent within an hour" in said(refused)
    assert f'value="{NUMBER}"' in said(refused)
    assert len(provider.texts) == 2
    with transaction() as session:
        session.execute(update(AuditEntry).values(at=utcnow() - timedelta(minutes=61)))
    assert send(attempt="a4").status_code == 200


@pytest.mark.parametrize(
    ("step", "status", "words"),
    [(("refuse", "bad_number"), 422, "nothing can arrive at this number"),
     (("refuse", "not_today"), 200, "The provider refused it (HTTP 422)."),
     (500, 200, "The provider did not take it: HTTP 500."),
     (402, 200, "there is no credit left (HTTP 402)"),
     (504, 200, "Nobody knows whether it went out: HTTP 504.")],
)  # fmt: skip
def test_what_became_of_it_is_said_on_the_page(send, provider, step, status, words):
    provider.script = [step]
    answer = send()
    assert answer.status_code == status
    assert words in said(answer)
    assert f'value="{NUMBER}"' in said(answer)
    assert provider.texts == []
    assert rows(Suppression) == []


def test_a_token_that_the_provider_does_not_know_is_said_on_both_pages(api, send, provider):
    _set_up(api, provider, token="another")
    assert "it does not know the token (HTTP 401)" in said(send())
    assert rows(TextProvider)[0].trouble == "not_let_in (HTTP 401)"
    _set_up(api, provider)
    send()
    assert rows(TextProvider)[0].trouble is None


def test_a_message_that_may_be_out_arrives_once_when_it_is_sent_again(
    send, provider, page, monkeypatch
):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    provider.script = ["take_and_hang"]
    silent = said(send())
    assert "Nobody knows whether it went out: it did not answer" in silent
    attempt = re.search(r'name="attempt" value="([^"]*)"', silent).group(1)
    left_alone = send(attempt=attempt)
    assert left_alone.status_code == 429
    assert "more seconds the provider is left alone" in said(left_alone)
    assert f'name="attempt" value="{attempt}"' in said(left_alone)
    with transaction() as session:
        session.execute(update(TextProvider).values(wait_until=None))
    again = said(send(attempt=attempt))
    assert "The provider took it" in again
    assert len(provider.texts) == 1
    attempt = re.search(r'name="attempt" value="([^"]*)"', again).group(1)
    send(attempt=attempt)
    assert len(provider.texts) == 2


def test_the_same_attempt_is_no_other_message_for_another_number_or_text(send, provider):
    send()
    send()
    send("+12015550123")
    send(**{"text-en": "Other {link}"})
    assert [number for number, _ in provider.texts] == [E164, "+12015550123", E164]


def test_a_provider_that_asks_to_be_left_alone_is_by_trials_too(send, provider):
    provider.script = [("wait", 60)]
    assert "The provider did not take it: HTTP 429." in said(send())
    assert send().status_code == 429
    assert len(provider.requests) == 1


def test_each_language_is_tried_by_itself(api, send, provider, page):
    api.survey("two", languages=["en", "ja"])
    shown = page.get("/surveys/two/invitations/text").text
    assert '<select class="input" id="language"' in shown
    fields = {"attempt": "a", "revision": "0", "number": NUMBER, "text-en": "E {link}",
              "text-ja": "日 {link}"}  # fmt: skip
    for language in ("ja", "en", "fr"):
        url = "/surveys/two/invitations/text/trial"
        assert page.post(url, fields | {"language": language}).status_code == 200
    assert [text[0] for _, text in provider.texts] == ["日", "E"]  # fr: as for the reader, again


def test_who_may_not_change_the_words_does_not_try_them(any_database, api, colleague, provider):
    kenji = _signed_in(any_database, colleague(api.workspace_id, role="success", name="Kenji"))
    assert kenji.post(URL, {"number": NUMBER}).status_code == 403
    assert provider.requests == []


def test_a_trial_waits_behind_nothing_and_leaves_nothing_to_work_off(send, provider):
    send()
    assert outbox.work_off("sms", now=utcnow()) == 0
    assert len(provider.requests) == 1
