"""What was said over time of one fact or attribute, of all accounts of a large business.

Of most accounts one thing alone was ever said, which holds for all time. The database puts those of
which the same was said together, and gives them as one text: as twenty thousand rows, most of the
time would go into reading them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Text, case, cast, func, select
from sqlalchemy.orm import Session

from surveys.kept_histories import Ints
from vocapp.database import json_within, length_within, read_json
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account

Entries = Sequence[Sequence[Any]]  # what was said since when
ValueOf = Callable[[bytes], Collection[str | None]]
_NO_VALUE: tuple[None] = (None,)


@dataclass(frozen=True, slots=True)
class SaidAbout:
    """By the bytes of the account. steady: of accounts of which one thing alone was ever said, its
    place in `values`; in_turn: of the others what was said since when."""

    values: Sequence[tuple[str]]
    steady: Mapping[bytes, int]
    in_turn: Mapping[bytes, Entries]

    @classmethod
    def of(cls, told: Iterable[tuple[Entries, Sequence[bytes]]]) -> SaidAbout:
        """told: what was said since when, and of which accounts."""
        places: dict[str, int] = {}
        steady: dict[bytes, int] = {}
        in_turn: dict[bytes, Entries] = {}
        for entries, accounts in told:
            if len(entries) > 1:
                in_turn |= dict.fromkeys(accounts, entries)
            elif entries and (value := entries[0][1]) is not None:
                steady |= dict.fromkeys(accounts, places.setdefault(str(value), len(places)))
        return cls([(value,) for value in places], steady, in_turn)

    def values_at(self, instant: datetime) -> ValueOf:
        """The value that an account had at an instant, alone; None where it had none."""

        def values(account: bytes) -> Collection[str | None]:
            place = self.steady.get(account)
            if place is not None:
                return self.values[place]
            entries = self.in_turn.get(account)
            found = value_at({"": entries}, "", instant) if entries else None
            return _NO_VALUE if found is None else (str(found),)

        return values

    def split(self, accounts: Sequence[bytes], instant: datetime) -> dict[str | None, Ints]:
        """By the value that they had at an instant, the places of accounts in order."""
        steady, values_at = self.steady, self.values_at(instant)
        of_steady = np.array([steady.get(account, -1) for account in accounts], np.int64)
        others: dict[str | None, list[int]] = defaultdict(list)
        for place in np.flatnonzero(of_steady < 0).tolist():
            for value in values_at(accounts[place]):
                others[value].append(place)
        found: dict[str | None, Ints] = {
            value: np.array(places, np.int64) for value, places in others.items()
        }
        counts = np.bincount(of_steady + 1, minlength=1)[1:]  # -1 is of the others
        for number in np.flatnonzero(counts).tolist():
            (value,) = self.values[number]
            own = np.flatnonzero(of_steady == number)
            found[value] = np.union1d(own, found[value]) if value in found else own
        return found


def said_about(session: Session, workspace_id: UUID, name: str) -> SaidAbout:
    """Of one fact or attribute."""
    if set('"\\\0') & set(name):  # no path of a database has these
        every = session.execute(
            select(Account.id, Account.fact_history).where(Account.workspace_id == workspace_id)
        )
        return SaidAbout.of(
            ((history or {}).get(name, ()), [account.bytes]) for account, history in every
        )
    history = Account.fact_history
    count = length_within(session, history, name)
    each = (
        select(
            Account.id,
            case((count == 1, json_within(session, history, name, 0, 1))).label("alone"),
            case((count > 1, json_within(session, history, name))).label("in_turn"),
        )
        .where(Account.workspace_id == workspace_id, count > 0)
        .subquery()
    )
    rows = session.execute(
        select(each.c.alone, each.c.in_turn, joined_keys(each.c.id)).group_by(
            each.c.alone, each.c.in_turn
        )
    )
    return SaidAbout.of(
        ([["", read_json(alone)]] if in_turn is None else read_json(in_turn), keys_of(whose))
        for alone, in_turn, whose in rows
    )


def joined_keys(of: ColumnElement[UUID]) -> ColumnElement[str]:
    """The identifiers of a group after one another; `keys_of` takes them apart. A value a row would
    cost its own object each."""
    return func.aggregate_strings(cast(of, Text), "")


def keys_of(joined: str) -> list[bytes]:
    """Of `joined_keys`, as the database writes them: 16 bytes each."""
    every = bytes.fromhex(joined.replace("-", ""))
    return [every[at : at + 16] for at in range(0, len(every), 16)]
