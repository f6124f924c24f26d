"""What is known of two records of one person, and what of both then holds. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FIELDS = ("name", "email", "phone", "locale", "time_zone", "account_id", "roles", "left_at")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """Facts of one record; `since` says as of when each is known (field → ISO instant).

    Attributes stand in `since` as "attributes.<name>", as in Contact.fact_as_of.
    """

    fields: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    since: Mapping[str, str] = field(default_factory=dict)

    def as_of(self, name: str) -> datetime:
        """Before everything where nobody said since when."""
        found = self.since.get(name)
        return datetime.fromisoformat(found) if found else _NEVER


def combined(kept: Known, merged: Known) -> Known:
    """What holds of both: of each fact the newer one; of two equally old ones that of `kept`.

    A field that one record is silent about is taken from the other, however old. That an
    attribute has no value (None) is a fact like any other.

    >>> january, march = "2026-01-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"
    >>> ours = Known({"name": "Aiko"}, {"role": "user"}, {"attributes.role": january})
    >>> theirs = Known({"name": "A.", "email": "a@example.com"}, {"role": "admin", "seats": 3},
    ...                {"attributes.role": march})
    >>> found = combined(ours, theirs)
    >>> dict(found.fields), dict(found.attributes)
    ({'name': 'Aiko', 'email': 'a@example.com'}, {'role': 'admin', 'seats': 3})
    """
    fields, attributes = dict(kept.fields), dict(kept.attributes)
    since = dict(kept.since)
    for name, value in merged.fields.items():
        is_news = merged.as_of(name) > kept.as_of(name)
        if value not in (None, "") and (is_news or fields.get(name) in (None, "")):
            fields[name] = value
            _date(since, name, merged)
    for name, value in merged.attributes.items():
        key = f"attributes.{name}"
        if name not in attributes or merged.as_of(key) > kept.as_of(key):
            attributes[name] = value
            _date(since, key, merged)
    return Known(fields, attributes, since)


def _date(since: dict[str, str], name: str, source: Known) -> None:
    since.pop(name, None)
    if name in source.since:
        since[name] = source.since[name]
