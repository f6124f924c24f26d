"""Routing rules: tried out before they are saved, looked over in the list, kept as versions."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from surveys.routing import default_rules, validate_rule
from surveys.weekly_hours import read_hours
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up import rule_showing, rule_versions, rules
from vocapp.following_up.models import FollowUp, FollowUpEntry, RoutingRule, RoutingVersion
from vocapp.following_up.rule_versions import stored_rules
from vocapp.following_up.trying_out import recent_answers
from vocapp.problems import Conflict, NotFound
from vocapp.workspaces.office.storing import Week, save_week

TYPED = {
    "name": "Slow and large", "category": ["detractor"], "text_any": "slow",
    "attribute": "plan = pro", "team": "product", "owner": "", "sla_hours": "48",
    "priority": "high", "action": "preview",
}  # fmt: skip


@pytest.fixture
def answers(api):
    """Three low scores and a high one of the last weeks, one low one of two months ago."""
    api.survey()
    pro = {"external_id": "acme", "name": "Acme", "plan": "pro"}
    api.respond(score=2, comment="It is slow", account=pro)
    api.respond(score=3, comment="The search is slow")
    api.respond(score=4)
    api.respond(score=10, comment="slow but fine", account=pro)
    api.respond(score=1, answered_at=(utcnow() - timedelta(days=60)).isoformat())
    return api


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rules_of(workspace_id):
    with snapshot() as session:
        return stored_rules(session, workspace_id)


# --- tried out --------------------------------------------------------------------------------


def test_a_rule_is_tried_out_with_what_was_typed_and_nothing_is_saved(answers, staff):
    admin = staff("admin")
    page = admin.post("/settings/routing/new", TYPED)
    told = words_of(page.text)
    assert "This rule would have decided on 1 answer." in told
    assert "New follow-ups: 0, no longer: 0, elsewhere: 1." in told
    assert "Low score → Slow and large" in told
    assert "Customer success 3 → 2" in told
    assert "Product 0 → 1" in told
    assert "Owner of the account, else in turn 3 → 2" in told
    assert "Nobody yet 0 → 1" in told
    assert "Acme" in told
    assert "Because: Detractor · plan: pro · “slow”" in told
    assert "Counted over 4 answers of the last 30 days." in told
    assert 'value="Slow and large"' in page.text
    assert "plan = pro</textarea>" in page.text
    assert all(rule["name"] != "Slow and large" for rule in rules_of(answers.workspace_id))


def test_a_rule_that_was_switched_off_is_tried_out_as_if_it_were_on(answers, staff):
    admin = staff("admin")
    admin.get("/settings/routing")
    low = next(rule for rule in rules_of(answers.workspace_id) if rule["key"] == "low-score")
    admin.post(f"/settings/routing/{low['id']}/change", {"action": "off"})
    told = words_of(admin.get(f"/settings/routing/{low['id']}").text)
    assert "New follow-ups: 3" in told


def test_a_draft_that_nothing_reaches_says_so_before_it_is_saved(answers, staff):
    admin = staff("admin")
    everything = {"name": "All", "team": "support", "sla_hours": "2", "priority": "low"}
    admin.post("/settings/routing/new", everything | {"owner": "", "action": "save"})
    low = next(rule for rule in rules_of(answers.workspace_id) if rule["key"] == "low-score")
    told = words_of(admin.get(f"/settings/routing/{low['id']}").text)
    assert "Never reached: “All” before it takes all that it fits." in told


def test_answers_of_confidential_surveys_are_not_tried_out(api, staff):
    api.survey(key="secret", confidential=True)
    api.respond(survey="secret", score=1, comment="slow")
    told = words_of(staff("admin").post("/settings/routing/new", TYPED).text)
    assert "No answers came in, so nothing can be tried out." in told


def test_of_very_many_answers_every_so_manieth_is_taken_and_the_page_says_so(
    answers, staff, monkeypatch
):
    monkeypatch.setattr("vocapp.following_up.trying_out.recent_answers.__kwdefaults__", {"most": 2})
    told = words_of(staff("admin").post("/settings/routing/new", TYPED).text)
    assert "Counted over 2 of the 4 answers of the last 30 days, taken evenly." in told


def test_answers_are_tried_out_with_the_facts_that_real_routing_has(api, handle):
    """Whatever opened a case is what the trial says, rule by rule."""
    api.survey()
    for score, comment in ((1, "we cancel"), (2, None), (6, "解約します"), (8, "fine"), (10, None)):
        api.respond(score=score, comment=comment, account={"external_id": "a", "plan": "x"})
    handle()
    with snapshot() as session:
        cases = session.scalars(scoped(FollowUp, api.workspace_id)).all()
        since = utcnow() - timedelta(days=1)
        sample = recent_answers(session, api.workspace_id, since, default_rules())
    trial = rule_showing.try_out([], default_rules(), sample.facts)
    tried = {
        answer: rule.key
        for answer, rule in zip(sample.ids, trial.after, strict=True)
        if rule is not None
    }
    assert tried == {case.response_id: case.rule_key for case in cases}
    assert len(tried) == 3


# --- the list ---------------------------------------------------------------------------------


def test_the_list_counts_what_each_rule_decided_in_30_and_90_days(answers, staff):
    told = words_of(staff("admin").get("/settings/routing").text)
    assert "3 / 4" in told
    assert "No answer of the last 90 days matched it." in told


def test_the_list_names_the_rules_that_take_what_a_rule_would_get(answers, staff):
    admin = staff("admin")
    admin.post(
        "/settings/routing/new",
        {"name": "Low", "score_at_most": "6", "team": "product", "owner": "", "sla_hours": "9",
         "priority": "low", "action": "save"},
    )  # fmt: skip
    told = words_of(admin.get("/settings/routing").text)
    assert "4 answers matched it, all taken by rules before: “Low” (4)." in told
    assert "“Low” (Product) got 4 answers that “Low score” (Customer success) fits as well." in told


# --- versions ---------------------------------------------------------------------------------


def test_each_change_is_a_version_with_who_and_what_in_words(answers, staff):
    admin = staff("admin")
    admin.get("/settings/routing")
    first = rules_of(answers.workspace_id)[0]
    admin.post("/settings/routing/new", TYPED | {"action": "save"})
    admin.post(f"/settings/routing/{first['id']}/change", {"action": "down"})
    admin.post(f"/settings/routing/{first['id']}/change", {"action": "off"})
    admin.post(f"/settings/routing/{first['id']}/change", {"action": "remove"})
    told = words_of(admin.get("/settings/routing/versions").text)
    lines = [
        "May cancel: removed", "May cancel: switched off", "May cancel: moved from place",
        "Slow and large: added", "As it was before the first change",
    ]  # fmt: skip
    places = [told.index(line) for line in lines]
    assert places == sorted(places)
    assert told.index("Version 5") < told.index("In force") < told.index("Version 4")


def test_a_version_is_put_back_as_a_new_one_and_rules_that_were_removed_return(answers, staff):
    admin = staff("admin")
    admin.get("/settings/routing")
    before = rules_of(answers.workspace_id)
    admin.post(f"/settings/routing/{before[0]['id']}/change", {"action": "remove"})
    admin.post("/settings/routing/new", TYPED | {"action": "save"})
    admin.post("/settings/routing/versions/1/restore")
    assert rules_of(answers.workspace_id) == before
    assert "version 1 put back" in words_of(admin.get("/settings/routing/versions").text)


def test_moving_a_rule_says_what_would_go_elsewhere_and_is_undone(answers, staff):
    admin = staff("admin")
    admin.post("/settings/routing/new", TYPED | {"action": "save"})
    before = rules_of(answers.workspace_id)
    low = next(rule for rule in before if rule["key"] == "low-score")
    for _step in range(5):
        answer = admin.post(f"/settings/routing/{low['id']}/change", {"action": "up"})
    page = admin.get(answer.headers["Location"]).text
    assert "1 answer of the last 30 days would go elsewhere." in page
    undo = re.findall(r'action="(/settings/routing/undo[^"]+)"', page)[-1]
    admin.post(undo)
    assert [rule["key"] for rule in rules_of(answers.workspace_id)].index("low-score") == 1
    assert "This can no longer be undone" in admin.post(undo, follow_redirects=True).text


@pytest.mark.usefixtures("any_database")
def test_a_change_is_undone_only_while_it_is_the_last_one(api, colleague):
    who, workspace_id, now = colleague(api.workspace_id, "admin"), api.workspace_id, utcnow()
    rules.make_sure_of_rules(workspace_id, now=now)
    before = rules_of(workspace_id)
    of = {"actor_user_id": who, "now": now}
    version = rules.switch_rule(workspace_id, UUID(before[2]["id"]), enabled=False, **of)
    token = rule_versions.undo_of(workspace_id, version, actor_user_id=who)
    rules.move_rule(workspace_id, UUID(before[3]["id"]), step=-1, **of)
    with pytest.raises(Conflict):
        rule_versions.undo(workspace_id, token, **of)
    rule_versions.restore(workspace_id, 1, **of)
    assert rules_of(workspace_id) == before
    with pytest.raises(NotFound):
        rule_versions.restore(workspace_id, 99, **of)
    with snapshot() as session:
        kept = session.scalars(scoped(RoutingVersion, workspace_id)).all()
    assert sorted(version.number for version in kept) == [1, 2, 3, 4]


def test_a_case_says_by_which_version_of_the_rules_it_was_routed(answers, staff, handle):
    staff("admin").post("/settings/routing/new", TYPED | {"action": "save"})
    handle()
    with snapshot() as session:
        entries = session.scalars(scoped(FollowUpEntry, answers.workspace_id)).all()
    assert {entry.detail["version"] for entry in entries if entry.kind == "opened"} == {2}


def test_a_rule_that_can_no_longer_be_read_is_left_out_and_stays_in_the_list(answers, staff):
    admin = staff("admin")
    admin.get("/settings/routing")
    with transaction() as session:
        row = session.scalars(
            scoped(RoutingRule, answers.workspace_id).where(RoutingRule.key == "low-score")
        ).one()
        row.condition = {"score_at_most": 99}
    told = words_of(admin.get("/settings/routing").text)
    assert "Low score" in told
    with pytest.raises(ValueError, match="score_at_most"):
        validate_rule({"key": "k", "when": {"score_at_most": 99}, "then": {}})


def test_the_list_says_hours_of_work_only_where_working_hours_are_set(staff, workspace, colleague):
    admin = staff("admin")
    assert "hours of work" not in admin.get("/settings/routing").text
    week = Week({0: read_hours("9-17")}, "Asia/Tokyo")
    me = colleague(workspace.workspace_id)
    save_week(workspace.workspace_id, week, user_id=None, actor_user_id=me, now=utcnow())
    assert "hours of work" in admin.get("/settings/routing").text


def test_a_rule_of_the_product_keeps_its_themes_when_it_is_saved_before_any_answer_came(api, staff):
    admin = staff("admin")
    assert "Security and permissions" in words_of(admin.get("/settings/routing").text)
    with snapshot() as session:
        mine = scoped(RoutingRule, api.workspace_id).where(RoutingRule.key == "security-concern")
        rule = session.scalars(mine).one()
    page = admin.get(f"/settings/routing/{rule.id}").text
    assert re.search(r'value="security"[^>]* checked|checked[^>]* value="security"', page)
