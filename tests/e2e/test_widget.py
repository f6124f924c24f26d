"""The built widget on a page of another origin: it asks, it delivers, it does no harm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from vocapp.collecting.models import Answer, Response
from vocapp.collecting.widget import _FILE
from vocapp.database import snapshot

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not _FILE.exists(), reason="the widget is not built (widget/dist)"),
]
WORDS = {
    "en": ("How likely", "What do you value most", "Send", "Thank you", "Feedback"),
    "ja": ("どの程度すすめたい", "特に気に入っている点", "送信する", "ありがとう", "ご意見"),
}


@pytest.fixture
def tag(api: Any, live_server: Any) -> Any:
    """The script tag a customer pastes: `tag(display="inline")`."""
    public_id = api.survey()["public_id"]

    def make(**data: str) -> str:
        values = {"key": api.workspace.public_key, "survey": public_id, **data}
        attributes = " ".join(f'data-{name}="{value}"' for name, value in values.items())
        return f'<script async src="{live_server.url}/widget.js" {attributes}></script>'

    return make


def stored(live_server: Any) -> list[tuple[UUID, int | None, str, str | None]]:
    """Id, score, channel and comment of every response."""
    with live_server.app.app_context(), snapshot() as session:
        comments = select(Answer.response_id, Answer.text).where(Answer.text.is_not(None))
        by_response = dict(session.execute(comments).all())
        return [
            (row.id, row.score, row.channel, by_response.get(row.id))
            for row in session.scalars(select(Response))
        ]


def widget(page: Page) -> Locator:
    return page.locator("voc-widget")


def why(page: Page) -> Any:
    """What the widget says of itself, once it has loaded."""
    return page.evaluate("window.voc?.loaded ? window.voc('why') : []")


def kept(page: Page) -> list[str]:
    """Ids of the answers that wait in the browser."""
    found: list[str] = page.evaluate(
        "Object.keys(localStorage).filter(k => k.startsWith('voc:answer:'))"
    )
    return [name.removeprefix("voc:answer:") for name in found]


def wait_until(page: Page, wanted: Callable[[], bool]) -> None:
    """Poll from outside: the page's own policy may forbid to evaluate text in it."""
    for _ in range(100):
        if wanted():
            return
        page.wait_for_timeout(100)
    raise AssertionError("waited 10 s in vain")


def choose(page: Page, score: int) -> None:
    """Press a score and the button below it."""
    widget(page).locator(f'input[type=radio][value="{score}"]').check(force=True)
    widget(page).locator("button.primary").click()


@pytest.mark.parametrize("display", ["popover", "inline"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_an_answer_given_on_another_site_arrives_once(
    new_page, other_site, tag, live_server, display, language
):
    ask, value, send, thanks, _ = WORDS[language]
    page = new_page()
    calls: Counter[tuple[str, str]] = Counter()
    page.on("request", lambda sent: calls.update([(sent.method, sent.url.split("?")[0])]))
    html = f'<h1>Shop</h1><div id="here"></div>{tag(display=display, target="#here")}'
    page.goto(other_site(html, lang=language))
    expect(widget(page)).to_contain_text(re.compile(ask))
    expect(widget(page)).to_have_attribute("lang", language)
    assert page.locator("#here voc-widget").count() == (display == "inline")
    widget(page).get_by_role("radio", name=re.compile("^9")).check(force=True)
    assert stored(live_server) == []
    widget(page).locator("button.primary").click()
    expect(widget(page)).to_contain_text(re.compile(value))
    widget(page).get_by_role("textbox").fill("早い。 Quick answers")
    widget(page).get_by_role("button", name=send, exact=True).click()
    expect(widget(page)).to_contain_text(thanks)
    wait_until(page, lambda: not kept(page))
    [(answer, *rest)] = stored(live_server)
    assert rest == [9, "widget", "早い。 Quick answers"]
    paths = {path.removeprefix(live_server.url): n for (_, path), n in calls.items()}
    assert paths["/public/v1/responses"] == 1
    assert paths[f"/public/v1/responses/{answer}"] == 1
    assert page.context.cookies() == []


def test_an_answer_says_the_moment_that_its_tag_names(new_page, other_site, tag, live_server):
    page = new_page()
    page.goto(other_site(tag(touchpoint="after checkout")))
    choose(page, 9)
    wait_until(page, lambda: not kept(page))
    with live_server.app.app_context(), snapshot() as session:
        assert [row.attributes["touchpoint"] for row in session.scalars(select(Response))] == [
            "after checkout"
        ]


def test_an_answer_outlives_the_network_and_a_reload_with_the_same_id(
    new_page, other_site, tag, live_server
):
    page = new_page()
    page.goto(other_site(tag()))
    expect(widget(page)).to_contain_text("How likely")
    live_server.stop()
    choose(page, 3)
    widget(page).get_by_role("textbox").fill("It broke")
    widget(page).locator("button.primary").click()
    expect(widget(page)).to_contain_text("Your answer is kept and will be sent")
    [waiting] = kept(page)
    page.reload()
    assert kept(page) == [waiting]
    assert stored(live_server) == []
    live_server.start()
    page.reload()
    wait_until(page, lambda: not kept(page))
    assert stored(live_server) == [(UUID(waiting), 3, "widget", "It broke")]
    expect(widget(page)).to_have_count(0)  # answered: not asked again by itself


def test_an_answer_whose_acknowledgement_got_lost_counts_once(
    new_page, other_site, tag, live_server
):
    page = new_page()
    page.goto(other_site(tag()))
    expect(widget(page)).to_contain_text("How likely")
    sent = []

    def swallow(route: Any) -> None:
        sent.append(route.request.post_data)
        if len(sent) == 1:
            route.fetch()  # the server stores it, the browser never hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/public/v1/responses", swallow)
    choose(page, 8)
    wait_until(page, lambda: not kept(page))
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert [row[1:] for row in stored(live_server)] == [(8, "widget", None)]


def test_a_strict_policy_of_the_host_page_is_enough_for_the_widget(
    new_page, other_site, tag, live_server
):
    policy = (
        f"default-src 'none'; script-src {live_server.url}; connect-src {live_server.url}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page = new_page()
    page.goto(other_site(tag(), policy=policy))
    expect(widget(page)).to_contain_text("How likely")
    box = widget(page).locator(".box").bounding_box()
    assert box is not None
    assert 200 < box["width"] < 700  # styled: not as wide as the page
    choose(page, 10)
    expect(widget(page).get_by_role("textbox")).to_be_visible()
    wait_until(page, lambda: not kept(page))
    assert [row[1:] for row in stored(live_server)] == [(10, "widget", None)]


@pytest.mark.parametrize("listed", [True, False])
def test_in_production_only_pages_on_the_list_may_ask(
    new_page, other_site, tag, live_server, api, listed
):
    url = other_site(tag())
    origins = [url.rstrip("/")] if listed else ["https://shop.example.com"]
    api.patch("/api/v1/workspace", {"allowed_origins": origins})
    live_server.app.config["ENVIRONMENT"] = "production"
    page = new_page()
    page.goto(url)
    if listed:
        expect(widget(page)).to_contain_text("How likely")
        return
    wait_until(page, lambda: "the server answered nothing" in str(why(page)))
    expect(widget(page)).to_have_count(0)


@pytest.mark.parametrize(
    "trouble",
    ["no server", "no answers", "broken answers", "slow answers", "slow script"],
)
def test_a_page_is_unharmed_when_the_server_has_trouble(
    new_page, other_site, tag, live_server, trouble
):
    page = new_page()
    if trouble == "no answers":
        page.route("**/public/v1/**", lambda route: route.abort())
    if trouble == "broken answers":
        page.route("**/public/v1/**", lambda route: route.fulfill(status=200, body="{[<html>"))
    if trouble == "slow answers":
        page.route("**/public/v1/**", lambda route: None)  # for ever
    if trouble == "slow script":
        page.route("**/widget.js", lambda route: None)
    early = "window.voc = window.voc || function () { (voc.q = voc.q || []).push(arguments) };"
    shop = (
        f"<script>{early} voc('show', 'nothing'); voc('identify', 'x');</script>"
        "<button onclick=\"this.textContent = 'bought'\">Buy</button>"
    )
    url = other_site(shop + tag())
    if trouble == "no server":
        live_server.stop()
    page.goto(url, wait_until="domcontentloaded")
    page.evaluate("voc('show', 'another'); voc('close'); voc('on', 'answered', () => {})")
    if trouble in {"no answers", "broken answers"}:
        wait_until(page, lambda: "not shown, the server answered" in str(why(page)))
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_role("button", name="bought")).to_be_visible()
    expect(widget(page)).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_tab_carries_the_word_of_the_survey_and_opens_it(new_page, other_site, tag, language):
    ask, *_, word = WORDS[language]
    page = new_page(width=360)
    page.goto(other_site(tag(display="tab"), lang=language))
    handle = widget(page).get_by_role("button", name=word)
    handle.click()
    expect(widget(page).locator(".box")).to_contain_text(re.compile(ask))
    page.keyboard.press("Escape")
    expect(widget(page).locator(".box")).to_be_hidden()
    expect(handle).to_be_focused()
