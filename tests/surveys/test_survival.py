"""Curves, tests and hazard ratios against others, by hand, and where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, chi2, ecdf
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from benchmarks.survival_simulations import (
    LANDMARK_DAYS,
    Row,
    confounded,
    draw,
    false_discovery,
    immortal,
    planted,
    shares,
)
from surveys.survival import (
    ASSOCIATED,
    FeatureUse,
    HazardRatio,
    hazard_ratio,
    kaplan_meier,
    log_rank,
    median_survival,
    screen_features,
    survival_at,
)

# Freireich and others, Blood 21, 1963: weeks in remission, the example of most textbooks.
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TREATED_LOST = [True] * 9 + [False] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
WEEKS, LOST = TREATED + PLACEBO, TREATED_LOST + [True] * 21
IS_TREATED = [True] * 21 + [False] * 21


@st.composite
def customers(draw, least=2, most=60):
    """Days with ties, losses, a group and a stratum."""
    n = draw(st.integers(least, most))
    days, lost, group, stratum = (
        draw(st.lists(each, min_size=n, max_size=n))
        for each in (st.integers(1, 12), st.booleans(), st.booleans(), st.integers(0, 2))
    )
    return np.array(days, float), np.array(lost), np.array(group), np.array(stratum)


# curves


def test_the_textbook_curve_and_its_median():
    curve = kaplan_meier(TREATED, TREATED_LOST)
    at = {day: survival_at(curve, day) for day in (6, 10, 16, 22, 23)}
    expected = {6: 0.857, 10: 0.753, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {day: round(point.survival, 3) for day, point in at.items()} == expected
    # R's survfit(conf.type = "log-log") for week 10.
    assert (at[10].low, at[10].high) == pytest.approx((0.503, 0.889), abs=5e-4)
    assert curve.at_risk[:3] == (21, 17, 16)
    assert median_survival(curve).value == 23
    assert median_survival(kaplan_meier(PLACEBO, [True] * 21)).value == 8


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
@given(customers())
def test_a_curve_is_that_of_scipy_and_of_statsmodels(drawn):
    days, lost, _, _ = drawn
    curve = kaplan_meier(days, lost)
    theirs = ecdf(CensoredData(uncensored=days[lost], right=days[~lost])).sf
    assert curve.survival == pytest.approx(theirs.probabilities)
    assert curve.days == pytest.approx(theirs.quantiles)
    band = theirs.confidence_interval(method="log-log")
    inside = [0 < each < 1 for each in curve.survival]
    for ours, other in ((curve.low, band.low), (curve.high, band.high)):
        np.testing.assert_allclose(np.array(ours)[inside], other.probabilities[inside])
    if lost.any():
        other = SurvfuncRight(days, lost)
        share = dict(zip(other.surv_times, other.surv_prob, strict=True))
        first = [day for day, each in sorted(share.items()) if each <= 0.5 + 1e-9]
        assert median_survival(curve).value == (first[0] if first else None)


@given(customers(), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_an_interval_holds_its_curve_and_falls_with_it(drawn, level):
    days, lost, _, _ = drawn
    curve = kaplan_meier(days, lost, level=level)
    assert all(
        0 <= low <= share <= high <= 1
        for low, share, high in zip(curve.low, curve.survival, curve.high, strict=True)
    )
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    median = median_survival(curve)
    assert median.value is None or median.low <= median.value
    assert median.value is None or median.high is None or median.value <= median.high


@given(customers(), st.data())
def test_late_entry_is_the_product_over_those_who_were_watched(drawn, data):
    days, lost, _, _ = drawn
    entered = np.array([data.draw(st.integers(0, int(day) - 1)) for day in days], float)
    curve = kaplan_meier(days, lost, entered=entered)
    share, by_hand = 1.0, {}
    for day in sorted(set(days)):
        at_risk = sum(a < day <= b for a, b in zip(entered, days, strict=True))
        share *= 1 - sum(lost & (days == day)) / at_risk
        by_hand[day] = (at_risk, share)
    assert [each[0] for each in by_hand.values()] == list(curve.at_risk)
    assert curve.survival == pytest.approx([each[1] for each in by_hand.values()])


def test_late_entry_takes_away_what_watching_late_adds():
    """Customers of before are known only if they stayed until watching began."""
    rng = np.random.default_rng(3)
    ends, entered = np.ceil(rng.exponential(300, 20_000)), rng.integers(0, 400, 20_000)
    watched = ends > entered
    ends, entered, all_lost = ends[watched], entered[watched], np.ones(watched.sum(), bool)
    truth = np.exp(-1)
    naive = survival_at(kaplan_meier(ends, all_lost), 300)
    ours = survival_at(kaplan_meier(ends, all_lost, entered=entered), 300)
    assert ours.low <= truth <= ours.high
    assert naive.low > truth + 0.1


def test_nobody_has_no_curve_and_all_gone_still_has_an_interval():
    assert survival_at(kaplan_meier([], []), 10) is None
    assert median_survival(kaplan_meier([], [])).value is None
    gone = kaplan_meier([3, 5], [True, True])
    assert (gone.survival[-1], gone.low[-1]) == (0, 0)
    assert gone.high[-1] == gone.high[0] < 1
    stayed = kaplan_meier([5.0] * 10, [False] * 10)
    assert (stayed.survival, stayed.low) == ((1.0,), (pytest.approx(0.025**0.1),))


# test and ratio


def test_the_textbook_test_and_ratio():
    found = log_rank(WEEKS, LOST, IS_TREATED)
    assert (found.observed, round(found.expected, 2)) == (9, 19.25)
    assert (found.observed - found.expected) ** 2 / found.variance == pytest.approx(16.79, abs=0.01)
    ratio = hazard_ratio(WEEKS, LOST, IS_TREATED)
    # R's coxph (Efron): coefficient of placebo 1.572.
    assert np.log(ratio.value) == pytest.approx(-1.572, abs=5e-4)
    assert ratio.low < ratio.value < ratio.high < 1


@given(customers())
@settings(max_examples=40)
def test_the_stratified_test_is_that_of_statsmodels(drawn):
    days, lost, group, stratum = drawn
    found = log_rank(days, lost, group, strata=[stratum])
    if found.p_value is None:
        return
    # Theirs stumbles over strata that have one group only; those have nothing to compare.
    both = np.array([len(set(group[stratum == each])) == 2 for each in stratum])
    args = days[both], lost[both].astype(int), group[both].astype(int)
    _, theirs = survdiff(*args, strata=stratum[both])
    assert found.p_value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_stratified_ratio_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    n = 200
    group, stratum = rng.random(n) < 0.4, rng.integers(0, 4, n)
    leaves = rng.exponential(20 * (1 + stratum) * np.where(group, 2, 1))
    days, lost = np.ceil(leaves.clip(max=40)), leaves < 40
    model = PHReg(days, group[:, None].astype(float), status=lost, strata=stratum, ties="efron")
    theirs = model.fit()
    ours = hazard_ratio(days, lost, group, strata=[stratum])
    assert np.log(ours.value) == pytest.approx(theirs.params[0], abs=1e-6)
    tested = chi2.sf(2 * (theirs.llf - model.loglike(np.zeros(1))), 1)
    assert ours.p_value == pytest.approx(tested, abs=1e-9)
    drops = [2 * (theirs.llf - model.loglike(np.log([end]))) for end in (ours.low, ours.high)]
    assert drops == pytest.approx([1.9599639845**2] * 2, rel=1e-5)


@given(customers(), st.randoms())
def test_order_and_names_of_strata_are_irrelevant_and_groups_mirror(drawn, random):
    days, lost, group, stratum = drawn
    strata = [stratum]
    found = log_rank(days, lost, group, strata=strata)
    ratio = hazard_ratio(days, lost, group, strata=strata)
    order = list(range(len(days)))
    random.shuffle(order)
    names = np.array(["b", "c", "a"])[stratum]
    moved = days[order], lost[order], group[order]
    again = log_rank(*moved, strata=[names[order]])
    assert (again.observed, again.expected) == (found.observed, pytest.approx(found.expected))
    mirrored = hazard_ratio(days, lost, ~group, strata=strata)
    assert (ratio is None) == (mirrored is None)
    if ratio is not None:
        assert ratio.low <= ratio.value <= ratio.high
        assert (ratio.p_value < 0.05) == (not ratio.low <= 1 <= ratio.high)
        inverse = [1 / each if each else np.inf for each in (ratio.value, ratio.high, ratio.low)]
        assert [mirrored.value, mirrored.low, mirrored.high] == pytest.approx(inverse, rel=1e-6)
    p_value = log_rank(days, lost, ~group, strata=strata).p_value
    assert p_value == (None if found.p_value is None else pytest.approx(found.p_value))


def test_crossed_strata_are_those_of_every_combination():
    rng = np.random.default_rng(5)
    days, lost, group = rng.integers(1, 30, 300), rng.random(300) < 0.7, rng.random(300) < 0.5
    plan, tenure = rng.choice(["basic", "pro"], 300), rng.integers(0, 3, 300)
    joined = [f"{a} {b}" for a, b in zip(plan, tenure, strict=True)]
    crossed = log_rank(days, lost, group, strata=[plan, tenure])
    assert crossed == log_rank(days, lost, group, strata=[joined])
    assert crossed != log_rank(days, lost, group, strata=[plan])


def test_groups_that_never_meet_cannot_be_compared():
    days, lost, group = [4.0, 5, 6, 7], [True] * 4, [True, True, False, False]
    assert hazard_ratio(days, lost, group, strata=[group]) is None
    assert log_rank(days, lost, group, strata=[group]).p_value is None
    assert log_rank([], [], []).p_value is None


def test_a_group_without_a_loss_has_a_ratio_of_nought_and_an_upper_end():
    rng = np.random.default_rng(2)
    leaves = rng.exponential(100, 80)
    days = np.concatenate([leaves.clip(max=90), np.full(80, 90.0)])
    lost = np.concatenate([leaves < 90, np.zeros(80, bool)])
    ratio = hazard_ratio(days, lost, np.arange(160) >= 80)
    assert (ratio.value, ratio.low) == (0, 0)
    assert 0 < ratio.high < 0.2
    assert hazard_ratio(days, lost, np.arange(160) < 80) == HazardRatio(
        np.inf, pytest.approx(1 / ratio.high), np.inf, pytest.approx(ratio.p_value)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"days": [0.0, 1, 2]}, "days"),
        ({"days": [np.nan, 1, 2]}, "days"),
        ({"lost": [True]}, "lost"),
        ({"group": [True, False]}, "group"),
        ({"strata": [["a"]]}, "strata"),
        ({"level": 1.0}, "level"),
    ],
)
def test_a_wrong_argument_is_named(change, field):
    right = {"days": [1.0, 2, 3], "lost": [True] * 3, "group": [True, False, True]}
    with pytest.raises(ValueError, match=f"^{field}: "):
        hazard_ratio(**right | change)


# the screen


def test_only_use_in_the_window_counts_and_only_those_who_were_there_then():
    never = np.nan
    days = np.array([20.0, 10, 400, 400, 31] * 30)
    lost = np.array([True, False, True, True, True] * 30)
    first = np.array([5, 5, 29.0, 30.0, never] * 30)
    found = screen_features(days, lost, [FeatureUse("reports", first)], landmark_days=30)
    (feature,) = found.associations
    assert (found.n, found.lost_before, found.too_new) == (90, 30, 30)
    assert (feature.users.n, feature.others.n) == (30, 60)
    assert feature.users.curve.days == (370.0,)


def test_what_happens_after_the_landmark_does_not_make_a_user():
    customers = draw(np.random.default_rng(7))
    late = [
        FeatureUse(each.key, np.where(each.first_used >= LANDMARK_DAYS, np.nan, each.first_used))
        for each in customers.features
    ]
    args = customers.days, customers.lost
    found = screen_features(*args, customers.features, landmark_days=LANDMARK_DAYS)
    assert found == screen_features(*args, late, landmark_days=LANDMARK_DAYS)


def test_too_few_to_compare_is_said_and_takes_no_part_in_the_family():
    rng = np.random.default_rng(8)
    plan = np.arange(400) < 200
    leaves = rng.exponential(np.where(rng.permuted(plan), 100.0, 300.0))
    used = {
        "few": np.where(np.arange(400) < 19, 1.0, np.nan),
        "all": np.where(np.arange(400) < 381, 1.0, np.nan),
        "plan": np.where(plan, 1.0, np.nan),
        "half": np.where(rng.random(400) < 0.5, 1.0, np.nan),
    }
    features = [FeatureUse(key, column) for key, column in used.items()]
    days, lost = leaves.clip(1, 365) + 10, leaves < 365
    found = screen_features(days, lost, features, landmark_days=10, strata=[plan])
    reasons = {each.key: each.reason for each in found.associations}
    expected = {"few": "few_users", "all": "few_others", "plan": "few_comparable", "half": None}
    assert reasons == expected
    assert found.associations[0].key == "half"
    untested = [each for each in found.associations if each.reason]
    assert all(each.p_value is each.differs is each.log_rank is None for each in untested)
    alone = screen_features(days, lost, features[-1:], landmark_days=10, strata=[plan])
    assert alone.associations[0] == found.associations[0]


def test_every_screen_says_that_it_is_no_proof_of_a_cause():
    empty = screen_features([], [], [], landmark_days=30)
    assert (empty.n, empty.associations, empty.caveats) == (0, (), (ASSOCIATED,))


@pytest.mark.parametrize(
    ("first", "options", "field"),
    [
        ([-1.0, 2], {}, "reports"),
        ([1.0], {}, "reports"),
        ([1.0, 2], {"landmark_days": 0}, "landmark_days"),
        ([1.0, 2], {"level": 0}, "level"),
        ([1.0, 2], {"q": 2}, "p_values, q"),
    ],
)
def test_a_wrong_screen_is_refused(first, options, field):
    feature = FeatureUse("reports", np.array(first))
    with pytest.raises(ValueError, match=f"^{field}: "):
        screen_features([50, 60], [True, False], [feature], **{"landmark_days": 30} | options)
    with pytest.raises(ValueError, match="every key once"):
        screen_features([50, 60], [True, False], [feature] * 2, landmark_days=30)


# Where the truth is known: benchmarks.survival_simulations, small. Less or more three standard
# errors of so many data sets.

SETS = 150


def test_features_that_do_nothing_are_rarely_found():
    (false,) = shares(400, 1, false_discovery)
    assert false <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_a_planted_ratio_is_found_and_lies_in_its_interval():
    covered, found = shares(SETS, 2, planted)
    assert covered >= 0.95 - 3 * (0.95 * 0.05 / SETS) ** 0.5
    assert found >= 0.85


def test_strata_take_away_what_the_plan_decides():
    within, without = shares(SETS, 3, confounded)
    assert without >= 0.95
    assert within <= 0.05 + 3 * (0.05 * 0.95 / SETS) ** 0.5


def test_ever_used_flatters_a_feature_and_the_landmark_does_not():
    ours, naive, naive_ratio = shares(SETS, 4, immortal)
    assert naive >= 0.9
    assert naive_ratio < 0.7
    assert ours <= 0.05 + 3 * (0.05 * 0.95 / SETS) ** 0.5


def test_a_missed_target_is_called_missed():
    verdicts = [Row("", 0.5, target).met for target in ((">=", 0.6), ("<=", 0.6), None)]
    assert verdicts == [False, True, True]


def test_who_could_not_use_a_feature_is_not_without_it():
    """Those who were there before it count as neither; the others are compared as if alone."""
    generator = np.random.default_rng(3)
    days = generator.uniform(40, 400, 300)
    lost = generator.random(300) < 0.6
    used = np.where(generator.random(300) < 0.5, 5.0, np.nan)
    could = np.arange(300) >= 100
    used[~could] = np.nan
    plan = np.where(np.arange(300) % 2 == 0, "a", "b")
    whole = screen_features(
        days, lost, [FeatureUse("f", used, could)], landmark_days=30, strata=[plan]
    )
    part = screen_features(
        days[could], lost[could], [FeatureUse("f", used[could])], landmark_days=30,
        strata=[plan[could]],
    )  # fmt: skip
    assert whole.associations == part.associations
    assert whole.n == 300
    with pytest.raises(ValueError, match="could and could not"):
        screen_features(days, lost, [FeatureUse("f", used, could[1:])], landmark_days=30)
