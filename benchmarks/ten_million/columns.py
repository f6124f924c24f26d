"""Columns of many rows at once, as both databases take them: ids, instants, digests as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

Numbers = np.ndarray[Any, Any]
_DAY, _HOUR = 86_400, 3_600


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a table by column; each column is a list of text, numbers or None."""

    table: str
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def hex_lines(raw: bytes, bytes_each: int) -> list[str]:
    """Bytes as hexadecimal text, cut into equal pieces."""
    text, width = raw.hex(), 2 * bytes_each
    return [text[start : start + width] for start in range(0, len(text), width)]


def ids_at(rng: np.random.Generator, seconds: Numbers) -> list[str]:
    """Time-ordered ids (RFC 9562, version 7) of these instants (s since 1970), 32 digits each."""
    count = len(seconds)
    raw = np.frombuffer(rng.bytes(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    milliseconds = seconds.astype(np.int64) * 1000 + rng.integers(0, 1000, count)
    raw[:, :6] = milliseconds.astype(">u8").view(np.uint8).reshape(count, 8)[:, 2:]
    raw[:, 6] = raw[:, 6] & 0x0F | 0x70
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    return hex_lines(raw.tobytes(), 16)


def digests(rng: np.random.Generator, count: int) -> list[str]:
    """What stands for the digest of a received body: 64 digits each."""
    return hex_lines(rng.bytes(32 * count), 32)


def instants(seconds: Numbers) -> list[str]:
    """UTC instants (s since 1970) as `2026-01-31 08:09:10.000000`."""
    days, rest = np.divmod(seconds.astype(np.int64), _DAY)
    names = {day: date.fromordinal(719_163 + day).isoformat() for day in np.unique(days).tolist()}
    times = _times_of_day()
    return [
        names[day] + times[second] for day, second in zip(days.tolist(), rest.tolist(), strict=True)
    ]


@cache
def _times_of_day() -> list[str]:
    return [
        f" {second // _HOUR:02}:{second // 60 % 60:02}:{second % 60:02}.000000"
        for second in range(_DAY)
    ]


def iso_instants(seconds: Numbers) -> list[str]:
    """The same as facts remember them: `2026-01-31T08:09:10+00:00`."""
    return [f"{text[:10]}T{text[11:19]}+00:00" for text in instants(seconds)]


def utc_offsets(seconds: Numbers, zone: str) -> Numbers:
    """Seconds that clocks of a zone are ahead at these instants; they change at whole UTC hours."""
    hours = seconds.astype(np.int64) // _HOUR
    first, last = (int(hours.min()), int(hours.max())) if len(hours) else (0, 0)
    years = range(
        datetime.fromtimestamp(first * _HOUR, tz=UTC).year,
        datetime.fromtimestamp(last * _HOUR, tz=UTC).year + 1,
    )
    starts, ahead = zip(*(_offsets_of_year(zone, year) for year in years), strict=True)
    return np.concatenate(ahead)[hours - starts[0]]


@cache
def _offsets_of_year(zone: str, year: int) -> tuple[int, Numbers]:
    """First UTC hour of a year (hours since 1970), and the offset in each of its hours."""
    place = ZoneInfo(zone)
    first, after = (
        int(datetime(of, 1, 1, tzinfo=UTC).timestamp()) // _HOUR for of in (year, year + 1)
    )
    ahead = [
        (datetime.fromtimestamp(hour * _HOUR, tz=place).utcoffset() or timedelta()).total_seconds()
        for hour in range(first, after)
    ]
    return first, np.array(ahead, dtype=np.int64)


def local_days(seconds: Numbers, zone: str) -> Numbers:
    """Local days (days since 1970) of UTC instants."""
    return (seconds + utc_offsets(seconds, zone)) // _DAY


def day_name(day: int) -> str:
    """Days since 1970 as an ISO date."""
    return date.fromordinal(719_163 + day).isoformat()


def pieces(facts: Mapping[str, Any]) -> str:
    """Facts as the inside of a JSON object, to be put together with others by a comma.

    >>> pieces({"plan": "pro", "sso": True})
    '"plan": "pro", "sso": true'
    """
    return json.dumps(dict(facts), ensure_ascii=False)[1:-1]


def pick(rng: np.random.Generator, odds: Mapping[str, float], count: int) -> Numbers:
    """Indices into the names of `odds`, drawn by them."""
    weights = np.cumsum(list(odds.values()))
    return np.searchsorted(weights / weights[-1], rng.random(count), side="right")
