"""Pages on which filters are built, saved as segments, listed, removed and had back."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from surveys.filters import normalised, parse_compact, to_compact
from tests.surveys.test_filter_drafts import filters
from vocapp.database import utcnow
from vocapp.measuring.segments import service
from vocapp.measuring.segments.queries import segment_by_key, segments
from vocapp.measuring.segments.service import NewSegment, save_segment

BUILDER = "/results/nps/filter"
ROOM = "/segments"
PAID = {"f.join": "all", "f.0.attribute": "plan", "f.0.operator": "in",
        "f.0.values": ["pro", "team"], "f.1.attribute": "region", "f.1.operator": "not_in",
        "f.1.values": "jp"}  # fmt: skip
PAID_TEXT = "plan:in(pro,team);region:not_in(jp)"


def fill(api, drain_outbox, count=24):
    api.survey()
    items = [
        {"survey": "nps", "score": number % 11, "account": {
            "external_id": f"a{number}", "plan": ["free", "pro", "team"][number % 3],
            "region": ["jp", "us"][number % 2], "attributes": {"seats": number},
        }}
        for number in range(count)
    ]  # fmt: skip
    assert api.post("/api/v1/responses/batch", {"responses": items}).status_code == 200
    drain_outbox()


@pytest.fixture
def person(api, drain_outbox, staff):
    fill(api, drain_outbox)
    return staff("product")


def saved(api, name="Paying", text=PAID_TEXT, **more):
    new = NewSegment(name, parse_compact(text), **more)
    return save_segment(api.workspace_id, new, actor_user_id=None, now=utcnow())


def sent_back(page, **changes):
    """The builder's form as a browser without script would send it."""
    form = re.search(r"<form[^>]*data-builder.*?</form>", page, re.DOTALL).group()
    fields = {}

    def add(name, value):
        if name.startswith(("f.", "version", "name", "description")):
            fields.setdefault(unescape(name), []).append(unescape(value))

    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found.get("type") != "checkbox" or " checked" in tag:
            add(found["name"], found.get("value", ""))
    for name, body in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        add(name, chosen.group(1) if chosen else "")
    for name, body in re.findall(
        r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL
    ):
        # A browser drops the first line end, and sends the others as CR LF.
        add(name, body.removeprefix("\r").removeprefix("\n").replace("\n", "\r\n"))
    return {**fields, **changes}


def filter_of(answer):
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.location).query)
    return query.get("filter", [""])[0]


# --- building a filter ------------------------------------------------------------------


def test_the_way_from_the_results_to_a_filter_and_back(person):
    results = person.get("/results/nps?period=all&by=plan")
    way = unescape(re.search(r'href="([^"]+)">Filter…', results.text).group(1))
    page = person.get(way)
    assert "24 of 24 answers" in page.text
    applied = person.post(way, PAID | {"do": "apply"})
    query = parse_qs(urlsplit(applied.location).query)
    assert query == {"period": ["all"], "by": ["plan"], "filter": [PAID_TEXT]}
    shown = person.get(applied.location).text
    assert "Only answers with: Plan is pro or team, and Region is not jp." in shown
    again = unescape(re.search(r'href="([^"]+)"[^>]*>Change the filter', shown).group(1))
    opened = person.get(again).text
    assert "8 of 24 answers" in opened
    assert normalised(parse_compact(filter_of(person.post(again, sent_back(opened))))) == (
        normalised(parse_compact(PAID_TEXT))
    )


def test_a_filter_of_nothing_shows_all_answers(person):
    applied = person.post(f"{BUILDER}?filter=plan:empty&period=90", {"f.0.attribute": ""})
    assert urlsplit(applied.location).query == "period=90"


def test_rows_and_groups_are_added_and_removed_by_buttons(person):
    page = person.post(BUILDER, PAID | {"do": "add-group:"})
    assert page.status_code == 200
    page = person.post(BUILDER, sent_back(page.text) | {
        "f.2.0.attribute": "seats", "f.2.0.operator": "between", "f.2.0.low": "10",
        "do": "add-row:2"})  # fmt: skip
    assert page.text.count('class="filter-row"') == 4
    page = person.post(BUILDER, sent_back(page.text) | {
        "f.2.1.attribute": "seats", "f.2.1.operator": "empty", "do": "remove:0"})  # fmt: skip
    words = "Region is not jp, and (seats is 10 or more, or seats is not known)."
    assert words in page.text
    assert "Counted answer by answer." in page.text
    text = filter_of(person.post(BUILDER, sent_back(page.text)))
    assert text == "region:not_in(jp);(seats:between(10,)|seats:empty)"


def test_values_are_offered_with_their_numbers_and_ranges_with_what_was_seen(person):
    page = person.post(BUILDER, {"f.0.attribute": "plan", "f.1.attribute": "seats",
                                 "f.1.operator": "between", "do": "refresh"}).text  # fmt: skip
    assert re.search(r'value="team"> <span>team <small class="count">8<', page)
    assert "seen: 0 to 23" in page
    assert "Counted at once" in page
    assert "Counted answer by answer" in page


def test_choosing_another_attribute_drops_the_values_of_the_former(person):
    page = person.post(BUILDER, PAID | {"f.0.was": "plan", "f.0.attribute": "region"})
    assert page.status_code == 422
    assert "Choose at least one value, or type one." in page.text


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"f.0.attribute": "plan"}, "values", "Choose at least one value"),
        ({"f.0.typed": "x"}, "attribute", "Choose an attribute."),
        ({"f.0.attribute": "seats", "f.0.operator": "between", "f.0.low": "9", "f.0.high": "1"},
         "high", "This lies below the lower bound."),
        ({"f.0.attribute": "seats", "f.0.operator": "between", "f.0.low": "ten"},
         "low", "Enter a number such as 10"),
        ({"f.0.attribute": "seats", "f.0.operator": "between"}, "low", "Enter a lower or an upper"),
        ({"f.0.attribute": "plan", "f.0.typed": "y" * 201}, "typed",
         "A value has at most 200 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_at_its_field_and_stays(person, fields, field, words):
    for action in ("apply", "save"):
        page = person.post(BUILDER, fields | {"do": action, "name": "Kept <name>"})
        assert page.status_code == 422
        assert re.search(rf'<a href="#f-0-{field}">[^<]*{words}', page.text)
        assert f'id="f-0-{field}-error">{words}' in page.text
        again = sent_back(page.text)
        assert again["name"] == ["Kept <name>"]
        for name, typed in fields.items():
            assert again[name] == [typed]
    live = person.post(BUILDER, fields | {"do": "refresh"})  # still being written: no error yet
    assert live.status_code == 200
    assert words not in live.text
    assert "1 condition is not finished" in live.text


def test_groups_nested_too_deep_and_forms_of_nonsense_are_answered(person):
    deep = {f"f{'.0' * level}.join": "any" for level in range(6)}
    page = person.post(BUILDER, deep | {f"f{'.0' * 6}.attribute": "plan"})
    assert page.status_code == 422
    assert "Groups are at most 3 deep." in page.text
    for nonsense in [
        {"do": "remove:9.9.9"}, {"do": "add-row:x"}, {"do": "apply:"}, {"do": "\x00"},
        {"f.0.join": "maybe"}, {"f.99999.attribute": "x"}, {"f.0.operator": "like"},
        {f"f{'.1' * 300}.attribute": "plan"},
    ]:  # fmt: skip
        assert person.post(BUILDER, nonsense).status_code in {200, 303}


def test_a_filter_too_long_for_an_address_can_still_be_saved(person, api):
    typed = "\n".join(f"{number:03}{'x' * 100}" for number in range(60))
    fields = {"f.0.attribute": "plan", "f.0.typed": typed, "name": "Long"}
    page = person.post(BUILDER, fields | {"do": "apply"})
    assert page.status_code == 422
    assert "too long for an address" in page.text
    assert person.post(BUILDER, sent_back(page.text, do="save")).status_code == 303
    assert len(segment_by_key(api.workspace_id, "long").filter.values) == 60


def test_an_address_that_cannot_be_read_is_said(person):
    page = person.get(f"{BUILDER}?filter=plan:in(&segment=nothing").text
    assert "The filter of this address cannot be read" in page
    assert "The segment of this address is not there any more." in page


@pytest.mark.parametrize("path", ["/results/nps/filter", "/results/nps/filter?filter=plan:in(pro)"])
def test_a_confidential_survey_is_not_filtered(api, staff, path):
    api.survey(confidential=True)
    viewer = staff("viewer")
    for answer in (viewer.get(path), viewer.post(path, PAID)):
        assert answer.status_code == 422
        assert "A confidential survey cannot be filtered." in answer.text
    key = saved(api)
    results = viewer.get(f"/results/nps?segment={key}").text
    assert "A confidential survey cannot be filtered." in results
    assert "Filter…" not in results


def test_the_page_reads_well_in_japanese(person):
    person.post("/language", {"language": "ja", "next": "/"})
    page = person.post(BUILDER, PAID | {"do": "refresh"}).text
    assert "プランがproまたはteam、かつ地域がjp以外。" in page
    assert "回答24件のうち8件。" in page


@given(filters)
@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_any_filter_comes_back_from_the_page_as_it_went_in(person, api, filter_):
    """Through the storage, the page as it is drawn, and what a browser sends of it."""
    key = save_segment(
        api.workspace_id, NewSegment("Any", filter_), actor_user_id=None, now=utcnow()
    )
    try:
        page = person.get(f"{ROOM}/{key}").text
        assert person.post(f"{ROOM}/{key}", sent_back(page, name="Other")).status_code == 303
        found = segment_by_key(api.workspace_id, key)
        assert found.name == "Other"
        assert normalised(found.filter) == normalised(filter_)
    finally:
        service.remove_segment(
            api.workspace_id, key, actor_user_id=None, now=utcnow()
        )  # fmt: skip


# --- saving -----------------------------------------------------------------------------


def test_a_filter_is_saved_as_a_segment_and_stands_in_the_address(person, api):
    page = person.post(f"{BUILDER}?period=all", PAID | {
        "do": "save", "name": " 日本以外の 有料 🎌 ", "description": "No Japan"})  # fmt: skip
    assert page.status_code == 303
    (segment,) = segments(api.workspace_id, limit=5)
    assert (segment.name, segment.description) == ("日本以外の 有料 🎌", "No Japan")
    assert parse_qs(urlsplit(page.location).query) == {
        "period": ["all"], "segment": [segment.key],
    }  # fmt: skip
    shown = person.get(page.location).text
    assert "Segment “日本以外の 有料 🎌”: Plan is pro or team, and Region is not jp." in shown
    assert "8 answers" in shown
    removed = unescape(re.search(r'href="([^"]+)"[^>]*>Remove the segment', shown).group(1))
    assert "24 answers" in person.get(removed).text
    split = re.findall(r'name="segment" value="([^"]+)"', shown)
    assert set(split) == {segment.key}
    assert len(split) == 2


def test_a_segment_and_a_filter_are_shown_and_saved_together(person, api):
    key = saved(api, "Paid", "plan:in(pro,team)")
    address = f"{BUILDER}?segment={key}&filter=region:in(us)&period=all"
    page = person.get(address).text
    assert "Within the segment “Paid”: Plan is pro or team." in page
    assert "8 of 24 answers" in page
    assert person.post(address, sent_back(page, do="save", name="Both")).status_code == 303
    assert to_compact(segment_by_key(api.workspace_id, "both").filter) == (
        "plan:in(pro,team);region:in(us)"
    )


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"name": ""}, 422, "Enter a name."),
        ({"name": "x" * 81}, 422, "longer than 80"),
        ({"name": "a\x07b"}, 422, "characters that cannot be kept"),
        ({"name": "ｐａｙｉｎｇ"}, 409, "Another segment has this name."),
        ({"name": "x", "description": "y" * 301}, 422, "longer than 300"),
        ({"name": "x", "f.0.attribute": "", "f.1.attribute": "", "f.0.values": "",
          "f.1.values": ""}, 422, "Nothing is asked yet."),
    ],
)  # fmt: skip
def test_a_segment_that_cannot_be_saved_is_said_and_nothing_is_lost(
    person, api, fields, status, words
):
    saved(api)
    page = person.post(BUILDER, PAID | fields | {"do": "save"})
    assert page.status_code == status
    assert words in page.text
    assert len(segments(api.workspace_id, limit=5)) == 1
    if "f.0.attribute" not in fields:
        again = sent_back(page.text)
        assert (again["f.0.values"], again["f.1.values"]) == (["pro", "team"], ["jp"])
        assert again["name"] == [fields["name"]]


def test_two_who_edit_a_segment_are_told_of_each_other(person, api):
    key = saved(api)
    mine, theirs = (person.get(f"{ROOM}/{key}").text for _ in range(2))
    assert person.post(f"{ROOM}/{key}", sent_back(theirs, name="Theirs")).status_code == 303
    late = person.post(f"{ROOM}/{key}", sent_back(mine, name="Mine"))
    assert late.status_code == 409
    assert "It now is “Theirs”: Plan is pro or team, and Region is not jp." in late.text
    assert segment_by_key(api.workspace_id, key).name == "Theirs"
    assert person.post(f"{ROOM}/{key}", sent_back(late.text)).status_code == 303
    assert segment_by_key(api.workspace_id, key).name == "Mine"


def test_viewers_filter_and_do_not_save(api, drain_outbox, staff):
    fill(api, drain_outbox, 3)
    key = saved(api)
    viewer = staff("viewer")
    assert 'value="save"' not in viewer.get(BUILDER).text
    assert viewer.post(BUILDER, PAID | {"do": "apply"}).status_code == 303
    assert viewer.post(BUILDER, PAID | {"do": "save", "name": "x"}).status_code == 403
    assert viewer.get(f"{ROOM}/{key}").status_code == 403
    assert viewer.get(f"{ROOM}/new").status_code == 403
    assert viewer.post(f"{ROOM}/{key}/remove").status_code == 403
    listed = viewer.get(ROOM).text
    assert "Paying" in listed
    assert f"{ROOM}/{key}/remove" not in listed


# --- the list ---------------------------------------------------------------------------


def test_an_empty_list_offers_one_next_step(person, staff):
    page = person.get(ROOM).text
    main = page[page.index("<main") : page.index("</main>")]
    assert re.findall(r'<a class="button[^>]*href="([^"]+)"', main) == ["/segments/new?survey=nps"]
    assert person.get("/segments/new?survey=nps").status_code == 200


def test_the_list_tells_name_sentence_and_number_of_answers(person, api):
    saved(api, "Paying <b>", description="Who pays")
    saved(api, "Big", "seats:between(10,)")
    page = person.get(ROOM).text
    row = re.search(r"<tr>\s*<th.*?Paying &lt;b&gt;.*?</tr>", page, re.DOTALL).group()
    assert "Plan is pro or team, and Region is not jp" in row
    assert "Who pays" in row
    assert '<td class="number" data-label="Answers">8</td>' in row
    assert "counted answer by answer, when they are opened" in page


def test_hundreds_are_paged_and_searched(person, api):
    for number in range(45):
        saved(api, f"Segment {number:02}", "plan:empty")
    seen, where = [], ROOM
    while where:
        page = person.get(where).text
        seen += re.findall(r">(Segment \d\d)</a>", page)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        where = unescape(more.group(1)) if more else None
    assert seen == [f"Segment {number:02}" for number in range(45)]
    found = person.get(f"{ROOM}?search=SEGMENT+1").text
    assert len(re.findall(r">Segment 1\d</a>", found)) == 10
    nothing = person.get(f"{ROOM}?search=nowhere%00").text
    assert "No segment is called so" in nothing


def test_a_segment_is_removed_and_had_back(person, api):
    key = saved(api)
    page = person.post(f"{ROOM}/{key}/remove", follow_redirects=True).text
    assert "The segment “Paying” is removed." in page
    assert "No segments yet" in page
    assert person.get(f"{ROOM}/{key}").status_code == 404
    gone = person.get(f"/results/nps?segment={key}").text
    assert "The segment of this address is not there any more." in gone
    undo = unescape(re.search(r'action="([^"]+/restore[^"]*)"', page).group(1))
    assert "Undone." in person.post(undo, follow_redirects=True).text
    assert segment_by_key(api.workspace_id, key).name == "Paying"


def test_a_removed_segment_does_not_push_a_newer_one_out_of_its_name(person, api):
    key = saved(api)
    person.post(f"{ROOM}/{key}/remove")
    saved(api)
    page = person.post(f"{ROOM}/{key}/restore", follow_redirects=True).text
    assert "another segment has its name now" in page


def test_without_answers_a_segment_can_be_built_all_the_same(api, staff):
    admin = staff("admin")
    page = admin.post(f"{ROOM}/new", PAID | {"do": "refresh"})
    assert page.status_code == 200
    assert "Numbers stand here once" in page.text
    assert admin.post(f"{ROOM}/new", PAID | {"do": "save", "name": "New"}).status_code == 303
    (segment,) = segments(api.workspace_id, limit=5)
    assert segment.key == "segment"  # "new" is the page
    assert admin.get(f"{ROOM}/segment").status_code == 200
