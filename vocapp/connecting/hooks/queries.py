"""Reads: where messages come in, how many, and which were refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from vocapp.connecting.hooks.models import HookRefusal, HookSource, HookTally
from vocapp.database import scoped, snapshot
from vocapp.problems import NotFound


@dataclass(frozen=True, slots=True)
class Source:
    """An address; has_secret: whether it takes anything yet."""

    id: UUID
    provider: str
    name: str
    public_id: str
    has_secret: bool
    last_received_at: datetime | None
    last_unsigned_at: datetime | None
    refused: int


@dataclass(frozen=True, slots=True)
class OneSource:
    """An address with all that came by it."""

    source: Source
    options: Mapping[str, Any]
    tallies: tuple[HookTally, ...]
    refusals: tuple[HookRefusal, ...]


def sources(workspace_id: UUID) -> tuple[Source, ...]:
    """All addresses, by name."""
    with snapshot() as session:
        rows = session.scalars(
            scoped(HookSource, workspace_id).order_by(HookSource.name, HookSource.id)
        ).all()
        counted = session.execute(
            select(HookRefusal.source_id, func.count())
            .where(HookRefusal.workspace_id == workspace_id)
            .group_by(HookRefusal.source_id)
        )
        refused = {source_id: n for source_id, n in counted}
        return tuple(_source(row, refused.get(row.id, 0)) for row in rows)


def one_source(workspace_id: UUID, source_id: UUID) -> OneSource:
    """Raises NotFound."""
    with snapshot() as session:
        row = session.scalar(scoped(HookSource, workspace_id).where(HookSource.id == source_id))
        if row is None:
            raise NotFound("No such address.")
        tallies = session.scalars(
            scoped(HookTally, workspace_id)
            .where(HookTally.source_id == source_id)
            .order_by(HookTally.kind)
        ).all()
        refusals = session.scalars(
            scoped(HookRefusal, workspace_id)
            .where(HookRefusal.source_id == source_id)
            .order_by(HookRefusal.last_at.desc(), HookRefusal.message_id)
        ).all()
        return OneSource(_source(row, len(refusals)), row.options, tuple(tallies), tuple(refusals))


def _source(row: HookSource, refused: int) -> Source:
    return Source(
        row.id, row.provider, row.name, row.public_id, row.secret is not None,
        row.last_received_at, row.last_unsigned_at, refused,
    )  # fmt: skip
