"""Outbox kind `mail`: an invitation goes out at most once.

`scheduled`: it is looked whether it should still go (suppression, survey, person). Then come the
steps of `mail_steps`: `sending` is committed before the text is handed over, `sent` after it.

Whoever finds `sending` knows that an earlier worker died between the two: the mail may be out,
so it becomes `unknown` and a person decides (docs/adr/0007-mail-is-sent-at-most-once.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.languages import best_language
from surveys.look import Look
from surveys.piping import filled, is_personal
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.look.queries import look_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import definition_of
from vocapp.database import snapshot, utcnow
from vocapp.distributing.asking import deciding
from vocapp.distributing.at_most_once import Finish, NotBegun, deliver, nothing_more, send_each
from vocapp.distributing.campaigns.stopping import is_stopped
from vocapp.distributing.mail import REMINDER, Letter, build
from vocapp.distributing.mail_steps import MailSteps
from vocapp.distributing.models import Invitation
from vocapp.distributing.own_mails import Kept, own_mail
from vocapp.distributing.receiving import keep_looking
from vocapp.distributing.reminding import plan
from vocapp.distributing.service import reason_not_to_mail
from vocapp.extensions import db
from vocapp.mailing import Mailer, mail_folder
from vocapp.outbox import NotYet, Pending
from vocapp.people.models import Contact
from vocapp.people.texts_about import facts_about
from vocapp.workspaces.models import Workspace

# States of an invitation in which the person has got nothing by it.
_DID_NOT_ARRIVE = frozenset({"not_sent", "bounced"})
_LOOK_AGAIN = timedelta(minutes=1)


def held_back(now: datetime) -> NotYet:
    """When an invitation is looked at again whose campaign is stopped: it may go on."""
    return NotYet(now + _LOOK_AGAIN, goes_behind=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation with all that its mail needs, read in one snapshot."""

    workspace_id: UUID
    id: UUID
    state: str
    address: str
    reason_not_to: str | None
    letter: Letter | None
    not_before: datetime
    is_stopped: bool


def send_invitations(rows: Sequence[Pending]) -> list[Finish | Exception | NotYet]:
    """Send each pending invitation; one that fails does not stop the others."""
    return send_each(rows, _send, _give_up)


def _give_up(row: Pending, reason: str) -> Finish:
    return InvitationSteps(row.workspace_id, row.subject_id, "").give_up(reason)


def _send(mailer: Mailer, row: Pending) -> Finish | NotYet:
    now = utcnow()
    asked = _read(row.workspace_id, row.subject_id, now=now)
    if asked is None:
        return nothing_more
    steps = _Steps(asked)
    if asked.state == "sending":
        return steps.unclear("stopped_while_sending")
    if asked.state != "scheduled":
        return nothing_more
    if asked.letter is None:
        return steps.end("not_sent", was="scheduled", reason=asked.reason_not_to)
    if asked.is_stopped:  # its campaign was paused or ended, and takes it back slice by slice
        return held_back(now)
    if asked.not_before > now:  # the mail was late, and night has fallen there
        return NotYet(asked.not_before)
    message = build(asked.letter, now=now)
    return deliver(mailer, message, to=asked.address, steps=steps)


class InvitationSteps(MailSteps):
    """What becomes of an invitation, whichever way it goes."""

    def __init__(self, workspace_id: UUID, invitation_id: UUID, address: str) -> None:
        super().__init__(Invitation, workspace_id, invitation_id, address)

    def ended(self, session: Session, state: str, values: dict[str, Any], /) -> None:
        """Who has got nothing was not asked."""
        if state == "bounced":
            self._keep(session, bounced_at=utcnow())
        if state in _DID_NOT_ARRIVE:
            reason = "bounced" if state == "bounced" else str(values["reason"])
            deciding.take_back(session, self.workspace_id, self.row_id, reason)

    def overtaken(self, session: Session, values: dict[str, Any]) -> None:
        """Somebody answered before we had noted that the message was out."""
        if values.get("sent_at") is not None:
            self._keep(session, sent_at=values["sent_at"])

    def _keep(self, session: Session, **times: datetime) -> None:
        session.execute(
            update(Invitation)
            .where(Invitation.workspace_id == self.workspace_id, Invitation.id == self.row_id)
            .values(**times)
        )


class _Steps(InvitationSteps):
    """The same by e-mail, step by step."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.workspace_id, asked.id, asked.address)
        self._letter = asked.letter

    def check(self, session: Session) -> None:
        """Its campaign may have been paused or ended since it was read, as well."""
        super().check(session)
        if is_stopped(session, self.workspace_id, self.row_id):
            raise NotBegun(held_back(utcnow()))

    def sent(self) -> Finish:
        now = utcnow()
        noted = self.end("sent", was="sending", sent_at=now, reason=None)
        days = self._letter.own.remind_after if self._letter else None

        def finish(session: Session) -> None:
            noted(session)
            keep_looking(session, self.workspace_id, now=now)
            plan(session, self.workspace_id, self.row_id, days=days, sent_at=now)

        return finish


def _read(workspace_id: UUID, invitation_id: UUID, *, now: datetime) -> Asked | None:
    """What is to be sent and whether it may be, or None when the invitation is gone."""
    with snapshot() as session:
        read = read_invitation(session, workspace_id, invitation_id)
        if read is None:
            return None
        contact = read.contact
        reason = reason_not_to_mail(session, workspace_id, contact.email)
        reason = reason or deciding.why_never_asked(session, contact)
        not_before = deciding.not_before(session, contact, now=now)
        stopped = is_stopped(session, workspace_id, invitation_id)
    if read.survey.state != "published":
        reason = reason or "survey_closed"
    letter = None if reason else letter_of(read)
    return Asked(
        workspace_id, invitation_id, read.invitation.state, contact.email or "", reason, letter,
        not_before, stopped,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """An invitation with all that stands in its mail."""

    invitation: Invitation
    contact: Contact
    survey: Survey
    workspace: Workspace
    own: Kept
    look: Look


def read_invitation(session: Session, workspace_id: UUID, invitation_id: UUID) -> Read | None:
    """None where it is gone."""
    row = session.execute(
        select(Invitation, Contact, Survey, Workspace)
        .join(
            Contact,
            (Contact.workspace_id == Invitation.workspace_id)
            & (Contact.id == Invitation.contact_id),
        )
        .join(
            Survey,
            (Survey.workspace_id == Invitation.workspace_id) & (Survey.id == Invitation.survey_id),
        )
        .join(Workspace, Workspace.id == Invitation.workspace_id)
        .where(Invitation.workspace_id == workspace_id, Invitation.id == invitation_id)
    ).one_or_none()
    if row is None:
        return None
    invitation, contact, survey, workspace = row
    own = own_mail(session, workspace_id, survey.id)
    look = look_of(workspace_id, survey.id, session=session)
    return Read(invitation, contact, survey, workspace, own, look)


def letter_of(read: Read, *, is_reminder: bool = False) -> Letter:
    """The letter in the language that fits the person best."""
    invitation, contact, workspace = read.invitation, read.contact, read.workspace
    definition = definition_of(workspace.id, read.survey.id, read.survey.published_version or 1)
    if is_personal(definition):
        is_told = not read.survey.confidential
        facts = facts_about(db.session(), workspace.id, contact.id) if is_told else {}
        definition = filled(definition, facts)
    return Letter(
        workspace_id=workspace.id,
        workspace=workspace.name,
        definition=definition,
        language=best_language(contact.locale or workspace.locale, definition.languages),
        name=contact.name,
        address=contact.email or "",
        link=InvitationLink(
            workspace.id, invitation.id, read.survey.id, contact.id, invitation.touchpoint
        ),
        own=read.own.mail,
        logo=read.own.logo,
        look=read.look,
        is_reminder=is_reminder,
    )


def forget_mails(rows: Sequence[Pending]) -> list[Finish | Exception]:
    """Outbox kind `forget_mail`: where mails are files, those of a forgotten person go."""
    folder = mail_folder(current_app.config["SETTINGS"])
    if folder is not None:
        for row in rows:
            for key in (row.subject_id, f"{row.subject_id}{REMINDER}"):
                (folder / f"{key}.eml").unlink(missing_ok=True)
    return [nothing_more for _ in rows]
