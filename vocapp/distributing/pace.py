"""How fast mails leave this service: one bucket for all workers and workspaces, as they share the
address that mail services judge (`surveys/mail_pace.py`)."""

from __future__ import annotations

from datetime import datetime

from config import Settings
from surveys.mail_pace import Bucket, Pace, take
from vocapp.database import insert_if_absent, transaction
from vocapp.distributing.models import MailPace

_ONE = 1


def pace_of(settings: Settings) -> Pace | None:
    """None where mails leave as fast as the mail server takes them."""
    if not settings.mail_per_minute:
        return None
    return Pace(settings.mail_per_minute, settings.mail_warm_up_from)


def take_turns(pace: Pace, wanted: int, *, now: datetime) -> tuple[int, datetime]:
    """How many of the wanted mails may leave now, and when the next may. What is granted counts,
    whether it leaves or not."""
    with transaction() as session:
        insert_if_absent(session, MailPace, id=_ONE, tokens=None, at=now)
        row = session.get_one(MailPace, _ONE, with_for_update=True)
        bucket = None if row.tokens is None else Bucket(row.tokens, row.at)
        rate = pace.per_second(now.date())
        granted, after, again = take(bucket, wanted, rate=rate, now=now)
        row.tokens, row.at = after.tokens, after.at
    return granted, again
