"""Figures of several currencies: a manager states a rate, reads what follows, and takes it back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture
def customers(api: Any) -> str:
    """Ten customers pay in dollars and stay; of ten who pay in euros half as much is left since
    last month. Gives last month."""
    first = datetime.now(UTC).date().replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    began, fell = last_month - timedelta(days=200), last_month + timedelta(days=9)
    events = []
    for number in range(10):
        dollars, euros = f"us{number}", f"eu{number}"
        for key, name in ((dollars, f"Dollar {number}"), (euros, f"Euro {number}")):
            api.post("/api/v1/accounts", {"external_id": key, "name": name})
        events += [
            _terms(dollars, "started", 100_000, "USD", began),
            _terms(euros, "started", 100_000 + number, "EUR", began),
            _terms(euros, "changed", 50_000, "EUR", fell),
        ]
    answer = api.post("/api/v1/events", {"events": events})
    assert answer.json["rejected"] == []
    return f"{last_month:%Y-%m}"


def _terms(account: str, action: str, mrr: int, currency: str, day: date) -> dict[str, Any]:
    return {
        "id": f"{account}-{action}", "type": "subscription", "account": account,
        "product": "core", "action": action, "mrr": mrr, "currency": currency,
        "at": f"{day}T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_rate_is_stated_read_in_the_figures_and_taken_back(
    customers: str, signed_in: Any, picture: Any, language: str
) -> None:
    page = signed_in("admin", language)
    page.goto(page.url.rstrip("/") + "/settings/money")
    page.fill("[name=currency]", "usd")
    with page.expect_navigation():
        page.locator("form:has([name=margin]) button").click()
    rate = page.locator("form:has([name=rate])")
    rate.locator("[name=currency]").fill("EUR")
    rate.locator("[name=rate]").fill("2")
    rate.locator("[name=since]").fill("2020-01-01")
    with page.expect_navigation():
        rate.locator("button").click()
    assert page.locator("form[action*='/settings/money/undo']").last.is_visible()
    picture(page, f"money-1-stated-{language}")

    figures = page.context.new_page()
    figures.goto(page.url.partition("/settings")[0] + f"/figures?month={customers}")
    # 1,000,000 and 2 × 1,000,045 were paid, 1,000,000 and 2 × 500,000 are.
    assert "66.7" in figures.locator("dl.stats").inner_text()
    picture(figures, f"money-2-converted-{language}")
    with figures.expect_navigation():
        figures.locator("dl.stats a[href*='which=start'][href*='currency=all']").first.click()
    listed = figures.locator("table a[href*='/accounts/']").all_inner_texts()
    assert len(listed) == 20
    assert listed[0] == "Euro 9", "who lost most stands on top"
    picture(figures, f"money-3-accounts-{language}")
    figures.goto(page.url.partition("/settings")[0] + f"/figures/lifetime?month={customers}")
    picture(figures, f"money-4-lifetime-{language}")

    with page.expect_navigation():
        page.locator("form[action*='/settings/money/undo'] button").last.click()
    assert page.locator("table").count() == 0, "no rate stands any more"
    figures.goto(page.url.partition("/settings")[0] + f"/figures?month={customers}")
    assert "100.0" in figures.locator("dl.stats").inner_text()
    assert figures.locator("a[href*='currency=EUR']").first.is_visible(), "who is left out"
    picture(figures, f"money-5-taken-back-{language}")
