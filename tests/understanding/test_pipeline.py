"""Comments become themes: through the outbox, in both languages, once."""

from __future__ import annotations

import pytest

from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.packed_days import unpack
from vocapp.understanding import analysers, service, theme_cells
from vocapp.understanding.models import ThemeMonth
from vocapp.understanding.theme_cells import THEME_PLACES
from vocapp.workspaces.service import update_workspace

SUPPORT_EN = "Your support is terribly slow: four days until somebody replied to my ticket."
SUPPORT_JA = "サポートに問い合わせても返信が来るまで何日もかかります。"


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")


def counted() -> dict[tuple[str, str, str], int]:
    """(Day, category, sentiment) → responses with a theme."""
    found: dict[tuple[str, str, str], int] = {}
    with snapshot() as session:
        for row in session.query(ThemeMonth):
            for day, place in zip(*unpack(row.counts, len(THEME_PLACES)).nonzero(), strict=True):
                n = int(unpack(row.counts, len(THEME_PLACES))[day, place])
                key = (row.month.replace(day=int(day) + 1).isoformat(), *THEME_PLACES[place])
                found[key] = found.get(key, 0) + n
    return found


def cells() -> dict[tuple[str, str], int]:
    return {(place, tone): n for (_, place, tone), n in counted().items()}


def themes_of(api, response_id: str) -> dict[str, dict]:
    shown = api.get(f"/api/v1/responses/{response_id}").json
    assert shown["analysis"] == "done"
    return {theme["key"]: theme for theme in shown["themes"]}


@pytest.mark.parametrize(("comment", "language"), [(SUPPORT_EN, "en"), (SUPPORT_JA, "ja")])
def test_a_comment_gets_its_theme_language_and_evidence(any_api, drain_outbox, comment, language):
    any_api.survey()
    stored = any_api.respond(score=2, comment=comment).json
    before = any_api.get(f"/api/v1/responses/{stored['id']}").json
    assert before["analysis"] == "pending"
    assert drain_outbox() == []
    shown = any_api.get(f"/api/v1/responses/{stored['id']}").json
    themes = themes_of(any_api, stored["id"])
    assert shown["language"] == language
    assert shown["sentiment"] in {"negative", "mixed"}
    assert "support" in themes
    assert themes["support"]["evidence"] in comment
    assert themes["support"]["source"] == "model"
    assert shown["encoder"] == "static"
    assert shown["model_version"]


def test_a_response_without_comment_is_done_and_has_no_theme(api, drain_outbox):
    api.survey()
    stored = api.respond(score=9).json
    drain_outbox()
    assert themes_of(api, stored["id"]) == {}


def test_an_edited_comment_moves_its_themes_and_cells(api, drain_outbox):
    survey = api.survey()
    body = {"key": api.workspace.public_key, "survey": survey["public_id"], "score": 2}
    body |= {"id": "7f3c0d1e-52a5-4a3d-9d2e-0c5b0c6e1a11", "comment": SUPPORT_EN}
    sent = api.client.post("/public/v1/responses", json=body).json
    drain_outbox()
    assert "support" in themes_of(api, body["id"])
    change = {"edit_token": sent["edit_token"], "revision": 1}
    change |= {"comment": "The invoice was wrong again, we were billed twice.", "score": 9}
    api.client.patch(f"/public/v1/responses/{body['id']}", json=change)
    drain_outbox()
    themes = themes_of(api, body["id"])
    assert "billing" in themes
    assert "support" not in themes
    assert {place for place, _ in cells()} == {"high"}


def test_a_persons_word_holds_over_the_model_and_can_be_withdrawn(api, drain_outbox):
    api.survey()
    stored = api.respond(score=2, comment=SUPPORT_EN).json
    drain_outbox()
    workspace_id, response_id = api.workspace_id, service.UUID(stored["id"])
    correct = {"user_id": api.workspace.user_id, "now": utcnow()}
    service.correct_theme(workspace_id, response_id, "support", "remove", **correct)
    service.correct_theme(workspace_id, response_id, "pricing", "add", **correct)
    assert "support" not in themes_of(api, stored["id"])
    assert themes_of(api, stored["id"])["pricing"]["source"] == "person"
    with service.transaction() as session:
        outbox.add(session, workspace_id, "analyse", response_id, now=utcnow())
    drain_outbox()
    assert "support" not in themes_of(api, stored["id"])
    service.withdraw_correction(workspace_id, response_id, "support", now=utcnow())
    drain_outbox()
    assert "support" in themes_of(api, stored["id"])


def test_themes_are_listed_with_their_comments(api, drain_outbox):
    api.survey()
    for comment in (SUPPORT_EN, SUPPORT_JA):
        api.respond(score=2, comment=comment)
    api.respond(score=10, comment="The dashboards are a joy to use.")
    drain_outbox()
    themes = {row["key"]: row for row in api.get("/api/v1/themes").json["items"]}
    assert themes["support"]["n"] == 2
    support = themes["support"]
    assert support["effect_low"] <= support["effect"] < 0
    assert {row["differs"] for row in themes.values() if not row["n"]} == {None}
    rows = api.get("/api/v1/themes/support/responses?limit=1").json
    more = api.get(f"/api/v1/themes/support/responses?limit=1&cursor={rows['next']}").json
    assert {rows["items"][0]["comment"], more["items"][0]["comment"]} == {SUPPORT_EN, SUPPORT_JA}
    assert more["next"] is None
    assert api.get("/api/v1/themes/absent/responses").status_code == 404


def test_effects_are_not_mixed_over_scores_of_several_kinds(api, drain_outbox):
    nps, ces = api.survey(), api.survey(key="ces-1", kind="ces")
    api.respond(survey=nps["key"], score=2, comment=SUPPORT_EN)
    api.respond(survey=nps["key"], score=9, comment="The dashboards are a joy to use.")
    api.respond(survey=ces["key"], score=2, comment=SUPPORT_JA)
    drain_outbox()
    mixed = {row["key"]: row for row in api.get("/api/v1/themes").json["items"]}
    alone = {
        row["key"]: row for row in api.get(f"/api/v1/themes?survey={nps['key']}").json["items"]
    }
    assert (mixed["support"]["n"], mixed["support"]["effect"]) == (2, None)
    assert (alone["support"]["n"], alone["support"]["effect"]) == (1, -100)
    assert api.get("/api/v1/themes?survey=absent").status_code == 404


def test_personal_data_is_redacted_before_it_is_shown(api, drain_outbox):
    api.survey()
    api.respond(score=2, comment="Support never called me back on 03-1234-5678, awful support.")
    drain_outbox()
    row = api.get("/api/v1/themes/support/responses").json["items"][0]
    assert "1234" not in row["comment"]
    assert "[phone]" in row["comment"]


def test_a_new_workspace_needs_no_training_of_its_own(api):
    service.make_sure_of_themes(api.workspace_id, now=utcnow())
    with snapshot() as session:
        mine = analysers.taxonomy_of(session, api.workspace_id)
    assert mine.digest == analysers.default_taxonomy().digest


def days() -> dict[str, int]:
    found: dict[str, int] = {}
    for (day, _, _), n in counted().items():
        found[day] = found.get(day, 0) + n
    return found


def test_a_change_of_the_time_zone_moves_themes_to_their_new_days(
    any_api, drain_outbox, monkeypatch
):
    monkeypatch.setattr(theme_cells, "_STEP", 2)
    any_api.survey()
    late = "2026-03-01T20:00:00Z"  # already the second of March in Tokyo
    for _ in range(5):
        any_api.respond(score=2, comment=SUPPORT_EN, answered_at=late)
    drain_outbox()
    (before,) = days().items()
    update_workspace(any_api.workspace_id, {"time_zone": "Asia/Tokyo"}, now=utcnow())
    outbox.work_off("theme_days", now=utcnow())
    half_way = days()
    any_api.respond(score=2, comment=SUPPORT_EN, answered_at=late)  # while it goes on
    assert drain_outbox() == []
    assert before[0] == "2026-03-01"
    assert before[1] % 5 == 0
    each = before[1] // 5
    assert half_way == {"2026-03-01": 3 * each, "2026-03-02": 2 * each}
    assert days() == {"2026-03-02": 6 * each}
