"""Reads: which themes answers are about, many answers at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.understanding.models import Assignment, Theme


@dataclass(frozen=True, slots=True)
class AssignedTheme:
    """A theme of one answer. evidence: from where to where its comment says so."""

    key: str
    label: Mapping[str, str]
    confidence: float
    sentiment: str
    source: str
    evidence: tuple[int, int]


def assigned_themes(
    session: Session, workspace_id: UUID, response_ids: Collection[UUID]
) -> dict[UUID, list[AssignedTheme]]:
    """Themes by answer, surest first, archived ones left out; at most about a thousand answers
    at a time.

    Assignments are not joined with their themes: PostgreSQL, which plans a statement that is
    repeated without its ids, would walk through all that each theme has. Themes are read after
    them, so that none is missing that was new in between.
    """
    rows = session.execute(
        select(
            Assignment.response_id,
            Assignment.theme_id,
            Assignment.confidence,
            Assignment.sentiment,
            Assignment.source,
            Assignment.evidence_start,
            Assignment.evidence_end,
        ).where(Assignment.workspace_id == workspace_id, Assignment.response_id.in_(response_ids))
    ).all()
    themes = _themes(session, workspace_id, {row.theme_id for row in rows})
    found: dict[UUID, list[AssignedTheme]] = defaultdict(list)
    for response_id, theme_id, confidence, sentiment, source, start, end in rows:
        theme = themes.get(theme_id)
        if theme is None:
            continue
        found[response_id].append(
            AssignedTheme(theme.key, theme.label, confidence, sentiment, source, (start, end))
        )
    for themes_of_one in found.values():
        themes_of_one.sort(key=lambda theme: (-theme.confidence, theme.key))
    return dict(found)


def _themes(session: Session, workspace_id: UUID, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Key and label by id, of those in use."""
    if not ids:
        return {}
    rows = session.execute(
        select(Theme.id, Theme.key, Theme.label).where(
            Theme.workspace_id == workspace_id, Theme.id.in_(ids), Theme.archived_at.is_(None)
        )
    )
    return {row.id: row for row in rows}
