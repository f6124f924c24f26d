"""Every store of personal text or identifiers: how a person leaves it, or moves within it.

The packages that keep something of people come after this one, so they register what they
keep (`vocapp/registry.py`). Tests walk the list: nothing of a person that was forgotten may be
left, and nothing may still point to a record that was merged into another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import LazyString
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Merge:
    """Two records of one person: what is of `merged` becomes that of `kept`.

    addresses: every e-mail address that either record has.
    """

    workspace_id: UUID
    kept: UUID
    merged: UUID
    addresses: frozenset[str]
    now: datetime


Eraser = Callable[[Session, UUID, UUID], None]
Mover = Callable[[Session, Merge], None]
Counter = Callable[[Session, UUID, UUID], int]


@dataclass(frozen=True, slots=True)
class PersonalStore:
    """Where something is kept of people.

    erase(session, workspace_id, contact_id) and hand_over(session, merge) run inside the
    transaction that forgets or merges, while the contact is still there. A store without
    `hand_over` hangs on another one and moves with it. counted: what the store holds of a
    person in words for a page, and count(session, workspace_id, contact_id) how much.
    """

    name: str
    erase: Eraser
    hand_over: Mover | None = None
    counted: LazyString | None = None
    count: Counter | None = None


_registry: dict[str, PersonalStore] = {}


def register_personal_store(store: PersonalStore) -> None:
    _registry[store.name] = store


def personal_stores() -> tuple[PersonalStore, ...]:
    """In the order of their registration, in which they are erased and handed over."""
    return tuple(_registry.values())


def counts_of_person(
    session: Session, workspace_id: UUID, contact_id: UUID
) -> tuple[tuple[LazyString, int], ...]:
    """What is kept of a person, in words for a page, and how much of each."""
    return tuple(
        (store.counted, store.count(session, workspace_id, contact_id))
        for store in personal_stores()
        if store.counted is not None and store.count is not None
    )
