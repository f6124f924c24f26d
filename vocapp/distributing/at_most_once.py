"""How a mail leaves that must not arrive twice (docs/adr/0007-mail-is-sent-at-most-once.md).

1. Hand the mail over up to the point where only its text is missing.
2. Commit that it is about to go; only one worker can make that step.
3. Hand over the text; what came of it is stored together with the end of the pending row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Protocol

from flask import current_app
from sqlalchemy.orm import Session

from vocapp.mailing import Mailer, NotSent, Refused, Unclear, open_mailer
from vocapp.outbox import NotYet, Pending

Finish = Callable[[Session], None]


class NotWantedNow(Exception):
    """Somebody else has the mail, or it is not to go out any more."""


class Steps(Protocol):
    """What is stored at each step.

    begin: commits that the text is about to go; raises NotWantedNow or NotSent. again: the server
    took nothing, so the same mail is tried again. The others give what is to be stored at the end.
    """

    def begin(self) -> None: ...

    def again(self, reason: str) -> None: ...

    def sent(self) -> Finish: ...

    def refused(self, refusal: Refused) -> Finish: ...

    def unclear(self, reason: str) -> Finish: ...


def send_each(
    rows: Sequence[Pending], send: Callable[[Mailer, Pending], Finish | NotYet]
) -> list[Finish | Exception | NotYet]:
    """Hand every row to `send` over one connection; one that fails does not stop the others."""

    def attempt(mailer: Mailer, row: Pending) -> Finish | Exception | NotYet:
        try:
            return send(mailer, row)
        except Exception as exc:  # noqa: BLE001 - handed to the outbox, which records it on the row
            return exc

    with open_mailer(current_app.config["SETTINGS"]) as mailer:
        return [attempt(mailer, row) for row in rows]


def deliver(mailer: Mailer, message: EmailMessage, *, to: str, steps: Steps) -> Finish:
    """Hand a mail over once. Raises NotSent where a later attempt may succeed."""
    try:
        mailer.send(message, to=to, on_data=steps.begin)
    except NotWantedNow:
        return nothing_more
    except NotSent as exc:
        steps.again(exc.reason)
        raise
    except Refused as exc:
        return steps.refused(exc)
    except Unclear as exc:
        return steps.unclear(exc.reason)
    return steps.sent()


def nothing_more(_: Session) -> None:
    """Deleting the pending row is all that is left to do."""
