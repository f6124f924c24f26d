"""A visit of a page, from the link that was opened over all steps.

What is known of it stands in the form, signed, so that nothing need be stored for a page that
was only looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from uuid import UUID

from surveys.holding import Visit
from vocapp.signing import BadToken, sign, unsign

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_BYTES = 8


def begin(now: datetime) -> Visit:
    """The visit of somebody who opens a link now."""
    return Visit(token_hex(_NAME_BYTES), began_at=now, made_at=now)


def visit_token(response_id: UUID, visit: Visit, *, made_at: datetime) -> str:
    """What stands in the form of the page that is made now; its answer has this id."""
    times = [_milliseconds(visit.began_at), _milliseconds(made_at)]
    return sign("visit", [response_id.hex, visit.name, *times, visit.is_cleared])


def read_visit(response_id: UUID, token: str) -> Visit | None:
    """None where the form is not from a page that was made for this answer."""
    try:
        of, name, began_ms, made_ms, is_cleared = unsign("visit", token)
        if of != response_id.hex:
            return None
        return Visit(str(name), _instant(began_ms), _instant(made_ms), bool(is_cleared))
    except (BadToken, TypeError, ValueError, OverflowError):
        return None


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
