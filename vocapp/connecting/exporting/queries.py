"""Reads: answers with all that is known of them, a few at a time, all of one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, null, select, true
from sqlalchemy.orm import Session

from surveys.definitions import Definition, from_json
from surveys.questions import Value
from surveys.scoring import category_of
from vocapp.authoring.models import Question, Survey, SurveyVersion
from vocapp.collecting.models import GIVEN, Answer, Response, value_in
from vocapp.collecting.queries import responses_with_people
from vocapp.database import scoped
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.models import Analysis

_BATCH = 500
# It stands in a column of its own.
NOT_ATTRIBUTES = frozenset(("channel",))


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of this export are: keys of further questions, and attributes."""

    answers: tuple[str, ...]
    attributes: tuple[str, ...]


class Answers:
    """The answers of one workspace that may leave it, in the order of their ids.

    Confidential surveys are left out: their single answers are shown to nobody.
    """

    def __init__(self, session: Session, workspace_id: UUID, survey_id: UUID | None) -> None:
        self._session, self._workspace_id, self._survey_id = session, workspace_id, survey_id
        self._definitions: dict[tuple[UUID, int], Definition] = {}

    def names(self) -> Names:
        """Which columns there are, found by the database: a row may bring any attribute."""
        return Names(self._answer_keys(), self._attribute_names())

    def _answer_keys(self) -> tuple[str, ...]:
        versions = select(SurveyVersion).where(SurveyVersion.workspace_id == self._workspace_id)
        if self._survey_id is not None:
            versions = versions.where(SurveyVersion.survey_id == self._survey_id)
        found: dict[str, None] = {}
        for version in self._session.scalars(versions.order_by(SurveyVersion.published_at)):
            definition = from_json(version.definition)
            known = _shorthands(definition)
            found |= dict.fromkeys(q.key for q in definition.questions if q.key not in known)
        return tuple(found)

    def _attribute_names(self) -> tuple[str, ...]:
        of_row = keys_of(self._session, Response.attributes)
        query = (
            select(of_row.c[0])
            .select_from(Response)
            .join(Survey, _same(Response.survey_id, Survey))
            .join(of_row, true())
            .where(*self._wanted())
            .distinct()
        )
        return tuple(sorted(set(self._session.scalars(query)) - NOT_ATTRIBUTES))

    def _wanted(self) -> list[Any]:
        wanted = [Response.workspace_id == self._workspace_id, Survey.confidential.is_(False)]
        if self._survey_id is not None:
            wanted.append(Response.survey_id == self._survey_id)
        return wanted

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._batches():
            ids = [row.Response.id for row in batch]
            answers, themes = self._answers(ids), self._themes(ids)
            for row in batch:
                definition = self._definition(row.Response)
                response_id = row.Response.id
                yield self._record(
                    row, definition, answers.get(response_id, {}), themes.get(response_id, [])
                )
            self._session.expunge_all()

    def _batches(self) -> Iterator[Sequence[Any]]:
        query = self._rows().order_by(Response.id).limit(_BATCH)
        batch = self._session.execute(query).all()
        while batch:
            yield batch
            last = batch[-1].Response.id
            batch = self._session.execute(query.where(Response.id > last)).all()

    def _rows(self) -> Any:
        return (
            responses_with_people(self._workspace_id, Analysis)
            .outerjoin(
                Analysis,
                (Analysis.workspace_id == Response.workspace_id)
                & (Analysis.response_id == Response.id),
            )
            .where(*self._wanted())
        )

    def _record(
        self,
        row: Any,
        definition: Definition,
        answers: Mapping[str, Value],
        themes: list[dict[str, Any]],
    ) -> dict[str, Any]:
        return _record(row, definition, answers, themes)

    def _answers(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        return self._values(ids)

    def _values(self, ids: Sequence[UUID], *without: Any) -> dict[UUID, dict[str, Value]]:
        """Answers by question, of those that have a value in none of these columns."""
        hidden = {each.key for each in without}
        columns = [null() if each.key in hidden else each for each in GIVEN]
        rows = self._session.execute(
            select(Answer.response_id, Question.key, *columns)
            .join(Question, _same(Answer.question_id, Question))
            .where(Answer.workspace_id == self._workspace_id, Answer.response_id.in_(ids))
            .order_by(Answer.response_id, Question.id)
        )
        found: dict[UUID, dict[str, Value]] = defaultdict(dict)
        for response_id, key, *values in rows:
            value = value_in(*values)
            if value is not None:
                found[response_id][key] = value
        return found

    def _themes(self, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        found = assigned_themes(self._session, self._workspace_id, ids)
        return {
            response_id: [
                {
                    "key": theme.key,
                    "confidence": round(theme.confidence, 4),
                    "sentiment": theme.sentiment,
                    "source": theme.source,
                }
                for theme in themes
            ]
            for response_id, themes in found.items()
        }

    def _definition(self, response: Response) -> Definition:
        key = (response.survey_id, response.survey_version)
        if key not in self._definitions:
            version = self._session.scalars(
                scoped(SurveyVersion, self._workspace_id).where(
                    SurveyVersion.survey_id == key[0], SurveyVersion.number == key[1]
                )
            ).one()
            self._definitions[key] = from_json(version.definition)
        return self._definitions[key]


def _same(column: Any, model: type[Any]) -> Any:
    """A join that stays in the workspace."""
    return (model.workspace_id == column.class_.workspace_id) & (model.id == column)


def keys_of(session: Session, column: Any) -> Any:
    """The keys of a JSON object as rows, in the words of the database."""
    if session.get_bind().dialect.name == "postgresql":
        return func.jsonb_object_keys(column).table_valued("name").lateral()
    return func.json_each(column).table_valued("key")


def _shorthands(definition: Definition) -> tuple[str, ...]:
    """The keys whose answers stand under `score` and `comment`."""
    opened = definition.open_question
    return (definition.primary.key, opened.key) if opened else (definition.primary.key,)


def _record(
    row: Any,
    definition: Definition,
    answers: Mapping[str, Value],
    themes: list[dict[str, Any]],
) -> dict[str, Any]:
    response, contact, account, analysis = row.Response, row.Contact, row.Account, row.Analysis
    opened = definition.open_question
    has_score = response.score is not None
    return {
        "id": str(response.id),
        "survey": row.Survey.key,
        "survey_version": response.survey_version,
        "score": response.score,
        "category": category_of(row.Survey.kind, response.score) if has_score else None,
        "comment": answers.get(opened.key) if opened else None,
        "answers": {
            key: value for key, value in answers.items() if key not in _shorthands(definition)
        },
        "channel": response.channel,
        "invitation_id": str(response.invitation_id) if response.invitation_id else None,
        "locale": response.locale,
        "answered_at": response.answered_at.isoformat(),
        "received_at": response.received_at.isoformat(),
        "revision": response.revision,
        "language": analysis.language if analysis else None,
        "sentiment": analysis.sentiment if analysis else None,
        "themes": themes,
        "contact_external_id": contact.external_id if contact else None,
        "contact_email": contact.email if contact else None,
        "contact_name": (contact.name or None) if contact else None,
        "account_external_id": account.external_id if account else None,
        "account_name": (account.name or None) if account else None,
        "attributes": {
            name: value for name, value in response.attributes.items() if name not in NOT_ATTRIBUTES
        },
    }
