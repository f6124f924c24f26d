"""Everything a confidential survey answers, against somebody who solves all of its equations."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from datetime import date, timedelta
from itertools import combinations, product

import numpy as np
import pytest

from surveys.periods import period_end, period_start
from vocapp.database import utcnow

METRICS = "/api/v1/surveys/nps/metrics"
FLOOR = 5
PLANS, REGIONS = ("free", "pro", "team", None), ("eu", "us", None)
ATTRIBUTES = {"plan": PLANS, "region": REGIONS}
MONTHS = 5


def months_over(count=MONTHS):
    """First days of the last months that are over, oldest first."""
    days = [period_start(utcnow().date(), "month")]
    while len(days) <= count:
        days.insert(0, period_start(days[0] - timedelta(days=1), "month"))
    return days[:-1]


def answer_all(api, drain, counts):
    """counts: (month, plan, region) → answers; and two in the month that is still open."""
    items = []
    for (month, plan, region), n in counts.items():
        facts = {name: v for name, v in (("plan", plan), ("region", region)) if v is not None}
        name = f"{month}-{plan}-{region}"  # facts of an account change: one for each group
        item = {"survey": "nps", "score": 9, "account": {"external_id": name, **facts}}
        items += [item | {"answered_at": f"{months_over()[month]}T09:00:00+00:00"}] * n
    items += [{"survey": "nps", "score": 0}] * 2
    for start in range(0, len(items), 1000):
        answer = api.post("/api/v1/responses/batch", {"responses": items[start : start + 1000]})
        assert {item["status"] for item in answer.json["items"]} == {201}
    drain()


def random_counts(seed):
    """Months of different size; groups of which many are small or empty."""
    rng = random.Random(seed)
    likely = {key: rng.choice((0, 0.5, 1, 2, 6)) for key in product(PLANS, REGIONS)}
    return Counter(
        {
            (month, plan, region): min(30, int(rng.expovariate(1) * likely[plan, region] * size))
            for month, size in enumerate(rng.choice((0.3, 1, 3)) for _ in range(MONTHS))
            for plan, region in likely
        }
    )


# --- what can be asked ------------------------------------------------------------------


def ranges():
    yield None, None
    first = months_over()
    for start, end in combinations(range(MONTHS + 1), 2):
        yield first[start], period_end(first[end - 1], "month") - timedelta(days=1)
    yield first[1] + timedelta(days=3), None  # no whole month


def equations(api, staff):
    """(since, until, {attribute: value}, n) of every figure that is shown; days half-open."""
    for since, until in ranges():
        for by in ((), ("plan",), ("region",), ("plan", "region")):
            for interval in ("month", "quarter") if not by else ("month",):
                yield from told(api, since, until, by, interval)
    yield from told_by_heat(staff("viewer"))


def told(api, since, until, by, interval):
    query = [("interval", interval), *(("by", name) for name in by)]
    query += [(name, str(day)) for name, day in (("since", since), ("until", until)) if day]
    answer = api.get(f"{METRICS}?" + "&".join(f"{name}={value}" for name, value in query))
    assert answer.status_code == 200, answer.json
    document = answer.json
    asked = document.get("since", since and str(since)), document.get("until", until and str(until))
    first = date.fromisoformat(asked[0]) if asked[0] else date.min
    last = date.fromisoformat(asked[1]) + timedelta(days=1) if asked[1] else date.max
    if document["overall"]["n"] is not None:
        yield first, last, {}, document["overall"]["n"]
    for figure in document["series"]:
        start = date.fromisoformat(figure["start"])
        if figure["n"] is not None:
            end = min(last, period_end(start, interval))
            yield max(first, start), end, {}, figure["n"]
    listed = {tuple(each["by"].values()): each["n"] for each in document["segments"]}
    if by and document["overall"]["n"] is not None:
        for key in product(*(ATTRIBUTES[name] for name in by)):
            n = listed.get(key, 0)  # what is not in the answer has nobody in it
            if n is not None:
                yield first, last, dict(zip(by, key, strict=True)), n


def told_by_heat(person):
    for name in ATTRIBUTES:
        page = person.get(f"/results/nps/charts/heat.csv?period=all&by={name}").text
        for row in csv.DictReader(io.StringIO(page.lstrip("\ufeff"))):
            value, start, _, n, note = row.values()
            if note != "hidden":
                start = date.fromisoformat(start)
                value = value if value in ATTRIBUTES[name] else None
                yield start, period_end(start, "month"), {name: value}, int(n or 0)


# --- the attacker -----------------------------------------------------------------------


def recovered(counts, shown):
    """Groups of 1..4 answers, by up to two attributes in months in a row, that follow."""
    cells = list(product(range(MONTHS), PLANS, REGIONS))
    n = np.array([counts[cell] for cell in cells])
    days = months_over()

    def line(since, until, values):
        return np.array([
            since <= days[month] < until
            and all({"plan": plan, "region": region}[name] == v for name, v in values.items())
            for month, plan, region in cells
        ], dtype=float)  # fmt: skip

    known, empty = [], np.zeros(len(cells), dtype=bool)
    for since, until, values, told_n in shown:
        equation = line(since, until, values)
        assert equation @ n == told_n, (since, until, values, told_n)  # and it is true
        known.append(equation)
        empty |= (equation > 0) & (told_n == 0)  # nobody in it: nobody in any part of it
    matrix = np.array([*known, *np.eye(len(cells))[empty]]).reshape(-1, len(cells))
    _, sizes, directions = np.linalg.svd(matrix, full_matrices=False)
    known = directions[sizes > 1e-7]
    ends = [*days, period_end(days[-1], "month")]
    for since, until in combinations(ends, 2):
        for size in range(3):
            for names in combinations(ATTRIBUTES, size):
                for key in product(*(ATTRIBUTES[name] for name in names)):
                    group = line(since, until, dict(zip(names, key, strict=True)))
                    rest = group - known.T @ (known @ group)
                    if 0 < n @ group < FLOOR and np.abs(rest).max() < 1e-7:
                        yield str(since), str(until), key, int(n @ group)


@pytest.mark.parametrize("seed", range(6))
def test_nobody_can_be_worked_out_from_all_answers_together(api, staff, drain_outbox, seed):
    counts = random_counts(seed)
    api.survey(confidential=True)
    answer_all(api, drain_outbox, counts)
    shown = list(equations(api, staff))
    assert sum(n > 0 for *_, n in shown) > 20  # there is something to work with
    assert list(recovered(counts, shown)) == []


def test_a_small_month_is_left_out_until_later_ones_bring_it_to_the_floor(api, drain_outbox):
    api.survey(confidential=True)
    sizes = (40, 20, 3, 1, 9)
    answer_all(api, drain_outbox, {(m, "free", "eu"): n for m, n in enumerate(sizes)})
    days = months_over()

    def asked(first, last):
        until = period_end(days[last], "month") - timedelta(days=1)
        return api.get(f"{METRICS}?since={days[first]}&until={until}").json

    assert asked(0, 2)["overall"]["n"] == 60
    assert asked(0, 2)["until"] == str(days[2] - timedelta(days=1))
    assert asked(0, 4)["overall"]["n"] == 73
    assert asked(3, 4)["overall"]["reason"] == "complement"
    assert asked(2, 2)["overall"]["reason"] == "small"
    reasons = [figure.get("reason") for figure in asked(0, 4)["series"]]
    assert reasons == [None, None, "small", "small", "complement"]


def test_a_value_is_told_again_once_it_has_enough_answers(api, drain_outbox):
    api.survey(confidential=True)
    month = {"free": 30, "pro": 20, "team": 3}
    answer_all(
        api, drain_outbox, {(m, plan, "eu"): n for m in range(2) for plan, n in month.items()}
    )

    def plans(query):
        found = api.get(f"{METRICS}?by=plan{query}").json["segments"]
        return {each["by"]["plan"]: each["n"] or each["reason"] for each in found}

    assert plans("") == {"free": 60, "pro": 40, "team": 6}
    assert plans(f"&since={months_over()[1]}") == {
        "free": 30, "pro": "complement", "team": "small"
    }  # fmt: skip


def test_two_attributes_are_told_over_months_together(api, drain_outbox):
    """Of one month most combinations are small; of three there are enough."""
    api.survey(confidential=True)
    month = {("free", "eu"): 9, ("free", "us"): 2, ("pro", "eu"): 2, ("pro", "us"): 9}
    answer_all(api, drain_outbox, {(m, *key): n for m in range(4) for key, n in month.items()})
    document = api.get(f"{METRICS}?by=plan&by=region").json
    assert document["overall"]["n"] == 66  # three of the four months
    assert document["until"] == str(months_over()[3] - timedelta(days=1))
    found = {tuple(each["by"].values()): each["n"] for each in document["segments"]}
    assert found == {key: 3 * n for key, n in month.items()}
