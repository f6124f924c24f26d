"""What a playbook would do, were it switched on now: for which accounts it would fire, which tasks
people would get, and whom it would write to. Nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.outreach import Outreach
from surveys.periods import day_bounds, local_day
from surveys.playbook_json import validate_playbook
from surveys.playbooks import Firing, PlannedStep
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks import evaluating
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.succeeding.playbooks.recipients import (
    HOLD,
    Against,
    AgainstLetter,
    AgainstSurvey,
    chosen,
    people_of,
)
from vocapp.succeeding.playbooks.releasing import written_on

# Whom it would write to is looked up for so many people of a day; beyond, only accounts count.
MOST_LOOKED_UP = 500
# So many accounts are looked at while a page is built; of more, somebody asks for it, as it takes
# a second for every three thousand. Beyond the last number it says that it stopped.
MOST_AT_ONCE, MOST_ACCOUNTS = 2_000, 50_000


@dataclass(slots=True)
class StepTrial:
    """What a step would do. tasks: for so many accounts a person does it. people: who would be
    written to on its day, in the order in which it would; left_out: who not, with the reason.
    nobody: accounts without anybody to write to. later: accounts for which there is no room on that
    day; unknown: accounts that were not looked up.
    """

    key: str
    kind: str
    due_on: date
    tasks: int = 0
    people: list[tuple[Account, Contact]] = field(default_factory=list)
    left_out: list[tuple[Account, Contact, str]] = field(default_factory=list)
    nobody: int = 0
    later: int = 0
    unknown: int = 0

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why people would be left out, with how many, most of all first."""
        return Counter(reason for _, _, reason in self.left_out).most_common()


@dataclass(slots=True)
class WouldDo:
    """high, tech: for how many accounts it would fire that a person looks after, and of nobody.
    first: some of them, with the reasons. steps: in their order. is_partial: there are more
    accounts than were looked at.
    """

    high: int = 0
    tech: int = 0
    first: list[tuple[Account, Sequence[str]]] = field(default_factory=list)
    steps: list[StepTrial] = field(default_factory=list)
    is_partial: bool = False

    @property
    def somebody(self) -> Contact | None:
        """The first who would be written to."""
        return next((contact for step in self.steps for _, contact in step.people), None)

    @property
    def total(self) -> int:
        return self.high + self.tech


def try_out(
    session: Session, playbook: Playbook, *, time_zone: str, now: datetime, limit: int
) -> WouldDo:
    """What it would do now. limit: of accounts that are named."""
    trial = _Trial(session, playbook, time_zone, now)
    for batch in _batches(session, playbook):
        if trial.looked_at >= MOST_ACCOUNTS:
            trial.would.is_partial = True
            break
        trial.looked_at += len(batch)
        for account, firing in _firings(session, playbook, batch, time_zone, now):
            trial.add(account, firing, limit)
    return trial.would


def takes_long(session: Session, workspace_id: UUID) -> bool:
    """Whether there are too many accounts to look at all of them for every page."""
    some = select(Account.id).where(Account.workspace_id == workspace_id).limit(MOST_AT_ONCE + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return count > MOST_AT_ONCE


def _batches(session: Session, playbook: Playbook) -> Iterator[Sequence[Account]]:
    rules = validate_playbook(playbook.definition)
    owned = None
    if len(rules.touch) == 1 or not rules.goes_by_itself:
        owned = not rules.goes_by_itself
    after: UUID | None = None
    while True:
        batch = evaluating.next_accounts(session, playbook.workspace_id, after, owned=owned)
        if batch:
            after = batch[-1].id
            yield batch
        if len(batch) < evaluating.BATCH:
            return


def _firings(
    session: Session, playbook: Playbook, batch: Sequence[Account], time_zone: str, now: datetime
) -> Iterator[tuple[Account, Firing]]:
    by_id = {str(account.id): account for account in batch}
    for seen in evaluating.look(session, [playbook], batch, time_zone=time_zone, now=now):
        if seen.firing is not None:
            yield by_id[seen.facts.account], seen.firing


class _Trial:
    """Goes through firings in the order in which sendings are released."""

    def __init__(self, session: Session, playbook: Playbook, time_zone: str, now: datetime) -> None:
        self._session, self._time_zone, self._now = session, time_zone, now
        self._rules = validate_playbook(playbook.definition)
        self._today = local_day(now, time_zone)
        self.would = WouldDo(
            steps=[
                StepTrial(step.key, step.kind, self._today + timedelta(days=step.offset_days))
                for step in self._rules.steps
            ]
        )
        self._steps = {step.key: step for step in self.would.steps}
        self._room = {self._today: self._rules.a_day - written_on(session, playbook, self._today)}
        self.looked_at = 0
        self._full: set[date] = set()
        self._looked_up = 0
        self._asked: dict[UUID, AgainstSurvey] = {}

    def add(self, account: Account, firing: Firing, limit: int) -> None:
        if account.owner_user_id is None:
            self.would.tech += 1
        else:
            self.would.high += 1
        if len(self.would.first) < limit:
            self.would.first.append((account, firing.reasons))
        for step in sorted(firing.steps, key=lambda step: step.key):
            if step.by == "csm":
                self._steps[step.key].tasks += 1
            else:
                self._send(account, step)

    def _send(self, account: Account, planned: PlannedStep) -> None:
        trial, step = self._steps[planned.key], self._rules.step(planned.key)
        assert step is not None
        assert step.outreach is not None
        if planned.due_on in self._full:
            trial.later += 1
            return
        if self._looked_up >= MOST_LOOKED_UP:
            trial.unknown += 1
            return
        people = people_of(self._session, account)
        room = self._room.setdefault(planned.due_on, self._rules.a_day)
        most = people.most(step.outreach)
        if most > room:
            self._full.add(planned.due_on)
            trial.later += 1
            return
        if not most:
            trial.nobody += 1
            return
        found = chosen(people, step.outreach, self._against(account, planned, step.outreach))
        trial.people += [(account, people.contacts[key]) for key in found.people]
        trial.left_out += [
            (account, people.contacts[key], reason) for key, reason in found.left_out
        ]
        self._room[planned.due_on] = room - len(found.people)
        self._looked_up += len(found.people) + len(found.left_out)

    def _against(self, account: Account, planned: PlannedStep, outreach: Outreach) -> Against:
        begins = day_bounds(planned.due_on, self._time_zone)[0].astimezone(UTC)
        at = max(self._now, begins) + HOLD
        if outreach.survey is None:
            return AgainstLetter(self._session, None, self._rules.person_days, planned.due_on, at)
        return self._asked.setdefault(account.id, AgainstSurvey(self._session, at))
