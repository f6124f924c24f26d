"""What accounts pay at an instant, and what is refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from surveys.subscriptions import (
    Change,
    History,
    Price,
    Rates,
    Standing,
    histories,
    history_of,
    month_span,
)

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


def change(product="core", at=OCTOBER, received=1, mrr=1_000, currency="EUR", **more):
    return Change("acme", product, at, received, mrr, currency, **more)


def test_an_account_without_changes_holds_nothing():
    assert histories([]) == {}
    assert history_of([]) == History((), (), None)
    assert history_of([]).before(OCTOBER) == Standing()
    assert history_of([]).first_paid_at is None


def test_a_change_holds_from_its_instant_on_and_is_seen_strictly_after():
    history = history_of([change()])
    assert history.before(OCTOBER).held == {}
    moment = timedelta(microseconds=1)
    assert history.before(OCTOBER + moment).held == {"core": Price(1_000, "EUR")}


def test_of_two_changes_at_one_instant_the_later_received_holds_and_the_other_never_did():
    history = history_of(
        [change(received=9, mrr=0, action="cancelled"), change(received=4, currency="JPY")]
    )
    assert history.standings == (Standing({}, frozenset()),)
    assert history.started_at is None
    assert history.first_paid_at is None


def test_changes_of_other_products_at_the_same_instant_all_hold():
    history = history_of([change(), change(product="api", received=2, mrr=5, currency="JPY")])
    standing = history.before(OCTOBER + timedelta(days=1))
    assert standing.held == {"core": Price(1_000, "EUR"), "api": Price(5, "JPY")}
    assert standing.paid_in == {"EUR", "JPY"}


def test_a_product_has_one_price_whatever_its_currency_was():
    later = OCTOBER + timedelta(days=3)
    history = history_of([change(), change(at=later, received=2, mrr=90, currency="USD")])
    standing = history.before(later + timedelta(days=1))
    assert standing.held == {"core": Price(90, "USD")}
    assert standing.paid_in == {"EUR", "USD"}


def test_a_free_subscription_starts_but_does_not_pay():
    paid_at = OCTOBER + timedelta(days=14)
    history = history_of(
        [change(mrr=0, currency=None, action="started"), change(at=paid_at, received=2)]
    )
    assert history.started_at == OCTOBER
    assert history.first_paid_at == paid_at
    assert history.before(paid_at) == Standing()


def test_the_order_in_which_changes_are_given_does_not_matter():
    days = [change(at=OCTOBER + timedelta(days=day), received=day, mrr=day) for day in range(9)]
    assert history_of(days) == history_of(days[::-1]) == history_of(days[4:] + days[:4])


def test_one_instant_in_two_zones_is_one_instant():
    tokyo = OCTOBER.astimezone(timezone(timedelta(hours=9)))
    # New York, 01:30 twice on 1 November: the second is an hour after the first.
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    assert history_of([change(at=tokyo)]) == history_of([change()])
    again = history_of(
        [change(at=first.replace(fold=1), received=1, mrr=2), change(at=first, mrr=1)]
    )
    assert [standing.held["core"].mrr_minor for standing in again.standings] == [1, 2]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("mrr_minor", {"mrr": -1}),
        ("mrr_minor", {"mrr": 1.5}),
        ("mrr_minor", {"mrr": 10, "action": "cancelled"}),
        ("currency", {"currency": None}),
        ("currency", {"currency": "EURO"}),
        ("currency", {"currency": "eur"}),
        ("currency", {"mrr": 0, "currency": "円円円"}),
        ("action", {"action": "paused"}),
        ("at", {"at": datetime(2026, 10, 1)}),  # noqa: DTZ001
    ],
)
def test_a_wrong_change_is_refused_with_its_field(field, wrong):
    with pytest.raises(ValueError, match=f"^{field}: "):
        change(**wrong)


def test_two_changes_of_a_product_that_came_at_once_are_refused():
    with pytest.raises(ValueError, match="received"):
        history_of([change(mrr=1), change(mrr=2)])


def test_rates_convert_exactly_between_minor_units():
    rates = Rates("EUR", {"JPY": Decimal("0.0061"), "KWD": Decimal("2.8")})
    assert rates.convert(Price(1_001, "JPY")) == Fraction("610.61")  # 6.1061 euros
    assert rates.convert(Price(1_001, "KWD")) == Fraction("280.28")  # 1.001 dinars
    assert rates.convert(Price(7, "EUR")) == 7


def test_a_missing_rate_is_named():
    with pytest.raises(ValueError, match="GBP"):
        Rates("EUR", {}).convert(Price(1, "GBP"))


@pytest.mark.parametrize(
    ("base", "rates"),
    [
        ("EURO", {}),
        ("EUR", {"yen": Decimal(1)}),
        ("EUR", {"JPY": Decimal(0)}),
        ("EUR", {"JPY": Decimal("NaN")}),
        ("EUR", {"EUR": Decimal(2)}),
    ],
)
def test_impossible_rates_are_refused(base, rates):
    with pytest.raises(ValueError, match=r"^(currency|rates): "):
        Rates(base, rates)


def test_the_end_of_a_month_is_the_start_of_the_next_and_a_month_that_runs_ends_now():
    now = datetime(2026, 12, 9, 12, tzinfo=UTC)
    zone = "America/New_York"
    october = month_span(date(2026, 10, 31), zone, now=now)
    november = month_span(date(2026, 11, 1), zone, now=now)
    assert october[1] == november[0] == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert november[1] == datetime(2026, 12, 1, 5, tzinfo=UTC)  # clocks were put back
    assert month_span(date(2026, 12, 1), zone, now=now)[1] == now
    with pytest.raises(ValueError, match="begun"):
        month_span(date(2027, 1, 1), zone, now=now)
