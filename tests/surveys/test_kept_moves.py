"""What all accounts add together is what each adds, summed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveys.kept_histories import pack, unpack
from surveys.kept_moves import moves
from surveys.retention import contribution, converted, summed
from surveys.subscriptions import Change, Rates, histories

START = datetime(2025, 1, 1, tzinfo=UTC)
days = st.integers(0, 9)
RATES = Rates("JPY", {"EUR": Decimal("160.55")})


@st.composite
def changes(draw):
    """Of a few accounts; some pay in one currency all the time, as most do."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        usual = draw(st.sampled_from(["EUR", "JPY", "CHF"]))
        for _ in range(draw(st.integers(1, 4))):
            amount = draw(st.sampled_from([0, 1, 900, 1_200, 3_000_000_019, 10**15]))
            code = draw(st.sampled_from([usual, usual, usual, "EUR"]))
            found.append(
                Change(
                    UUID(int=number), draw(st.sampled_from(["core", "api", "mail"])),
                    START + timedelta(days=draw(days)), len(found), amount,
                    code if amount else None, "changed",
                )
            )  # fmt: skip
    return found


@given(changes(), days, days, st.sampled_from([None, RATES]), st.data())
def test_sums_are_those_of_each_account_to_the_last_bit(told, one, other, rates, data):
    known = histories(told)
    kept = unpack(pack(known, {}, {}, {}, {}))
    start, end = (START + timedelta(days=day, hours=1) for day in sorted((one, other)))
    found = moves(kept, start, end, rates=rates)
    accounts = [UUID(bytes=each) for each in kept.ids]
    assert [accounts[place] for place in found.own.begun] == [
        account for account, each in known.items() if each.has_begun(end)
    ]
    some = data.draw(st.lists(st.sampled_from(range(len(accounts))), unique=True)) if told else []
    own = {
        account: contribution(known[account].before(start), known[account].before(end))
        for account in (accounts[place] for place in some)
    }
    places = np.array(some, np.int64)
    assert found.own.totals(places) == summed(own.values())
    if rates is None:
        assert found.in_base is None
        return
    in_base = [
        [each for each in rows if each[0] is not None]
        if {code for code, _ in rows} <= {rates.base, None}
        else converted(known[account].before(start), known[account].before(end), rates=rates)
        for account, rows in own.items()
    ]
    expected = summed(in_base).get(rates.base)
    nothing = expected is None or not any((expected.accounts_start, expected.accounts_end))
    told_so = found.in_base.totals(places).get(rates.base)
    assert told_so == expected or (nothing and told_so is None)
