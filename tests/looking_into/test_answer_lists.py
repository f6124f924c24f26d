"""Every number of a results page leads to exactly the answers that it was counted from."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from urllib.parse import urlencode
from uuid import UUID

import pytest

from surveys.attributes import DEFAULT, Reportable
from surveys.filters import parse_compact
from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.marking import mark
from vocapp.collecting.models import Response
from vocapp.database import scoped, transaction, utcnow
from vocapp.extensions import db
from vocapp.looking_into import counted, finding
from vocapp.looking_into.finding import all_answers, count_answers, find_answers
from vocapp.looking_into.selection import Selection
from vocapp.measuring import attributes, filtering
from vocapp.measuring.asking import Ask, Source
from vocapp.measuring.queries import metrics_of, reading
from vocapp.measuring.reportable import change_reportable
from vocapp.understanding import service as understanding
from vocapp.understanding.drivers.service import ask_for_drivers
from vocapp.workspaces.service import update_workspace

PAGE = "/results/nps/answers"
START = datetime(2026, 1, 27, 9, tzinfo=UTC)


def body(dice, number):
    """One answer; hours on both sides of local midnights and ends of months."""
    moment = START + timedelta(minutes=dice.randrange(60 * 24 * 100))
    facts = {"seats": dice.choice([3, 12, 80, None]), "note": dice.choice(["a", "b", None])}
    return {
        "survey": "nps", "score": dice.randrange(11), "answered_at": moment.isoformat(),
        "comment": f"words {number}" if dice.random() < 0.3 else None,
        "account": {"external_id": f"a{dice.randrange(9)}", "plan": dice.choice(
            ["free", "pro", "team", "rare", None]), "region": dice.choice(["jp", "us", None]),
            "attributes": facts},
        "contact": {"external_id": f"u{dice.randrange(60)}"} if dice.random() < 0.6 else None,
    }  # fmt: skip


def send(api, bodies):
    bodies = [{name: value for name, value in each.items() if value is not None} for each in bodies]
    for start in range(0, len(bodies), 1000):
        answer = api.post("/api/v1/responses/batch", {"responses": bodies[start : start + 1000]})
        assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def count():
    while outbox.work_off("measure", now=utcnow()):
        pass


def filled(api, *, n=150, zone="Asia/Tokyo", seed=1):
    update_workspace(api.workspace_id, {"time_zone": zone}, now=utcnow())
    api.survey()
    wanted = (*DEFAULT, Reportable("seats", (10, 50)))
    change_reportable(api.workspace_id, wanted, actor_user_id=None, now=utcnow())
    dice = random.Random(seed)
    send(api, [body(dice, number) for number in range(n)])
    count()
    return survey_by_key(api.workspace_id, "nps")


ASKS = [
    Ask(),
    Ask(by=("plan",)),
    Ask(by=("seats",)),
    Ask(by=("plan", "region")),
    Ask(by=("tenure_band",)),
    Ask(by=("note",)),
    Ask(by=("plan", "note")),
    Ask(since=date(2026, 2, 14), until=date(2026, 4, 2), by=("plan",)),
    Ask(since=date(2026, 2, 14), until=date(2026, 4, 2), by=("plan", "seats"), interval="week"),
    Ask(since=date(2026, 3, 7), until=date(2026, 3, 10), by=("region",), interval="day"),
    Ask(interval="quarter", by=("plan",)),
    Ask(filter=parse_compact("plan:in(pro,free)"), by=("region",)),
    Ask(filter=parse_compact("region:empty|plan:not_in(pro)"), by=("plan",)),
    Ask(filter=parse_compact("seats:between(10,50)"), by=("seats",)),
    Ask(filter=parse_compact("region:in(jp)"), since=date(2026, 2, 10), interval="day"),
    Ask(basis="people", by=("plan",), since=date(2026, 2, 10)),
    Ask(basis="accounts", by=("region",)),
    Ask(basis="accounts", filter=parse_compact("region:not_in(us)"), interval="week"),
]


def figures_of(metrics, ask):
    """Every number of an answer of metrics, and the selection that it leads to."""
    ask = Ask(
        since=ask.since, until=ask.until, interval=ask.interval, basis=ask.basis, filter=ask.filter
    )
    yield Selection(ask), metrics.overall.counts
    for figure in metrics.segments:
        yield Selection(ask, segment=figure.by), figure.counts
    for figure in metrics.series:
        yield Selection(ask, period=figure.start), figure.counts


def test_every_number_of_many_questions_is_the_length_of_its_list(any_api, monkeypatch):
    zone = "America/New_York"  # its clocks change within these months
    monkeypatch.setattr(counted, "_ENOUGH", 4)  # so that months are read in two parts
    for module in (attributes, filtering):  # so that some plans count as "(other)"
        monkeypatch.setattr(module, "MAX_VALUES", 3)
    survey = filled(any_api, zone=zone)
    seen = 0
    with reading(survey, time_zone=zone, now=utcnow()) as opened:
        for ask in ASKS:
            metrics = metrics_of(opened, ask)
            assert metrics.overall.estimate.n > 0, ask
            for selection, counts in figures_of(metrics, ask):
                for places in (None, frozenset(range(7))):
                    chosen = Selection(
                        selection.ask, selection.segment, places, selection.period
                    )  # fmt: skip
                    n = sum(counts) if places is None else sum(counts[place] for place in places)
                    assert count_answers(opened, chosen) == n, chosen
                    ids = [
                        each for batch in all_answers(opened, chosen, batch=40) for each in batch
                    ]
                    assert (len(ids), len(set(ids))) == (n, n), chosen
                    seen += bool(n)
    assert seen > 200
    others = Selection(Ask(), segment={"plan": "(other)"})
    with reading(survey, time_zone=zone, now=utcnow()) as opened:
        assert 0 < (count_answers(opened, others) or 0) < 150


@pytest.mark.parametrize("basis", ["responses", "people", "accounts"])
def test_a_scan_of_rows_gives_the_length_of_its_lists(any_api, monkeypatch, basis):
    survey = filled(any_api)
    monkeypatch.setattr(Source, "columns_tell", lambda *_: False)
    ask = Ask(by=("note",), since=date(2026, 2, 10), basis=basis)
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        for figure in metrics_of(opened, ask).segments:
            chosen = Selection(Ask(since=ask.since, basis=basis), segment=figure.by)
            listed = sum(len(batch) for batch in all_answers(opened, chosen, batch=40))
            assert count_answers(opened, chosen) == listed == figure.estimate.n > 0


def test_a_segment_within_one_period_is_the_segment_of_these_days(any_api):
    survey = filled(any_api)
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        march = Ask(by=("plan",), since=date(2026, 3, 1), until=date(2026, 4, 1))
        for figure in metrics_of(opened, march).segments:
            chosen = Selection(Ask(), segment=figure.by, period=date(2026, 3, 1))
            assert count_answers(opened, chosen) == figure.estimate.n > 0
            found = find_answers(opened, chosen, limit=500)
            assert len(found.ids) == figure.estimate.n


@pytest.mark.parametrize("enough", [1, 4, 8192])
def test_a_list_is_in_order_and_its_pages_leave_nothing_out(any_api, monkeypatch, enough):
    monkeypatch.setattr(counted, "_ENOUGH", enough)
    survey = filled(any_api)
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        ids = [each for batch in all_answers(opened, Selection(Ask()), batch=50) for each in batch]
        paged, page = [], find_answers(opened, Selection(Ask()), limit=7)
        while page.ids:
            paged += page.ids
            page = find_answers(opened, Selection(Ask()), before=page.next, limit=7)
            if page.next is None:
                paged += page.ids
                break
    assert paged == ids
    rows = db.session.scalars(scoped(Response, any_api.workspace_id)).all()
    wanted = sorted(rows, key=lambda row: (row.answered_at, row.id), reverse=True)
    assert ids == [row.id for row in wanted]


def test_answers_at_one_instant_are_told_apart_by_their_ids(any_api):
    any_api.survey()
    moment = START.isoformat()
    send(any_api, [{"survey": "nps", "score": 9, "answered_at": moment} for _ in range(20)])
    count()
    survey = survey_by_key(any_api.workspace_id, "nps")
    with reading(survey, time_zone="UTC", now=utcnow()) as opened:
        batches = list(all_answers(opened, Selection(Ask()), batch=6))
    assert [len(batch) for batch in batches] == [6, 6, 6, 2]
    assert len({each for batch in batches for each in batch}) == 20


def test_number_and_list_agree_while_answers_wait_to_be_counted(api):
    survey = filled(api, n=30)
    dice = random.Random(2)
    send(api, [body(dice, number) for number in range(10)])
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        found = find_answers(opened, Selection(Ask()), limit=100)
        assert count_answers(opened, Selection(Ask())) == len(found.ids) == 30


def test_rare_answers_are_found_in_one_page_however_far_apart(any_api):
    survey = filled(any_api)
    rare = [{"survey": "nps", "score": 1, "answered_at": f"2026-0{month}-15T03:00:00Z",
             "account": {"external_id": "r", "plan": "once"}} for month in (2, 3, 4)]  # fmt: skip
    send(any_api, rare)
    count()
    once = Selection(Ask(), segment={"plan": "once"})
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        found = find_answers(opened, once, limit=3)
        assert (len(found.ids), found.next) == (3, None)
        first = find_answers(opened, once, limit=2)
        assert (first.ids, first.broken_off) == (found.ids[:2], False)
        rest = find_answers(opened, once, before=first.next, limit=2)
    assert rest.ids == found.ids[2:]


def test_a_search_that_takes_too_long_stops_and_goes_on_where_it_stopped(api, monkeypatch):
    survey = filled(api)
    send(api, [{"survey": "nps", "score": 1, "answered_at": "2026-01-01T03:00:00Z", "account":
         {"external_id": "r", "plan": "once", "attributes": {"note": "once"}}}])  # fmt: skip
    count()
    monkeypatch.setattr(finding, "MOST_LOOKED_AT", 25)
    monkeypatch.setattr(Source, "columns_tell", lambda *_: False)
    selection = Selection(Ask(filter=parse_compact("note:in(once)")))
    place, found, pages = None, [], 0
    with reading(survey, time_zone="Asia/Tokyo", now=utcnow()) as opened:
        while True:
            page = find_answers(opened, selection, before=place, limit=5)
            found += page.ids
            pages += page.broken_off
            if page.next is None:
                break
            place = page.next
    assert (len(found), pages >= 2) == (1, True)


# --- the page ---------------------------------------------------------------------------


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def number_on(page):
    found = re.search(r"([\d,]+) answers?, the newest first", page)
    assert found, page
    return int(found[1].replace(",", ""))


def links_with_numbers(page):
    """Address → the number that stands on the link."""
    found = []
    for attributes_, text in re.findall(r"<a([^>]*/answers[^>]*)>(.*?)</a>", page, re.DOTALL):
        href = re.search(r'href="([^"]+)"', attributes_)[1]
        label = re.search(r'aria-label="([^"]+)"', attributes_)
        words = re.sub(r"<[^>]+>", " ", label[1] if label else text)
        number = re.findall(r"(?<![\d−–.+])(\d[\d,]*) answers?\b|^\s*n?\s*(\d+)\s*$", words)
        if number:
            found.append((href, int("".join(number[0]).replace(",", ""))))
    return found


@pytest.mark.parametrize(
    "query",
    [
        {"period": "all", "by": "plan", "by2": "region", "interval": "quarter"},
        {"period": "custom", "since": "2026-02-14", "until": "2026-04-01", "by": "seats"},
        {"period": "all", "filter": "region:in(jp)", "by": "plan"},
        {"period": "all", "basis": "people"},
    ],
    ids=str,
)
def test_each_link_of_the_results_page_leads_to_as_many_answers(api, staff, query):
    filled(api)
    viewer = staff("viewer")
    page = words_of(viewer.get(f"/results/nps?{urlencode(query)}"))
    links = links_with_numbers(page)
    assert len(links) > 15
    for href, n in links:
        assert number_on(words_of(viewer.get(href))) == n, href


def test_each_link_of_the_comparison_leads_to_as_many_answers(api, staff):
    filled(api)
    viewer = staff("viewer")
    page = words_of(viewer.get("/results/nps/compare?period=all&by=plan&a=pro&b=-"))
    links = links_with_numbers(page)
    assert len(links) > 15
    for href, n in links:
        assert number_on(words_of(viewer.get(href))) == n, href


def test_what_narrows_the_list_stands_in_words_and_can_be_taken_away(api, staff):
    filled(api)
    viewer = staff("viewer")
    query = {"period": "all", "in.plan": "pro", "in.region": "jp", "category": "detractor",
             "start": "2026-03-01", "filter": "seats:not_empty|seats:empty"}  # fmt: skip
    page = words_of(viewer.get(f"{PAGE}?{urlencode(query)}"))
    for words in ("Plan: pro", "Region: jp", "Detractors", "Mar 2026", "seats is known"):
        assert f"Remove: {words}" in page
        href = re.search(rf'href="([^"]+)" aria-label="Remove: {words}[^"]*"', page)[1]
        wider = words_of(viewer.get(href))
        assert f"Remove: {words}" not in wider
        assert number_on(wider) >= number_on(page) > 0
    back = re.search(r'href="([^"]+)">Back to the results', page)[1]
    assert "by=plan" in back
    assert "by2=region" in back


def test_pages_of_fifty_lead_to_the_last_answer(api, staff):
    filled(api, n=120)
    viewer, seen, url = staff("viewer"), set(), f"{PAGE}?period=all"
    while url:
        page = words_of(viewer.get(url))
        seen |= set(re.findall(r'id="r-([0-9a-f-]+)"', page))
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found[1] if found else None
    assert len(seen) == 120


def test_the_list_shows_redacted_words_themes_and_facts_of_then(api, drain_outbox, staff):
    api.survey()
    api.respond(
        score=2, comment="The price is too high, write to ken@example.com",
        account={"external_id": "acme", "name": "Acme", "plan": "pro"},
        contact={"external_id": "u1", "name": "Ken"},
    )  # fmt: skip
    api.post("/api/v1/accounts", {"external_id": "acme", "plan": "free"})
    waiting = words_of(staff("viewer").get(f"{PAGE}?period=all"))
    assert "ken@example.com" not in waiting
    drain_outbox()
    page = words_of(staff("viewer").get(f"{PAGE}?period=all"))
    assert "The price is too high" in page
    assert "ken@example.com" not in page
    assert '<a href="/accounts/acme">Acme</a>' in page
    assert "<dt>Plan</dt><dd>pro</dd>" in page
    assert '<a href="/account">Your account</a>' in page


def test_single_answers_of_a_confidential_survey_are_refused(api, staff):
    api.survey(confidential=True)
    for name in ("answers", "answers.csv", "answers.jsonl"):
        answer = staff("admin").get(f"/results/nps/{name}")
        assert answer.status_code == 403
    assert "/results/nps/answers" not in staff("admin").get("/results/nps?period=all").text


@pytest.mark.parametrize(
    "query",
    ["category=loud", "score=11", "score=x", "start=soon", "start=0001-01-01", "in.=x",
     "in.a=1&in.b=2&in.c=3&in.d=4", "in.plan=a&in.plan=b"],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(api, staff, query):
    api.survey()
    assert staff("viewer").get(f"{PAGE}?{query}").status_code == 422


def test_an_empty_list_says_what_to_do(api, staff):
    api.survey()
    assert "No answers here" in words_of(staff("viewer").get(PAGE))
    api.respond(score=9)
    count()
    assert "All answers" in words_of(staff("viewer").get(f"{PAGE}?score=3"))


# --- the files --------------------------------------------------------------------------


def test_the_files_hold_exactly_the_list(api, staff):
    filled(api)
    query = "period=all&in.plan=pro&category=detractor"
    page = words_of(staff("product").get(f"{PAGE}?{query}"))
    shown = re.findall(r'id="r-([0-9a-f-]+)"', page)
    text = staff("product").get(f"{PAGE}.csv?{query}").text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    lines = staff("product").get(f"{PAGE}.jsonl?{query}").text.splitlines()
    records = [json.loads(line) for line in lines]
    assert [row["id"] for row in rows] == [each["id"] for each in records] == shown
    assert {row["attribute.plan"] for row in rows} == {"pro"}
    assert {row["category"] for row in rows} == {"detractor"}
    assert len(shown) == number_on(page) > 5


def test_files_hold_no_word_that_the_page_would_not_show(api, drain_outbox, staff):
    api.survey()
    api.respond(score=2, comment="Write to ken@example.com")
    before = staff("product").get(f"{PAGE}.jsonl").text
    assert "ken@" not in before
    drain_outbox()
    text = staff("product").get(f"{PAGE}.jsonl").text
    assert "ken@" not in text
    assert json.loads(text)["comment"].startswith("Write to")


def test_viewers_get_no_file(api, staff):
    api.survey()
    assert staff("viewer").get(f"{PAGE}.csv").status_code == 403


# --- links of the other pages ---------------------------------------------------------------


def listed(viewer, url):
    """How many answers a list holds on all its pages, counted one by one; and what it says."""
    seen, said = set(), number_on(words_of(viewer.get(url)))
    while url:
        page = words_of(viewer.get(url))
        seen |= set(re.findall(r'id="r-([0-9a-f-]+)"', page))
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found[1] if found else None
    return len(seen), said


def recent(days, plans, score, n, **fields):
    moment = (utcnow() - timedelta(days=days)).isoformat()
    return [
        {"survey": "nps", "score": score, "answered_at": moment,
         "account": {"external_id": f"a-{plans}", "plan": plans}, **fields}
        for _ in range(n)
    ]  # fmt: skip


def changed_mix(api):
    """The last ten days are unlike those before, in each plan and in how many answered."""
    api.survey()
    send(api, recent(15, "pro", 10, 44) + recent(15, "pro", 1, 6) + recent(15, "free", 2, 40))
    send(api, recent(15, "free", 9, 10) + recent(5, "pro", 1, 27) + recent(5, "free", 9, 72))
    count()
    return (utcnow() - timedelta(days=9)).date()


def section(page, name):
    found = re.search(rf'<section[^>]* id="{name}">.*?</section>', page, re.DOTALL)
    assert found, page
    return found[0]


def test_what_changed_leads_to_the_answers_of_now_and_of_before(api, staff):
    since = changed_mix(api)
    viewer = staff("viewer")
    page = words_of(viewer.get(f"/results/nps?period=custom&since={since}"))
    part = section(page, "changes")
    links = links_with_numbers(part)
    assert {n for _, n in links} >= {99, 100, 27, 72, 50}
    for href, n in links:
        assert listed(viewer, href) == (n, n), href


def test_what_a_change_is_made_of_leads_to_the_answers_of_both_sides(api, staff):
    since = changed_mix(api)
    viewer = staff("viewer")
    page = words_of(viewer.get(f"/results/nps/compare?period=custom&since={since}&by=plan"))
    part = section(page, "mix")
    links = links_with_numbers(part)
    assert sorted(n for _, n in links) == [27, 27, 50, 50, 50, 50, 72, 72, 99, 100]
    for href, n in links:
        assert listed(viewer, href) == (n, n), href


@pytest.mark.parametrize("path", ["/", "/results", "/results?period=30", "/results?period=all"])
def test_scores_of_all_surveys_lead_to_their_answers(api, staff, path):
    api.survey()
    api.survey("inside", confidential=True)
    send(api, recent(400, "pro", 9, 5) + recent(45, "pro", 9, 7) + recent(2, "pro", 3, 6))
    count()
    viewer = staff("viewer")
    links = links_with_numbers(words_of(viewer.get(path)))
    wanted = {"/results?period=30": 6, "/results?period=all": 18}.get(path, 13)
    assert [n for _, n in links] == [wanted]
    assert listed(viewer, links[0][0]) == (wanted, wanted)


def test_those_who_answered_when_invited_lead_to_their_answers(api, staff):
    api.survey()
    for number in range(7):
        body = {"survey": "nps", "contact": {"email": f"u{number}@example.com"}}
        link = api.post("/api/v1/invitations", body).json["link"]
        if number < 4:
            path = re.sub(r"^https?://[^/]+", "", link)
            given = api.client.post(f"{path}?score={number}", data={"q-score": str(number)})
            assert given.status_code == 200
    send(api, recent(0, "pro", 9, 5))  # uninvited
    count()
    outbox.work_off("answered", now=utcnow())
    viewer = staff("viewer")
    part = section(words_of(viewer.get("/results/nps")), "funnel")
    links = links_with_numbers(part)
    assert [n for _, n in links] == [4, 4]  # under the bar and in the table
    for href, n in links:
        assert listed(viewer, href) == (n, n)
    assert "Answers to invitations of these days" in words_of(viewer.get(links[0][0]))


def test_what_moves_the_score_leads_to_the_answers_it_was_computed_from(
    api, staff, drain_outbox, monkeypatch
):
    monkeypatch.setattr(understanding, "preferred_encoder", lambda: "static")
    api.survey()
    dice = random.Random(3)
    for days in (1, 300):
        for plan in ("free", "pro", None):
            account = {"account": {"external_id": f"d-{plan}"} | ({"plan": plan} if plan else {})}
            for _ in range(25):
                wrong = dice.random() < 0.4
                words = "The invoice was wrong again." if wrong else "We use it every week."
                score = dice.randrange(4) if wrong else dice.randrange(5, 11)
                send(api, [body | account for body in recent(days, "x", score, 1, comment=words)])
    drain_outbox()
    ask_for_drivers(api.workspace_id, survey_by_key(api.workspace_id, "nps").id, now=utcnow())
    drain_outbox()
    send(api, recent(0, "pro", 1, 9, comment="The invoice was wrong again."))  # after that
    drain_outbox()
    viewer = staff("viewer")
    page = words_of(viewer.get("/results/nps/drivers"))
    links = links_with_numbers(page)
    about = {re.search(r"theme=billing|in\.plan=\w*", href)[0] for href, _ in links
             if "billing" in href or "in.plan" in href}  # fmt: skip
    assert about == {"theme=billing", "in.plan=", "in.plan=free", "in.plan=pro"}
    for href, n in links:
        assert listed(viewer, href) == (n, n), href


def test_themes_lead_to_their_comments_of_the_period(api, staff, drain_outbox, monkeypatch):
    monkeypatch.setattr(understanding, "preferred_encoder", lambda: "static")
    monkeypatch.setattr("vocapp.understanding.views.PAGE_SIZE", 4)
    api.survey()
    for days, n in ((100, 3), (45, 6), (10, 11)):
        # Short and with another number each: copies would be listed as one.
        send(api, [each | {"comment": f"Invoice {days}-{place} was wrong, we paid twice."}
                   for place, each in enumerate(recent(days, "pro", 1, n))])  # fmt: skip
        send(api, [each | {"comment": f"Invoice {days}-{place} was easy to read."}
                   for place, each in enumerate(recent(days, "pro", 9, 2))])  # fmt: skip
    drain_outbox()
    viewer = staff("viewer")
    page = words_of(viewer.get("/themes?survey=nps&days=30"))
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if "Comments: " in row
               and "theme" in row and "billing" in row)  # fmt: skip
    links = {label: (href, words) for href, label, words in re.findall(
        r'<a href="([^"]+)" aria-label="([^:"]+):[^"]*">([^<]+)</a>', row)}  # fmt: skip

    def count_of(url):
        seen = set()
        while url:
            page = words_of(viewer.get(url))
            seen |= set(re.findall(r'<li [^>]*id="r-([0-9a-f-]+)"', page))
            found = re.search(r'href="([^"]+)" rel="next"', page)
            url = found[1] if found else None
        return len(seen)

    assert (links["Comments"][1], links["Period before"][1]) == ("13", "8")
    assert count_of(links["Comments"][0]) == 13
    assert count_of(links["Period before"][0]) == 8
    assert f"{count_of(links['Negative'][0]) / 13:.0%}" == links["Negative"][1]
    theme = words_of(viewer.get(links["Comments"][0]))
    stats = re.findall(r'<dd class="stat-(?:value|note)"><a href="([^"]+)">', theme)
    assert [count_of(href) for href in stats][:2] == [13, 8]


def test_the_number_of_answers_of_an_account_leads_to_them(api, staff, drain_outbox, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.views._STORY", 4)
    api.survey()
    api.survey("csat", kind="csat")
    for days in range(5):
        send(api, recent(days, "pro", 1, 1))
        send(api, [each | {"survey": "csat"} for each in recent(days + 0.5, "pro", 4, 1)])
    drain_outbox()  # opens cases, which stand in the story, too
    viewer = staff("viewer")
    page = words_of(viewer.get("/accounts/a-pro"))
    href, n = re.search(
        r'<dt>Answers</dt>\s*<dd class="stat-value"><a href="([^"]+)">(\d+)</a>', page
    ).groups()
    seen, url = 0, href
    while url:
        page = words_of(viewer.get(url))
        story = re.search(r'<ol class="timeline">.*?</ol>', page, re.DOTALL)[0]
        assert "Follow-up" not in story
        seen += story.count("<li")
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found[1] if found else None
    assert seen == int(n) == 10


def marked(api, *reasons):
    """One answer for each set of reasons; their ids."""
    made = [api.respond(score=score).json["id"] for score, _ in enumerate(reasons)]
    with transaction() as session:
        for each, why in zip(made, reasons, strict=True):
            mark(session, api.workspace_id, UUID(each), why, now=utcnow())
    return made


@pytest.mark.parametrize(
    ("which", "expected"),
    [("any", [2, 1]), ("none", [3, 0]), ("speeding", [2, 1]), ("same_text", [2]), ("too_fast", [])],
)
def test_marked_answers_are_looked_at_or_left_out(any_api, which, expected):
    any_api.survey()
    made = marked(any_api, [], ["speeding"], ["same_text", "speeding"], [])
    count()
    survey = survey_by_key(any_api.workspace_id, "nps")
    for ask in (Ask(), Ask(basis="people")):
        selection = Selection(ask, marked=which)
        with reading(survey, time_zone="UTC", now=utcnow()) as opened:
            found = find_answers(opened, selection, limit=10).ids
            assert [made.index(str(each)) for each in found] == expected
            assert count_answers(opened, selection) == len(expected)


def test_marks_stand_with_answers_and_in_the_filter_once_there_are_any(api, staff):
    api.survey()
    api.respond(score=9)
    product = staff("product")
    assert "Without marked answers" not in words_of(product.get(PAGE))
    marked(api, ["speeding"])
    count()
    page = words_of(product.get(f"{PAGE}?period=all"))
    assert (number_on(page), "Marked: Speeding</a>" in page) == (2, True)
    without = words_of(product.get(f"{PAGE}?period=all&marked=none"))
    assert "Remove: Without marked answers" in without
    assert (number_on(without), "Marked: Speeding</a>" in without) == (1, False)
    lines = product.get("/results/nps/answers.csv?period=all&marked=speeding").text.splitlines()
    assert len(lines) == 2
    assert "answers?period=all&marked=speeding" in words_of(
        product.get("/results/nps/marked?reason=speeding")
    )


@pytest.mark.parametrize(
    "query",
    ["theme=none", "received_by=soon", "received_by=2026-01-01T00:00:00", "marked=odd"],
)
def test_what_lists_are_narrowed_to_must_be_there(api, staff, query):
    api.survey()
    assert staff("viewer").get(f"{PAGE}?{query}").status_code == 422
