"""What the shells and macros write: safe, labelled, translated, without inline style or script."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel import Locale
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask, render_template, render_template_string, url_for
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

import vocapp.ui
from vocapp import ui

UI = Path(vocapp.ui.__file__).parent
FRAGMENT = UI.parent / "translations" / "fragments" / "ui.ja.po"
UGLY = '<b>"O\'Neil" & 山田</b>'

IMPORTS = """
{% from "macros/page.html" import page_header, empty, card, tabs, pagination, stat, badge, chip,
   banner, when, due, progress, sort_th, select_all_th, select_td, bulk_bar %}
{% from "macros/charts.html" import score_with_interval, score_cell, distribution, trend, dots,
   ranked_bars, sparkline %}
{% from "macros/forms.html" import field, error_summary, text_input, textarea_input, select_input,
   checkbox_input, button, button_link, post_button, copy_field, csrf %}
{% from "macros/respond.html" import scale, comment, send_button, steps %}
"""

CHARTS = """
{{ score_with_interval("nps", 31.3, 24.9, 37.5, 412, title=ugly) }}
{{ score_with_interval("csat", none, none, none, 3, min_n=5, pending=2) }}
{{ distribution("nps", [9, 3, 5, 8, 6, 22, 28, 48, 73, 110, 100], title=ugly) }}
{{ distribution("csat", [0, 0, 0, 0, 0]) }}
{{ trend(points, "nps", title=ugly, notes=[(points[1][0], ugly)]) }}
{{ trend([], "nps") }}{{ trend(points[2:], "nps") }}
{{ dots([(ugly, 9, 10, 0, 20, true, "/x?a=1&b=2"), (ugly, 2)], "nps", overall=3) }}
{{ dots([], "ces") }}
{{ ranked_bars([(ugly, 3, 0.5, "/t", none, ugly, true), (ugly, -1)], signed=true) }}
{{ ranked_bars([]) }}
{{ sparkline([1, none, 3, 4], ugly) }}{{ sparkline([], ugly) }}{{ score_cell("nps", 3, 1, 4, 9) }}
"""

PAGE = """
{% call page_header(ugly, lead=ugly) %}{{ button_link(ugly, "/x", "primary") }}{% endcall %}
{{ tabs([(ugly, "/x", true), (ugly, "/y", false, 3)], ugly) }}
{% call card(ugly, more_url="/m") %}{{ badge("promoter", 9) }}{{ badge("difficult") }}{% endcall %}
{{ empty(ugly, ugly, ugly, "/x") }}{{ chip(ugly, "new") }}{{ banner(ugly, "error") }}
<dl class="stats">{{ stat(ugly, 3 | number, ugly) }}</dl>
{{ when(moment) }}{{ due(moment, true) }}{{ progress(ugly, 1, 3) }}{{ pagination("/n", "/f") }}
<table><thead><tr>{{ select_all_th() }}{{ sort_th(ugly, "/s", "descending") }}</tr></thead>
<tbody><tr>{{ select_td(1, ugly) }}<td>x</td></tr></tbody></table>
{% call bulk_bar("/bulk") %}{{ button(ugly) }}{% endcall %}
"""

FORMS = """
<form method="post">{{ form.hidden_tag() }}{{ error_summary(form) }}
{{ field(form.name, data_draft="x") }}{{ field(form.kind) }}{{ field(form.note) }}
{{ field(form.agree) }}{{ field(form.who) }}
{{ text_input("q", ugly, value=ugly, help=ugly, error=ugly) }}{{ textarea_input("t", ugly, ugly) }}
{{ select_input("s", ugly, [(1, ugly), (2, "b")], 2) }}{{ checkbox_input("c", ugly, help=ugly) }}
{{ button(ugly, "primary") }}{{ copy_field(ugly, ugly) }}</form>
{{ post_button(ugly, "/p", fields={"a": ugly}, confirm=ugly, key="e") }}
"""

RESPOND = """
<form method="post" data-respond data-draft="k">{{ csrf() }}
{{ scale("nps", "score", ugly, "low", "high", value=9, error=ugly) }}
{{ comment("comment", {"": ugly, "promoter": "why"}, value=ugly, category="promoter") }}
{{ steps(1, 2) }}{{ send_button() }}</form>
"""


class Survey(FlaskForm):
    name = StringField("Name", validators=[InputRequired()], description="Seen by your team.")
    kind = SelectField("Kind", choices=["nps", "csat"])
    note = TextAreaField("Note")
    agree = BooleanField("Agree", description="You can change your mind.")
    who = RadioField("Who", choices=["all", "some"])


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(SECRET_KEY="for tests only", TESTING=True)
    Babel(app)
    CSRFProtect(app)
    ui.init_app(app)
    return app


@pytest.fixture
def render(app):
    def render(source, **context):
        with app.test_request_context("/results?a=1", method="POST"):
            form = Survey(data={"name": ""}, meta={"csrf": True})
            form.validate()
            points = [
                (date(2026, 1, 1), 40, 10.0, 2.0, 18.0),
                (date(2026, 2, 1), 40, 12.0, 4.0, 20.0),
                (date(2026, 3, 1), 2, None, None, None),
            ]
            moment = datetime(2026, 11, 1, tzinfo=UTC)
            values = {"ugly": UGLY, "points": points, "form": form, "moment": moment}
            return render_template_string(IMPORTS + source, **values | context)

    return render


@pytest.fixture
def shell(app):
    def shell(template, **context):
        room = SimpleNamespace(key="results", label=UGLY, url="/results", current=True)
        values = {
            "current_user": SimpleNamespace(name=UGLY, email="a@example.com"),
            "current_workspace": SimpleNamespace(name=UGLY),
            "rooms": [room],
            "title": UGLY,
        }
        with app.test_request_context("/results"):
            ui.notice(UGLY, undo_url="/undo")
            return render_template(template, **values | context)

    return shell


class Page(HTMLParser):
    """Every element with its attributes, in order."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def check(html):
    elements = Page(html).elements
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids)), "an id occurs twice"
    for tag, attributes in elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        for name in ("aria-describedby", "aria-labelledby", "for", "aria-controls"):
            for target in (attributes.get(name) or "").split():
                assert target in ids, f"{name} points to {target}, which does not exist"
    assert "<b>\"O'Neil" not in html, "a value was not escaped"
    assert "%(" not in html
    assert "%%" not in html


@pytest.mark.parametrize(
    "source", [CHARTS, PAGE, FORMS, RESPOND], ids=["charts", "page", "forms", "respond"]
)
def test_macros_write_safe_markup_that_refers_to_what_exists(render, source):
    check(render(source))


@pytest.mark.parametrize("template", ["base.html", "bare.html", "error.html", "respond.html"])
def test_shells_write_safe_markup_that_refers_to_what_exists(shell, template):
    html = shell(template)
    check(html)
    assert '<html lang="en" dir="ltr"' in html
    assert html.count("<main") == 1


def test_every_post_form_carries_a_token(render, shell):
    html = render(PAGE + FORMS + RESPOND) + shell("base.html")
    forms = re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL)
    assert len(forms) >= 6
    assert all('name="csrf_token"' in form for form in forms)


def test_a_page_without_a_person_or_rooms_still_stands(shell):
    html = shell("base.html", current_user=None, current_workspace=None, rooms=[])
    check(html)
    assert "sign-out" not in html


def test_an_undo_button_posts_to_the_address_it_was_given(shell):
    html = shell("base.html")
    assert 'action="/undo"' in html
    assert 'data-key="z"' in html


def test_the_theme_of_the_cookie_is_drawn_at_once_and_no_other_word(app):
    for cookie, expected in (("dark", True), ('"><script>', False)):
        with app.test_request_context(headers={"Cookie": f"theme={cookie}"}):
            assert ('data-theme="dark"' in render_template("bare.html")) is expected


def test_a_browser_keeps_a_file_as_long_as_its_content_stays(app):
    with app.test_request_context():
        address = url_for("ui.static", filename="css/app.css")
        assert url_for("ui.static", filename="absent.css") == "/assets/absent.css"
    assert re.fullmatch(r"/assets/css/app\.css\?v=[0-9a-f]{12}", address)
    client = app.test_client()
    with client.get(address) as kept, client.get("/assets/css/app.css") as asked:
        assert kept.cache_control.max_age == 365 * 24 * 3600
        assert asked.cache_control.no_cache
        assert kept.data == asked.data


def test_a_respondent_page_speaks_the_language_of_its_survey(shell):
    assert '<html lang="ar" dir="rtl"' in shell("respond.html", survey_locale=Locale("ar"))


def test_a_preselected_score_is_checked_and_decides_the_wording(render):
    html = render(RESPOND)
    assert re.findall(r'value="(\d+)" required[^>]*checked', html) == ["9"]
    assert '<span data-when="promoter">why' in html
    assert '<span data-when="" hidden>' in html


def test_too_few_answers_are_said_in_words(render):
    html = render('{{ score_with_interval("nps", none, none, none, 1, min_n=5) }}')
    assert "Too few answers to tell" in html
    assert "1 answer<" in html
    assert "A score is shown from 5 answers on." in html
    assert 'class="point"' not in html


def test_every_string_has_a_japanese_translation_and_none_is_left_over():
    ends = ("html", "svg", "txt")
    kinds = [(f"**/templates/**.{end}", "jinja2.ext:babel_extract") for end in ends]
    methods = [("**.py", "python"), *kinds]
    found = extract_from_dir(UI, method_map=methods, keywords=DEFAULT_KEYWORDS | {"_l": None})
    used = {m[0] if isinstance(m, tuple) else m for _, _, m, _, _ in found}
    with FRAGMENT.open(encoding="utf-8") as file:
        catalog = read_po(file, locale="ja")
    messages = [m for m in catalog if m.id]
    assert {m.id[0] if isinstance(m.id, tuple) else m.id for m in messages} == used
    assert all(all(m.string) if isinstance(m.string, tuple) else m.string for m in messages)
    assert not [m.id for m in messages if m.fuzzy or list(m.check())]


def test_names_of_attributes_are_written_with_hyphens(render):
    html = render(
        """{{ button("x", aria_label=ugly, data_key="e") }}{{ button_link("x", "/", data_key="j") }}
        {{ post_button("x", "/p", aria_label="y") }}{{ text_input("q", "Q", data_search="") }}
        {{ select_input("s", "S", [], data_focus="") }}{{ checkbox_input("c", "C", data_all="1") }}
        {{ textarea_input("t", "T", data_draft="k") }}"""
    )
    for name in ("aria-label=", 'data-key="e"', 'data-key="j"', "data-search", "data-focus",
                 'data-all="1"', 'data-draft="k"'):  # fmt: skip
        assert name in html
    assert not re.search(r"(aria|data)_\w+=", html)
    assert UGLY not in html
