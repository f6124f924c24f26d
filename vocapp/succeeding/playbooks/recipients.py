"""Who at an account is written to by a step, and why somebody is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.fatigue import reachable_from
from surveys.outreach import Chosen, Outreach, Person, candidates, choose
from vocapp.database import scoped
from vocapp.distributing.asking import deciding
from vocapp.distributing.service import reason_not_to_mail
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks.models import PlaybookLetter, PlaybookSending

WRITTEN_LATELY, DAY_OFF = "written_lately", "day_off"
SWITCHED_OFF, SURVEY_CLOSED = "switched_off", "survey_closed"
NOBODY, HAS_OWNER = "nobody", "has_owner"
# A letter that was released waits so long, so that a playbook that was switched on by mistake can
# be switched off again before anybody has got one.
HOLD = timedelta(minutes=10)
_MOST_LOOKED_AT = 200  # people of an account; those who were known first
_REACHED_NOBODY = ("not_sent", "bounced")


@dataclass(frozen=True, slots=True)
class People:
    """Those of an account who are still there, by the key under which rules know them."""

    contacts: dict[str, Contact]

    @property
    def persons(self) -> list[Person]:
        return [
            Person(key, frozenset(contact.roles), contact.email or None)
            for key, contact in self.contacts.items()
        ]

    def most(self, outreach: Outreach) -> int:
        """How many can be written to at the most."""
        return min(outreach.most_people, len(candidates(self.persons, outreach.roles)))


def people_of(session: Session, account: Account) -> People:
    """One statement."""
    rows = session.scalars(
        scoped(Contact, account.workspace_id)
        .where(Contact.account_id == account.id, Contact.left_at.is_(None))
        .order_by(Contact.id)
        .limit(_MOST_LOOKED_AT)
    )
    return People({str(contact.id): contact for contact in rows})


class Against(Protocol):
    """What stands against writing to somebody; None for nothing."""

    def __call__(self, contact: Contact) -> str | None: ...


def chosen(people: People, outreach: Outreach, against: Against) -> Chosen:
    """`surveys.outreach.choose` of people with their records."""
    return choose(people.persons, outreach, lambda each: against(people.contacts[each.key]))


def why_never(session: Session, contact: Contact) -> str | None:
    """Why nobody writes to this person by itself, on whatever day."""
    return reason_not_to_mail(
        session, contact.workspace_id, contact.email
    ) or deciding.why_never_asked(session, contact)


@dataclass(frozen=True, slots=True)
class AgainstLetter:
    """What stands against an e-mail that is written on a day.

    run_id: the firing that it belongs to, whose other letters do not count; None where it has not
    fired, and for a touchpoint. person_days: how long another letter keeps others away.
    """

    session: Session
    run_id: UUID | None
    person_days: int
    today: date
    at: datetime

    def __call__(self, contact: Contact) -> str | None:
        reason = why_never(self.session, contact)
        if reason is None and self._was_written_to(contact):
            return WRITTEN_LATELY
        if reason is None and reachable_at(self.session, contact, self.at) is None:
            return DAY_OFF
        return reason

    def _was_written_to(self, contact: Contact) -> bool:
        if not self.person_days:
            return False
        query = (
            select(PlaybookLetter.id)
            .join(
                PlaybookSending,
                (PlaybookSending.workspace_id == PlaybookLetter.workspace_id)
                & (PlaybookSending.id == PlaybookLetter.sending_id),
            )
            .where(
                PlaybookLetter.workspace_id == contact.workspace_id,
                PlaybookLetter.contact_id == contact.id,
                PlaybookLetter.kind == "email",
                PlaybookLetter.state.not_in(_REACHED_NOBODY),
                PlaybookLetter.day > self.today - timedelta(days=self.person_days),
            )
        )
        if self.run_id is not None:
            query = query.where(PlaybookSending.run_id.is_distinct_from(self.run_id))
        return self.session.scalar(query.limit(1)) is not None


def reachable_at(session: Session, contact: Contact, at: datetime) -> datetime | None:
    """The first moment from then on at which mail may go there; None where every day is off."""
    hours = deciding.held(session, contact.workspace_id).hours_of(contact, year=at.year)
    return reachable_from(at, hours)


@dataclass(slots=True)
class AgainstSurvey:
    """What would stand against asking, as `distributing.service.ask` then decides; nothing is
    noted but for whom this has already let pass."""

    session: Session
    wanted: datetime
    passed: Counter[date] = field(default_factory=Counter)

    def __call__(self, contact: Contact) -> str | None:
        verdict = deciding.look(
            self.session, contact, wanted=self.wanted, also_asked=self.passed,
            barred=reason_not_to_mail(self.session, contact.workspace_id, contact.email),
        )  # fmt: skip
        if not verdict.can_wait or verdict.next_day is None:
            return verdict.reason
        self.passed[verdict.next_day] += 1
        return None
