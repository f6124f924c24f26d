"""Reads: a survey's versions, what is different between two, and what publishing would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from surveys import survey_diff
from surveys.definitions import to_json
from vocapp.authoring import activity
from vocapp.authoring.models import SurveyVersion
from vocapp.authoring.queries import SurveySummary, definition_of, draft_of
from vocapp.extensions import db
from vocapp.problems import NotFound
from vocapp.workspaces.models import User

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A published version. published_by: None where that is not known, or a machine did it.
    answers: None where a confidential survey must not tell."""

    number: int
    published_at: datetime
    published_by: str | None
    answers: int | None


def versions_of(
    survey: SurveySummary, *, limit: int = 50, before: int | None = None
) -> list[VersionLine]:
    """Published versions, newest first."""
    query = (
        select(SurveyVersion.number, SurveyVersion.published_at, User.name)
        .outerjoin(User, User.id == SurveyVersion.published_by_user_id)
        .where(
            SurveyVersion.workspace_id == survey.workspace_id,
            SurveyVersion.survey_id == survey.id,
        )
        .order_by(SurveyVersion.number.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(SurveyVersion.number < before)
    rows = db.session.execute(query).all()
    # In a confidential survey a count that moves by one tells who it was.
    known = not survey.confidential
    counts = activity.answers_by_version(survey.workspace_id, survey.id) if known and rows else {}
    return [VersionLine(*row, counts.get(row[0], 0) if known else None) for row in rows]


def version_line(survey: SurveySummary, number: int) -> VersionLine:
    """One published version. Raises NotFound."""
    for line in versions_of(survey, limit=1, before=number + 1):
        if line.number == number:
            return line
    raise NotFound(f"The survey has no version {number}.")


def definition_json(survey: SurveySummary, version: int | str) -> dict[str, Any]:
    """A version, or the draft, as JSON. Raises NotFound."""
    if version == DRAFT:
        return draft_of(survey.workspace_id, survey.id)
    return to_json(definition_of(survey.workspace_id, survey.id, int(version)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of a survey side by side."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    diff: survey_diff.Diff
    breaks: tuple[survey_diff.Break, ...]


def compared(survey: SurveySummary, before: int | str, after: int | str) -> Comparison:
    """How one version, or the draft, became another. Raises NotFound.

    Answers are counted only where that decides whether a trend breaks, and never told of a
    confidential survey.
    """
    old, new = definition_json(survey, before), definition_json(survey, after)
    breaks = survey_diff.breaks(old, new)
    if breaks and not survey.confidential:
        given = activity.answers_given(survey.workspace_id, survey.id)
        breaks = survey_diff.breaks(old, new, given=given)
    return Comparison(old, new, survey_diff.diff(old, new), breaks)
