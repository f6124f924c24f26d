"""Which pages may send answers and read what the server says: by the list of the workspace."""

from __future__ import annotations

import pytest

from vocapp.collecting.texts import respondent_texts

SHOP = "https://shop.example.com"


@pytest.fixture
def ask(app, api):
    """Asks for the survey as a page of an origin would, in production mode."""
    app.config["ENVIRONMENT"] = "production"
    public_id = api.survey()["public_id"]

    def send(origin: str, method: str = "GET"):
        return api.client.open(
            f"/public/v1/surveys/{public_id}?key={api.workspace.public_key}",
            method=method,
            headers={"Origin": origin},
        )

    return send


def test_a_page_on_the_list_reads_the_answer_and_when_to_come_again(api, ask):
    api.patch("/api/v1/workspace", {"allowed_origins": [SHOP]})
    answer = ask(SHOP)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert ask(SHOP, "OPTIONS").headers["Access-Control-Allow-Methods"] == "GET, POST, PATCH"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_page_off_the_list_gets_nothing_in_production(api, ask, origin):
    api.patch("/api/v1/workspace", {"allowed_origins": [SHOP]})
    answer = ask(origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "questions" not in answer.text


def test_both_languages_have_the_same_words_and_those_of_the_widget():
    english, japanese = respondent_texts("en"), respondent_texts("ja")
    assert english.keys() == japanese.keys()
    assert {"tab", "refused", "retrying", "thanks_detail"} <= english.keys()
    assert all(english.values())
    assert all(japanese.values())
