"""Whether somebody is asked, and the ledger's line about it, in the transaction that decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveys.campaigns import WorkingDays
from surveys.fatigue import (
    EXCLUDED,
    LEFT_COMPANY,
    History,
    Limits,
    Verdict,
    may_be_asked,
    reachable_from,
    reachable_hours,
)
from surveys.periods import day_bounds, local_day
from surveys.working_time import Calendar
from vocapp.database import read_once, scoped
from vocapp.distributing.asking.models import AskDecision, AskingLimit, NeverAsked
from vocapp.people.models import Account, Contact
from vocapp.workspaces.nights import time_zone_of
from vocapp.workspaces.office.models import WorkingHours
from vocapp.workspaces.office.places import country_of, holidays_of
from vocapp.workspaces.service import is_time_zone

# Of each outcome a person keeps so many lines, the newest ones.
KEPT = 50

# When a person answered without an invitation, since an instant; who answers was asked, too.
AnsweredElsewhere = Callable[[Session, UUID, UUID, datetime], Sequence[datetime]]
_elsewhere: list[AnsweredElsewhere] = []


def register_elsewhere(reader: AnsweredElsewhere) -> None:
    """Let another package say when people answered by its own channels."""
    if reader not in _elsewhere:
        _elsewhere.append(reader)


@dataclass(frozen=True, slots=True)
class Held:
    """What a workspace holds itself to, as a transaction needs it. office: its own working
    hours' time zone, country and part of it, where they are set."""

    time_zone: str
    limits: Limits
    since: time | None
    until: time | None
    working_days_only: bool
    office: tuple[str, str, str] | None

    def hours_of(self, contact: Contact, *, year: int) -> Calendar | None:
        """When this person may be reached; None for always."""
        if self.since is None and not self.working_days_only:
            return None
        zone = contact.time_zone or ""
        if not is_time_zone(zone):
            zone = self.time_zone
        return reachable_hours(
            zone, self.since or time(), self.until or time(),
            working_days_only=self.working_days_only, holidays=self._holidays(zone, year),
        )  # fmt: skip

    def working_days(self, day: date) -> WorkingDays | None:
        """Those of the workspace on which people are asked, with the holidays of two years before
        and after a day; None for every day."""
        if not self.working_days_only:
            return None
        before, after = (self._holidays(self.time_zone, day.year + years) for years in (-1, 1))
        return WorkingDays(before | after)

    def _holidays(self, zone: str, year: int) -> frozenset[date]:
        if self.office is not None and self.office[0] == zone:
            return holidays_of(*self.office[1:], year)
        return holidays_of(country_of(zone), "", year)


def held(session: Session, workspace_id: UUID) -> Held:
    """What holds in a writing transaction or a snapshot, read once in it."""
    return read_once(session, ("asking", workspace_id), lambda: read_held(session, workspace_id))


def read_held(session: Session, workspace_id: UUID) -> Held:
    """The same, read anew."""
    row = session.scalar(scoped(AskingLimit, workspace_id))
    zone = time_zone_of(session, workspace_id)
    if row is None:
        return Held(zone, Limits(), None, None, working_days_only=False, office=None)
    office = session.execute(
        select(WorkingHours.time_zone, WorkingHours.country, WorkingHours.subdivision).where(
            WorkingHours.workspace_id == workspace_id, WorkingHours.user_id.is_(None)
        )
    ).one_or_none()
    return Held(
        zone, Limits(row.person_days, row.account_a_day),
        time.fromisoformat(row.since) if row.since else None,
        time.fromisoformat(row.until) if row.until else None,
        row.working_days_only, (office[0], office[1], office[2]) if office else None,
    )  # fmt: skip


def decide(
    session: Session,
    contact: Contact,
    *,
    wanted: datetime,
    barred: str | None,
) -> Verdict:
    """Whether this person may be asked at that moment, with all that is decided for others of the
    account waiting for this transaction; the caller has locked the person.

    barred: why the address must not be written to, or None.
    """
    rules = held(session, contact.workspace_id)
    _lock_account(session, contact, rules.limits)
    history = _history(session, contact, rules, wanted=wanted, barred=barred)
    hours = rules.hours_of(contact, year=wanted.year)
    return may_be_asked(wanted, history, rules.limits, time_zone=rules.time_zone, hours=hours)


def look(
    session: Session,
    contact: Contact,
    *,
    wanted: datetime,
    barred: str | None,
    also_asked: Mapping[date, int] | None = None,
) -> Verdict:
    """The same for a page: nothing is locked, and nothing is decided.

    also_asked: how many more of the account would be asked on a day, as far as it was looked.
    """
    rules = read_held(session, contact.workspace_id)
    history = _history(session, contact, rules, wanted=wanted, barred=barred)
    if also_asked:
        history = replace(history, account=Counter(history.account) + Counter(also_asked))
    return may_be_asked(
        wanted, history, rules.limits, time_zone=rules.time_zone,
        hours=rules.hours_of(contact, year=wanted.year),
    )  # fmt: skip


def why_not_shown(session: Session, contact: Contact, now: datetime) -> str | None:
    """Why a survey must not come up by itself where this person is, None where it may: as for
    `look`, except for hours and the address, as nothing is sent."""
    rules = read_held(session, contact.workspace_id)
    history = _history(session, contact, rules, wanted=now, barred=None)
    return may_be_asked(now, history, rules.limits, time_zone=rules.time_zone).reason


def _lock_account(session: Session, contact: Contact, limits: Limits) -> None:
    """Or two people of an account could each see the last free place of the day."""
    if limits.account_a_day is not None and contact.account_id is not None:
        session.execute(
            select(Account.id)
            .where(Account.workspace_id == contact.workspace_id, Account.id == contact.account_id)
            .with_for_update()
        )


def _history(
    session: Session, contact: Contact, rules: Held, *, wanted: datetime, barred: str | None
) -> History:
    never = why_never_asked(session, contact)
    if never is not None:
        return History(barred=never)
    if barred is not None:
        return History(barred=barred)
    day = local_day(wanted, rules.time_zone)
    return History(
        _days_of_person(session, contact, rules, day),
        _days_of_account(session, contact, rules, day),
    )


def why_never_asked(session: Session, contact: Contact) -> str | None:
    """Why nobody asks this person, whatever the limits say; None: somebody may."""
    if contact.left_at is not None:
        return LEFT_COMPANY
    excepted = session.scalar(
        select(NeverAsked.contact_id).where(
            NeverAsked.workspace_id == contact.workspace_id,
            NeverAsked.contact_id == contact.id,
        )
    )
    return EXCLUDED if excepted is not None else None


def _days_of_person(session: Session, contact: Contact, rules: Held, day: date) -> list[date]:
    if rules.limits.person_days is None:
        return []
    since = day - timedelta(days=rules.limits.person_days)
    asked = session.scalars(
        select(AskDecision.day).where(
            AskDecision.workspace_id == contact.workspace_id,
            AskDecision.contact_id == contact.id,
            AskDecision.outcome == "asked",
            AskDecision.day > since,
        )
    ).all()
    from_then = day_bounds(since, rules.time_zone)[1].astimezone(UTC)
    answered = (
        at
        for read in _elsewhere
        for at in read(session, contact.workspace_id, contact.id, from_then)
    )
    return [*asked, *(local_day(at, rules.time_zone) for at in answered)]


def _days_of_account(session: Session, contact: Contact, rules: Held, day: date) -> Counter[date]:
    if rules.limits.account_a_day is None or contact.account_id is None:
        return Counter()
    rows = session.execute(
        select(AskDecision.day, func.count())
        .where(
            AskDecision.workspace_id == contact.workspace_id,
            AskDecision.account_id == contact.account_id,
            AskDecision.outcome == "asked",
            AskDecision.day >= day,
        )
        .group_by(AskDecision.day)
    )
    return Counter({on: count for on, count in rows})


@dataclass(frozen=True, slots=True)
class Line:
    """What the ledger says of a decision. id: of the invitation. cause_id: which campaign."""

    id: UUID
    survey_id: UUID
    channel: str
    cause: str
    is_asked: bool
    reason: str | None
    cause_id: UUID | None = None


def write_line(
    session: Session,
    contact: Contact,
    line: Line,
    verdict: Verdict,
    *,
    wanted: datetime,
    now: datetime,
) -> None:
    """Add a line to the ledger, and let the oldest go."""
    day = local_day(wanted, held(session, contact.workspace_id).time_zone)
    outcome = "asked" if line.is_asked else "not_asked"
    session.add(
        AskDecision(
            workspace_id=contact.workspace_id, id=line.id, contact_id=contact.id,
            account_id=contact.account_id, survey_id=line.survey_id, channel=line.channel,
            cause=line.cause, cause_id=line.cause_id, outcome=outcome, reason=line.reason,
            day=(verdict.next_day or day) if line.is_asked else day,
            next_day=None if line.is_asked else verdict.next_day, decided_at=now,
        )
    )  # fmt: skip
    session.flush()
    trim(session, contact.workspace_id, contact.id, outcome)


def trim(session: Session, workspace_id: UUID, contact_id: UUID, outcome: str) -> None:
    """Keep the newest lines of a person."""
    of_person = (
        AskDecision.workspace_id == workspace_id,
        AskDecision.contact_id == contact_id,
        AskDecision.outcome == outcome,
    )
    first_gone = session.execute(
        select(AskDecision.decided_at, AskDecision.id)
        .where(*of_person)
        .order_by(AskDecision.decided_at.desc(), AskDecision.id.desc())
        .offset(KEPT)
        .limit(1)
    ).one_or_none()
    if first_gone is not None:
        at, key = first_gone
        session.execute(
            delete(AskDecision).where(
                *of_person,
                (AskDecision.decided_at < at)
                | ((AskDecision.decided_at == at) & (AskDecision.id <= key)),
            )
        )


def take_back(session: Session, workspace_id: UUID, invitation_id: UUID, reason: str) -> None:
    """An invitation did not go out after all, so that the person was not asked by it."""
    session.execute(
        update(AskDecision)
        .where(
            AskDecision.workspace_id == workspace_id,
            AskDecision.id == invitation_id,
            AskDecision.outcome == "asked",
        )
        .values(outcome="not_asked", reason=reason)
    )


def not_before(session: Session, contact: Contact, *, now: datetime) -> datetime:
    """When an invitation that is due may go out by the recipient's hours."""
    hours = held(session, contact.workspace_id).hours_of(contact, year=now.year)
    return now if hours is None else reachable_from(now, hours) or now
