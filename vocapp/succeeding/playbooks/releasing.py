"""Pending work: steps whose day has come go out, so many people a day, the rest on the next days.

One row of work a playbook looks at the next few sendings. Whether the reason still holds is looked
at again; people are chosen; each becomes a letter or an invitation, which leave later and look
once more. Everything of a batch commits together with the row that goes on behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.periods import day_bounds, local_day
from surveys.playbook_json import validate_playbook
from surveys.playbooks import Facts, State, Step, has_ended
from surveys.playbooks import Playbook as Rules
from vocapp import outbox
from vocapp.database import insert_absent, scoped, utcnow, uuid7
from vocapp.distributing.receiving import keep_looking
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
    PlaybookState,
    PlaybookTask,
)
from vocapp.succeeding.playbooks.posting import Post
from vocapp.succeeding.playbooks.reading import read_facts
from vocapp.succeeding.playbooks.recipients import (
    HAS_OWNER,
    NOBODY,
    SURVEY_CLOSED,
    SWITCHED_OFF,
    people_of,
)
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.nights import time_zone_of

RELEASE = "playbook_release"
BATCH = 20  # sendings in one transaction
RECOVERED, STEP_GONE = "recovered", "step_gone"


def ask_to_release(
    session: Session, workspace_id: UUID, playbook_id: UUID, due_on: date, *, now: datetime
) -> None:
    """See to it that a playbook looks at its sendings on a day, in the caller's transaction."""
    due_at = day_bounds(due_on, time_zone_of(session, workspace_id))[0].astimezone(UTC)
    due_at = max(due_at, now)
    planned = outbox.waiting(select(Pending.id), workspace_id, RELEASE, playbook_id)
    # A row that is being worked off may have looked before this.
    if session.scalar(planned.where(Pending.due_at == due_at).limit(1)) is None:
        outbox.add(
            session, workspace_id, RELEASE, playbook_id, now=now, due_at=due_at,
            priority=outbox.BACKLOG,
        )  # fmt: skip


def release(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the next sendings of a playbook, and a row of work for those after them."""
    now = utcnow()
    for row in rows:
        playbook = session.scalar(
            scoped(Playbook, row.workspace_id)
            .where(Playbook.id == row.subject_id)
            .with_for_update()  # one after the other, so that a day's number holds
        )
        if playbook is not None:
            _release(session, playbook, now=now)


def _release(session: Session, playbook: Playbook, *, now: datetime) -> None:
    workspace = session.get_one(Workspace, playbook.workspace_id)
    today = local_day(now, workspace.time_zone)
    due = _due(session, playbook, today)
    batch = _Batch(session, workspace, playbook, due, today, now)
    left = batch.room_left()
    for number, sending in enumerate(due):
        used = batch.send(sending, left)
        if used is None:  # no more today
            due = due[:number]
            ask_to_release(session, workspace.id, playbook.id, today + timedelta(days=1), now=now)
            break
        left -= used
        session.flush()
    else:
        if len(due) == BATCH:
            outbox.add(
                session, workspace.id, RELEASE, playbook.id, now=now, priority=outbox.BACKLOG
            )
    if due:
        keep_looking(session, workspace.id, now=now)


def _due(session: Session, playbook: Playbook, today: date) -> Sequence[PlaybookSending]:
    """Those that waited longest first; of one day in the order of accounts, as a trial has it."""
    return session.scalars(
        scoped(PlaybookSending, playbook.workspace_id)
        .where(
            PlaybookSending.playbook_id == playbook.id,
            PlaybookSending.state == "waiting",
            PlaybookSending.due_on <= today,
        )
        .order_by(PlaybookSending.due_on, PlaybookSending.account_id, PlaybookSending.step_key)
        .limit(BATCH)
    ).all()


def written_on(session: Session, playbook: Playbook, day: date) -> int:
    """How many people a playbook wrote to on a day."""
    return session.scalar(
        select(func.count()).where(
            PlaybookLetter.workspace_id == playbook.workspace_id,
            PlaybookLetter.playbook_id == playbook.id,
            PlaybookLetter.day == day,
            PlaybookLetter.state != "not_sent",
        )
    ) or 0  # fmt: skip


class _Batch:
    """Some sendings of a playbook with all that deciding on them needs."""

    def __init__(
        self, session: Session, workspace: Workspace, playbook: Playbook,
        sendings: Sequence[PlaybookSending], today: date, now: datetime,
    ) -> None:  # fmt: skip
        self.session, self.workspace, self.playbook = session, workspace, playbook
        self.today, self.now = today, now
        self.rules = validate_playbook(playbook.definition)
        self.post = Post(session, workspace, today, now)
        known = read_known(session, self.rules, playbook, sendings, workspace.time_zone, now)
        self.accounts, self.facts, self.states, self.runs = known

    def room_left(self) -> int:
        """How many people may still be written to today."""
        return self.rules.a_day - written_on(self.session, self.playbook, self.today)

    def send(self, sending: PlaybookSending, left: int) -> int | None:
        """How many people are written to by a sending; None where it has to wait for a day with
        more room."""
        account = self.accounts[sending.account_id]
        step = self.rules.step(sending.step_key)
        reason = self._why_not(sending, step)
        if reason is not None:
            if reason == HAS_OWNER and step is not None:
                self._hand_over(sending, step)
            return self._drop(sending, reason)
        assert step is not None
        assert step.outreach is not None
        people = people_of(self.session, account)
        most = people.most(step.outreach)
        if most > left:
            return None
        if not most:
            return self._drop(sending, NOBODY)
        found = self.post.write(
            sending, step.outreach, account, people, person_days=self.rules.person_days
        )
        return len(found.people)

    def _why_not(self, sending: PlaybookSending, step: Step | None) -> str | None:
        """Why nothing goes out for this account any more."""
        facts = self.facts[sending.account_id]
        assert sending.run_id is not None  # of playbooks alone
        run = self.runs[sending.run_id]
        if self.playbook.on_since is None:
            return SWITCHED_OFF
        state = self.states.get(sending.account_id, State())
        if run.recovered_on is not None or has_ended(self.rules, facts, state, run.episode):
            return RECOVERED
        if step is None or step.outreach is None or step.kind != sending.kind:
            return STEP_GONE
        if facts.touch == "high":
            return HAS_OWNER
        if step.outreach.survey is not None and not self.post.is_open(step.outreach.survey):
            return SURVEY_CLOSED
        return None

    def _drop(self, sending: PlaybookSending, reason: str) -> int:
        sending.state, sending.reason, sending.decided_at = "dropped", reason, self.now
        return 0

    def _hand_over(self, sending: PlaybookSending, step: Step) -> None:
        """Somebody looks after the account by now, and does it in person."""
        task = {
            "workspace_id": self.workspace.id, "id": uuid7(), "run_id": sending.run_id,
            "account_id": sending.account_id, "step_key": step.key,
            "title": self.playbook.titles[step.key], "due_on": sending.due_on,
            "minutes": step.minutes, "state": "open", "version": 1,
            "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        insert_absent(self.session, PlaybookTask, [task])


def read_known(
    session: Session, rules: Rules, playbook: Playbook, sendings: Sequence[PlaybookSending],
    time_zone: str, now: datetime,
) -> tuple[
    dict[UUID, Account], dict[UUID, Facts], dict[UUID, State], dict[UUID, PlaybookRun]
]:  # fmt: skip
    """Accounts, facts and states by account, and firings, of some sendings of a playbook."""
    workspace_id = playbook.workspace_id
    ids = list({each.account_id for each in sendings})
    accounts = session.scalars(scoped(Account, workspace_id).where(Account.id.in_(ids))).all()
    facts = read_facts(session, accounts, [rules], time_zone=time_zone, now=now)
    states = session.scalars(
        scoped(PlaybookState, workspace_id).where(
            PlaybookState.playbook_id == playbook.id, PlaybookState.account_id.in_(ids)
        )
    )
    runs = session.scalars(
        scoped(PlaybookRun, workspace_id).where(
            PlaybookRun.id.in_({each.run_id for each in sendings})
        )
    )
    return (
        {account.id: account for account in accounts},
        facts,
        {row.account_id: State(row.armed, row.episode, row.reference, row.level) for row in states},
        {run.id: run for run in runs},
    )
