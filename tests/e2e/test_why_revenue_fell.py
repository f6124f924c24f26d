"""A manager finds out why net revenue retention fell: from the figure to what a customer said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

COMMENT = "Support never answers, so we leave. 返事が来ないので解約します。"


@pytest.fixture
def customers(api: Any, drain_outbox: Any) -> str:
    """Twenty customers; last month those of one plan shrank or left, one of them after having
    said why. Gives last month."""
    api.survey()
    first = datetime.now(UTC).date().replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    events = []
    for number in range(20):
        plan = "starter" if number < 8 else "business"
        key, began = f"c{number}", last_month - timedelta(days=200)
        api.post(
            "/api/v1/accounts",
            {"external_id": key, "name": f"Customer {number}", "plan": plan},
        )
        events.append(_terms(key, "started", 1000, began))
        if number < 3:
            events.append(_terms(key, "cancelled", 0, last_month + timedelta(days=9)))
        elif plan == "starter":
            events.append(_terms(key, "changed", 600, last_month + timedelta(days=9)))
    answer = api.post("/api/v1/events", {"events": events})
    assert answer.json["rejected"] == []
    api.respond(score=1, comment=COMMENT, account={"external_id": "c0"})
    drain_outbox()
    return f"{last_month:%Y-%m}"


def _terms(account: str, action: str, mrr: int, day: date) -> dict[str, Any]:
    return {
        "id": f"{account}-{action}", "type": "subscription", "account": account,
        "product": "core", "action": action, "mrr": mrr, "currency": "USD",
        "at": f"{day}T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
def test_from_the_figure_to_the_plan_to_who_left_and_what_they_said(
    customers: str, signed_in: Any, picture: Any, language: str
) -> None:
    page = signed_in("admin", language)
    page.locator("nav.rooms a[href*='/figures']").click()
    page.select_option("[name=month]", customers)
    page.select_option("[name=by]", "plan")
    with page.expect_navigation():
        page.locator("form.filters button").click()
    # Of 20,000 there is 15,000 left: three left, five shrank to 600.
    assert "75.0" in page.locator("dl.stats").inner_text()
    picture(page, f"nrr-1-figures-{language}")

    rows = page.locator("#segments table").first.locator("tbody tr")
    starter, business = rows.filter(has_text="starter"), rows.filter(has_text="business")
    assert "37.5" in starter.inner_text()
    assert "100.0" in business.inner_text()
    with page.expect_navigation():
        starter.locator("a[href*='which=lost']").click()
    listed = page.locator("table a[href*='/accounts/']").all_inner_texts()
    assert sorted(listed) == ["Customer 0", "Customer 1", "Customer 2"]
    picture(page, f"nrr-2-who-left-{language}")

    with page.expect_navigation():
        page.get_by_role("link", name="Customer 0", exact=True).click()
    page.get_by_text(COMMENT).first.wait_for()
    picture(page, f"nrr-3-why-{language}")
