"""Reads: groups that wait for a decision, and what was looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from nlp.discovery import FEWEST_COMMENTS
from surveys.scoring import category_of
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.understanding.assigned import AssignedTheme, assigned_themes
from vocapp.understanding.discovery.asking import DISCOVER
from vocapp.understanding.discovery.models import CandidateComment, DiscoveryLook, ThemeCandidate
from vocapp.understanding.models import Analysis, Theme
from vocapp.understanding.shown import said_comments

_DECIDED_SHOWN = 10
_SUREST_FIRST = (ThemeCandidate.p_value, ThemeCandidate.size.desc(), ThemeCandidate.id)


@dataclass(frozen=True, slots=True)
class Example:
    """A comment of a group; text is redacted."""

    response_id: UUID
    text: str
    language: str | None
    survey_key: str
    score: int | None
    category: str | None
    answered_at: datetime
    themes: tuple[AssignedTheme, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that waits. since <= day < until, before_since <= day < since."""

    id: UUID
    labels: Mapping[str, str]
    terms: Mapping[str, Sequence[str]]
    languages: Mapping[str, int]
    size: int
    comments: int
    before: int
    earlier: int
    since: date
    until: date
    before_since: date
    growth: tuple[float, float, float]  # how many times as often, and its 95 % limits
    p_value: float
    found_at: datetime
    seen_at: datetime
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a group. theme: that it became or belongs to."""

    id: UUID
    state: str
    labels: Mapping[str, str]
    decided_at: datetime
    theme_key: str | None
    theme_label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """The last look; earlier comments are counted where there are enough later ones."""

    looked_at: datetime
    since: date
    until: date
    before_since: date
    comments: int
    earlier: int

    @property
    def had_enough(self) -> bool:
        return min(self.comments, self.earlier) >= FEWEST_COMMENTS


@dataclass(frozen=True, slots=True)
class DiscoveryPage:
    """waiting: for a decision, surest first; next_look: None where nothing is planned."""

    waiting: tuple[Candidate, ...]
    decided: tuple[Decided, ...]
    look: Look | None
    next_look: datetime | None
    is_looking: bool


def discovery_page(workspace_id: UUID, *, now: datetime) -> DiscoveryPage:
    """Everything on the page of what is new."""
    rows = db.session.scalars(
        scoped(ThemeCandidate, workspace_id)
        .where(ThemeCandidate.state == "new")
        .order_by(*_SUREST_FIRST)
    ).all()
    examples = _examples(workspace_id, [row.id for row in rows])
    look = db.session.get(DiscoveryLook, workspace_id)
    due_at = db.session.scalar(
        outbox.waiting(select(func.min(Pending.due_at)), workspace_id, DISCOVER)
    )
    return DiscoveryPage(
        waiting=tuple(_candidate(row, examples.get(row.id, [])) for row in rows),
        decided=tuple(_decided(workspace_id)),
        look=_look(look) if look else None,
        next_look=due_at,
        is_looking=due_at is not None and due_at <= now,
    )


def waiting_since(workspace_id: UUID, since: datetime, *, limit: int) -> list[Candidate]:
    """Groups that wait for a decision and were seen since then, surest first; no examples."""
    rows = db.session.scalars(
        scoped(ThemeCandidate, workspace_id)
        .where(ThemeCandidate.state == "new", ThemeCandidate.seen_at >= since)
        .order_by(*_SUREST_FIRST)
        .limit(limit)
    )
    return [_candidate(row, ()) for row in rows]


def count_waiting(workspace_id: UUID) -> int:
    """How many groups wait for a decision."""
    found = db.session.scalar(
        select(func.count()).where(
            ThemeCandidate.workspace_id == workspace_id, ThemeCandidate.state == "new"
        )
    )
    return found or 0


def candidate_labels(workspace_id: UUID, candidate_id: UUID) -> Mapping[str, str]:
    """Its names by language; none where there is no such group."""
    row = db.session.get(ThemeCandidate, (workspace_id, candidate_id))
    return row.labels if row else {}


def _look(row: DiscoveryLook) -> Look:
    return Look(row.looked_at, row.since, row.until, row.before_since, row.comments, row.earlier)


def _candidate(row: ThemeCandidate, examples: Sequence[Example]) -> Candidate:
    return Candidate(
        id=row.id,
        labels=row.labels,
        terms=row.terms,
        languages=row.languages,
        size=row.size,
        comments=row.comments,
        before=row.before,
        earlier=row.earlier,
        since=row.since,
        until=row.until,
        before_since=row.before_since,
        growth=(row.growth, row.growth_low, row.growth_high),
        p_value=row.p_value,
        found_at=row.found_at,
        seen_at=row.seen_at,
        examples=tuple(examples),
    )


def _examples(workspace_id: UUID, candidates: Sequence[UUID]) -> dict[UUID, list[Example]]:
    """By group, the most central first; none of surveys that have become confidential."""
    columns = select(
        CandidateComment.candidate_id, Response.id, Analysis.redacted, Analysis.language,
        Survey.key, Survey.kind, Response.score, Response.answered_at,
    )  # fmt: skip
    rows: Sequence[Any] = db.session.execute(
        said_comments(columns)
        .join(
            CandidateComment,
            (CandidateComment.workspace_id == Response.workspace_id)
            & (CandidateComment.response_id == Response.id),
        )
        .where(
            CandidateComment.workspace_id == workspace_id,
            CandidateComment.candidate_id.in_(candidates),
            CandidateComment.is_example,
        )
        .order_by(CandidateComment.candidate_id, CandidateComment.place)
    ).all()
    themes = assigned_themes(db.session(), workspace_id, {row.id for row in rows})
    found: dict[UUID, list[Example]] = defaultdict(list)
    for row in rows:
        found[row.candidate_id].append(
            Example(
                response_id=row.id,
                text=row.redacted,
                language=row.language,
                survey_key=row.key,
                score=row.score,
                category=category_of(row.kind, row.score) if row.score is not None else None,
                answered_at=row.answered_at,
                themes=tuple(themes.get(row.id, ())),
            )
        )
    return found


def _decided(workspace_id: UUID) -> list[Decided]:
    rows = db.session.execute(
        select(
            ThemeCandidate.id, ThemeCandidate.state, ThemeCandidate.labels,
            ThemeCandidate.decided_at, Theme.key, Theme.label,
        )
        .outerjoin(
            Theme,
            (Theme.workspace_id == ThemeCandidate.workspace_id)
            & (Theme.id == ThemeCandidate.theme_id),
        )
        .where(ThemeCandidate.workspace_id == workspace_id, ThemeCandidate.state != "new")
        .order_by(ThemeCandidate.decided_at.desc(), ThemeCandidate.id)
        .limit(_DECIDED_SHOWN)
    )  # fmt: skip
    return [
        Decided(row.id, row.state, row.labels, row.decided_at, row.key, row.label or {})
        for row in rows
    ]
