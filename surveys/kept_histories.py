"""All histories of a business as one piece of bytes, read in a fraction of the time that it takes
to make them from changes.

What an account paid is made of the bytes only where it is asked for: a list of a month asks for
two instants of each account, whatever it paid in ten years.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from uuid import UUID, SafeUUID

import msgspec
import numpy as np
import numpy.typing as npt

from surveys.renewals import PastRenewal
from surveys.subscriptions import NOTHING, History, Price, Standing

VERSION = 3  # of the form of the bytes
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

Ints = npt.NDArray[np.int64]
_Held = list[tuple[int, int, int]]  # place of the product, amount, place of the currency
_NEVER = np.iinfo(np.int64).min  # for no instant

Sums = Mapping[str, int]  # what is paid, by currency
_NO_SUMS: Sums = {}


class _Packed(msgspec.Struct, array_like=True):
    """Columns, each of whole numbers of 8 bytes: accounts below each other, of each its steps, of
    each step what was held. ids: 16 bytes an account."""

    version: int
    products: list[str]
    currencies: list[str]
    accounts: bytes  # ids
    began: bytes  # by account: when its first subscription began, or _NEVER
    steps: bytes  # by account: how many
    since: bytes  # by step
    held: bytes  # by step: how many prices
    product: bytes  # by price: place
    amount: bytes  # by price
    currency: bytes  # by price: place
    started: bytes  # ids of those that started
    started_at: bytes
    reached: bytes  # ids of those that reached it
    times: bytes  # by such account: how often
    reached_at: bytes
    completed: bytes  # ids of those that did in time
    completed_at: bytes
    renewing: bytes  # ids, one for each renewal
    due: bytes  # by renewal: ordinal of the day
    decided: bytes
    is_kept: bytes


class KeptHistory:
    """As `subscriptions.History`, of what was kept."""

    __slots__ = ("_held", "_names", "_since", "_standings", "_started")

    def __init__(
        self, started: int | None, since: list[int], held: list[_Held], names: _Names
    ) -> None:
        self._started, self._since, self._names = started, since, names
        self._held = held
        self._standings: dict[int, Standing] = {}  # made where they are asked for

    @property
    def started_at(self) -> datetime | None:
        return None if self._started is None else instant_of(self._started)

    @property
    def first_paid_at(self) -> datetime | None:
        for place, ticks in enumerate(self._since):
            if self._standing(place).held:
                return instant_of(ticks)
        return None

    def has_begun(self, instant: datetime) -> bool:
        return self._since[0] < ticks_of(instant)

    def before(self, instant: datetime) -> Standing:
        place = bisect_left(self._since, ticks_of(instant))
        return self._standing(place - 1) if place else NOTHING

    def left_at(self, instant: datetime) -> datetime | None:
        place = bisect_left(self._since, ticks_of(instant))
        if not place or not self._standing(place - 1).paid_in:
            return None
        left = None
        while place and not self._standing(place - 1).held:
            place -= 1
            left = instant_of(self._since[place])
        return left

    def _standing(self, place: int) -> Standing:
        found = self._standings.get(place)
        if found is None:
            found = self._standings[place] = self._names.standing(self._held, place)
        return found


class _Names:
    """What products and currencies are called."""

    __slots__ = ("_sets", "currencies", "products")

    def __init__(self, products: Sequence[str], currencies: Sequence[str]) -> None:
        self.products, self.currencies = products, currencies
        self._sets: dict[int, frozenset[str]] = {}

    def standing(self, steps: Sequence[_Held], place: int) -> Standing:
        products, currencies = self.products, self.currencies
        ever = 0  # a bit of each currency that was ever paid in
        for each in steps[: place + 1]:
            for _, _, c in each:
                ever |= 1 << c
        held = {products[p]: Price(amount, currencies[c]) for p, amount, c in steps[place]}
        return Standing(held, self._sets.get(ever) or self._set(ever))

    def _set(self, bits: int) -> frozenset[str]:
        found = frozenset(name for c, name in enumerate(self.currencies) if bits >> c & 1)
        return self._sets.setdefault(bits, found)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Of renewals, one below the other: the 16 bytes of whose each is, ordinals of the days it was
    due and decided, and whether it came."""

    whose: Sequence[bytes]
    due: Ints
    decided: Ints
    is_kept: npt.NDArray[np.bool_]


class KeptBusiness:
    """What was kept of all accounts, each part made when it is asked for.

    Of a renewal nothing but its days and what came of it was kept.
    """

    def __init__(self, packed: _Packed) -> None:
        self._packed = packed
        self._names = _Names(packed.products, packed.currencies)
        self.products: Sequence[str] = packed.products
        self.currencies: Sequence[str] = packed.currencies
        self.since, self.product = _ints(packed.since), _ints(packed.product)
        self.amount, self.currency = _ints(packed.amount), _ints(packed.currency)
        # The steps of account n are first_step[n] to first_step[n + 1]; the same of prices.
        self.first_step = _places(_ints(packed.steps))
        self.first_price = _places(_ints(packed.held))

    @cached_property
    def ids(self) -> list[bytes]:
        """Of each account with a history, its identifier."""
        return _ids(self._packed.accounts)

    def steps_before(self, instant: datetime) -> Ints:
        """Of each account the step that holds right before an instant; -1: none."""
        if not self.ids:
            return np.zeros(0, np.int64)
        over = np.concatenate([[0], np.cumsum(self.since < ticks_of(instant))])
        counts = over[self.first_step[1:]] - over[self.first_step[:-1]]
        return np.where(counts > 0, self.first_step[:-1] + counts - 1, -1)

    def history(self, place: int) -> KeptHistory:
        """Of the account at a place of `ids`."""
        first, until = int(self.first_step[place]), int(self.first_step[place + 1])
        began = int(_ints(self._packed.began)[place])
        return KeptHistory(
            None if began == _NEVER else began,
            self.since[first:until].tolist(),
            [self._held(step) for step in range(first, until)],
            self._names,
        )

    def _held(self, step: int) -> _Held:
        if step < 0:
            return []
        of = slice(int(self.first_price[step]), int(self.first_price[step + 1]))
        product, amount, currency = self.product[of], self.amount[of], self.currency[of]
        return list(zip(product.tolist(), amount.tolist(), currency.tolist(), strict=True))

    @cached_property
    def histories(self) -> Mapping[UUID, KeptHistory]:
        prices = list(
            zip(self.product.tolist(), self.amount.tolist(), self.currency.tolist(), strict=True)
        )
        first_price, since = self.first_price.tolist(), self.since.tolist()
        held = [prices[a:b] for a, b in pairwise(first_price)]
        steps, began = pairwise(self.first_step.tolist()), _ints(self._packed.began).tolist()
        return {
            account_of(key): KeptHistory(
                None if at == _NEVER else at, since[a:b], held[a:b], self._names
            )
            for key, at, (a, b) in zip(self.ids, began, steps, strict=True)
        }

    def moved(
        self, start: datetime, end: datetime, may: Callable[[Sums, Sums], bool]
    ) -> dict[UUID, KeptHistory]:
        """Of accounts that hold something else at the end, where `may` says of what they paid at
        both instants that they may be looked for; nothing is made of others."""
        first, last = self.steps_before(start), self.steps_before(end)
        found = {}
        for place in np.flatnonzero(first != last).tolist():
            before, after = self._held(int(first[place])), self._held(int(last[place]))
            # In which order products were taken up makes no difference.
            is_other = before != after and sorted(before) != sorted(after)
            if is_other and may(self._sums(before), self._sums(after)):
                found[account_of(self.ids[place])] = self.history(place)
        return found

    def paid(
        self, start: datetime, end: datetime, among: Collection[UUID] | None = None
    ) -> dict[UUID, tuple[Sums, Sums]]:
        """What accounts (those among some, None: all) paid at both instants, by currency, of those
        that paid at either."""
        first, last = self.steps_before(start), self.steps_before(end)
        pays = self._is_paying(first) | self._is_paying(last)
        places = np.flatnonzero(pays)
        if among is not None:
            wanted = {account.bytes for account in among}
            places = places[[self.ids[place] in wanted for place in places.tolist()]]
        ids, before = self.ids, self._all_sums(first[places])
        same = (first[places] == last[places]).tolist()
        after = self._all_sums(last[places])
        return {
            account_of(ids[place]): (one, one if is_same else other)
            for place, one, other, is_same in zip(places.tolist(), before, after, same, strict=True)
        }

    def _is_paying(self, steps: Ints) -> npt.NDArray[np.bool_]:
        return (steps >= 0) & (self.first_price[steps + 1] > self.first_price[steps])

    def _all_sums(self, steps: Ints) -> list[Sums]:
        """What holds in each of these steps; most hold one price."""
        first, until = self.first_price[steps], self.first_price[steps + 1]
        counts = np.where(steps < 0, 0, until - first)
        alone = np.where(counts == 1, first, 0)
        amounts = self.amount[alone].tolist() if self.amount.size else [0] * len(steps)
        codes = self.currency[alone].tolist() if self.amount.size else [0] * len(steps)
        return [
            _NO_SUMS
            if not count
            else {self.currencies[code]: amount}
            if count == 1
            else self._sums(self._held(step))
            for step, count, amount, code in zip(
                steps.tolist(), counts.tolist(), amounts, codes, strict=True
            )
        ]

    def first_paid(self, since: datetime, until: datetime) -> set[UUID]:
        """Accounts that paid something for the first time in since <= at < until."""
        ids, at = self.first_payments()
        is_in = (at >= ticks_of(since)) & (at < ticks_of(until))
        return {account_of(ids[place]) for place in np.flatnonzero(is_in).tolist()}

    def first_payments(self) -> tuple[list[bytes], Ints]:
        """Who ever paid something, and when first, in microseconds since 1970."""
        steps = self.first_paying
        places = np.flatnonzero(steps < len(self.since))
        return [self.ids[place] for place in places.tolist()], self.since[steps[places]]

    @cached_property
    def first_paying(self) -> Ints:
        """Of each account its first step that holds a price; beyond all steps: none does."""
        paying = np.flatnonzero(np.diff(self.first_price) > 0)
        if not paying.size:
            return np.full(len(self.ids), len(self.since))
        place = np.searchsorted(paying, self.first_step[:-1])
        found = paying[np.minimum(place, paying.size - 1)]
        is_own = (place < paying.size) & (found < self.first_step[1:])
        return np.where(is_own, found, len(self.since))

    def _sums(self, held: _Held) -> Sums:
        sums: dict[str, int] = {}
        for _, amount, currency in held:
            code = self.currencies[currency]
            sums[code] = sums.get(code, 0) + amount
        return sums

    def of(self, accounts: Collection[UUID]) -> dict[UUID, KeptHistory]:
        """The histories of some."""
        wanted = {account.bytes for account in accounts}
        return {
            account_of(key): self.history(place)
            for place, key in enumerate(self.ids)
            if key in wanted
        }

    def began(self, since: datetime, until: datetime) -> dict[UUID, datetime]:
        """When accounts started, of those that did in since <= at < until."""
        ids, at = self._started, _ints(self._packed.started_at)
        is_in = (at >= ticks_of(since)) & (at < ticks_of(until))
        return {account_of(ids[n]): instant_of(int(at[n])) for n in np.flatnonzero(is_in).tolist()}

    def reached_by(self, accounts: Collection[UUID]) -> dict[UUID, Sequence[datetime]]:
        """What was reached when, by some."""
        wanted = {account.bytes for account in accounts}
        at, places = _ints(self._packed.reached_at), _places(_ints(self._packed.times)).tolist()
        return {
            account_of(key): [instant_of(each) for each in at[a:b].tolist()]
            for key, (a, b) in zip(self._reached, pairwise(places), strict=True)
            if key in wanted
        }

    def starts(self) -> tuple[list[bytes], Ints]:
        """Who started, and when, in microseconds since 1970."""
        return self._started, _ints(self._packed.started_at)

    @cached_property
    def _started(self) -> list[bytes]:
        return _ids(self._packed.started)

    @cached_property
    def _reached(self) -> list[bytes]:
        return _ids(self._packed.reached)

    def reached_first(self, until: datetime | None = None) -> dict[bytes, int]:
        """When what onboarding asks for was first reached, of those that did before an instant;
        in microseconds since 1970."""
        at, first = _ints(self._packed.reached_at), _places(_ints(self._packed.times))
        has_any = np.flatnonzero(np.diff(first) > 0)
        if not has_any.size:
            return {}
        earliest = np.minimum.reduceat(at, first[has_any])
        ids, ends = self._reached, ticks_of(until) if until else np.iinfo(np.int64).max
        return {
            ids[place]: ticks
            for place, ticks in zip(has_any.tolist(), earliest.tolist(), strict=True)
            if ticks < ends
        }

    def completed_in_time(self) -> dict[bytes, int]:
        """When those completed onboarding that did in time, in microseconds since 1970."""
        at = _ints(self._packed.completed_at).tolist()
        return dict(zip(_ids(self._packed.completed), at, strict=True))

    def decisions(self, since: date, until: date) -> Decisions:
        """Renewals that were decided in since <= day < until."""
        due, decided = _ints(self._packed.due), _ints(self._packed.decided)
        is_in = (decided >= since.toordinal()) & (decided < until.toordinal())
        places, ids = np.flatnonzero(is_in), self._packed.renewing
        return Decisions(
            [ids[16 * n : 16 * n + 16] for n in places.tolist()],
            due[places],
            decided[places],
            _ints(self._packed.is_kept)[places] > 0,
        )

    @cached_property
    def started_at(self) -> Mapping[UUID, datetime]:
        at = _ints(self._packed.started_at).tolist()
        keys = self._started
        return {account_of(key): instant_of(ticks) for key, ticks in zip(keys, at, strict=True)}

    @cached_property
    def in_time(self) -> Mapping[UUID, datetime]:
        found = self.completed_in_time().items()
        return {account_of(key): instant_of(ticks) for key, ticks in found}

    @cached_property
    def reached(self) -> Mapping[UUID, Sequence[datetime]]:
        return self.reached_by([account_of(key) for key in self._reached])

    def decided(self, since: date, until: date) -> Iterator[tuple[UUID, PastRenewal]]:
        """The same, each as what it was."""
        found = self.decisions(since, until)
        days = zip(found.due.tolist(), found.decided.tolist(), strict=True)
        for key, (due, decided), is_kept in zip(
            found.whose, days, found.is_kept.tolist(), strict=True
        ):
            yield account_of(key), _past(due, decided, is_kept)

    @cached_property
    def renewals(self) -> Mapping[UUID, Sequence[PastRenewal]]:
        found: dict[UUID, list[PastRenewal]] = defaultdict(list)
        for account, past in self.decided(date.min, date.max):
            found[account].append(past)
        return dict(found)


def pack(
    histories: Mapping[UUID, History],
    started_at: Mapping[UUID, datetime],
    reached: Mapping[UUID, Sequence[datetime]],
    renewals: Mapping[UUID, Sequence[PastRenewal]],
    in_time: Mapping[UUID, datetime],
) -> bytes:
    """The bytes of which `unpack` makes the same again. started_at, reached, in_time: of whatever
    accounts, when they started, when they reached what onboarding asks for, and when first, of
    those that did in time."""
    products, currencies = _Places(), _Places()
    steps = [
        (at, standing)
        for each in histories.values()
        for at, standing in zip(each.since, each.standings, strict=True)
    ]
    prices = [price for _, standing in steps for price in standing.held.items()]
    decided = [(account, past) for account, own in renewals.items() for past in own]
    packed = _Packed(
        VERSION,
        products.names,
        currencies.names,
        _joined(histories),
        _bytes(
            _NEVER if each.started_at is None else ticks_of(each.started_at)
            for each in histories.values()
        ),
        _bytes(len(each.since) for each in histories.values()),
        _bytes(ticks_of(at) for at, _ in steps),
        _bytes(len(standing.held) for _, standing in steps),
        _bytes(products.of(name) for name, _ in prices),
        _bytes(price.mrr_minor for _, price in prices),
        _bytes(currencies.of(price.currency) for _, price in prices),
        _joined(started_at),
        _bytes(ticks_of(at) for at in started_at.values()),
        _joined(reached),
        _bytes(len(own) for own in reached.values()),
        _bytes(ticks_of(at) for own in reached.values() for at in own),
        _joined(in_time),
        _bytes(ticks_of(at) for at in in_time.values()),
        _joined(account for account, _ in decided),
        _bytes(past.due_on.toordinal() for _, past in decided),
        _bytes(past.decided_on.toordinal() for _, past in decided),
        _bytes(past.outcome == "renewed" for _, past in decided),
    )
    return zlib.compress(_encode(packed), level=1)


def _joined(accounts: Iterable[UUID]) -> bytes:
    return b"".join(account.bytes for account in accounts)


def _bytes(numbers: Iterable[int]) -> bytes:
    return np.fromiter(numbers, np.dtype("<i8")).tobytes()


def _ints(packed: bytes) -> Ints:
    return np.frombuffer(packed, np.dtype("<i8"))


def _ids(packed: bytes) -> list[bytes]:
    return [packed[at : at + 16] for at in range(0, len(packed), 16)]


def _places(counts: Ints) -> Ints:
    """Where each begins, and after the last where the next would."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


_encode = msgspec.msgpack.encode


def unpack(packed: bytes) -> KeptBusiness | None:
    """None: it was packed in another form."""
    try:
        found = _DECODER.decode(zlib.decompress(packed))
    except (msgspec.DecodeError, zlib.error):
        return None
    if found.version != VERSION:
        return None
    return KeptBusiness(found)


_DECODER = msgspec.msgpack.Decoder(_Packed)


def _past(due: int, decided: int, is_kept: bool) -> PastRenewal:
    outcome = "renewed" if is_kept else "lost"
    return PastRenewal(date.fromordinal(due), date.fromordinal(decided), outcome, {}, {})  # type: ignore[arg-type]


def pack_counts(counts: Mapping[UUID, tuple[int, int]]) -> bytes:
    """Two numbers of each account."""
    rows = [(account.bytes, *both) for account, both in counts.items()]
    return zlib.compress(msgspec.msgpack.encode(rows), level=1)


def unpack_counts(packed: bytes) -> dict[UUID, tuple[int, int]]:
    """What was packed."""
    rows = _COUNTS.decode(zlib.decompress(packed))
    return {account_of(key): (one, other) for key, one, other in rows}


_COUNTS = msgspec.msgpack.Decoder(list[tuple[bytes, int, int]])


class KeptPeople:
    """Who was active in a month, by account: of each person who it is (a number, the same at all
    accounts, of this month alone), on which days, and whether in the local month at all."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        ids, counts, person, days = packed
        self.ids = _ids(ids)
        self.first = _places(_ints(counts))  # the people of account n are first[n] to first[n + 1]
        self.person, self._days = _ints(person), _ints(days)

    @cached_property
    def by_person(self) -> Ints:
        """Places in which each person stands together."""
        return np.argsort(self.person, kind="stable")

    @cached_property
    def days(self) -> Ints:
        """By person: bit n says that they were active on day n of the month, in UTC, from 0."""
        return self._days & (_IN_MONTH - 1)

    @cached_property
    def is_active(self) -> npt.NDArray[np.bool_]:
        return (self._days & _IN_MONTH) > 0


_IN_MONTH = 1 << 31


def pack_people(
    active: Mapping[UUID, Collection[UUID]], days: Mapping[UUID, Mapping[UUID, int]]
) -> bytes:
    """By account: who was active in the local month; and who on which days, see `KeptPeople`."""
    numbers: dict[UUID, int] = {}
    accounts = list({**active, **days})
    people = [
        [
            (
                numbers.setdefault(each, len(numbers)),
                days.get(account, {}).get(each, 0)
                | (_IN_MONTH if each in active.get(account, ()) else 0),
            )
            for each in {**dict.fromkeys(active.get(account, ())), **days.get(account, {})}
        ]
        for account in accounts
    ]
    packed = (
        _joined(accounts),
        _bytes(len(own) for own in people),
        _bytes(person for own in people for person, _ in own),
        _bytes(mask for own in people for _, mask in own),
    )
    return zlib.compress(_encode(packed), level=1)


def unpack_people(packed: bytes) -> KeptPeople:
    """What was packed."""
    return KeptPeople(_PEOPLE.decode(zlib.decompress(packed)))


_PEOPLE = msgspec.msgpack.Decoder(tuple[bytes, bytes, bytes, bytes])


class _Places:
    """Each name once, by its place."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._of: dict[str, int] = {}

    def of(self, name: str) -> int:
        place = self._of.get(name)
        if place is None:
            place = self._of[name] = len(self.names)
            self.names.append(name)
        return place


_UNKNOWN = SafeUUID.unknown


def account_of(digits: bytes) -> UUID:
    """Without the checks of what only ever was an identifier, in a third of the time."""
    found = object.__new__(UUID)
    object.__setattr__(found, "int", int.from_bytes(digits, "big"))
    object.__setattr__(found, "is_safe", _UNKNOWN)
    return found


@lru_cache(maxsize=64)
def ticks_of(instant: datetime) -> int:
    """Microseconds since 1970; a list asks every account for the same two instants."""
    if instant.utcoffset() is None:
        raise ValueError("instant: expected a time with an offset, got one without")
    return (instant - _EPOCH) // _TICK


def instant_of(ticks: int) -> datetime:
    """From microseconds since 1970."""
    return _EPOCH + ticks * _TICK
