"""Who asked to be forgotten: keyed hashes that no retry, file or restore gets past."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.database import read_once
from vocapp.people.facts import ContactFacts, normalise_email
from vocapp.people.models import Tombstone
from vocapp.signing import keyed_hashes


def tombstones_of(workspace_id: UUID, external_id: str | None, email: str | None) -> list[str]:
    """The hashes of the names by which a person is known, under former keys, too."""
    found = []
    if external_id:
        found += keyed_hashes("tombstone", f"{workspace_id}:external_id:{external_id}")
    if email:
        found += keyed_hashes("tombstone", f"{workspace_id}:email:{normalise_email(email)}")
    return found


def are_erased(session: Session, workspace_id: UUID, people: Sequence[ContactFacts]) -> list[bool]:
    """Which of these people asked to be forgotten."""
    if not people or not has_tombstones(session, workspace_id):
        return [False] * len(people)
    digests = [tombstones_of(workspace_id, who.external_id, who.email) for who in people]
    known = buried(session, workspace_id, set(chain.from_iterable(digests)))
    return [not known.isdisjoint(each) for each in digests]


def buried(session: Session, workspace_id: UUID, digests: Collection[str]) -> set[str]:
    """Those of the hashes that are of somebody who was forgotten."""
    return set(
        session.scalars(
            select(Tombstone.digest).where(
                Tombstone.workspace_id == workspace_id, Tombstone.digest.in_(digests)
            )
        )
    )


def has_tombstones(session: Session, workspace_id: UUID) -> bool:
    """Asked once a transaction: in most workspaces nobody was erased."""
    return read_once(
        session,
        ("tombstones", workspace_id),
        lambda: bool(
            session.scalar(
                select(Tombstone.digest).where(Tombstone.workspace_id == workspace_id).limit(1)
            )
        ),
    )
