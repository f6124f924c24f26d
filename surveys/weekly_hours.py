"""The hours of a weekday, as a person writes them: 9:00-12:00, 13:00-18:00."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from surveys.working_time import Hours

_BETWEEN = re.compile(r"\s*[-–—~〜]\s*")
_AND = re.compile(r"\s*[,、;]\s*|\s+(?=\d)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?")
_DAY = timedelta(days=1)


def read_hours(text: str) -> tuple[Hours, ...]:
    """Intervals in order; empty for a day off. ValueError says which piece cannot be read.

    24:00 is the midnight at which the day ends; an interval that ends no later than it begins
    goes on into the next day. Full-width digits and signs are read, too.

    >>> [(str(since), str(until)) for since, until in read_hours("9-12, 13:00〜18:30")]
    [('09:00:00', '12:00:00'), ('13:00:00', '18:30:00')]
    """
    plain = _BETWEEN.sub("-", unicodedata.normalize("NFKC", text).strip())
    pieces = [piece for piece in _AND.split(plain) if piece]
    return tuple(sorted(_interval(piece) for piece in pieces))


def _interval(piece: str) -> Hours:
    since, _sep, until = piece.partition("-")
    if not until:
        raise ValueError(f"expected hours such as 9:00-18:00, got {piece!r}")
    return _time(since, piece), _time(until, piece)


def _time(text: str, piece: str) -> time:
    found = _CLOCK.fullmatch(text)
    if found is not None:
        hour, minute = int(found[1]), int(found[2] or 0)
        if hour < 24 and minute < 60:
            return time(hour, minute)
        if (hour, minute) == (24, 0):
            return time(0)
    raise ValueError(f"expected a time such as 9:00, got {text!r} in {piece!r}")


def written(hours: Iterable[Hours]) -> str:
    """The counterpart of `read_hours`.

    >>> written(read_hours("9-12, 13-24"))
    '09:00-12:00, 13:00-24:00'
    """
    return ", ".join(
        f"{since:%H:%M}-{'24:00' if until == time(0) else format(until, '%H:%M')}"
        for since, until in hours
    )


def hours_a_week(hours: Mapping[int, Sequence[Hours]]) -> float:
    """Hours of work in a week without holidays; overlapping intervals count twice.

    >>> hours_a_week({0: read_hours("9-12, 13-18"), 4: read_hours("22-6")})
    16.0
    """
    lengths = (_length(each) for of_day in hours.values() for each in of_day)
    return sum(lengths, timedelta()) / timedelta(hours=1)


def _length(interval: Hours) -> timedelta:
    since, until = (datetime.combine(date.min, each) for each in interval)
    return until - since if until > since else until - since + _DAY
