"""Reads: the comment that is asked next, how far the round is, and what labels there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.learning.asking import new_corrections
from vocapp.understanding.models import Analysis, Doubt, Label, Review, Theme, TriageTurn
from vocapp.understanding.queries import theme_choices
from vocapp.understanding.storing import verbatims
from vocapp.understanding.triage.drawing import ABANDONED_AFTER, shown


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A theme to be confirmed or not. confidence: 0…1, None where a person has said so."""

    key: str
    label: Mapping[str, str]
    confidence: float | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class AskedComment:
    """A comment as it is asked about. pieces: the shown text, what speaks of a suggested theme
    marked True. others: themes that are not suggested, by key."""

    response_id: UUID
    pieces: tuple[tuple[str, bool], ...]
    language: str | None
    survey: str
    score: int | None
    category: str | None
    answered_at: datetime
    suggestions: tuple[Suggestion, ...]
    others: tuple[tuple[str, Mapping[str, str]], ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class Round:
    """How far a person's round is; comment None: all is done. skipped are among the done."""

    done: int
    skipped: int
    total: int
    comment: AskedComment | None


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """labels: verdicts about single themes; new: since the model last learnt. reviewed: comments
    gone through; sampled: those of them that were drawn at random. waiting: comments not yet
    reviewed, as far as counted."""

    labels: int
    new: int
    reviewed: int
    sampled: int
    waiting: int


_COUNTED = 1_000


def round_of(workspace_id: UUID, user_id: UUID, *, now: datetime) -> Round | None:
    """The round that a person is in, or has just ended; None where there is none."""
    begun_at = db.session.scalar(
        select(func.max(TriageTurn.begun_at)).where(
            TriageTurn.workspace_id == workspace_id,
            TriageTurn.user_id == user_id,
            TriageTurn.begun_at > now - ABANDONED_AFTER,
        )
    )
    if begun_at is None:
        return None
    turns = db.session.scalars(
        scoped(TriageTurn, workspace_id)
        .where(TriageTurn.user_id == user_id, TriageTurn.begun_at == begun_at)
        .order_by(TriageTurn.place)
    ).all()
    open_ids = [
        turn.response_id for turn in turns if turn.decided_at is None and turn.skipped_at is None
    ]
    comment = None
    while open_ids and comment is None:
        comment = _asked(workspace_id, open_ids[0])
        if comment is None:  # erased, made confidential or reviewed by somebody else meanwhile
            open_ids.pop(0)
    skipped = sum(turn.skipped_at is not None for turn in turns)
    return Round(len(turns) - len(open_ids), skipped, len(turns), comment)


def label_counts(workspace_id: UUID) -> LabelCounts:
    """How much people have said so far, and how much is left to ask."""

    def count(model: Any, *conditions: Any) -> int:
        query = select(func.count()).where(model.workspace_id == workspace_id, *conditions)
        return int(db.session.scalar(query) or 0)

    some = (
        select(Doubt.response_id).where(Doubt.workspace_id == workspace_id).limit(_COUNTED)
    ).subquery()
    rows = int(db.session.scalar(select(func.count()).select_from(some)) or 0)
    reviewed = count(Review)
    return LabelCounts(
        labels=count(Label),
        new=new_corrections(db.session(), workspace_id),
        reviewed=reviewed,
        sampled=count(Review, Review.sampled_at.is_not(None)),
        waiting=rows if rows == _COUNTED else max(rows - reviewed, 0),
    )


def _asked(workspace_id: UUID, response_id: UUID) -> AskedComment | None:
    """The comment with what is suggested; None where it is not to be asked any more."""
    query = select(
        Doubt.themes, Analysis.redacted, Analysis.language, Survey.name, Survey.kind,
        Response.score, Response.answered_at,
    ).where(
        Doubt.workspace_id == workspace_id,
        Doubt.response_id == response_id,
        ~select(Review.response_id)
        .where(Review.workspace_id == workspace_id, Review.response_id == response_id)
        .exists(),
    )  # fmt: skip
    row = db.session.execute(shown(query)).first()
    if row is None:
        return None
    names = dict(theme_choices(workspace_id))
    assigned = assigned_themes(db.session(), workspace_id, [response_id]).get(response_id, [])
    removed = _removed(workspace_id, response_id)
    found = {
        theme.key: Suggestion(
            theme.key, theme.label, None if theme.source == "person" else theme.confidence, True
        )
        for theme in assigned
        if theme.key in names
    }
    for key, chance, *_ in row.themes:
        if key in names and key not in found:
            found[key] = Suggestion(key, names[key], None if key in removed else chance, False)
    text = verbatims(db.session(), workspace_id, [response_id]).get(response_id, "")
    spans = [theme.evidence for theme in assigned] + [
        (start, end) for key, _, _, start, end in row.themes if key in found
    ]
    return AskedComment(
        response_id=response_id,
        pieces=tuple(marked_pieces(row.redacted, [text[slice(*span)] for span in spans])),
        language=row.language,
        survey=row.name,
        score=row.score,
        category=category_of(row.kind, row.score) if row.score is not None else None,
        answered_at=row.answered_at,
        suggestions=tuple(found.values()),
        others=tuple((key, label) for key, label in names.items() if key not in found),
    )


def _removed(workspace_id: UUID, response_id: UUID) -> set[str]:
    """Themes that a person has taken off before."""
    return set(
        db.session.scalars(
            select(Theme.key)
            .join(
                Label,
                (Label.workspace_id == Theme.workspace_id) & (Label.theme_id == Theme.id),
            )
            .where(
                Label.workspace_id == workspace_id,
                Label.response_id == response_id,
                Label.verdict == "remove",
            )
        )
    )


def marked_pieces(text: str, evidence: Iterable[str]) -> list[tuple[str, bool]]:
    """The text in pieces, those that are in any of the evidence True.

    Evidence is found by its words, because the text is redacted and offsets are those of the
    original. What says nothing about where to look, the whole text, is not marked.

    >>> marked_pieces("Slow, but cheap.", ["Slow", "absent", "Slow, but cheap."])
    [('Slow', True), (', but cheap.', False)]
    """
    is_marked = [False] * len(text)
    for words in evidence:
        start = text.find(words) if words.strip() and words.strip() != text.strip() else -1
        if start >= 0:
            is_marked[start : start + len(words)] = [True] * len(words)
    if all(is_marked):
        return [(text, False)] if text else []
    return _runs(text, is_marked)


def _runs(text: str, is_marked: Sequence[bool]) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or is_marked[place] != is_marked[start]:
            pieces.append((text[start:place], is_marked[start]))
            start = place
    return pieces
