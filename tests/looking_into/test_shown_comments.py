"""What has to be known of a comment stands beside it, on whatever page it is shown."""

from uuid import UUID

import pytest
from sqlalchemy import select

from vocapp.database import snapshot, utcnow
from vocapp.following_up.models import FollowUp
from vocapp.understanding.service import correct_theme

THEME, ANSWERS = "/themes/support?survey=nps", "/results/nps/answers?period=all"


@pytest.mark.parametrize(
    ("comment", "word"),
    [
        ("n/a", "Says nothing"),
        ("asdfghjkl", "Letters at random"),
        ("https://a.example/ https://b.example/", "Looks like spam"),
        ("Too slow", None),
    ],
)
def test_a_comment_that_says_nothing_is_called_so_wherever_it_stands(
    api, staff, drain_outbox, comment, word
):
    api.survey("nps")
    given = api.respond("nps", score=2, comment=comment, account={"external_id": "acme"})
    assert drain_outbox() == []
    correct_theme(
        api.workspace_id, UUID(given.json["id"]), "support", "add", user_id=None, now=utcnow()
    )
    browser = staff("product")
    for page in ("/accounts/acme", ANSWERS, THEME):
        text = browser.get(page).text
        assert comment in text, page
        for each in ("Says nothing", "Letters at random", "Looks like spam"):
            assert (each in text) == (each == word), (page, each)
        assert "Less certain" not in text, page


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        ("Der Kundendienst antwortet leider nie", "the language of this comment is German"),
        ("sapooto wa totemo osoi desu", "Japanese in Latin letters"),
        ("Support never answers", None),
        ("サポートが遅い", None),
    ],
)
def test_themes_in_a_language_that_is_not_taught_are_marked(
    api, staff, drain_outbox, comment, mark
):
    api.survey("nps")
    response_id = api.respond("nps", score=2, comment=comment).json["id"]
    assert drain_outbox() == []
    correct_theme(api.workspace_id, UUID(response_id), "support", "add", user_id=None, now=utcnow())
    with snapshot() as session:
        case = session.scalar(select(FollowUp.id).execution_options(voc_all_workspaces=True))
    browser = staff("product")
    for page in (THEME, ANSWERS, f"/follow-ups/{case}"):
        text = browser.get(page).text
        assert comment in text, page
        assert ("Less certain" in text) == (mark is not None), page
        assert (mark or "") in text, page
    assert api.get(f"/api/v1/responses/{response_id}").json["less_certain"] == (mark is not None)
    [listed] = api.get("/api/v1/themes/support/responses").json["items"]
    assert listed["less_certain"] == (mark is not None)
