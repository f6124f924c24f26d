"""Which month and which currency the address of a page of figures asks for."""

from __future__ import annotations

from datetime import date, datetime

from flask import request

from surveys.periods import local_day, months_back
from vocapp.problems import BadInput
from vocapp.succeeding.figures import queries
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.groups import Year
from vocapp.succeeding.figures.queries import FIRST_MONTH, MonthFigures
from vocapp.ui.formats import month_name
from vocapp.workspaces.access import current_workspace

_OFFERED_MONTHS = 36


def month_asked(now: datetime) -> date:
    """The month of the address; without one, or where it cannot be read, the last that is over."""
    time_zone = current_workspace.time_zone
    this_month, last = (months_back(local_day(now, time_zone), 2)[place] for place in (1, 0))
    try:
        text = request.args.get("month", "")
        return queries.month_of(text, time_zone=time_zone, now=now) if text else last
    except BadInput:
        return max(FIRST_MONTH, min(last, this_month))


def month_choices(now: datetime) -> list[tuple[str, str]]:
    """The latest first, as values and labels."""
    months = months_back(local_day(now, current_workspace.time_zone), _OFFERED_MONTHS)
    return [(f"{month:%Y-%m}", month_name(month)) for month in reversed(months)]


def chosen_currency(own: MonthFigures | Year) -> str | None:
    """The one that is asked for; else all of them converted, or that in which most pay."""
    wanted, told = request.args.get("currency"), own.report.by_currency
    if wanted in own.currencies:
        return wanted
    if own.converted:
        return ALL
    if told:
        return max(sorted(told), key=lambda each: told[each].arpa.n)
    return own.currencies[0] if own.currencies else None


def code_of(own: MonthFigures, chosen: str | None) -> str | None:
    """In which amounts stand."""
    return own.converted.currency if chosen == ALL and own.converted else chosen
