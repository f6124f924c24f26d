"""The attributes that scores are reported by, and a response's values of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from surveys.segments import revenue_band, tenure_band

REPORTABLE = (
    "plan", "region", "channel", "locale", "industry", "role", "revenue_band", "tenure_band",
)  # fmt: skip
MAX_VALUE_LENGTH = 200
OTHER = "(other)"  # stands for all values beyond the most frequent ones


def as_text(value: Any) -> str | None:
    """An attribute's value as a segment shows it; lists and objects have none.

    >>> as_text(True), as_text(3), as_text("  "), as_text("pro")
    ('true', '3', None, 'pro')
    """
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    return text[:MAX_VALUE_LENGTH] or None


def reportable_values(attributes: Mapping[str, Any], *, answered_at: datetime) -> dict[str, str]:
    """The values of reportable attributes and bands of numbers; without those not known.

    >>> moment = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    >>> reportable_values({"plan": "pro", "started_on": "2026-01-01"}, answered_at=moment)
    {'plan': 'pro', 'tenure_band': '<3m'}
    """
    values = {name: as_text(attributes.get(name)) for name in REPORTABLE}
    values["revenue_band"] = revenue_band(attributes.get("mrr"), attributes.get("currency"))
    values["tenure_band"] = tenure_band(_days_since(attributes.get("started_on"), answered_at))
    return {name: value for name, value in values.items() if value is not None}


def _days_since(day: Any, instant: datetime) -> int | None:
    return (instant.date() - date.fromisoformat(day)).days if isinstance(day, str) else None
