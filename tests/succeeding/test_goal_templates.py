"""Templates of goals: by segment, and what a new goal begins with."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from surveys.periods import local_day
from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.goals import goal_templates
from vocapp.succeeding.goals.goal_templates import Wanted

SETTINGS = "/settings/goal-templates"
NEW_GOAL = "/accounts/acme/goals/new"
FOR_PRO = {
    "words": "当日中に返信する", "measure": "初回返信までの時間", "unit": "時間", "target": "4",
    "due_in_days": "90", "attributes": "plan: pro、team\nsize：large",
}  # fmt: skip
FOR_ALL = {"words": "Log in weekly", "measure": "people", "due_in_days": "30", "attributes": ""}
WANTED = Wanted("Log in weekly", "people", "", None, 30, {})


@pytest.fixture
def acme(api):
    """A workspace with a large account on the plan pro, and one of which nothing is said."""
    for body in (
        {"external_id": "acme", "plan": "pro", "attributes": {"size": "large"}},
        {"external_id": "other"},
    ):
        assert api.post("/api/v1/accounts", body).status_code < 300
    return api


def stored(api):
    with snapshot() as session:
        return list(goal_templates.stored_templates(session, api.workspace_id))


def undo_of(html: str) -> str:
    return re.search(r'action="(/settings/goal-templates/undo/[^"]+)"', html)[1]


def value_of(html: str, name: str) -> str:
    return re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', html)[1]


def test_without_templates_a_goal_begins_empty_and_the_settings_say_what_they_are_for(acme, staff):
    assert "Begin with a template" not in staff("success").get(NEW_GOAL).text
    assert "No goal templates yet" in staff("admin").get(SETTINGS).text


def test_a_template_is_kept_changed_removed_and_put_back(acme, staff):
    admin = staff("admin")
    page = admin.post(SETTINGS, FOR_PRO, follow_redirects=True).text
    assert "初回返信までの時間: 4時間 · within 90 days" in page
    assert "plan: pro, team · size: large" in page
    (row,) = stored(acme)
    one = f"{SETTINGS}/{row.id}"
    assert "plan: pro, team\nsize: large" in admin.get(one).text
    page = admin.post(one, FOR_PRO | {"target": "", "attributes": ""}, follow_redirects=True).text
    assert "For all accounts" in page
    (row,) = stored(acme)
    assert (row.target, row.attributes) == (None, {})
    page = admin.post(f"{one}/remove", {}, follow_redirects=True).text
    assert stored(acme) == []
    assert admin.get(one).status_code == 404
    admin.post(undo_of(page))
    admin.post(undo_of(page))  # once more changes nothing
    assert len(stored(acme)) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"words": " "}, "Write what the customer wants to reach, in their words."),
        ({"measure": " "}, "Say by what it is measured."),
        ({"due_in_days": "0"}, "Enter a whole number from 1 to 3650."),
        ({"due_in_days": ""}, "Enter in how many days it is to be reached."),
        ({"target": "many"}, "Enter a number, such as 12 or 3.5."),
        ({"attributes": "pro"}, "Write each line as “plan: pro, team”."),
        ({"attributes": f"plan: {'x' * 201}"}, "Use at most 200 characters."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(acme, staff, wrong, said):
    answer = staff("admin").post(SETTINGS, FOR_PRO | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert FOR_PRO["unit"] in answer.text
    assert stored(acme) == []


def test_a_new_goal_begins_with_a_template_that_fits_the_account(acme, staff):
    admin, success = staff("admin"), staff("success")
    for each in (FOR_ALL, FOR_PRO):
        admin.post(SETTINGS, each)
    for_all, for_pro = stored(acme)
    page = success.get(NEW_GOAL).text
    # Those of its segment stand first.
    assert page.index(str(for_pro.id)) < page.index(str(for_all.id))
    page = success.get(f"{NEW_GOAL}?template={for_pro.id}").text
    assert ">\n当日中に返信する</textarea>" in page.replace("\r", "")
    assert value_of(page, "measure") == "初回返信までの時間"
    assert (value_of(page, "unit"), value_of(page, "target")) == ("時間", "4")
    assert value_of(page, "baseline") == ""
    due = local_day(utcnow(), "UTC") + timedelta(days=90)
    assert value_of(page, "due_on") == due.isoformat()
    assert f'<option value="{for_pro.id}" selected>' in page


def test_an_account_of_another_segment_is_not_offered_it(acme, staff):
    admin = staff("admin")
    for each in (FOR_ALL, FOR_PRO):
        admin.post(SETTINGS, each)
    for_all, for_pro = stored(acme)
    for asked in (for_pro.id, uuid4(), "x"):
        page = staff("success").get(f"/accounts/other/goals/new?template={asked}").text
        assert f'<option value="{for_all.id}"' in page
        assert f'<option value="{for_pro.id}"' not in page
        assert value_of(page, "measure") == ""


def test_only_administrators_keep_templates(acme, staff):
    for role in ("success", "viewer"):
        assert staff(role).get(SETTINGS).status_code == 403
        assert staff(role).post(SETTINGS, FOR_ALL).status_code == 403
    assert stored(acme) == []


def test_the_page_says_when_there_are_as_many_as_there_can_be(acme, staff, monkeypatch):
    monkeypatch.setattr(goal_templates, "MAX_TEMPLATES", 1)
    admin = staff("admin")
    assert admin.post(SETTINGS, FOR_ALL).status_code == 303
    answer = admin.post(SETTINGS, FOR_ALL)
    assert answer.status_code == 422
    assert "A workspace has at most 1 goal templates." in answer.text


def save(api, wanted=WANTED):
    return goal_templates.save_template(api.workspace_id, wanted, actor_user_id=None, now=utcnow())


def test_there_is_an_end_to_how_many_a_workspace_has(any_api, monkeypatch):
    monkeypatch.setattr(goal_templates, "MAX_TEMPLATES", 1)
    first = save(any_api)
    with pytest.raises(Conflict):
        save(any_api)
    goal_templates.remove_template(any_api.workspace_id, first, actor_user_id=None, now=utcnow())
    save(any_api)
    with pytest.raises(Conflict):  # its place is taken
        goal_templates.put_back(any_api.workspace_id, first, actor_user_id=None, now=utcnow())


def test_a_template_that_cannot_be_kept_names_each_wrong_field(any_api):
    wanted = Wanted("", "", "u" * 31, float("nan"), 0, {"plan": []})
    with pytest.raises(BadInput) as refused:
        save(any_api, wanted)
    wrong = [each.field for each in refused.value.errors]
    assert wrong == ["words", "measure", "unit", "target", "due_in_days", "attributes"]
