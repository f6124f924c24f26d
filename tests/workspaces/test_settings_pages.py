"""Settings: who may open them, what they change, keys, work that was set aside, the log."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.workspaces.models import ApiKey

PAGES = (
    "/settings",
    "/settings/people",
    "/settings/keys",
    "/settings/work",
    "/settings/audit",
)


@pytest.mark.parametrize("role", ["product", "success", "viewer"])
def test_only_administrators_open_settings(staff, role):
    person = staff(role)
    assert [person.get(path).status_code for path in PAGES] == [403] * len(PAGES)
    assert person.post("/settings", {"name": "Mine"}).status_code == 403
    assert 'href="/settings"' not in person.get("/").text


def test_nobody_opens_them_without_signing_in(browser):
    assert [browser.get(path).status_code for path in PAGES] == [302] * len(PAGES)


def test_a_workspace_is_renamed_and_its_origins_are_cleaned(staff, workspace, api):
    admin = staff("admin")
    form = {
        "name": "Acme 株式会社",
        "locale": "ja",
        "time_zone": "Asia/Tokyo",
        "allowed_origins": "https://Shop.example.com/\n\nhttp://localhost:3000",
    }
    assert admin.post("/settings", form).status_code == 303
    shown = api.get("/api/v1/workspace").json
    assert shown["name"] == "Acme 株式会社"
    assert shown["time_zone"] == "Asia/Tokyo"
    assert shown["allowed_origins"] == ["https://shop.example.com", "http://localhost:3000"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "   "), ("time_zone", "Mars/Base"), ("allowed_origins", "shop.example.com/path")],
)
def test_a_wrong_setting_is_named_and_nothing_is_saved(staff, api, field, value):
    before = api.get("/api/v1/workspace").json
    form = {"name": "New", "locale": "en", "time_zone": "UTC", "allowed_origins": ""}
    answer = staff("admin").post("/settings", form | {field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert field == "time_zone" or value.strip() in answer.text  # a list cannot show it
    assert api.get("/api/v1/workspace").json == before


def test_a_secret_key_is_shown_once_and_works_until_it_is_revoked(app, staff, workspace):
    admin = staff("admin")
    made = admin.post("/settings/keys", {"name": "Warehouse", "kind": "secret"})
    assert made.status_code == 201
    secret = re.search(r"voc_sk_[\w-]{43}", made.text).group(0)
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/workspace", headers=headers).status_code == 200
    page = admin.get("/settings/keys").text
    assert secret not in page
    assert "Warehouse" in page
    with snapshot() as session:
        key_id = session.scalars(select(ApiKey.id).where(ApiKey.name == "Warehouse")).one()
    assert admin.post(f"/settings/keys/{key_id}/revoke").status_code == 303
    assert app.test_client().get("/api/v1/workspace", headers=headers).status_code == 401


def test_a_key_of_another_workspace_is_as_good_as_absent(staff, workspace, new_workspace):
    other = new_workspace("Beta")
    with snapshot() as session:
        foreign = session.scalars(
            select(ApiKey.id).where(ApiKey.workspace_id == other.workspace_id)
        ).first()
    admin = staff("admin")
    answers = [admin.post(f"/settings/keys/{key}/revoke") for key in (foreign, uuid7())]
    assert [answer.status_code for answer in answers] == [404, 404]
    with snapshot() as session:
        assert session.get(ApiKey, (other.workspace_id, foreign)).revoked_at is None


def set_aside(workspace_id, error="ValueError"):
    with transaction() as session:
        row = Pending(
            workspace_id=workspace_id, id=uuid7(), kind="measure", subject_id=uuid7(), attempts=8,
            due_at=utcnow(), set_aside_at=utcnow(), last_error=error, created_at=utcnow(),
        )  # fmt: skip
        session.add(row)
    return row.id


def test_work_that_failed_is_shown_with_its_error_and_tried_again(staff, workspace, new_workspace):
    first, second = set_aside(workspace.workspace_id), set_aside(workspace.workspace_id)
    foreign = set_aside(new_workspace("Beta").workspace_id, error="Foreign")
    admin = staff("admin")
    page = admin.get("/settings/work").text
    assert page.count("<code>ValueError</code>") == 2
    assert "Foreign" not in page
    admin.post("/settings/work/retry", {"row": foreign})
    admin.post("/settings/work/retry", {"row": first})
    left = [row.id for row in outbox.set_aside_rows(workspace.workspace_id)]
    assert left == [second]
    admin.post("/settings/work/retry")
    assert outbox.set_aside_rows(workspace.workspace_id) == []
    assert admin.post("/settings/work/retry", {"row": "nonsense"}).status_code == 422
    with snapshot() as session:
        row = session.scalars(select(Pending).where(Pending.id == foreign)).one()
    assert row.set_aside_at is not None


def test_the_log_says_who_did_what_page_by_page(staff, workspace):
    admin = staff("admin")
    for number in range(60):
        admin.post("/settings", {"name": f"Acme {number}", "locale": "en", "time_zone": "UTC"})
    first = admin.get("/settings/audit").text
    assert first.count("changed the settings") == 50
    assert "Admin" in first
    following = re.search(r'href="(/settings/audit\?before=[^"]+)"', first).group(1)
    second = admin.get(following).text
    assert second.count("changed the settings") == 10
    assert "created the workspace" in second
    assert admin.get("/settings/audit?before=nonsense").status_code == 422


def test_the_log_calls_what_it_is_about_by_its_name_while_it_is_there(staff, api):
    api.survey("nps", name="After a purchase")
    admin = staff("admin")
    page = admin.get("/settings/audit").text
    assert "created a survey" in page
    assert "After a purchase" in page
    assert str(survey_by_key(api.workspace.workspace_id, "nps").id) not in page


def test_every_kind_of_background_work_has_words(app):
    words = app.jinja_env.get_template("workspaces/work_words.html")
    with app.test_request_context():
        named = words.make_module({}).kind_name
        assert [kind.name for kind in outbox.kinds() if named(kind.name) == kind.name] == []
