"""Whom a campaign would ask in the next days, and whom not and why: looked at, not written down.

Everybody is looked at, with what is known: limits of all surveys, what was asked before, addresses
that must not be written to, and what other campaigns have planned. What is not known yet (events to
come, answers, other people's lists) is not guessed.

1. All people, what was asked of them, and the days that other campaigns have for them are read.
2. Turns of the audience are planned as of each day; those of other campaigns come before.
3. Day by day each turn is judged as the running campaign judges it; who is put off comes again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.attributes import as_text
from surveys.campaigns import (
    DAY_FULL,
    Turn,
    begins_at,
    first_open,
    free_day,
    last_day_of,
)
from surveys.fatigue import EXCLUDED, LEFT_COMPANY, History, Verdict, may_be_asked
from surveys.periods import local_day
from vocapp.database import scoped, snapshot
from vocapp.distributing.asking import deciding
from vocapp.distributing.asking.models import AskDecision, NeverAsked
from vocapp.distributing.campaigns.audience import (
    Candidate,
    Known,
    audience_of,
    candidates,
    facts_of,
    is_in,
    known_turns,
    moments_of,
)
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.campaigns.planning import moved_turn, turns_of, why_not
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Suppression
from vocapp.distributing.service import NO_PROVIDER, TEXT, sends_texts, why_no_address
from vocapp.people.models import Contact
from vocapp.problems import NotFound
from vocapp.workspaces.nights import time_zone_of

DAYS = 30
SAMPLE = 20
MOST_SEGMENTS = 8
LATER = "later"
# So many people are looked at while a page is built; for more somebody asks, and a worker looks.
MOST_AT_ONCE = 2_000
_READ_AT_ONCE = 1_000
_DAY = timedelta(days=1)


# Called with how much is done, of how much: each person is read once, and decided once.
Say = Callable[[int, int], None]


def _to_nobody(_done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class WouldAsk:
    """Somebody of whom it is shown what would become. day: None where they are not asked."""

    contact_id: UUID
    name: str
    email: str | None
    day: date | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """audience: people in it of all that were looked at. days: how many would be asked on each.
    not_asked, put_off: reason → people; put off are those who are asked later because of it.
    segments: attribute → its values with how many are asked, of how many; the largest first."""

    looked_at: int
    audience: int
    asked: int
    days: Sequence[tuple[date, int]]
    not_asked: Mapping[str, int]
    put_off: Mapping[str, int]
    sample: Sequence[WouldAsk]
    segments: Mapping[str, Sequence[tuple[str, int, int]]]


@dataclass(frozen=True, slots=True)
class _Person:
    candidate: Candidate
    name: str
    email: str | None
    time_zone: str | None
    barred: str | None


@dataclass(slots=True)
class _Book:
    """What is known to be asked: of a person, and of an account on each day."""

    person: dict[UUID, list[date]] = field(default_factory=lambda: defaultdict(list))
    account: dict[UUID, Counter[date]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, person: UUID, account: UUID | None, day: date) -> None:
        self.person[person].append(day)
        if account is not None:
            self.account[account][day] += 1


def dry_run(
    workspace_id: UUID,
    campaign_id: UUID,
    *,
    now: datetime,
    days: int = DAYS,
    attributes: Sequence[str] = ("plan",),
    say: Say = _to_nobody,
) -> DryRun:
    """Over all people, in one snapshot; nothing is written. attributes: whose values are told
    apart. say: hears how far it is. Raises NotFound."""
    with snapshot() as session:
        campaign = session.scalar(scoped(Campaign, workspace_id).where(Campaign.id == campaign_id))
        if campaign is None:
            raise NotFound("No such campaign.")
        trial = _Trial(session, campaign, now=now, days=days, say=say)
        return trial.told(attributes)


def takes_long(session: Session, workspace_id: UUID) -> bool:
    """Whether there are too many people to look at all of them while somebody waits."""
    some = select(Contact.id).where(Contact.workspace_id == workspace_id).limit(MOST_AT_ONCE + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return count > MOST_AT_ONCE


class _Trial:
    """One look ahead; what is read stands here."""

    def __init__(
        self, session: Session, campaign: Campaign, *, now: datetime, days: int, say: Say
    ) -> None:
        self._session, self._campaign, self._now = session, campaign, now
        self._say = say
        self._workspace_id, self._plan = campaign.workspace_id, campaign.plan
        self._zone = time_zone_of(session, campaign.workspace_id)
        self._today = local_day(now, self._zone)
        self._until = self._today + timedelta(days=days)
        self._rules = deciding.read_held(session, campaign.workspace_id)
        self._working = self._rules.working_days(self._today)
        self._people = self._read_people()
        audience = audience_of(campaign)
        self._audience = {
            key: each
            for key, each in self._people.items()
            if each.barred != LEFT_COMPANY and is_in(audience, each.candidate)
        }
        self._book = self._read_book()
        self._hours: dict[tuple[str | None, int], Any] = {}
        self._asked: dict[UUID, date] = {}
        self._per_day: Counter[date] = Counter()
        self._asked_today = self._read_asked_today()
        self._waiting: Counter[date] = Counter()
        self._put_off: dict[UUID, str] = {}
        self._not_asked: dict[UUID, str] = {}
        self._decide_all()

    # --- reading ----------------------------------------------------------------------------

    def _read_people(self) -> dict[UUID, _Person]:
        rows = self._session.execute(
            candidates(self._workspace_id)
            .add_columns(
                Contact.email, Contact.phone, Contact.name, Contact.time_zone, Contact.left_at
            )
            .order_by(Contact.id)
        ).all()
        suppressed = {
            digest: kind
            for digest, kind in self._session.execute(
                select(Suppression.address_digest, Suppression.kind)
                .where(Suppression.workspace_id == self._workspace_id)
                .order_by(Suppression.created_at.desc())
            )
        }
        never = set(
            self._session.scalars(
                select(NeverAsked.contact_id).where(NeverAsked.workspace_id == self._workspace_id)
            )
        )
        places: Counter[UUID] = Counter()
        found: dict[UUID, _Person] = {}
        for row in rows:
            if len(found) % _READ_AT_ONCE == 0:
                self._say(len(found), 2 * len(rows))
            place = places[row.account_id] if row.account_id else 0
            if row.account_id:
                places[row.account_id] += 1
            barred = self._barred(row, never, suppressed)
            candidate = Candidate(
                row.id, row.account_id, facts_of(row), row.started_on, row.renewal_on, place
            )
            found[row.id] = _Person(candidate, row.name, row.email, row.time_zone, barred)
        return found

    def _barred(self, row: Any, never: set[UUID], suppressed: Mapping[str, str]) -> str | None:
        if row.left_at is not None:
            return LEFT_COMPANY
        if row.id in never:
            return EXCLUDED
        channel = self._campaign.channel
        if channel == TEXT and not sends_texts(self._session, self._workspace_id):
            return NO_PROVIDER
        address = row.phone if channel == TEXT else row.email
        missing = why_no_address(channel, address)
        if missing or not suppressed:
            return missing
        digests = address_digests(self._workspace_id, address)
        return next((suppressed[each] for each in digests if each in suppressed), None)

    def _read_book(self) -> _Book:
        """The ledger, as far back as a limit reaches, and what other campaigns have planned."""
        book = _Book()
        limits = self._rules.limits
        since = self._today - timedelta(days=limits.person_days or 0)
        for contact_id, account_id, day in self._session.execute(
            select(AskDecision.contact_id, AskDecision.account_id, AskDecision.day).where(
                AskDecision.workspace_id == self._workspace_id,
                AskDecision.outcome == "asked", AskDecision.day > since,
            )
        ):  # fmt: skip
            book.add(contact_id, account_id, day)
        others = self._session.execute(
            select(CampaignTurn.contact_id, CampaignTurn.day)
            .join(
                Campaign,
                (Campaign.workspace_id == CampaignTurn.workspace_id)
                & (Campaign.id == CampaignTurn.campaign_id),
            )
            .where(
                CampaignTurn.workspace_id == self._workspace_id,
                CampaignTurn.campaign_id != self._campaign.id,
                CampaignTurn.state == "planned", Campaign.state == "active",
            )
        )  # fmt: skip
        for contact_id, day in others:
            person = self._people.get(contact_id)
            if person is not None:
                book.add(contact_id, person.candidate.account_id, max(day, self._today))
        return book

    def _read_asked_today(self) -> int:
        """By this campaign, which leaves fewer places."""
        return (
            self._session.scalar(
                select(func.count()).where(
                    CampaignTurn.workspace_id == self._workspace_id,
                    CampaignTurn.campaign_id == self._campaign.id,
                    CampaignTurn.state == "asked", CampaignTurn.day == self._today,
                )
            )
            or 0
        )  # fmt: skip

    # --- deciding ---------------------------------------------------------------------------

    def _decide_all(self) -> None:
        """By day, then by person, as turns are taken up."""
        waiting = list(self._first_turns())
        heapify(waiting)
        self._waiting.update(day for day, _who, _turn in waiting)
        every, people = len(waiting), len(self._people)
        while waiting:
            # Who is put off waits again, so that what is behind is what does not wait any more.
            self._say(people + people * (every - len(waiting)) // every, 2 * people)
            day, contact_id, turn = heappop(waiting)
            self._waiting[day] -= 1
            then = self._decide(self._people[contact_id], turn, day)
            if then is not None and then < self._until:
                heappush(waiting, (then, contact_id, turn))
                self._waiting[then] += 1
            elif then is not None:
                self._not_asked.setdefault(contact_id, self._put_off.get(contact_id, LATER))

    def _first_turns(self) -> Iterable[tuple[date, UUID, Turn]]:
        """Those that are planned already, those of today, and of recurring ones of the period that
        begins within the days."""
        known = known_turns(self._session, self._campaign)
        stored = self._session.execute(
            select(CampaignTurn.contact_id, CampaignTurn.day, CampaignTurn.occasion).where(
                CampaignTurn.workspace_id == self._workspace_id,
                CampaignTurn.campaign_id == self._campaign.id, CampaignTurn.state == "planned",
            )
        )  # fmt: skip
        begun = set()  # two turns may have come to mean one renewal
        for contact_id, day, occasion in stored:
            last_day = last_day_of(self._plan, occasion)
            turn = Turn(max(day, self._today), occasion, last_day)
            if contact_id in self._people:
                candidate = self._people[contact_id].candidate
                turn = moved_turn(self._plan, candidate, occasion, self._today) or turn
            if (contact_id, turn.occasion) in begun:
                continue
            begun.add((contact_id, turn.occasion))
            if turn.day < self._until and contact_id in self._people:
                yield turn.day, contact_id, turn
        if self._plan.starts_on >= self._until:
            return
        looked_at = [each.candidate for each in self._audience.values()]
        moments: Mapping[UUID, list[date]] = {}
        if self._plan.kind == "moment":
            moments = self._moments(looked_at)
        for each in looked_at:
            for turn in self._turns(each, known, moments):
                if turn.day < self._until:
                    yield turn.day, each.contact_id, turn

    def _moments(self, people: Sequence[Candidate]) -> Mapping[UUID, list[date]]:
        found: dict[UUID, list[date]] = {}
        for begin in range(0, len(people), 500):
            found |= moments_of(
                self._session, self._workspace_id, self._plan, people[begin : begin + 500],
                today=self._today, zone=self._zone, planned=True,
            )  # fmt: skip
        return found

    def _turns(
        self, each: Candidate, known: Known, moments: Mapping[UUID, list[date]]
    ) -> list[Turn]:
        begin = max(self._today, self._plan.starts_on)
        if self._plan.kind != "recurring":
            if self._plan.kind == "once" and self._campaign.planned_on is not None:
                return []  # who was in the audience then has a turn
            return turns_of(self._plan, each, known, moments, self._today, self._working)
        found = turns_of(self._plan, each, known, moments, begin, self._working)
        next_period = self._period_after(begin)
        if next_period < self._until:
            last = found[0].day if found else known.last_asked.get(each.contact_id)
            later = replace_last(known, each.contact_id, last)
            found += turns_of(self._plan, each, later, moments, next_period, self._working)
        return found

    def _period_after(self, day: date) -> date:
        days = self._plan.period_days or 1
        number = (day - self._plan.starts_on).days // days
        return self._plan.starts_on + timedelta(days=(number + 1) * days)

    def _decide(self, person: _Person, turn: Turn, day: date) -> date | None:
        """What becomes of somebody on a day; the day on which they come again."""
        contact_id = person.candidate.contact_id
        if self._working is not None and day not in self._working:
            return max(first_open(day, self._working), day + _DAY)
        reason = person.barred or why_not(
            self._plan, person.candidate, turn.occasion, today=day,
            is_inside=contact_id in self._audience,
        )  # fmt: skip
        if reason is not None:
            self._not_asked[contact_id] = reason
            return None
        if self._is_full(day):
            return self._later(contact_id, DAY_FULL, self._next_free(turn, day))
        verdict = self._judge(person, day)
        if verdict.can_wait and verdict.next_day is not None:
            self._asked[contact_id] = day
            self._per_day[day] += 1
            self._book.add(contact_id, person.candidate.account_id, verdict.next_day)
            self._not_asked.pop(contact_id, None)
            return None
        then = verdict.next_day
        if then is not None and turn.last_day is not None and then > turn.last_day:
            then = None
        return self._later(contact_id, verdict.reason or "", then)

    def _is_full(self, day: date) -> bool:
        if self._plan.a_day is None:
            return False
        already = self._asked_today if day == self._today else 0
        return self._per_day[day] + already >= self._plan.a_day

    def _next_free(self, turn: Turn, day: date) -> date | None:
        """The next day with room; the day on which looking ends, where it comes no earlier."""
        last_day = min(turn.last_day or self._until, self._until - _DAY)
        then = free_day(self._waiting, self._plan.a_day, day + _DAY, last_day, self._working)
        if then is None and (turn.last_day is None or turn.last_day >= self._until):
            return self._until
        return then

    def _later(self, contact_id: UUID, reason: str, then: date | None) -> date | None:
        if then is None:
            self._not_asked[contact_id] = reason
        else:
            self._put_off[contact_id] = reason
        return then

    def _judge(self, person: _Person, day: date) -> Verdict:
        wanted = max(begins_at(day, self._campaign.hour, self._zone), self._now)
        hours = self._hours_of(person, wanted.astimezone(UTC).year)
        account = person.candidate.account_id
        history = History(
            self._book.person.get(person.candidate.contact_id, ()),
            self._book.account[account] if account is not None else {},
        )
        return may_be_asked(
            wanted, history, self._rules.limits, time_zone=self._rules.time_zone, hours=hours
        )

    def _hours_of(self, person: _Person, year: int) -> Any:
        """People of one time zone have the same."""
        key = (person.time_zone, year)
        if key not in self._hours:
            contact = Contact(time_zone=person.time_zone)
            self._hours[key] = self._rules.hours_of(contact, year=year)
        return self._hours[key]

    # --- telling ----------------------------------------------------------------------------

    def told(self, attributes: Sequence[str]) -> DryRun:
        days = [self._today + timedelta(days=n) for n in range((self._until - self._today).days)]
        put_off = Counter(self._put_off[key] for key in self._asked if key in self._put_off)
        not_asked = Counter(
            reason for key, reason in self._not_asked.items() if key not in self._asked
        )
        seen = self._not_asked.keys() | self._asked.keys()
        later = len(self._audience.keys() - seen)
        if later:
            not_asked[LATER] += later
        return DryRun(
            looked_at=sum(each.barred != LEFT_COMPANY for each in self._people.values()),
            audience=len(self._audience), asked=len(self._asked),
            days=[(day, self._per_day[day]) for day in days],
            not_asked=dict(not_asked.most_common()), put_off=dict(put_off.most_common()),
            sample=self._sample(), segments={name: self._segments(name) for name in attributes},
        )  # fmt: skip

    def _sample(self) -> list[WouldAsk]:
        """Some of those who are asked, by day, and some who are not."""
        asked = sorted(self._asked.items(), key=lambda pair: (pair[1], pair[0]))
        step = max(len(asked) // SAMPLE, 1)
        found = [
            self._would(key, day, self._put_off.get(key)) for key, day in asked[::step][:SAMPLE]
        ]
        left = [key for key in self._not_asked if key not in self._asked]
        step = max(len(left) // (SAMPLE // 2), 1)
        return found + [
            self._would(key, None, self._not_asked[key]) for key in left[::step][: SAMPLE // 2]
        ]

    def _would(self, key: UUID, day: date | None, reason: str | None) -> WouldAsk:
        person = self._people[key]
        return WouldAsk(key, person.name, person.email, day, reason)

    def _segments(self, attribute: str) -> list[tuple[str, int, int]]:
        every: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for each in self._audience.values():
            value = as_text(each.candidate.facts.get(attribute)) or ""
            every[value] += 1
            asked[value] += each.candidate.contact_id in self._asked
        return [(value, asked[value], n) for value, n in every.most_common(MOST_SEGMENTS)]


def replace_last(known: Known, contact_id: UUID, last: date | None) -> Known:
    """As if somebody had been asked on a day."""
    if last is None:
        return known
    return replace(known, last_asked={contact_id: last})
