"""A sending becomes letters: people are chosen, and to each goes an e-mail or an invitation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.outreach import Chosen, Outreach
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import uuid7
from vocapp.distributing.service import Asking, ask
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks.letters import digest_of_letter, written
from vocapp.succeeding.playbooks.models import PlaybookLetter, PlaybookSending
from vocapp.succeeding.playbooks.recipients import (
    DAY_OFF,
    HOLD,
    Against,
    AgainstLetter,
    People,
    chosen,
    reachable_at,
)
from vocapp.workspaces.models import Workspace

PLAYBOOK_MAIL = "playbook_mail"


@dataclass(frozen=True, slots=True)
class Post:
    """Writes the letters of sendings of a workspace on a local day."""

    session: Session
    workspace: Workspace
    today: date
    now: datetime

    def write(
        self, sending: PlaybookSending, outreach: Outreach, account: Account, people: People,
        *, person_days: int,
    ) -> Chosen:  # fmt: skip
        """Choose whom it goes to, and have each get it after `HOLD`; the sending is done.

        person_days: as `surveys.playbooks.Playbook` has them. The survey is one that takes answers.
        """
        letters: dict[UUID, dict[str, Any]] = {}
        against: Against
        if outreach.survey is None:
            against = AgainstLetter(
                self.session, sending.run_id, person_days, self.today, self.now + HOLD
            )
        else:
            survey = self._survey(outreach.survey)
            assert survey is not None
            cause = "touchpoint" if sending.plan_id else "playbook"
            against = _Asks(self.session, survey, self.now, letters, cause)
        found = chosen(people, outreach, against)
        for key in found.people:
            contact = people.contacts[key]
            letters.setdefault(contact.id, {"id": uuid7(), "state": "scheduled"})
            if outreach.survey is None:
                letters[contact.id] |= self._words(letters[contact.id], outreach, contact, account)
        for key, reason in found.left_out:
            contact = people.contacts[key]
            letters[contact.id] = {"id": uuid7()} | letters.get(contact.id, {})
            letters[contact.id] |= {"state": "not_sent", "reason": reason}
        for contact_id, values in letters.items():
            self._add(sending, contact_id, values)
        sending.state, sending.decided_at = "done", self.now
        return found

    def is_open(self, survey_id: str) -> bool:
        """Whether a survey takes answers."""
        return self._survey(survey_id) is not None

    def _survey(self, survey_id: str) -> Survey | None:
        found = self.session.get(Survey, (self.workspace.id, UUID(survey_id)))
        return found if found is not None and found.state == "published" else None

    def _words(
        self, letter: Mapping[str, Any], outreach: Outreach, contact: Contact, account: Account
    ) -> dict[str, Any]:
        said = written(outreach, contact, account, self.workspace, sender=self.workspace.name)
        due_at = reachable_at(self.session, contact, self.now + HOLD)
        assert due_at is not None, DAY_OFF  # or somebody else had been chosen
        outbox.add(
            self.session, self.workspace.id, PLAYBOOK_MAIL, letter["id"], now=self.now,
            due_at=due_at,
        )  # fmt: skip
        return {
            "language": said.language, "subject": said.subject, "body": said.body,
            "message_digest": digest_of_letter(letter["id"]),
        }  # fmt: skip

    def _add(self, sending: PlaybookSending, contact_id: UUID, values: dict[str, Any]) -> None:
        self.session.add(
            PlaybookLetter(
                workspace_id=self.workspace.id, sending_id=sending.id,
                playbook_id=sending.playbook_id, account_id=sending.account_id,
                contact_id=contact_id, kind=sending.kind, day=self.today, at=self.now, **values,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asks:
    """Asks a person a survey, and tells why it did not; the ledger has it either way.

    letters: by the id of the contact what became of it; their ids are those of the invitations.
    """

    session: Session
    survey: Survey
    now: datetime
    letters: dict[UUID, dict[str, Any]]
    cause: str

    def __call__(self, contact: Contact) -> str | None:
        self.session.execute(
            select(Contact.id)
            .where(Contact.workspace_id == contact.workspace_id, Contact.id == contact.id)
            .with_for_update()
        )
        letter_id = uuid7()
        wish = Asking(self.survey.id, self.cause, self.now + HOLD, None, letter_id)
        invited = ask(self.session, contact, wish, now=self.now)
        is_asked = invited.state == "scheduled"
        self.letters[contact.id] = {"id": letter_id, "state": "asked" if is_asked else "not_sent"}
        return None if is_asked else invited.reason or DAY_OFF
