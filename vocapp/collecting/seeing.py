"""A link of an invitation was opened: noted afterwards, and never at the price of the page.

It is not a vote, and no proof of a person either: mail programs that look at what is behind
links open them as well. Noted are that the page was looked at, the first time; and for a day
which links were opened when, by which a press that follows is judged (`surveys/holding.py`).

The page has been sent when this begins. One thread of a process notes at a time; where it would
have to wait, as when the database is busy, the note is dropped, so that no number of visits can
use up the threads that answers need.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from flask import Flask, Response, after_this_request, current_app, request
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from surveys.holding import Fetch
from vocapp import outbox
from vocapp.authoring.links import InvitationLink
from vocapp.collecting.models import LinkFetch
from vocapp.database import first_uuid7, snapshot, transaction, utcnow

log = structlog.get_logger()

SEEN = "seen"
KEPT = timedelta(days=1)
_MOST = 1000
_PATIENCE_S = 1.0
_noting = threading.Lock()


def note_afterwards(link: InvitationLink, fetch: Fetch, *, shows_a_page: bool) -> None:
    """Once this is out, note that a link was opened; a prefetch opened nothing.

    shows_a_page: somebody may have read it, as nobody does what a HEAD gives.
    """
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    @after_this_request
    def when_sent(response: Response) -> Response:
        response.call_on_close(lambda: _note(app, link, fetch, shows_a_page))
        return response


def _note(app: Flask, link: InvitationLink, fetch: Fetch, shows_a_page: bool) -> None:
    if not _noting.acquire(timeout=_PATIENCE_S):
        return
    try:
        with app.app_context(), transaction() as session:
            # Of all invitations: most links are never opened again.
            session.execute(
                delete(LinkFetch).where(
                    LinkFetch.workspace_id == link.workspace_id,
                    LinkFetch.id < first_uuid7(utcnow() - KEPT),
                )
            )
            session.add(
                LinkFetch(
                    workspace_id=link.workspace_id, invitation_id=link.invitation_id,
                    at=fetch.at, score=fetch.score, hidden=fetch.hidden, visit=fetch.visit,
                )
            )  # fmt: skip
            if shows_a_page:
                outbox.add(session, link.workspace_id, SEEN, link.invitation_id, now=fetch.at)
    except SQLAlchemyError as exc:
        log.warning("invitation.not_noted_as_seen", error=type(exc).__name__)
    finally:
        _noting.release()


def fetches_of(workspace_id: UUID, invitation_id: UUID) -> Sequence[Fetch]:
    """The links of an invitation that were opened within a day, the latest first; of a program
    that opens them without end, the latest of these."""
    with snapshot() as session:
        rows = session.execute(
            select(LinkFetch.at, LinkFetch.score, LinkFetch.hidden, LinkFetch.visit)
            .where(LinkFetch.workspace_id == workspace_id, LinkFetch.invitation_id == invitation_id)
            .order_by(LinkFetch.at.desc())
            .limit(_MOST)
        )
        return [Fetch(*row) for row in rows]
