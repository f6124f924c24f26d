"""Reads: answers as a list shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from surveys.as_asked import AskedAndAnswered, as_asked
from surveys.attributes import as_text
from surveys.definitions import Definition
from surveys.questions import Question, Value
from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import definition_of
from vocapp.collecting.marked_queries import marks_of
from vocapp.collecting.models import Response
from vocapp.collecting.queries import (
    PEOPLE,
    StoredAnswers,
    account_in,
    answers_of,
    contact_in,
    of_responses,
)
from vocapp.extensions import db
from vocapp.understanding.models import Analysis
from vocapp.understanding.queries import themes_of


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One answer, ready to show.

    comment: redacted; None where nothing was written, or where it is_waiting to be read for
    personal data first. asked: the questions that were answered, in the words of their version
    and in the language asked_in. attributes: as they were then, in the order of their names.
    others: what was answered beside the score, in the order of the questions; not texts and
    contact details, which nobody has read for personal data. marks: why somebody may want to look.
    """

    response_id: UUID
    score: int | None
    category: str | None
    answered_at: datetime
    comment: str | None
    is_waiting: bool
    language: str | None
    content: str | None
    themes: tuple[dict[str, Any], ...]
    contact: str | None
    account: str | None
    account_external_id: str | None
    account_owner_id: UUID | None
    version: int
    asked_in: str
    asked: tuple[AskedAndAnswered, ...]
    attributes: tuple[tuple[str, str], ...]
    others: tuple[tuple[Question, Value], ...]
    marks: tuple[str, ...]


_SHOWN = (
    Response.id, Response.survey_id, Response.survey_version, Response.locale,
    Survey.kind, Response.score, Response.answered_at, Response.attributes,
    Analysis.redacted, Analysis.language, Analysis.content, *PEOPLE,
)  # fmt: skip


def answers_shown(workspace_id: UUID, ids: Sequence[UUID]) -> list[ShownAnswer]:
    """These answers in this order; those that were erased meanwhile are left out."""
    rows = db.session.execute(
        of_responses(workspace_id, *_SHOWN)
        .outerjoin(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Response.id.in_(ids))
    )
    by_id = {row.id: row for row in rows}
    answers = answers_of(workspace_id, list(by_id))
    comments = {key: answers.get(key, StoredAnswers()).comment or "" for key in by_id}
    themes = themes_of(workspace_id, list(by_id), comments)
    marks = marks_of(workspace_id, list(by_id))
    return [
        _shown(
            workspace_id,
            by_id[key],
            answers.get(key, StoredAnswers()),
            themes=themes.get(key, []),
            marks=marks.get(key, ()),
        )
        for key in ids
        if key in by_id
    ]


def _others(definition: Definition, answers: StoredAnswers) -> tuple[tuple[Question, Value], ...]:
    return tuple(
        (question, value)
        for question in definition.questions
        if question.kind not in ("text", "contact") and question is not definition.primary
        for value in [answers.values.get(question.key)]
        if value is not None
    )


def _shown(
    workspace_id: UUID,
    row: Any,
    answers: StoredAnswers,
    *,
    themes: Sequence[dict[str, Any]],
    marks: Sequence[str],
) -> ShownAnswer:
    comment = answers.comment or ""
    definition = definition_of(workspace_id, row.survey_id, row.survey_version)
    asked_in, asked = as_asked(definition, answers.values, locale=row.locale)
    return ShownAnswer(
        response_id=row.id,
        score=row.score,
        category=category_of(row.kind, row.score) if row.score is not None else None,
        answered_at=row.answered_at,
        comment=row.redacted if comment else None,
        is_waiting=bool(comment) and row.redacted is None,
        language=row.language,
        content=row.content,
        themes=tuple(themes),
        contact=contact_in(row),
        account=account_in(row),
        account_external_id=row.account_external_id,
        account_owner_id=row.account_owner_id,
        version=row.survey_version,
        asked_in=asked_in,
        asked=tuple(asked),
        attributes=tuple(_texts(row.attributes)),
        others=_others(definition, answers),
        marks=tuple(marks),
    )


def _texts(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = ((name, as_text(value)) for name, value in sorted(attributes.items()))
    return [(name, text) for name, text in shown if text is not None]
