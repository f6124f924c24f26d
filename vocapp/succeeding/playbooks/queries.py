"""Reads: playbooks with what came of them, and tasks.

reach: a task of an account beyond it is not found, counted or shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import aliased

from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import NotFound
from vocapp.succeeding.playbooks.models import Playbook, PlaybookRun, PlaybookTask
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

SHOWS = ("due", "upcoming", "snoozed", "done")
PAST = timedelta(days=30)
_OWNER, _DECIDER = aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class CameOf:
    """Of the last 30 days: how often a playbook fired, what was well again since, and tasks."""

    fired: int = 0
    recovered: int = 0
    open: int = 0
    done: int = 0
    skipped: int = 0


def playbooks(workspace_id: UUID, *, now: datetime) -> list[tuple[Playbook, CameOf]]:
    """All that are not put away, those that are on first; three statements."""
    rows = db.session.scalars(
        scoped(Playbook, workspace_id)
        .where(Playbook.archived_at.is_(None))
        .order_by(
            case((Playbook.on_since.is_not(None), 0), else_=1), func.lower(Playbook.name),
            Playbook.id,
        )
    ).all()  # fmt: skip
    came = _came_of(workspace_id, now=now)
    return [(row, came.get(row.id, CameOf())) for row in rows]


def archived(workspace_id: UUID, *, limit: int) -> Sequence[Playbook]:
    """Those that are put away, the latest on top."""
    return db.session.scalars(
        scoped(Playbook, workspace_id)
        .where(Playbook.archived_at.is_not(None))
        .order_by(Playbook.archived_at.desc(), Playbook.id)
        .limit(limit)
    ).all()


def _came_of(workspace_id: UUID, *, now: datetime) -> dict[UUID, CameOf]:
    lately = (PlaybookRun.workspace_id == workspace_id, PlaybookRun.fired_at > now - PAST)
    runs = db.session.execute(
        select(
            PlaybookRun.playbook_id, func.count(), func.count(PlaybookRun.recovered_on)
        )
        .where(*lately)
        .group_by(PlaybookRun.playbook_id)
    )  # fmt: skip
    tasks = db.session.execute(
        select(PlaybookRun.playbook_id, PlaybookTask.state, func.count())
        .join(
            PlaybookTask,
            (PlaybookTask.workspace_id == PlaybookRun.workspace_id)
            & (PlaybookTask.run_id == PlaybookRun.id),
        )
        .where(*lately)
        .group_by(PlaybookRun.playbook_id, PlaybookTask.state)
    )
    states: dict[UUID, dict[str, int]] = {}
    for playbook_id, state, n in tasks:
        states.setdefault(playbook_id, {})[state] = n
    return {
        playbook_id: CameOf(fired, recovered, **states.get(playbook_id, {}))
        for playbook_id, fired, recovered in runs
    }


def playbook(workspace_id: UUID, playbook_id: UUID) -> Playbook:
    """Raises NotFound."""
    found = db.session.scalar(scoped(Playbook, workspace_id).where(Playbook.id == playbook_id))
    if found is None:
        raise NotFound("No such playbook.")
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """A firing with its account and how many of its tasks are in which state."""

    run: PlaybookRun
    account: Account
    tasks: CameOf


def runs_of(
    workspace_id: UUID, playbook_id: UUID, *, limit: int
) -> list[Run]:  # fmt: skip
    """When a playbook fired last; two statements."""
    found = db.session.execute(
        select(PlaybookRun, Account)
        .join(
            Account,
            (Account.workspace_id == PlaybookRun.workspace_id)
            & (Account.id == PlaybookRun.account_id),
        )
        .where(PlaybookRun.workspace_id == workspace_id, PlaybookRun.playbook_id == playbook_id)
        .order_by(PlaybookRun.fired_at.desc(), PlaybookRun.id.desc())
        .limit(limit)
    ).all()
    states: dict[UUID, dict[str, int]] = {}
    for run_id, state, n in db.session.execute(
        select(PlaybookTask.run_id, PlaybookTask.state, func.count())
        .where(
            PlaybookTask.workspace_id == workspace_id,
            PlaybookTask.run_id.in_([run.id for run, _ in found]),
        )
        .group_by(PlaybookTask.run_id, PlaybookTask.state)
    ):
        states.setdefault(run_id, {})[state] = n
    return [Run(run, account, CameOf(**states.get(run.id, {}))) for run, account in found]


# --- tasks --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A task with why it is there, its account, who looks after it, and who decided."""

    task: PlaybookTask
    run: PlaybookRun
    playbook: str
    account: Account
    owner: str | None
    decided_by: str | None

    @property
    def who(self) -> str:
        return self.account.name or self.account.external_id


# Built once: that takes as long as executing it does.
_ROWS: Any = (
    select(PlaybookTask, PlaybookRun, Playbook.name, Account, _OWNER.name, _DECIDER.name)
    .join(
        PlaybookRun,
        (PlaybookRun.workspace_id == PlaybookTask.workspace_id)
        & (PlaybookRun.id == PlaybookTask.run_id),
    )
    .join(
        Playbook,
        (Playbook.workspace_id == PlaybookRun.workspace_id)
        & (Playbook.id == PlaybookRun.playbook_id),
    )
    .join(
        Account,
        (Account.workspace_id == PlaybookTask.workspace_id)
        & (Account.id == PlaybookTask.account_id),
    )
    .outerjoin(_OWNER, _OWNER.id == Account.owner_user_id)
    .outerjoin(_DECIDER, _DECIDER.id == PlaybookTask.decided_by_user_id)
)


def _rows(workspace_id: UUID, reach: Reach) -> Any:
    return _ROWS.where(*_within(workspace_id, reach))


def _within(workspace_id: UUID, reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        PlaybookTask.workspace_id == workspace_id,
        of_accounts_within(reach, workspace_id, PlaybookTask.account_id),
    )


def _of_show(show: str, today: date) -> ColumnElement[bool]:
    if show == "done":
        return PlaybookTask.state != "open"
    is_snoozed = and_(PlaybookTask.snoozed_until.is_not(None), PlaybookTask.snoozed_until > today)
    awake = or_(PlaybookTask.snoozed_until.is_(None), PlaybookTask.snoozed_until <= today)
    conditions = {
        "open": true(),
        "due": and_(awake, PlaybookTask.due_on <= today),
        "upcoming": and_(awake, PlaybookTask.due_on > today),
        "snoozed": is_snoozed,
    }
    return and_(PlaybookTask.state == "open", conditions[show])


def tasks(
    workspace_id: UUID,
    show: str,
    *,
    reach: Reach,
    owner: UUID | None = None,
    today: date,
    limit: int,
    offset: int = 0,
) -> list[Row]:
    """The first due on top; of those that are done, the latest. One statement.

    show: one of SHOWS, or "open" for all that is neither done nor skipped.
    """
    query = _rows(workspace_id, reach).where(_of_show(show, today))
    if owner is not None:
        query = query.where(Account.owner_user_id == owner)
    if show == "done":
        query = query.order_by(PlaybookTask.decided_at.desc(), PlaybookTask.id.desc())
    else:
        query = query.order_by(PlaybookTask.due_on, PlaybookTask.id)
    return _read(query.limit(limit).offset(offset))


def _read(query: Any) -> list[Row]:
    return [Row(*row) for row in db.session.execute(query)]


def counts(
    workspace_id: UUID, *, reach: Reach, owner: UUID | None = None, today: date
) -> dict[str, int]:
    """How many there are of each; one statement."""
    columns = [func.sum(case((_of_show(show, today), 1), else_=0)) for show in SHOWS]
    query = select(*columns).select_from(PlaybookTask).where(*_within(workspace_id, reach))
    if owner is not None:
        mine = select(Account.id).where(
            Account.workspace_id == workspace_id, Account.owner_user_id == owner
        )
        query = query.where(PlaybookTask.account_id.in_(mine))
    found = db.session.execute(query).one()
    return {show: int(number or 0) for show, number in zip(SHOWS, found, strict=True)}


def task(workspace_id: UUID, task_id: UUID, *, reach: Reach) -> Row:
    """Raises NotFound."""
    rows = _read(_rows(workspace_id, reach).where(PlaybookTask.id == task_id))
    if not rows:
        raise NotFound("No such task.")
    return rows[0]


_OPEN = _ROWS.where(PlaybookTask.state == "open").order_by(PlaybookTask.due_on, PlaybookTask.id)
_DECIDED = _ROWS.where(PlaybookTask.state != "open").order_by(
    PlaybookTask.decided_at.desc(), PlaybookTask.id.desc()
)


def of_account(
    workspace_id: UUID, account_id: UUID, *, reach: Reach, past: int = 5
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Open ones, the first due on top, and the last that were done or skipped."""
    mine = (*_within(workspace_id, reach), PlaybookTask.account_id == account_id)
    return (
        _read(_OPEN.where(*mine).limit(20)),
        _read(_DECIDED.where(*mine).limit(past)),
    )
