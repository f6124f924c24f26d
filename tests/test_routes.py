"""Properties of every route and page of the application."""

from __future__ import annotations

import re

import pytest
from werkzeug.routing import Rule

from vocapp.workspaces.access import access_of

# Answers that are not pages.
_DATA = re.compile(r"\.(csv|jsonl|json|js|css|svg|png|eml|txt)$|/export|/(healthz|readyz|metrics)$")


def plain_pages(app) -> list[Rule]:
    """Every GET for people that needs no value in its path."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.endpoint.endswith(".static")
        and not rule.rule.startswith(("/api/v1", "/public/", "/delighted/"))
        and not _DATA.search(rule.rule)
    ]


def test_every_route_says_who_may_call_it(app):
    silent = [
        rule.endpoint for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint) is None
    ]
    assert silent == []


def test_no_two_pages_have_the_same_address(app):
    """One would hide the other, and which of them opens is chance."""
    taken: dict[tuple[str, str], str] = {}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            address = (method, re.sub(r"<[^>]*>", "<>", rule.rule))
            assert address not in taken, (rule.endpoint, taken[address])
            taken[address] = rule.endpoint


def test_nothing_for_people_opens_without_signing_in_unless_it_says_so(app, browser):
    for rule in plain_pages(app):
        if access_of(app, rule.endpoint).kind == "user":
            answer = browser.get(rule.rule)
            assert (rule.rule, answer.status_code) == (rule.rule, 302)
            assert answer.location.startswith("/sign-in?next=")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_has_a_title_and_a_language(app, staff, language):
    admin = staff("admin")
    admin.post("/language", {"language": language, "next": "/"})
    seen = 0
    for rule in plain_pages(app):
        answer = admin.get(rule.rule, follow_redirects=True)
        if answer.mimetype != "text/html":
            continue
        assert answer.status_code < 500, rule.rule
        seen += 1
        html = answer.text
        assert f'<html lang="{language}"' in html, rule.rule
        title = re.search(r"<title>([^<]+)</title>", html)
        assert title, f"{rule.rule} has no title"
        assert title.group(1).strip(), rule.rule
        assert not title.group(1).strip().startswith("·"), rule.rule
        assert len(re.findall(r"<h1[ >]", html)) == 1, f"{rule.rule}: one main heading"
    assert seen > 5


def test_no_page_shows_a_form_without_its_token(app, staff):
    admin = staff("admin")
    for rule in plain_pages(app):
        html = admin.get(rule.rule, follow_redirects=True).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL):
            assert 'name="csrf_token"' in form, rule.rule
