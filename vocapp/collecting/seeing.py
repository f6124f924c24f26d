"""A link of an invitation was opened: noted afterwards, and never at the price of the page.

It is not a vote, and no proof of a person either: mail programs that look at what is behind
links open them as well. Noted are that the page was looked at, the first time; and for a day
which links were opened when, by which a press that follows is judged (`surveys/holding.py`).

The page has been sent when this begins. One thread of a process writes at a time, and takes along
what others leave to it meanwhile, many in one transaction: scanners come when a campaign goes out,
all at once. Nobody waits for it, so that no number of visits can use up the threads that answers
need; what a database that is away or busy does not take is dropped.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from flask import Flask, Response, after_this_request, current_app, request
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from surveys.holding import Fetch
from vocapp import outbox
from vocapp.authoring.links import InvitationLink
from vocapp.collecting.models import LinkFetch
from vocapp.database import first_uuid7, snapshot, transaction, utcnow

log = structlog.get_logger()

SEEN = "seen"
KEPT = timedelta(days=1)
_MOST = 1000
_MOST_AT_ONCE = 200
_MOST_WAITING = 10_000  # of more the oldest are dropped


@dataclass(frozen=True, slots=True)
class _Opened:
    """A link that was opened, to be noted. shows_a_page: see `note_afterwards`."""

    app: Flask
    link: InvitationLink
    fetch: Fetch
    shows_a_page: bool


_waiting: deque[_Opened] = deque(maxlen=_MOST_WAITING)
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
        response.call_on_close(lambda: _note(_Opened(app, link, fetch, shows_a_page)))
        return response


def _note(opened: _Opened) -> None:
    _waiting.append(opened)
    # Whoever comes while another one writes leaves it to them; who has written looks once more.
    while _waiting and _noting.acquire(blocking=False):
        try:
            _write(_taken())
        finally:
            _noting.release()


def _taken() -> list[_Opened]:
    """The oldest that wait, all of one application; only who holds the lock takes."""
    taken: list[_Opened] = []
    while _waiting and len(taken) < _MOST_AT_ONCE:
        if taken and _waiting[0].app is not taken[0].app:
            break
        taken.append(_waiting.popleft())
    return taken


def _write(many: Sequence[_Opened]) -> None:
    if not many:
        return
    try:
        with many[0].app.app_context(), transaction() as session:
            for workspace_id in {each.link.workspace_id for each in many}:
                # Of all invitations: most links are never opened again.
                session.execute(
                    delete(LinkFetch).where(
                        LinkFetch.workspace_id == workspace_id,
                        LinkFetch.id < first_uuid7(utcnow() - KEPT),
                    )
                )
            for each in many:
                _add(session, each.link, each.fetch, each.shows_a_page)
    except IntegrityError as exc:  # an invitation that has gone meanwhile
        if len(many) == 1:
            _log(exc)
        else:
            for each in many:
                _write([each])
    except SQLAlchemyError as exc:
        _log(exc)


def _add(session: Session, link: InvitationLink, fetch: Fetch, shows_a_page: bool) -> None:
    session.add(
        LinkFetch(
            workspace_id=link.workspace_id, invitation_id=link.invitation_id, at=fetch.at,
            score=fetch.score, hidden=fetch.hidden, visit=fetch.visit,
        )
    )  # fmt: skip
    if shows_a_page:
        outbox.add(session, link.workspace_id, SEEN, link.invitation_id, now=fetch.at)


def _log(exc: SQLAlchemyError) -> None:
    log.warning("invitation.not_noted_as_seen", error=type(exc).__name__)


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
