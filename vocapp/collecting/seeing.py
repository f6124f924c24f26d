"""An invited person's page was fetched: noted afterwards, and never at the price of the page.

It is not a vote, and no proof of a person either: mail programs that look at what is behind
links fetch them as well. What is noted is thus at most who looked, and only the first time.

The page has been sent when this begins. One thread of a process notes at a time; where it would
have to wait, as when the database is busy, the note is dropped, so that no number of visits can
use up the threads that answers need.
"""

from __future__ import annotations

import threading
from datetime import datetime

import structlog
from flask import Flask, Response, after_this_request, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from vocapp import outbox
from vocapp.authoring.links import InvitationLink
from vocapp.database import transaction, utcnow

log = structlog.get_logger()

SEEN = "seen"
_PATIENCE_S = 1.0
_noting = threading.Lock()


def note_afterwards(link: InvitationLink) -> None:
    """Once this page is out, note that it was fetched; a HEAD or a prefetch fetched nothing."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return
    app, now = current_app._get_current_object(), utcnow()  # type: ignore[attr-defined]

    @after_this_request
    def when_sent(response: Response) -> Response:
        response.call_on_close(lambda: _note(app, link, now))
        return response


def _note(app: Flask, link: InvitationLink, now: datetime) -> None:
    if not _noting.acquire(timeout=_PATIENCE_S):
        return
    try:
        with app.app_context(), transaction() as session:
            outbox.add(session, link.workspace_id, SEEN, link.invitation_id, now=now)
    except SQLAlchemyError as exc:
        log.warning("invitation.not_noted_as_seen", error=type(exc).__name__)
    finally:
        _noting.release()
