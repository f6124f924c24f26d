"""Whether a score changed: what is said of equal, different and tiny groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.changes import PRECISION, judge_changes, more_needed
from surveys.inference import estimate
from surveys.scoring import METRICS, scale

COUNTS = st.lists(st.integers(0, 40), min_size=11, max_size=11)


def nps(promoters, passives, detractors):
    return [0, 0, detractors, 0, 0, 0, 0, 0, passives, promoters, 0]


def test_a_planted_rise_and_fall_are_named_and_equal_groups_are_not():
    good, bad = nps(60, 20, 20), nps(30, 20, 50)
    assert judge_changes("nps", [(good, bad)])[0].verdict == "rose"
    assert judge_changes("nps", [(bad, good)])[0].verdict == "fell"
    assert judge_changes("nps", [(good, good)])[0].verdict == "same"


@pytest.mark.parametrize("empty", [nps(0, 0, 0), nps(2, 0, 0)])
def test_a_side_with_fewer_answers_than_asked_for_is_too_few_to_tell(empty):
    full = nps(0, 0, 50)
    for pair in ((empty, full), (full, empty)):
        change = judge_changes("nps", [pair], min_n=3)[0]
        assert change.verdict == "too_few"


def test_one_family_needs_stronger_evidence_and_small_pairs_do_not_weaken_it():
    borderline = (nps(60, 20, 20), nps(45, 20, 35))
    alone = judge_changes("nps", [borderline], min_n=5)
    assert alone[0].verdict == "rose"
    assert 0.01 < alone[0].difference.p_value < 0.05
    noise = (nps(50, 20, 30), nps(50, 20, 30))
    assert judge_changes("nps", [borderline, *[noise] * 9], min_n=5)[0].verdict == "same"
    tiny = (nps(1, 1, 1), nps(1, 1, 1))
    assert judge_changes("nps", [borderline, *[tiny] * 9], min_n=5)[0].verdict == "rose"


def test_clustered_answers_are_worth_less():
    pair = (nps(60, 20, 20), nps(45, 20, 35))
    clustered = judge_changes("nps", [pair], design_effects=(3.0, 3.0))[0]
    assert clustered.verdict == "same"
    plain = judge_changes("nps", [pair])[0]
    assert clustered.more_needed > plain.more_needed


@given(now=COUNTS, before=COUNTS)
def test_the_verdict_has_the_sign_of_the_difference_and_turns_with_the_sides(now, before):
    there, back = judge_changes("nps", [(now, before)])[0], judge_changes("nps", [(before, now)])[0]
    turned = {"rose": "fell", "fell": "rose", "same": "same", "too_few": "too_few"}
    assert back.verdict == turned[there.verdict]
    if there.verdict in ("rose", "fell"):
        assert (there.difference.value > 0) == (there.verdict == "rose")
        assert there.difference.p_value <= 0.05


@pytest.mark.parametrize("kind", METRICS)
def test_with_the_answers_said_to_be_missing_the_score_is_known_well_enough(kind):
    counts = [3] * len(scale(kind))
    missing = more_needed(kind, counts)
    total = sum(counts) + missing
    full = [round(total / len(counts))] * len(counts)
    found = estimate(kind, full)
    assert (found.high - found.low) / 2 == pytest.approx(PRECISION[kind], rel=0.02)
    assert more_needed(kind, [1_000_000] * len(counts)) is None
    assert more_needed(kind, [0] * len(counts)) is None


def test_min_n_below_one_is_refused():
    with pytest.raises(ValueError, match="min_n"):
        judge_changes("nps", [], min_n=0)
