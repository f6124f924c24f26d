"""A survey by a public link: its QR code, and where it hangs."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from vocapp.collecting.models import Response
from vocapp.database import snapshot

PAGE = "/surveys/nps/poster"


@pytest.fixture
def product(staff, api):
    api.survey()
    return staff("product")


def link_on(page):
    return unescape(re.search(r'<input class="input" id="copy[^"]*" value="([^"]+)"', page.text)[1])


def press(client, link, score="3"):
    path = link.split("localhost")[-1].split("://")[-1]
    path = path[path.index("/s/") :]
    page = client.get(path)
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    action = unescape(re.search(r'<form method="post" action="([^"]+)"', page.text)[1])
    primary = re.search(r'name="(q-[^"]+)"', page.text)[1]
    sent = client.post(action, data=fields | {primary: score, "step": "score"})
    assert sent.status_code in {200, 303}, sent.text
    return page


def touchpoints():
    with snapshot() as session:
        rows = session.scalars(select(Response.attributes).order_by(Response.answered_at))
        return [each.get("touchpoint") for each in rows]


def test_the_place_of_a_poster_is_the_touchpoint_of_its_answers(product, api):
    page = product.get(PAGE + "?lang=ja&place=京都店 レジ横")
    assert "ご意見をお聞かせください" in page.text
    shown = press(api.client, link_on(page))
    assert 'lang="ja"' in shown.text
    assert touchpoints() == ["京都店 レジ横"]


def test_a_place_that_we_did_not_sign_is_none(product, api):
    link = link_on(product.get(PAGE + "?place=Kyoto"))
    press(api.client, re.sub(r"at=[^.&]+", "at=WyJ4IiwiVG9reW8iXQ", link))
    assert touchpoints() == [None]


def test_the_place_of_another_survey_is_none(product, api):
    other = api.survey("csat", kind="csat")
    at = re.search(r"at=([^&]+)", link_on(product.get(PAGE + "?place=Kyoto")))[1]
    press(api.client, f"/s/{other['public_id']}?at={at}")
    assert touchpoints() == [None]


@pytest.mark.parametrize(
    ("ending", "begin", "kind"),
    [("svg", b"<?xml", "image/svg+xml"), ("png", b"\x89PNG", "image/png")],
)
def test_the_code_comes_as_a_file(product, ending, begin, kind):
    answer = product.get(f"{PAGE}/qr.{ending}?lang=ja&place=Kyoto")
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.data.startswith(begin)
    assert product.get(f"{PAGE}/qr.pdf").status_code == 404


def test_a_place_that_is_too_long_is_named_and_stays(product):
    answer = product.get(PAGE + "?place=" + "x" * 101)
    assert answer.status_code == 422
    assert "At most 100 characters" in answer.text
    assert "x" * 101 in answer.text
