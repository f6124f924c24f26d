"""Use cases: keep a filter under a name, change it, remove it and have it back."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.filters import Filter, normalised, parse_json, simplified, to_json
from vocapp.database import scoped, transaction, uuid7
from vocapp.measuring.segments.models import SavedSegment
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.workspaces.service import audit

MAX_SEGMENTS = 1000
MAX_NAME = 80
MAX_DESCRIPTION = 300
_MAX_FOLDED = 200  # of a name that grows when it is folded only so much is compared
_KEY_WORDS = 40
_RESERVED_KEYS = {"new"}  # stands for the page that makes one
_TRIES = 5


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment as somebody wrote it. key None: one is made of the name."""

    name: str
    filter: Filter
    description: str = ""
    key: str | None = None


class NameTaken(Conflict):
    """Another segment has this name."""

    def __init__(self) -> None:
        errors = [FieldError("name", "another segment of this workspace has this name")]
        super().__init__("Another segment has this name.", errors=errors)


class ChangedMeanwhile(Conflict):
    """Somebody changed the segment after it was read."""

    def __init__(self, version: int) -> None:
        message = f"the segment was changed meanwhile: its version is {version}"
        self.version = version
        super().__init__(
            "Somebody changed this segment meanwhile.", errors=[FieldError("version", message)]
        )


class InUse(Conflict):
    """Something goes by the segment, so it is not removed. users: what it is called."""

    def __init__(self, users: list[str]) -> None:
        self.users = users
        message = f"asked for by {', '.join(users)}; take it out there first"
        super().__init__("This segment is in use.", errors=[FieldError("key", message)])


# What goes by the segment with this key, by name.
UsersOf = Callable[[Session, UUID, str], list[str]]
_users_of: list[UsersOf] = []


def register_users(reader: UsersOf) -> None:
    """Let a package above say what of its own goes by a segment."""
    if reader not in _users_of:
        _users_of.append(reader)


def users_of(session: Session, workspace_id: UUID, key: str) -> list[str]:
    """Names of what goes by a segment, and would by nothing if it were removed."""
    return [name for reader in _users_of for name in reader(session, workspace_id, key)]


def folded(name: str) -> str:
    """A name as it is compared: without differences of case, width and blanks.

    >>> folded("  ＰＲＯ   Customers "), folded("日本の顧客")
    ('pro customers', '日本の顧客')
    """
    plain = unicodedata.normalize("NFKC", name.replace("\0", " ")).casefold()
    return " ".join(plain.split())[:_MAX_FOLDED]


def save_segment(
    workspace_id: UUID, new: NewSegment, *, actor_user_id: UUID | None, now: datetime
) -> str:
    """Keep a filter under a name; the key. Raises BadInput, NameTaken, Conflict."""
    new = _checked(new)
    with transaction() as session:
        _refuse_too_many(session, workspace_id)
        segment = SavedSegment(
            workspace_id=workspace_id, name=new.name, name_folded=folded(new.name),
            description=new.description, filter=to_json(new.filter), version=1,
            created_at=now, created_by=actor_user_id, updated_at=now,
        )  # fmt: skip
        _insert(session, segment, new.key)
        audit(
            session, workspace_id, "segment.saved", now=now, subject=segment,
            actor_user_id=actor_user_id,
        )  # fmt: skip
        return segment.key


def change_segment(
    workspace_id: UUID,
    key: str,
    changed: NewSegment,
    *,
    expected_version: int | None = None,
    actor_user_id: UUID | None,
    now: datetime,
) -> None:
    """Another name, description or filter. Its key stays.

    expected_version: what the change was made of; None overwrites whatever there is.
    Raises BadInput, NotFound, NameTaken, ChangedMeanwhile.
    """
    changed = _checked(changed)
    with transaction() as session:
        segment = _locked(session, workspace_id, key)
        if segment.removed_at is not None:
            raise NotFound("No such segment.")
        if expected_version is not None and expected_version != segment.version:
            raise ChangedMeanwhile(segment.version)
        if _says_the_same(segment, changed):
            return
        segment.name, segment.description = changed.name, changed.description
        segment.filter = to_json(changed.filter)
        segment.name_folded = folded(changed.name)
        segment.version += 1
        segment.updated_at = now
        _flush_name(session)
        audit(
            session, workspace_id, "segment.changed", now=now, subject=segment,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def remove_segment(
    workspace_id: UUID, key: str, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Take a segment away; it may be had back. May be repeated. Raises NotFound, InUse."""
    with transaction() as session:
        segment = _locked(session, workspace_id, key)
        if segment.removed_at is not None:
            return
        users = users_of(session, workspace_id, segment.key)
        if users:
            raise InUse(users)
        segment.removed_at = now
        audit(
            session, workspace_id, "segment.removed", now=now, subject=segment,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def restore_segment(
    workspace_id: UUID, key: str, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Put a removed segment back; may be repeated. Raises NotFound, NameTaken."""
    with transaction() as session:
        segment = _locked(session, workspace_id, key)
        if segment.removed_at is None:
            return
        _refuse_too_many(session, workspace_id)
        segment.removed_at = None
        _flush_name(session)
        audit(
            session, workspace_id, "segment.restored", now=now, subject=segment,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _checked(new: NewSegment) -> NewSegment:
    """Blanks tidied, groups of one dissolved. Raises BadInput naming each wrong field."""
    name = " ".join(new.name.split())
    description = new.description.strip()
    errors = []
    if not 1 <= len(name) <= MAX_NAME or _has_control_characters(name):
        message = f"expected 1 to {MAX_NAME} characters, without control characters"
        errors.append(FieldError("name", message))
    if len(description) > MAX_DESCRIPTION or _has_control_characters(description, but="\r\n\t"):
        message = f"expected at most {MAX_DESCRIPTION} characters, without control characters"
        errors.append(FieldError("description", message))
    if new.key in _RESERVED_KEYS:
        errors.append(FieldError("key", f"{new.key!r} is reserved"))
    if errors:
        raise BadInput(*errors)
    return NewSegment(name, simplified(new.filter), description, new.key)


def _says_the_same(segment: SavedSegment, changed: NewSegment) -> bool:
    """Also where values or conditions stand in another order."""
    return (segment.name, segment.description) == (changed.name, changed.description) and (
        normalised(parse_json(segment.filter)) == normalised(changed.filter)
    )


def _has_control_characters(text: str, but: str = "") -> bool:
    """Also halves of characters; joiners, of which emoji are made, are none."""
    return any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in but for sign in text)


def _refuse_too_many(session: Session, workspace_id: UUID) -> None:
    there = session.scalar(
        select(func.count())
        .select_from(SavedSegment)
        .where(SavedSegment.workspace_id == workspace_id, SavedSegment.removed_at.is_(None))
    )
    if (there or 0) >= MAX_SEGMENTS:
        raise Conflict(f"A workspace has at most {MAX_SEGMENTS} segments.")


def _insert(session: Session, segment: SavedSegment, key: str | None) -> None:
    """Add the row; the unique keys decide. A key that was made, not chosen, gives way."""
    made = _key_of(segment.name)
    for attempt in range(_TRIES):
        segment.id = uuid7()
        segment.key = key or (f"{made}-{secrets.token_hex(3)}" if attempt else made)
        try:
            with session.begin_nested():
                session.add(segment)
                session.flush()
        except IntegrityError as exc:
            if _is_name_taken(session, segment):
                raise NameTaken from exc
            if key:
                errors = [FieldError("key", "taken in this workspace")]
                raise Conflict(f"The key {key!r} is taken.", errors=errors) from exc
        else:
            return
    raise Conflict("No free key was found; choose one.")


def _is_name_taken(session: Session, segment: SavedSegment) -> bool:
    found = session.scalar(
        select(SavedSegment.id).where(
            SavedSegment.workspace_id == segment.workspace_id,
            SavedSegment.name_folded == segment.name_folded,
            SavedSegment.removed_at.is_(None),
        )
    )
    return found is not None


def _key_of(name: str) -> str:
    """A key that resembles the name as far as plain letters can.

    >>> _key_of("Pro & Team, São Paulo"), _key_of("日本"), _key_of("New")
    ('pro-team-sao-paulo', 'segment', 'segment')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain)[:_KEY_WORDS].strip("-")
    return "segment" if not key or key in _RESERVED_KEYS else key


def _flush_name(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as exc:
        raise NameTaken from exc


def _locked(session: Session, workspace_id: UUID, key: str) -> SavedSegment:
    segment = session.scalar(
        scoped(SavedSegment, workspace_id)
        .where(SavedSegment.key == key.replace("\0", " "))
        .with_for_update()
    )
    if segment is None:
        raise NotFound("No such segment.")
    return segment
