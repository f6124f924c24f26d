"""The one table of pending work.

The database is the truth and the broker is a doorbell: a service adds rows in its own
transaction; after the commit it rings; a drain works rows off in batches; the
scheduler rings again for whatever is due, so a lost ring only delays.

Two modes of work:

* `database`: the effect and the deletion of the row commit together.
* `leased`: slow, or leaving the process. Claimed under a lease and committed; worked
  with no transaction open; finished only where the lease token still holds, so that a
  worker that was paused beyond its lease writes nothing.

A row that fails is tried again later (back-off below), and set aside after
`max_attempts`, with its error, where an admin sees it and can try it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import structlog
from sqlalchemy import (
    CheckConstraint,
    Index,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from vocapp.database import (
    OF_WORKSPACE,
    Base,
    TenantRow,
    forget_read_once,
    give_way_to_writers,
    short_text,
    snapshot,
    transaction,
    utcnow,
)
from vocapp.extensions import celery

log = structlog.get_logger()

PRIORITIES = FRESH, BACKLOG = 0, 10  # fresh work goes before backlog

# Attempts 1..8 wait 5 s, 10 s, 20 s … capped at 10 min: about 20 minutes in all.
_BACK_OFF_S = 5
_BACK_OFF_CAP_S = 600
MAX_ATTEMPTS = 8
DRAIN_SECONDS = 5.0
_RING_PAUSE_S = 5.0
_RING_LASTS_S = 60  # an older ring says nothing that the scheduler has not rung again
_LEASE_EXPIRED = "LeaseExpired"  # the last error of a row whose worker died or stalled


class Pending(TenantRow, Base):
    """A row of work; ids only, never personal text."""

    __tablename__ = "outbox"

    kind: Mapped[str] = mapped_column(short_text(40))
    subject_id: Mapped[UUID]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    priority: Mapped[int] = mapped_column(default=FRESH)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    set_aside_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("(lease_until IS NULL) = (lease_token IS NULL)", name="lease_whole"),
        # `newest_first` asks for one priority after the other.
        CheckConstraint(f"priority IN {PRIORITIES}", name="priority_known"),
        Index("ix_outbox_due", "kind", "set_aside_at", "priority", "due_at"),
    )


class Never(Exception):
    """Raised by a handler for a row that no repetition will help: set aside at once."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """What a row needs is not there: it is tried again then, and has not failed.

    goes_behind: it waits for something of its own, perhaps for days and with thousands of others:
    from now on all fresh work goes first, or each look at them would hold it up.
    """

    until: datetime
    goes_behind: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """To be stored with others of its batch, by one call of `store(session, results)`; alone
    where that fails, so that one bad row never stops the rest.
    """

    store: Callable[[Session, Sequence[Any]], None]
    result: Any


# What working on a leased row ends in: how to store it, why it failed, or when to try again.
Outcome = Callable[[Session], None] | Together | Exception | NotYet


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one kind are worked off.

    newest_first: of rows of one priority the latest goes first. A flood that comes in one by one
    cannot be told from what is fresh, but whoever has just written is the one who waits for it.
    mode `database`: `apply(session, rows)` makes the effect in the given transaction.
    mode `leased`: `work(rows)` runs without a transaction and returns one
    `finish(session)` callable a row, or in its place `Together`, an exception for a row that
    failed, or `NotYet`.
    """

    name: str
    mode: Literal["database", "leased"]
    apply: Callable[[Session, Sequence[Pending]], None] | None = None
    work: Callable[[Sequence[Pending]], Sequence[Outcome]] | None = None
    batch: int = 200
    lease_s: int = 120
    queue: Literal["quick", "slow", "learning"] = "quick"
    max_attempts: int = MAX_ATTEMPTS
    newest_first: bool = False
    # Waits for the slower encoder: not part of a plain `voc drain`, and after each batch others
    # of its queue have their turn.
    refines: bool = False


@dataclass(slots=True)
class _Registry:
    kinds: dict[str, Kind] = field(default_factory=dict)


_registry = _Registry()


def register(kind: Kind) -> None:
    """Say who handles a kind; `create_app` calls this for each package."""
    _registry.kinds[kind.name] = kind


def kinds() -> tuple[Kind, ...]:
    return tuple(_registry.kinds.values())


def add(
    session: Session,
    workspace_id: UUID,
    kind: str,
    subject_id: UUID,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
    priority: int = FRESH,
    due_at: datetime | None = None,
) -> None:
    """Add a row of work to the caller's transaction."""
    session.add(
        Pending(
            workspace_id=workspace_id,
            kind=kind,
            subject_id=subject_id,
            detail=detail or {},
            priority=priority,
            due_at=due_at or now,
            created_at=now,
        )
    )


@dataclass(frozen=True, slots=True)
class Work:
    """A row of work to be added."""

    kind: str
    subject_id: UUID
    detail: Mapping[str, Any] = field(default_factory=dict)
    priority: int = FRESH
    due_at: datetime | None = None  # now


def add_all(session: Session, workspace_id: UUID, work: Sequence[Work], *, now: datetime) -> None:
    """Add many rows of work to the caller's transaction."""
    rows = [
        {
            "workspace_id": workspace_id, "kind": each.kind, "subject_id": each.subject_id,
            "detail": dict(each.detail), "priority": each.priority,
            "due_at": each.due_at or now, "created_at": now,
        }
        for each in work
    ]  # fmt: skip
    if rows:
        session.connection().execute(insert(Pending), rows)


def waiting(statement: Any, workspace_id: UUID, kind: str, subject_id: UUID | None = None) -> Any:
    """Narrow a statement over `Pending` to work of a workspace that is not set aside."""
    found = statement.where(
        Pending.workspace_id == workspace_id, Pending.kind == kind, Pending.set_aside_at.is_(None)
    )
    return found if subject_id is None else found.where(Pending.subject_id == subject_id)


def is_waiting(session: Session, workspace_id: UUID, kind: str, subject_id: UUID) -> bool:
    """Whether this work is planned or being done."""
    planned = waiting(select(Pending.id), workspace_id, kind, subject_id).limit(1)
    return session.scalar(planned) is not None


def ask_now(
    session: Session,
    workspace_id: UUID,
    kind: str,
    subject_id: UUID,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
    priority: int = FRESH,
) -> None:
    """Have planned work done now instead of later, in the caller's transaction; asking twice
    does it once. What a worker holds already may have looked before this, so it does not count.

    detail: None leaves what the planned work says.
    """
    changed = {"due_at": now} | ({} if detail is None else {"detail": detail})
    planned = session.scalars(
        waiting(update(Pending), workspace_id, kind, subject_id)
        .where(Pending.lease_token.is_(None))
        .values(changed)
        .returning(Pending.id)
    ).all()
    if not planned:
        add(session, workspace_id, kind, subject_id, now=now, detail=detail, priority=priority)


def bring_forward(session: Session, workspace_id: UUID, kind: str, *, now: datetime) -> None:
    """What waits for a later time is due now, in the caller's transaction."""
    session.execute(
        waiting(update(Pending), workspace_id, kind)
        .where(Pending.due_at > now, Pending.lease_token.is_(None))
        .values(due_at=now)
    )


# --- the doorbell -----------------------------------------------------------------------

_silent_until = 0.0


def ring(*names: str) -> None:
    """Tell the workers that there is work; best effort, the scheduler rings anyway."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    for name in names:
        kind = _registry.kinds.get(name)
        if kind is None:
            continue
        try:
            celery.send_task(
                "outbox.drain", args=[name], queue=kind.queue, retry=False, expires=_RING_LASTS_S
            )
        except Exception as exc:  # noqa: BLE001 - any broker trouble means: the scheduler rings later
            _silent_until = time.monotonic() + _RING_PAUSE_S
            log.warning("doorbell.unreachable", kind=name, error=type(exc).__name__)
            return


def doorbell_works() -> bool:
    """Whether the last ring of this process went through."""
    return time.monotonic() >= _silent_until


def broker_reachable() -> bool:
    """Whether the broker takes a connection right now."""
    try:
        with celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
    except Exception as exc:  # noqa: BLE001 - every transport has its own errors; all mean no
        log.warning("broker.unreachable", error=type(exc).__name__)
        return False
    return True


# --- working off ------------------------------------------------------------------------


def drain(name: str, *, seconds: float = DRAIN_SECONDS) -> bool:
    """Work off batches of a kind for some seconds; True when more is waiting.

    What refines comes after all that is due of the other kinds of its queue, and works off one
    batch: its own rings, of which many may wait, would else stand before that of a fresh comment.
    """
    kind = _registry.kinds[name]
    if not kind.refines:
        return _drain(name, seconds=seconds)
    if any(_drain(each.name, seconds=seconds) for each in _goes_before(kind)):
        return True
    return work_off(name, now=utcnow())


def _goes_before(refining: Kind) -> list[Kind]:
    return [kind for kind in kinds() if kind.queue == refining.queue and not kind.refines]


def _drain(name: str, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while work_off(name, now=utcnow()):
        if time.monotonic() >= until:
            return True
        give_way_to_writers()
    return False


def work_off(name: str, *, now: datetime) -> bool:
    """Work off one batch of a kind; True when a full batch was found (more may wait)."""
    kind = _registry.kinds[name]
    if kind.mode == "database":
        return _work_off_in_database(kind, now=now)
    return _work_off_leased(kind, now=now)


def _due(kind: Kind, now: datetime) -> Any:
    return and_(
        Pending.kind == kind.name,
        Pending.set_aside_at.is_(None),
        Pending.due_at <= now,
        Pending.lease_token.is_(None),
    )


def _claim(session: Session, kind: Kind, *, now: datetime, limit: int) -> list[Pending]:
    """Lock due rows that nobody else holds (on SQLite the writer's lock does it)."""

    def claimed(*order: Any, limit: int, **of: int) -> list[Pending]:
        query = select(Pending).where(_due(kind, now)).filter_by(**of).order_by(*order)
        locked = query.limit(limit).with_for_update(skip_locked=True)
        return list(session.scalars(locked.execution_options(voc_all_workspaces=True)))

    if not kind.newest_first:
        return claimed(Pending.priority, Pending.due_at, Pending.id, limit=limit)
    # One priority after the other: each walks along the index, from its end.
    newest = (Pending.due_at.desc(), Pending.id.desc())
    found: list[Pending] = []
    for priority in PRIORITIES:
        if len(found) < limit:
            found += claimed(*newest, limit=limit - len(found), priority=priority)
    return found


def _work_off_in_database(kind: Kind, *, now: datetime) -> bool:
    assert kind.apply is not None
    try:
        with transaction() as session:
            rows = _claim(session, kind, now=now, limit=kind.batch)
            if rows:
                kind.apply(session, rows)
                _delete(session, rows)
        return len(rows) == kind.batch
    except Exception as exc:  # noqa: BLE001 - the batch was rolled back; find the bad row below
        log.warning("outbox.batch_failed", kind=kind.name, error=type(exc).__name__)
        return _one_by_one(kind, now=now)


def _one_by_one(kind: Kind, *, now: datetime) -> bool:
    """After a batch failed: each row alone, so that one bad row never stops the rest."""
    assert kind.apply is not None
    for _ in range(kind.batch):
        failure: tuple[Pending, Exception] | None = None
        with transaction() as session:
            rows = _claim(session, kind, now=now, limit=1)
            if not rows:
                return False
            try:
                with session.begin_nested():
                    kind.apply(session, rows)
                _delete(session, rows)
            except Exception as exc:  # noqa: BLE001 - recorded on the row
                failure = (rows[0], exc)
                _fail(session, kind, rows[0], exc, now=now)
        if failure:
            log.warning(
                "outbox.row_failed",
                kind=kind.name,
                row=str(failure[0].id),
                error=type(failure[1]).__name__,
                exc_info=failure[1],
            )
    return True


def _work_off_leased(kind: Kind, *, now: datetime) -> bool:
    token = uuid4()
    with transaction() as session:
        found = _claim(session, kind, now=now, limit=kind.batch)
        rows = _suspects_alone(found)
        for row in rows:
            row.lease_token = token
            row.lease_until = now + timedelta(seconds=kind.lease_s)
            # Counted when claimed, so that a row which kills its worker is set aside too.
            row.attempts += 1
    if not rows:
        return False
    outcomes = _outcomes(kind, rows)
    _finish(kind, rows, token, outcomes)
    if all(isinstance(outcome, NotYet) for outcome in outcomes):
        return False  # the others would wait for the same; the scheduler asks again
    return len(found) == kind.batch or len(rows) < len(found)


def _suspects_alone(rows: Sequence[Pending]) -> Sequence[Pending]:
    """A row whose worker died is worked alone: one that kills takes no neighbour with it."""
    if rows and rows[0].last_error == _LEASE_EXPIRED:
        return rows[:1]
    return [row for row in rows if row.last_error != _LEASE_EXPIRED]


def _outcomes(kind: Kind, rows: Sequence[Pending]) -> Sequence[Outcome]:
    assert kind.work is not None
    try:
        outcomes = kind.work(rows)
        if len(outcomes) != len(rows):
            raise ValueError(f"{len(outcomes)} outcomes for {len(rows)} rows")
        return outcomes
    except Exception as exc:
        log.warning("outbox.work_failed", kind=kind.name, exc_info=exc)
        return [exc] * len(rows)


def _finish(kind: Kind, rows: Sequence[Pending], token: UUID, outcomes: Sequence[Outcome]) -> None:
    """Store what was worked out, for the rows whose lease still holds; each under a savepoint."""
    with transaction() as session:
        held = {
            row.id: row
            for row in session.scalars(
                select(Pending)
                .where(Pending.lease_token == token)
                .with_for_update()
                .execution_options(voc_all_workspaces=True)
            )
        }
        ended = []
        for row, outcome in zip(rows, outcomes, strict=True):
            current = held.get(row.id)
            if current is None:
                log.warning("outbox.lease_lost", kind=kind.name, row=str(row.id))
            else:
                ended.append((current, outcome))
        stored = _stored_together(session, kind, ended)
        for current, outcome in ended:
            if current.id not in stored:
                _conclude(session, kind, current, outcome)


def _stored_together(
    session: Session, kind: Kind, ended: Sequence[tuple[Pending, Outcome]]
) -> set[UUID]:
    """Make the effects that can be made in one go and delete their rows; their ids."""
    by_store: dict[Callable[..., None], list[tuple[Pending, Any]]] = {}
    for row, outcome in ended:
        if isinstance(outcome, Together):
            by_store.setdefault(outcome.store, []).append((row, outcome.result))
    stored: set[UUID] = set()
    for store, several in by_store.items():
        if len(several) == 1:
            continue
        try:
            with session.begin_nested():
                store(session, [result for _, result in several])
                _delete(session, [row for row, _ in several])
            stored |= {row.id for row, _ in several}
        except Exception as exc:  # noqa: BLE001 - the savepoint was rolled back; then one by one
            forget_read_once(session)
            log.warning("outbox.batch_failed", kind=kind.name, error=type(exc).__name__)
    return stored


def _conclude(session: Session, kind: Kind, row: Pending, outcome: Outcome) -> None:
    """Make a row's effect and delete it, or note why not."""
    if isinstance(outcome, NotYet):
        row.attempts -= 1  # counted when claimed
        row.lease_token = row.lease_until = None
        row.due_at = outcome.until
        if outcome.goes_behind:
            row.priority = BACKLOG
        session.flush()
        return
    if not isinstance(outcome, Exception):
        try:
            with session.begin_nested():
                if isinstance(outcome, Together):
                    outcome.store(session, [outcome.result])
                else:
                    outcome(session)
                session.delete(row)
            return
        except Exception as exc:  # noqa: BLE001 - recorded on the row below
            forget_read_once(session)
            outcome = exc
    row.attempts -= 1  # counted when claimed; _fail counts it again
    _fail(session, kind, row, outcome, now=utcnow())
    log.warning("outbox.row_failed", kind=kind.name, row=str(row.id), exc_info=outcome)


def _delete(session: Session, rows: Sequence[Pending]) -> None:
    for row in rows:
        session.delete(row)


def _fail(session: Session, kind: Kind, row: Pending, exc: Exception, *, now: datetime) -> None:
    row.attempts += 1
    row.lease_token = row.lease_until = None
    # The type and place only: a message may quote a customer.
    row.last_error = f"{type(exc).__name__}{': ' + str(exc) if isinstance(exc, Never) else ''}"
    if isinstance(exc, Never) or row.attempts >= kind.max_attempts:
        row.set_aside_at = now
    else:
        wait_s = min(_BACK_OFF_S * 2 ** (row.attempts - 1), _BACK_OFF_CAP_S)
        row.due_at = now + timedelta(seconds=wait_s)
    session.flush()


# --- the scheduler's and the operator's view --------------------------------------------


def release_expired_leases(*, now: datetime) -> int:
    """Take rows back from workers that died or stalled; sets aside what kept killing them."""
    with transaction() as session:
        expired = and_(Pending.lease_until.is_not(None), Pending.lease_until < now)
        session.execute(
            update(Pending)
            .where(expired, Pending.attempts >= _most_attempts())
            .values(set_aside_at=now, last_error=_LEASE_EXPIRED, lease_token=None, lease_until=None)
            .execution_options(voc_all_workspaces=True)
        )
        released = session.scalars(
            update(Pending)
            .where(expired)
            .values(last_error=_LEASE_EXPIRED, lease_token=None, lease_until=None)
            .returning(Pending.id)
            .execution_options(voc_all_workspaces=True)
        ).all()
    return len(released)


def _most_attempts() -> Any:
    """How often a row of each kind may be tried, as an expression over the rows."""
    allowed = {kind.name: kind.max_attempts for kind in _registry.kinds.values()}
    return case(allowed, value=Pending.kind, else_=MAX_ATTEMPTS) if allowed else MAX_ATTEMPTS


def due_kinds(*, now: datetime) -> tuple[str, ...]:
    """Kinds with a row that could be worked off now."""
    with snapshot() as session:
        found = session.scalars(
            select(Pending.kind)
            .where(
                Pending.set_aside_at.is_(None),
                Pending.due_at <= now,
                Pending.lease_token.is_(None),
            )
            .distinct()
            .execution_options(voc_all_workspaces=True)
        )
        return tuple(name for name in found if name in _registry.kinds)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Rows of one kind: due now (held by workers included), and set aside."""

    kind: str
    due: int
    set_aside: int


def backlog(*, now: datetime, workspace_id: UUID | None = None) -> tuple[Backlog, ...]:
    """Counts by kind, of one workspace or of all."""
    aside = func.count(Pending.set_aside_at)
    due = func.count().filter(and_(Pending.set_aside_at.is_(None), Pending.due_at <= now))
    query = select(Pending.kind, due, aside).group_by(Pending.kind).order_by(Pending.kind)
    if workspace_id is not None:
        query = query.where(Pending.workspace_id == workspace_id)
    with snapshot() as session:
        rows = session.execute(query.execution_options(voc_all_workspaces=True))
        return tuple(Backlog(kind, waiting, kept) for kind, waiting, kept in rows)


def longest_wait_s(*, now: datetime) -> float:
    """How long the row that waits longest has been due and unclaimed, in seconds."""
    with snapshot() as session:
        oldest = session.scalar(
            select(func.min(Pending.due_at))
            .where(
                Pending.set_aside_at.is_(None),
                Pending.lease_token.is_(None),
                Pending.due_at <= now,
                Pending.priority == FRESH,
            )
            .execution_options(voc_all_workspaces=True)
        )
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def more_are_due(name: str, number: int, *, now: datetime) -> bool:
    """Whether more rows of a kind than this are due, those that workers hold included."""
    due = (
        select(Pending.id)
        .where(Pending.kind == name, Pending.set_aside_at.is_(None), Pending.due_at <= now)
        .limit(number + 1)
        .subquery()
    )
    with snapshot() as session:
        count = select(func.count()).select_from(due)
        found = session.scalar(count.execution_options(voc_all_workspaces=True)) or 0
    return found > number


_WAITING = select(func.count()).where(
    Pending.workspace_id == OF_WORKSPACE,
    Pending.kind.in_(bindparam("kinds", expanding=True)),
    Pending.set_aside_at.is_(None),
)


def pending_count(session: Session, workspace_id: UUID, *kinds: str) -> int:
    """How many rows of these kinds wait in a workspace, read in the caller's snapshot."""
    return session.scalar(_WAITING, {"workspace_id": workspace_id, "kinds": list(kinds)}) or 0


def set_aside_rows(workspace_id: UUID, *, limit: int = 100) -> list[Pending]:
    """What kept failing, oldest first."""
    with snapshot() as session:
        return list(
            session.scalars(
                select(Pending)
                .where(Pending.workspace_id == workspace_id, Pending.set_aside_at.is_not(None))
                .order_by(Pending.set_aside_at)
                .limit(limit)
            )
        )


def retry_set_aside(workspace_id: UUID, *, now: datetime, row_id: UUID | None = None) -> int:
    """Try set-aside rows again: one, or all of a workspace. Returns how many."""
    chosen = and_(Pending.workspace_id == workspace_id, Pending.set_aside_at.is_not(None))
    if row_id is not None:
        chosen = and_(chosen, Pending.id == row_id)
    with transaction() as session:
        names = session.scalars(select(Pending.kind).where(chosen).distinct()).all()
        retried = session.scalars(
            update(Pending)
            .where(chosen)
            .values(set_aside_at=None, attempts=0, due_at=now, last_error=None)
            .returning(Pending.id)
        ).all()
    ring(*names)
    return len(retried)
