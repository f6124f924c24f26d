"""What a workspace defines as completed onboarding holds for all that asks for it."""

from __future__ import annotations

import html
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from surveys.lifecycle import Lifecycle, OnboardingRule
from surveys.playbooks import Playbook, Trigger
from surveys.touchpoints import Anchor, Touchpoint, default_model
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
from tests.succeeding.test_touch_model import changes, form_of, in_force, use
from tests.succeeding.test_touchpoints import ahead, keys, plan
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.people.models import Account
from vocapp.succeeding.backtest.recalling import read_past, told_at
from vocapp.succeeding.figures import kept
from vocapp.succeeding.figures.accounts_behind import Asked, accounts_behind
from vocapp.succeeding.health import reading as health
from vocapp.succeeding.playbooks import reading as playbooks
from vocapp.succeeding.touchpoints import model_versions

AT = "/settings/onboarding"
EITHER = OnboardingRule("setup_done", 20, logins=5, login_days=14)
RULES = [OnboardingRule(), EITHER, OnboardingRule(None, logins=5, login_days=14)]
DAY = timedelta(days=1)


@pytest.fixture
def api(any_api):
    return any_api


def define(api, rule, **more):
    lifecycle = replace(in_force(api).model.lifecycle, onboarding=rule, **more)
    return use(api, replace(in_force(api).model, lifecycle=lifecycle))


@pytest.fixture
def told(api):
    """Customers who began in the first half of the year: start, log-ins and milestones of each."""
    dice = random.Random(11)
    found = {}
    for number in range(16):
        start = datetime(2026, 1, 1, tzinfo=UTC) + dice.randrange(150) * DAY
        logins = sorted(
            start + timedelta(hours=dice.randrange(-48, 24 * 45), minutes=dice.randrange(60))
            for _ in range(dice.choice([0, 3, 6, 12]))
        )
        done = [start + dice.randrange(40) * DAY for _ in range(dice.choice([0, 0, 1]))]
        found[f"a{number}"] = start, logins, done
    for name, (start, logins, done) in found.items():
        send(
            api, terms(name, start.date(), 100, action="started"),
            *(login(name, f"{name}-p", at.isoformat()) for at in logins),
            *(milestone(name, at.isoformat()) for at in done),
        )  # fmt: skip
    return found


def by_hand(rule, start, logins, done):
    """(in time, at all), counting every log-in."""
    counted = [at for at in logins if at >= start]
    by_logins = counted[rule.logins - 1] if rule.logins and len(counted) >= rule.logins else None
    done = done if rule.milestone else []
    in_time = any(at <= start + rule.milestone_days * DAY for at in done) or (
        by_logins is not None and by_logins < start + rule.login_days * DAY
    )
    return in_time, bool(done) or by_logins is not None


def onboarding_rates(api):
    found = {}
    for number in range(1, 7):
        rate = kpis(api, f"2026-{number:02}")["onboarding_completion_rate"]
        found[number] = rate["value"], rate["n"]
    return found


def expected_rates(rule, told):
    found = {}
    for number in range(1, 7):
        own = [by_hand(rule, *each)[0] for each in told.values() if each[0].month == number]
        found[number] = (sum(own) / len(own) if own else None), len(own)
    return found


def listed(api, which, month, months=1):
    found = accounts_behind(
        api.workspace_id, Asked(month, which, months=months), time_zone="UTC", now=utcnow()
    )
    return {each.external_id: each.days for each in found.rows}


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    if request.param == "large":
        monkeypatch.setattr(kept, "AT_ONCE", 0)


@pytest.mark.parametrize("rule", RULES, ids=["default", "either", "log-ins"])
def test_all_that_asks_agrees_with_every_event_counted(api, told, size, rule):
    define(api, rule)
    work_off()
    assert onboarding_rates(api) == expected_rates(rule, told)
    in_time = {name: by_hand(rule, *each)[0] for name, each in told.items()}
    done = {name: by_hand(rule, *each)[1] for name, each in told.items()}
    began = {name: each[0].month for name, each in told.items()}
    for number in range(1, 7):
        assert listed(api, "not_set_up", date(2026, number, 1)).keys() == {
            name for name in told if began[name] == number and not in_time[name]
        }
    assert listed(api, "reached", date(2026, 10, 1), 12).keys() == {n for n in told if done[n]}
    assert listed(api, "waiting", date(2026, 10, 1), 12).keys() == {
        name for name in told if not done[name]
    }
    now = utcnow()
    for name in told:
        account = api.get(f"/api/v1/accounts/{name}").json
        assert (account["stage"] == "onboarding") == (not done[name])
        assert account["kpis"]["onboarding_completed"] == in_time[name]
    with snapshot() as session:
        accounts = session.scalars(
            select(Account).where(Account.workspace_id == api.workspace_id)
        ).all()
        names = {each.id: each.external_id for each in accounts}
        facts = health.read_facts(session, api.workspace_id, names, time_zone="UTC", now=now)
        assert {names[key]: each.is_set_up for key, each in facts.items()} == done
        stalled = Playbook("p", Trigger("onboarding_stalled", {"days": 1, "until_days": 900}), ())
        asked = playbooks.read_facts(session, accounts, [stalled], time_zone="UTC", now=now)
        assert {names[key]: each.onboarded for key, each in asked.items()} == done
        past = read_past(
            session, api.workspace_id, list(names), time_zone="UTC", kept_since=None
        ).facts(now, told_at(session, api.workspace_id, now, by_date=True))
        assert {names[key]: each.is_set_up for key, each in past.items()} == done


def test_another_rule_changes_past_months_and_taking_it_back_does_too(api, told, size):
    before = expected_rates(OnboardingRule(), told)
    after = expected_rates(EITHER, told)
    assert before != after
    work_off()
    assert onboarding_rates(api) == before
    token = define(api, EITHER)
    assert waiting() > 0
    assert any(
        row.kind == HEALTH_DAILY for row in _pending(api)
    )  # the health of all is worked out anew
    work_off()
    assert onboarding_rates(api) == after
    model_versions.undo(
        api.workspace_id, token, actor_user_id=api.workspace.user_id, now=utcnow()
    )  # fmt: skip
    work_off()
    assert onboarding_rates(api) == before


def _pending(api):
    with snapshot() as session:
        return session.scalars(
            select(outbox.Pending).where(outbox.Pending.workspace_id == api.workspace_id)
        ).all()


def test_other_changes_of_the_model_leave_what_is_stored(api, told):
    work_off()
    define(api, OnboardingRule(), adoption_days=30)
    assert waiting() == 0


def test_what_is_stored_follows_the_log_in_that_completes_it(api):
    """Also one of the month that runs, which else moves nothing of the months before."""
    now = utcnow()
    start = now - 40 * DAY
    define(api, OnboardingRule(None, logins=3, login_days=90))
    send(api, terms("acme", start.date(), 100, action="started"))
    month = f"{start:%Y-%m}"
    rate = lambda: kpis(api, month)["onboarding_completion_rate"]["value"]  # noqa: E731
    for number in range(2):
        send(api, login("acme", "ann", (now - (3 - number) * timedelta(minutes=1)).isoformat()))
    assert rate() == 0
    work_off()
    last = login("acme", "ann", now.isoformat())
    send(api, last)
    assert rate() == 1
    work_off()
    send(api, login("acme", "ann", now.isoformat()))
    mistaken = [login("acme", "ann", (start - 9 * DAY).isoformat()) | {"supersedes": last["id"]}]
    send(api, *mistaken)
    assert rate() == 1  # there is another one in its place
    work_off()
    assert rate() == 1


def test_touchpoints_are_counted_from_the_log_in_that_ended_onboarding(api):
    save(api, external_id="acme", started_on=ahead(-20))
    save(api, external_id="other", started_on=ahead(-20))
    at = utcnow() - 2 * DAY
    send(api, *(login("acme", "ann", at.isoformat()) for _ in range(5)))
    use(api, in_force(api).with_touchpoint(
        Touchpoint("after", Anchor("stage", "adoption"), 9, {"tech": "email"})
    ))  # fmt: skip
    model = replace(in_force(api).model, lifecycle=Lifecycle(EITHER))
    found = changes(api, model)
    assert (found.come, found.done_before, found.done_after) == (1, 0, 1)
    use(api, model)
    plan(api)
    assert [key for key, _ in keys(api)].count("after") == 1


def test_stages_last_as_long_as_the_workspace_says(api):
    send(api, terms("acme", (utcnow() - 50 * DAY).date(), 100, action="started"))
    send(api, milestone("acme", (utcnow() - 45 * DAY).isoformat()))
    stage = lambda: api.get("/api/v1/accounts/acme").json["stage"]  # noqa: E731
    assert stage() == "adoption"
    define(api, OnboardingRule(), adoption_days=49)
    assert stage() == "value"
    define(api, OnboardingRule(), value_milestone="first_report")
    assert stage() == "adoption"
    send(api, milestone("acme", (utcnow() - DAY).isoformat(), "first_report"))
    assert stage() == "value"


# --- its page ---------------------------------------------------------------------------------


@pytest.fixture
def admin(workspace, api_of, app, staff):
    return staff("admin"), api_of(app.test_client(), workspace)


def test_an_admin_looks_ahead_saves_and_undoes(admin):
    page, api = admin
    send(api, terms("acme", (utcnow() - 50 * DAY).date(), 100, action="started"))
    send(api, *(login("acme", "ann", (utcnow() - 45 * DAY).isoformat()) for _ in range(3)))
    form = page.get(AT).text
    assert 'value="setup_done"' in form
    looked = page.post(AT, form_of(form, logins="3", login_days="10", do="look"))
    assert "Customers who completed onboarding: 0 now, 1 then." in looked.text
    assert in_force(api).number == 0
    saved = page.post(AT, form_of(looked.text, grace_days="7", do="save"))
    assert saved.status_code == 303
    model = in_force(api).model
    assert model.lifecycle.onboarding == OnboardingRule(logins=3, login_days=10)
    assert (model.grace_days, model.touchpoints) == (7, default_model().touchpoints)
    words = (
        "Onboarding counts as complete when the milestone setup_done is reached within 31 days of "
        "the start, or there are 3 log-ins within the first 10 days."
    )
    assert words in html.unescape(page.get("/settings/touchpoints").text)
    assert words in html.unescape(page.get("/figures").text)
    page.post("/settings/touchpoints/default", {})
    assert in_force(api).model.lifecycle.onboarding.logins == 3  # these are other settings


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"milestone": " "}, "milestone"),
        ({"milestone": "a\x00b"}, "milestone"),
        ({"milestone_days": "0"}, "milestone_days"),
        ({"logins": "many"}, "logins"),
        ({"logins": "0"}, "logins"),
        ({"login_days": ""}, "login_days"),
        ({"login_days": "367"}, "login_days"),
        ({"adoption_days": "1101"}, "adoption_days"),
        ({"renewal_days": "-1"}, "renewal_days"),
        ({"value_milestone": "v" * 201}, "value_milestone"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_kept(admin, wrong, field):
    page, api = admin
    answer = page.post(AT, form_of(page.get(AT).text, do="save", **wrong))
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    kept_typed = form_of(answer.text)
    assert all(kept_typed[name] == text for name, text in wrong.items() if "\x00" not in text)
    assert in_force(api).number == 0


def test_who_saves_over_a_change_of_somebody_else_is_told(admin):
    page, api = admin
    form = page.get(AT).text
    define(api, EITHER)
    answer = page.post(AT, form_of(form, logins="9", do="save"))
    assert answer.status_code == 409
    assert 'value="9"' in answer.text
    assert in_force(api).model.lifecycle.onboarding == EITHER
