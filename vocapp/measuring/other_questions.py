"""Reads: what was answered beside the score, of one survey in one period."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from surveys.answer_counts import Place, Share, answered, places, shares
from surveys.definitions import Definition
from surveys.questions import Question, Value
from vocapp.authoring.models import Question as StoredQuestion
from vocapp.authoring.queries import SurveySummary, definition_of
from vocapp.collecting.models import Answer, Response
from vocapp.extensions import db

# Texts are read elsewhere, contact details are nobody's figures, and statements have no answers.
COUNTED_KINDS = frozenset(
    ("nps", "csat", "ces", "stars", "faces", "choice", "multiple", "ranking", "matrix", "consent")
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a matrix, or all of another question. name: the key of the row."""

    name: str | None
    n: int
    shares: Sequence[Share]


@dataclass(frozen=True, slots=True)
class Told:
    """One question: its rows of shares, or the places of a ranking (n: how many ranked)."""

    question: Question
    n: int
    rows: Sequence[Row]
    places: Sequence[Place]


def other_questions(
    survey: SurveySummary, *, since: datetime | None, until: datetime | None
) -> list[Told]:
    """The questions of the published version beside the score, in their order.

    since <= answered_at < until. Empty for a confidential survey: a single option that one person
    chose may tell who it was, and not every combination of options can be guarded.
    """
    if survey.confidential or survey.published_version is None:
        return []
    definition = definition_of(survey.workspace_id, survey.id, survey.published_version)
    asked = _asked(definition)
    if not asked:
        return []
    counted = _counted(survey, asked, since, until)
    return [_told(question, counted.get(question.key, [])) for question in asked]


def _asked(definition: Definition) -> list[Question]:
    primary = definition.primary
    return [q for q in definition.questions if q.kind in COUNTED_KINDS and q is not primary]


def _counted(
    survey: SurveySummary,
    asked: Sequence[Question],
    since: datetime | None,
    until: datetime | None,
) -> Mapping[str, list[tuple[Value, int]]]:
    """By question key: equal answers and how many there are; one statement."""
    value = cast(Answer.value, Text)
    conditions: list[Any] = [
        Response.workspace_id == survey.workspace_id,
        Response.survey_id == survey.id,
        Answer.question_id.in_(_identities(survey, asked)),
    ]
    conditions += [Response.answered_at >= since] if since else []
    conditions += [Response.answered_at < until] if until else []
    rows = db.session.execute(
        select(StoredQuestion.key, Answer.number, Answer.option, value, func.count())
        .join(
            Response,
            (Response.workspace_id == Answer.workspace_id) & (Response.id == Answer.response_id),
        )
        .join(
            StoredQuestion,
            (StoredQuestion.workspace_id == Answer.workspace_id)
            & (StoredQuestion.id == Answer.question_id),
        )
        .where(*conditions)
        .group_by(StoredQuestion.key, Answer.number, Answer.option, value)
    )
    found: dict[str, list[tuple[Value, int]]] = defaultdict(list)
    for key, number, option, text, count in rows:
        given = json.loads(text) if text is not None else None
        answer = next((each for each in (number, option, given) if each is not None), None)
        if answer is not None:
            found[key].append((answer, count))
    return found


def _identities(survey: SurveySummary, asked: Sequence[Question]) -> list[UUID]:
    rows = db.session.scalars(
        select(StoredQuestion.id).where(
            StoredQuestion.workspace_id == survey.workspace_id,
            StoredQuestion.survey_id == survey.id,
            StoredQuestion.key.in_([question.key for question in asked]),
        )
    )
    return list(rows)


def _told(question: Question, counted: Sequence[tuple[Value, int]]) -> Told:
    n = sum(count for _, count in counted)
    if question.kind == "ranking":
        ranked = places(question, counted)
        of_all = {option.key for option in question.options}
        n = sum(c for value, c in counted if isinstance(value, list) and set(value) == of_all)
        return Told(question, n, (), ranked)
    parts = [row.key for row in question.rows] if question.kind == "matrix" else [None]
    rows = [
        Row(part, answered(counted, part=part), shares(question, counted, part=part))
        for part in parts
    ]
    return Told(question, n, rows, ())
