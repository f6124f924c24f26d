"""The touch model of a workspace: planned by it, edited by admins, put back and taken back."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from surveys.touchpoints import Anchor, Touchpoint, default_model
from tests.succeeding.test_touchpoints import ahead, keys, plan, plans, save, today, working
from vocapp.database import snapshot, utcnow
from vocapp.problems import Conflict
from vocapp.succeeding.touchpoints import model_versions, planning, service
from vocapp.succeeding.touchpoints.looking_ahead import Changes, changes_by
from vocapp.succeeding.touchpoints.moments import names
from vocapp.workspaces.models import AuditEntry

HELLO = Touchpoint("hello", Anchor("started_on"), 12, {"tech": "email"}, name="Hello again")
AT = "/settings/touchpoints"


def in_force(api):
    with snapshot() as session:
        return model_versions.model_in_force(session, api.workspace_id)


def use(api, model, base=None):
    return model_versions.use_model(
        api.workspace_id, model, base=in_force(api).number if base is None else base,
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip


def changes(api, model):
    with snapshot() as session:
        counts = in_force(api).model
        return changes_by(session, api.workspace_id, counts, model, now=utcnow())


def reached(api, account, name, days_ago):
    at = (utcnow() - timedelta(days=days_ago)).isoformat()
    event = {"id": name, "type": "milestone", "account": account, "name": name, "at": at}
    taken = api.post("/api/v1/events", {"events": [event]})
    assert taken.json["rejected"] == [], taken.text


def form_of(page, **changed):
    """The fields of the form as a browser sends them, with changes."""
    fields = {}
    form = page.split("novalidate>")[1].split("</form>")[0]
    for tag in re.findall(r"<input[^>]+>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        unticked = 'type="checkbox"' in tag and " checked" not in tag
        if name and name[1] != "csrf_token" and not unticked:
            fields[name[1]] = html.unescape(value[1] if value else "")
    for name, options in re.findall(r'<select[^>]+name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        fields[name] = (chosen or re.search(r'value="([^"]*)"', options))[1]
    for name, text in re.findall(r'<textarea[^>]+name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        fields[name] = html.unescape(text).removeprefix("\n")
    return fields | changed


def test_without_one_of_its_own_a_workspace_plans_what_the_product_does(any_api):
    assert in_force(any_api).model == default_model()
    assert use(any_api, default_model()) is None
    assert in_force(any_api).number == 0


def test_another_model_withdraws_adds_and_leaves_what_took_place(any_api):
    who = any_api.workspace.user_id
    save(any_api, "acme", started_on=ahead(-2))
    save(any_api, "done", started_on=ahead(-2))
    plan(any_api)
    held = next(row for row in plans(any_api) if row.touch_key == "setup-check")
    service.mark_done(any_api.workspace_id, held.id, "call", actor_user_id=who, now=utcnow())
    without = in_force(any_api).without("setup-check")
    use(any_api, without)
    use(any_api, in_force(any_api).with_touchpoint(HELLO))
    plan(any_api)
    assert [(row.id, row.state) for row in plans(any_api, touch_key="setup-check")] == [
        (held.id, "done")
    ]
    hello = plans(any_api, touch_key="hello")
    assert [row.due_on for row in hello] == [working(today() + timedelta(days=10))] * 2
    use(any_api, default_model())
    plan(any_api)
    states = sorted(row.state for row in plans(any_api, touch_key="setup-check"))
    assert states == ["done", "planned"]  # whoever had theirs is not contacted again
    assert plans(any_api, touch_key="hello") == []


def test_a_change_plans_anew_at_once_is_noted_and_taken_back(any_api):
    planning.see_to_planning(any_api.workspace_id, now=utcnow())
    token = use(any_api, in_force(any_api).with_touchpoint(HELLO))
    with snapshot() as session:
        assert names(session, any_api.workspace_id)[-1] == "hello"
        noted = session.scalars(
            select(AuditEntry).where(
                AuditEntry.workspace_id == any_api.workspace_id,
                AuditEntry.action == "touch_model.changed",
            )
        ).all()
    assert [each.detail for each in noted] == [{"number": 1}]
    with pytest.raises(Conflict):
        use(any_api, default_model(), base=0)
    who = any_api.workspace.user_id
    model_versions.undo(any_api.workspace_id, token, actor_user_id=who, now=utcnow())
    assert in_force(any_api).model == default_model()
    assert in_force(any_api).former == {"hello": "Hello again"}
    with pytest.raises(Conflict):
        model_versions.undo(any_api.workspace_id, token, actor_user_id=who, now=utcnow())


def test_milestones_stages_and_attributes_are_planned_from(any_api):
    save(any_api, "acme", started_on=ahead(-20), plan="pro", attributes={"seats": 5})
    save(any_api, "other", plan="free")
    reached(any_api, "acme", "setup_done", 3)
    reached(any_api, "other", "first_report", 1)
    for touchpoint in (
        Touchpoint("m", Anchor("milestone", "first_report"), 7, {"tech": "email"}),
        Touchpoint("s", Anchor("stage", "adoption"), 10, {"tech": "survey"}),
        Touchpoint(
            "pro", Anchor("started_on"), 25, {"tech": "email"},
            {"attribute": {"plan": ("pro", "team"), "seats": ("5",)}},
        ),
        Touchpoint(
            "free", Anchor("started_on"), 25, {"tech": "email"}, {"attribute": {"plan": ("free",)}}
        ),
    ):  # fmt: skip
        use(any_api, in_force(any_api).with_touchpoint(touchpoint))
    plan(any_api)
    found = dict(keys(any_api))
    assert found["m"] == working(today() + timedelta(days=6))
    assert found["s"] == working(today() + timedelta(days=7))
    assert found["pro"] == working(today() + timedelta(days=5))
    assert "free" not in found


def test_a_look_ahead_counts_what_would_come_go_and_change_as_planning_then_does(any_api):
    for number in range(3):
        save(any_api, f"a{number}", started_on=ahead(-number))
    assert changes(any_api, default_model()) == Changes(0, 0, 0)
    plan(any_api)
    before = {(row.account_id, row.touch_key): row.due_on for row in plans(any_api)}
    setup = in_force(any_api).touchpoint("setup-check")
    later = Touchpoint(setup.key, setup.anchor, 15, setup.kinds)
    use(any_api, in_force(any_api).without("first-results"))
    model = in_force(any_api).with_touchpoint(later)
    looked = changes(any_api, in_force(any_api).with_touchpoint(HELLO))
    assert (looked.come, looked.go, looked.change) == (3, 0, 0)
    assert changes(any_api, default_model()).come == 3
    assert changes(any_api, model) == Changes(0, 0, 3)
    use(any_api, model)
    plan(any_api)
    after = {(row.account_id, row.touch_key): row.due_on for row in plans(any_api)}
    assert len(before) - len(after) == 3
    assert all(before[key] != after[key] for key in after)


def test_an_admin_adds_changes_removes_and_puts_back(api, staff):
    save(api, "acme", started_on=ahead(-2))
    admin = staff("admin")
    assert "Does the set-up work?" in admin.get(AT).text
    new = admin.get(f"{AT}/new").text
    typed = form_of(new, name="Third week", days="21", side="after", tech="email", do="look")
    looked = admin.post(f"{AT}/new", typed)
    assert "1 is added" in looked.text
    assert "Nothing is saved yet" in looked.text
    assert in_force(api).number == 0
    saved = admin.post(f"{AT}/new", form_of(looked.text, do="save"))
    assert saved.status_code == 303
    page = admin.get(AT).text
    assert "Third week" in page
    assert "21 days after the start" in page
    assert "Contacts of the coming 30 days: 1 is added." in html.unescape(page)
    plan(api)
    admin.post(
        f"{AT}/third-week",
        form_of(admin.get(f"{AT}/third-week").text, name="Week three", do="save"),
    )
    assert in_force(api).touchpoint("third-week").name == "Week three"
    assert "Week three" in admin.get("/touchpoints?show=upcoming").text
    assert "Week three" in admin.get("/accounts/acme").text
    row = plans(api, touch_key="third-week")[0]
    service.mark_done(
        api.workspace_id, row.id, "call", actor_user_id=api.workspace.user_id, now=utcnow()
    )
    admin.post(f"{AT}/third-week/remove", {})
    assert in_force(api).touchpoint("third-week") is None
    assert "Week three" in admin.get("/touchpoints?show=done").text  # also when it is gone
    again = form_of(admin.get(f"{AT}/new").text, name="Third week", days="3", do="save")
    admin.post(f"{AT}/new", again)
    assert in_force(api).touchpoint("third-week-2") is not None  # another one than what was done
    admin.post(f"{AT}/default", {})
    assert in_force(api).is_default
    assert "This is the default of the product." in admin.get(AT).text


def test_a_default_whose_name_is_left_keeps_words_in_every_language(api, staff):
    admin = staff("admin")
    page = admin.get(f"{AT}/setup-check").text
    admin.post(f"{AT}/setup-check", form_of(page, days="7", do="save"))
    changed = in_force(api).touchpoint("setup-check")
    assert (changed.offset_days, changed.name) == (7, None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "First results"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"attribute": "plan", "values": "p" * 201}, "values"),
        ({"days": "x", "high": "", "tech": ""}, "high"),
        ({"days": ""}, "days"),
        ({"days": "five"}, "days"),
        ({"days": "99999"}, "days"),
        ({"days": "-3"}, "days"),
        ({"repeat_days": "0"}, "repeat_days"),
        ({"anchor": "milestone", "milestone": " "}, "milestone"),
        ({"anchor": "moon"}, "anchor"),
        ({"high": "", "tech": ""}, "high"),
        ({"tech": "call"}, "tech"),
        ({"attribute": "plan", "values": " , "}, "values"),
        ({"attribute": "", "values": "pro"}, "attribute"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(api, staff, wrong, field):
    admin = staff("admin")
    typed = form_of(
        admin.get(f"{AT}/new").text, name="Quarter", days="80", tech="survey", do="save"
    )
    answer = admin.post(f"{AT}/new", typed | wrong)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    kept = form_of(answer.text)
    for name, text in (typed | wrong).items():
        if name not in {"do", "anchor", "tech", "high"}:
            assert kept[name] == text, name
    assert in_force(api).number == 0


def test_who_saves_over_another_change_is_told_and_may_save_again(api, staff):
    admin = staff("admin")
    typed = form_of(admin.get(f"{AT}/new").text, name="Quarter", days="80", do="save")
    use(api, in_force(api).with_touchpoint(HELLO))
    answer = admin.post(f"{AT}/new", typed)
    assert answer.status_code == 409
    assert "Somebody changed the touchpoints meanwhile" in answer.text
    assert admin.post(f"{AT}/new", form_of(answer.text, do="save")).status_code == 303
    assert [each.key for each in in_force(api).model.touchpoints][-2:] == ["hello", "quarter"]


def test_the_last_touchpoint_stays_and_unknown_ones_are_not_there(api, staff):
    admin = staff("admin")
    for key in ("setup-check", "first-results"):
        admin.post(f"{AT}/{key}/remove", {})
    admin.post(f"{AT}/value-review/remove", {})
    assert "One touchpoint has to stay" in admin.get(AT).text
    assert [each.key for each in in_force(api).model.touchpoints] == ["value-review"]
    assert admin.get(f"{AT}/no-such").status_code == 404
    assert admin.post(f"{AT}/no-such/remove", {}).status_code == 404


@pytest.mark.parametrize("role", ["success", "product", "viewer"])
def test_only_admins_change_what_is_planned(api, staff, role):
    someone = staff(role)
    assert someone.get(AT).status_code == 403
    assert someone.post(f"{AT}/default", {}).status_code == 403
