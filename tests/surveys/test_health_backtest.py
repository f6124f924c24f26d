"""The back-test: the right rows, figures that can be recomputed, and verdicts in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from surveys.auc import auc
from surveys.health import COMPONENTS, HealthFacts, LastScore, Weights, health, weighted_scores
from surveys.health_backtest import backtest, churn_by_tenths
from surveys.health_observations import Observation, rows_of
from surveys.intervals import interval
from surveys.known import Known, last_known

JANUARY = date(2026, 1, 1)
LATER = date(2027, 1, 1)


def observation(number, score, *, churned=False, month=JANUARY, **facts):
    plain = {"components": {}, "last_nps": None, "tenure_days": None}
    return Observation(
        account=f"a{number}", month=month, score=score, churned=churned, **(plain | facts)
    )


def sample(n=200, *, seed=0, months=1, signal=1.0, **facts):
    """Accounts with all components known, of which usage foretells who leaves."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n):
        condition = rng.normal()
        for at in range(months):
            points = 50 + 15 * rng.normal(size=len(COMPONENTS))
            points[1] += 15 * signal * condition
            points = points.clip(0, 100)
            score, _ = weighted_scores(points, np.array(Weights().shares()))
            found.append(
                observation(
                    number,
                    float(score),
                    churned=bool(rng.random() < 1 / (1 + np.exp(0.8 + 1.5 * signal * condition))),
                    month=date(2026, 1 + at, 1),
                    components=dict(zip(COMPONENTS, points.tolist(), strict=True)),
                    last_nps=int(rng.integers(0, 11)),
                    tenure_days=int(rng.integers(0, 1000)),
                    **facts,
                )
            )
    return found


# --- which rows ------------------------------------------------------------------------------


def test_without_observations_it_is_too_thin():
    found = backtest([], until=LATER)
    assert (found.verdict, found.n, found.auc, found.lift) == (("too_thin",), 0, None, None)


def test_months_whose_ninety_days_are_not_over_are_left_out_and_counted():
    rows = [observation(1, 50.0, month=date(2026, m, 1)) for m in (1, 2, 3)]
    assert backtest(rows, until=date(2026, 4, 1)).n == 1  # 1 January and 90 days is 1 April
    assert backtest(rows, until=date(2026, 3, 31)).n == 0
    assert backtest(rows, until=date(2026, 5, 2)).not_over == 1


def test_rows_without_a_score_are_left_out_and_counted():
    rows = sample()
    unknown = [replace(row, score=None, account=f"{row.account}-unknown") for row in rows[:30]]
    whole, found = backtest(rows, until=LATER), backtest([*rows, *unknown], until=LATER)
    assert (found.n, found.without_score) == (200, 30)
    assert found.auc == whole.auc


@pytest.mark.parametrize("left", [29, 30])
def test_fewer_than_thirty_accounts_that_left_are_too_few(left):
    rows = [observation(n, float(n % 90), churned=n < left) for n in range(200)]
    # Another month of the accounts that left makes more rows and not more accounts.
    rows += [observation(n, 20.0, churned=True, month=date(2026, 2, 1)) for n in range(left)]
    assert ("too_thin" in backtest(rows, until=LATER).verdict) == (left < 30)
    assert backtest(rows, until=LATER).churned_accounts == left


def test_fewer_than_thirty_accounts_that_stayed_are_too_few():
    rows = [observation(n, float(n % 90), churned=n >= 29) for n in range(200)]
    assert backtest(rows, until=LATER).verdict == ("too_thin",)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"month": date(2026, 1, 2)}, "month"),
        ({"score": 101.0}, "score"),
        ({"score": float("nan")}, "score"),
        ({"last_nps": 11}, "last_nps"),
        ({"tenure_days": -1}, "tenure_days"),
        ({"components": {"usage": 120.0}}, "usage"),
        ({"components": {"mood": 50.0}}, "mood"),
    ],
)
def test_observations_that_cannot_be_are_refused_by_name(wrong, named):
    with pytest.raises(ValueError, match=named):
        backtest([replace(observation(1, 50.0), **wrong)], until=LATER)


def test_an_account_twice_in_a_month_is_refused():
    with pytest.raises(ValueError, match="a1: expected every month once"):
        backtest([observation(1, 50.0), observation(1, 40.0)], until=LATER)


# --- figures ---------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_the_auc_is_that_of_scikit_learn_for_the_lower_score(seed):
    rows = sample(seed=seed)
    found = backtest(rows, until=LATER)
    truth = roc_auc_score([row.churned for row in rows], [-row.score for row in rows])
    assert found.auc.value == pytest.approx(truth)
    assert found.auc.low <= found.auc.value <= found.auc.high


def test_the_order_of_observations_is_irrelevant():
    rows = sample(months=3)
    found, turned = (backtest(order, until=LATER) for order in (rows, rows[::-1]))
    assert turned.auc.low == pytest.approx(found.auc.low)
    assert turned.verdict == found.verdict
    assert turned.lift.value == pytest.approx(found.lift.value)
    assert [t.share for t in turned.calibration] == [t.share for t in found.calibration]


def test_tenths_have_wilsons_interval_where_accounts_have_one_row():
    numbers, churned = np.arange(200.0), np.arange(200) % 40 < 10
    tenths = churn_by_tenths(numbers, churned, np.arange(200))
    assert [tenth.n for tenth in tenths] == [20] * 10
    assert [tenth.share for tenth in tenths[:3]] == [0.5, 0.0, 0.5]
    low, high = interval("csat", [10, 0, 0, 0, 10], level=0.95)
    assert (tenths[0].low, tenths[0].high) == pytest.approx((low / 100, high / 100))
    assert tenths[0].mean == 9.5


def test_equal_numbers_stay_in_one_tenth():
    numbers = np.repeat([10.0, 20.0], [150, 50])
    tenths = churn_by_tenths(numbers, numbers < 15, np.arange(200))
    assert [(tenth.n, tenth.share) for tenth in tenths] == [(150, 1.0), (50, 0.0)]


def test_tenths_are_less_sure_where_rows_are_of_few_accounts():
    numbers, churned = np.arange(400.0), np.arange(400) % 2 == 0
    alone = churn_by_tenths(numbers, churned, np.arange(400))[0]
    alike = churn_by_tenths(numbers, churned, np.arange(400) % 8)[0]
    assert alike.low < alone.low < alone.high < alike.high


def test_the_lift_of_the_lowest_tenth_by_hand():
    # Of 300 accounts the 60 that left hold 18 of the lowest 30: 18 / 30 against 60 / 300.
    churned = [*[True] * 18, *[False] * 12, *[True] * 42, *[False] * 228]
    rows = [observation(n, n / 3, churned=left) for n, left in enumerate(churned)]
    lift = backtest(rows, until=LATER).lift
    low, high = interval("csat", [42, 0, 0, 0, 18], level=0.95)
    assert lift.value == pytest.approx(3.0)
    assert (lift.low, lift.high) == pytest.approx((low / 10, high / 10))


def test_scores_that_are_all_the_same_have_a_lift_of_one_and_no_signal():
    rows = [observation(n, 50.0, churned=n < 60) for n in range(300)]
    found = backtest(rows, until=LATER)
    assert found.lift.value == pytest.approx(1.0)
    assert found.verdict[0] == "no_signal"


# --- verdicts --------------------------------------------------------------------------------


def test_a_score_that_foretells_is_told_from_one_that_does_not():
    good, bad = backtest(sample(600), until=LATER), backtest(sample(600, signal=0), until=LATER)
    assert good.verdict == ("signal", "better_than_last_score", "better_than_tenure")
    assert good.auc.low > 0.5
    assert bad.verdict[0] == "no_signal"
    assert bad.auc.low <= 0.5


def test_a_score_that_is_upside_down_is_no_signal_and_said_to_be_reversed():
    rows = [replace(row, score=100 - row.score) for row in sample(600)]
    assert backtest(rows, until=LATER).verdict[:2] == ("no_signal", "reversed")


def test_each_component_is_judged_by_what_the_score_loses_without_it():
    found = {each.key: each for each in backtest(sample(1000), until=LATER).components}
    assert [found[key].key for key in COMPONENTS] == list(COMPONENTS)
    assert found["usage"].finding == "helps"
    assert found["usage"].difference.low > 0
    # Noise of a fifth of the weight makes the score worse.
    assert found["survey"].difference.value < 0


def test_a_component_without_weight_makes_no_difference():
    rows = [replace(row, weights=Weights(goals=0.0)) for row in sample()]
    found = {each.key: each for each in backtest(rows, until=LATER).components}["goals"]
    assert (found.difference.value, found.finding) == (0.0, "no_difference")


def test_a_component_that_is_all_there_is_cannot_be_left_out():
    rows = [
        observation(n, float(n % 100), churned=n % 4 == 0, components={"usage": float(n % 100)})
        for n in range(300)
    ]
    found = {each.key: each for each in backtest(rows, until=LATER, least_coverage=0.3).components}
    assert (found["usage"].finding, found["usage"].n) == ("too_thin", 0)
    assert found["survey"].finding == "no_difference"


def test_trivial_rules_are_judged_on_the_rows_that_have_both():
    rows = sample(400)
    half = [replace(row, last_nps=None) if n % 2 else row for n, row in enumerate(rows)]
    both = [row for row in half if row.last_nps is not None]
    rule = {each.rule: each for each in backtest(half, until=LATER).rules}["last_score"]
    events = np.array([row.churned for row in both])
    alone = auc(-np.array([float(row.last_nps) for row in both]), events, np.arange(200))
    score = auc(-np.array([row.score for row in both]), events, np.arange(200))
    assert (rule.n, rule.alone.value, rule.score.value) == (200, alone.value, score.value)
    assert rule.difference.value == pytest.approx(score.value - alone.value)


def test_a_rule_that_is_better_or_that_nobody_could_follow_is_said():
    rows = [
        replace(row, last_nps=0 if row.churned else 10, tenure_days=None) for row in sample(400)
    ]
    verdict = backtest(rows, until=LATER).verdict
    assert verdict[1:] == ("worse_than_last_score", "too_thin_for_tenure")


# --- from facts to a verdict -----------------------------------------------------------------


def test_facts_become_scores_and_scores_a_verdict_without_seeing_what_came_later():
    """Log-ins and answers as they were written down; who leaves has a 0 written in afterwards."""
    rng = np.random.default_rng(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clean, leaked = [], []
    for number in range(200):
        leaves = number % 4 == 0
        nps = int(np.clip(rng.normal(6 if leaves else 7.5, 2), 0, 10))
        written = start - timedelta(days=int(rng.integers(1, 80)))
        series = [Known(nps, written, written)]
        planted = Known(0 if leaves else 10, start - timedelta(hours=1), start + timedelta(days=99))
        for rows, seen in ((clean, series), (leaked, [*series, planted])):
            last = last_known(seen, start)
            facts = HealthFacts(
                last_scores=(LastScore("nps", last.value, (start - last.at).days),),
                days_since_login=20,
            )
            rows.append(observation(number, health(facts).score, churned=leaves))
    honest, planted_in = (backtest(rows, until=LATER) for rows in (clean, leaked))
    assert honest.verdict[0] == "signal"
    assert planted_in.auc == honest.auc


def test_columns_hold_what_the_observations_say():
    rows = sample(5, months=2)
    columns, not_over = rows_of([*rows, observation(9, None, month=date(2026, 12, 1))], until=LATER)
    assert (len(columns), not_over) == (10, 1)
    assert columns.score.tolist() == [row.score for row in rows]
    assert columns.account.tolist() == [n for n in range(5) for _ in range(2)]
    assert columns.points[3].tolist() == [rows[3].components[key] for key in COMPONENTS]
    assert columns.weights[0].tolist() == list(Weights().shares())
    only = columns.where(columns.account == 2)
    assert only.last_nps.tolist() == [row.last_nps for row in rows[4:6]]
