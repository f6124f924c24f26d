"""When customers began and left, from what they paid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveys.stays import stay_of
from surveys.subscriptions import Change, history_of

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=1000)


def after(days: float) -> datetime:
    return START + timedelta(days=days)


def paid(*steps: tuple[float, str, int]):
    """(day, product, price): 0 is a cancellation."""
    return history_of(
        [
            Change("a", product, after(day), number, price, "EUR" if price else None,
                   "changed" if price else "cancelled")
            for number, (day, product, price) in enumerate(steps)
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "began", "left"),
    [
        ([(0, "core", 10)], 0, None),
        ([(0, "core", 10), (100, "core", 0)], 0, 100),
        # Another product goes on.
        ([(0, "core", 10), (50, "more", 5), (100, "core", 0)], 0, None),
        ([(0, "core", 10), (50, "more", 5), (100, "core", 0), (120, "more", 0)], 0, 120),
        # From one product to another within a month.
        ([(0, "core", 10), (100, "core", 0), (131, "new", 12)], 0, None),
        ([(0, "core", 10), (100, "core", 0), (131.5, "new", 12)], 0, 100),
        ([(0, "core", 10), (100, "core", 0), (110, "core", 9), (200, "core", 0)], 0, 200),
        # What is free is no beginning, and what is still to come no end.
        ([(0, "core", 0), (30, "core", 10)], 30, None),
        ([(0, "core", 10), (1001, "core", 0)], 0, None),
    ],
)
def test_a_stay_is_from_the_first_payment_until_nothing_is_paid(steps, began, left):
    stay = stay_of(paid(*steps), now=NOW)
    assert stay is not None
    assert stay.began_at == after(began)
    assert stay.left_at == (None if left is None else after(left))
    assert stay.days(NOW) == ((1000 if left is None else left) - began)


def test_who_never_paid_or_begins_later_has_no_stay():
    assert stay_of(paid((0, "core", 0)), now=NOW) is None
    assert stay_of(paid((1001, "core", 10)), now=NOW) is None
