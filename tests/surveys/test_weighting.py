import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveys.inference import estimate
from surveys.scoring import METRICS, histogram, scale
from surveys.weighting import effective_n, estimate_weighted, rake

PLANS = ("free", "pro", "team")
REGIONS = ("east", "west")


@st.composite
def samples(draw):
    """Answers of every plan in every region, and a frame."""
    every = [{"plan": plan, "region": region} for plan in PLANS for region in REGIONS]
    answers = every + draw(st.lists(st.sampled_from(every), max_size=30))
    sizes = st.integers(1, 20)
    frame = {
        "plan": {plan: draw(sizes) for plan in PLANS},
        "region": {region: draw(sizes) for region in REGIONS},
    }
    return answers, frame


def share(answers, weights, name, group):
    inside = sum(w for answer, w in zip(answers, weights, strict=True) if answer[name] == group)
    return inside / sum(weights)


@given(samples())
def test_without_a_cap_in_the_way_every_margin_is_met(drawn):
    answers, frame = drawn
    found = rake(answers, frame, cap=1e6)
    assert found.converged
    for name, groups in frame.items():
        for group, size in groups.items():
            expected = size / sum(groups.values())
            assert share(answers, found.weights, name, group) == pytest.approx(expected, abs=1e-6)


@example(  # margins that no weights under this cap give: some ran towards 0
    drawn=(
        [
            {"plan": plan, "region": region}
            for plan, region in (
                ("free", "east"), ("free", "west"), ("pro", "east"), ("pro", "west"),
                ("team", "east"), ("team", "west"), ("free", "west"), ("pro", "east"),
            )
        ],
        {"plan": {"free": 6, "pro": 1, "team": 1}, "region": {"east": 6, "west": 1}},
    ),
    cap=1.5,
)  # fmt: skip
@given(samples(), st.floats(1.05, 8))
def test_no_weight_is_above_the_cap_the_mean_is_one_and_failing_is_said(drawn, cap):
    answers, frame = drawn
    found = rake(answers, frame, cap=cap)
    assert max(found.weights) <= cap * (1 + 1e-9)
    assert min(found.weights) > 0
    assert np.mean(found.weights) == pytest.approx(1)
    assert found.converged == (found.worst <= 1e-8)
    assert 0 < found.effective_n <= len(answers) * (1 + 1e-12)


@given(samples(), st.randoms(), st.integers(2, 50))
def test_neither_order_nor_the_size_of_the_frame_matters(drawn, random, times):
    answers, frame = drawn
    order = list(range(len(answers)))
    random.shuffle(order)
    larger = {
        name: {group: times * size for group, size in reversed(groups.items())}
        for name, groups in frame.items()
    }
    first, again = rake(answers, frame), rake([answers[place] for place in order], larger)
    assert again.weights == pytest.approx([first.weights[place] for place in order], abs=1e-6)


def test_one_margin_is_plain_post_stratification():
    answers = [{"plan": "free"}] * 8 + [{"plan": "pro"}] * 2
    found = rake(answers, {"plan": {"free": 50, "pro": 50}})
    assert found.weights == pytest.approx([0.625] * 8 + [2.5] * 2)
    assert (found.converged, found.rounds, found.capped) == (True, 1, 0)


def test_a_cap_that_forbids_the_margins_is_reported():
    answers = [{"plan": "free"}] * 99 + [{"plan": "pro"}]
    found = rake(answers, {"plan": {"free": 50, "pro": 50}}, cap=5)
    assert (found.converged, found.capped) == (False, 1)
    assert found.worst == pytest.approx(0.45)


def test_a_frame_without_attributes_leaves_all_weights_at_one():
    assert rake([{}] * 3, {}).weights == (1, 1, 1)


@pytest.mark.parametrize(
    ("answers", "margins", "cap", "message"),
    [
        ([], {"plan": {"free": 1}}, 5, "answers: expected at least one"),
        ([{"plan": "free"}], {"plan": {"free": 1, "pro": 1}}, 5, "nobody answered with plan = pro"),
        ([{"plan": "gold"}], {"plan": {"free": 1}}, 5, "plan is not in the frame for gold"),
        ([{}], {"plan": {"free": 1}}, 5, "plan is not in the frame for None"),
        ([{"plan": "free"}], {"plan": {"free": 0}}, 5, "margins: expected sizes above 0 for plan"),
        ([{"plan": "free"}], {"plan": {}}, 5, "margins: expected sizes above 0 for plan"),
        ([{"plan": "free"}], {"plan": {"free": 1}}, 1, "cap: expected a number above 1"),
    ],
)
def test_what_no_weight_can_mend_is_an_error(answers, margins, cap, message):
    with pytest.raises(ValueError, match=message):
        rake(answers, margins, cap=cap)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40), st.floats(0.1, 10))
def test_effective_n_is_at_most_n_and_has_no_unit(weights, factor):
    found = effective_n(weights)
    assert 1 - 1e-9 <= found <= len(weights) * (1 + 1e-9)
    assert effective_n([factor * weight for weight in weights]) == pytest.approx(found)


def test_effective_n_of_nobody_is_zero():
    assert effective_n([]) == 0


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [float("nan")], [float("inf")]])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(ValueError, match=r"^weights:"):
        effective_n(weights)


@st.composite
def scored(draw):
    kind = draw(st.sampled_from(METRICS))
    points = scale(kind)
    scores = draw(st.lists(st.sampled_from(points), min_size=1, max_size=60))
    weights = st.lists(st.floats(0.05, 5), min_size=len(scores), max_size=len(scores))
    return kind, scores, draw(weights)


@given(scored())
def test_the_weighted_interval_contains_the_weighted_score_and_raw_stands_beside(drawn):
    kind, scores, weights = drawn
    found = estimate_weighted(kind, scores, weights)
    assert found.raw == estimate(kind, histogram(kind, scores))
    assert found.weighted.low <= found.weighted.value <= found.weighted.high
    assert found.weighted.n == found.raw.n >= found.effective_n * (1 - 1e-9)


@given(scored(), st.floats(0.1, 10))
def test_equal_weights_change_nothing(drawn, weight):
    kind, scores, _ = drawn
    found = estimate_weighted(kind, scores, [weight] * len(scores))
    names = [name for name in ("value", "low", "high", "share") if name != "share" or kind == "ces"]
    assert [getattr(found.weighted, name) for name in names] == pytest.approx(
        [getattr(found.raw, name) for name in names], abs=1e-6
    )


@given(scored())
def test_an_answer_of_weight_zero_moves_nothing_but_the_raw_score(drawn):
    kind, scores, weights = drawn
    first = estimate_weighted(kind, scores, weights).weighted
    again = estimate_weighted(kind, [*scores, scale(kind)[0]], [*weights, 0]).weighted
    assert (again.value, again.low, again.high) == pytest.approx(
        (first.value, first.low, first.high)
    )


def test_nobody_has_no_score_weighted_or_not():
    found = estimate_weighted("nps", [], [])
    assert (found.raw.value, found.weighted.value, found.effective_n) == (None, None, 0)


def test_every_answer_needs_a_weight():
    with pytest.raises(ValueError, match=r"^weights: expected 2"):
        estimate_weighted("nps", [9, 10], [1])
