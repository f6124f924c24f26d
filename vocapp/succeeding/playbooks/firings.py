"""Reads: each firing of a playbook with its tasks, and what it sent to whom and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import select, tuple_

from vocapp.database import scoped
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks.models import (
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
    PlaybookTask,
)
from vocapp.succeeding.playbooks.sent_queries import letters

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentTo:
    """A letter or invitation for one person, also where it left them out. answered_at: None where
    they did not answer; of a survey, when its answer came in."""

    id: UUID
    contact_id: UUID
    external_id: str | None
    name: str
    email: str | None
    language: str | None
    subject: str | None
    state: str
    reason: str | None
    at: datetime
    sent_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sending:
    """A step that went out by itself, or is to, and to whom."""

    row: PlaybookSending
    letters: Sequence[SentTo]


@dataclass(frozen=True, slots=True)
class Firing:
    """A firing with all that followed."""

    run: PlaybookRun
    account: Account
    tasks: Sequence[PlaybookTask]
    sendings: Sequence[Sending]


def firings(
    workspace_id: UUID, playbook_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[Firing]:
    """A page of them, the latest on top, in four statements. after: where the page before ended."""
    query = (
        select(PlaybookRun, Account)
        .join(
            Account,
            (Account.workspace_id == PlaybookRun.workspace_id)
            & (Account.id == PlaybookRun.account_id),
        )
        .where(PlaybookRun.workspace_id == workspace_id, PlaybookRun.playbook_id == playbook_id)
    )
    if after is not None:
        query = query.where(tuple_(PlaybookRun.fired_at, PlaybookRun.id) < tuple_(*after))
    ordered = query.order_by(PlaybookRun.fired_at.desc(), PlaybookRun.id.desc())
    found = db.session.execute(ordered.limit(limit)).all()
    ids = [run.id for run, _account in found]
    tasks = _by(lambda task: task.run_id, _of_runs(PlaybookTask, workspace_id, ids))
    sendings = _sendings(workspace_id, ids)
    return [Firing(run, account, tasks[run.id], sendings[run.id]) for run, account in found]


def _of_runs(model: type[Any], workspace_id: UUID, run_ids: Sequence[UUID]) -> Iterable[Any]:
    return db.session.scalars(
        scoped(model, workspace_id)
        .where(model.run_id.in_(run_ids))
        .order_by(model.due_on, model.step_key)
    )


def _sendings(workspace_id: UUID, run_ids: Sequence[UUID]) -> dict[UUID, list[Sending]]:
    rows = list(_of_runs(PlaybookSending, workspace_id, run_ids))
    to = _by(lambda pair: pair[0], _letters(workspace_id, [row.id for row in rows]))
    return _by(
        lambda sending: cast("UUID", sending.row.run_id),
        (Sending(row, [letter for _id, letter in to[row.id]]) for row in rows),
    )


def _letters(workspace_id: UUID, sending_ids: Sequence[UUID]) -> Iterable[tuple[UUID, SentTo]]:
    query = (
        letters()
        .add_columns(
            PlaybookLetter.sending_id, PlaybookLetter.contact_id, PlaybookLetter.language,
            PlaybookLetter.sent_at, PlaybookLetter.replied_at, Contact.external_id,
            Invitation.sent_at.label("asked_at"), Invitation.answered_at,
        )
        .where(
            PlaybookLetter.workspace_id == workspace_id,
            PlaybookLetter.sending_id.in_(sending_ids),
        )
        .order_by(PlaybookLetter.at, PlaybookLetter.id)
    )  # fmt: skip
    for row in db.session.execute(query):
        yield row.sending_id, SentTo(
            row.id, row.contact_id, row.external_id, row.name, row.email, row.language,
            row.subject, row.state or "not_sent", row.reason, row.at,
            row.sent_at or row.asked_at, row.replied_at or row.answered_at,
        )  # fmt: skip


def _by(key: Callable[[T], UUID], rows: Iterable[T]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
