"""How a mail leaves that must not arrive twice (docs/adr/0007-mail-is-sent-at-most-once.md).

1. Hand the mail over up to the point where only its text is missing.
2. Commit that it is about to go; only one worker can make that step.
3. Hand over the text, and store at once that it is out: who is killed leaves one mail of which
   nobody knows, not a batch of them. What else came of it is stored with the end of the row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from email.message import EmailMessage
from typing import Protocol

import structlog
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from vocapp.database import transaction, utcnow
from vocapp.distributing.pace import pace_of, take_turns
from vocapp.mailing import Mailer, MailError, NotSent, Refused, Unclear, open_mailer
from vocapp.outbox import MAX_ATTEMPTS, NotYet, Pending

log = structlog.get_logger()
Finish = Callable[[Session], None]

# With the back-off of the outbox about a day: so long a server may be away.
MOST_ATTEMPTS = 150
# Of the outbox: where a worker dies at the last attempt, another ends what it had in hand.
PUT_ASIDE_AFTER = MOST_ATTEMPTS + MAX_ATTEMPTS
# By then a worker that has the mail has noted what became of it, or its lease is over.
_UNTIL_ANOTHER_IS_DONE = timedelta(minutes=10)


class NotWantedNow(Exception):
    """Somebody else has the mail, or it is not to go out any more."""


class NotBegun(Exception):
    """It is not to go now, for a reason that came up since it was read: the row is looked at anew,
    and has not failed, or the last attempt would leave nobody to send it or to note why not."""

    def __init__(self, look: NotYet) -> None:
        super().__init__("not to go now")
        self.look = look


class Steps(Protocol):
    """What is stored at each step.

    begin: commits that the text is about to go; raises NotWantedNow or NotBegun. again: the server
    took nothing, so the same mail is tried again. The others give what is to be stored at the end.
    """

    def begin(self) -> None: ...

    def again(self, reason: str) -> None: ...

    def sent(self) -> Finish: ...

    def refused(self, refusal: Refused) -> Finish: ...

    def unclear(self, reason: str) -> Finish: ...


def send_each(
    rows: Sequence[Pending],
    send: Callable[[Mailer, Pending], Finish | NotYet],
    give_up: Callable[[Pending, str], Finish],
    *,
    in_turn: bool = True,
) -> list[Finish | Exception | NotYet]:
    """Hand every row to `send` over one connection; one that fails does not stop the others.

    give_up: what is stored of a row whose last attempt failed, and why; nobody waits for it.
    in_turn: they keep to the pace of the service, and those whose turn has not come wait. What a
    person wrote by hand does not wait behind a campaign.
    """
    settings = current_app.config["SETTINGS"]
    pace = pace_of(settings) if in_turn else None
    turns, next_at = len(rows), utcnow()
    if pace is not None:
        turns, next_at = take_turns(pace, len(rows), now=next_at)
    waiting: list[Finish | Exception | NotYet] = [NotYet(next_at)] * (len(rows) - turns)
    if not turns:
        return waiting

    def attempt(mailer: Mailer, row: Pending) -> Finish | Exception | NotYet:
        try:
            return send(mailer, row)
        except Exception as exc:
            if row.attempts < MOST_ATTEMPTS:
                return exc
            log.warning("mail.given_up", kind=row.kind, row=str(row.id), exc_info=exc)
            return give_up(row, exc.reason if isinstance(exc, MailError) else type(exc).__name__)

    with open_mailer(settings) as mailer:
        return [attempt(mailer, row) for row in rows[:turns]] + waiting


def deliver(mailer: Mailer, message: EmailMessage, *, to: str, steps: Steps) -> Finish | NotYet:
    """Hand a mail over once. Raises NotSent where a later attempt may succeed."""
    try:
        mailer.send(message, to=to, on_data=steps.begin)
    except NotWantedNow:  # whoever has it may yet find that it did not go
        return NotYet(utcnow() + _UNTIL_ANOTHER_IS_DONE)
    except NotBegun as exc:
        return exc.look
    except NotSent as exc:
        steps.again(exc.reason)
        raise
    except Refused as exc:
        return steps.refused(exc)
    except Unclear as exc:
        return steps.unclear(exc.reason)
    return stored(steps.sent())


def stored(finish: Finish) -> Finish:
    """What is left to do once it is stored; where the database is away, all of it at the end."""
    try:
        with transaction() as session:
            finish(session)
    except SQLAlchemyError:
        return finish
    return nothing_more


def nothing_more(_: Session) -> None:
    """Deleting the pending row is all that is left to do."""
