"""A success manager finds a feature that those use early who stay, and makes a playbook of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture
def customers(api: Any) -> None:
    """Eighty; half created a report in their first days, and of these fewer left."""
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
    events = []

    def happened(key: str, kind: str, day: float, **more: Any) -> None:
        at = (first + timedelta(days=day)).isoformat()
        events.append({"id": f"{len(events)}", "type": kind, "account": key, "at": at, **more})

    for number in range(80):
        key, used = f"c{number}", number % 2 == 0
        name = f"Customer {number}"
        api.post("/api/v1/accounts", {"external_id": key, "name": name, "plan": "pro"})
        happened(key, "subscription", number / 100, product="core", action="started", mrr=900,
                 currency="USD")  # fmt: skip
        happened(key, "usage", number / 100, name="report_created" if used else "search")
        if number % 8 in ((0,) if used else (1, 3, 5)):
            happened(key, "subscription", 90 + 3 * number, product="core", action="cancelled",
                     mrr=0, currency="USD")  # fmt: skip
    events.sort(key=lambda event: event["at"])
    assert api.post("/api/v1/events", {"events": events}).json["rejected"] == []


def test_from_the_figures_to_a_feature_to_a_playbook(
    customers: None, signed_in: Any, drain_outbox: Any, picture: Any
) -> None:
    page = signed_in("success", "en")
    page.locator("nav.rooms a[href*='/figures']").click()
    page.get_by_role("link", name="Features of customers who stay").click()
    drain_outbox()
    page.reload()
    row = page.get_by_role("row", name="report_created")
    assert row.get_by_text("stay longer").count()
    row.get_by_role("link", name="report_created", exact=True).click()
    assert page.locator("#curve svg path.curve-line").count() == 2
    page.get_by_text("Show as table").click()
    assert page.locator("#curve table tbody tr").count() > 8
    picture(page, "features")
    page.get_by_role("link", name="Make a playbook: report_created is not used").click()
    assert page.locator("[name=feature]").input_value() == "report_created"
