"""What customers without a subscription are worth: by hand, and against a naive count."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.lifetime import duration
from surveys.purchases import Purchase, buying

BEFORE, START, END = (datetime(year, 3, 1, tzinfo=UTC) for year in (2024, 2025, 2026))
SPANS = {"before": BEFORE, "start": START, "end": END}
DAY = timedelta(days=1)


def test_by_hand_four_customers():
    """Four bought in the year before; one of them not again: 12 / (1/4) = 48 months. The others
    and a new one bought 6 times for 90.00 in all: 15.00 a purchase, 6 / 4 / 12 a month. Worth
    15 × 0.125 × 48 = 90.00, at a margin of 40 % 36.00."""
    rows = [Purchase(name, BEFORE + DAY, 1_000) for name in "abcd"]
    rows += [Purchase(name, START + DAY, 1_000) for name in "abce"]
    rows += [Purchase("a", START + 2 * DAY, 3_000), Purchase("a", END - DAY, 2_000)]
    rows += [Purchase("d", BEFORE - DAY, 10**9), Purchase("d", END, 10**9)]  # in neither year
    found = buying(rows, **SPANS)
    assert found.price.value == 1_500
    assert found.frequency.value == pytest.approx(0.125)
    assert (found.churn.value, found.duration.value) == (0.25, 48)
    assert found.value.value == pytest.approx(9_000)
    assert (found.bought["a"], set(found.not_again)) == ((3, 6_000), {"d"})
    taken = buying(rows, margin=0.4, **SPANS).value
    assert taken.value == pytest.approx(3_600)
    assert taken.formula == "margin * price * frequency * duration"
    assert taken.low == pytest.approx(0.4 * found.value.low)


def test_where_all_come_back_or_nobody_bought_there_is_no_end_and_no_value():
    loyal = [Purchase("a", BEFORE, 100), Purchase("a", START, 100)]
    assert buying(loyal, **SPANS).value.value is None
    assert buying([Purchase("a", START, 100)], **SPANS).value.value is None
    assert buying([], **SPANS).price.value is None


def test_spans_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="start: expected"):
        buying([], before=START, start=BEFORE, end=END)


def test_the_shares_of_lost_customers_have_no_lifetime_without_an_end():
    assert duration(0, 9).value is None
    assert (duration(1, 1, months=12).value, duration(1, 1).low) == (12, None)


def to_the_even(above, below):
    whole, rest = divmod(above, below)
    return whole + (2 * rest > below or (2 * rest == below and whole % 2))


INSTANTS = st.integers(-40, 780).map(lambda days: BEFORE + days * DAY)
AMOUNTS = st.fractions(Fraction(1, 100), 10**7, max_denominator=100)


PURCHASES = st.tuples(st.sampled_from("abcdef"), INSTANTS, AMOUNTS).map(lambda row: Purchase(*row))


@given(st.lists(PURCHASES, max_size=40))
def test_each_factor_and_the_value_are_those_of_a_naive_count_to_the_cent(rows):
    def naive(since, until):
        sums, counts = {}, {}
        for name, at, amount, _ in rows:
            if since <= at < until:
                above, below = sums.get(name, (0, 1))
                sums[name] = (
                    above * amount.denominator + amount.numerator * below,
                    below * amount.denominator,
                )
                counts[name] = counts.get(name, 0) + 1
        return counts, {name: to_the_even(*pair) for name, pair in sums.items()}

    found = buying(rows, **SPANS)
    counts, sums = naive(START, END)
    earlier, _ = naive(BEFORE, START)
    lost = [name for name in earlier if name not in counts]
    assert found.bought == {name: (counts[name], sums[name]) for name in counts}
    if not counts or not lost:
        assert found.value.value is None
        return
    price = Fraction(sum(sums.values()), sum(counts.values()))
    frequency = Fraction(sum(counts.values()), 12 * len(counts))
    months = Fraction(12 * len(earlier), len(lost))
    exact = price * frequency * months
    assert found.price.value == float(price)
    assert found.value.value == pytest.approx(float(exact), abs=0.005, rel=1e-13)
    if found.value.low is not None:
        assert found.value.low <= found.value.value <= found.value.high
