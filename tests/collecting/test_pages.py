"""The hosted page, the iframe and e-mail links, as plain forms without any script."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from surveys.holding import Fetch
from vocapp import outbox
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.queries import survey_by_id
from vocapp.collecting import seeing
from vocapp.collecting.identity import sign_identity
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.models import Invitation
from vocapp.people.facts import ContactFacts
from vocapp.people.identifying import Said, identify_one
from vocapp.people.models import Contact

THREE_MORE = [
    {"key": "score", "kind": "nps"},
    {"key": "part", "kind": "choice", "text": "Which part?", "required": True,
     "options": [{"key": "app", "label": "The app"}, {"key": "help", "label": "The help"}]},
    {"key": "ease", "kind": "ces", "text": "Was it easy?"},
    {"key": "why", "kind": "text", "text": "Why?"},
]  # fmt: skip


def responses() -> list[Response]:
    with snapshot() as session:
        return list(session.scalars(select(Response)))


def answers(api: Any, response_id: Any) -> Any:
    return api.get(f"/api/v1/responses/{response_id}").json


def fields(page: Any) -> dict[str, str]:
    """What a browser would send of the page's form if only a button were pressed."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden" or " checked" in tag:
            found[attributes["name"]] = unescape(attributes["value"])
    textarea = r'<textarea[^>]*name="([^"]*)"[^>]*>\n?([^<]*)</textarea>'
    found |= {name: unescape(text) for name, text in re.findall(textarea, page.text)}
    return found


def press(client: Any, path: str, page: Any, step: str, **changed: str) -> Any:
    changed = {f"q-{key}": value for key, value in changed.items()}
    return client.post(path, data={**fields(page), **changed, "step": step})


@pytest.fixture
def path(api: Any) -> str:
    return f"/s/{api.survey()['public_id']}"


@pytest.fixture
def invitation(api: Any) -> InvitationLink:
    """A person who was asked by e-mail."""
    survey = api.survey()
    now = utcnow()
    with transaction() as session:
        facts = ContactFacts(email="aiko@example.com", name="愛子")
        said = Said(as_of=now, contact=facts)
        contact = identify_one(session, api.workspace_id, said, now=now).contact
        assert contact is not None
        row = Invitation(
            workspace_id=api.workspace_id, id=uuid4(), survey_id=UUID(survey["id"]),
            contact_id=contact.id, channel="email", state="sent", send_at=now, created_at=now,
        )  # fmt: skip
        session.add(row)
        return InvitationLink(api.workspace_id, row.id, row.survey_id, contact.id)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here everybody takes their time; `test_holding.py` is of those who do not."""
    monkeypatch.setattr("surveys.holding.FASTEST", timedelta(0))


def link_path(link: InvitationLink, score: int | None = None) -> str:
    return f"/e/{link.token()}" + ("" if score is None else f"?score={score}")


@pytest.mark.parametrize(("kind", "scores"), [("nps", 11), ("csat", 5), ("ces", 7)])
def test_each_kind_shows_its_scale_as_radio_buttons(api, kind, scores):
    survey = api.survey(kind, kind=kind)
    page = api.client.get(f"/s/{survey['public_id']}")
    assert page.status_code == 200
    assert page.text.count('type="radio"') == scores
    assert "<fieldset" in page.text
    assert "<legend>" in page.text


def test_opening_the_page_stores_nothing(api, path):
    for method in ("GET", "HEAD", "OPTIONS"):
        assert api.client.open(path, method=method).status_code == 200
    assert responses() == []


def test_the_score_is_stored_at_the_first_press_and_the_comment_joins_it(api, path):
    second = press(api.client, path, api.client.get(path), "score", score="3")
    (stored,) = responses()
    assert (stored.score, stored.channel, stored.revision) == (3, "web", 0)
    assert "What went wrong" in second.text
    last = press(api.client, path, second, "rest", comment="Slow\r\nand dear")
    assert "Thank you" in last.text
    (stored,) = responses()
    shown = answers(api, stored.id)
    assert (shown["score"], shown["comment"], stored.revision) == (3, "Slow\nand dear", 1)


@pytest.mark.parametrize(
    ("score", "wording"),
    [(10, "What do you value most"), (7, "What one thing would"), (0, "What went wrong")],
)
def test_the_open_question_follows_the_score(api, path, score, wording):
    second = press(api.client, path, api.client.get(path), "score", score=str(score))
    assert wording in second.text


def test_pressing_twice_counts_once(api, path, count_answers):
    first = api.client.get(path)
    for _ in range(3):
        press(api.client, path, first, "score", score="9")
    count_answers()
    (stored,) = responses()
    assert stored.revision == 0
    assert api.get("/api/v1/surveys/nps/metrics").json["overall"]["n"] == 1


def test_the_last_choice_holds_even_when_it_was_the_first_one(api, path):
    first = api.client.get(path)
    for score in ("9", "3", "9"):
        press(api.client, path, first, "score", score=score)
    (stored,) = responses()
    assert (stored.score, stored.revision) == (9, 2)


def test_two_visits_are_two_answers(api, path):
    for score in ("9", "2"):
        press(api.client, path, api.client.get(path), "score", score=score)
    assert sorted(row.score for row in responses()) == [2, 9]


@pytest.mark.parametrize("score", ["", "11", "-1", "9.0", "nine", "９", "9" * 500])
def test_a_missing_or_wrong_score_is_said_beside_the_scale(api, path, score):
    answer = press(api.client, path, api.client.get(path), "score", score=score)
    assert answer.status_code == 422
    assert "Please choose an answer." in answer.text
    assert responses() == []


def test_errors_stand_beside_their_question_and_what_was_typed_stays(api):
    path = f"/s/{api.survey('more', questions=THREE_MORE)['public_id']}"
    second = press(api.client, path, api.client.get(path), "score", score="9")
    long = "あ" * 10_001
    again = press(api.client, path, second, "rest", why=long, ease="7")
    assert again.status_code == 422
    assert "Please choose one of the answers." in again.text
    assert "at most 10,000 characters" in again.text
    assert fields(again)["q-why"] == long
    assert fields(again)["q-ease"] == "7"
    done = press(api.client, path, again, "rest", why="<b>ok</b>", part="help")
    assert "Thank you" in done.text
    (stored,) = responses()
    assert answers(api, stored.id)["answers"] == {
        "score": 9, "part": "help", "ease": 7, "why": "<b>ok</b>",
    }  # fmt: skip


WANTED = [
    {"key": "score", "kind": "nps"},
    {"key": "code", "kind": "text", "text": "Postcode?", "validation": {"pattern": "postcode_jp"}},
    {"key": "parts", "kind": "multiple", "text": "Which?", "options": ["a", "b", "c"],
     "validation": {"min_choices": 2, "max_choices": 2}},
    {"key": "why", "kind": "text", "text": "Why?",
     "validation": {"min_chars": 5, "max_chars": 2000}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["a Japanese postcode such as 100-0001.", "Please choose at least 2.",
                "Please write at least 5 characters."]),
        ("ja", ["100-0001 のような郵便番号を入力してください。", "2つ以上選んでください。",
                "5文字以上で入力してください。"]),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_as_wanted_is_said_beside_it_and_the_score_is_kept(
    api, language, said
):
    survey = api.survey("wanted", languages=[language], questions=WANTED)
    path = f"/s/{survey['public_id']}"
    second = press(api.client, path, api.client.get(path), "score", score="9")
    typed = {"code": "1000", "parts.a": "1", "why": "abc"}
    again = press(api.client, path, second, "rest", **typed)
    assert again.status_code == 422
    for key, words in zip(("code", "parts", "why"), said, strict=True):
        assert re.search(f'id="q-{key}-error">[^<]*{re.escape(words)}', again.text)
        assert re.search(f'aria-describedby="[^"]*q-{key}-error"', again.text)
    assert {fields(again)[f"q-{part}"] for part in typed} == set(typed.values())
    (stored,) = responses()
    assert answers(api, stored.id)["answers"] == {"score": 9}
    fitting = {"code": "１００-0001", "parts.b": "1", "why": "because"}
    press(api.client, path, again, "rest", **fitting)
    assert answers(api, stored.id)["answers"] == {
        "score": 9, "code": "１００-0001", "parts": ["a", "b"], "why": "because",
    }  # fmt: skip


def test_how_much_is_wanted_is_said_before_somebody_answers(api):
    path = f"/s/{api.survey('wanted', questions=WANTED)['public_id']}"
    second = press(api.client, path, api.client.get(path), "score", score="9").text
    assert "Please choose at least 2. Please choose at most 2." in second
    assert "at least 5 characters. Please write at most 2,000 characters." in second


def test_going_back_to_the_score_keeps_the_comment(api, path):
    second = press(api.client, path, api.client.get(path), "score", score="9")
    back = press(api.client, path, second, "change", comment="half a thought")
    assert re.search(r'value="9"[^>]* checked', back.text)
    again = press(api.client, path, back, "score", score="2")
    assert fields(again)["q-comment"] == "half a thought"
    (stored,) = responses()
    assert (stored.score, answers(api, stored.id)["comment"]) == (2, None)


def test_what_a_person_typed_is_never_markup(api, path):
    second = press(api.client, path, api.client.get(path), "score", score="9")
    evil = "</textarea><script>alert(1)</script>{{7*7}}" + "x" * 10_000
    again = press(api.client, path, second, "rest", comment=evil)
    assert "<script>alert" not in again.text
    assert "{{7*7}}" in again.text


@pytest.mark.parametrize(
    ("header", "query", "language"),
    [("ja,en;q=0.5", "", "ja"), ("fr,en", "", "en"), ("fr", "", "en"), ("en", "?lang=ja", "ja"),
     ("ja", "?lang=xx", "ja"), ("", "", "en"), ("ja-JP", "", "ja")],
)  # fmt: skip
def test_the_page_speaks_the_readers_language_among_the_surveys(api, path, header, query, language):
    page = api.client.get(path + query, headers={"Accept-Language": header})
    assert f'<html lang="{language}" dir="ltr">' in page.text
    assert ("すすめたい" in page.text) == (language == "ja")


@pytest.mark.parametrize(
    "more", ["endpoint=x", "public_id=other", "_external=1", "_scheme=ftp", "_anchor=a", "self=1"]
)
def test_what_a_stranger_writes_into_an_address_leads_its_links_nowhere_else(api, path, more):
    page = api.client.get(f"{path}?{more}")
    assert page.status_code == 200
    assert re.findall(r'<a href="([^"]*)" lang', page.text) == [f"{path}?lang=ja"]


def test_the_other_language_of_a_rating_link_has_the_same_score_chosen(api, invitation):
    page = api.client.get(link_path(invitation, 7) + "&lang=ja")
    (other,) = re.findall(r'<a href="([^"]*)" lang="en"', page.text)
    assert re.search(r'value="7"[^>]* checked', api.client.get(unescape(other)).text)


def test_a_survey_written_from_the_right_says_so(api):
    survey = api.survey("ar", languages=["ar", "en"])
    page = api.client.get(f"/s/{survey['public_id']}", headers={"Accept-Language": "ar-EG"})
    assert '<html lang="ar" dir="rtl">' in page.text


def test_the_language_stays_through_the_steps(api, path):
    first = api.client.get(path + "?lang=ja")
    action = unescape(re.search(r'action="([^"]+)"', first.text).group(1))
    second = press(api.client, action, first, "score", score="0")
    assert '<html lang="ja"' in second.text
    assert "改善すべき点" in second.text
    assert responses()[0].locale == "ja"


def test_pages_need_no_cookie_and_the_iframe_may_be_framed(api, path):
    embed = path.replace("/s/", "/embed/")
    hosted, framed = api.client.get(path), api.client.get(embed)
    assert "Set-Cookie" not in hosted.headers
    assert "Set-Cookie" not in framed.headers
    assert "frame-ancestors *" in framed.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed.headers
    assert hosted.headers["X-Frame-Options"] == "DENY"
    assert hosted.headers["Referrer-Policy"] == framed.headers["Referrer-Policy"] == "no-referrer"
    press(api.client, embed, framed, "score", score="8")
    assert [row.channel for row in responses()] == ["embed"]


def test_a_page_whose_token_was_altered_stores_nothing_and_keeps_the_choice(api, path):
    first = api.client.get(path)
    answer = api.client.post(path, data={**fields(first), "token": "x", "q-score": "4"})
    assert answer.status_code == 422
    assert "press the button once more" in answer.text
    assert responses() == []
    press(api.client, path, answer, "score")
    assert [row.score for row in responses()] == [4]


def test_a_token_of_another_survey_changes_nothing_there(api, path):
    press(api.client, path, first := api.client.get(path), "score", score="9")
    other = f"/s/{api.survey('other')['public_id']}"
    answer = api.client.post(other, data={**fields(first), "q-score": "0", "step": "score"})
    assert answer.status_code == 404
    assert [row.score for row in responses()] == [9]


def test_a_closed_survey_says_so_and_takes_nothing(api, path):
    from vocapp.authoring import queries, service

    first = api.client.get(path)
    survey = queries.survey_by_key(api.workspace_id, "nps")
    service.close_survey(api.workspace_id, survey.id, now=utcnow())
    for answer in (api.client.get(path), press(api.client, path, first, "score", score="9")):
        assert answer.status_code == 410
        assert "This survey is closed." in answer.text
    assert responses() == []


@pytest.mark.parametrize("path", ["/s/none", "/embed/none", "/e/none", "/e/none?score=9"])
def test_an_unknown_link_leads_nowhere_and_says_so(api, path):
    for answer in (api.client.get(path), api.client.post(path, data={"q-score": "9"})):
        assert answer.status_code == 404
        assert "This link leads nowhere." in answer.text
    japanese = api.client.get(path, headers={"Accept-Language": "ja"})
    assert "このリンクは開けません" in japanese.text


@pytest.mark.parametrize(
    "start", ["/s/", "/embed/", "/kiosk/", "/once/", "/public/v1/surveys/", "/api/v1/surveys/"]
)
def test_an_address_that_no_database_holds_leads_nowhere(any_api, start):
    key = any_api.workspace.public_key
    assert any_api.get(f"{start}%00", query_string={"key": key}).status_code == 404


def test_a_draft_is_not_shown_to_the_public(api):
    survey = api.survey("draft", publish=False)
    assert api.client.get(f"/s/{survey['public_id']}").status_code == 404


# --- links in e-mails -------------------------------------------------------------------


def noted():
    """The notes that an invited person's page was fetched."""
    with snapshot() as session:
        return session.scalars(select(outbox.Pending.subject_id)).all()


def test_opening_rating_links_answers_nothing(api, invitation, digest_of_tables):
    before = digest_of_tables("outbox", "link_fetch")
    for score in range(11):
        for method in ("GET", "HEAD", "OPTIONS"):
            with api.client.open(link_path(invitation, score), method=method) as page:
                assert page.status_code == 200
    assert digest_of_tables("outbox", "link_fetch") == before
    assert set(noted()) == {invitation.invitation_id}


@pytest.mark.parametrize(
    ("method", "headers"), [("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch;prerender"})]
)
def test_what_shows_nobody_a_page_is_not_noted(api, invitation, method, headers):
    with api.client.open(link_path(invitation, 9), method=method, headers=headers) as page:
        assert page.status_code == 200
    assert noted() == []


def test_a_busy_database_costs_the_note_and_not_the_page(api, invitation, monkeypatch):
    def busy():
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(seeing, "transaction", busy)
        with api.client.get(link_path(invitation, 9)) as page:
            assert page.status_code == 200
    assert noted() == []
    with api.client.get(link_path(invitation, 9)):
        pass
    assert len(noted()) == 1


def opened(api, invitation):
    """How often links of an invitation were opened, by score."""
    fetches = seeing.fetches_of(invitation.workspace_id, invitation.invitation_id)
    return Counter(each.score for each in fetches)


def test_what_comes_while_another_one_notes_is_taken_along(api, invitation):
    with seeing._noting:
        for score in (3, 4):
            with api.client.get(link_path(invitation, score)) as page:
                assert page.status_code == 200
    assert opened(api, invitation) == {}
    with api.client.get(link_path(invitation, 5)):
        pass
    assert opened(api, invitation) == {3: 1, 4: 1, 5: 1}


def test_no_opening_is_lost_when_scanners_come_all_at_once(app, api, invitation):
    """More at a time than are written in one go, and than have threads."""

    def scan(path):
        with app.test_client().get(path) as page:
            assert page.status_code == 200

    paths = [link_path(invitation, number % 11) for number in range(330)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(scan, paths))
    assert opened(api, invitation) == dict.fromkeys(range(11), 30)


def test_an_invitation_that_has_gone_takes_no_other_note_along(app, api, invitation):
    gone = replace(invitation, invitation_id=uuid4())
    with seeing._noting:
        for link in (gone, invitation):
            seeing._note(seeing._Opened(app, link, Fetch(utcnow(), 9), shows_a_page=False))
    with api.client.get(link_path(invitation, 8)):
        pass
    assert opened(api, invitation) == {8: 1, 9: 1}


def test_a_rating_link_shows_the_score_as_chosen_and_says_what_counts(api, invitation):
    page = api.client.get(link_path(invitation, 0))
    assert re.findall(r'value="(\d+)"[^>]* checked', page.text) == ["0"]
    assert "It counts once you press the button." in page.text


@pytest.mark.parametrize("score", ["11", "-1", "x", "", "1e1"])
def test_a_rating_link_with_a_strange_score_chooses_nothing(api, invitation, score):
    page = api.client.get(f"/e/{invitation.token()}?score={score}")
    assert page.status_code == 200
    assert " checked" not in page.text


def test_the_button_counts_once_per_invitation_and_names_the_person(api, invitation, count_answers):
    path = link_path(invitation, 9)
    page = api.client.get(path)
    for _ in range(2):
        second = press(api.client, path, page, "score")
    press(api.client, path, second, "rest", comment="良い")
    later = link_path(invitation, 2)
    press(api.client, later, api.client.get(later), "score")
    count_answers()
    (stored,) = responses()
    assert stored.id == stored.invitation_id == invitation.invitation_id
    assert (stored.score, stored.channel) == (2, "email")
    assert stored.contact_id == invitation.contact_id
    assert api.get("/api/v1/surveys/nps/metrics").json["overall"]["n"] == 1
    assert answers(api, stored.id)["comment"] == "良い"


def test_coming_back_shows_what_was_answered(api, invitation):
    path = link_path(invitation)
    press(api.client, path, api.client.get(path), "score", score="6")
    page = api.client.get(path)
    assert "You answered 6 before." in page.text
    assert re.findall(r'value="(\d+)"[^>]* checked', page.text) == ["6"]


def test_a_link_of_somebody_forgotten_leads_nowhere_and_stores_nothing(api, invitation):
    path = link_path(invitation, 9)
    page = api.client.get(path)
    with transaction() as session:
        session.delete(session.get_one(Invitation, (api.workspace_id, invitation.invitation_id)))
        session.flush()
        session.delete(session.get_one(Contact, (api.workspace_id, invitation.contact_id)))
    assert press(api.client, path, page, "score").status_code == 404
    assert responses() == []


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_an_altered_token_leads_nowhere(api, invitation, cut):
    assert api.client.get(f"/e/{invitation.token()[:-cut]}?score=9").status_code == 404


EVERY_KIND = [
    {"key": "hello", "kind": "statement", "text": "Five short questions."},
    {"key": "score", "kind": "nps"},
    {"key": "look", "kind": "stars", "text": "The look?"},
    {"key": "mood", "kind": "faces", "text": "And today?"},
    {"key": "why", "kind": "multiple", "text": "Why?", "options": ["fast", "cheap"]},
    {"key": "order", "kind": "ranking", "text": "What first?", "options": ["fast", "cheap"]},
    {"key": "parts", "kind": "matrix", "text": "These?", "rows": ["help", "app"],
     "columns": ["bad", "good"]},
    {"key": "agree", "kind": "consent", "text": "May we quote you?"},
    {"key": "reach", "kind": "contact", "text": "Where?", "fields": ["name", "email", "phone"]},
]  # fmt: skip
ALL_TYPED = {
    "look": "4", "mood": "2", "why.cheap": "1", "order.fast": "2", "order.cheap": "1",
    "parts.app": "good", "agree": "yes", "reach.email": "aiko@example.jp",
}  # fmt: skip


def test_every_kind_is_answered_without_script(api):
    path = f"/s/{api.survey(questions=EVERY_KIND)['public_id']}"
    first = api.client.get(path)
    assert "Five short questions." in first.text
    second = press(api.client, path, first, "score", score="9")
    assert "Five short questions." not in second.text
    last = press(api.client, path, second, "rest", **ALL_TYPED)
    assert "Thank you" in last.text
    (stored,) = responses()
    assert answers(api, stored.id)["answers"] == {
        "score": 9, "look": 4, "mood": 2, "why": ["cheap"], "order": ["cheap", "fast"],
        "parts": {"app": "good"}, "agree": True, "reach": {"email": "aiko@example.jp"},
    }  # fmt: skip


def test_what_is_wrong_is_said_at_its_question_and_nothing_typed_is_lost(api):
    asked = [dict(q, required=q["kind"] != "statement") for q in EVERY_KIND]
    path = f"/s/{api.survey(questions=asked)['public_id']}"
    second = press(api.client, path, api.client.get(path), "score", score="9")
    typed = {"order.fast": "1", "order.cheap": "1", "parts.app": "good", "reach.email": "aiko",
             "reach.name": "森 愛子"}  # fmt: skip
    again = press(api.client, path, second, "rest", **typed)
    assert again.status_code == 422
    for words in (
        "Please choose at least one.", "Please give every one a place of its own.",
        "Please choose an answer in each row.", "Please agree to go on.",
        "Please write an e-mail address", 'value="aiko"', 'value="森 愛子"',
        '<option value="1" selected>', 'value="good" required checked',
    ):  # fmt: skip
        assert words in again.text
    back = press(api.client, path, again, "change", **typed)
    assert fields(back)["q-reach.name"] == "森 愛子"
    assert fields(back)["q-parts.app"] == "good"


BRANCHING = [
    {"key": "score", "kind": "nps", "branches": [
        {"if": {"question": "score", "op": "category", "value": "promoter"}, "to": "praise"}]},
    {"key": "part", "kind": "choice", "text": "Which part?", "required": True,
     "options": ["app", "help"], "branches": [
        {"if": {"question": "part", "op": "one_of", "value": ["app"]}, "to": "end"}]},
    {"key": "who", "kind": "text", "text": "Who helped you?"},
    {"key": "praise", "kind": "text", "text": "What do you like?"},
]  # fmt: skip


@pytest.fixture
def branching(api: Any) -> str:
    return f"/s/{api.survey(questions=BRANCHING)['public_id']}"


def test_a_page_asks_what_the_answers_so_far_lead_to(api, branching):
    first = api.client.get(branching)
    assert "Which part?" not in first.text
    happy = press(api.client, branching, first, "next", score="10")
    assert "What do you like?" in happy.text
    assert "Which part?" not in happy.text
    assert [stored.score for stored in responses()] == [10]
    last = press(api.client, branching, happy, "next", praise="All")
    assert "Thank you" in last.text
    (stored,) = responses()
    assert answers(api, stored.id)["answers"] == {"score": 10, "praise": "All"}


def test_what_is_required_is_asked_only_of_those_who_come_by(api, branching):
    second = press(api.client, branching, api.client.get(branching), "next", score="2")
    refused = press(api.client, branching, second, "next")
    assert refused.status_code == 422
    assert "Please choose one of the answers." in refused.text
    last = press(api.client, branching, refused, "next", part="app")
    assert "Thank you" in last.text


def test_who_goes_back_and_another_way_leaves_no_answers_on_the_former_one(api, branching):
    second = press(api.client, branching, api.client.get(branching), "next", score="2")
    third = press(api.client, branching, second, "next", part="help")
    assert "Who helped you?" in third.text
    assert answers(api, responses()[0].id)["answers"] == {"score": 2, "part": "help"}
    back = press(api.client, branching, third, "back", who="Ken")
    first = press(api.client, branching, back, "back")
    praise = press(api.client, branching, first, "next", score="9")
    assert "What do you like?" in praise.text
    (stored,) = responses()
    assert answers(api, stored.id)["answers"] == {"score": 9}


def test_a_link_in_a_mail_leads_along_the_branches_too(api):
    survey = api.survey(questions=BRANCHING)
    now = utcnow()
    with transaction() as session:
        said = Said(as_of=now, contact=ContactFacts(email="aiko@example.com"))
        contact = identify_one(session, api.workspace_id, said, now=now).contact
        assert contact is not None
        row = Invitation(
            workspace_id=api.workspace_id, id=uuid4(), survey_id=UUID(survey["id"]),
            contact_id=contact.id, channel="email", state="sent", send_at=now, created_at=now,
        )  # fmt: skip
        session.add(row)
        link = InvitationLink(api.workspace_id, row.id, row.survey_id, contact.id)
    first = api.client.get(link_path(link, 10))
    assert re.search(r'value="10" required checked', first.text)
    happy = press(api.client, link_path(link), first, "next")
    assert "What do you like?" in happy.text
    press(api.client, link_path(link), happy, "next", praise="All")
    (stored,) = responses()
    assert (stored.invitation_id, stored.score) == (link.invitation_id, 10)
    assert answers(api, stored.id)["answers"]["praise"] == "All"


THANKS = {
    "text": {"en": "Thanks from Aiko.", "ja": "愛子より、ありがとうございます。"},
    "by_category": {"detractor": {"en": "We will call you."}},
    "link": {"url": "https://reviews.example/us", "label": {"en": "Write a review"},
             "shown_to": "best"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("shown_to", "score", "said", "is_linked"),
    [
        ("best", 10, "Thanks from Aiko.", True), ("best", 8, "Thanks from Aiko.", False),
        ("best", 2, "We will call you.", False), ("everybody", 2, "We will call you.", True),
        ("nobody", 10, "Thanks from Aiko.", False),
    ],
)  # fmt: skip
def test_thanks_follow_the_score_and_the_link_goes_to_whom_the_author_says(
    api, shown_to, score, said, is_linked
):
    link = THANKS["link"] | {"shown_to": shown_to}
    survey = api.survey(thanks=THANKS | {"link": link}, questions=[{"key": "score", "kind": "nps"}])
    path = f"/s/{survey['public_id']}"
    last = press(api.client, path, api.client.get(path), "score", score=str(score))
    assert said in last.text
    assert ('href="https://reviews.example/us"' in last.text) == is_linked


def test_a_script_gets_the_thanks_by_the_category_of_the_score(api, path):
    key = f"?key={api.workspace.public_key}"
    usual = api.client.get(f"/public/v1{path.replace('/s/', '/surveys/')}{key}").json["texts"]
    own = api.survey("own", languages=["en", "ja"], thanks=THANKS)["public_id"]
    texts = api.client.get(f"/public/v1/surveys/{own}{key}&locale=en").json["texts"]
    names = ("promoter", "passive", "detractor", "thanks_detail")
    assert {usual[name] for name in names} == {"Your answer has been saved and will be read."}
    assert [texts[name] for name in names] == [
        "Thanks from Aiko.", "Thanks from Aiko.", "We will call you.", "Thanks from Aiko.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shown_to", "told"),
    [("nobody", ()), ("best", ("promoter",)), ("everybody", ("promoter", "passive", "detractor"))],
)
def test_a_script_gets_the_link_for_those_only_who_are_shown_it(api, shown_to, told):
    link = THANKS["link"] | {"shown_to": shown_to}
    own = api.survey("own", thanks=THANKS | {"link": link})["public_id"]
    key = f"?key={api.workspace.public_key}"
    texts = api.client.get(f"/public/v1/surveys/{own}{key}&locale=en").json["texts"]
    links = {name: text for name, text in texts.items() if name.endswith("_link")}
    assert links == {f"{name}_link": "https://reviews.example/us Write a review" for name in told}


def test_thanks_without_words_of_the_author_are_those_of_the_product(api, path):
    second = press(api.client, path, api.client.get(path), "score", score="10")
    assert "Your answer has been saved" in press(api.client, path, second, "rest").text


@pytest.mark.parametrize(
    "url",
    ["http://reviews.example", "javascript:alert(1)", "https://", "https://u:p@x.example", "x y"],
)
def test_a_link_of_thanks_is_https_or_refused(api, url):
    link = {"url": url, "shown_to": "everybody"}
    body = {"key": "t", "name": "t", "kind": "nps", "thanks": {"link": link}}
    refused = api.post("/api/v1/surveys", body)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "thanks.link.url"


# --- what is answered so far is kept ----------------------------------------------------


def test_who_leaves_at_the_comment_has_given_a_score_and_completes_it_later(
    api, invitation, count_answers
):
    public_id = survey_by_id(api.workspace_id, invitation.survey_id).public_id
    for address in (f"/s/{public_id}", link_path(invitation, 3)):
        before = len(responses())
        second = press(api.client, address, api.client.get(address), "score", score="3")
        assert len(responses()) == before + 1
        count_answers()
        # Another day, on the page that is still open.
        press(api.client, address, second, "rest", comment="It was slow")
        count_answers()
        assert len(responses()) == before + 1
    assert {answers(api, each.id)["comment"] for each in responses()} == {"It was slow"}
    assert api.get("/api/v1/surveys/nps/metrics").json["overall"]["n"] == 2


def test_who_opens_the_mail_again_completes_the_same_answer(api, invitation):
    press(api.client, link_path(invitation), api.client.get(link_path(invitation, 3)), "score")
    again = api.client.get(link_path(invitation, 3))
    assert "You answered 3 before" in again.text
    second = press(api.client, link_path(invitation), again, "score")
    press(api.client, link_path(invitation), second, "rest", comment="It was slow")
    (stored,) = responses()
    assert (stored.score, answers(api, stored.id)["comment"]) == (3, "It was slow")


# --- what is known of the reader --------------------------------------------------------

CALLED = "{contact.name|You} of {account.name|your company}, do you like it?"
NAMED = [{"key": "score", "kind": "nps", "text": CALLED}]


def invite(api: Any, survey: dict[str, Any], name: str) -> str:
    contact = {"email": "aiko@example.com", "name": name}
    body = {"survey": survey["key"], "contact": contact}
    answer = api.post("/api/v1/invitations", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["link"]).partition("//")[2].partition("/")[2]


def test_a_question_calls_the_invited_by_name_and_others_by_the_words_behind_the_bar(api):
    survey = api.survey(questions=NAMED)
    asked = api.client.get("/" + invite(api, survey, "<b>Aiko</b> {account.plan}")).text
    assert "&lt;b&gt;Aiko&lt;/b&gt; {account.plan} of your company, do you" in asked
    assert "You of your company" in api.client.get(f"/s/{survey['public_id']}").text


def test_a_placeholder_that_does_not_exist_is_refused_with_its_name(api):
    body = {"key": "p", "name": "p", "kind": "nps",
            "questions": [{"key": "score", "kind": "nps", "text": "{contact.age}?"}]}  # fmt: skip
    refused = api.post("/api/v1/surveys", body)
    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert error["field"] == "questions[0].text.en"
    assert "contact.age" in error["message"]


def test_a_confidential_survey_says_nothing_of_its_reader(api):
    body = {"key": "p", "name": "p", "kind": "nps", "questions": NAMED, "confidential": True}
    refused = api.post("/api/v1/surveys", body)
    assert refused.status_code == 422
    assert "confidential" in refused.json["errors"][0]["message"]


def test_the_widget_is_told_names_only_by_a_signed_identity(api):
    survey = api.survey(questions=NAMED)
    url = f"/public/v1/surveys/{survey['public_id']}?key={api.workspace.public_key}"
    assert api.client.get(url).json["questions"][0]["text"].startswith("You of your company")
    claims = {"external_id": "u1", "name": "Aiko", "exp": utcnow().timestamp() + 60}
    token = sign_identity(api.workspace.secret_key, claims)
    told = api.client.get(url, headers={"X-VOC-Identity": token}).json
    assert told["questions"][0]["text"].startswith("Aiko of your company")
    forged = api.client.get(url, headers={"X-VOC-Identity": f"{token}0"})
    assert forged.json["questions"][0]["text"].startswith("You of your company")
