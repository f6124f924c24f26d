"""Talks with the customer outside of this service: with whom, when, how, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.extensions import db
from vocapp.following_up.changing import CaseWriter, Done, locked_case, refuse_merged
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import MAX_NOTE
from vocapp.people.models import Contact
from vocapp.problems import BadInput, FieldError
from vocapp.workspaces.reach import Reach

WAYS = ("call", "meeting", "chat", "email")
_CLOCKS_DIFFER = timedelta(minutes=5)
_EARLIEST = timedelta(days=366)
_MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class Talk:
    """way: one of WAYS; with_contact_id: somebody of the case's account, None where unknown."""

    way: str
    reached: bool
    held_at: datetime
    with_contact_id: UUID | None = None
    note: str = ""


def log_talk(
    workspace_id: UUID,
    follow_up_id: UUID,
    talk: Talk,
    *,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    """Put a talk into a case's timeline; who was reached has been contacted.

    It collides with nobody's change, so no version is asked for. Raises NotFound, BadInput,
    Conflict.
    """
    _check(talk, now)
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        refuse_merged(case)
        if talk.with_contact_id is not None and not _is_there(session, case, talk.with_contact_id):
            raise BadInput.of("contact", "nobody of this account")
        writer = CaseWriter(session, actor_user_id, now)
        writer.write(
            case, "call", _effects(case, talk), note=talk.note.strip() or None,
            contact_id=talk.with_contact_id, way=talk.way, reached=talk.reached,
            held_at=talk.held_at.isoformat(),
        )  # fmt: skip
        return writer.done("follow_up.talk_logged", workspace_id)


def _check(talk: Talk, now: datetime) -> None:
    wrong = []
    if talk.way not in WAYS:
        wrong.append(FieldError("way", f"expected one of {', '.join(WAYS)}"))
    if not now - _EARLIEST <= talk.held_at <= now + _CLOCKS_DIFFER:
        wrong.append(FieldError("held_at", "expected a time within the last year, up to now"))
    if len(talk.note) > MAX_NOTE:
        wrong.append(FieldError("note", f"expected at most {MAX_NOTE} characters"))
    if wrong:
        raise BadInput(*wrong)


def _effects(case: FollowUp, talk: Talk) -> dict[str, Any]:
    """A talk of before the case was opened does not make the first contact earlier than that."""
    if not talk.reached:
        return {}
    values: dict[str, Any] = {}
    first = max(talk.held_at, case.opened_at)
    if case.first_contact_at is None or first < case.first_contact_at:
        values["first_contact_at"] = first
    if case.state == "open":
        values["state"] = "contacted"
    return values


def _of_case(workspace_id: UUID, account_id: UUID | None, contact_id: UUID | None) -> Any:
    """Whom a case may have been talked about with: its person, everybody of its account.

    As ids of two statements: an index leads to each, none to both at once. Twice does no harm;
    to leave it out, SQLite would read all people in the order of their ids.
    """
    of_workspace = select(Contact.id).where(Contact.workspace_id == workspace_id)
    found = union_all(
        of_workspace.where(Contact.id == contact_id),
        # None equals nothing: those without an account are not of one.
        of_workspace.where(Contact.account_id == bindparam(None, account_id, Contact.id.type)),
    ).subquery()
    return Contact.id.in_(select(found.c.id))


def _is_there(session: Session, case: FollowUp, contact_id: UUID) -> bool:
    found = session.scalar(
        scoped(Contact, case.workspace_id).where(
            Contact.id == contact_id,
            _of_case(case.workspace_id, case.account_id, case.contact_id),
        )
    )
    return found is not None


def people_of(
    workspace_id: UUID, account_id: UUID | None, contact_id: UUID | None
) -> list[tuple[UUID, str]]:
    """Whom a talk can have been with, the case's own person first; by name."""
    rows = db.session.execute(
        select(Contact.id, Contact.name, Contact.email, Contact.external_id)
        .where(Contact.workspace_id == workspace_id, _of_case(workspace_id, account_id, contact_id))
        .order_by((Contact.id != contact_id) if contact_id else Contact.id, Contact.name)
        .limit(_MOST_PEOPLE)
    )
    return [(row.id, row.name or row.email or row.external_id or "–") for row in rows]
