"""Figures of retention: by hand, and against a naive count that shares no code with them."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.retention import Totals, bridge, figures, report, totals
from surveys.subscriptions import Change, Price, Rates, Standing, histories, month_span

RATES = ("churn_rate", "upsell_rate", "cross_sell_rate")
MONEY = ("gross_revenue_retention", "net_revenue_retention", "arpa")


def standing(*paid_before, **prices):
    """prices: product=(minor units, currency)."""
    held = {product: Price(*price) for product, price in prices.items()}
    return Standing(held, frozenset({*paid_before, *(price.currency for price in held.values())}))


def yen(*paid_before, **amounts):
    prices = {product: (amount, "JPY") for product, amount in amounts.items()}
    return standing(*paid_before, **prices)


# --- by hand -----------------------------------------------------------------------------------


def test_by_hand_four_accounts_of_one_product():
    """100 stays, 200 grows to 300, 300 shrinks to 150, 400 leaves; 50 is new.

    Churn 1/4. Σ start 1000. GRR (100 + 200 + 150 + 0) / 1000 = .45. NRR (100 + 300 + 150) / 1000
    = .55. ARPA (100 + 300 + 150 + 50) / 4 = 150. LTV 150 / .25 = 600.
    """
    pairs = [
        (yen(core=100), yen(core=100)),
        (yen(core=200), yen(core=300)),
        (yen(core=300), yen(core=150)),
        (yen(core=400), yen("JPY")),
        (yen(), yen(core=50)),
    ]
    found = report(totals(pairs)).overall
    assert (found.churn_rate.value, found.churn_rate.n) == (0.25, 4)
    assert (found.gross_revenue_retention.value, found.gross_revenue_retention.n) == (0.45, 4)
    assert found.revenue_churn_rate.value == 0.55
    assert found.net_revenue_retention.value == 0.55
    assert (found.arpa.value, found.arpa.n) == (150, 4)
    assert found.ltv.value == 600
    assert found.upsell_rate.value == 0.25
    assert found.cross_sell_rate.value == 0
    steps = bridge(totals(pairs)["JPY"])
    assert (steps.start, steps.expansion, steps.contraction, steps.churn) == (1000, 100, 150, 400)
    assert (steps.new, steps.reactivated, steps.end) == (50, 0, 600)


def test_by_hand_upsell_and_cross_sell_of_one_account_that_also_gives_something_up():
    """core 500 to 530, desk 100 to 80, api 0 to 50.

    Start 600, end 660: expansion 60. On products of the start +30 - 20 = +10, so upsell 10; the
    other 50 are of a new product. GRR 1, NRR 660 / 600 = 1.1; upsold and cross-sold.
    """
    found = totals([(yen(core=500, desk=100), yen(core=530, desk=80, api=50))])["JPY"]
    assert (found.upsell_minor, found.cross_sell_minor, found.contraction_minor) == (10, 50, 0)
    assert (found.accounts_upsold, found.accounts_cross_sold) == (1, 1)
    assert figures(found).gross_revenue_retention.value == 1
    assert figures(found).net_revenue_retention.value == 1.1
    assert figures(found).upsell_revenue_rate.value == 10 / 600
    assert figures(found).cross_sell_revenue_rate.value == 50 / 600


def test_by_hand_a_product_exchanged_for_a_dearer_and_for_a_cheaper_one():
    """lite 300 to pro 400: expansion 100, all of it of the new product. pro 400 to lite 300:
    contraction 100, and cross-sold all the same, as it pays for what it did not have."""
    up = totals([(yen(lite=300), yen(pro=400))])["JPY"]
    down = totals([(yen(pro=400), yen(lite=300))])["JPY"]
    assert (up.upsell_minor, up.cross_sell_minor) == (0, 100)
    assert (down.contraction_minor, down.expansion_minor) == (100, 0)
    assert (up.accounts_cross_sold, down.accounts_cross_sold) == (1, 1)
    assert (up.accounts_upsold, down.accounts_upsold) == (0, 0)


def test_by_hand_who_comes_back_is_reactivated_and_no_part_of_retention():
    """80 comes back after a pause, 20 is new, 100 stays: end 200, NRR 100 / 100."""
    pairs = [(yen("JPY"), yen(core=80)), (yen(), yen(core=20)), (yen(core=100), yen(core=100))]
    sums = totals(pairs)["JPY"]
    assert (sums.reactivated_minor, sums.new_minor, sums.end_minor) == (80, 20, 200)
    assert (sums.accounts_reactivated, sums.accounts_new, sums.accounts_end) == (1, 1, 3)
    assert figures(sums).net_revenue_retention.value == 1


def test_by_hand_two_currencies_stay_apart_until_there_are_rates():
    """A: 100.00 EUR to 120.00. B: 30,000 JPY, gone. C: 50.00 EUR and 1,000 JPY, then EUR alone.

    EUR: start 150.00, end 170.00, NRR 17/15, GRR 1, nobody lost. JPY: start 31,000, end 0: both
    lost, NRR 0, no ARPA. In all: 1 of 3 lost. At 0.006 EUR a yen: start 100 + 180 + 56 = 336, end
    120 + 50 = 170, kept 100 + 50 = 150.
    """
    pairs = [
        (standing(core=(10_000, "EUR")), standing(core=(12_000, "EUR"))),
        (standing(core=(30_000, "JPY")), standing("JPY")),
        (standing(core=(5_000, "EUR"), api=(1_000, "JPY")), standing("JPY", core=(5_000, "EUR"))),
    ]
    found = report(totals(pairs))
    assert found.overall.churn_rate.value == pytest.approx(1 / 3)
    assert found.overall.arpa.value is found.overall.ltv.value is None
    assert found.overall.net_revenue_retention.value is None
    assert found.overall.gross_revenue_retention.value is None
    euro, yen_ = found.by_currency["EUR"], found.by_currency["JPY"]
    assert euro.net_revenue_retention.value == pytest.approx(17 / 15)
    assert (euro.gross_revenue_retention.value, euro.churn_rate.value) == (1, 0)
    assert (euro.arpa.value, euro.ltv.value) == (8_500, None)
    assert (yen_.churn_rate.value, yen_.net_revenue_retention.value) == (1, 0)
    assert (yen_.arpa.value, yen_.arpa.n, yen_.ltv.value) == (None, 0, None)

    merged = report(totals(pairs, rates=Rates("EUR", {"JPY": Decimal("0.006")})))
    assert merged.by_currency == {}
    assert merged.overall.currency == "EUR"
    assert merged.overall.net_revenue_retention.value == pytest.approx(170 / 336)
    assert merged.overall.gross_revenue_retention.value == pytest.approx(150 / 336)
    assert merged.overall.arpa.value == 8_500
    assert merged.overall.ltv.value == pytest.approx(8_500 * 3)


def test_by_hand_what_an_account_pays_is_rounded_once_and_halves_go_to_the_even():
    """At 0.25 cents a yen three products of 2 yen are 1.5 cents, so 2; each by itself would be 0.
    One of 2 yen is 0.5, so 0; of 10 yen 2.5, so 2. Who pays 0.5 cents still is an account."""
    rates = Rates("EUR", {"JPY": Decimal("0.0025")})
    three = totals([(yen(), yen(core=2, api=2, desk=2))], rates=rates)["EUR"]
    assert three.end_minor == 2
    grown = totals([(yen(core=2), yen(core=10))], rates=rates)["EUR"]
    assert (grown.start_minor, grown.end_minor, grown.accounts_start) == (0, 2, 1)
    assert figures(grown).net_revenue_retention.value is None
    assert figures(grown).churn_rate.value == 0


def test_a_price_that_changed_its_currency_is_neither_lost_nor_upsold_in_all():
    pairs = [(standing(core=(100, "EUR")), standing("EUR", core=(20_000, "JPY")))]
    sums = totals(pairs)
    assert (sums[None].accounts_lost, sums[None].accounts_upsold) == (0, 0)
    assert sums[None].accounts_cross_sold == sums[None].accounts_new == 0
    assert (sums["EUR"].accounts_lost, sums["JPY"].accounts_new) == (1, 1)


# --- the empty and the wrong -------------------------------------------------------------------


def test_of_nobody_there_is_no_figure():
    found = report(totals([])).overall
    for name in (*RATES, *MONEY, "revenue_churn_rate", "ltv"):
        figure = getattr(found, name)
        assert (figure.value, figure.n, figure.low, figure.high) == (None, 0, None, None)


def test_of_one_account_money_has_a_value_and_no_interval():
    found = report(totals([(yen(core=10), yen(core=9))])).overall
    for name in MONEY:
        assert getattr(found, name).value is not None
        assert (getattr(found, name).low, getattr(found, name).high) == (None, None)


def test_the_end_before_the_start_is_refused():
    with pytest.raises(ValueError, match="pairs"):
        totals([(yen(core=10), yen())])


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("currency", {"currency": "yen"}),
        ("start_minor", {"start_minor": -1}),
        ("end_squares", {"end_squares": float("nan")}),
        ("accounts_lost", {"accounts_lost": 2, "accounts_start": 1}),
        ("churn_minor", {"churn_minor": 2, "start_minor": 1}),
    ],
)
def test_sums_that_cannot_be_are_refused_with_the_field(field, wrong):
    with pytest.raises(ValueError, match=field):
        Totals(**{"currency": "JPY"} | wrong)


def test_sums_of_different_currencies_do_not_add_up():
    with pytest.raises(ValueError, match="currency"):
        Totals("JPY") + Totals("EUR")
    with pytest.raises(ValueError, match="currency"):
        bridge(Totals(None))


# --- against a naive count ---------------------------------------------------------------------

ZONES = ("Asia/Tokyo", "America/New_York", "UTC")
MONTHS = [(2026, 9), (2026, 10), (2026, 11), (2026, 12)]
STEPS = ("start", "new", "reactivated", "upsell", "cross_sell", "contraction", "churn", "end")
YEN_IN_CENTS = Decimal("0.6125")


def naive_bound(zone, year, month):
    return datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@st.composite
def events(draw):
    """Random histories as plain tuples: (account, product, at, received, mrr, currency)."""
    zone = draw(st.sampled_from(ZONES))
    bounds = [naive_bound(zone, *month) for month in MONTHS]
    near = [bound + timedelta(seconds=s) for bound in bounds for s in (-1, 0, 1)]
    far = [bound + timedelta(days=d) for bound in bounds for d in (-9, 3, 12)]
    size = draw(st.integers(0, 30))
    received = draw(st.permutations(range(size)))
    drawn = []
    for number in received:
        mrr = draw(st.sampled_from([0, 0, 1, 99, 100, 101, 2_500, 10**12]))
        drawn.append(
            (
                draw(st.sampled_from("abcde")),
                draw(st.sampled_from(["core", "api", "desk"])),
                draw(st.sampled_from(near + far)),
                number,
                mrr,
                draw(st.sampled_from(["JPY", "JPY", "EUR"])) if mrr else None,
            )
        )
    return zone, drawn


def naive_state(drawn, account, instant, *, included=False):
    """{product: (mrr, currency)}: for each product the last event before the instant wins."""
    state = {}
    for product in {event[1] for event in drawn if event[0] == account}:
        own = [
            event
            for event in drawn
            if event[:2] == (account, product)
            and (event[2] < instant or (included and event[2] == instant))
        ]
        if own:
            last = max(own, key=lambda event: (event[2], event[3]))
            if last[4]:
                state[product] = last[4:]
    return state


def naive_had_paid(drawn, account, instant, currency):
    for at in {event[2] for event in drawn if event[0] == account and event[2] < instant}:
        held = naive_state(drawn, account, at, included=True).values()
        if any(currency in (None, own) for _, own in held):
            return True
    return False


def naive_money(state, currency):
    return sum(mrr for mrr, own in state.values() if own == currency)


def naive_cents(state):
    exact = sum(
        (Decimal(mrr) * (YEN_IN_CENTS if own == "JPY" else 1) for mrr, own in state.values()),
        Decimal(0),
    )
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def quotient(above, below):
    return float(Fraction(above, below)) if below else None


def compare(found, accounts, money):
    """accounts: [(start state, end state)] of plain dicts; money: state -> amount."""
    base = [pair for pair in accounts if pair[0]]
    lost = sum(1 for _, end in base if not end)
    starts = sum(money(start) for start, _ in base)
    assert found.churn_rate.n == len(base)
    assert found.churn_rate.value == quotient(lost, len(base))
    assert found.net_revenue_retention.value == quotient(sum(money(end) for _, end in base), starts)
    assert found.gross_revenue_retention.value == quotient(
        sum(min(money(start), money(end)) for start, end in base), starts
    )
    gains = [max(0, money(end) - money(start)) for start, end in base]
    added = [
        money({name: price for name, price in end.items() if name not in start})
        for start, end in base
    ]
    crossed = [min(gain, more) for gain, more in zip(gains, added, strict=True)]
    assert found.cross_sell_revenue_rate.value == quotient(sum(crossed), starts)
    assert found.upsell_revenue_rate.value == quotient(sum(gains) - sum(crossed), starts)
    ending = [money(end) for _, end in accounts if end]
    assert found.arpa.n == len(ending)
    assert found.arpa.value == quotient(sum(ending), len(ending))
    if lost and ending:
        ltv = Fraction(sum(ending), len(ending)) * Fraction(len(base), lost)
        assert abs(found.ltv.value - float(ltv)) < 0.005 or found.ltv.value == pytest.approx(
            float(ltv), rel=1e-14
        )
    else:
        assert found.ltv.value is None
    assert found.cross_sell_rate.value == quotient(
        sum(1 for start, end in base if set(end) - set(start)), len(base)
    )


def naive_months(zone, drawn):
    names = sorted({event[0] for event in drawn})
    for first, second in pairwise(MONTHS):
        bounds = naive_bound(zone, *first), naive_bound(zone, *second)
        yield first, bounds, names


def standings_of(zone, drawn, month):
    changes = [Change(*event) for event in drawn]
    now = datetime(2027, 6, 1, tzinfo=UTC)
    start, end = month_span(date(*month, 15), zone, now=now)
    return [(each.before(start), each.before(end)) for each in histories(changes).values()]


@given(events())
def test_every_figure_of_every_month_is_that_of_a_naive_count(drawn_events):
    zone, drawn = drawn_events
    for month, (start, end), names in naive_months(zone, drawn):
        by_currency = totals(standings_of(zone, drawn, month))
        states = [
            (naive_state(drawn, name, start), naive_state(drawn, name, end)) for name in names
        ]
        everybody = figures(by_currency[None])
        base = [pair for pair in states if pair[0]]
        assert everybody.churn_rate.value == quotient(
            sum(1 for _, last in base if not last), len(base)
        )
        assert everybody.upsell_rate.value == quotient(
            sum(
                any(
                    last[product][1] == own and last[product][0] > mrr
                    for product, (mrr, own) in first.items()
                    if product in last
                )
                for first, last in base
            ),
            len(base),
        )
        assert everybody.cross_sell_rate.value == quotient(
            sum(1 for first, last in base if set(last) - set(first)), len(base)
        )
        for currency in ("JPY", "EUR"):
            only = [
                tuple({k: v for k, v in state.items() if v[1] == currency} for state in pair)
                for pair in states
            ]
            sums = by_currency.get(currency, Totals(currency))
            compare(figures(sums), only, lambda state, own=currency: naive_money(state, own))


@given(events())
def test_the_bridge_is_that_of_a_naive_count_and_leaves_no_rest(drawn_events):
    zone, drawn = drawn_events
    for month, (start, end), names in naive_months(zone, drawn):
        by_currency = totals(standings_of(zone, drawn, month))
        for currency in ("JPY", "EUR"):
            expected = dict.fromkeys(STEPS, 0)
            for name in names:
                first = naive_state(drawn, name, start)
                last = naive_state(drawn, name, end)
                s, e = naive_money(first, currency), naive_money(last, currency)
                expected["start"] += s
                expected["end"] += e
                if not s:
                    had = naive_had_paid(drawn, name, start, currency)
                    expected["reactivated" if had else "new"] += e
                elif not e:
                    expected["churn"] += s
                elif e < s:
                    expected["contraction"] += s - e
                else:
                    old = {product for product, (_, own) in first.items() if own == currency}
                    kept = {product: price for product, price in last.items() if product in old}
                    upsell = max(0, naive_money(kept, currency) - s)
                    expected["upsell"] += upsell
                    expected["cross_sell"] += e - s - upsell
            found = bridge(by_currency.get(currency, Totals(currency)))
            assert {name: getattr(found, name) for name in expected} == expected
            assert (
                found.start
                + found.new
                + found.reactivated
                + found.expansion
                - found.contraction
                - found.churn
                == found.end
            )


@given(events())
def test_with_rates_every_figure_is_that_of_a_naive_count_in_cents(drawn_events):
    zone, drawn = drawn_events
    rates = Rates("EUR", {"JPY": YEN_IN_CENTS / 100})
    for month, (start, end), names in naive_months(zone, drawn):
        by_currency = totals(standings_of(zone, drawn, month), rates=rates)
        states = [
            (naive_state(drawn, name, start), naive_state(drawn, name, end)) for name in names
        ]
        sums = by_currency.get("EUR", Totals("EUR"))
        compare(figures(sums), states, naive_cents)
        assert sums.end_minor == sum(naive_cents(last) for _, last in states)
        assert sums.accounts_start == by_currency[None].accounts_start


@given(events())
def test_the_end_of_a_month_is_the_start_of_the_next(drawn_events):
    zone, drawn = drawn_events
    months = [totals(standings_of(zone, drawn, month)) for month in MONTHS]
    for before, after in pairwise(months):
        for currency in ("JPY", "EUR"):
            one, two = (each.get(currency, Totals(currency)) for each in (before, after))
            assert one.end_minor == two.start_minor
            assert one.accounts_end == two.accounts_start


@given(events(), st.integers(0, 5))
def test_sums_of_groups_of_accounts_add_up_to_those_of_all(drawn_events, cut):
    zone, drawn = drawn_events
    pairs = standings_of(zone, drawn, (2026, 10))
    whole, left, right = totals(pairs), totals(pairs[:cut]), totals(pairs[cut:])
    for currency, sums in whole.items():
        parts = [part.get(currency, Totals(currency)) for part in (left, right)]
        added = parts[0] + parts[1]
        assert bridge(added) == bridge(sums) if currency else added == sums
        for name in Totals.__slots__:
            expected = getattr(sums, name)
            found = getattr(added, name)
            assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@given(events())
def test_every_interval_holds_its_value_and_keeps_to_its_range(drawn_events):
    zone, drawn = drawn_events
    for month in MONTHS:
        for currency, sums in totals(standings_of(zone, drawn, month)).items():
            found = figures(sums)
            for name in (*RATES, *MONEY, "revenue_churn_rate", "ltv"):
                figure = getattr(found, name)
                if figure.low is not None:
                    assert currency is not None or name in RATES
                    assert 0 <= figure.low <= figure.value <= figure.high
            for name in (*RATES, "gross_revenue_retention", "revenue_churn_rate"):
                high = getattr(found, name).high
                assert high is None or high <= 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12))
def test_another_unit_of_money_changes_amounts_and_no_rate(amounts):
    small, large = (
        report(
            totals(
                [
                    (
                        yen("JPY", **({"core": factor * s} if s else {})),
                        yen("JPY", **({"core": factor * e} if e else {})),
                    )
                    for s, e in amounts
                ]
            )
        ).overall
        for factor in (1, 1000)
    )
    for name in (*RATES, "gross_revenue_retention", "net_revenue_retention"):
        one, two = getattr(small, name), getattr(large, name)
        assert (one.value, one.n) == (two.value, two.n)
        assert (one.low, one.high) == pytest.approx((two.low, two.high))
    if small.arpa.value is not None:
        assert large.arpa.value == pytest.approx(1000 * small.arpa.value)


def test_a_margin_is_taken_of_the_lifetime_value_alone():
    sums = totals([(yen(core=100), yen(core=100)), (yen(core=100), yen("JPY"))] * 20)["JPY"]
    plain, margin = figures(sums), figures(sums, margin=0.7)
    assert (plain.ltv.value, plain.ltv.formula) == (200, "arpa / churn_rate")
    assert margin.ltv.value == pytest.approx(140)
    assert margin.ltv.formula == "margin * arpa / churn_rate"
    assert margin.ltv.low == pytest.approx(0.7 * plain.ltv.low)
    assert margin.arpa == plain.arpa


def test_figures_ask_nothing_of_the_accounts():
    """Two million accounts are as quick as two: the figures rest on sums alone."""
    sums = totals([(yen(core=100), yen(core=90)), (yen(core=200), yen("JPY"))])["JPY"]
    for _ in range(20):
        sums = sums + sums
    found = figures(sums)
    assert found.churn_rate.n == 2**21
    assert found.gross_revenue_retention.value == 0.3
    assert found.churn_rate.high - found.churn_rate.low < 0.002
