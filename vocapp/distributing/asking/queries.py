"""Reads: when somebody was asked, why not, and from when on it is possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from surveys.fatigue import Verdict
from surveys.phone_numbers import readable
from vocapp.authoring.models import Survey
from vocapp.database import scoped
from vocapp.distributing.asking import deciding
from vocapp.distributing.asking.models import OUTCOMES, AskDecision, AskingLimit, NeverAsked
from vocapp.distributing.asking.service import Wished
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.campaigns.stopping import CAMPAIGN, given_up
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.service import EMAIL, TEXT, reason_not_to_mail, reason_not_to_text
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.finding import found_people
from vocapp.people.models import Account, Contact
from vocapp.people.reaching import contact_within, of_accounts_within
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach


def limits_of(workspace_id: UUID) -> Wished:
    """What the workspace holds itself to; without limits where nothing was set."""
    held = deciding.read_held(db.session(), workspace_id)
    return Wished(
        held.limits.person_days, held.limits.account_a_day, held.since, held.until,
        held.working_days_only,
    )  # fmt: skip


def has_limits(workspace_id: UUID) -> bool:
    """Whether somebody has ever said what holds here."""
    return db.session.scalar(scoped(AskingLimit, workspace_id)) is not None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A line of the ledger; state is that of the invitation, if there is one. campaign: its name,
    where one wanted to ask."""

    id: UUID
    survey: str
    survey_name: str
    channel: str
    cause: str
    outcome: str
    reason: str | None
    day: date
    next_day: date | None
    decided_at: datetime
    state: str | None
    campaign: str | None


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """That a campaign is going to ask somebody. state: the campaign's; reason: why they were put
    off to that day. is_stuck: its asking was given up, so that it asks nobody until somebody has it
    tried again."""

    campaign_id: UUID
    campaign: str
    state: str
    day: date
    reason: str | None
    is_stuck: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """That an address or number (channel: email, sms) is not written to. kind: one of
    SUPPRESSION_KINDS; of wishes nobody but the person takes them back."""

    channel: str
    address: str
    kind: str
    since: datetime

    @property
    def can_be_lifted(self) -> bool:
        return self.kind == "bounced"


@dataclass(frozen=True, slots=True)
class AskingOf:
    """All that is to be said of asking a person. excepted_by: a name, empty where it is gone.
    planned: by campaigns, the next day first. bars: of the address and number they have now."""

    contact: Contact
    account: Account | None
    verdict: Verdict
    lines: list[DecisionRow]
    never_since: datetime | None
    excepted_by: str
    planned: list[PlannedDay]
    bars: list[Bar]


def asking_of(workspace_id: UUID, contact_id: UUID, *, reach: Reach, now: datetime) -> AskingOf:
    """Also by the id of a record merged into another. Raises NotFound."""
    session = db.session()
    contact = contact_within(session, workspace_id, contact_id, reach=reach)
    account = contact.account_id and session.scalar(
        scoped(Account, workspace_id).where(Account.id == contact.account_id)
    )
    never = session.execute(
        select(NeverAsked.since, User.name)
        .outerjoin(User, User.id == NeverAsked.by_user_id)
        .where(NeverAsked.workspace_id == workspace_id, NeverAsked.contact_id == contact.id)
    ).one_or_none()
    barred = reason_not_to_mail(session, workspace_id, contact.email)
    if barred == "no_email" and contact.phone:
        barred = reason_not_to_text(session, workspace_id, contact.phone)
    return AskingOf(
        contact, account or None,
        deciding.look(session, contact, wanted=now, barred=barred),
        _lines(workspace_id, contact.id),
        never.since if never else None, (never.name or "") if never else "",
        _planned(workspace_id, contact.id), bars_of(db.session(), contact),
    )  # fmt: skip


def by_address(workspace_id: UUID, address: str, *, reach: Reach, now: datetime) -> AskingOf | None:
    """The same by an e-mail address; None where nobody within reach has it."""
    if not address:
        return None
    found = db.session.scalar(
        scoped(Contact, workspace_id)
        .where(
            func.lower(Contact.email) == address.lower(),
            of_accounts_within(reach, workspace_id, Contact.account_id),
        )
        .order_by(Contact.id)
        .limit(1)
    )
    return asking_of(workspace_id, found.id, reach=reach, now=now) if found else None


@dataclass(frozen=True, slots=True)
class NeverRow:
    """Somebody who is never asked. by: a name, empty where it is gone or a machine said so.
    address: with which they are told from others of their name."""

    contact_id: UUID
    name: str
    address: str
    account_id: str | None
    account: str | None
    since: datetime
    by: str


_OF_PERSON = (Contact.workspace_id == NeverAsked.workspace_id) & (
    Contact.id == NeverAsked.contact_id
)
_SINCE = tuple_(NeverAsked.since, NeverAsked.contact_id)


def never_asked(
    workspace_id: UUID,
    *,
    reach: Reach,
    text: str = "",
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> list[NeverRow]:
    """Who is never asked, the latest on top. text: of the name, the address or the key.

    before: the instant and id after which the page goes on.
    """
    query = (
        select(
            Contact.id, Contact.name, Contact.email, Contact.phone, Contact.external_id,
            Account.external_id.label("account_id"), Account.name.label("account"),
            NeverAsked.since, User.name.label("by"),
        )
        .select_from(NeverAsked)
        .join(Contact, _OF_PERSON)
        .outerjoin(
            Account,
            (Account.workspace_id == Contact.workspace_id) & (Account.id == Contact.account_id),
        )
        .outerjoin(User, User.id == NeverAsked.by_user_id)
        .where(*_never_within(workspace_id, reach, text))
        .order_by(NeverAsked.since.desc(), NeverAsked.contact_id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(tuple_(*before, types=_SINCE.type.types) > _SINCE)
    return [_never_row(row) for row in db.session.execute(query)]


def _never_row(row: Any) -> NeverRow:
    written = row.email or (readable(row.phone) if row.phone else row.external_id or "")
    return NeverRow(
        row.id, row.name or written, written if row.name else "", row.account_id,
        row.account or row.account_id, row.since, row.by or "",
    )  # fmt: skip


def count_never_asked(workspace_id: UUID, *, reach: Reach, text: str = "") -> int:
    """How many they are."""
    query = (
        select(func.count())
        .select_from(NeverAsked)
        .join(Contact, _OF_PERSON)
        .where(*_never_within(workspace_id, reach, text))
    )
    return db.session.scalar(query) or 0


def _never_within(workspace_id: UUID, reach: Reach, text: str) -> list[ColumnElement[bool]]:
    found = [
        NeverAsked.workspace_id == workspace_id,
        of_accounts_within(reach, workspace_id, Contact.account_id),
    ]
    return [*found, Contact.id.in_(found_people(workspace_id, text))] if text else found


def _lines(workspace_id: UUID, contact_id: UUID) -> list[DecisionRow]:
    rows = db.session.execute(
        select(AskDecision, Survey.key, Survey.name, Invitation.state, Campaign.name)
        .join(
            Survey,
            (Survey.workspace_id == AskDecision.workspace_id)
            & (Survey.id == AskDecision.survey_id),
        )
        .outerjoin(
            Invitation,
            (Invitation.workspace_id == AskDecision.workspace_id)
            & (Invitation.id == AskDecision.id),
        )
        .outerjoin(
            Campaign,
            (Campaign.workspace_id == AskDecision.workspace_id)
            & (Campaign.id == AskDecision.cause_id),
        )
        .where(AskDecision.workspace_id == workspace_id, AskDecision.contact_id == contact_id)
        .order_by(AskDecision.decided_at.desc(), AskDecision.id.desc())
        .limit(len(OUTCOMES) * deciding.KEPT)
    )
    return [
        DecisionRow(
            row.id, key, name, row.channel, row.cause, row.outcome, row.reason, row.day,
            row.next_day, row.decided_at, state, campaign,
        )
        for row, key, name, state, campaign in rows
    ]  # fmt: skip


def _planned(workspace_id: UUID, contact_id: UUID) -> list[PlannedDay]:
    is_stuck = (
        select(Pending.id)
        .where(*given_up(workspace_id), Pending.kind == CAMPAIGN, Pending.subject_id == Campaign.id)
        .exists()
    )
    rows = db.session.execute(
        select(
            Campaign.id, Campaign.name, Campaign.state, CampaignTurn.day, CampaignTurn.reason,
            is_stuck,
        )
        .join(
            Campaign,
            (Campaign.workspace_id == CampaignTurn.workspace_id)
            & (Campaign.id == CampaignTurn.campaign_id),
        )
        .where(
            CampaignTurn.workspace_id == workspace_id, CampaignTurn.contact_id == contact_id,
            CampaignTurn.state == "planned", Campaign.state != "ended",
        )
        .order_by(CampaignTurn.day, CampaignTurn.id)
        .limit(deciding.KEPT)
    )  # fmt: skip
    return [PlannedDay(*row) for row in rows]


def bars_of(session: Session, contact: Contact) -> list[Bar]:
    """What bars the address and number that somebody has now, the oldest first."""
    known = {
        digest: (channel, address)
        for channel, address in ((EMAIL, contact.email), (TEXT, contact.phone))
        if address
        for digest in address_digests(contact.workspace_id, address)
    }
    rows = session.scalars(
        scoped(Suppression, contact.workspace_id)
        .where(Suppression.address_digest.in_(known))
        .order_by(Suppression.created_at)
    )
    return [Bar(*known[row.address_digest], row.kind, row.created_at) for row in rows]


def left_out(workspace_id: UUID, survey_id: UUID) -> list[tuple[str, int]]:
    """Reasons for which people were not asked by a survey, with how many, most of all first."""
    rows = db.session.execute(
        select(Invitation.reason, func.count())
        .where(
            Invitation.workspace_id == workspace_id,
            Invitation.survey_id == survey_id,
            Invitation.state == "not_sent",
        )
        .group_by(Invitation.reason)
    ).all()
    return sorted(
        ((reason or "", count) for reason, count in rows), key=lambda row: (-row[1], row[0])
    )
