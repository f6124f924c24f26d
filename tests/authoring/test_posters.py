"""A survey by a public link: its QR code, and where it hangs."""

from __future__ import annotations

import re
from html import unescape

import pypdfium2
import pytest
import segno
from pypdfium2.raw import FPDF_PAGEOBJ_PATH, FPDF_PAGEOBJ_TEXT
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


@pytest.fixture
def page_of():
    """Reads the only page of a file of an answer."""
    opened = []

    def read(answer):
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
        opened.append(pypdfium2.PdfDocument(answer.data))
        assert len(opened[-1]) == 1
        return opened[-1][0]

    yield read
    for document in opened:
        document.close()


def words_on(page):
    return " ".join(page.get_textpage().get_text_bounded().split())


def codes_on(page, *, modules):
    """What a camera sees at the middle of each module, of every code on the page."""
    scale = 4
    seen = page.render(scale=scale).to_pil().convert("L")
    height = page.get_height()
    for path in page.get_objects(filter=[FPDF_PAGEOBJ_PATH]):
        left, bottom, right, top = path.get_bounds()
        if right - left < 50 or top - bottom < 50:
            continue  # where to cut
        size = (right - left) / modules
        yield [
            [
                seen.getpixel(
                    (int((left + (x + 0.5) * size) * scale),
                     int((height - top + (y + 0.5) * size) * scale))
                ) < 128
                for x in range(modules)
            ]
            for y in range(modules)
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Please tell us what you think", "camera.", "or open http"]),
        ("ja", ["ご意見をお聞かせください", "カメラで読み取ってください。", "または http"]),
    ],
)
def test_the_poster_comes_as_a_pdf(product, api, page_of, language, said):
    answer = product.get(f"{PAGE}/a4.pdf?lang={language}")
    page = page_of(answer)
    assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
    words = words_on(page)
    assert [each for each in [*said, "Acme"] if each not in words] == []
    survey = api.get("/api/v1/surveys/nps").json
    assert f"/s/{survey['public_id']}" in words
    name = f"nps-poster-{language}-a4.pdf"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.parametrize(("size", "copies"), [("a4", 1), ("a6", 4)])
def test_the_code_of_the_pdf_is_that_of_the_link_with_its_place(product, page_of, size, copies):
    chosen = "?lang=ja&place=京都店 レジ横"
    code = segno.make_qr(link_on(product.get(PAGE + chosen)), error="q")
    answer = product.get(f"{PAGE}/{size}.pdf{chosen}")
    assert "%E4%BA%AC%E9%83%BD%E5%BA%97" in answer.headers["Content-Disposition"]
    expected = [[bool(module) for module in row] for row in code.matrix]
    seen = list(codes_on(page_of(answer), modules=len(expected)))
    assert seen == [expected] * copies


def test_four_to_a_sheet_are_four_whole_posters(product, api, page_of):
    page = page_of(product.get(f"{PAGE}/a6.pdf?lang=ja"))
    assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
    survey = api.get("/api/v1/surveys/nps").json
    words = words_on(page)
    assert words.count("ご意見をお聞かせください") == 4
    assert words.count(f"/s/{survey['public_id']}") == 4, "the link stands in one line"


@pytest.mark.parametrize("size", ["a4", "a6"])
def test_a_long_question_stays_on_its_poster(staff, api, page_of, size):
    long = "サポート窓口の対応について、解決までの早さを含めてどの程度ご満足いただけましたか？" * 8
    questions = [{"key": "score", "kind": "nps", "text": {"ja": long}}]
    api.survey(languages=["ja"], questions=questions)
    page = page_of(staff("product").get(f"{PAGE}/{size}.pdf"))
    assert "".join(words_on(page).split()).count(long) == (1 if size == "a4" else 4)
    width, height = (each / (1 if size == "a4" else 2) for each in page.get_size())
    for each in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT]):
        left, bottom, right, top = each.get_bounds()
        assert (left // width, bottom // height) == (right // width, top // height)
        assert min(left, bottom) >= 0


def test_the_page_offers_the_pdfs_of_what_is_chosen(product):
    page = product.get(PAGE + "?lang=ja&place=Kyoto").text
    for size in ("a4", "a6"):
        assert f'href="{PAGE}/{size}.pdf?lang=ja&amp;place=Kyoto"' in page
    assert "There is no PDF" not in page


def test_a_poster_in_letters_that_a_pdf_lacks_is_printed_from_the_page_only(staff, api):
    questions = [{"key": "score", "kind": "nps", "text": {"ar": "هل توصي بنا؟"}}]
    api.survey(languages=["ar"], questions=questions)
    product = staff("product")
    page = product.get(PAGE).text
    assert "There is no PDF of this poster" in page
    assert "Print the poster" in page
    assert ".pdf" not in page
    assert product.get(f"{PAGE}/a4.pdf").status_code == 404


def test_a_size_or_place_that_is_none_has_no_pdf(product):
    assert product.get(f"{PAGE}/a5.pdf").status_code == 404
    assert product.get(f"{PAGE}/a4.pdf?place={'x' * 101}").status_code == 404
