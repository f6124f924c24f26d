import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from surveys.inference import (
    against_rest,
    answers_needed,
    benjamini_hochberg,
    difference,
    estimate,
)
from surveys.intervals import point_values
from surveys.scoring import METRICS, scale, score

RANGES = {"nps": (-100, 100), "csat": (0, 100), "ces": (1, 7)}


def nps_counts(promoters, passives, detractors):
    return [0, 0, detractors, 0, 0, 0, 0, 0, passives, promoters, 0]


def csat_counts(satisfied, n):
    return [n - satisfied, 0, 0, satisfied, 0]


@st.composite
def histograms(draw, most=400):
    kind = draw(st.sampled_from(METRICS))
    size = len(scale(kind))
    counts = draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
    assume(any(counts))
    return kind, counts


# references: computed apart from this code, see docs/adr/0004-intervals.md


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "low", "high"),
    [
        (50, 30, 20, 14.1, 44.2),
        (10, 0, 0, 47.5, 100),
        (5, 3, 2, -19.1, 65.2),
        (3, 1, 1, -29.8, 79.8),
        (0, 0, 5, -100, -17.5),
        (250, 675, 75, 14.1, 20.8),
    ],
)
def test_nps_intervals_equal_the_reference(promoters, passives, detractors, low, high):
    found = estimate("nps", nps_counts(promoters, passives, detractors))
    assert (round(found.low, 1), round(found.high, 1)) == (low, high)


@pytest.mark.parametrize(
    ("satisfied", "n", "low", "high"),
    [
        (8, 10, 49.02, 94.33),
        (10, 10, 72.25, 100),
        (0, 10, 0, 27.75),
        (45, 50, 78.64, 95.65),
        (1, 1, 20.65, 100),
    ],
)
def test_csat_intervals_equal_the_reference(satisfied, n, low, high):
    found = estimate("csat", csat_counts(satisfied, n))
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)


@given(st.integers(1, 500), st.data(), st.floats(0.5, 0.999))
def test_csat_is_wilson_as_others_compute_it(n, data, level):
    satisfied = data.draw(st.integers(0, n))
    found = estimate("csat", csat_counts(satisfied, n), level=level)
    low, high = proportion_confint(satisfied, n, alpha=1 - level, method="wilson")
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high), abs=1e-6)


def test_ces_is_the_t_interval_over_answers_and_three_sevenths_more_on_each_point():
    # By hand: 0, 0, 1, 0, 2, 3, 4 answers; N = 13, mean 68/13, sum of squares 27.43
    counts = [0, 0, 1, 0, 2, 3, 4]
    weights = np.array(counts) + 3 / 7
    points = np.arange(1, 8)
    mean = (weights * points).sum() / 13
    spread = np.sqrt((weights * (points - mean) ** 2).sum() / 12 / 13)
    found = estimate("ces", counts)
    assert found.value == pytest.approx(5.9)
    assert found.share == pytest.approx(90)
    t_of_12 = 2.178813  # printed tables
    assert (found.low, found.high) == pytest.approx(
        (mean - t_of_12 * spread, mean + t_of_12 * spread), abs=1e-5
    )


@pytest.mark.parametrize("kind", METRICS)
def test_nobody_answered_gives_no_figure_at_all(kind):
    found = estimate(kind, [0] * len(scale(kind)))
    assert (found.n, found.value, found.low, found.high, found.share) == (0, *[None] * 4)


@given(histograms(), st.floats(0.01, 0.999))
@example(("nps", nps_counts(10_000, 0, 0)), 0.5)
@example(("ces", [0, 0, 0, 0, 0, 0, 10_000]), 0.5)
def test_the_interval_contains_the_score_stays_on_the_scale_and_has_a_width(drawn, level):
    kind, counts = drawn
    found = estimate(kind, counts, level=level)
    smallest, largest = RANGES[kind]
    assert smallest <= found.low <= found.value <= found.high <= largest
    assert found.low < found.high
    assert found.value == score(kind, counts)


@given(histograms(), st.floats(0.5, 0.98), st.floats(0.001, 0.019))
def test_the_interval_widens_with_the_level(drawn, level, more):
    kind, counts = drawn
    narrow = estimate(kind, counts, level=level)
    wide = estimate(kind, counts, level=level + more)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(histograms(most=20), st.integers(2, 50))
def test_the_interval_narrows_when_more_people_answer_alike(drawn, times):
    kind, counts = drawn
    assume(sum(counts) >= 5)
    few = estimate(kind, counts)
    many = estimate(kind, [count * times for count in counts])
    assert many.high - many.low < few.high - few.low


@given(histograms())
def test_turning_the_scale_round_turns_the_interval_round(drawn):
    kind, counts = drawn
    assume(kind == "ces")
    found, turned = estimate(kind, counts), estimate(kind, counts[::-1])
    assert (turned.low, turned.high) == pytest.approx((8 - found.high, 8 - found.low))


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan")])
def test_a_level_that_is_no_probability_is_an_error(level):
    for counts in ([0] * 5, [1] * 5):
        with pytest.raises(ValueError, match="level"):
            estimate("csat", counts, level=level)


TRUTHS = {
    "nps": [0.02, 0.01, 0.02, 0.02, 0.02, 0.05, 0.06, 0.12, 0.18, 0.25, 0.25],
    "csat": [0.05, 0.05, 0.1, 0.4, 0.4],
    "ces": [0.05, 0.05, 0.05, 0.1, 0.15, 0.3, 0.3],
}


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize("n", [10, 40])
def test_the_truth_lies_in_nineteen_of_twenty_intervals(kind, n):
    draws = np.random.default_rng(20261123).multinomial(n, TRUTHS[kind], size=1000)
    truth = np.dot(point_values(kind), TRUTHS[kind])
    hits = [e.low <= truth <= e.high for e in (estimate(kind, counts) for counts in draws)]
    assert 0.92 <= np.mean(hits) <= 0.99


@pytest.mark.parametrize("kind", METRICS)
def test_a_difference_covers_the_truth_and_cries_wolf_seldom(kind):
    rng = np.random.default_rng(7)
    truth = np.array(TRUTHS[kind])
    other = truth[::-1]
    gap = np.dot(point_values(kind), truth - other)
    pairs = zip(
        rng.multinomial(20, truth, size=600),
        rng.multinomial(35, other, size=600),
        rng.multinomial(35, truth, size=600),
        strict=True,
    )
    covered, alarmed = [], []
    for ours, different, equal in pairs:
        found = difference(kind, ours, different)
        covered.append(found.low <= gap <= found.high)
        alarmed.append(difference(kind, ours, equal).p_value < 0.05)
    assert np.mean(covered) >= 0.93
    assert np.mean(alarmed) <= 0.07


@given(histograms(), st.data())
def test_a_difference_contains_its_value_and_is_the_opposite_the_other_way_round(drawn, data):
    kind, counts = drawn
    other = data.draw(st.permutations(counts))
    there, back = difference(kind, counts, other), difference(kind, other, counts)
    assert there.low <= there.value <= there.high
    assert there.low < there.high
    assert there.value == score(kind, counts) - score(kind, other)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 <= there.p_value <= 1


@pytest.mark.parametrize("kind", METRICS)
def test_a_difference_to_nobody_is_unknown(kind):
    nobody, somebody = [0] * len(scale(kind)), [1] * len(scale(kind))
    for pair in ((nobody, somebody), (somebody, nobody), (nobody, nobody)):
        found = difference(kind, *pair)
        assert (found.value, found.low, found.high, found.p_value) == (None, None, None, None)


def test_the_test_of_proportions_is_the_n_minus_one_chi_squared():
    satisfied, n = np.array([9, 3]), np.array([12, 15])
    pooled = satisfied.sum() / n.sum()
    z2 = (9 / 12 - 3 / 15) ** 2 / (pooled * (1 - pooled) * (1 / 12 + 1 / 15)) * 26 / 27
    found = difference("csat", csat_counts(9, 12), csat_counts(3, 15))
    assert found.p_value == pytest.approx(chi2.sf(z2, 1))


def test_two_unanimous_groups_of_one_mind_do_not_differ():
    assert difference("nps", nps_counts(9, 0, 0), nps_counts(4, 0, 0)).p_value == 1.0
    assert difference("nps", nps_counts(1, 0, 0), nps_counts(0, 0, 1)).p_value > 0.05


def test_clustering_makes_a_difference_less_certain():
    pair = csat_counts(45, 50), csat_counts(35, 50)
    plain = difference("csat", *pair)
    clustered = difference("csat", *pair, design_effects=(2.0, 2.0))
    assert clustered.value == plain.value
    assert clustered.p_value > plain.p_value
    assert clustered.low < plain.low < plain.high < clustered.high
    assert difference("csat", *pair, design_effects=(0.5, 0.5)) == plain
    with pytest.raises(ValueError, match="design_effects"):
        difference("csat", *pair, design_effects=(0.0, 1.0))


@given(histograms(), st.data())
def test_a_segment_is_compared_with_those_outside_of_it(drawn, data):
    kind, overall = drawn
    part = [data.draw(st.integers(0, count)) for count in overall]
    rest = [whole - inside for whole, inside in zip(overall, part, strict=True)]
    p_value = against_rest(kind, part, overall)
    if not any(part) or not any(rest):
        assert p_value is None
    else:
        assert p_value == difference(kind, part, rest).p_value


def test_a_segment_must_be_part_of_the_survey():
    with pytest.raises(ValueError, match="counts_overall"):
        against_rest("csat", [0, 0, 0, 0, 3], [9, 0, 0, 0, 2])


@given(st.lists(st.none() | st.floats(0, 1), max_size=60), st.sampled_from([0.01, 0.05, 0.1, 0.5]))
def test_false_discovery_control_equals_that_of_statsmodels(p_values, q):
    tested = [p_value for p_value in p_values if p_value is not None]
    expected = iter(multipletests(tested, alpha=q, method="fdr_bh")[0] if tested else [])
    found = benjamini_hochberg(p_values, q=q)
    assert found == [None if p_value is None else bool(next(expected)) for p_value in p_values]


@given(st.lists(st.floats(0, 1), min_size=1), st.randoms())
def test_the_order_of_the_tests_never_matters(p_values, random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    found = benjamini_hochberg(p_values, q=0.2)
    shuffled = benjamini_hochberg([p_values[i] for i in order], q=0.2)
    assert shuffled == [found[i] for i in order]


@pytest.mark.parametrize("p_value", [-0.1, 1.1, float("nan")])
def test_a_p_value_that_is_none_is_an_error(p_value):
    with pytest.raises(ValueError, match="p_values"):
        benjamini_hochberg([p_value])


@given(histograms(most=30), st.floats(0.03, 0.4))
def test_so_many_answers_are_needed_and_not_one_fewer(drawn, part):
    kind, counts = drawn
    smallest, largest = RANGES[kind]
    half_width = part * (largest - smallest) / 2
    needed = answers_needed(kind, counts, half_width=half_width)
    assert needed >= 1
    assert answers_needed(kind, counts, half_width=half_width / 2) >= needed
    assert answers_needed(kind, counts, half_width=half_width, level=0.99) >= needed
    mixed = [1000] * len(counts)
    enough = answers_needed(kind, mixed, half_width=half_width)
    found = estimate(kind, [round(enough / len(counts) * 1.02) + 1] * len(counts))
    assert (found.high - found.low) / 2 <= half_width


def test_how_many_are_needed_is_unknown_before_the_first_answer():
    assert answers_needed("nps", [0] * 11, half_width=5) is None
    with pytest.raises(ValueError, match="half_width"):
        answers_needed("nps", [1] * 11, half_width=0)


def test_five_equal_answers_do_not_promise_that_all_will_be_equal():
    assert answers_needed("csat", [0, 0, 0, 0, 5], half_width=5) > 100
