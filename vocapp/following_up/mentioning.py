"""Telling a colleague by name: @Aiko in a note is on Aiko's first page until it was seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp, FollowUpEntry, Mention
from vocapp.following_up.reaching import cases_within
from vocapp.people.models import Account, Contact
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.reach import Reach

_MOST = 20


def mentioned(text: str, names: Mapping[UUID, str]) -> set[UUID]:
    """Whom a text names after an @, by their whole name or its first word where one alone has it.

    names: user → name. An @ inside a word, as in an address, names nobody; of several names that
    fit the longest is meant. Width and case do not matter.
    """
    called = {_plain(name): user_id for user_id, name in names.items() if name.strip()}
    first_words: dict[str, set[UUID]] = {}
    for name, user_id in called.items():
        first_words.setdefault(name.split()[0], set()).add(user_id)
    called = {word: min(ids) for word, ids in first_words.items() if len(ids) == 1} | called
    longest_first = sorted(called, key=len, reverse=True)
    found: set[UUID] = set()
    for rest in _after_signs(_plain(text)):
        fitting = (called[each] for each in longest_first if _begins_with(rest, each))
        found.update(islice(fitting, 1))
    return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _after_signs(text: str) -> Iterator[str]:
    for place, sign in enumerate(text):
        if sign == "@" and not (place and text[place - 1].isascii() and text[place - 1].isalnum()):
            yield text[place + 1 :]


def _begins_with(text: str, name: str) -> bool:
    """A name ends where a word does; Japanese goes on without a space (@愛子さん)."""
    after = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (after.isascii() and after.isalnum())


def whom(session: Session, workspace_id: UUID, text: str) -> set[UUID]:
    """Members of a workspace whom a text mentions."""
    if "@" not in unicodedata.normalize("NFKC", text):
        return set()
    names = {
        user_id: name
        for user_id, name in session.execute(
            select(User.id, User.name)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.workspace_id == workspace_id, User.disabled_at.is_(None))
        )
    }
    return mentioned(text, names)


def remember(session: Session, entry: FollowUpEntry) -> None:
    """Note whom a line of a case's timeline mentions, in the caller's transaction; oneself not."""
    told = whom(session, entry.workspace_id, entry.note or "")
    session.flush()
    for user_id in sorted(told - {entry.actor_user_id}):
        session.add(
            Mention(
                workspace_id=entry.workspace_id, entry_id=entry.id, user_id=user_id, at=entry.at
            )
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A note that mentions somebody; by: a name."""

    id: UUID
    case_id: UUID
    at: datetime
    by: str | None
    note: str
    who: str


def unseen(workspace_id: UUID, user_id: UUID, *, reach: Reach) -> list[Told]:
    """What was said to this person and not seen yet, newest first; what was taken back is not."""
    rows = db.session.execute(
        select(
            Mention.id, FollowUp.id, Mention.at, User.name, FollowUpEntry.note,
            Account.name, Contact.name,
        )
        .join(
            FollowUpEntry,
            (FollowUpEntry.workspace_id == Mention.workspace_id)
            & (FollowUpEntry.id == Mention.entry_id),
        )
        .join(
            FollowUp,
            (FollowUp.workspace_id == Mention.workspace_id)
            & (FollowUp.id == FollowUpEntry.follow_up_id),
        )
        .outerjoin(User, User.id == FollowUpEntry.actor_user_id)
        .outerjoin(
            Account,
            (Account.workspace_id == Mention.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == Mention.workspace_id) & (Contact.id == FollowUp.contact_id),
        )
        .where(
            Mention.workspace_id == workspace_id,
            Mention.user_id == user_id,
            Mention.seen_at.is_(None),
            FollowUpEntry.note.is_not(None),
            cases_within(reach, workspace_id),
        )
        .order_by(Mention.at.desc(), Mention.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    return [
        Told(key, case_id, at, by, note or "", " · ".join(name for name in names if name))
        for key, case_id, at, by, note, *names in rows
    ]


def mark_seen(workspace_id: UUID, user_id: UUID, ids: list[UUID], *, now: datetime) -> int:
    """This person has seen these; ids of others' mentions are as if absent. How many were new."""
    with transaction() as session:
        found = session.scalars(
            scoped(Mention, workspace_id).where(
                Mention.user_id == user_id, Mention.id.in_(ids), Mention.seen_at.is_(None)
            )
        ).all()
        for row in found:
            row.seen_at = now
        return len(found)


def mark_unseen(workspace_id: UUID, user_id: UUID, ids: list[UUID]) -> None:
    """The counterpart of `mark_seen`."""
    with transaction() as session:
        session.execute(
            update(Mention)
            .where(
                Mention.workspace_id == workspace_id,
                Mention.user_id == user_id,
                Mention.id.in_(ids),
            )
            .values(seen_at=None)
            .execution_options(synchronize_session=False)
        )
