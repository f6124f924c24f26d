"""What comes back about invitations: that one did not arrive, or that its recipient called it spam.

A mail is known by its Message-ID, which holds the invitation's id; whoever never got one cannot
guess it.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vocapp.database import transaction
from vocapp.distributing.asking import deciding
from vocapp.distributing.mail import REMINDER, digest_reached
from vocapp.distributing.models import Invitation, Reminder
from vocapp.distributing.receiving import Incoming
from vocapp.distributing.service import suppress
from vocapp.people.models import Contact
from vocapp.workspaces.models import Workspace

_OURS = re.compile(rf"<([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})({REMINDER})?@")


def invitation_about(session: Session, incoming: Incoming) -> tuple[Invitation, bool] | None:
    """The invitation that a mail answers or is about, the nearest first; whether its reminder."""
    named = [found for each in incoming.refers_to if (found := _OURS.match(each))]
    if not named:
        return None
    query = select(Invitation).where(
        # Rows are found by workspace and id, of which a mail tells the id alone.
        Invitation.workspace_id.in_(select(Workspace.id)),
        Invitation.id.in_({UUID(found[1]) for found in named}),
    )
    rows = session.scalars(
        incoming.within(query, Invitation.workspace_id).execution_options(voc_all_workspaces=True)
    )
    known = {row.id: row for row in rows}
    for found in named:
        if row := known.get(UUID(found[1])):
            return row, found[2] is not None
    return None


def take_report(incoming: Incoming, now: datetime) -> bool:
    """Note what a report says of an invitation; whether it is about one. Repeatable."""
    if not incoming.is_report:
        return False
    with transaction() as session:
        found = invitation_about(session, incoming)
        if found is None:
            return False
        invitation, is_reminder = found
        kind = "complained" if incoming.is_complaint else None
        if incoming.bounce is not None:
            _note_bounce(session, invitation, incoming.bounce.status, now, is_reminder=is_reminder)
            kind = kind or ("bounced" if incoming.bounce.is_bad_address else None)
        if kind is None:
            return True
        digest = _digest_mailed(session, invitation, is_reminder=is_reminder)
        if digest is not None:
            suppress(session, invitation.workspace_id, digest, kind=kind, now=now)
    return True


def _digest_mailed(session: Session, invitation: Invitation, *, is_reminder: bool) -> str | None:
    """The address that the mail went to, as a suppression knows it: the person's may have been
    corrected since, which the report says nothing of."""
    workspace_id = invitation.workspace_id
    kept = invitation.address_digest
    if is_reminder:
        kept = session.scalar(
            select(Reminder.address_digest).where(
                Reminder.workspace_id == workspace_id, Reminder.invitation_id == invitation.id
            )
        )
    present = session.scalar(
        select(Contact.email).where(
            Contact.workspace_id == workspace_id, Contact.id == invitation.contact_id
        )
    )
    return digest_reached(workspace_id, kept, present)


def _note_bounce(
    session: Session, invitation: Invitation, status: str, now: datetime, *, is_reminder: bool
) -> None:
    """A mail came back after its server had taken it."""
    workspace_id = invitation.workspace_id
    if is_reminder:
        session.execute(
            update(Reminder)
            .where(
                Reminder.workspace_id == workspace_id,
                Reminder.invitation_id == invitation.id,
                Reminder.state.in_(("sending", "sent", "unknown")),
            )
            .values(state="bounced", reason=status[:60])
        )
        return
    moved = session.execute(
        update(Invitation)
        .where(
            Invitation.workspace_id == workspace_id,
            Invitation.id == invitation.id,
            Invitation.state.in_(("sending", "sent", "unknown")),
        )
        .values(state="bounced", reason=status[:60], bounced_at=now)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is not None:  # the person was not asked, and may be by another address
        deciding.take_back(session, workspace_id, invitation.id, "bounced")
