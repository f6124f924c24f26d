"""What people said about comments, as lessons for the model; and those a version was taught.

Lessons are read from the redacted text: what a model keeps of words then holds no personal data
that redaction finds.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nlp.training import Lesson
from vocapp.database import scoped
from vocapp.understanding.doubts import reviewed_completely
from vocapp.understanding.learning.models import ThemeLesson, ThemeModel
from vocapp.understanding.models import Analysis, Assignment, Label, Theme

MOST_COMMENTS = (
    10_000  # that a model is taught, the last corrected: more teach little and take hours
)
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What people said of one comment; at: when the last of it was said."""

    response_id: UUID
    text_digest: str
    lesson: Lesson
    at: datetime


@dataclass(frozen=True, slots=True)
class Teaching:
    """The version that serves a workspace; none: nothing but the themes was taught."""

    workspace_id: UUID | None = None
    model_id: UUID | None = None
    digest: str = ""


NOTHING = Teaching()


def teaching_of(session: Session, workspace_id: UUID) -> Teaching:
    """What the serving version was taught, by its digest."""
    row = session.execute(
        select(ThemeModel.id, ThemeModel.lessons_digest).where(
            ThemeModel.workspace_id == workspace_id, ThemeModel.state == "champion"
        )
    ).first()
    return Teaching(workspace_id, row.id, row.lessons_digest) if row else NOTHING


def told_now(session: Session, workspace_id: UUID) -> list[Told]:
    """All that people said about comments that are still there, the oldest first.

    A theme that was archived since teaches nothing.
    """
    rows = session.execute(
        select(Label.response_id, Theme.key, Label.verdict, Label.at)
        .join(Theme, (Theme.workspace_id == Label.workspace_id) & (Theme.id == Label.theme_id))
        .where(Label.workspace_id == workspace_id, Theme.archived_at.is_(None))
        .order_by(Label.at, Label.id)
    )
    said: dict[UUID, dict[str, bool]] = defaultdict(dict)
    last: dict[UUID, datetime] = {}
    for response_id, key, verdict, at in rows:
        said[response_id][key] = verdict != "remove"
        last[response_id] = at
    whole = reviewed_completely(session, workspace_id)
    for response_id, at in whole.items():
        said.setdefault(response_id, {})  # one without any theme teaches to abstain
        last[response_id] = max(at, last.get(response_id, at))
    newest_theme = session.scalar(
        select(func.max(Theme.created_at)).where(
            Theme.workspace_id == workspace_id, Theme.archived_at.is_(None)
        )
    )
    # Who went through all themes has not seen one that came later.
    complete = {id_ for id_, at in whole.items() if newest_theme and at >= newest_theme}
    ids = sorted(said, key=lambda each: (last[each], each))[-MOST_COMMENTS:]
    read = _read_comments(session, workspace_id, ids)
    standing = themes_by_model(session, workspace_id, ids)
    told = []
    for response_id in ids:
        if response_id not in read:
            continue
        text, language, digest = read[response_id]
        mine = said[response_id]
        stands = tuple(sorted(standing.get(response_id, frozenset()) - mine.keys()))
        lesson = Lesson(text, language, dict(sorted(mine.items())), stands, response_id in complete)
        told.append(Told(response_id, digest, lesson, last[response_id]))
    return told


def _read_comments(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, tuple[str, str | None, str]]:
    """(Redacted text, language, digest of the original) of those that were read."""
    found: dict[UUID, tuple[str, str | None, str]] = {}
    for some in batched_ids(ids):
        rows = session.execute(
            select(
                Analysis.response_id, Analysis.redacted, Analysis.language, Analysis.text_digest
            ).where(
                Analysis.workspace_id == workspace_id,
                Analysis.response_id.in_(some),
                Analysis.redacted.is_not(None),
                Analysis.redacted != "",
                Analysis.text_digest.is_not(None),
            )
        )
        for response_id, text, language, digest in rows:
            found[response_id] = (text or "", language, digest or "")
    return found


def themes_by_model(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, frozenset[str]]:
    """Keys of the themes in use on each comment that no person put there."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for some in batched_ids(ids):
        rows = session.execute(
            select(Assignment.response_id, Theme.key)
            .join(
                Theme,
                (Theme.workspace_id == Assignment.workspace_id) & (Theme.id == Assignment.theme_id),
            )
            .where(
                Assignment.workspace_id == workspace_id,
                Assignment.response_id.in_(some),
                Assignment.source != "person",
                Theme.archived_at.is_(None),
            )
        )
        for response_id, key in rows:
            found[response_id].add(key)
    return {response_id: frozenset(keys) for response_id, keys in found.items()}


def batched_ids(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """So many at a time as a statement may name."""
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def digest_of_lessons(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over what is taught, whatever the order: names a version's model files."""
    canonical = sorted(
        json.dumps(
            [
                str(row["response_id"]), row["text_digest"], sorted(row["said"].items()),
                sorted(row["stands"]), row["complete"],
            ],
            separators=(",", ":"),
        )
        for row in rows
    )  # fmt: skip
    return hashlib.sha256("\n".join(canonical).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A lesson of a version with what was foretold of its comment."""

    response_id: UUID
    lesson: Lesson
    foretold: tuple[str, ...] | None
    served: tuple[str, ...] | None


def kept_lessons(session: Session, workspace_id: UUID, model_id: UUID) -> list[Kept]:
    """What a version was taught, in the order of the responses; without the comments that were
    edited or erased since."""
    rows = session.scalars(
        scoped(ThemeLesson, workspace_id)
        .where(ThemeLesson.model_id == model_id)
        .order_by(ThemeLesson.response_id)
    ).all()
    read = _read_comments(session, workspace_id, [row.response_id for row in rows])
    kept = []
    for row in rows:
        text, language, digest = read.get(row.response_id, ("", None, ""))
        if digest == row.text_digest:
            lesson = Lesson(text, language, row.said, tuple(row.stands), row.complete)
            kept.append(Kept(row.response_id, lesson, _listed(row.foretold), _listed(row.served)))
    return kept


def _listed(keys: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if keys is None else tuple(keys)
