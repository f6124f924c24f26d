"""All histories of a business as one piece of bytes, read in a fraction of the time that it takes
to make them from changes.

What an account paid is made of the bytes only where it is asked for: a list of a month asks for
two instants of each account, whatever it paid in ten years.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from uuid import UUID, SafeUUID

import msgspec

from surveys.renewals import PastRenewal
from surveys.subscriptions import NOTHING, History, Price, Standing

VERSION = 1  # of the form of the bytes
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

_Held = list[tuple[int, int, int]]  # place of the product, amount, place of the currency
_Account = tuple[bytes, int | None, list[int], list[_Held]]  # id, start, since, what held
_Started = tuple[bytes, int]
_Reached = tuple[bytes, list[int]]
_Renewal = tuple[int, int, bool]  # ordinals of the days, whether it was kept
_Renewals = tuple[bytes, list[_Renewal]]

_ACCOUNTS = msgspec.msgpack.Decoder(list[_Account])
_STARTED = msgspec.msgpack.Decoder(list[_Started])
_REACHED = msgspec.msgpack.Decoder(list[_Reached])
_RENEWALS = msgspec.msgpack.Decoder(list[_Renewals])

Sums = Mapping[str, int]  # what is paid, by currency
_NO_SUMS: Sums = {}


class _Packed(msgspec.Struct, array_like=True):
    """Each part is read by itself, as most of what is asked needs one of them."""

    version: int
    products: list[str]
    currencies: list[str]
    accounts: msgspec.Raw  # list[_Account]
    started: msgspec.Raw  # list[_Started]
    reached: msgspec.Raw  # list[_Reached]
    renewals: msgspec.Raw  # list[_Renewals]


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
        return None if self._started is None else _instant(self._started)

    @property
    def first_paid_at(self) -> datetime | None:
        for place, ticks in enumerate(self._since):
            if self._standing(place).held:
                return _instant(ticks)
        return None

    def has_begun(self, instant: datetime) -> bool:
        return self._since[0] < _ticks(instant)

    def before(self, instant: datetime) -> Standing:
        place = bisect_left(self._since, _ticks(instant))
        return self._standing(place - 1) if place else NOTHING

    def left_at(self, instant: datetime) -> datetime | None:
        place = bisect_left(self._since, _ticks(instant))
        if not place or not self._standing(place - 1).paid_in:
            return None
        left = None
        while place and not self._standing(place - 1).held:
            place -= 1
            left = _instant(self._since[place])
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


class KeptBusiness:
    """What was kept of all accounts, each part made when it is asked for.

    Of a renewal nothing but its days and what came of it was kept.
    """

    def __init__(self, packed: _Packed) -> None:
        self._packed = packed

    @cached_property
    def _accounts(self) -> list[_Account]:
        return _ACCOUNTS.decode(self._packed.accounts)

    @cached_property
    def _renewals(self) -> list[_Renewals]:
        return _RENEWALS.decode(self._packed.renewals)

    @cached_property
    def _names(self) -> _Names:
        return _Names(self._packed.products, self._packed.currencies)

    @cached_property
    def histories(self) -> Mapping[UUID, KeptHistory]:
        return {
            _key(key): KeptHistory(started, since, held, self._names)
            for key, started, since, held in self._accounts
        }

    def moved(
        self, start: datetime, end: datetime, may: Callable[[Sums, Sums], bool]
    ) -> dict[UUID, KeptHistory]:
        """Of accounts that hold something else at the end, where `may` says of what they paid at
        both instants that they may be looked for; nothing is made of others."""
        first, last = _ticks(start), _ticks(end)
        found = {}
        for key, started, since, steps in self._accounts:
            if since[-1] < first:
                continue
            one, other = bisect_left(since, first), bisect_left(since, last)
            before, after = steps[one - 1] if one else [], steps[other - 1] if other else []
            # In which order products were taken up makes no difference.
            is_other = before != after and sorted(before) != sorted(after)
            if is_other and may(self._sums(before), self._sums(after)):
                found[_key(key)] = KeptHistory(started, since, steps, self._names)
        return found

    def paid(
        self, start: datetime, end: datetime, among: Collection[UUID] | None = None
    ) -> dict[UUID, tuple[Sums, Sums]]:
        """What accounts (those among some, None: all) paid at both instants, by currency, of those
        that paid at either."""
        first, last = _ticks(start), _ticks(end)
        wanted = None if among is None else {account.bytes for account in among}
        found = {}
        for key, _, since, steps in self._accounts:
            if wanted is not None and key not in wanted:
                continue
            one, other = bisect_left(since, first), bisect_left(since, last)
            before = self._sums(steps[one - 1]) if one else _NO_SUMS
            after = before
            if other != one:
                after = self._sums(steps[other - 1]) if other else _NO_SUMS
            if before or after:
                found[_key(key)] = before, after
        return found

    def first_paid(self, since: datetime, until: datetime) -> set[UUID]:
        """Accounts that paid something for the first time in since <= at < until."""
        first, last = _ticks(since), _ticks(until)
        return {
            _key(key)
            for key, _, steps, held in self._accounts
            if steps[-1] >= first
            and first <= next((at for at, own in zip(steps, held, strict=True) if own), last) < last
        }

    def _sums(self, held: _Held) -> Sums:
        currencies = self._packed.currencies
        if not held:
            return _NO_SUMS
        if len(held) == 1:
            return {currencies[held[0][2]]: held[0][1]}
        sums: dict[str, int] = {}
        for _, amount, currency in held:
            code = currencies[currency]
            sums[code] = sums.get(code, 0) + amount
        return sums

    def of(self, accounts: Collection[UUID]) -> dict[UUID, KeptHistory]:
        """The histories of some."""
        wanted = {account.bytes for account in accounts}
        return {
            _key(key): KeptHistory(started, since, held, self._names)
            for key, started, since, held in self._accounts
            if key in wanted
        }

    def began(self, since: datetime, until: datetime) -> dict[UUID, datetime]:
        """When accounts started, of those that did in since <= at < until."""
        first, last = _ticks(since), _ticks(until)
        return {
            _key(key): _instant(at)
            for key, at in _STARTED.decode(self._packed.started)
            if first <= at < last
        }

    def reached_by(self, accounts: Collection[UUID]) -> dict[UUID, Sequence[datetime]]:
        """What was reached when, by some."""
        wanted = {account.bytes for account in accounts}
        return {
            _key(key): [_instant(at) for at in own]
            for key, own in _REACHED.decode(self._packed.reached)
            if key in wanted
        }

    @cached_property
    def started_at(self) -> Mapping[UUID, datetime]:
        return {_key(key): _instant(ticks) for key, ticks in _STARTED.decode(self._packed.started)}

    @cached_property
    def reached(self) -> Mapping[UUID, Sequence[datetime]]:
        return {
            _key(key): [_instant(at) for at in own]
            for key, own in _REACHED.decode(self._packed.reached)
        }

    def decided(self, since: date, until: date) -> Iterator[tuple[UUID, PastRenewal]]:
        """Renewals that were decided in since <= day < until, and whose."""
        first, last = since.toordinal(), until.toordinal()
        for key, own in self._renewals:
            for each in own:
                if first <= each[1] < last:
                    yield _key(key), _past(*each)

    @cached_property
    def renewals(self) -> Mapping[UUID, Sequence[PastRenewal]]:
        return {_key(key): [_past(*each) for each in own]
                for key, own in self._renewals}  # fmt: skip


def pack(
    histories: Mapping[UUID, History],
    started_at: Mapping[UUID, datetime],
    reached: Mapping[UUID, Sequence[datetime]],
    renewals: Mapping[UUID, Sequence[PastRenewal]],
) -> bytes:
    """The bytes of which `unpack` makes the same again. started_at, reached: of whatever accounts,
    when they started, and when they reached what onboarding asks for."""
    products, currencies = _Places(), _Places()
    accounts = [
        (
            account.bytes,
            None if each.started_at is None else _ticks(each.started_at),
            [_ticks(at) for at in each.since],
            [
                [
                    (products.of(name), price.mrr_minor, currencies.of(price.currency))
                    for name, price in standing.held.items()
                ]
                for standing in each.standings
            ],
        )
        for account, each in histories.items()
    ]
    started = [(account.bytes, _ticks(at)) for account, at in started_at.items()]
    milestones = [(account.bytes, [_ticks(at) for at in own]) for account, own in reached.items()]
    decided = [(account.bytes, [_renewal(each) for each in own])
               for account, own in renewals.items()]  # fmt: skip
    parts = [msgspec.Raw(_encode(part)) for part in (accounts, started, milestones, decided)]
    packed = _Packed(VERSION, products.names, currencies.names, *parts)
    return zlib.compress(_encode(packed), level=1)


_encode = msgspec.msgpack.encode


def _renewal(past: PastRenewal) -> _Renewal:
    return past.due_on.toordinal(), past.decided_on.toordinal(), past.outcome == "renewed"


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
    return {_key(key): (one, other) for key, one, other in rows}


_COUNTS = msgspec.msgpack.Decoder(list[tuple[bytes, int, int]])


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


def _key(digits: bytes) -> UUID:
    """Without the checks of what only ever was an identifier, in a third of the time."""
    found = object.__new__(UUID)
    object.__setattr__(found, "int", int.from_bytes(digits, "big"))
    object.__setattr__(found, "is_safe", _UNKNOWN)
    return found


@lru_cache(maxsize=64)
def _ticks(instant: datetime) -> int:
    """Microseconds since 1970; a list asks every account for the same two instants."""
    if instant.utcoffset() is None:
        raise ValueError("instant: expected a time with an offset, got one without")
    return (instant - _EPOCH) // _TICK


def _instant(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK
