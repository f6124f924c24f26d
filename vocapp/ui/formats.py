"""How numbers, scores, money and times are written in the language of the person who reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import flask_babel
from babel import Locale, dates, lists, numbers

from vocapp.translating import current_locale, gettext

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
METRIC_NAMES = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}
DEFAULT_DIGITS = {"nps": 0, "csat": 0, "ces": 1, "share": 0, "ratio": 1}
_REMEMBERED = 16_384  # a page writes hundreds of numbers, the next one mostly the same

Number = int | float | Decimal
Style = Literal["short", "medium", "long", "full"]
ListStyle = Literal["standard", "standard-narrow"]
Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]
_NEARLY_ONE = 0.99  # of a unit: then it is told in that unit


def _pattern(digits: int, grouping: str = "#,##0") -> str:
    return f"{grouping}.{'0' * digits}" if digits else grouping


def _exactly(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


@lru_cache(_REMEMBERED)
def _rounded(value: Number, digits: int) -> Decimal:
    """Half away from zero, and never a negative zero: −0.2 points are written 0."""
    exact = _exactly(value)
    step = Decimal(1).scaleb(-digits)
    magnitude = abs(exact).quantize(step, rounding="ROUND_HALF_UP")
    return magnitude if exact >= 0 or not magnitude else -magnitude


def metric_name(metric: str) -> str:
    """The name people use for a metric.

    >>> metric_name("nps")
    'NPS'
    """
    return gettext("Share") if metric in {"share", "ratio"} else METRIC_NAMES[metric]


def language_choices(*first: str) -> list[tuple[str, str]]:
    """Languages of two letters by name in the reader's language, these first."""
    two = [(code, name) for code, name in current_locale().languages.items() if len(code) == 2]
    return sorted(two, key=lambda each: (each[0] not in first, each[1].casefold()))


def language_name(code: str) -> str:
    """A language in the language of the reader; its code where that has no name for it."""
    return current_locale().languages.get(code, code)


def word_list(words: Sequence[str], style: ListStyle = "standard") -> str:
    """Words one after another, with the marks of the language between them; "" of none.

    style: "standard-narrow" has no word for "and".

    >>> word_list(["mail", "chat"]), word_list(["mail", "chat"], "standard-narrow"), word_list([])
    ('mail and chat', 'mail, chat', '')
    """
    # All locales have the narrow style; only Babel's annotation does not know it.
    text: str = lists.format_list(
        words,
        style=style,  # type: ignore[arg-type]
        locale=current_locale(),
    )
    return text


def number(value: Number | None, digits: int = 0) -> str:
    """A plain number with the language's separators; a dash where there is none."""
    if value is None:
        return NOTHING
    return _decimal(_rounded(value, digits), digits, current_locale())


@lru_cache(_REMEMBERED)
def _decimal(rounded: Decimal, digits: int, locale: Locale) -> str:
    text = numbers.format_decimal(rounded, format=_pattern(digits), locale=locale)
    return text.replace("-", MINUS)


def compact_number(value: Number | None) -> str:
    """A number for tight places: 12K in English, 1.2万 in Japanese; exact below 10,000."""
    if value is None or abs(float(value)) < 10_000:
        return number(value)
    text: str = numbers.format_compact_decimal(value, locale=current_locale(), fraction_digits=1)
    return text.replace("-", MINUS)


def percent(share: Number | None, digits: int = 0) -> str:
    """A share in 0..1 as a percentage; a dash where there is none."""
    if share is None:
        return NOTHING
    return _percentage(_rounded(_exactly(share) * 100, digits), digits, current_locale())


@lru_cache(_REMEMBERED)
def _percentage(rounded: Decimal, digits: int, locale: Locale) -> str:
    text = numbers.format_percent(
        rounded / 100, format=_pattern(digits) + "%", locale=locale, decimal_quantization=False
    )
    return text.replace("-", MINUS)


def score_text(value: Number | None, metric: str, digits: int | None = None) -> str:
    """A score as it is spoken of: NPS +31, CSAT 78%, CES 5.4; a dash where there is none.

    value: points in -100..100 (nps), percent in 0..100 (csat, share), of 0 and above (ratio),
    mean in 1..7 (ces). Raises KeyError on another metric.
    """
    places = DEFAULT_DIGITS[metric] if digits is None else digits
    if value is None:
        return NOTHING
    if metric in {"csat", "share", "ratio"}:
        return percent(Decimal(str(value)) / 100, places)
    text = number(value, places)
    return f"+{text}" if metric == "nps" and _rounded(value, places) > 0 else text


def difference_text(value: Number | None, metric: str) -> str:
    """How far one score lies above another, always with its sign, in the metric's unit.

    A difference of shares is in percentage points, which a "%" would make a ratio of: no unit.
    """
    if value is None:
        return NOTHING
    digits = DEFAULT_DIGITS[metric]
    text = number(value, digits)
    return f"+{text}" if _rounded(value, digits) > 0 else text


def signed_points(value: Number | None) -> str:
    """Points with a sign, to one digit; a dash where there is nothing to compare.

    >>> signed_points(-4.42), signed_points(-0.01), signed_points(None)
    ('−4.4', '0.0', '–')
    """
    if value is None:
        return NOTHING
    text = number(value, 1)
    return f"+{text}" if _rounded(value, 1) > 0 else text


def money_minor(amount_minor: int | None, currency: str) -> str:
    """Money from integer minor units and an ISO 4217 code: 1234500 JPY is ¥1,234,500."""
    if amount_minor is None:
        return NOTHING
    return _money(amount_minor, currency, current_locale())


@lru_cache(_REMEMBERED)
def _money(amount_minor: int, currency: str, locale: Locale) -> str:
    precision = numbers.get_currency_precision(currency)
    amount = Decimal(amount_minor).scaleb(-precision)
    text: str = numbers.format_currency(amount, currency, locale=locale)
    return text.replace("-", MINUS)


def money_short(amount_minor: int | None, currency: str) -> str:
    """Money where its interval says that more digits would mean nothing: $1.2M, and $6,670."""
    if amount_minor is None:
        return NOTHING
    return _money_short(amount_minor, currency, current_locale())


@lru_cache(_REMEMBERED)
def _money_short(amount_minor: int, currency: str, locale: Locale) -> str:
    amount = Decimal(amount_minor).scaleb(-numbers.get_currency_precision(currency))
    if abs(amount) < 10_000:  # Japanese has no short form below 万, and would show €6669.6
        pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0")
        text: str = numbers.format_currency(
            _rounded(amount, 0), currency, pattern, locale=locale, currency_digits=False
        )
    else:
        text = numbers.format_compact_currency(amount, currency, fraction_digits=1, locale=locale)
    return text.replace("-", MINUS)


def _aware(value: datetime) -> datetime:
    """Stored times are UTC; SQLite gives them back without saying so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def local_datetime(value: datetime | None, style: Style = "medium") -> str:
    """A moment on the reader's clock, to the minute; style is that of the date: short..full."""
    if value is None:
        return NOTHING
    moment, locale = flask_babel.to_user_timezone(_aware(value)), current_locale()
    day, clock = _day(moment.date(), style, locale), _clock(moment.hour, moment.minute, locale)
    return _joined(style, locale).replace("{1}", day).replace("{0}", clock)


def local_time(value: datetime) -> str:
    """A moment of today on the reader's clock, to the minute."""
    moment = flask_babel.to_user_timezone(_aware(value))
    return _clock(moment.hour, moment.minute, current_locale())


@lru_cache(_REMEMBERED)
def _clock(hour: int, minute: int, locale: Locale) -> str:
    return str(dates.format_time(time(hour, minute), "short", locale=locale))


@lru_cache
def _joined(style: Style, locale: Locale) -> str:
    return str(dates.get_datetime_format(style, locale=locale)).replace("'", "")


def local_date(value: date | None, style: Style = "medium") -> str:
    """A day as the reader's language writes it; a moment becomes its day on their clock."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = flask_babel.to_user_timezone(_aware(value)).date()
    return _day(value, style, current_locale())


@lru_cache(_REMEMBERED)
def _day(value: date, style: Style, locale: Locale) -> str:
    return str(dates.format_date(value, style, locale=locale))


def month_name(value: date) -> str:
    """The month of a day, short, with its year: "Oct 2026", 2026年10月."""
    return _by_skeleton("yMMM", value, current_locale())


def weekday_date(value: date) -> str:
    """A near day with its weekday: "Mon, Dec 7", 12月7日(月); an instant is of its reader's day."""
    if isinstance(value, datetime):
        value = flask_babel.to_user_timezone(_aware(value)).date()
    return _by_skeleton("MMMEd", value, current_locale())


@lru_cache(_REMEMBERED)
def _by_skeleton(skeleton: str, value: date, locale: Locale) -> str:
    return str(dates.format_skeleton(skeleton, value, locale=locale))


def quarter_name(value: date) -> str:
    """The quarter of a day with its year: "Q4 2026", 2026年第4四半期."""
    locale = current_locale()
    return _by_skeleton("yQQQQ" if locale.language == "ja" else "yQQQ", value, locale)


def time_ago(value: datetime | None, now: datetime | None = None) -> str:
    """How far a moment lies from now, either way: "3 hours ago", 「3 時間前」, "in 2 days"."""
    if value is None:
        return NOTHING
    difference = _aware(value) - _aware(now or datetime.now(UTC))
    seconds = difference.days * 86_400 + difference.seconds
    for unit, of_unit in dates.TIMEDELTA_UNITS:
        count = abs(seconds) / of_unit
        if count >= _NEARLY_ONE:
            whole = round(count) * of_unit
            return _ago(unit, whole if seconds >= 0 else -whole, current_locale())
    return _ago("second", 0, current_locale())


@lru_cache(_REMEMBERED)
def _ago(unit: Unit, seconds: int, locale: Locale) -> str:
    """So many whole units ahead, or ago where negative: in a list the same few again and again."""
    return str(
        dates.format_timedelta(
            seconds, unit, threshold=math.inf, add_direction=True, locale=locale
        )
    )  # fmt: skip


def iso_time(value: datetime | date) -> str:
    """For the datetime attribute of a time element."""
    return _aware(value).isoformat() if isinstance(value, datetime) else value.isoformat()
