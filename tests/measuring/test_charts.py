"""Charts as files and in words: they say what the page says, and never more."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from tests.measuring.sending import in_plan, send
from vocapp.database import utcnow
from vocapp.measuring.chart_views import COMPARE, OVERVIEW

SVG = "{http://www.w3.org/2000/svg}"
CHARTS = sorted(OVERVIEW | COMPARE)


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def picture_of(answer):
    """Title, words and visible text of an SVG file."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    root = ET.fromstring(answer.text)
    assert root.tag == f"{SVG}svg"
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    return root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc"), texts


def table_on(page, title):
    """The cells of the table that stands behind a chart."""
    found = re.search(rf'<caption class="sr-only">{re.escape(title)}</caption>(.*?)</table>', page,
                      re.DOTALL)  # fmt: skip
    assert found, title
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


@pytest.fixture
def filled(api, drain_outbox):
    api.survey(name="Relationship")
    send(api, 30, 10, **in_plan("pro"))
    send(api, 10, 30, **in_plan("free"))
    send(api, 2, **in_plan("tiny"))
    send(api, 30, 30, days=70, **in_plan("pro"))
    send(api, 10, 10, days=70, **in_plan("free"))
    drain_outbox()
    return api


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_a_picture_that_stands_alone_and_a_table(filled, staff, name):
    person, address = staff("viewer"), f"/results/nps/charts/{name}"
    since = (utcnow() - timedelta(days=60)).date().isoformat()
    query = f"period=custom&since={since}&by=plan"
    answer = person.get(f"{address}.svg?{query}")
    title, words, texts = picture_of(answer)
    assert title.startswith("Relationship: ")
    assert words
    assert title in " ".join(texts)  # read by eye, too, and not only by screen readers
    # Neither our style sheet nor a dark mode is beside a file.
    assert "class=" not in answer.text
    assert "style" not in answer.text
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert f'filename="nps-{name}.svg"' in answer.headers["Content-Disposition"]
    table = person.get(f"{address}.csv?{query}")
    assert f'filename="nps-{name}.csv"' in table.headers["Content-Disposition"]
    if name != "funnel":  # nobody was invited
        assert rows_of(table)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_an_empty_survey_says_why_nothing_is_drawn(api, staff, name):
    api.survey(name="Relationship")
    _title, words, texts = picture_of(staff("viewer").get(f"/results/nps/charts/{name}.svg"))
    assert words
    # Only a score's scale stands without a score.
    assert name == "score" or not any(re.fullmatch(r"[+−]?\d+%?", text) for text in texts)


@pytest.mark.parametrize("name", ["nothing", "trend.old", "..", "%2e%2e"])
def test_a_chart_that_is_not_there_is_not_found(filled, staff, name):
    assert staff("viewer").get(f"/results/nps/charts/{name}.svg").status_code == 404


@pytest.mark.parametrize("ending", ["png", "json", "SVG"])
def test_a_kind_of_file_that_is_not_there_is_not_found(filled, staff, ending):
    assert staff("viewer").get(f"/results/nps/charts/trend.{ending}").status_code == 404
    assert staff("viewer").get(f"/results/nps/charts/drivers.{ending}").status_code == 404
    assert staff("viewer").get(f"/themes/charts/effects.{ending}").status_code == 404


@pytest.mark.parametrize("name", [*CHARTS, "drivers"])
def test_another_workspace_has_no_such_chart(api, staff, new_workspace, name):
    api.survey()
    stranger = staff("admin", of=new_workspace("Other"))
    for ending in ("svg", "csv"):
        assert stranger.get(f"/results/nps/charts/{name}.{ending}").status_code == 404


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize(
    "query", ["period=7", "period=custom&since=never", "by=email", "filter=plan:in(", "a=&b=%00"]
)
def test_a_wrong_address_draws_what_the_page_draws(filled, staff, name, query):
    title, _words, _texts = picture_of(
        staff("viewer").get(f"/results/nps/charts/{name}.svg?{query}")
    )
    assert title


def test_names_that_look_like_markup_stay_text(api, staff, drain_outbox):
    api.survey(name="<b>A & B</b>")
    send(api, 6, **in_plan("<script>x</script>"))
    drain_outbox()
    person = staff("viewer")
    for name in CHARTS:
        answer = person.get(f"/results/nps/charts/{name}.svg?by=plan")
        assert "<script>x" not in answer.text
        assert picture_of(answer)[0].startswith("<b>A & B</b>: ")
    assert "<script>x" not in person.get("/results/nps?by=plan").text
    assert "<script>x" not in person.get("/results/nps/compare?by=plan").text


def test_the_file_holds_what_the_address_of_the_page_holds(filled, staff):
    person = staff("viewer")
    query = "period=90&by=plan&filter=plan%3Ain%28pro%29"
    page = unescape(person.get(f"/results/nps?{query}").text)
    link = re.search(r'href="(/results/nps/charts/segments\.csv\?[^"]*)"', page)
    assert link
    assert [row["Plan"] for row in rows_of(person.get(link[1]))] == ["pro"]
    _title, _words, texts = picture_of(person.get(link[1].replace(".csv", ".svg")))
    assert any("only answers with: Plan is pro" in text for text in texts)


def test_the_table_of_a_page_holds_the_numbers_of_the_file(filled, staff):
    person = staff("viewer")
    page = unescape(person.get("/results/nps?period=90").text)
    rows = rows_of(person.get("/results/nps/charts/trend.csv?period=90"))
    table = table_on(page, "Relationship: NPS over time")[1:]
    assert [int(cells[4]) for cells in table] == [int(row["Answers"]) for row in rows]
    assert sum(int(row["Answers"]) for row in rows) == 162
    assert all(float(row["Low (95%)"]) <= float(row["NPS"]) <= float(row["High (95%)"])
               for row in rows)  # fmt: skip


def test_a_course_is_told_in_words_and_rises_only_where_a_test_says_so(api, staff, drain_outbox):
    api.survey()
    send(api, 20, 30, days=75)
    send(api, 40, 10, days=5)
    drain_outbox()
    page = unescape(staff("viewer").get("/results/nps").text)
    assert re.search(r"NPS rose from −20 \(.*?\) in .*? to \+60 \(.*?\) in .*?, more than", page)
    api.survey("flat")
    for days, promoters in ((75, 11), (5, 12)):
        moment = (utcnow() - timedelta(days=days)).isoformat()
        items = [{"survey": "flat", "score": score, "answered_at": moment}
                 for score in [9] * promoters + [0] * 10]  # fmt: skip
        api.post("/api/v1/responses/batch", {"responses": items})
    drain_outbox()
    page = unescape(staff("viewer").get("/results/flat").text)
    assert "no change that chance would not give" in page
    assert "rose" not in page


def test_three_answers_are_too_few_to_tell_in_every_chart(api, staff, drain_outbox):
    api.survey(name="Relationship")
    send(api, 2, 1, **in_plan("pro"))
    drain_outbox()
    person = staff("viewer")
    page = unescape(person.get("/results/nps?by=plan").text)
    assert "Too few answers to tell how they spread (3 answers)." in page
    assert "Too few answers in any one period to tell." in page
    assert "No segment has enough answers to tell." in page
    assert "67%" not in page
    for name in ("score", "trend", "segments", "heat"):
        for row in rows_of(person.get(f"/results/nps/charts/{name}.csv?by=plan")):
            assert (row["NPS"], row["Answers"], row["Note"]) == ("", "3", "too few"), name
    spread = rows_of(person.get("/results/nps/charts/distribution.csv"))
    assert {row["Share"] for row in spread} == {""}
    assert sum(int(row["Answers"]) for row in spread) == 3


@pytest.fixture
def confidential(api, drain_outbox):
    """ "secret" is small and "team" its complement, in both of two months that are over."""
    api.survey(name="Relationship", confidential=True)
    for days, promoters in ((40, 1.0), (75, 0.5)):
        for name, n in (("free", 30), ("pro", 20), ("team", 9), ("secret", 2)):
            high = round(n * promoters)
            send(api, high, n - high, days=days, **in_plan(name))
    send(api, 9, days=0, **in_plan("free"))  # a month that is still open
    drain_outbox()
    return api


@pytest.mark.parametrize("name", CHARTS)
def test_what_a_confidential_survey_hides_is_hidden_in_every_file(confidential, staff, name):
    person, query = staff("admin"), "period=all&by=plan"
    rows = rows_of(person.get(f"/results/nps/charts/{name}.csv?{query}"))
    for row in rows:
        named = " ".join(row.get(key) or "" for key in ("Plan", "Segment", "Group"))
        if ("secret" in named or "team" in named) and "Together" not in named:
            assert row["Note"] == "hidden", (name, row)
            assert not row["Answers"], (name, row)
    answer = person.get(f"/results/nps/charts/{name}.svg?{query}")
    _title, _words, texts = picture_of(answer)
    shown = {row.get("Plan") for row in rows if row.get("Note") != "hidden"}
    if name == "segments":
        assert shown == {"free", "pro"}
        assert not any("secret" in text or "team" in text for text in texts)


def test_the_table_on_the_page_of_a_confidential_survey_is_that_of_the_file(confidential, staff):
    person, query = staff("admin"), "period=all&by=plan"
    page = unescape(person.get(f"/results/nps?{query}").text)
    table = table_on(page, "Relationship: NPS by Plan")[1:]
    rows = rows_of(person.get(f"/results/nps/charts/segments.csv?{query}"))
    assert [(cells[0], cells[4], cells[-1]) for cells in table] == [
        (row["Plan"], row["Answers"], row["Note"]) for row in rows
    ]


def test_a_filter_says_which_charts_it_does_not_reach(filled, staff):
    page = unescape(staff("viewer").get("/results/nps?period=30&filter=plan%3Ain%28pro%29").text)
    assert "Not shown with a filter: a filter asks what is known of an answer" in page
    assert "Which segments changed is looked for only among all answers" in page
    _title, words, _texts = picture_of(
        staff("viewer").get("/results/nps/charts/funnel.svg?filter=plan%3Ain%28pro%29")
    )
    assert "Invitations cannot be filtered" in words
