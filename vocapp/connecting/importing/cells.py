"""What the text of a cell means; the other direction is `exporting.cells`."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_BETWEEN = re.compile(r"[,;/、，；／]")
_YES = frozenset(("true", "yes", "y", "1", "x", "はい", "○", "済"))
_NO = frozenset(("false", "no", "n", "0", "いいえ", "×"))
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def attribute_value(text: str) -> str | bool | int | float:
    """Numbers and true/false as such, anything else as text; quoted text is always text.

    >>> [attribute_value(text) for text in ("12", "007", "true", '"5"')]
    [12, '007', True, '5']
    """
    if text in {"true", "false"}:
        return text == "true"
    if _WHOLE.fullmatch(text) and text != "-0":
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _quoted(text) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _quoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def whole_number(text: str) -> int | str:
    """A whole number, in full width or with thousands separators, too; else the text itself.

    >>> whole_number("９"), whole_number("120,000"), whole_number("9.0"), whole_number("nine")
    (9, 120000, 9, 'nine')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    plain = plain.removesuffix(".0")
    return int(plain) if _WHOLE.fullmatch(plain) else text


def words(text: str) -> list[str]:
    """What stands between commas, semicolons or strokes, also full-width ones.

    >>> words("Champion、決裁者 / IT")
    ['Champion', '決裁者', 'IT']
    """
    return [word for part in _BETWEEN.split(text) if (word := part.strip())]


def yes_or_no(text: str) -> bool | str:
    """Yes or no in the ways in which files say it; else the text itself.

    >>> yes_or_no("Yes"), yes_or_no("いいえ"), yes_or_no("perhaps")
    (True, False, 'perhaps')
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return plain in _YES if plain in _YES | _NO else text


def day(text: str) -> str:
    """A day as ISO 8601, also from 2026/4/1 and 2026年4月1日; else the text itself.

    >>> day("2026年4月1日"), day("1/2/2026")
    ('2026-04-01', '1/2/2026')
    """
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return text
    year, month, day_of_month = map(int, found.groups())
    return f"{year:04}-{month:02}-{day_of_month:02}"


def instant(text: str, zone: ZoneInfo) -> str:
    """An instant with offset; one without is local, and a day alone is its first moment.

    Raises ValueError with what would do: 1/2/2026 is two different days.

    >>> instant("2026/11/1 9:00", ZoneInfo("Asia/Tokyo"))
    '2026-11-01T00:00:00+00:00'
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        found = _read_instant(plain)
    except ValueError as exc:
        raise ValueError("expected a time such as 2026-11-01T09:00:00+09:00, or a day") from exc
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC).isoformat()
    except OverflowError as exc:
        raise ValueError("the year is out of range") from exc


def _read_instant(plain: str) -> datetime:
    found = _DAY.match(plain)
    rest = plain[found.end() :].strip() if found else ""
    time = _TIME.fullmatch(rest)
    if found is None or (rest and time is None):
        return datetime.fromisoformat(plain)
    local_day = date(*map(int, found.groups()))
    hour, minute, second = (int(part or 0) for part in time.groups()) if time else (0, 0, 0)
    return datetime(local_day.year, local_day.month, local_day.day, hour, minute, second)  # noqa: DTZ001 - the zone follows
