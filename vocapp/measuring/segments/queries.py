"""Reads: saved segments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from surveys.filters import Filter, FilterError, joined, parse_compact, parse_json
from vocapp.database import scoped, scoped_statement
from vocapp.extensions import db
from vocapp.measuring.segments.models import SavedSegment
from vocapp.measuring.segments.service import folded
from vocapp.problems import BadInput, NotFound

_MOST_NAMED = 1000
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Segment:
    """A filter with a name."""

    key: str
    name: str
    description: str
    filter: Filter
    version: int
    created_at: datetime
    updated_at: datetime
    place: Place  # in the order of names

    @classmethod
    def of(cls, row: SavedSegment) -> Segment:
        return cls(
            row.key, row.name, row.description, parse_json(row.filter), row.version,
            row.created_at, row.updated_at, (row.name_folded, row.key),
        )  # fmt: skip


def segments(
    workspace_id: UUID, *, search: str = "", limit: int, after: Place | None = None
) -> list[Segment]:
    """Segments by name; search: a part of the name, whatever its case or width."""
    query = scoped(SavedSegment, workspace_id).where(SavedSegment.removed_at.is_(None))
    if search.strip():
        query = query.where(SavedSegment.name_folded.contains(folded(search), autoescape=True))
    if after:
        query = query.where(tuple_(SavedSegment.name_folded, SavedSegment.key) > tuple_(*after))
    rows = db.session.scalars(
        query.order_by(SavedSegment.name_folded, SavedSegment.key).limit(limit)
    )
    return [Segment.of(row) for row in rows]


_LATEST = (
    scoped_statement(SavedSegment)
    .where(SavedSegment.removed_at.is_(None))
    .order_by(SavedSegment.updated_at.desc(), SavedSegment.key)
    .limit(bindparam("limit"))
)


def latest_segments(workspace_id: UUID, *, limit: int) -> list[Segment]:
    """The last to be made or changed, newest first."""
    rows = db.session.scalars(_LATEST, {"workspace_id": workspace_id, "limit": limit})
    return [Segment.of(row) for row in rows]


def segment_by_key(workspace_id: UUID, key: str) -> Segment:
    """Raises NotFound; also for one that was removed."""
    row = db.session.scalar(
        scoped(SavedSegment, workspace_id).where(
            SavedSegment.key == key.replace("\0", " "), SavedSegment.removed_at.is_(None)
        )
    )
    if row is None:
        raise NotFound("No such segment.")
    return Segment.of(row)


def filters_by_key(
    session: Session, workspace_id: UUID, keys: Collection[str]
) -> dict[str, Filter]:
    """Key → filter; keys of segments that were removed are left out."""
    rows = session.execute(
        select(SavedSegment.key, SavedSegment.filter).where(
            SavedSegment.workspace_id == workspace_id,
            SavedSegment.key.in_(keys),
            SavedSegment.removed_at.is_(None),
        )
    )
    return {key: parse_json(filter_) for key, filter_ in rows}


@dataclass(frozen=True, slots=True)
class Called:
    """What a segment is called, or was until it was removed."""

    name: str
    is_removed: bool


def names_by_key(session: Session, workspace_id: UUID) -> dict[str, Called]:
    """All segments there ever were, by name; what names them may be older than their removal."""
    rows = session.execute(
        select(SavedSegment.key, SavedSegment.name, SavedSegment.removed_at)
        .where(SavedSegment.workspace_id == workspace_id)
        .order_by(SavedSegment.name_folded, SavedSegment.key)
    )
    return {key: Called(name, removed_at is not None) for key, name, removed_at in rows}


def segment_by_name(workspace_id: UUID, name: str) -> Segment:
    """By key, or by name whatever its case or width. Raises NotFound naming those there are."""
    known = segments(workspace_id, limit=_MOST_NAMED)
    for each in known:
        if each.key == name:
            return each
    for each in known:
        if folded(each.name) == folded(name):
            return each
    if not known:
        raise NotFound(f"No segment is called {name!r}: none is saved yet.")
    names = ", ".join(each.name for each in known)
    raise NotFound(f"No segment is called {name!r}. There are: {names}.")


def find_segment(workspace_id: UUID, key: str) -> Segment | None:
    """None also for no key."""
    try:
        return segment_by_key(workspace_id, key) if key else None
    except NotFound:
        return None


def chosen_segment(workspace_id: UUID, key: str) -> Segment | None:
    """The segment of a parameter; None without one. Raises BadInput naming the parameter."""
    found = find_segment(workspace_id, key)
    if key and found is None:
        raise BadInput.of("segment", f"no segment with the key {key[:100]!r}")
    return found


def filter_asked(workspace_id: UUID, *, segment: str, filter_: str) -> Filter | None:
    """What the parameters `segment` (a key) and `filter` (compact) ask together; None: nothing.

    Raises BadInput naming the parameter.
    """
    saved = chosen_segment(workspace_id, segment)
    return joined([each for each in (saved and saved.filter, parsed_filter(filter_)) if each])


def parsed_filter(text: str) -> Filter | None:
    """The filter of a parameter; None without one. Raises BadInput naming the parameter."""
    try:
        return parse_compact(text) if text else None
    except FilterError as error:
        raise BadInput.of("filter", str(error)) from error
