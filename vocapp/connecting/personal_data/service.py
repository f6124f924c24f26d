"""Use cases: the file of what is kept of a person, and how much it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import LazyString

from vocapp.connecting.personal_data.telling import lines_of
from vocapp.database import snapshot, transaction
from vocapp.distributing.asking.queries import bars_of
from vocapp.people.merging.queries import shown_name
from vocapp.people.models import Account
from vocapp.people.personal_stores import counts_of_person
from vocapp.people.reaching import contact_held, contact_within
from vocapp.workspaces.reach import WHOLE_WORKSPACE
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Kept:
    """Who somebody is, and how much is kept of them. account: its key, None for none."""

    contact_id: UUID
    shown: str
    account: str | None
    counts: tuple[tuple[LazyString, int], ...]


def kept_of(workspace_id: UUID, contact_id: UUID) -> Kept:
    """Also by the id of a record merged into another. Raises NotFound."""
    with snapshot() as session:
        contact = contact_within(session, workspace_id, contact_id, reach=WHOLE_WORKSPACE)
        account = contact.account_id and session.get(Account, (workspace_id, contact.account_id))
        counts = counts_of_person(session, workspace_id, contact.id)
        return Kept(
            contact.id, shown_name(contact), account.external_id if account else None, counts
        )


def note_told(
    workspace_id: UUID, contact_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """That everything about a person is given out, before it is. Raises NotFound."""
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=WHOLE_WORKSPACE)
        audit(
            session, workspace_id, "contact.data_told", subject=contact, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def told(workspace_id: UUID, contact_id: UUID, *, now: datetime) -> Iterator[str]:
    """The file of `lines_of`, all of it as of one instant. Raises NotFound."""
    with snapshot() as session:
        contact = contact_within(session, workspace_id, contact_id, reach=WHOLE_WORKSPACE)
        yield from lines_of(session, contact, bars_of(session, contact), now=now)
