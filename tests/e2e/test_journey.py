"""Where a brand loses people: from the results of a survey of the five A's to who is behind it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.e2e

KNOWS = {"aware": "offer", "appeal": "no", "ask": "no", "act": "no"}
ASKS = KNOWS | {"appeal": "first", "ask": "yes"}
BUYS = ASKS | {"act": "now", "advocate": 10}


def test_from_the_results_to_the_step_at_which_people_are_lost(
    api: Any, signed_in: Any, live_server: Any, drain_outbox: Any, picture: Any
) -> None:
    api.survey("ours", name="Ours", journey={})
    api.survey("acme", name="Acme", journey={"brand": "Acme"})
    told = [("ours", KNOWS, 40), ("ours", ASKS, 40), ("ours", BUYS, 8),
            ("acme", KNOWS, 20), ("acme", BUYS, 40)]  # fmt: skip
    responses = [
        {"survey": survey, "answers": given, "channel": "web"}
        for survey, given, count in told
        for _ in range(count)
    ]
    assert api.post("/api/v1/responses/batch", {"responses": responses}).status_code == 200
    drain_outbox()
    page = signed_in("viewer", "en")
    page.goto(f"{live_server.url}/results/ours")
    page.get_by_role("link", name="5A journey").click()
    assert page.get_by_text("Of 100 people who know the brand, 9 act").count()
    assert page.get_by_role("row", name="Acme").get_by_text("higher").count()
    picture(page, "journey")
    page.get_by_role("link", name="Act", exact=True).first.click()
    assert page.get_by_text("8 answers").count()
