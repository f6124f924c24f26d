"""How what respondents see looks: chosen on pages and by machines, kept as it was typed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from surveys.look import Look
from vocapp.authoring.look.models import LookRow
from vocapp.authoring.look.queries import look_of, sheet_url
from vocapp.authoring.queries import survey_by_key
from vocapp.database import snapshot, transaction, utcnow
from vocapp.workspaces.models import AuditEntry

YELLOW = {"colour": "#ffd400", "dark_colour": None, "corners": "round", "font": "serif"}


def choose(api: Any, path: str = "/api/v1/look", **look: Any) -> Any:
    return api._call("PUT", path, json=look)


def sheets(html: str) -> list[str]:
    """Addresses of the style sheets of looks on a page."""
    return [unescape(each) for each in re.findall(r'href="(/look\.css[^"]*)"', html)]


def kept() -> list[tuple[Any, ...]]:
    with snapshot() as session:
        rows = session.scalars(select(LookRow).order_by(LookRow.survey_id.is_not(None)))
        return [(row.survey_id, row.colour, row.corners) for row in rows]


# --- machines ------------------------------------------------------------------------------------


def test_a_workspace_without_a_look_has_the_usual_one(api):
    usual = {"colour": None, "dark_colour": None, "corners": "rounded", "font": "system"}
    assert api.get("/api/v1/look").json == usual | {"is_own": False, "used": None}
    page = api.client.get(f"/s/{api.survey()['public_id']}")
    assert sheets(page.text) == []


def test_what_was_chosen_is_kept_beside_what_is_used(api):
    answer = choose(api, **YELLOW)
    assert answer.status_code == 200, answer.text
    assert answer.json | {"used": None} == YELLOW | {"is_own": True, "used": None}
    light = {"fill": "#ffd400", "on_fill": "#000000", "edge": "#b19200", "text": "#8d7400"}
    assert answer.json["used"]["light"] == light
    assert answer.json["used"]["dark"]["text"] == "#ffd400"
    assert api.get("/api/v1/look").json == answer.json
    with snapshot() as session:
        assert "look.chosen" in set(session.scalars(select(AuditEntry.action)))


def test_a_survey_looks_as_its_workspace_until_it_has_a_look_of_its_own(api):
    survey = api.survey()
    path = f"/api/v1/surveys/{survey['key']}/look"
    choose(api, colour="#ffd400")
    assert (api.get(path).json["colour"], api.get(path).json["is_own"]) == ("#ffd400", False)
    assert choose(api, path, colour="0B6").json["colour"] == "#00bb66"
    assert api.get("/api/v1/look").json["colour"] == "#ffd400"
    reset = api._call("DELETE", path)
    assert (reset.json["colour"], reset.json["is_own"]) == ("#ffd400", False)
    assert api._call("DELETE", "/api/v1/look").json["used"] is None
    assert api._call("DELETE", "/api/v1/look").status_code == 200  # nothing is left to reset
    assert kept() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"colour": "#12345;}"}, "colour"),
        ({"dark_colour": "#123456"}, "dark_colour"),
        ({"corners": "pill"}, "corners"),
        ({"font": "url(x)"}, "font"),
        ({"color": "#123456"}, "color"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_changes(api, wrong, field):
    choose(api, **YELLOW)
    answer = choose(api, **wrong)
    assert answer.status_code == 422
    assert field in answer.text
    assert kept() == [(None, "#ffd400", "round")]


@pytest.mark.parametrize(
    "wrong", [{"survey_id": None}, {"colour": "red"}, {"dark_colour": "#123456"}, {"font": "evil"}]
)
def test_the_database_holds_one_look_of_a_workspace_and_nothing_that_is_none(any_api, wrong):
    choose(any_api, **YELLOW)
    survey = survey_by_key(any_api.workspace_id, any_api.survey()["key"])
    usual = {"survey_id": survey.id, "corners": "round", "font": "serif", "updated_at": utcnow()}
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(LookRow(workspace_id=any_api.workspace_id, **{**usual, **wrong}))


# --- pages ---------------------------------------------------------------------------------------


def test_the_page_says_what_becomes_of_a_colour(staff):
    admin = staff("admin")
    said = admin.post(
        "/settings/look", {"colour": "FFD400", "corners": "round", "font": "serif"},
        follow_redirects=True,
    ).text  # fmt: skip
    assert "The look has been saved." in said
    assert 'value="#ffd400"' in said
    assert (
        "#ffd400 on white reaches 1.4:1; it is used as #8d7400 for text, and as #b19200 for edges "
        "and marks." in said
    )
    assert "#ffd400 on dark reaches 11.8:1 and is used as it is." in said
    assert "Buttons are #ffd400 with black words: 14.6:1." in said
    undone = admin.post("/settings/look/reset", follow_redirects=True).text
    assert "The look is the usual one again." in undone
    assert "on white reaches" not in undone
    assert kept() == []


def test_a_wrong_colour_loses_nothing_that_was_typed(staff):
    typed = {"colour": "lemon", "dark_colour": "#333", "corners": "square", "font": "serif"}
    answer = staff("admin").post("/settings/look", typed)
    assert answer.status_code == 422
    assert "Write a colour such as #1c5fd0." in answer.text
    assert 'value="lemon"' in answer.text
    assert 'value="#333"' in answer.text
    assert '<option value="square" selected>' in answer.text
    assert kept() == []


def test_trying_a_look_shows_it_and_stores_nothing(staff):
    admin = staff("admin")
    page = admin.get("/settings/look?colour=%23ffd400&corners=square").text
    assert "#ffd400 on white reaches 1.4:1" in page
    (url,) = sheets(page)
    css = admin.get(url).text
    assert ".look-light{--brand:#ffd400;" in css
    assert "--brand-radius:0px" in css
    assert kept() == []


def test_authors_choose_for_a_survey_and_only_administrators_for_all(api, staff):
    key = api.survey()["key"]
    author, viewer = staff("product"), staff("viewer")
    assert author.get("/settings/look").status_code == 403
    assert viewer.get(f"/surveys/{key}/look").status_code == 403
    page = author.get(f"/surveys/{key}/look").text
    assert "This survey looks as the workspace." in page
    assert author.post(f"/surveys/{key}/look", {"colour": "#0b6"}).status_code == 303
    assert "Look as the workspace again" in author.get(f"/surveys/{key}/look").text
    assert author.post(f"/surveys/{key}/look/reset").status_code == 303
    assert kept() == []


# --- where it is seen ----------------------------------------------------------------------------


def test_the_sheet_is_kept_for_good_under_an_address_that_names_it(api, app):
    with app.test_request_context():
        url = sheet_url(Look("#ffd400", font="serif"))
    answer = api.client.get(url)
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    older = api.client.get(re.sub(r"v=\w+", "v=000000000000", url))
    assert (older.text, older.headers["Cache-Control"]) == (answer.text, "public, no-cache")


@pytest.mark.parametrize("wrong", ["colour=red", "colour=fff}body{x", "font=evil", "corners=9px"])
def test_nothing_but_a_look_comes_into_the_sheet(api, wrong):
    answer = api.client.get(f"/look.css?{wrong}")
    assert answer.status_code == 422
    assert answer.mimetype != "text/css"


def test_every_page_of_respondents_has_the_look_of_the_survey(api):
    plain, own = api.survey("plain"), api.survey("own")
    choose(api, colour="#ffd400")
    choose(api, "/api/v1/surveys/own/look", colour="#7a0044")
    once = api.post("/api/v1/surveys/own/single-use-links", {"name": "Fair", "count": 1})
    links = api.get(f"/api/v1/surveys/own/single-use-links/{once.json['id']}").json["items"]
    invited = api.post(
        "/api/v1/invitations", {"survey": "own", "contact": {"email": "aiko@example.com"}}
    ).json["link"]
    for path in (
        f"/s/{own['public_id']}", f"/embed/{own['public_id']}", f"/kiosk/{own['public_id']}",
        "/once/" + links[0]["url"].rsplit("/", 1)[1], "/e/" + invited.rsplit("/", 1)[1],
    ):  # fmt: skip
        page = api.client.get(path)
        assert page.status_code == 200, path
        (url,) = sheets(page.text)
        assert "--brand:#7a0044;" in api.client.get(url).text, path
        assert "style=" not in page.text
    (url,) = sheets(api.client.get(f"/s/{plain['public_id']}").text)
    assert "--brand:#ffd400;" in api.client.get(url).text
    yesterday = (utcnow() - timedelta(days=2)).date().isoformat()
    api._call("PUT", "/api/v1/surveys/own/limits", json={"last_day": yesterday})
    gone = api.client.get(f"/s/{own['public_id']}")
    assert (gone.status_code, len(sheets(gone.text))) == (410, 1)


def test_the_widget_gets_the_look_with_the_survey(api):
    survey = api.survey()
    key = api.workspace.public_key
    path = f"/public/v1/surveys/{survey['public_id']}?key={key}"
    assert api.client.get(path).json["look"] == ""
    choose(api, **YELLOW)
    look = api.client.get(path).json["look"]
    assert look.startswith(".box,.handle{--accent:#ffd400;--on-accent:#000000;--edge:#b19200;")
    assert "--corner:18px" in look


def test_a_kiosk_that_runs_sees_that_the_look_is_another(api):
    path = f"/kiosk/{api.survey()['public_id']}"
    before = re.search(r'id="kiosk-data">(.*?)</script>', api.client.get(path).text, re.DOTALL)
    choose(api, **YELLOW)
    after = re.search(r'id="kiosk-data">(.*?)</script>', api.client.get(path).text, re.DOTALL)
    assert before.group(1) != after.group(1)


def test_another_workspace_keeps_its_look(api, app, new_workspace, api_of):
    other = api_of(app.test_client(), new_workspace("Other"))
    choose(api, **YELLOW)
    assert other.get("/api/v1/look").json["used"] is None
    assert look_of(other.workspace_id) == Look()
