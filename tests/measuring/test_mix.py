"""What a change is made of: scores inside segments, or who answered; and what stays hidden."""

from __future__ import annotations

from datetime import date, timedelta
from html import unescape

import pytest

from surveys.mix_shift import mix_shift
from vocapp.database import utcnow

COMPARE = "/api/v1/surveys/nps/compare"


def days_ago(days):
    return (utcnow() - timedelta(days=days)).date().isoformat()


def send(api, promoters, detractors=0, *, days=1, **fields):
    moment = (utcnow() - timedelta(days=days)).isoformat()
    items = [
        {"survey": "nps", "score": score, "answered_at": moment, **fields}
        for score in [9] * promoters + [0] * detractors
    ]
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in answer.json["items"]} == {201}, answer.json


def of(plan, region=None):
    account = {"external_id": f"a-{plan}-{region}", "plan": plan}
    return {"account": account | ({"region": region} if region else {})}


def problem_of(answer):
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def another_mix(api, drain):
    """Scores stay as they are in each plan; there are more of the unhappy ones."""
    api.survey()
    send(api, 45, 5, days=15, **of("pro"))
    send(api, 10, 40, days=15, **of("free"))
    send(api, 18, 2, days=5, **of("pro"))
    send(api, 16, 64, days=5, **of("free"))
    drain()


def test_a_change_that_comes_from_who_answered_is_called_so(any_api, drain_outbox):
    another_mix(any_api, drain_outbox)
    document = any_api.get(f"{COMPARE}?a_since={days_ago(9)}&by=plan").json
    split = document["mix_shift"]
    assert split["by"] == "plan"
    assert split["within"]["value"] == pytest.approx(0)
    assert split["mix"]["value"] == pytest.approx(document["difference"]["value"])
    assert split["mix"]["high"] < 0 < split["within"]["high"]
    free = next(each for each in split["segments"] if each["values"] == ["free"])
    assert (free["a"]["n"], free["b"]["n"]) == (80, 50)
    assert (free["a"]["share"], free["b"]["share"]) == (0.8, 0.5)
    assert free["a"]["value"] == free["b"]["value"] == -60
    parts = sum(each["within"] + each["mix"] for each in split["segments"])
    assert parts == pytest.approx(document["difference"]["value"])


def test_the_split_is_that_of_the_answers_counted_by_hand(api, drain_outbox):
    api.survey()
    before = {"pro": (8, 2), "free": (4, 6)}
    after = {"pro": (9, 11), "free": (3, 2), "new": (5, 0)}
    for counts, days in ((before, 15), (after, 5)):
        for plan, numbers in counts.items():
            send(api, *numbers, days=days, **of(plan))
    drain_outbox()
    expected = mix_shift("nps", *(
        {plan: [low, *[0] * 8, high, 0] for plan, (high, low) in side.items()}
        for side in (before, after)
    ))  # fmt: skip
    found = api.get(f"{COMPARE}?a_since={days_ago(9)}&by=plan").json["mix_shift"]
    for name, part in (("within", expected.within), ("mix", expected.mix)):
        assert found[name] == {"value": part.value, "low": part.low, "high": part.high}
    assert [each["values"] for each in found["segments"]] == [
        [part.segment] for part in expected.segments
    ]


def test_sides_with_a_segment_are_split_by_another_attribute(api, drain_outbox):
    api.survey()
    for days, region, numbers in ((15, "jp", (20, 0)), (15, "eu", (0, 20)),
                                  (5, "jp", (10, 0)), (5, "eu", (0, 30))):  # fmt: skip
        send(api, *numbers, days=days, **of("pro", region))
    send(api, 50, days=5, **of("free", "jp"))
    drain_outbox()
    split = api.get(f"{COMPARE}?a_since={days_ago(9)}&a.plan=pro&by=region").json["mix_shift"]
    assert split["within"]["value"] == pytest.approx(0)
    assert split["mix"]["value"] == pytest.approx(-50)
    assert {tuple(each["values"]) for each in split["segments"]} == {("jp",), ("eu",)}


def test_where_there_is_nothing_to_split_there_is_no_split(api, drain_outbox):
    api.survey()
    send(api, 10, 10, days=5, **of("pro"))
    send(api, 10, 10, days=15, **of("pro"))
    drain_outbox()
    url = f"{COMPARE}?a_since={days_ago(9)}"
    assert api.get(url).json["mix_shift"] is None  # not asked for
    assert api.get(f"{url}&by=plan").json["mix_shift"] is None  # one segment
    assert api.get(f"{url}&by=nowhere").json["mix_shift"] is None
    assert api.get(f"{url}&by=plan&min_n=30").json["mix_shift"] is None  # too few to tell


def test_an_attribute_that_cannot_split_is_refused(api, drain_outbox):
    api.survey()
    send(api, 10, days=5, **of("pro"))
    drain_outbox()
    url = f"{COMPARE}?a_since={days_ago(9)}"
    assert "attribute of a side" in problem_of(api.get(f"{url}&a.plan=pro&by=plan"))["by"]
    crossed = "&".join(f"a.x{number}=1" for number in range(3))
    assert "at most 3" in problem_of(api.get(f"{url}&{crossed}&by=plan"))["by"]
    assert api.get(f"{url}&by=").status_code == 422
    assert api.get(f"{url}&by={'x' * 101}").status_code == 422


def test_a_filter_holds_for_both_sides(any_api, drain_outbox):
    any_api.survey()
    for days in (5, 15):
        send(any_api, 20 if days == 5 else 10, 10, days=days, **of("pro", "jp"))
        send(any_api, 0, 70, days=days, **of("free", "eu"))
    drain_outbox()
    url = f"{COMPARE}?a_since={days_ago(9)}&filter=plan:in(pro)"
    document = any_api.get(url).json
    assert (document["a"]["n"], document["b"]["n"]) == (30, 20)
    assert document["filter"] == "plan:in(pro)"
    free = any_api.get(f"{COMPARE}?a.region=jp&b.region=eu&filter=plan:in(pro)").json
    assert (free["a"]["n"], free["b"]["n"]) == (50, 0)
    assert problem_of(any_api.get(f"{COMPARE}?a.region=jp&b.region=eu&filter=plan:in("))["filter"]


def test_the_page_says_what_a_change_is_made_of(api, staff, drain_outbox):
    another_mix(api, drain_outbox)
    page = unescape(staff("viewer").get(
        f"/results/nps/compare?period=custom&since={days_ago(9)}&by=plan"
    ).text)  # fmt: skip
    assert "What the change is made of" in page
    assert "Only who answered changed it by more than chance would give." in page
    filtered = unescape(staff("viewer").get(
        f"/results/nps/compare?period=custom&since={days_ago(9)}&by=plan&filter=plan%3Ain%28pro%29"
    ).text)  # fmt: skip
    assert "Only answers with: Plan is pro." in filtered
    assert "What the change is made of" not in filtered  # one segment is left


def test_the_heat_map_holds_only_what_the_filter_holds(api, staff, drain_outbox):
    api.survey()
    for days in (5, 75):
        send(api, 20, days=days, **of("pro", "jp"))
        send(api, 0, 30, days=days, **of("free", "jp"))
    drain_outbox()
    url = "/results/nps/charts/heat.csv?by=region&filter="
    for filter_ in ("plan%3Ain%28pro%29", "seats%3Aempty"):  # from cells, answer by answer
        text = staff("viewer").get(url + filter_).text
        rows = [line.split(",") for line in text.splitlines()[1:]]
        expected = "20" if "pro" in filter_ else "50"
        assert [row[3] for row in rows if row[0] == "jp"] == [expected, expected]


# --- confidential --------------------------------------------------------------------------


def first_of_month(back):
    day = utcnow().date().replace(day=1)
    for _ in range(back):
        day = (day - timedelta(days=1)).replace(day=1)
    return day


def in_month(back):
    """Days ago of the middle of that month."""
    return (utcnow().date() - date(*first_of_month(back).timetuple()[:2], 15)).days


@pytest.mark.parametrize("before", [{"free": 20, "pro": 12, "team": 9, "secret": 3},
                                    {"free": 20, "pro": 12, "team": 9},
                                    {"free": 3, "pro": 12, "team": 9, "secret": 8}])  # fmt: skip
def test_the_split_of_a_confidential_survey_tells_no_small_group_apart(api, drain_outbox, before):
    """Every group of the split, and every union of them, has none or at least five answers."""
    now = {"free": 20, "pro": 12, "team": 9, "secret": 3}
    api.survey(confidential=True)
    for back, counts in ((1, now), (2, before)):
        for plan, n in counts.items():
            send(api, n - n // 3, n // 3, days=in_month(back), **of(plan))
    drain_outbox()
    url = f"{COMPARE}?a_since={first_of_month(1)}&by=plan"
    document = api.get(url).json
    split = document["mix_shift"]
    assert split is not None
    values = [tuple(each["values"]) for each in split["segments"]]
    assert ("secret",) not in values
    for side, counts in (("a", now), ("b", before)):
        shown = api.get(
            f"/api/v1/surveys/nps/metrics?by=plan&since={document[side]['since']}"
            f"&until={document[side]['until']}"
        ).json["segments"]
        hidden = {each["by"]["plan"] for each in shown if each.get("suppressed")}
        for each in split["segments"]:
            n = each[side]["n"]
            assert n == sum(counts.get(value, 0) for value in each["values"])
            assert n == 0 or n >= 5
            # Who is hidden in the metrics stands together with all others who are.
            assert not hidden & set(each["values"]) or hidden <= set(each["values"])


def test_a_confidential_survey_is_split_by_reportable_attributes_only(api, drain_outbox):
    api.survey(confidential=True)
    for back in (1, 2):
        send(api, 20, 10, days=in_month(back), **of("pro", "jp"))
    drain_outbox()
    url = f"{COMPARE}?a_since={first_of_month(1)}"
    assert "reportable" in problem_of(api.get(f"{url}&by=email"))["by"]
    assert "not with segments" in problem_of(api.get(f"{url}&a.plan=pro&by=region"))["by"]
    assert "filter" in problem_of(api.get(f"{url}&by=plan&filter=plan:in(pro)"))
