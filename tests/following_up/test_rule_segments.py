"""Routing rules that ask for saved segments: live, tried out, and when a segment goes."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from surveys.attributes import Reportable, value_of
from surveys.filters import parse_compact
from surveys.routing import validate_rule
from surveys.routing_trial import try_out
from tests.following_up.test_rules import rules_of, words_of
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up import rule_versions, rules
from vocapp.following_up.models import FollowUp
from vocapp.following_up.rules import NewRule
from vocapp.following_up.trying_out import recent_answers
from vocapp.measuring.models import ReportableSet
from vocapp.measuring.segments import service
from vocapp.measuring.segments.service import InUse, NewSegment, save_segment
from vocapp.workspaces.models import AuditEntry

THEN = {"team": "support", "owner": None, "sla_hours": 4, "priority": "high"}
TYPED = {
    "name": "Large ones", "segment": ["large"], "team": "support", "owner": "", "sla_hours": "4",
    "priority": "high",
}  # fmt: skip


@pytest.fixture
def large(api):
    """Accounts on the plan pro with at least 50 seats."""
    return saved(api, "Large", "plan:in(pro);seats:between(50,)")


def saved(api, name, text):
    new = NewSegment(name, parse_compact(text))
    return save_segment(api.workspace_id, new, actor_user_id=None, now=utcnow())


def changed(api, key, name, text):
    new = NewSegment(name, parse_compact(text))
    service.change_segment(api.workspace_id, key, new, actor_user_id=None, now=utcnow())


def with_rule(api, who, *segments, **when):
    rules.make_sure_of_rules(api.workspace_id, now=utcnow())
    rule = validate_rule({"key": "large", "when": {"segment": list(segments)} | when, "then": THEN})
    rules.save_rule(api.workspace_id, NewRule("Large ones", rule), actor_user_id=who, now=utcnow())
    return rule


def answers(api):
    """Of each sort of account a low and a high score."""
    api.survey()
    for number, (plan, seats) in enumerate((("pro", 80), ("pro", 10), ("free", 80), ("pro", None))):
        facts = {"external_id": f"a{number}", "plan": plan, "attributes": {"seats": seats}}
        for score in (2, 10):
            api.respond(score=score, account=facts)


def cases_by_rule(api):
    with snapshot() as session:
        cases = session.scalars(scoped(FollowUp, api.workspace_id)).all()
    return {case.response_id: case.rule_key for case in cases}


def tried(api, in_use):
    """Response → rule, of the answers of a day, as the rules are tried out."""
    with snapshot() as session:
        since = utcnow() - timedelta(days=1)
        sample = recent_answers(session, api.workspace_id, since, in_use)
    went = zip(sample.ids, try_out([], in_use, sample.facts).after, strict=True)
    return {answer: rule.key for answer, rule in went if rule is not None}


def enabled(api):
    with snapshot() as session:
        return rules.enabled_rules(session, api.workspace_id)


# --- live and tried out -----------------------------------------------------------------------


def test_an_answer_goes_by_the_segment_that_it_is_in(api, colleague, large, handle):
    with_rule(api, colleague(api.workspace_id, "admin"), large)
    answers(api)
    handle()
    keys = sorted(cases_by_rule(api).values())
    assert keys == ["large", "large", "low-score", "low-score", "low-score"]


@pytest.mark.usefixtures("any_database")
def test_one_of_several_segments_is_enough_and_other_conditions_have_to_hold(
    any_api, colleague, handle
):
    keys = [saved(any_api, "Large", "seats:between(50,)"), saved(any_api, "Free", "plan:in(free)")]
    with_rule(any_api, colleague(any_api.workspace_id, "admin"), *keys, score_at_least=9)
    answers(any_api)
    handle()
    assert sorted(cases_by_rule(any_api).values()) == ["large"] * 2 + ["low-score"] * 4


def test_trying_out_sends_each_answer_where_it_really_went(api, colleague, large, handle):
    with_rule(api, colleague(api.workspace_id, "admin"), large)
    answers(api)
    handle()
    assert tried(api, enabled(api)) == cases_by_rule(api)


def test_bands_are_those_of_the_results(api, colleague, handle):
    with transaction() as session:
        stored = [{"name": "seats", "edges": [50]}]
        session.add(ReportableSet(workspace_id=api.workspace_id, attributes=stored))
    name = value_of(Reportable("seats", (50,)), {"seats": 80}, utcnow())
    key = saved(api, "Large", f'seats:in("{name}")')
    with_rule(api, colleague(api.workspace_id, "admin"), key)
    answers(api)
    handle()
    went = cases_by_rule(api)
    assert list(went.values()).count("large") == 4
    assert tried(api, enabled(api)) == went


def test_a_change_of_a_segment_holds_for_the_next_answers(api, colleague, large, handle):
    with_rule(api, colleague(api.workspace_id, "admin"), large)
    changed(api, large, "Larger", "plan:in(free)")
    answers(api)
    handle()
    assert list(cases_by_rule(api).values()).count("large") == 2


def test_a_rule_is_tried_out_on_the_page_and_says_which_segment_held(api, staff, large):
    answers(api)
    page = staff("admin").post("/settings/routing/new", TYPED | {"action": "preview"})
    told = words_of(page.text)
    assert "This rule would have decided on 2 answers." in told
    assert "Because: In segment: Large" in told
    assert re.search(r'<input checked[^>]*name="segment"[^>]*value="large"', page.text)


def test_a_rule_behind_one_that_takes_all_its_segments_never_decides(api, staff, large):
    free = saved(api, "Free", "plan:in(free)")
    answers(api)
    admin = staff("admin")
    for name, keys in (("Narrow", [large]), ("Wide", [large, free])):
        admin.post("/settings/routing/new", TYPED | {"name": name, "segment": keys})
    told = words_of(admin.get("/settings/routing").text)
    assert "Narrow Never decides Never reached: “Wide” before it takes all that it fits." in told


def test_a_segment_that_nobody_saved_is_refused(api, staff, large):
    answer = staff("admin").post("/settings/routing/new", TYPED | {"segment": ["nobodys"]})
    assert answer.status_code == 422
    assert 'value="Large ones"' in answer.text
    assert all(rule["name"] != "Large ones" for rule in rules_of(api.workspace_id))


def test_without_segments_the_form_says_where_they_are(api, staff):
    page = staff("admin").get("/settings/routing/new").text
    assert 'name="segment"' not in page
    assert "Saved segments can be asked for, too." in page


# --- a segment that is renamed or removed -----------------------------------------------------


def test_a_segment_that_rules_ask_for_stays_and_the_rules_are_named(api, staff, large):
    admin = staff("admin")
    admin.post("/settings/routing/new", TYPED)
    rule = next(rule for rule in rules_of(api.workspace_id) if rule["name"] == "Large ones")
    admin.post(f"/settings/routing/{rule['id']}/change", {"action": "off"})
    told = words_of(admin.post(f"/segments/{large}/remove", follow_redirects=True).text)
    assert "The segment “Large” stays: routing rules ask for it (Large ones)." in told
    refused = api.delete(f"/api/v1/segments/{large}")
    assert refused.status_code == 409
    assert "Large ones" in refused.json["errors"][0]["message"]
    assert "Routing rules ask for this segment: Large ones." in admin.get(f"/segments/{large}").text
    admin.post(f"/settings/routing/{rule['id']}", TYPED | {"segment": []})
    assert api.delete(f"/api/v1/segments/{large}").status_code == 204


def test_a_rule_that_came_back_without_its_segment_says_so(api, colleague, staff, large, handle):
    """An older version of the rules may ask for what was removed since."""
    who, workspace_id, now = colleague(api.workspace_id, "admin"), api.workspace_id, utcnow()
    with_rule(api, who, large)
    rule = rules_of(workspace_id)[0]
    with pytest.raises(InUse):
        service.remove_segment(workspace_id, large, actor_user_id=who, now=now)
    rules.remove_rule(workspace_id, UUID(rule["id"]), actor_user_id=who, now=now)
    service.remove_segment(workspace_id, large, actor_user_id=who, now=now)
    rule_versions.restore(workspace_id, 2, actor_user_id=who, now=now)
    answers(api)
    handle()
    assert "large" not in cases_by_rule(api).values()
    admin = staff("admin")
    told = words_of(admin.get("/settings/routing").text)
    assert "Segment removed No answer is in a segment that was removed: Large." in told
    assert "In segment: Large (removed)" in told
    page = admin.get(f"/settings/routing/{rule['id']}").text
    assert "No answer is in a segment that was removed: Large." in words_of(page)
    assert re.search(r'<input checked[^>]*name="segment"[^>]*value="large"', page)
    service.restore_segment(workspace_id, large, actor_user_id=who, now=now)
    assert "Segment removed" not in admin.get("/settings/routing").text


def test_versions_and_audit_name_the_segment(api, staff, large):
    admin = staff("admin")
    admin.post("/settings/routing/new", TYPED)
    rule = next(rule for rule in rules_of(api.workspace_id) if rule["name"] == "Large ones")
    free = saved(api, "Free", "plan:in(free)")
    admin.post(f"/settings/routing/{rule['id']}", TYPED | {"segment": [free]})
    changed(api, large, "Whales", "plan:in(pro)")
    told = words_of(admin.get("/settings/routing/versions").text)
    assert "Large ones: if In segment: Whales In segment: Free" in told
    with snapshot() as session:
        lines = session.scalars(scoped(AuditEntry, api.workspace_id)).all()
    details = [line.detail for line in lines if line.action == "routing_rule.saved"]
    assert details == [{"segment": ["Large"]}, {"segment": ["Free"]}]
    assert "Segment: Large" in words_of(admin.get("/settings/audit").text)
