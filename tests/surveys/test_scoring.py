import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import scoring
from surveys.scoring import METRICS, categories, category_counts, category_of, histogram, is_low
from surveys.scoring import scale as scale_of_metric

kinds = st.sampled_from(METRICS)


@st.composite
def answers(draw, min_size=0):
    kind = draw(kinds)
    return kind, draw(st.lists(st.sampled_from(scale_of_metric(kind)), min_size=min_size))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("nps", ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2),
        ("csat", ["dissatisfied"] * 2 + ["neutral"] + ["satisfied"] * 2),
        ("ces", ["difficult"] * 3 + ["neutral"] + ["easy"] * 3),
    ],
)
def test_every_point_of_a_scale_has_its_category(kind, expected):
    points = scale_of_metric(kind)
    assert [category_of(kind, point) for point in points] == expected
    low = [point for point in points if is_low(kind, point)]
    assert low == [point for point in points if category_of(kind, point) == expected[0]]


@pytest.mark.parametrize("kind", METRICS)
def test_nobody_answered_is_no_score_and_not_zero(kind):
    counts = histogram(kind, [])
    assert scoring.score(kind, counts) is None
    assert scoring.ces_share([0] * 7) is None
    assert set(category_counts(kind, counts).values()) == {0}


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize("score", [-1, 11, 100, True, 3.0, "3", None])
def test_a_score_outside_of_the_scale_is_an_error(kind, score):
    with pytest.raises(ValueError, match="score"):
        category_of(kind, score)
    with pytest.raises(ValueError, match="score"):
        histogram(kind, [score])


@pytest.mark.parametrize("counts", [[], [1], [0] * 12, [-1] + [0] * 10, [0.5] * 11, ["1"] * 11])
def test_a_histogram_of_another_shape_is_an_error(counts):
    with pytest.raises(ValueError, match="counts"):
        scoring.nps(counts)


@pytest.mark.parametrize("kind", ["text", "choice", "stars", ""])
def test_only_the_three_metrics_have_a_score(kind):
    with pytest.raises(ValueError, match="kind"):
        scoring.score(kind, [1])
    with pytest.raises(ValueError, match="kind"):
        categories(kind)


@given(answers(min_size=1))
def test_the_score_equals_its_definition_over_single_answers(drawn):
    kind, scores = drawn
    n = len(scores)
    expected = {
        "nps": 100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / n,
        "csat": 100 * sum(s >= 4 for s in scores) / n,
        "ces": sum(scores) / n,
    }[kind]
    assert scoring.score(kind, histogram(kind, scores)) == pytest.approx(expected)


@given(answers())
def test_order_never_matters_and_nobody_is_lost(drawn):
    kind, scores = drawn
    counts = histogram(kind, scores)
    assert counts == histogram(kind, reversed(scores))
    assert sum(counts) == len(scores) == sum(category_counts(kind, counts).values())
    assert tuple(category_counts(kind, counts)) == categories(kind)


@given(answers(min_size=1), st.data())
def test_a_better_answer_never_lowers_the_score(drawn, data):
    kind, scores = drawn
    position = data.draw(st.integers(0, len(scores) - 1))
    better = [*scores]
    better[position] = data.draw(
        st.sampled_from(scale_of_metric(kind)).filter(lambda point: point >= scores[position])
    )
    before = scoring.score(kind, histogram(kind, scores))
    assert scoring.score(kind, histogram(kind, better)) >= before
