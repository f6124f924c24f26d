"""What accounts did as it was known at a past instant: uses, log-ins, active people, milestones.

An event is known from when it came in, until a correction of it came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOUR_S, DAY_S = 3600, 86400


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """An event as it was received. account, contact: numbers from 0; contact -1: nobody named.

    received: the order of arrival. received_at: when.
    """

    id: str
    type: str
    account: int
    contact: int
    count: int
    at: datetime
    received: int
    received_at: datetime
    supersedes: str | None = None


def known_until(events: Sequence[LedgerEvent]) -> list[datetime | None]:
    """Of each event the instant from which on it counts no longer, None where it still does.

    One that another names in `supersedes` counts until that came in; of two corrections of the
    same event the earlier received one until the later came in.
    """
    corrections: dict[str, list[LedgerEvent]] = {}
    for each in events:
        if each.supersedes is not None:
            corrections.setdefault(each.supersedes, []).append(each)
    found: list[datetime | None] = []
    for each in events:
        ends = [other.received_at for other in corrections.get(each.id, ())]
        if each.supersedes is not None:
            rivals = corrections[each.supersedes]
            ends += [other.received_at for other in rivals if other.received > each.received]
        found.append(min(ends, default=None))
    return found


@dataclass(frozen=True, slots=True)
class Periods:
    """Of each account, shape (accounts,): in the last period and in the ones before together."""

    now: Numbers
    before: Numbers


@dataclass(frozen=True, slots=True)
class ActivityKnown:
    """Events in columns, shape (events,); instants in seconds of Unix time."""

    accounts: int
    type: npt.NDArray[np.str_]
    account: Numbers
    contact: Numbers
    count: Numbers
    at: Floats
    since: Floats
    until: Floats

    @classmethod
    def of(cls, events: Sequence[LedgerEvent], *, accounts: int) -> ActivityKnown:
        ends = known_until(events)
        return cls(
            accounts,
            np.array([each.type for each in events], dtype=np.str_),
            np.array([each.account for each in events], np.int64),
            np.array([each.contact for each in events], np.int64),
            np.array([each.count for each in events], np.int64),
            np.array([each.at.timestamp() for each in events], float),
            np.array([each.received_at.timestamp() for each in events], float),
            np.array([inf if end is None else end.timestamp() for end in ends], float),
        )

    def known(self, instant: datetime) -> Flags:
        """Which of the events had happened, were known, and were not corrected yet."""
        now = instant.timestamp()
        return (self.at <= now) & (self.since <= now) & (now < self.until)

    def uses(self, instant: datetime, *, days: int, periods_before: int) -> Periods:
        """Uses by whole UTC hours, the one that runs included."""
        end = _floor(instant.timestamp(), HOUR_S) + HOUR_S
        chosen = self.known(instant) & (self.type == "usage")
        hour = self.at - self.at % HOUR_S
        return self._summed(chosen, end - hour - HOUR_S, days * DAY_S, periods_before)

    def people(self, instant: datetime, *, days: int, periods_before: int) -> Periods:
        """People by whole UTC days, each once in a period."""
        end = _floor(instant.timestamp(), DAY_S) + DAY_S
        chosen = self.known(instant) & (self.contact >= 0)
        chosen &= np.isin(self.type, ("usage", "login"))
        age = end - DAY_S - (self.at - self.at % DAY_S)
        back = (age // (days * DAY_S)).astype(np.int64)
        chosen &= back <= periods_before
        seen = np.column_stack([self.account[chosen], self.contact[chosen], back[chosen]])
        each = np.unique(seen, axis=0)
        is_now = each[:, 2] == 0
        return Periods(self._counted(each[is_now, 0]), self._counted(each[~is_now, 0]))

    def last_login_hours(self, instant: datetime) -> list[datetime | None]:
        """The UTC hour of the last log-in of each account."""
        chosen = self.known(instant) & (self.type == "login")
        last = np.full(self.accounts, -inf)
        np.maximum.at(last, self.account[chosen], self.at[chosen])
        return [
            None if at == -inf else datetime.fromtimestamp(_floor(at, HOUR_S), UTC)
            for at in last.tolist()
        ]

    def reached(self, instant: datetime) -> Flags:
        """Which accounts have reached the milestone, of those events that are typed so."""
        found = np.zeros(self.accounts, bool)
        found[self.account[self.known(instant) & (self.type == "milestone")]] = True
        return found

    def logged_in(self, instant: datetime, since: Sequence[datetime | None], wanted: int) -> Flags:
        """Which accounts had so many log-ins from an instant of each on (None: none count)."""
        first = np.array([inf if each is None else each.timestamp() for each in since], float)
        chosen = self.known(instant) & (self.type == "login") & (self.at >= first[self.account])
        sums = np.bincount(
            self.account[chosen], self.count[chosen], minlength=self.accounts
        )  # fmt: skip
        return np.asarray(sums >= wanted)

    def _summed(self, chosen: Flags, age: Floats, period_s: int, periods_before: int) -> Periods:
        is_now = chosen & (age < period_s)
        is_before = chosen & (age >= period_s) & (age < period_s * (periods_before + 1))
        return Periods(
            *(
                np.bincount(self.account[part], self.count[part], minlength=self.accounts).astype(
                    np.int64
                )
                for part in (is_now, is_before)
            )
        )

    def _counted(self, accounts: Numbers) -> Numbers:
        return np.bincount(accounts, minlength=self.accounts)


def _floor(seconds: float, unit: int) -> float:
    return seconds - seconds % unit
