"""Filters while they are written: nothing typed is lost, and what is read is what was meant."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.attributes import as_text
from surveys.filter_drafts import (
    FAULTS,
    FIELD_OF,
    Draft,
    Row,
    draft_of,
    from_fields,
    path_of,
    read_draft,
    rows_of,
    to_fields,
    with_part,
    without_part,
)
from surveys.filters import (
    MAX_CONDITIONS,
    MAX_VALUES,
    Condition,
    Group,
    conditions_of,
    normalised,
    parse_compact,
    parse_json,
    simplified,
    to_compact,
    to_json,
)


def sent(draft):
    """A draft as a browser sends it: line ends become CR LF."""
    fields = {}
    for name, value in to_fields(draft):
        fields.setdefault(name, []).append(value.replace("\n", "\r\n"))
    return fields


def through_the_form(filter_):
    return read_draft(from_fields(sent(draft_of(filter_))))


# What no way in lets through: halves of characters, and NUL; a CR cannot pass a form.
storable = {"exclude_categories": ["Cs"]}
names = st.text(st.characters(**storable, exclude_characters="\0\r"), min_size=1, max_size=20)
names = names.map(str.strip)
names = names.filter(bool)
# What differs only in outer blanks is one value.
values = st.text(st.characters(**storable, exclude_characters="\0\r"), max_size=30)
values = values.map(as_text).filter(bool)
numbers = st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9, allow_nan=False)
days = st.dates(date(1000, 1, 1))


@st.composite
def conditions(draw):
    attribute, operator = draw(names), draw(st.sampled_from(["in", "not_in", "empty", "between"]))
    if operator in {"in", "not_in"}:
        chosen = draw(st.lists(values, min_size=1, max_size=4, unique=True))
        return Condition(attribute, operator, tuple(chosen))
    if operator == "between":
        low, high = sorted(draw(st.tuples(days, days) | st.tuples(numbers, numbers)))
        return Condition(
            attribute, "between",
            low=draw(st.sampled_from([low, None])), high=high,
        )  # fmt: skip
    return Condition(attribute, operator)


def groups(parts):
    return st.builds(
        Group, st.sampled_from(["all", "any"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    )


filters = conditions() | groups(conditions() | groups(conditions() | groups(conditions())))
filters = filters.filter(lambda found: len(list(conditions_of(found))) <= MAX_CONDITIONS)


@given(filters)
@settings(max_examples=300, deadline=None)
def test_from_storage_through_the_form_a_filter_comes_back_as_it_was(filter_):
    stored = to_json(simplified(filter_))
    found = through_the_form(parse_json(stored))
    assert found.faults == {}
    assert to_json(found.filter) == stored
    assert normalised(found.filter) == normalised(filter_)


@given(filters)
@settings(max_examples=100, deadline=None)
def test_the_short_form_of_what_was_built_reads_the_same(filter_):
    built = through_the_form(filter_).filter
    if len(text := to_compact(built)) <= 4000:
        assert simplified(parse_compact(text)) == built


fields = st.dictionaries(
    st.text("f.0123joinattrbuevalswdph", max_size=24)
    | st.sampled_from(["f.join", "f.0.attribute", "f.0.values", "f.1.join", "f.1.0.operator",
                       "f.1.0.low", "f.1.1.join", "f.1.1.1.join", "f.9999.attribute"]),
    st.lists(st.text(max_size=8), max_size=3), max_size=12,
)  # fmt: skip


@given(fields)
@settings(max_examples=300, deadline=None)
def test_a_form_of_nonsense_is_read_without_a_surprise(form):
    draft = from_fields(form)
    found = read_draft(draft)
    assert set(found.faults.values()) <= set(FAULTS)
    assert from_fields(sent(draft)) == draft or "\\r" in str(form)


def test_nothing_asked_is_no_filter_and_one_blank_row():
    assert draft_of(None) == Draft("all", (Row(),))
    assert read_draft(draft_of(None)) == read_draft(Draft("any", (Draft(), Row())))
    assert (read_draft(Draft()).filter, read_draft(Draft()).faults) == (None, {})


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (Row(typed="pro"), "no_attribute"),
        (Row("x" * 101, "empty"), "long_attribute"),
        (Row("plan"), "no_values"),
        (Row("plan", typed="\n \n"), "no_values"),
        (Row("plan", typed="x" * 201), "long_value"),
        (Row("plan", typed="\n".join(map(str, range(MAX_VALUES + 1)))), "many_values"),
        (Row("seats", "between"), "no_bound"),
        (Row("seats", "between", low="many"), "unreadable_low"),
        (Row("seats", "between", low="1", high="2026-02-30"), "unreadable_high"),
        (Row("seats", "between", low="1", high="2026-01-31"), "mixed_bounds"),
        (Row("seats", "between", low="9", high="1"), "reversed_bounds"),
        (Row("since", "between", low="2026-02-01", high="2026-01-31"), "reversed_bounds"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_says_why_and_the_others_are_read(row, fault):
    found = read_draft(Draft("all", (Row(), row, Row("region", "empty"))))
    assert found.faults == {(1,): fault}
    assert found.filter == Condition("region", "empty")
    assert fault in FIELD_OF
    again = from_fields(sent(Draft("all", (row,))))
    assert again.parts == (row,)  # nothing typed is lost


def test_too_many_conditions_and_too_deep_groups_are_said():
    many = Draft("any", (Row("plan", "empty"),) * (MAX_CONDITIONS + 1))
    assert read_draft(many).faults == {(): "many_conditions"}
    deep = Draft("all", (Draft("any", (Draft("all", (Draft("any", (Row("a", "empty"),)),)),)),))
    assert read_draft(deep).faults == {(0, 0, 0): "too_deep"}


def test_values_and_lines_are_joined_each_once():
    row = Row("plan", values=("pro", "team"), typed=" team \nfree\n\nfree")
    assert read_draft(Draft("all", (row,))).filter.values == ("pro", "team", "free")


def test_values_of_another_attribute_do_not_go_along_when_it_is_changed():
    form = {"f.join": ["all"], "f.0.attribute": ["region"], "f.0.was": ["plan"],
            "f.0.operator": ["in"], "f.0.values": ["pro"], "f.0.typed": ["jp"]}  # fmt: skip
    assert from_fields(form).parts == (Row("region", "in", (), "jp"),)
    assert from_fields(form | {"f.0.was": ["region"]}).parts[0].values == ("pro",)


def test_rows_and_groups_are_added_and_taken_out_anywhere():
    draft = with_part(draft_of(parse_compact("a:empty;b:empty")), (), Draft("any"))
    draft = with_part(draft, (2,), Row("c", "empty"))
    assert [path for path, _ in rows_of(draft)] == [(0,), (1,), (2, 0)]
    assert to_compact(read_draft(without_part(draft, (0,))).filter) == "b:empty;c:empty"
    assert to_compact(read_draft(without_part(draft, (2, 0))).filter) == "a:empty;b:empty"
    for nowhere in [(), (9,), (0, 0), (2, 5), (7, 1)]:
        assert without_part(draft, nowhere) == draft
    for nowhere in [(9,), (0,), (2, 0)]:
        assert with_part(draft, nowhere, Row()) == draft


def test_gaps_in_the_numbers_only_order_the_parts():
    form = {"f.join": ["any"], "f.10.attribute": ["b"], "f.2.attribute": ["a"]}
    assert [row.attribute for _, row in rows_of(from_fields(form))] == ["a", "b"]


@pytest.mark.parametrize("text", ["a", "1.", ".1", "1..2", "-1", "99999", "1.x", "1\n"])
def test_a_way_that_is_none(text):
    assert path_of(text) is None
