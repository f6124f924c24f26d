"""A change of score is split without a rest, and the same from either side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.mix_shift import mix_shift
from surveys.scoring import METRICS, scale, score


@st.composite
def two_sides(draw):
    kind = draw(st.sampled_from(METRICS))
    size = len(scale(kind))
    histogram = st.lists(st.integers(0, 9), min_size=size, max_size=size)
    side = st.dictionaries(st.sampled_from("abcde"), histogram, max_size=5)
    return kind, draw(side), draw(side)


def total(kind, side):
    return score(kind, [sum(column) for column in zip(*side.values(), strict=True)])


def answered(side):
    return any(any(counts) for counts in side.values())


@given(two_sides())
def test_both_parts_sum_to_the_change_and_segments_sum_to_the_parts(drawn):
    kind, before, after = drawn
    found = mix_shift(kind, before, after)
    if not (answered(before) and answered(after)):
        assert found is None
        return
    change = total(kind, after) - total(kind, before)
    assert found.change.value == pytest.approx(change, abs=1e-9)
    assert found.within.value + found.mix.value == pytest.approx(change, abs=1e-9)
    for part in ("within", "mix"):
        parts = sum(getattr(segment, part) for segment in found.segments)
        assert parts == pytest.approx(getattr(found, part).value, abs=1e-9)


@given(two_sides())
def test_looking_from_the_other_side_only_turns_the_signs(drawn):
    kind, before, after = drawn
    found, back = mix_shift(kind, before, after), mix_shift(kind, after, before)
    if found is None:
        assert back is None
        return
    for part in ("within", "mix"):
        there, here = getattr(found, part), getattr(back, part)
        turned = (-there.value, -there.high, -there.low)
        assert (here.value, here.low, here.high) == pytest.approx(turned, abs=1e-9)
    signs = {segment.segment: (-segment.within, -segment.mix) for segment in found.segments}
    for segment in back.segments:
        assert (segment.within, segment.mix) == pytest.approx(signs[segment.segment], abs=1e-9)


@given(two_sides())
def test_a_segment_on_one_side_only_changes_the_mix_and_nothing_else(drawn):
    found = mix_shift(*drawn)
    for segment in found.segments if found else ():
        if not (segment.n_before and segment.n_after):
            assert segment.within == 0


def test_the_same_scores_with_other_shares_are_mix_and_the_reverse_is_within():
    good, bad = [0, 0, 0, 0, 100], [100, 0, 0, 0, 0]
    mixed = mix_shift("csat", {"a": good, "b": bad}, {"a": good, "b": [300, 0, 0, 0, 0]})
    assert (mixed.within.value, mixed.mix.value) == (0, -25)
    inside = mix_shift("csat", {"a": good, "b": bad}, {"a": [50, 0, 0, 0, 50], "b": bad})
    assert (inside.within.value, inside.mix.value) == (-25, 0)


def test_a_published_example_is_reproduced():
    """Kitagawa's components by hand: rates .8 and .4, shares .5 to .25 and .5 to .75."""
    before = {"a": [10, 0, 0, 0, 40], "b": [30, 0, 0, 0, 20]}
    after = {"a": [5, 0, 0, 0, 20], "b": [30, 0, 0, 0, 45]}
    found = mix_shift("csat", before, after)
    # within: a (.5 + .25) / 2 * 0, b (.5 + .75) / 2 * 20; mix: (.25 - .5) * 80 + (.75 - .5) * 50.
    assert found.within.value == pytest.approx(12.5)
    assert found.mix.value == pytest.approx(-7.5)
    assert found.change.value == pytest.approx(5.0)


def test_an_interval_is_never_of_width_zero():
    same = {"a": [0, 0, 0, 0, 1], "b": [0, 0, 0, 0, 3]}
    found = mix_shift("csat", same, same)
    assert found.within.low < 0 < found.within.high


@pytest.mark.parametrize("part", ["within", "mix"])
def test_intervals_hold_the_true_part_as_often_as_they_say(part):
    rng = np.random.default_rng(9)
    truths = []
    for shares, best in (((0.5, 0.3, 0.2), (0.6, 0.4, 0.2)), ((0.3, 0.3, 0.4), (0.5, 0.5, 0.2))):
        cells = np.zeros((3, 11))
        cells[:, 10], cells[:, 8], cells[:, 0] = best, 0.3, 0.7 - np.array(best)
        truths.append(cells * np.array(shares)[:, None])

    def split(tables):
        sides = [dict(zip("abc", table.astype(int).tolist(), strict=True)) for table in tables]
        return getattr(mix_shift("nps", *sides), part)

    true = split([table * 10_000_000 for table in truths]).value
    held = 0
    for _ in range(400):
        drawn = [rng.multinomial(150, table.ravel()).reshape(3, 11) for table in truths]
        found = split(drawn)
        held += found.low <= true <= found.high
    assert 0.92 <= held / 400 <= 0.985


def test_wrong_counts_are_named():
    with pytest.raises(ValueError, match="counts"):
        mix_shift("nps", {"a": [1, 2]}, {"a": [0] * 11})
    with pytest.raises(ValueError, match="level"):
        mix_shift("nps", {}, {}, level=0)


def test_clustered_answers_widen_the_intervals_and_move_no_value():
    before, after = {"a": [5, 0, 0, 0, 45], "b": [30, 0, 0, 0, 20]}, {"a": [2, 0, 0, 0, 18]}
    plain = mix_shift("csat", before, after)
    clustered = mix_shift("csat", before, after, design_effects=(4.0, 4.0))
    for part in ("within", "mix"):
        one, other = getattr(plain, part), getattr(clustered, part)
        assert other.value == one.value
        assert other.high - other.low == pytest.approx(2 * (one.high - one.low))
    half = mix_shift("csat", before, after, design_effects=(4.0, 1.0))
    assert plain.mix.high < half.mix.high < clustered.mix.high
    with pytest.raises(ValueError, match="design"):
        mix_shift("csat", before, after, design_effects=(0.0, 1.0))
