"""Renewal rates of groups: by hand, by simulation, and whatever lots accounts are dealt into."""

from itertools import count
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.ratios import share
from surveys.renewal_rates import (
    LOTS,
    Decided,
    added,
    lots_of,
    renewal_difference,
    renewal_rate,
    renewal_rates,
)


def apart(renewed, of, start=0):
    """So many accounts with a renewal each, every account in a lot of its own."""
    return lots_of((UUID(int=start + at), at < renewed) for at in range(of))


def rates(**groups):
    return renewal_rates(groups, added(groups.values()))


def test_by_hand_detractors_renew_less_than_promoters():
    """142 of 200 against 186 of 200. Pooled (N - 1): 328 / 400 = .82, s² = .1476 · 400 / 399;
    z = .22 / √(s² / 100) = 5.72."""
    groups = {"detractor": apart(142, 200), "promoter": apart(186, 200, 200)}
    found = rates(**groups)
    low, high = found["detractor"], found["promoter"]
    assert (low.rate.value, low.rate.n) == (0.71, 200)
    assert high.rate.value == 0.93
    assert low.rate.high < high.rate.low
    assert low.differs
    apart_by = renewal_difference(groups["promoter"], groups["detractor"])
    assert apart_by.value == pytest.approx(0.22)
    assert 0.14 < apart_by.low < 0.22 < apart_by.high < 0.30
    assert apart_by.p_value == pytest.approx(1.07e-8, rel=0.05)


def test_a_renewal_of_each_account_is_a_plain_share():
    assert renewal_rate(apart(61, 80)) == pytest.approx(share(61, 80))


def test_several_renewals_of_an_account_tell_less_than_as_many_accounts():
    alone = {"passive": apart(60, 120), "promoter": apart(100, 120, 120)}
    of_few = {
        name: lots_of(
            (UUID(int=lot // 10), bool(each.renewed)) for lot, each in lots.items()
        )
        for name, lots in alone.items()
    }  # fmt: skip
    independent, clustered = rates(**alone)["passive"], rates(**of_few)["passive"]
    assert (independent.rate.value, clustered.rate.value) == (0.5, 0.5)
    assert (independent.rate.n, clustered.rate.n) == (120, 120)
    assert clustered.rate.low < independent.rate.low
    assert clustered.rate.high > independent.rate.high
    assert clustered.p_value > independent.p_value


def test_without_renewals_there_is_nothing_to_say():
    assert renewal_rates({}, {}) == {}
    assert renewal_rate({}).value is None
    assert renewal_difference({}, {}).value is None
    alone = rates(promoter=apart(3, 4))["promoter"]
    assert (alone.p_value, alone.differs) == (None, None)


def test_a_group_may_share_accounts_with_others_but_has_no_more_than_all():
    everybody = apart(90, 120)
    found = renewal_rates({"billing": apart(90, 100), "speed": apart(90, 95)}, everybody)
    assert (found["billing"].rate.value, found["speed"].rate.n) == (0.9, 95)
    with pytest.raises(ValueError, match=r"^counts: "):
        renewal_rates({"billing": everybody}, apart(1, 2))


def test_groups_that_are_alike_are_seldom_said_to_differ():
    rng = np.random.default_rng(20261104)
    wrong = 0
    for _ in range(300):
        drawn = {
            name: lots_of((UUID(int=start + at), bool(rng.random() < 0.85)) for at in range(60))
            for name, start in (("detractor", 0), ("passive", 60), ("promoter", 120))
        }
        wrong += any(found.differs for found in rates(**drawn).values())
    assert wrong / 300 <= 0.065


@pytest.mark.parametrize(("accounts", "months"), [(80, 12), (700, 6), (3_000, 2)])
def test_intervals_cover_the_rate_of_accounts_that_renew_every_month(accounts, months):
    """Each account has a chance of its own, and is gone once it does not renew."""
    rng = np.random.default_rng(accounts)
    truth, hits = _truth(months), []
    for _ in range(200):
        chances = 1 - rng.beta(1, 24, size=accounts)
        comes = rng.random((accounts, months)) < chances[:, None]
        is_due = np.cumprod(np.column_stack([np.ones(accounts, bool), comes[:, :-1]]), axis=1)
        lots = rng.integers(LOTS, size=accounts)[np.nonzero(is_due)[0]]
        renewed = np.bincount(lots, weights=comes[is_due.astype(bool)], minlength=LOTS)
        due = np.bincount(lots, minlength=LOTS)
        found = renewal_rate(
            {at: Decided(int(renewed[at]), int(due[at] - renewed[at])) for at in range(LOTS)}
        )
        hits.append(found.low <= truth <= found.high)
    assert np.mean(hits) >= 0.93


def _truth(months):
    """Renewals that came of all that were due, of very many such accounts."""
    rng = np.random.default_rng(7)
    chances = 1 - rng.beta(1, 24, size=400_000)
    due = np.ones_like(chances)
    came = all_due = 0.0
    for _ in range(months):
        all_due += due.sum()
        due = due * chances
        came += due.sum()
    return came / all_due


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40), st.integers(1, 39))
def test_sums_of_parts_are_the_sum_of_all(decided, cut):
    events = [(UUID(int=account), is_renewed) for account, is_renewed in decided]
    whole = lots_of(events)
    assert added([lots_of(events[:cut]), lots_of(events[cut:])]) == whole
    assert sum(map(sum, whole.values())) == len(events)


def test_lots_have_accounts_of_all_kinds():
    numbers = count(10**12)
    lots = lots_of((UUID(int=next(numbers)), True) for _ in range(3 * LOTS))
    assert set(lots) == set(range(LOTS))
    assert set(lots.values()) == {Decided(3, 0)}
