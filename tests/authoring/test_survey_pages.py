"""Surveys in the browser: list, create, edit without script, preview, publish, close."""

from __future__ import annotations

import html
import re

import pytest

from vocapp.authoring import queries

NEW = {"name": "Spring 2026", "kind": "nps", "languages": ["en", "ja"]}


@pytest.fixture
def author(staff):
    return staff("product")


@pytest.fixture
def survey(author):
    """A draft, made as people make it."""
    answer = author.post("/surveys/new", NEW)
    assert answer.location == "/surveys/spring-2026/edit"
    return "/surveys/spring-2026"


def fields(page):
    """What a browser would send for the editor's form, with every field as it is shown."""
    form = re.search(r'<form method="post" action="[^"]+/edit".*?</form>', page, re.DOTALL).group()
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            found[attributes["name"]] = html.unescape(attributes.get("value", "1"))
    for name, text in re.findall(
        r'<textarea[^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL
    ):
        found[name] = html.unescape(text)
    found.pop("csrf_token", None)
    return found


def edit(person, survey, changes=None, action="save", *, start=None):
    form = fields(start.text if start is not None else person.get(f"{survey}/edit").text)
    return person.post(f"{survey}/edit", form | (changes or {}) | {"action": action})


def definition(workspace, key="spring-2026"):
    found = queries.survey_by_key(workspace.workspace_id, key)
    return queries.draft_of(found.workspace_id, found.id)


def test_what_an_answer_has_to_be_is_chosen_in_the_editor(author, survey, workspace):
    wanted = {"q1.min_chars": "20", "q1.max_chars": "10", "q1.pattern": "number"}
    refused = edit(author, survey, wanted)
    assert refused.status_code == 422
    assert "Write a whole number from 20 to 10,000." in html.unescape(refused.text)
    assert 'href="#q1.max_chars"' in refused.text
    assert fields(refused.text)["q1.min_chars"] == "20"
    edit(author, survey, wanted | {"q1.max_chars": "30"})
    assert definition(workspace)["questions"][1]["validation"] == {
        "min_chars": 20, "max_chars": 30, "pattern": "number",
    }  # fmt: skip
    assert re.search(r'value="number" selected', author.get(f"{survey}/edit").text)


def test_an_empty_list_says_how_to_begin(author, staff):
    page = author.get("/surveys").text
    assert "No surveys yet" in page
    assert 'href="/surveys/new"' in page
    assert 'href="/surveys/new"' not in staff("viewer").get("/surveys").text


def test_a_survey_is_created_with_sensible_questions_and_a_key_from_its_name(
    author, survey, workspace
):
    page = author.get(f"{survey}/edit").text
    assert "どの程度すすめたいと思いますか" in page
    assert "recommend us" in page
    assert "Spring 2026" in author.get("/surveys").text
    assert definition(workspace)["languages"] == ["en", "ja"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"key": "no spaces"}, "key"),
        ({"languages": [], "other_languages": ""}, "languages"),
        ({"other_languages": "nonsense!"}, "other_languages"),
    ],
)
def test_what_is_wrong_with_a_new_survey_stands_beside_the_field(author, changes, field):
    answer = author.post("/surveys/new", {"name": "Kept", **NEW, **changes})
    assert answer.status_code == 422
    assert 'class="error-text"' in answer.text.partition(f'name="{field}"')[2]
    assert author.get("/surveys").text.count("<tr>") == 0


def test_a_key_that_is_taken_is_told_and_a_suggested_one_makes_room(author, survey):
    taken = author.post("/surveys/new", NEW | {"key": "spring-2026"})
    assert taken.status_code == 409
    assert 'id="key-error"' in taken.text
    assert author.post("/surveys/new", NEW).location == "/surveys/spring-2026-2/edit"


def test_wording_is_changed_and_the_published_version_stays(author, survey, workspace, app):
    author.post(f"{survey}/publish")
    saved = edit(author, survey, {"q0.text.en": "Would you recommend us?", "name": "Renamed"})
    assert saved.status_code == 303
    found = queries.survey_by_key(workspace.workspace_id, "spring-2026")
    published = queries.definition_of(found.workspace_id, found.id, 1)
    assert found.name == "Renamed"
    assert published.primary.text["en"] != "Would you recommend us?"
    assert definition(workspace)["questions"][0]["text"]["en"] == "Would you recommend us?"
    page = author.get(survey).text
    assert "changes that nobody sees yet" in page
    author.post(f"{survey}/publish")
    assert "Version 2" in author.get(survey).text


def test_an_error_keeps_everything_that_was_typed(author, survey, workspace):
    before = definition(workspace)
    answer = edit(author, survey, {"q0.text.en": "  ", "q0.text.ja": "書きかけの質問", "name": ""})
    assert answer.status_code == 422
    assert "書きかけの質問" in answer.text
    assert 'id="q0.text.en-error"' in answer.text
    assert 'href="#q0.text.en"' in answer.text
    assert 'id="name-error"' in answer.text
    assert definition(workspace) == before


def test_questions_are_added_moved_and_removed_without_script(author, survey, workspace):
    page = edit(author, survey, {"q1.text.en": "Typed, not saved"}, "add:choice")
    assert page.status_code == 200
    assert "Typed, not saved" in page.text
    assert "Not saved yet" in page.text
    typed = {
        "q2.text.en": "Which plan?",
        "q2.opt0.label.en": "Basic",
        "q2.opt0.label.ja": "ベーシック",
        "q2.opt1.label.en": "Pro",
    }
    page = edit(author, survey, typed, "up:2", start=page)
    assert fields(page.text)["q1.text.en"] == "Which plan?"
    assert fields(page.text)["q2.text.en"] == "Typed, not saved"
    assert [q["key"] for q in definition(workspace)["questions"]] == ["score", "comment"]
    assert edit(author, survey, start=page).status_code == 303
    questions = definition(workspace)["questions"]
    assert [q["key"] for q in questions] == ["score", "choice", "comment"]
    assert questions[1]["options"] == [
        {"key": "option", "label": {"en": "Basic", "ja": "ベーシック"}},
        {"key": "option-2", "label": {"en": "Pro"}},
    ]
    page = edit(author, survey, action="remove:1")
    edit(author, survey, start=page)
    assert [q["key"] for q in definition(workspace)["questions"]] == ["score", "comment"]


def test_an_option_keeps_its_key_when_another_is_emptied(author, survey, workspace):
    page = edit(author, survey, action="add:choice")
    edit(
        author, survey,
        {"q2.text.en": "Which?", "q2.opt0.label.en": "A", "q2.opt1.label.en": "B"}, start=page,
    )  # fmt: skip
    edit(author, survey, {"q2.opt0.label.en": "", "q2.opt0.label.ja": ""})
    assert definition(workspace)["questions"][2]["options"] == [
        {"key": "option-2", "label": {"en": "B"}}
    ]


def test_the_question_of_the_score_cannot_be_removed(author, survey, workspace):
    page = edit(author, survey, action="remove:0")
    assert edit(author, survey, start=page).status_code == 303
    assert definition(workspace)["questions"][0]["kind"] == "nps"


def test_a_question_without_wording_or_options_is_not_stored(author, survey, workspace):
    page = edit(author, survey, action="add:choice")
    answer = edit(author, survey, start=page)
    assert answer.status_code == 422
    assert '<a href="#q2.text.en">Question 3: Write the question' in answer.text
    assert 'id="q2.text.en-error"' in answer.text
    assert 'id="q2.opt0.label.en-error"' in answer.text


@pytest.mark.parametrize("action", ["up:99", "remove:-1", "option:0", "nonsense", "add:nps", ""])
def test_an_odd_action_changes_nothing(author, survey, workspace, action):
    before = definition(workspace)
    assert edit(author, survey, action=action).status_code == 200
    assert definition(workspace) == before


@pytest.mark.parametrize(("language", "shown"), [("en", "recommend us"), ("ja", "すすめたい")])
def test_a_draft_is_previewed_in_each_language(author, survey, language, shown):
    page = author.get(f"{survey}/preview?language={language}").text
    assert f'<html lang="{language}"' in page
    assert shown in page
    assert author.get(f"{survey}/preview?language=xx").status_code == 200


def test_a_preview_begins_in_the_language_of_who_looks_where_the_survey_has_it(author, api):
    api.survey("tour", languages=["ja", "en"])
    assert '<html lang="en"' in author.get("/surveys/tour/preview").text


def test_publishing_shows_links_and_closing_takes_them_away(author, survey, app, workspace):
    found = queries.survey_by_key(workspace.workspace_id, "spring-2026")
    assert found.public_id not in author.get(survey).text
    assert author.post(f"{survey}/publish").status_code == 303
    page = author.get(survey).text
    assert f"/s/{found.public_id}" in page
    assert f"data-survey=&#34;{found.public_id}&#34;" in page
    assert workspace.public_key in page
    assert author.post(f"{survey}/close").status_code == 303
    closed = author.get(survey).text
    assert "Open again" in closed
    assert f"/s/{found.public_id}" not in closed


def test_viewers_read_and_do_not_write(author, survey, staff):
    viewer = staff("viewer")
    page = viewer.get(survey)
    assert page.status_code == 200
    assert "/edit" not in page.text
    for path in ("publish", "close", "edit"):
        assert viewer.post(f"{survey}/{path}").status_code == 403
    assert viewer.get("/surveys/new").status_code == 403


def test_a_survey_of_another_workspace_is_as_good_as_absent(author, survey, staff, new_workspace):
    stranger = staff("admin", of=new_workspace("Beta"))
    for path in ("", "/edit", "/preview"):
        foreign = stranger.get(survey + path)
        absent = stranger.get("/surveys/absent" + path)
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert foreign.text == absent.text
    for path in ("/publish", "/close", "/edit"):
        assert stranger.post(survey + path).status_code == 404


def test_answers_of_the_week_stand_in_the_list(author, api, staff):
    api.survey(name="With answers")
    api.survey("other", name="Without")
    api.respond(score=9)
    api.respond(score=3, answered_at="2020-01-01T00:00:00Z")
    rows = re.findall(r"<tr>.*?</tr>", author.get("/surveys").text, re.DOTALL)[1:]
    counts = {
        re.search(r'">([^<]+)</a>', row).group(1): re.search(r'class="number">(\d+)<', row).group(1)
        for row in rows
    }
    assert counts == {"With answers": "1", "Without": "0"}


def test_one_press_makes_a_survey_that_takes_answers(app, author, staff, workspace):
    assert staff("viewer").post("/surveys/start").status_code == 403
    assert author.post("/surveys/start").location == "/"
    found = queries.survey_by_key(workspace.workspace_id, "nps")
    assert (found.state, found.languages) == ("published", ("en", "ja"))
    assert app.test_client().get(f"/s/{found.public_id}").status_code == 200
    author.post("/surveys/start")
    assert queries.survey_by_key(workspace.workspace_id, "nps-2").state == "published"


def test_an_empty_workspace_offers_a_survey_and_then_ways_to_send_it(author, survey):
    assert "Use the standard question" in author.get("/").text
    author.post(f"{survey}/publish")
    page = author.get("/").text
    assert "widget.js" in page
    assert 'action="/surveys/spring-2026/invitations/test"' in page
    assert "Use the standard question" not in page


def test_a_language_is_added_with_our_words_where_the_author_kept_ours(author, workspace):
    author.post("/surveys/new", {"name": "English only", "kind": "csat", "languages": ["en"]})
    survey = "/surveys/english-only"
    changed = {"q1.text.en": "Tell us more.", "new_language": "ja"}
    page = edit(author, survey, changed, "language")
    shown = fields(page.text)
    assert "満足していますか" in shown["q0.text.ja"]
    assert shown["q1.text.ja"] == ""
    assert definition(workspace, "english-only")["languages"] == ["en"]
    assert (
        edit(author, survey, {"q1.text.ja": "もっと教えてください。"}, start=page).status_code
        == 303
    )
    stored = definition(workspace, "english-only")
    assert stored["languages"] == ["en", "ja"]
    assert stored["questions"][1]["text"] == {"en": "Tell us more.", "ja": "もっと教えてください。"}


def test_a_wrong_language_is_told_and_nothing_typed_is_lost(author, survey):
    page = edit(author, survey, {"new_language": "<b>", "q0.text.en": "Typed"}, "language")
    assert 'id="new_language-error"' in page.text
    assert fields(page.text)["q0.text.en"] == "Typed"


JOURNEY = {"name": "Acme", "kind": "journey", "languages": ["en"]}


def test_the_template_of_the_journey_asks_about_a_competitor_by_name(author, workspace):
    assert "5A journey" in author.get("/surveys/new").text
    made = author.post("/surveys/new", JOURNEY | {"brand": "Acme", "languages": ["en", "ja"]})
    page = author.get(made.location).text
    assert "Are you a customer of Acme?" in page
    assert "Acmeを利用していますか。" in page
    stored = definition(workspace, "acme")
    keys = [question["key"] for question in stored["questions"]]
    assert keys == ["aware", "appeal", "ask", "act", "advocate", "comment"]
    assert stored["kind"] == "nps"


def test_a_score_that_may_be_left_open_stays_so(author, workspace):
    author.post("/surveys/new", JOURNEY)
    assert edit(author, "/surveys/acme", {"name": "Renamed"}).status_code == 303
    required = {
        each["key"]: each["required"] for each in definition(workspace, "acme")["questions"]
    }
    assert required["aware"]
    assert not required["advocate"]


def test_a_journey_speaks_a_language_that_is_added(author):
    author.post("/surveys/new", JOURNEY)
    page = edit(author, "/surveys/acme", {"new_language": "ja"}, "language").text
    assert "私たちのサービスを利用していますか。" in page
    assert "現在利用している" in page
