"""Which stated rates hold for a month, and that nothing but prices moves converted sums."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.exchange import StatedRate, StatedRates, checked_rate, comparable
from surveys.retention import converted, figures, summed
from surveys.subscriptions import Price, Rates, Standing


def stated(*rows, base="EUR"):
    return StatedRates(
        base,
        tuple(StatedRate(code, date.fromisoformat(day), Decimal(rate)) for code, day, rate in rows),
    )


def test_a_month_has_the_rates_of_its_first_day():
    found = stated(("JPY", "2026-03-01", "0.006"), ("JPY", "2026-03-02", "0.007"),
                   ("USD", "2026-01-31", "0.9"))  # fmt: skip
    assert found.rates_of_month(date(2026, 1, 31)).rates == {}
    assert found.rates_of_month(date(2026, 2, 28)).rates == {"USD": Decimal("0.9")}
    march, april = (found.rates_of_month(date(2026, month, 30)).rates for month in (3, 4))
    assert march == {"JPY": Decimal("0.006"), "USD": Decimal("0.9")}
    assert april["JPY"] == Decimal("0.007")


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([("EUR", "2026-01-01", "1")], "currency"),
        ([("yen", "2026-01-01", "1")], "currency"),
        ([("JPY", "2026-01-01", "1"), ("JPY", "2026-01-01", "2")], "since"),
        ([("JPY", "2026-01-01", "0")], "rate"),
        ([("JPY", "2026-01-01", "NaN")], "rate"),
        ([("JPY", "2026-01-01", "0.0000000000001")], "rate"),
        ([("JPY", "2026-01-01", "1000000")], "rate"),
    ],
)
def test_rates_that_cannot_be_are_refused_with_the_field(rows, field):
    with pytest.raises(ValueError, match=field):
        stated(*rows).rates_of_month(date(2026, 1, 1))


def test_a_rate_is_kept_in_its_shortest_form():
    assert str(checked_rate(Decimal("0.00610"))) == "0.0061"
    assert f"{checked_rate(Decimal('100')):f}" == "100"


def test_by_hand_currencies_without_and_with_three_decimals():
    """1 KWD = 3.25 USD, 1 JPY = 0.0065 USD. 12.345 KWD are 40.12125 USD, 1,235 JPY are 8.0275:
    each account is rounded once to the cent, 40.12 and 8.03, and together in one account 48.15."""
    rates = Rates("USD", {"KWD": Decimal("3.25"), "JPY": Decimal("0.0065")})
    dinar, yen = Price(12_345, "KWD"), Price(1_235, "JPY")
    paid = [{"core": dinar}, {"core": yen}, {"core": dinar, "api": yen}]
    sums = [
        summed([converted(Standing(), Standing(each), rates=rates)])["USD"].end_minor
        for each in paid
    ]
    assert sums == [4_012, 803, 4_815]


def test_an_account_with_a_price_without_a_rate_is_left_out_as_a_whole():
    rates = Rates("EUR", {"JPY": Decimal("0.006")})
    before = Standing({"core": Price(500, "EUR"), "api": Price(700, "USD")})
    after = Standing({"core": Price(500, "EUR")}, frozenset({"EUR", "USD"}))
    assert converted(before, after, rates=rates) == ()
    assert summed([converted(before, before, rates=rates)]).get("EUR") is None


CODES = st.sampled_from(["EUR", "JPY", "KWD", "USD"])
PRICES = st.dictionaries(
    st.sampled_from(["core", "api"]), st.builds(Price, st.integers(1, 10**9), CODES), max_size=2
)
SCALES = {"EUR": 2, "JPY": 0, "KWD": 3, "USD": 2}


def naive_cents(held, rates):
    """Through whole units, with other arithmetic than the code has."""
    exact = sum(
        (
            Fraction(mrr, 10 ** SCALES[code]) * (1 if code == "EUR" else Fraction(rates[code]))
            for mrr, code in held.values()
        ),
        Fraction(0),
    )
    return round(exact * 100)


@given(
    st.lists(st.tuples(PRICES, PRICES), max_size=8),
    st.fixed_dictionaries(
        {code: st.decimals("0.000001", 5000, places=6) for code in ("JPY", "KWD")}
    ),
)
def test_converted_sums_are_those_of_a_naive_count_to_the_cent(accounts, rates):
    """Dollars have no rate: whoever pays in them is in no sum."""
    known = Rates("EUR", rates)
    rows = [
        converted(
            Standing(before, frozenset(p.currency for p in before.values())),
            Standing(after, frozenset(p.currency for p in (*before.values(), *after.values()))),
            rates=known,
        )
        for before, after in accounts
    ]
    counted = [
        (naive_cents(before, rates), naive_cents(after, rates), bool(before), bool(after))
        for before, after in accounts
        if all(price.currency != "USD" for price in (*before.values(), *after.values()))
    ]
    sums = summed(rows).get("EUR")
    if sums is None:
        assert not counted
        return
    assert sums.start_minor == sum(start for start, *_ in counted)
    assert sums.end_minor == sum(end for _, end, *_ in counted)
    assert sums.accounts_start == sum(paid for *_, paid, _ in counted)
    assert sums.churn_minor == sum(start for start, _, _, pays in counted if not pays)


@given(
    PRICES,
    st.decimals("0.0001", 10, places=4),
    st.decimals("0.0001", 10, places=4),
    st.integers(0, 60),
)
def test_a_move_of_rates_is_no_growth_and_no_loss(held, first, second, days):
    """Whatever was stated when: who pays the same pays the same."""
    moves = [(date(2026, 1, 1), first), (date(2026, 1, 2) + timedelta(days), second)]
    found = stated(
        *((code, day.isoformat(), rate) for code in ("JPY", "KWD", "USD") for day, rate in moves)
    )
    same = Standing(held, frozenset(price.currency for price in held.values()))
    for month in (1, 2, 3):
        rates = found.rates_of_month(date(2026, month, 1))
        sums = summed([converted(same, same, rates=rates)])["EUR"]
        assert (sums.expansion_minor, sums.contraction_minor, sums.churn_minor) == (0, 0, 0)
        assert figures(sums).net_revenue_retention.value in {None, 1.0}


@given(st.integers(0, 10**10), CODES, st.decimals("0.0001", 1000, places=4))
def test_amounts_of_equal_worth_rank_alike_by_stated_rates(amount, code, rate):
    """And whoever pays in a currency without a rate is ranked by its magnitude, as before."""
    known = Rates("GBP", {code: rate})
    pounds = round(Fraction(amount, 10 ** SCALES[code]) * Fraction(rate) * 100)
    apart = comparable(amount, code, known) - comparable(pounds, "GBP", known)
    assert abs(apart) <= 0.005 + 1e-9 * pounds
    assert comparable(amount, code) == comparable(amount, code, Rates("GBP", {}))
