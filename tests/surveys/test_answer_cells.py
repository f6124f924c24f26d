"""Answers in the cells of a table."""

from hypothesis import given
from hypothesis import strategies as st

from surveys.answer_cells import as_cell, from_cell
from surveys.questions import Option, Question, validate_answer

OPTIONS = tuple(Option(key, {"en": key}) for key in ("fast", "good-value", "x_1"))
ASKED = {
    kind: Question("q", kind, {"en": "?"}, options=OPTIONS, rows=OPTIONS, columns=OPTIONS,
                   fields=("name", "email", "phone"))
    for kind in ("choice", "multiple", "ranking", "matrix", "consent", "contact", "text")
}  # fmt: skip
KEYS = st.sampled_from([option.key for option in OPTIONS])
VALUES = {
    "choice": KEYS,
    "multiple": st.lists(KEYS, unique=True),
    "ranking": st.permutations([option.key for option in OPTIONS]),
    "matrix": st.dictionaries(KEYS, KEYS),
    "consent": st.booleans(),
    "contact": st.dictionaries(st.sampled_from(["name"]), st.text(max_size=40)),
    "text": st.text(max_size=40),
}


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_what_is_written_into_a_cell_is_read_as_the_same_answer(data, kind):
    value = data.draw(VALUES[kind])
    try:
        answer = validate_answer(ASKED[kind], value)
    except ValueError:
        return  # no text that can be stored
    cell = as_cell(answer)
    assert cell is None or isinstance(cell, str)
    if cell is not None:
        assert validate_answer(ASKED[kind], from_cell(ASKED[kind], cell)) == answer


def test_what_no_answer_looks_like_is_left_to_be_refused():
    assert from_cell(ASKED["consent"], "perhaps") == "perhaps"
    assert from_cell(ASKED["matrix"], "good") == "good"
    assert from_cell(ASKED["contact"], "{broken") == "{broken"


def test_a_cell_nested_without_end_is_left_to_be_refused():
    cell = '{"a":' * 100_000
    assert from_cell(ASKED["contact"], cell) == cell
