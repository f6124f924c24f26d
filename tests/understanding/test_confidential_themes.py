"""What is written in a confidential survey stays out of every figure about themes."""

from __future__ import annotations

import pytest

from vocapp.understanding import service

SUPPORT = "Your support is terribly slow: four days until somebody replied to my ticket."


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")


@pytest.fixture
def written(api, drain_outbox):
    """Three comments about support in a confidential survey, two in one that is not."""
    api.survey("inside", confidential=True)
    api.survey("open")
    for survey, n in (("inside", 3), ("open", 2)):
        for _ in range(n):
            api.respond(survey=survey, score=2, comment=SUPPORT)
    assert drain_outbox() == []
    return api


def support(document):
    return next(row for row in document["items"] if row["key"] == "support")


def test_themes_of_all_surveys_leave_confidential_ones_out(written):
    found = written.get("/api/v1/themes").json
    assert found["analysed"] == 2
    assert (support(found)["n"], sum(support(found)["counts"].values())) == (2, 2)


def test_themes_of_a_confidential_survey_are_refused(written):
    assert support(written.get("/api/v1/themes?survey=open").json)["n"] == 2
    refused = written.get("/api/v1/themes?survey=inside&days=3")
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    assert "Themes of a confidential survey are not shown" in refused.json["detail"]


def test_pages_show_no_theme_of_a_confidential_survey_and_say_so(written, staff):
    person = staff("product")
    page = person.get("/themes?survey=inside")
    assert page.status_code == 200
    assert "Themes of a confidential survey are not shown" in page.text
    assert "Support" not in page.text.split("<main", 1)[1]
    assert person.get("/themes/support?survey=inside").status_code == 403
    every = person.get("/themes?survey=").text
    assert "Comments of confidential surveys are not in it." in every
    assert "2 comments in the period." in every


def test_the_page_does_not_begin_with_a_confidential_survey(written, staff):
    """It has the most comments, and yet is not chosen unasked."""
    page = staff("viewer").get("/themes").text
    assert "Themes of a confidential survey are not shown" not in page
    assert "2 comments in the period." in page
