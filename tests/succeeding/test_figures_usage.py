"""Who comes how often, and how long it takes until customers are set up, by their definitions."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from tests.succeeding.test_figures import (
    kpis,
    login,
    milestone,
    save,
    send,
    terms,
    waiting,
    work_off,
)
from tests.succeeding.test_figures_page import accounts, names
from vocapp.database import utcnow


@pytest.fixture
def api(any_api):
    return any_api


def told(found):
    return {
        name: found[name]["value"]
        for name in (
            "active_users", "weekly_active_users", "daily_active_users", "stickiness",
            "time_to_value_days",
        )
    }  # fmt: skip


@pytest.fixture
def march(api):
    """Ann comes on three days of March, twice on one of them; Bo on the last, at both customers."""
    send(
        api,
        terms("quick", "2026-02-01", 100, action="started"),
        terms("slow", "2025-06-01", 100, action="started"),
        terms("never", "2026-01-01", 100, action="started"),
        terms("left", "2025-05-01", 100, action="started"),
        terms("left", "2025-05-31", 0, action="cancelled"),
        terms("old", "2024-01-01", 100, action="started"),
        milestone("quick", "2026-02-11T00:00:00Z"),
        milestone("slow", "2025-09-09T00:00:00Z"),
        *(login("quick", "ann", f"2026-03-{day}T08:00:00Z") for day in ("02", "02", "09", "16")),
        login("quick", "bo", "2026-03-31T23:00:00Z"),
        login("slow", "bo", "2026-03-31T01:00:00Z"),
        login("slow", "cy", "2026-04-01T00:00:00Z"),
    )
    save(api, external_id="quick", plan="pro")
    return api


def test_by_hand_stored_and_not(march):
    """Three days of Ann, one of Bo: 4 / 31 a day of two people. Of four customers who began since
    April 2025 one is there after 10 days, one after 100; one left after 30, one waits for 90."""
    for _ in range(2):
        assert told(kpis(march)) == {
            "active_users": 2, "weekly_active_users": 1, "daily_active_users": 4 / 31,
            "stickiness": pytest.approx(4 / 31 / 2), "time_to_value_days": 100,
        }  # fmt: skip
        assert kpis(march)["time_to_value_days"]["n"] == 4
        pro = next(
            each for each in kpis(march, by="plan")["segments"] if each["by"]["plan"] == "pro"
        )
        assert told(pro) == {
            "active_users": 2, "weekly_active_users": 1, "daily_active_users": 4 / 31,
            "stickiness": pytest.approx(4 / 31 / 2), "time_to_value_days": 10,
        }  # fmt: skip
        work_off()
        assert waiting() == 0


def test_what_became_known_later_changes_the_months_from_then_on(march):
    before = kpis(march, "2025-08")["time_to_value_days"]
    assert (before["value"], before["n"]) == (None, 2)
    work_off()
    send(march, milestone("never", "2026-03-05T00:00:00Z"))
    assert kpis(march, "2026-02")["time_to_value_days"]["n"] == 4
    assert kpis(march)["time_to_value_days"]["value"] == 63
    send(march, login("quick", "dee", "2026-03-20T00:00:00Z"))
    assert kpis(march)["daily_active_users"]["value"] == 5 / 31


def test_each_figure_opens_its_accounts(workspace, api_of, app, staff):
    march.__wrapped__(api_of(app.test_client(), workspace))
    page = staff("viewer")
    expected = {
        ("active", 1): {"quick", "slow"},
        ("active_week", 1): {"quick", "slow"},
        ("reached", 12): {"quick", "slow"},
        ("waiting", 12): {"never", "left"},
    }
    found = {
        (which, months): accounts(page, which, currency="any", months=months)
        for which, months in expected
    }
    assert {key: names(rows) for key, rows in found.items()} == expected
    days = {row["account"]: row["days"] for rows in found.values() for row in rows if row["days"]}
    assert days == {"quick": "10", "slow": "100", "never": "90", "left": "30"}
    assert names(accounts(page, "reached", months=12, by="plan", value="pro")) == {"quick"}
    shown = page.get("/figures?month=2026-03").text
    assert "100 days" in shown
    assert "4 customers who began" in shown
    assert "which=waiting&amp;months=12" in shown or "months=12" in shown
    assert (
        "Success figures"
        in page.get("/figures/accounts?month=2026-03&which=waiting&months=12").text
    )


def test_who_is_active_in_the_month_that_runs_is_counted_now(api):
    now = utcnow()
    send(api, terms("acme", "2025-01-10", 100, action="started"))
    send(api, login("acme", "ann", now.isoformat()))
    work_off()
    send(api, login("acme", "bob", now.isoformat()))
    found = kpis(api, "")
    assert found["weekly_active_users"]["value"] == 2
    assert found["daily_active_users"]["value"] == pytest.approx(2 / now.day)


@pytest.mark.parametrize("seed", range(2))
def test_usage_is_what_its_definition_says(api, seed):
    dice = Random(seed)
    first = date(2026, 2, 1)
    came = {
        (f"p{dice.randrange(12)}", f"a{dice.randrange(5)}", first + timedelta(dice.randrange(35)))
        for _ in range(60)
    }
    send(
        api,
        terms("a0", "2025-01-10", 100, action="started"),
        *(login(at, who, f"{day}T{dice.randrange(24):02}:00:00Z") for who, at, day in sorted(came)),
    )
    if seed:
        work_off()
    inside = {(who, day) for who, _, day in came if day < date(2026, 3, 1)}
    people = {who for who, _ in inside}
    found = kpis(api, "2026-02")
    assert told(found) == {
        "active_users": len(people),
        "weekly_active_users": len({who for who, day in inside if day >= date(2026, 2, 22)}),
        "daily_active_users": pytest.approx(len(inside) / 28),
        "stickiness": pytest.approx(len(inside) / 28 / len(people)),
        "time_to_value_days": None,
    }
