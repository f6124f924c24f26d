"""Which playbooks fire for which accounts, and what follows: tasks, and what goes out by itself.

It goes with the health of accounts: every night, and when something happens to one (see
`vocapp.registry`). A firing is one row per playbook, account and episode; whatever evaluates it
again, or at the same time, finds it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from surveys.periods import local_day
from surveys.playbook_json import validate_playbook
from surveys.playbooks import Facts, Firing, State, evaluate
from vocapp import outbox
from vocapp.database import insert_absent, insert_into, scoped, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookRun,
    PlaybookSending,
    PlaybookState,
    PlaybookTask,
)
from vocapp.succeeding.playbooks.reading import read_facts
from vocapp.succeeding.playbooks.releasing import ask_to_release
from vocapp.workspaces.nights import time_zone_of

log = structlog.get_logger()

BEGIN = "playbook_begins"
BATCH = 500  # accounts read and written in one transaction
# What is well again some day; of what happened on a day nobody says that it was undone.
RECOVERING = ("health_drop", "usage_down", "onboarding_stalled", "feature_unused")


def evaluate_accounts(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID], now: datetime
) -> None:
    """Evaluate what is switched on for these accounts; once more changes nothing.

    What is wrong with one playbook is logged, and stops neither the others nor the caller's work.
    """
    on = session.scalars(
        scoped(Playbook, workspace_id).where(Playbook.on_since.is_not(None)).order_by(Playbook.id)
    ).all()
    if not on:
        return
    accounts = _accounts(session, workspace_id, account_ids)
    if _is_evaluated(session, on, accounts, now=now) or len(on) == 1:
        return
    for playbook in on:
        _is_evaluated(session, [playbook], accounts, now=now)


def _is_evaluated(
    session: Session, playbooks: Sequence[Playbook], accounts: Sequence[Account], *, now: datetime
) -> bool:
    """False: something was wrong, so nothing was written; of one playbook it is in the log."""
    names = [str(playbook.id) for playbook in playbooks]
    try:
        with session.begin_nested():
            _evaluate(session, playbooks, accounts, now=now)
    except DBAPIError:
        raise  # the whole batch is tried again
    except Exception:
        if len(names) == 1:
            log.exception("playbook.failed", playbook=names[0])
        return False
    return True


def _accounts(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID]
) -> Sequence[Account]:
    return session.scalars(
        scoped(Account, workspace_id).where(Account.id.in_(account_ids)).order_by(Account.id)
    ).all()


# --- a playbook is switched on ------------------------------------------------------------


def ask_to_begin(session: Session, playbook: Playbook, *, now: datetime) -> None:
    """Have a playbook look at every account, in the caller's transaction."""
    outbox.add(session, playbook.workspace_id, BEGIN, playbook.id, now=now)


def begin(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: a playbook that was switched on looks at the next accounts, and a row for
    those after them. Killed at any point, it goes on where it was."""
    now = utcnow()
    for row in rows:
        playbook = session.get(Playbook, (row.workspace_id, row.subject_id))
        if playbook is None or playbook.on_since is None:
            continue
        after = row.detail.get("after")
        batch = next_accounts(session, row.workspace_id, UUID(after) if after else None)
        _evaluate(session, [playbook], batch, now=now)
        if len(batch) == BATCH:
            outbox.add(
                session, row.workspace_id, BEGIN, playbook.id, now=now,
                detail={"after": str(batch[-1].id)}, priority=outbox.BACKLOG,
            )  # fmt: skip


def next_accounts(
    session: Session, workspace_id: UUID, after: UUID | None, *, owned: bool | None = None
) -> Sequence[Account]:
    """The next BATCH by id. owned: only those with an owner, or without; None: all."""
    query = scoped(Account, workspace_id)
    if owned is not None:
        query = query.where(Account.owner_user_id.is_not(None) == owned)
    if after is not None:
        query = query.where(Account.id > after)
    return session.scalars(query.order_by(Account.id).limit(BATCH)).all()


# --- evaluating ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a playbook and an account."""

    playbook: Playbook
    facts: Facts
    before: State
    after: State
    firing: Firing | None

    @property
    def has_recovered(self) -> bool:
        kind = self.playbook.definition["trigger"]["kind"]
        return kind in RECOVERING and not self.before.armed and self.after.armed


def _evaluate(
    session: Session, playbooks: Sequence[Playbook], accounts: Sequence[Account], *, now: datetime
) -> None:
    if not accounts:
        return
    workspace_id = accounts[0].workspace_id
    zone = time_zone_of(session, workspace_id)
    seen = list(look(session, playbooks, accounts, time_zone=zone, now=now))
    _keep_states(session, workspace_id, seen)
    _keep_runs(session, workspace_id, seen, now=now)
    for each in seen:
        if each.has_recovered:
            _recovered(session, each, local_day(now, zone))


def look(
    session: Session,
    playbooks: Sequence[Playbook],
    accounts: Sequence[Account],
    *,
    time_zone: str,
    now: datetime,
) -> Iterator[Seen]:
    """What comes of these playbooks and accounts now; nothing is changed."""
    read = [(each, each.id, validate_playbook(each.definition)) for each in playbooks]
    facts = read_facts(
        session, accounts, [rules for _, _, rules in read], time_zone=time_zone, now=now
    )
    states, unseen = _states(session, playbooks, accounts), State()
    for account_id, own in facts.items():
        for playbook, playbook_id, rules in read:
            before = states.get((playbook_id, account_id), unseen)
            after, firing = evaluate(rules, own, before)
            yield Seen(playbook, own, before, after, firing)


def _states(
    session: Session, playbooks: Sequence[Playbook], accounts: Sequence[Account]
) -> dict[tuple[UUID, UUID], State]:
    rows = session.scalars(
        scoped(PlaybookState, accounts[0].workspace_id).where(
            PlaybookState.playbook_id.in_([each.id for each in playbooks]),
            PlaybookState.account_id.in_([each.id for each in accounts]),
        )
    )
    return {
        (row.playbook_id, row.account_id): State(row.armed, row.episode, row.reference, row.level)
        for row in rows
    }


def _keep_states(session: Session, workspace_id: UUID, seen: Sequence[Seen]) -> None:
    rows = [
        {
            "workspace_id": workspace_id, "playbook_id": each.playbook.id,
            "account_id": UUID(each.facts.account), **asdict(each.after),
        }
        for each in seen
        if each.after != each.before
    ]  # fmt: skip
    if not rows:
        return
    offered = insert_into(session, PlaybookState.__table__)
    session.connection().execute(
        offered.on_conflict_do_update(
            index_elements=["workspace_id", "playbook_id", "account_id"],
            set_={name: offered.excluded[name] for name in asdict(State())},
        ),
        rows,
    )


def _keep_runs(
    session: Session, workspace_id: UUID, seen: Sequence[Seen], *, now: datetime
) -> None:
    fired = {uuid7(): each for each in seen if each.firing is not None}
    new = insert_absent(
        session, PlaybookRun,
        [_run(run_id, each, workspace_id, now) for run_id, each in fired.items()],
        returning=[PlaybookRun.id],
    )  # fmt: skip
    runs = [(run_id, fired[run_id]) for (run_id,) in new]
    insert_absent(
        session, PlaybookTask,
        [row for run_id, each in runs for row in _tasks(run_id, each, workspace_id, now)],
    )  # fmt: skip
    sendings = [row for run_id, each in runs for row in _sendings(run_id, each, workspace_id, now)]
    insert_absent(session, PlaybookSending, sendings)
    for playbook_id, due_on in sorted({(row["playbook_id"], row["due_on"]) for row in sendings}):
        ask_to_release(session, workspace_id, playbook_id, due_on, now=now)


def _run(run_id: UUID, seen: Seen, workspace_id: UUID, now: datetime) -> dict[str, Any]:
    assert seen.firing is not None
    return {
        "workspace_id": workspace_id, "id": run_id, "playbook_id": seen.playbook.id,
        "account_id": UUID(seen.facts.account), "episode": seen.firing.episode,
        "reasons": list(seen.firing.reasons), "fired_at": now,
    }  # fmt: skip


def _tasks(run_id: UUID, seen: Seen, workspace_id: UUID, now: datetime) -> Iterator[dict[str, Any]]:
    """What a person does."""
    assert seen.firing is not None
    for step in seen.firing.steps:
        if step.by != "csm":
            continue
        yield {
            "workspace_id": workspace_id, "id": uuid7(), "run_id": run_id,
            "account_id": UUID(seen.facts.account), "step_key": step.key,
            "title": seen.playbook.titles[step.key], "due_on": step.due_on,
            "minutes": step.minutes, "state": "open", "version": 1,
            "created_at": now, "updated_at": now,
        }  # fmt: skip


def _sendings(
    run_id: UUID, seen: Seen, workspace_id: UUID, now: datetime
) -> Iterator[dict[str, Any]]:
    """What goes out by itself."""
    assert seen.firing is not None
    for step in seen.firing.steps:
        if step.by == "system":
            yield {
                "workspace_id": workspace_id, "id": uuid7(), "run_id": run_id,
                "playbook_id": seen.playbook.id, "account_id": UUID(seen.facts.account),
                "step_key": step.key, "kind": step.kind, "due_on": step.due_on,
                "state": "waiting", "created_at": now,
            }  # fmt: skip


def _recovered(session: Session, seen: Seen, today: date) -> None:
    """The run that it fired last is over."""
    latest = (
        select(PlaybookRun.id)
        .where(
            PlaybookRun.workspace_id == seen.playbook.workspace_id,
            PlaybookRun.playbook_id == seen.playbook.id,
            PlaybookRun.account_id == UUID(seen.facts.account),
        )
        .order_by(PlaybookRun.fired_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        update(PlaybookRun)
        .where(
            PlaybookRun.workspace_id == seen.playbook.workspace_id,
            PlaybookRun.id == latest,
            PlaybookRun.recovered_on.is_(None),
        )
        .values(recovered_on=today)
    )
