"""Renewals: what became of past ones, chances, categories, forecasts and how true they were."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from itertools import product as every_combination
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import betaincinv

from surveys.renewal_forecast import (
    _PARTS,
    EXACT_UP_TO,
    Recorded,
    Stakes,
    accuracy,
    forecast,
)
from surveys.renewals import (
    Chance,
    Counts,
    TermStep,
    category_of,
    chance_of,
    past_renewals,
    word_holds,
)

DAY = date(2026, 3, 31)
COUNTS = st.builds(Counts, st.integers(0, 400), st.integers(0, 400))
PAST = st.dictionaries(st.sampled_from(["good", "watch", "risk", None]), COUNTS)


def step(action, on, mrr=0, ends=None, *, product="core", currency="EUR"):
    return TermStep(product, action, on, mrr, currency if mrr else None, ends)


def started(mrr=900, ends=DAY, **more):
    return step("started", date(2025, 4, 1), mrr, ends, **more)


# --- what became of past ones ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([started()], []),
        ([started(ends=None), step("cancelled", DAY)], []),
        ([started(), step("cancelled", DAY - timedelta(days=80))], [("lost", 900, 0)]),
        ([started(), step("renewed", DAY, 1200)], [("renewed", 900, 900)]),
        ([started(), step("renewed", DAY, 400)], [("renewed", 900, 400)]),
        ([started(), step("changed", DAY, 500), step("renewed", DAY, 500)],
         [("renewed", 500, 500)]),
        ([started(), started(100, product="api"), step("renewed", DAY, 900),
          step("cancelled", DAY, product="api")], [("renewed", 1000, 900)]),
        ([started(), step("renewed", DAY, 900, DAY + timedelta(days=365)),
          step("cancelled", DAY + timedelta(days=200))],
         [("renewed", 900, 900), ("lost", 900, 0)]),
    ],
    ids=[
        "nothing", "not decided", "no term known", "given notice", "grown", "shrunk",
        "changed before", "one of two products", "two terms",
    ],
)  # fmt: skip
def test_a_term_is_decided_by_what_comes_next_of_its_product(steps, expected):
    found = past_renewals(steps)
    assert [(each.outcome, each.due["EUR"], each.kept["EUR"]) for each in found] == expected


def test_money_of_two_currencies_stays_apart():
    steps = [started(), started(70, product="api", currency="JPY"), step("renewed", DAY, 900)]
    steps.append(step("cancelled", DAY, product="api"))
    (found,) = past_renewals(steps)
    assert (found.due, found.kept) == ({"EUR": 900, "JPY": 70}, {"EUR": 900, "JPY": 0})


def test_who_gives_notice_in_another_currency_keeps_nothing():
    notice = step("cancelled", DAY, product="api")._replace(currency="JPY")
    steps = [started(), started(70, product="api"), step("renewed", DAY, 900), notice]
    (found,) = past_renewals(steps)
    assert (found.due, found.kept) == ({"EUR": 970}, {"EUR": 900})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["core", "api"]),
            st.sampled_from(["started", "changed", "renewed", "cancelled"]),
            st.integers(0, 500), st.integers(0, 40), st.none() | st.integers(1, 400),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_never_more_is_kept_than_was_due(told):
    on, steps = date(2025, 1, 1), []
    for product, action, mrr, wait, term in told:
        on += timedelta(days=wait)
        ends = on + timedelta(days=term) if term else None
        steps.append(step(action, on, 0 if action == "cancelled" else mrr, ends, product=product))
    found = past_renewals(steps)
    assert [each.due_on for each in found] == sorted({each.due_on for each in found})
    for each in found:
        assert all(0 <= each.kept[code] <= amount for code, amount in each.due.items())
        assert each.outcome == "renewed" or sum(each.kept.values()) == 0


# --- chances --------------------------------------------------------------------------------


@given(PAST, st.sampled_from(["good", "risk", None]))
def test_a_chance_lies_in_its_interval_and_between_the_group_and_all(past, group):
    found = chance_of(group, past)
    assert 0 <= found.low <= found.value <= found.high <= 1
    n, kept = sum(each.n for each in past.values()), sum(each.renewed for each in past.values())
    overall, own = (kept + 0.5) / (n + 1), past.get(group, Counts(0, 0))
    ends = sorted([overall, own.renewed / own.n if own.n else overall])
    assert ends[0] - 1e-9 <= found.value <= ends[1] + 1e-9


@given(PAST, st.sampled_from(["good", "risk", None]))
def test_one_more_that_was_kept_never_lowers_the_chance(past, group):
    own = past.get(group, Counts(0, 0))
    more = past | {group: Counts(own.renewed + 1, own.lost)}
    assert chance_of(group, more).value >= chance_of(group, past).value


def test_intervals_of_chances_cover_the_rates_of_bands_that_differ():
    """Rates of bands as workspaces have them; 95 % intervals over 1,000 workspaces."""
    rng = Random(11)
    covered = tried = 0
    for _ in range(1_000):
        rates = {"good": rng.betavariate(38, 2), "watch": rng.betavariate(17, 3),
                 "risk": rng.betavariate(12, 6)}  # fmt: skip
        past = {}
        for band, n in (("good", rng.randrange(20, 120)), ("watch", rng.randrange(5, 60)),
                        ("risk", rng.randrange(20))):  # fmt: skip
            kept = sum(rng.random() < rates[band] for _ in range(n))
            past[band] = Counts(kept, n - kept)
        for band, rate in rates.items():
            found = chance_of(band, past)
            covered += found.low <= rate <= found.high
            tried += 1
    assert covered / tried >= 0.92


def test_a_few_losses_in_a_small_band_are_drawn_towards_all():
    past = {"good": Counts(95, 5), "risk": Counts(0, 1)}
    assert 0.7 < chance_of("risk", past).value < 0.8
    assert chance_of("risk", {"good": Counts(95, 5), "risk": Counts(0, 40)}).value < 0.25


@pytest.mark.parametrize("wrong", [{"past": {"good": Counts(-1, 2)}}, {"past": {}, "level": 1.0}])
def test_counts_below_zero_and_levels_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"past|level"):
        chance_of("good", **wrong)


def test_the_category_follows_the_chance_but_never_better_than_the_health():
    past = {"good": Counts(95, 5), "watch": Counts(40, 10), "risk": Counts(10, 20)}
    bands = ("good", "watch", "risk")
    assert [category_of(chance_of(band, past), band) for band in bands] == [
        "commit", "likely", "risk",
    ]  # fmt: skip
    all_kept = {band: Counts(200, 0) for band in (*bands, None)}
    assert [category_of(chance_of(band, all_kept), band) for band in (*bands, None)] == [
        "commit", "commit", "likely", "likely",
    ]  # fmt: skip


def test_with_few_past_renewals_the_health_alone_decides():
    few = {"good": Counts(0, 19)}
    bands = ("good", "watch", "risk", None)
    assert [category_of(chance_of(band, few), band) for band in bands] == [
        "commit", "likely", "risk", "likely",
    ]  # fmt: skip


def test_a_word_is_about_one_renewal():
    assert word_holds(DAY, DAY + timedelta(days=60))
    assert not word_holds(DAY, DAY + timedelta(days=61))
    assert not word_holds(DAY, None)


# --- forecasts ------------------------------------------------------------------------------


def known(rate: float, *, weight: float = 1e7) -> Chance:
    return Chance(rate, rate, rate, 0, 0, rate * weight, (1 - rate) * weight)


AMOUNTS = st.lists(
    st.tuples(st.integers(0, 10**9), st.sampled_from("abc")), min_size=0, max_size=40
)


@given(AMOUNTS, st.floats(0.05, 0.99))
@example([(1589631, "a"), (86503376, "a"), (283163, "a")], 0.45)  # half a unit, but for 1e-9
@settings(deadline=None)
def test_a_forecast_lies_between_nothing_and_all(amounts, rate):
    groups: dict[str, list[int]] = defaultdict(list)
    for amount, group in amounts:
        groups[group].append(amount)
    coming = [Stakes(known(rate, weight=20), own) for own in groups.values()]
    found = forecast(coming)
    assert 0 <= found.low_minor <= found.expected_minor <= found.high_minor <= found.total_minor
    assert found.expected_minor == round(sum(Fraction(rate) * amount for amount, _ in amounts))
    assert forecast(list(reversed(coming))) == found


def test_the_distribution_is_that_of_all_outcomes_written_out():
    amounts, rates = [500, 1200, 80, 3000, 700, 950], [0.9, 0.7, 0.5, 0.8, 0.95, 0.6]
    coming = [Stakes(known(rate), [amount]) for amount, rate in zip(amounts, rates, strict=True)]
    told = []
    for outcome in every_combination((0, 1), repeat=6):
        weight = np.prod([r if kept else 1 - r for r, kept in zip(rates, outcome, strict=True)])
        told.append((sum(a * kept for a, kept in zip(amounts, outcome, strict=True)), weight))
    told.sort()
    sums, below = [each[0] for each in told], np.cumsum([each[1] for each in told])
    found = forecast(coming)
    step = sum(amounts) / 2048
    for limit, at in ((found.low_minor, 0.025), (found.high_minor, 0.975)):
        assert limit == pytest.approx(sums[int(np.searchsorted(below, at))], abs=3 * step)


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 10**7), min_size=1, max_size=30),
            st.integers(1, 400), st.integers(1, 90),
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_the_distribution_is_that_of_the_product_of_all_transforms(told):
    """One renewal after the other on a grid is the same as the characteristic function of all."""
    groups = [
        Stakes(Chance(kept / (kept + lost), 0, 1, 0, 0, kept, lost), amounts)
        for amounts, kept, lost in told
    ]
    found = forecast(groups)
    for at, limit in zip((0.025, 0.975), (found.low_minor, found.high_minor), strict=True):
        assert limit == pytest.approx(_quantile_by_transforms(groups, at), abs=1)


def _quantile_by_transforms(groups, at):
    total = sum(sum(each.amounts) for each in groups)
    if not total:
        return 0
    step, length = total / 2048, 2048 + sum(len(each.amounts) for each in groups) + 1
    angles = 2 * np.pi * np.fft.fftfreq(length)
    transformed = np.ones(length, complex)
    weights = np.diff(_PARTS)
    for chance, amounts in groups:
        spread = betaincinv(
            chance.renewed_weight, chance.lost_weight, _PARTS[:-1] + weights / 2
        )  # fmt: skip
        rates = np.clip(spread + chance.value - weights @ spread, 0, 1)[:, None]
        factors = [
            1 - rates + rates * np.exp(-1j * angles * round(amount / step)) for amount in amounts
        ]
        transformed *= weights @ np.prod(factors, axis=0)
    mass = np.fft.ifft(transformed).real
    expected = sum(sum(each.amounts) * each.chance.value for each in groups)
    place = np.searchsorted(np.cumsum(mass), at - 1e-9)
    limit = (place - np.arange(length) @ mass) * step + expected
    return min(max(0, limit), expected) if at < 0.5 else min(total, max(limit, expected))


def test_both_methods_agree_where_one_follows_the_other():
    chance = known(0.85, weight=60)
    exact, normal = (
        forecast([Stakes(chance, [10_000 + 37 * number for number in range(n)])])
        for n in (EXACT_UP_TO, EXACT_UP_TO + 1)
    )
    for found in (exact, normal):
        assert found.expected_minor / found.total_minor == pytest.approx(0.85, abs=1e-4)
    assert exact.low_minor / exact.total_minor == pytest.approx(
        normal.low_minor / normal.total_minor, abs=0.005
    )
    assert exact.high_minor / exact.total_minor == pytest.approx(
        normal.high_minor / normal.total_minor, abs=0.005
    )


def test_an_unknown_rate_widens_the_interval():
    spans = []
    for weight in (1e7, 40):
        chance = known(0.8, weight=weight)
        found = forecast([Stakes(chance, [100] * 100)])
        spans.append(found.high_minor - found.low_minor)
    assert spans[1] > 1.5 * spans[0]


@pytest.mark.parametrize("n", [8, 60, 300])
def test_intervals_of_forecasts_cover_what_is_kept(n):
    """Rates drawn anew for each trial, amounts skewed as revenue is; 95 % asked for."""
    rng = np.random.default_rng(n)
    covered, trials = 0, 300
    for _ in range(trials):
        chances = {"good": Chance(0.9, 0, 1, 0, 0, 45, 5), "risk": Chance(0.6, 0, 1, 0, 0, 12, 8)}
        rates = {
            group: rng.beta(each.renewed_weight, each.lost_weight)
            for group, each in chances.items()
        }
        amounts = np.rint(rng.lognormal(10, 1, n)).astype(int)
        is_good = rng.random(n) < 0.5
        of = {"good": amounts[is_good].tolist(), "risk": amounts[~is_good].tolist()}
        found = forecast([Stakes(chances[group], own) for group, own in of.items()])
        kept = sum(a * (rng.random() < rates[group]) for group, own in of.items() for a in own)
        covered += found.low_minor - 1e-3 * found.total_minor <= kept
        covered -= kept > found.high_minor + 1e-3 * found.total_minor
    assert covered / trials >= 0.92


def test_an_amount_below_zero_is_refused():
    with pytest.raises(ValueError, match="amounts"):
        forecast([Stakes(known(0.9), [3, -1])])


# --- how true they were ---------------------------------------------------------------------


def recorded(chance, category, amount, outcome, kept=0, *, n=1):
    return Recorded(
        category, outcome, n, n * chance, n * chance**2, n * chance * amount, n * kept
    )  # fmt: skip


def test_a_forecast_that_means_what_it_says_is_told_so():
    rng = Random(3)
    rows = []
    for _ in range(4_000):
        chance, category = rng.choice([(0.95, "commit"), (0.8, "likely"), (0.5, "risk")])
        kept = rng.random() < chance
        rows.append(
            recorded(chance, category, 100, "renewed" if kept else "lost", 100 if kept else 0)
        )
    found = accuracy(rows)
    assert abs(found.bias) < 0.03
    assert found.brier < found.brier_of_rate
    for each in found.by_category:
        assert each.renewed.value == pytest.approx(each.said, abs=0.05)


def test_the_sums_of_many_say_the_same_as_each_by_itself():
    told = [(0.9, "commit", 100, "renewed", 80), (0.9, "commit", 100, "lost"),
            (0.4, "risk", 7, "renewed", 7), (0.7, "likely", 50, None)]  # fmt: skip
    singly = accuracy([recorded(*each) for each in told for _ in range(9)])
    summed = accuracy([recorded(*each, n=9) for each in told])
    squares = [(0.9 - 1) ** 2, 0.9**2, (0.4 - 1) ** 2]
    assert summed.brier == pytest.approx(sum(squares) / 3)
    assert (summed.decided, summed.open, summed.kept_minor) == (27, 9, 9 * 87)
    for name in ("said", "brier", "brier_of_rate", "expected_minor", "bias"):
        assert getattr(summed, name) == pytest.approx(getattr(singly, name))
    assert [each.renewed for each in summed.by_category] == [
        each.renewed for each in singly.by_category
    ]


def test_too_high_chances_are_a_bias_above_zero():
    rows = [recorded(0.9, "commit", 100, "renewed", 100, n=15)]
    rows += [recorded(0.9, "commit", 100, "lost", n=15)]
    found = accuracy(rows)
    assert found.bias == pytest.approx(0.8)
    assert found.by_category[0].renewed.high < found.by_category[0].said


def test_nothing_recorded_and_few_decided_tell_nothing():
    assert accuracy([]).brier is None
    assert not accuracy([]).is_enough
    few = recorded(0.9, "commit", 1, "renewed", 1, n=19)
    assert not accuracy([few, recorded(0.9, "commit", 1, None)]).is_enough
    assert accuracy([few, recorded(0.9, "commit", 1, "renewed", 1)]).is_enough
