from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from surveys.inference import difference, estimate
from surveys.response_rates import early_and_late, funnel, rate, response_rate

INVITED = {"invited": 200, "delivered": 190, "opened": 40, "started": 60, "answered": 50}


@given(st.integers(1, 5000), st.data())
def test_a_rate_has_wilsons_interval_as_others_compute_it(of, data):
    count = data.draw(st.integers(0, of))
    found = rate(count, of)
    low, high = proportion_confint(count, of, method="wilson")
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 100


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (6, 5), (0, -1)])
def test_a_part_larger_than_the_whole_is_refused(count, of):
    with pytest.raises(ValueError, match=r"^count:"):
        rate(count, of)


@given(*[st.integers(0, 300)] * 5)
def test_only_complete_answers_raise_the_response_rate(complete, partial, refused, silent, unknown):
    parts = {"partial": partial, "refused": refused, "not_reached": silent, "unknown": unknown}
    found = response_rate(complete=complete, **parts)
    assert found.of == complete + sum(parts.values())
    for name, count in parts.items():
        more = response_rate(complete=complete, **(parts | {name: count + 1}))
        assert found.value is None or more.value <= found.value


def test_nobody_invited_has_no_response_rate():
    assert response_rate(complete=0).value is None


def test_a_negative_count_is_named():
    with pytest.raises(ValueError, match=r"^unknown:"):
        response_rate(complete=1, unknown=-1)


def test_opens_that_hide_claim_no_rate_of_the_stage_after():
    stages = {stage.name: stage for stage in funnel(INVITED)}
    assert list(stages) == ["invited", "delivered", "opened", "started", "answered"]
    assert stages["started"].of_before is None
    assert stages["started"].of_invited.value == 30
    assert stages["answered"].of_before.value == pytest.approx(100 * 50 / 60)


def test_stages_that_nothing_records_are_left_out_and_not_zero():
    known = {name: INVITED[name] for name in ("invited", "delivered", "answered")}
    stages = funnel(known)
    assert [stage.name for stage in stages] == ["invited", "delivered", "answered"]
    assert stages[2].of_before.of == INVITED["delivered"]


def test_a_funnel_of_nobody_has_stages_without_rates():
    stages = funnel(dict.fromkeys(INVITED, 0))
    assert [stage.of_invited.value for stage in stages] == [None] * 5
    assert [stage.of_before for stage in stages] == [None] * 5


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ({"invited": 1, "delivered": 1, "started": 1}, "answered"),
        (INVITED | {"clicked": 3}, "clicked"),
        (INVITED | {"delivered": 201}, "count"),
    ],
)
def test_a_wrong_funnel_is_named(counts, named):
    with pytest.raises(ValueError, match=named):
        funnel(counts)


waves = st.lists(st.lists(st.integers(0, 9), min_size=7, max_size=7), max_size=8)


@given(waves)
def test_early_and_late_share_out_all_answers(drawn):
    found = early_and_late("ces", drawn)
    answered = [wave for wave in drawn if any(wave)]
    if len(answered) < 2:
        assert found is None
        return
    assert found.early.n + found.late.n == sum(map(sum, drawn))
    assert found.early.n > 0 < found.late.n
    assert found.change.value == pytest.approx(found.late.value - found.early.value)


@given(waves, st.integers(0, 8))
def test_a_wave_of_nobody_changes_nothing(drawn, place):
    longer = [*drawn[:place], [0] * 7, *drawn[place:]]
    before, after = (early_and_late("ces", each) for each in (drawn, longer))
    if before is None or after is None:
        assert before is after
        return
    assert replace(after, cut=before.cut) == before
    assert sum(map(sum, longer[after.cut :])) == sum(map(sum, drawn[before.cut :])) == after.late.n


def test_the_halves_are_compared_as_any_two_groups():
    early, late = [0, 0, 5, 0, 45], [0, 0, 15, 0, 35]
    found = early_and_late("csat", [early, late])
    assert (found.early, found.late) == (estimate("csat", early), estimate("csat", late))
    assert found.change == difference("csat", late, early)


def test_a_wrong_wave_is_named():
    with pytest.raises(ValueError, match=r"^counts:"):
        early_and_late("csat", [[1, 2], [0, 0, 0, 0, 1]])
