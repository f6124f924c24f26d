"""An administrator tries a routing rule out in the browser before saving it."""

from __future__ import annotations

from typing import Any

import pytest

from vocapp.database import transaction, utcnow
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import find_or_create_user

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "ren@example.com", "correct horse battery"


@pytest.fixture
def admin(api: Any) -> None:
    """A workspace with two low scores, and its administrator."""
    api.survey()
    api.respond(score=2, comment="It is slow", account={"external_id": "acme", "name": "Acme"})
    api.respond(score=4)
    with transaction() as session:
        user = find_or_create_user(
            session, email=EMAIL, name="Ren", password=PASSWORD, locale="en", now=utcnow()
        )
        session.add(
            Membership(
                workspace_id=api.workspace_id, user_id=user.id, role="admin", created_at=utcnow()
            )
        )


def test_a_rule_is_tried_out_kept_as_typed_saved_and_taken_back(
    admin: None, live_server: Any, new_page: Any, violations: Any
) -> None:
    page = new_page()
    page.goto(f"{live_server.url}/settings/routing/new")
    page.locator("[name=email]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("[name=name]").fill("Slow")
    page.locator("[name=text_any]").fill("slow")
    page.locator("[name=team]").select_option("product")
    page.get_by_role("button", name="Try out on the last 30 days").click()
    trial = page.locator("#trial")
    trial.get_by_text("This rule would have decided on 1 answer.").wait_for()
    assert "Low score → Slow" in trial.inner_text()
    assert "Because: “slow”" in trial.inner_text()
    assert violations(page) == []
    assert page.locator("[name=text_any]").input_value() == "slow"
    page.get_by_role("button", name="Save the rule").click()
    page.get_by_text("1 answer of the last 30 days would go elsewhere.").wait_for()
    assert page.get_by_role("link", name="Slow", exact=True).is_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    assert page.get_by_role("link", name="Slow", exact=True).count() == 0
    page.get_by_role("link", name="Versions").click()
    page.get_by_text("version 1 put back").wait_for()
    assert violations(page) == []
