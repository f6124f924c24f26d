"""The door: signing in and out, sessions, the brake on guessing, language, workspaces."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from config import Settings
from vocapp import create_app
from vocapp.database import snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.workspaces import service, sign_in
from vocapp.workspaces.models import SignInAttempt, UserSession

COOKIE = "voc_session"


def cookie_of(answer):
    return next(
        (c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{COOKIE}=")), None
    )


def test_signing_in_opens_the_page_that_was_asked_for(browser, workspace):
    asked = browser.get("/account?x=1")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/account?x%3D1"
    answer = browser.sign_in(workspace.email, next="/account?x=1")
    assert answer.status_code == 303
    assert answer.location == "/account?x=1"
    assert browser.get("/account").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser, workspace):
    cookie = cookie_of(browser.sign_in(workspace.email))
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"):
        assert part in cookie


def test_the_table_does_not_hold_the_token(browser, workspace):
    token = cookie_of(browser.sign_in(workspace.email)).split("=")[1].split(";")[0]
    with snapshot() as session:
        row = session.scalars(select(UserSession)).one()
    assert len(token) >= 43
    assert token not in {row.token_digest, str(row.id)}


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site(browser, workspace, target):
    assert browser.sign_in(workspace.email, next=target).location == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [("", "wrong password"), ("nobody@example.com", None), ("not an address", None)],
)
def test_a_wrong_address_and_a_wrong_password_get_the_same_answer(
    browser, workspace, email, password
):
    answer = browser.sign_in(email or workspace.email, password or "correct horse battery")
    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert cookie_of(answer) is None


def test_an_unknown_address_costs_the_time_of_a_check(browser, workspace, monkeypatch):
    checked = []
    monkeypatch.setattr(
        service, "password_matches", lambda hashed, given: bool(checked.append(given))
    )
    browser.sign_in("nobody@example.com", "a guess of theirs")
    assert checked == ["a guess of theirs"]


def test_a_brake_stops_guessing_and_lets_go_after_a_while(app, browser, workspace):
    for _ in range(sign_in.ATTEMPTS_BY_ADDRESS):
        assert browser.sign_in(workspace.email, "wrong password").status_code == 422
    refused = browser.sign_in(workspace.email)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    assert "Too many attempts" in refused.text
    assert browser.sign_in("other@example.com", "wrong password").status_code == 422
    with transaction() as session:
        session.execute(update(SignInAttempt).values(at=utcnow() - timedelta(minutes=16)))
    assert browser.sign_in(workspace.email).status_code == 303


def test_a_right_password_leaves_no_attempt_behind(browser, workspace):
    browser.sign_in(workspace.email)
    with snapshot() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_signing_out_ends_the_session_and_not_only_the_cookie(app, browser, workspace):
    token = cookie_of(browser.sign_in(workspace.email)).split("=")[1].split(";")[0]
    assert browser.post("/sign-out").location == "/sign-in"
    other = app.test_client()
    other.set_cookie(COOKIE, token)
    assert other.get("/").status_code == 302


def test_signing_in_again_replaces_the_session_of_this_browser(browser, workspace):
    browser.sign_in(workspace.email)
    assert browser.sign_in(workspace.email).status_code == 303
    with snapshot() as session:
        rows = session.scalars(select(UserSession).order_by(UserSession.created_at)).all()
    assert [row.revoked_at is None for row in rows] == [False, True]


def test_an_expired_session_opens_nothing(browser, workspace):
    browser.sign_in(workspace.email)
    with transaction() as session:
        session.execute(update(UserSession).values(expires_at=utcnow() - timedelta(seconds=1)))
    assert browser.get("/").status_code == 302


def test_a_session_in_use_lives_on_and_is_written_hourly_at_most(browser, workspace):
    browser.sign_in(workspace.email)

    def last_seen():
        with snapshot() as session:
            return session.scalars(select(UserSession.last_seen_at)).one()

    first = last_seen()
    assert cookie_of(browser.get("/account")) is None
    assert last_seen() == first
    earlier = utcnow() - timedelta(hours=2)
    with transaction() as session:
        session.execute(
            update(UserSession).values(last_seen_at=earlier, expires_at=earlier + timedelta(days=9))
        )
    assert "Max-Age=2592000" in cookie_of(browser.get("/account"))
    with snapshot() as session:
        row = session.scalars(select(UserSession)).one()
    assert row.last_seen_at > earlier
    assert row.expires_at - row.last_seen_at == sign_in.SESSION_LIFE


def test_a_person_signs_another_browser_out(app, browser, workspace, staff):
    browser.sign_in(workspace.email)
    with snapshot() as session:
        other = session.scalars(select(UserSession.id)).one()
    stranger = staff("admin")
    assert stranger.post(f"/account/sessions/{other}/revoke").status_code == 404
    assert browser.get("/").status_code == 200
    assert browser.post(f"/account/sessions/{other}/revoke").status_code == 303
    assert browser.get("/").status_code == 302


def test_a_form_without_its_token_changes_nothing_and_says_so(browser, workspace):
    browser.sign_in(workspace.email)
    answer = browser.client.post("/account/name", data={"name": "Mallory"})
    assert answer.status_code == 422
    assert "<h1>This was not accepted</h1>" in answer.text
    assert "Mallory" not in browser.get("/account").text


def test_a_new_password_signs_every_other_browser_out(app, browser, workspace, staff):
    other = staff("viewer", email="two@example.com")
    browser.sign_in("two@example.com")
    wrong = {"current": "not this one", "password": "a new long password"}
    assert browser.post("/account/password", wrong).status_code == 422
    right = wrong | {"current": "correct horse battery"}
    assert browser.post("/account/password", right).status_code == 303
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert other.sign_in("two@example.com").status_code == 422
    assert other.sign_in("two@example.com", "a new long password").status_code == 303


def test_the_language_is_changed_and_the_page_stays(browser, workspace):
    answer = browser.post("/language", {"language": "ja", "next": "/sign-in?next=/account"})
    assert answer.location == "/sign-in?next=/account"
    assert '<html lang="ja"' in browser.get("/sign-in").text
    assert browser.post("/language", {"language": "ja", "next": "//evil"}).location == "/"
    assert browser.post("/language", {"language": "xx"}).status_code == 422


def test_a_persons_language_follows_them_to_another_browser(app, browser, workspace, staff):
    staff("viewer", email="two@example.com").post("/language", {"language": "ja", "next": "/"})
    browser.sign_in("two@example.com")
    assert '<html lang="ja"' in browser.get("/").text


def test_somebody_in_two_workspaces_chooses_and_is_a_guest_in_neither(
    app, browser, workspace, staff, new_workspace
):
    other = new_workspace("Beta")
    staff("viewer", of=other, email=workspace.email)
    answer = browser.sign_in(workspace.email, next="/account")
    assert answer.location == "/workspaces?next=/account"
    page = browser.get(answer.location).text
    assert "Acme" in page
    assert "Beta" in page
    entered = browser.post(f"/workspaces/{other.workspace_id}", {"next": "/account"})
    assert entered.location == "/account"
    assert '<a class="workspace" href="/">Beta</a>' in browser.get("/account").text
    foreign = new_workspace("Gamma")
    assert browser.post(f"/workspaces/{foreign.workspace_id}").status_code == 404


def test_the_demo_is_open_to_everybody_and_nobody_administers_it(browser, workspace, new_workspace):
    browser.sign_in(workspace.email)
    assert browser.post("/demo").status_code == 404
    assert "Open the demo" not in browser.get("/").text
    new_workspace("Demo", is_demo=True)
    assert "Open the demo" in browser.get("/").text
    assert browser.post("/demo").status_code == 303
    page = browser.get("/").text
    assert '<a class="workspace" href="/">Demo</a>' in page
    assert 'href="/settings"' not in page


def test_on_https_the_cookie_is_bound_to_this_host(tmp_path, migrated_sqlite, new_workspace):
    shutil.copy(migrated_sqlite, tmp_path / "voc.sqlite3")
    app = create_app(
        Settings(environment="test", data_dir=tmp_path, base_url="https://voice.example.com")
    )
    with app.app_context():
        workspace = new_workspace()
        client, base = app.test_client(), "https://voice.example.com"
        page = client.get("/sign-in", base_url=base).text
        form = {
            "csrf_token": re.search(r'csrf_token"[^>]* value="([^"]+)', page).group(1),
            "email": workspace.email,
            "password": "correct horse battery",
        }
        answer = client.post(
            "/sign-in", data=form, base_url=base, headers={"Referer": f"{base}/sign-in"}
        )
        db.engine.dispose()
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if COOKIE in c)
    assert cookie.startswith("__Host-voc_session=")
    assert "; Secure;" in cookie
    assert "Domain" not in cookie
