"""Reads: surveys, their versions, what is published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from surveys.definitions import Definition, from_json
from surveys.survey_strings import Completeness, completeness
from vocapp.authoring.models import Question, Survey, SurveyVersion
from vocapp.database import WorkspaceId, scoped, scoped_statement
from vocapp.extensions import db
from vocapp.problems import NotFound


def confidential_surveys(workspace_id: WorkspaceId) -> Select[UUID]:
    """Of which no single answer may be shown: for `survey_id.not_in(…)`.

    Without a join: a planner may begin with the surveys and read all of their answers.
    """
    return select(Survey.id).where(
        Survey.workspace_id == workspace_id, Survey.confidential.is_(True)
    )


@dataclass(frozen=True, slots=True)
class SurveySummary:
    """A survey as lists and pages show it."""

    id: UUID
    workspace_id: UUID
    key: str
    public_id: str
    name: str
    kind: str
    confidential: bool
    state: str
    published_version: int | None
    created_at: datetime
    languages: tuple[str, ...]

    @classmethod
    def of(cls, row: Survey) -> SurveySummary:
        return cls(
            row.id, row.workspace_id, row.key, row.public_id, row.name, row.kind,
            row.confidential, row.state, row.published_version, row.created_at,
            tuple(row.draft.get("languages", ())),
        )  # fmt: skip


_BY_KEY = scoped_statement(Survey).where(Survey.key == bindparam("key"))


def survey_by_key(workspace_id: UUID, key: str) -> SurveySummary:
    """The survey that people know by this key. Raises NotFound."""
    row = db.session.scalar(_BY_KEY, {"workspace_id": workspace_id, "key": key})
    if row is None:
        raise NotFound(f"No survey with the key {key!r}.")
    return SurveySummary.of(row)


def survey_by_id(workspace_id: UUID, survey_id: UUID) -> SurveySummary:
    """Raises NotFound."""
    row = db.session.scalar(scoped(Survey, workspace_id).where(Survey.id == survey_id))
    if row is None:
        raise NotFound("No such survey.")
    return SurveySummary.of(row)


def survey_by_public_id(public_id: str) -> SurveySummary:
    """The survey behind a public address, whatever its workspace. Raises NotFound."""
    row = db.session.scalar(
        select(Survey)
        .where(Survey.public_id == public_id)
        .execution_options(voc_all_workspaces=True)
    )
    if row is None:
        raise NotFound("No such survey.")
    return SurveySummary.of(row)


def list_surveys(
    workspace_id: UUID, *, limit: int = 50, after: UUID | None = None
) -> list[SurveySummary]:
    """Surveys, newest first."""
    query = scoped(Survey, workspace_id).order_by(Survey.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Survey.id < after)
    return [SurveySummary.of(row) for row in db.session.scalars(query)]


def completeness_of_surveys(
    workspace_id: UUID, *, limit: int = 50
) -> dict[UUID, tuple[Completeness, ...]]:
    """Survey → how many texts of its draft have words in each language; the newest surveys."""
    rows = db.session.execute(
        select(Survey.id, Survey.draft)
        .where(Survey.workspace_id == workspace_id)
        .order_by(Survey.id.desc())
        .limit(limit)
    )
    return {survey_id: completeness(draft) for survey_id, draft in rows}


def definition_of(workspace_id: UUID, survey_id: UUID, version: int) -> Definition:
    """A published version. Raises NotFound. Cached: versions never change."""
    return _definition_of(workspace_id, survey_id, version)


def published_definition(survey: SurveySummary) -> Definition:
    """What people are asked now. Raises NotFound where the survey was never published."""
    if survey.published_version is None:
        raise NotFound("The survey is not published.")
    return definition_of(survey.workspace_id, survey.id, survey.published_version)


@lru_cache(maxsize=512)
def _definition_of(workspace_id: UUID, survey_id: UUID, version: int) -> Definition:
    row = db.session.scalar(
        scoped(SurveyVersion, workspace_id).where(
            SurveyVersion.survey_id == survey_id, SurveyVersion.number == version
        )
    )
    if row is None:
        raise NotFound(f"The survey has no version {version}.")
    return from_json(row.definition)


def published_at(workspace_id: UUID, survey_id: UUID, version: int) -> datetime:
    """When people could first be asked a version. Raises NotFound."""
    found = db.session.scalar(
        scoped(SurveyVersion, workspace_id)
        .where(SurveyVersion.survey_id == survey_id, SurveyVersion.number == version)
        .with_only_columns(SurveyVersion.published_at)
    )
    if found is None:
        raise NotFound(f"The survey has no version {version}.")
    return found


def draft_of(workspace_id: UUID, survey_id: UUID) -> dict[str, Any]:
    """The draft as it is stored. Raises NotFound."""
    row = db.session.scalar(scoped(Survey, workspace_id).where(Survey.id == survey_id))
    if row is None:
        raise NotFound("No such survey.")
    return dict(row.draft)


def question_identities(workspace_id: UUID, survey_id: UUID) -> dict[str, UUID]:
    """Question key → identity over all versions."""
    rows = db.session.execute(
        select(Question.key, Question.id).where(
            Question.workspace_id == workspace_id, Question.survey_id == survey_id
        )
    )
    return {row.key: row.id for row in rows}


def draft_differs(survey: SurveySummary) -> bool:
    """Whether publishing would make a new version."""
    if survey.published_version is None:
        return True
    published = definition_of(survey.workspace_id, survey.id, survey.published_version)
    return from_json(draft_of(survey.workspace_id, survey.id)) != published
