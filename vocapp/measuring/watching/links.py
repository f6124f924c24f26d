"""Where a fall leads; addresses as text, as mails are written outside of a request."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote, urlencode

from vocapp.measuring.watching.models import ScoreFall


def results_path(key: str) -> str:
    """The page of the survey, where it is watched."""
    return f"/results/{quote(key)}#watch"


def compare_path(key: str, fall: ScoreFall) -> str:
    """The days since the fall, beside as many before it."""
    return f"/results/{quote(key)}/compare?{_days(fall.fell_on, fall.noticed_on)}"


def answers_path(key: str, fall: ScoreFall) -> str:
    """The answers since the fall, one by one."""
    return f"/results/{quote(key)}/answers?{_days(fall.fell_on, fall.noticed_on)}"


def _days(first: date, last: date) -> str:
    return urlencode({"period": "custom", "since": first.isoformat(), "until": last.isoformat()})
