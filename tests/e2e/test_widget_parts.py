"""Parts of the built widget that come on demand, on a page of another origin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_widget import kept, stored, wait_until, why, widget
from vocapp.collecting.identity import sign_identity
from vocapp.collecting.widget import DIST
from vocapp.database import utcnow

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (DIST / "parts").exists(), reason="the widget is not built"),
]
CHOICE = {
    "key": "plan",
    "kind": "choice",
    "text": {"en": "Which plan?"},
    "options": [
        {"key": "free", "label": {"en": "Free"}},
        {"key": "pro", "label": {"en": "Pro"}},
    ],
}
SCORE = {
    "key": "score",
    "kind": "nps",
    "text": {"en": "How likely are you to recommend us?"},
    "low_label": {"en": "Not at all"},
    "high_label": {"en": "Extremely"},
}


@pytest.fixture
def tag(api: Any, live_server: Any) -> Any:
    """A tag for a survey whose second question needs a part; `nonce` for the tag alone."""
    questions = [SCORE, CHOICE]
    public_id = api.survey(languages=["en"], questions=questions)["public_id"]

    def make(nonce: str = "", **data: str) -> str:
        values = {"key": api.workspace.public_key, "survey": public_id, **data}
        attributes = " ".join(f'data-{name}="{value}"' for name, value in values.items() if value)
        return (
            f'<script async nonce="{nonce}" src="{live_server.url}/widget.js" {attributes}>'
            "</script>"
        )

    return make


def answer_both(page: Page) -> None:
    widget(page).get_by_role("radio", name=re.compile("^9")).check(force=True)
    widget(page).locator("button.primary").click()
    widget(page).get_by_role("radio", name="Pro").check(force=True)
    widget(page).locator("button.primary").click()


@pytest.mark.parametrize("display", ["popover", "modal", "tab"])
@pytest.mark.parametrize("by", ["host", "nonce", "host and trusted types"])
def test_parts_come_under_a_strict_policy(new_page, other_site, tag, live_server, by, display):
    source = "'nonce-n0nce'" if by == "nonce" else live_server.url
    policy = f"default-src 'none'; script-src {source}; connect-src {live_server.url}"
    if "trusted" in by:
        policy += "; require-trusted-types-for 'script'; trusted-types 'none'"
    page = new_page()
    page.goto(other_site(tag("n0nce" if by == "nonce" else "", display=display), policy=policy))
    if display == "tab":
        widget(page).locator(".handle").click()
    expect(widget(page)).to_contain_text("How likely")
    answer_both(page)
    wait_until(page, lambda: not kept(page))
    assert [row[1] for row in stored(live_server)] == [9]


@pytest.mark.parametrize("trouble", ["refused", "broken", "a page", "not there"])
def test_a_part_that_does_not_come_leaves_the_page_as_it_was(new_page, other_site, tag, trouble):
    page = new_page()
    replies: dict[str, dict[str, Any]] = {
        "broken": {"status": 200, "content_type": "text/javascript", "body": "{[<"},
        "a page": {"status": 200, "content_type": "text/html", "body": "<h1>Log in</h1>"},
        "not there": {"status": 404, "body": ""},
    }
    page.route(
        "**/widget/kinds.js*",
        lambda route: (
            route.fulfill(headers={"Access-Control-Allow-Origin": "*"}, **replies[trouble])
            if trouble in replies
            else route.abort()
        ),
    )
    page.goto(other_site(f"<button onclick=\"this.textContent = 'bought'\">Buy</button>{tag()}"))
    wait_until(page, lambda: 'the part "kinds" could not be loaded' in str(why(page)))
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_role("button", name="bought")).to_be_visible()
    expect(widget(page)).to_have_count(0)


def test_whoever_is_shown_a_link_gets_it_below_the_thanks(
    new_page, other_site, tag, live_server, api
):
    link = {"url": "https://reviews.example/us", "label": {"en": "Write a review"},
            "shown_to": "best"}  # fmt: skip
    public_id = api.survey("own", questions=[SCORE], thanks={"link": link})["public_id"]
    policy = f"default-src 'none'; script-src {live_server.url}; connect-src {live_server.url}"
    for score, count in ((10, 1), (3, 0)):
        page = new_page()
        page.goto(other_site(tag(survey=public_id), policy=policy))
        widget(page).get_by_role("radio", name=re.compile(f"^{score}")).check(force=True)
        widget(page).locator("button.primary").click()
        expect(widget(page)).to_contain_text("has been saved")
        found = widget(page).get_by_role("link", name="Write a review")
        expect(found).to_have_count(count)
        if count:
            expect(found).to_have_attribute("href", "https://reviews.example/us")
            assert found.bounding_box()["height"] >= 44
        page.close()


def test_a_page_may_draw_the_survey_itself(new_page, other_site, tag, live_server):
    own = (
        "<script>window.voc = window.voc || function () { (voc.q = voc.q || []).push(arguments) };"
        "voc('on', 'shown', function (e) { window.api = e.api })</script>"
    )
    page = new_page()
    page.goto(other_site(own + tag(display="headless")))
    wait_until(page, lambda: page.evaluate("!!window.api"))
    assert page.evaluate("api.wording") == "How likely are you to recommend us?"
    page.evaluate("api.answer('score', 9), api.next(), api.answer('plan', 'pro'), api.next()")
    expect(widget(page)).to_have_count(0)
    wait_until(page, lambda: not kept(page))
    assert [row[1] for row in stored(live_server)] == [9]


def test_nothing_is_asked_for_before_consent(new_page, other_site, tag, live_server):
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(other_site(tag(consent="required")))
    wait_until(page, lambda: page.evaluate("!!window.voc?.loaded"))
    page.wait_for_timeout(300)
    assert [url for url in asked if live_server.url in url] == [f"{live_server.url}/widget.js"]
    assert page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))") == []
    page.evaluate("voc('consent', true)")
    expect(widget(page)).to_contain_text("How likely")
    page.evaluate("voc('consent', false)")
    expect(widget(page)).to_have_count(0)


@pytest.mark.parametrize(
    "part", ["delighted", "headless", "kinds", "modal", "tab", "targeting", "thanks"]
)
def test_parts_are_kept_in_caches_by_their_version(app, part):
    client = app.test_client()
    version = (DIST / "parts.version").read_text()
    now = client.get(f"/widget/{part}.js?v={version}", headers={"Accept-Encoding": "gzip"})
    assert now.status_code == 200
    assert "immutable" in now.headers["Cache-Control"]
    assert now.headers["Content-Encoding"] == "gzip"
    assert len(now.data) <= 4_000
    assert now.headers["Access-Control-Allow-Origin"] == "*"
    older = client.get(f"/widget/{part}.js?v=older")
    assert older.headers["Cache-Control"] == "public, no-cache"
    assert "Content-Encoding" not in older.headers
    tag = older.headers["ETag"]
    assert client.get(f"/widget/{part}.js", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("part", ["nothing", "..%2Fwidget", "%2e%2e%2fparts"])
def test_there_is_no_other_part(app, part):
    assert app.test_client().get(f"/widget/{part}.js").status_code == 404


def test_a_tag_without_a_survey_shows_what_a_rule_says_to_whom_it_says(
    new_page, other_site, tag, api, live_server
):
    tag()  # makes the survey
    rules = "/api/v1/targeting-rules"
    paid = {"name": "After paying", "survey": "nps", "event": "paid", "only_identified": True}
    for rule in (paid, {"name": "Elsewhere", "survey": "nps", "paths": ["/elsewhere/*"]}):
        assert api.post(rules, rule).status_code == 201
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/public/" in sent.url else None)
    page.goto(other_site(tag(survey="")))
    wait_until(page, lambda: 'rule "Elsewhere": not on /, other_page' in str(why(page)))
    page.evaluate("voc('track', 'paid')")
    wait_until(page, lambda: "not after paid, not_identified" in str(why(page)))
    assert len(asked) == 1
    expect(widget(page)).to_have_count(0)
    claims = {"external_id": "u1", "exp": utcnow().timestamp() + 600}
    token = sign_identity(api.workspace.secret_key, claims)
    page.evaluate("token => voc('identify', token)", token)
    wait_until(page, lambda: len(asked) == 2)
    page.wait_for_timeout(300)
    page.evaluate("voc('track', 'paid')")
    expect(widget(page)).to_contain_text("How likely")
    assert not any(token in url for url in asked)
    answer_both(page)
    wait_until(page, lambda: not kept(page))
    assert [row[1] for row in stored(live_server)] == [9]
