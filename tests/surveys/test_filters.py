"""Filters: read, printed and evaluated as their words say."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Condition,
    FilterError,
    Group,
    attributes_of,
    conditions_of,
    holds,
    joined,
    normalised,
    parse_compact,
    parse_json,
    to_compact,
    to_json,
)

NAMES = st.sampled_from(["plan", "region", "seats", "since", 'the "big" one', "空"])
TEXTS = st.text(min_size=1, max_size=6).map(str.strip).filter(bool) | st.sampled_from(
    ["pro", "free", "12", "3-12m", ">=2y", "true"]
)
NUMBERS = st.integers(-50, 50) | st.sampled_from([0.5, 12.25])
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS | DAYS.map(str) | st.just([1]) | st.just(" ")
PEOPLE = st.dictionaries(NAMES, VALUES, max_size=6)


@st.composite
def ranges(draw):
    low, high = sorted(draw(st.tuples(*[draw(st.sampled_from([NUMBERS, DAYS]))] * 2)))
    open_end = draw(st.sampled_from(["", "low", "high"]))
    return Condition(
        draw(NAMES), "between",
        low=None if open_end == "low" else low, high=None if open_end == "high" else high,
    )  # fmt: skip


CONDITIONS = (
    st.builds(
        Condition, NAMES, st.sampled_from(["in", "not_in"]),
        st.lists(TEXTS, min_size=1, max_size=4).map(tuple),
    )
    | ranges()
    | st.builds(Condition, NAMES, st.sampled_from(["empty", "not_empty"]))
)  # fmt: skip


def groups(parts):
    return st.builds(
        Group, st.sampled_from(["all", "any"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    )


FILTERS = CONDITIONS | groups(CONDITIONS) | groups(CONDITIONS | groups(CONDITIONS))


def opposite(found):
    """De Morgan: where every value is known or empty, this holds exactly where found does not."""
    if isinstance(found, Group):
        join = "any" if found.join == "all" else "all"
        return Group(join, tuple(opposite(part) for part in found.parts))
    turned = {"in": "not_in", "not_in": "in", "empty": "not_empty", "not_empty": "empty"}
    return Condition(found.attribute, turned[found.operator], found.values)


def naive(found, person):
    """The definition, written down a second time and as plainly as possible."""
    if isinstance(found, Group):
        results = [naive(part, person) for part in found.parts]
        return False not in results if found.join == "all" else True in results
    raw = person.get(found.attribute)
    blank = raw is None or raw == [1] or str(raw).strip() == ""
    text = str(raw).lower() if isinstance(raw, bool) else str(raw).strip()
    if found.operator in {"empty", "not_empty"}:
        return blank == (found.operator == "empty")
    if found.operator in {"in", "not_in"}:
        return (not blank and text in found.values) == (found.operator == "in")
    kind = date.fromisoformat if isinstance(found.low or found.high, date) else float
    try:
        value = kind(text)
    except ValueError:
        return False
    above = found.low is None or value >= found.low
    return not blank and above and (found.high is None or value <= found.high)


@given(FILTERS, PEOPLE)
def test_evaluation_agrees_with_a_naive_one(found, person):
    assert holds(found, person) == naive(found, person)


@given(FILTERS)
def test_what_is_printed_is_read_back(found):
    assert parse_compact(to_compact(found)) == found
    assert parse_json(to_json(found)) == found


@given(FILTERS, PEOPLE)
def test_the_normal_form_holds_of_the_same_people_and_is_its_own(found, person):
    normal = normalised(found)
    assert holds(normal, person) == holds(found, person)
    assert normalised(normal) == normal
    assert parse_compact(to_compact(normal)) == normal


@given(FILTERS, st.randoms())
def test_order_and_repetition_do_not_matter_in_the_normal_form(found, dice):
    assert normalised(_shuffled(found, dice)) == normalised(found)


def _shuffled(found, dice):
    if isinstance(found, Group):
        parts = [_shuffled(part, dice) for part in (*found.parts, dice.choice(found.parts))]
        dice.shuffle(parts)
        return Group(found.join, tuple(parts))
    values = [*found.values, *found.values[:1]]
    dice.shuffle(values)
    return Condition(found.attribute, found.operator, tuple(values), found.low, found.high)


@given(FILTERS, PEOPLE)
def test_the_opposite_holds_exactly_where_the_filter_does_not(found, person):
    if not any(condition.operator == "between" for condition in conditions_of(found)):
        assert holds(opposite(found), person) != holds(found, person)


@given(st.lists(FILTERS, max_size=3), PEOPLE)
def test_joined_filters_hold_together(found, person):
    together = joined(found)
    expected = all(holds(part, person) for part in found)
    assert (together is None or holds(together, person)) == expected


@given(st.text(max_size=40) | st.text(alphabet='ab:;|(),"in_not betwempty', max_size=40))
def test_any_text_is_a_filter_or_refused_with_its_place(text):
    try:
        found = parse_compact(text)
    except FilterError as error:
        place = error.place
        found = None
    assert parse_compact(to_compact(found)) == found if found else re.match(r"at \d+$", place)


def test_and_binds_closer_than_or():
    found = parse_compact("a:empty;b:empty|c:in(x)")
    assert holds(found, {"a": 1, "b": 2, "c": "x"})
    assert not holds(found, {"a": 1, "c": "y"})
    assert attributes_of(found) == ("a", "b", "c")


def test_numbers_and_days_are_compared_as_such():
    seats, since = parse_compact("s:between(9,10)"), parse_compact("d:between(2026-01-31,)")
    assert holds(seats, {"s": "9.5"})
    assert not holds(seats, {"s": 100})
    assert holds(since, {"d": "2026-02-01T10:00:00Z"})
    assert not holds(since, {"d": "20"})


def test_lists_and_blank_values_are_empty():
    empty = parse_compact("a:empty")
    assert all(holds(empty, {"a": value}) for value in ([], {}, "", " ", None))
    assert holds(parse_compact("a:not_in(x)"), {})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "at 1"), ("plan", "at 5"), ("plan:like(x)", "at 6"), ("plan:in()", "at 9"),
        ("plan:in(a,)", "at 11"), ("plan:in(a", "at 10"), ("plan:in(a))", "at 11"),
        ("a:empty b:empty", "at 9"), ("a:empty;;b:empty", "at 9"), ("a:between(,)", "at 3"),
        ("a:between(5,1)", "at 3"), ("a:between(1,2026-01-01)", "at 3"), ("a:in(x)$", "at 8"),
        ('a:in("x)', "at 6"), ("((((a:empty))))", "at 4"),
        (";".join(["a:empty"] * (MAX_CONDITIONS + 1)), "filter"),
    ],
)  # fmt: skip
def test_a_wrong_compact_filter_names_the_character(text, place):
    with pytest.raises(FilterError) as caught:
        parse_compact(text)
    assert caught.value.place == place


DEEP = {"attribute": "a", "operator": "empty"}
for _level in range(MAX_DEPTH):
    DEEP = {"all": [DEEP]}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([], "filter"),
        ({}, "filter.operator"),
        ({"all": []}, "filter.all"),
        ({"all": [{"attribute": "a", "operator": "empty"}], "any": []}, "filter"),
        ({"any": [{"attribute": "a", "operator": "empty"}, 3]}, "filter.any[1]"),
        ({"attribute": "", "operator": "empty"}, "filter.attribute"),
        ({"attribute": "a", "operator": "empty", "values": []}, "filter.values"),
        ({"attribute": "a", "operator": "in", "values": ["x", [1]]}, "filter.values[1]"),
        ({"attribute": "a", "operator": "in", "values": "x"}, "filter.values"),
        ({"attribute": "a", "operator": "between", "low": "x"}, "filter.low"),
        ({"attribute": "a", "operator": "between", "low": True}, "filter.low"),
        ({"attribute": "a", "operator": "between", "high": "2026-02-30"}, "filter.high"),
        (DEEP, "filter.all[0].all[0].all[0].all"),
    ],
)
def test_a_wrong_json_filter_names_its_place(data, place):
    with pytest.raises(FilterError) as caught:
        parse_json(data)
    assert caught.value.place == place
