"""Histories that were kept say the same as those of which they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from surveys.kept_histories import (
    pack,
    pack_counts,
    pack_people,
    unpack,
    unpack_counts,
    unpack_people,
)
from surveys.renewals import PastRenewal
from surveys.subscriptions import Change, histories

START = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNTS = [UUID(int=number) for number in range(1, 4)]
instants = st.integers(0, 40).map(lambda days: START + timedelta(days=days, microseconds=days))


@st.composite
def changes(draw):
    found = []
    for received in range(draw(st.integers(0, 12))):
        amount = draw(st.sampled_from([0, 0, 900, 1_200]))
        action = draw(
            st.sampled_from(["started", "changed"] if amount else ["cancelled", "changed"])
        )
        found.append(
            Change(
                draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(["core", "api", ""])),
                draw(instants), received, amount,
                draw(st.sampled_from(["EUR", "JPY"])) if amount else None, action,
            )
        )  # fmt: skip
    return found


@given(changes(), st.lists(instants, min_size=1))
def test_all_that_can_be_asked_of_a_history_is_the_same(told, asked):
    known = histories(told)
    kept = unpack(pack(known, {}, {}, {}, {})).histories
    assert kept.keys() == known.keys()
    for account, history in known.items():
        own = kept[account]
        assert own.started_at == history.started_at
        assert own.first_paid_at == history.first_paid_at
        for instant in asked:
            for exactly in (instant, instant + timedelta(microseconds=1)):
                assert own.before(exactly) == history.before(exactly)
                assert own.left_at(exactly) == history.left_at(exactly)
                assert own.has_begun(exactly) == history.has_begun(exactly)


@given(changes(), instants, instants)
def test_who_moved_and_what_everybody_paid_is_that_of_their_histories(told, one, other):
    known = histories(told)
    start, end = min(one, other), max(one, other) + timedelta(hours=1)
    kept = unpack(pack(known, {}, {}, {}, {}))
    moved, paid = kept.moved(start, end, lambda *_: True), kept.paid(start, end)
    lost = kept.moved(start, end, lambda before, after: bool(before) and not after)
    for account, history in known.items():
        before, after = history.before(start), history.before(end)
        assert (account in moved) == (before.held != after.held)
        assert (account in lost) == (bool(before.held) and not after.held)
        assert paid.get(account, ({}, {})) == (before.sums, after.sums)
        first = history.first_paid_at
        is_first = first is not None and start <= first < end
        assert (account in kept.first_paid(start, end)) == is_first
    assert all(before or after for before, after in paid.values())
    some = list(known)[::2]
    assert kept.paid(start, end, some) == {
        account: both for account, both in paid.items() if account in some
    }
    assert kept.of(some).keys() == set(some)


def test_the_same_products_taken_up_in_another_order_are_no_move():
    again = [
        Change(ACCOUNTS[0], "core", START + timedelta(days=1), 1, 900, "EUR"),
        Change(ACCOUNTS[0], "core", START, 2, 900, "EUR"),
        Change(ACCOUNTS[0], "api", START, 3, 900, "EUR"),
    ]
    kept = unpack(pack(histories(again), {}, {}, {}, {}))
    day = START + timedelta(hours=1)
    assert kept.moved(day, day + timedelta(days=1), lambda *_: True) == {}


def test_what_does_not_change_is_the_same_object():
    """By which sums see that an account need not be looked at."""
    change = Change(ACCOUNTS[0], "core", START, 1, 900, "EUR")
    kept = unpack(pack(histories([change]), {}, {}, {}, {})).histories[ACCOUNTS[0]]
    assert kept.before(START + timedelta(days=1)) is kept.before(START + timedelta(days=9))


def test_when_an_account_started_and_what_it_reached_is_kept_with_no_history_of_it():
    kept = unpack(pack({}, {ACCOUNTS[0]: START}, {ACCOUNTS[1]: [START, START]}, {}, {}))
    assert kept.started_at == {ACCOUNTS[0]: START}
    assert kept.reached == {ACCOUNTS[1]: [START, START]}
    assert kept.began(START, START + timedelta(1)) == kept.started_at
    assert kept.began(START - timedelta(1), START) == {}
    assert (kept.reached_by(ACCOUNTS[:1]), kept.reached_by(ACCOUNTS)) == ({}, kept.reached)


def test_of_renewals_the_days_and_what_came_of_them_are_kept():
    day = START.date()
    past = PastRenewal(day, day + timedelta(days=1), "lost", {"EUR": 900}, {"EUR": 0})
    kept = unpack(pack({}, {}, {}, {ACCOUNTS[0]: [past]}, {}))
    found = PastRenewal(past.due_on, past.decided_on, "lost", {}, {})
    assert kept.renewals == {ACCOUNTS[0]: [found]}
    assert list(kept.decided(past.decided_on, day + timedelta(days=2))) == [(ACCOUNTS[0], found)]
    assert not list(kept.decided(day, past.decided_on))


def test_what_was_packed_otherwise_is_not_read():
    assert unpack(b"something else") is None


def test_counts_of_accounts_are_kept():
    counts = {ACCOUNTS[0]: (3, 0), ACCOUNTS[1]: (70_000, 1)}
    assert unpack_counts(pack_counts(counts)) == counts


def test_people_are_kept_with_their_days_whoever_else_they_work_for():
    one, other, third = UUID(int=7), UUID(int=8), UUID(int=9)
    active = {ACCOUNTS[0]: {one, other}, ACCOUNTS[1]: {one}}
    days = {ACCOUNTS[0]: {one: 0b1, third: 1 << 30}, ACCOUNTS[2]: {third: 0b11}}
    kept = unpack_people(pack_people(active, days))
    assert kept.ids == [account.bytes for account in ACCOUNTS]
    assert kept.first.tolist() == [0, 3, 4, 5]
    people = list(zip(kept.person.tolist(), kept.days.tolist(), kept.is_active, strict=True))
    told = [sorted(people[:3], key=lambda each: each[1:]), people[3:4], people[4:]]
    assert [[each[1:] for each in own] for own in told] == [
        [(0, True), (0b1, True), (1 << 30, False)], [(0, True)], [(0b11, False)]
    ]  # fmt: skip
    who = [[person for person, _, _ in own] for own in told]
    assert who == [[who[0][0], who[1][0], who[2][0]], who[1], who[2]], "at two accounts the same"
    assert len({*who[0]}) == 3
    assert unpack_people(pack_people({}, {})).ids == []
