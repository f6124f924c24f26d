import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.alarms import YEAR, answers_missing, watch
from surveys.scoring import METRICS, scale

STEADY = [0, 0, 2, 0, 0, 0, 2, 3, 3, 5, 5]
WORSE = [0, 0, 6, 0, 0, 0, 6, 2, 2, 2, 2]
BASELINE = [90 * count for count in STEADY]


@st.composite
def watched(draw):
    kind = draw(st.sampled_from(METRICS))
    size = len(scale(kind))
    day = st.lists(st.integers(0, 6), min_size=size, max_size=size)
    return kind, draw(day), draw(st.lists(day, max_size=12))


def test_nothing_watched_is_no_alarm():
    found = watch("nps", BASELINE, [])
    assert (found.day, found.since, found.evidence) == (None, None, ())


def test_days_without_answers_are_no_evidence():
    found = watch("nps", [0] * 11, [[0] * 11] * 3)
    assert found.day is None
    assert found.evidence == pytest.approx((1, 1, 1))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"days": [[1, 2]]}, "counts"),
        ({"baseline": [-1] * 11}, "counts"),
        ({"days": [STEADY] * (YEAR + 1)}, "days"),
        ({"false_alarms": 0}, "false_alarms"),
        ({"false_alarms": 1}, "false_alarms"),
        ({"design_effect": 0}, "design_effect"),
        ({"kind": "stars"}, "kind"),
    ],
)
def test_wrong_input_is_named(change, named):
    good = {"kind": "nps", "baseline": BASELINE, "days": [STEADY]}
    with pytest.raises(ValueError, match=f"^{named}:"):
        watch(**(good | change))


def test_a_fall_raises_an_alarm_that_names_the_day_it_began():
    found = watch("nps", BASELINE, [STEADY] * 20 + [WORSE] * 10)
    assert found.day is not None
    assert 20 <= found.day < 26
    assert found.since == 20


def test_the_fall_is_dated_to_a_day_with_answers():
    quiet = [0] * 11
    found = watch("nps", BASELINE, [STEADY] * 20 + [quiet] * 2 + [WORSE] * 10)
    assert found.since == 22


def test_with_too_few_answers_before_it_a_small_fall_is_never_noticed():
    """A fifth of a standard deviation, told by as many answers after it as one likes."""

    def found(n):
        before = [0, 0, n // 4, 0, n - n // 4]
        after = [0, 0, 33_660, 0, 66_340]  # 0.2 x 0.433 below
        return watch("csat", before, [after]).day

    enough = answers_missing(0)
    assert answers_missing(enough - 7) == 7
    assert answers_missing(enough) == answers_missing(10**6) == 0
    assert answers_missing(0, design_effect=2) == pytest.approx(2 * enough, abs=1)
    assert found(enough // 2) is None
    assert found(enough * 5 // 4) == 0


def test_a_rise_raises_none():
    assert watch("nps", [90 * count for count in WORSE], [STEADY] * 30).day is None


def test_a_sudden_end_of_unanimity_is_seen_and_the_evidence_stays_finite():
    best, worst = [0, 0, 0, 0, 10**7], [10**6, 0, 0, 0, 0]
    found = watch("csat", best, [worst] * 3)
    assert found.day == 0
    assert all(np.isfinite(found.evidence))


@given(watched())
def test_days_to_come_do_not_change_what_was_seen(drawn):
    kind, baseline, days = drawn
    whole = watch(kind, baseline, days).evidence
    assert all(figure >= 0 for figure in whole)
    for seen in range(len(days)):
        assert watch(kind, baseline, days[:seen]).evidence == whole[:seen]


@given(watched(), st.integers(0, 12))
def test_a_day_without_answers_changes_nothing(drawn, place):
    kind, baseline, days = drawn
    at = min(place, len(days))
    longer = [*days[:at], [0] * len(baseline), *days[at:]]
    before = watch(kind, baseline, days).evidence
    after = watch(kind, baseline, longer).evidence
    # A quiet day is a further day on which a fall may begin, which is the next one again.
    ends = (after[:at], after[at + 1 :])
    assert ends[0] == before[:at]
    if at == len(days) and days:
        assert after[-1] == pytest.approx(before[-1])


@given(watched())
def test_the_alarm_is_the_first_day_above_the_threshold(drawn):
    kind, baseline, days = drawn
    found = watch(kind, baseline, days, false_alarms=0.3)
    above = [day for day, figure in enumerate(found.evidence) if figure >= found.threshold]
    assert found.day == (above[0] if above else None)
    assert found.since is None or found.since <= found.day


@given(watched())
def test_answers_that_are_alike_are_weaker_evidence_and_strictness_never_hastens_an_alarm(drawn):
    kind, baseline, days = drawn
    strict, lax = (watch(kind, baseline, days, false_alarms=rate) for rate in (0.01, 0.2))
    assert strict.evidence == lax.evidence
    assert strict.day is None or (lax.day is not None and lax.day <= strict.day)
    assert watch(kind, baseline, days, design_effect=0.5) == watch(kind, baseline, days)


def test_the_worse_the_answers_the_more_evidence():
    evidence = [
        watch("csat", [0, 0, 36, 0, 144], [[0, 0, bad, 0, 20 - bad]] * 5).evidence[-1]
        for bad in range(4, 21, 4)
    ]
    assert evidence == sorted(evidence)
    assert evidence[0] < 1.5 < 20 < evidence[-1]


def test_clustered_answers_delay_the_alarm():
    days = [WORSE] * 20
    alone, alike = (watch("nps", BASELINE, days, design_effect=deff) for deff in (1, 5))
    assert alone.day < alike.day
