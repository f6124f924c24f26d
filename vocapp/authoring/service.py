"""Use cases: create a survey, change its draft, publish a version, close it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys import journey_survey, piping
from surveys.branching import flaws
from surveys.definitions import Definition, DefinitionError, from_json, to_json
from surveys.questions import storable_problem
from vocapp.authoring import drafts
from vocapp.authoring.models import SURVEY_KINDS, Question, Survey, SurveyVersion
from vocapp.authoring.standard_questions import standard_words
from vocapp.database import scoped, transaction, uuid7
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Journey:
    """The template of the five A's; brand: whose journey it asks about, None: one's own."""

    brand: str | None = None


@dataclass(frozen=True, slots=True)
class NewSurvey:
    """What is needed to create one. `questions` None: sensible ones are filled in, or those of the
    journey, which is a survey of the kind nps."""

    key: str
    name: str
    kind: str
    languages: Sequence[str]
    confidential: bool = False
    publish: bool = True
    questions: Sequence[Mapping[str, Any]] | None = None
    journey: Journey | None = None
    thanks: Mapping[str, Any] | None = None


def create_survey(
    workspace_id: UUID, new: NewSurvey, *, actor_user_id: UUID | None = None, now: datetime
) -> UUID:
    """Create a survey and, unless it stays a draft, publish version 1.

    Raises BadInput on a wrong definition, Conflict when the key is taken.
    """
    definition = _definition(new)
    _check_piping(definition, confidential=new.confidential)
    with transaction() as session:
        survey = Survey(
            workspace_id=workspace_id,
            id=uuid7(),
            key=new.key,
            public_id=secrets.token_urlsafe(12),
            name=new.name,
            kind=new.kind,
            confidential=new.confidential,
            state="draft",
            draft=to_json(definition),
            created_at=now,
            updated_at=now,
        )
        _insert(session, survey)
        if new.publish:
            _publish(session, survey, by=actor_user_id, now=now)
        audit(
            session, workspace_id, "survey.created", subject=survey, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip
    return survey.id


def _definition(new: NewSurvey) -> Definition:
    if new.kind not in SURVEY_KINDS:
        raise BadInput.of("kind", f"one of {', '.join(SURVEY_KINDS)}, got {new.kind!r}")
    if new.journey is not None and (new.kind != "nps" or new.questions is not None):
        raise BadInput.of("journey", "its survey is of the kind nps, and has questions of its own")
    try:
        if new.journey is not None:
            found = journey_survey.template(new.languages, brand=_brand(new.journey))
            return from_json(to_json(found) | {"thanks": new.thanks})
        return from_json(
            {
                "kind": new.kind,
                "languages": list(new.languages),
                "questions": None if new.questions is None else list(new.questions),
                "thanks": new.thanks,
            },
            words_in=standard_words,
        )
    except DefinitionError as exc:
        raise BadInput.of(exc.field, exc.message) from exc


def _brand(journey: Journey) -> str | None:
    brand = (journey.brand or "").strip()
    problem = storable_problem(brand)
    if problem:
        raise BadInput.of("journey.brand", problem)
    return brand or None


def _insert(session: Session, survey: Survey) -> None:
    """Add the row; the unique key decides between two at the same moment."""
    try:
        with session.begin_nested():
            session.add(survey)
    except IntegrityError as exc:
        raise Conflict(f"The key {survey.key!r} is taken in this workspace.") from exc


def save_draft(
    workspace_id: UUID,
    survey_id: UUID,
    definition: Mapping[str, Any],
    *,
    name: str | None = None,
    seen: str | None = None,
    by_itself: bool = False,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> str:
    """Replace the draft; what is published stays as it is. Returns the digest of the draft by now.
    Raises BadInput, NotFound.

    seen: the digest of the draft that was changed; Conflict where somebody has saved another
    since. by_itself: while somebody typed; undo takes such saves of two minutes back as one.
    """
    try:
        checked = from_json(definition, words_in=standard_words)
    except DefinitionError as exc:
        raise BadInput.of(exc.field, exc.message) from exc
    with transaction() as session:
        survey = _locked(session, workspace_id, survey_id)
        _check_piping(checked, confidential=survey.confidential)
        if checked.kind != survey.kind:
            raise BadInput.of("kind", "the kind of a survey does not change")
        if seen is not None and seen != digest_of(survey.draft):
            raise Conflict("Somebody saved the draft after it was opened.")
        new = drafts.State(to_json(checked), name or survey.name)
        if drafts.take(session, survey, new, by=actor_user_id, by_itself=by_itself, now=now):
            audit(
                session, workspace_id, "survey.draft_saved", subject=survey, now=now,
                actor_user_id=actor_user_id,
            )  # fmt: skip
        return digest_of(survey.draft)


def step_back(
    workspace_id: UUID, survey_id: UUID, by: int, *, actor_user_id: UUID | None, now: datetime
) -> bool:
    """The draft as it was a step before (-1), or after one was taken back (+1).

    False where there is no such step.
    """
    with transaction() as session:
        survey = _locked(session, workspace_id, survey_id)
        if not drafts.go(session, survey, by, now=now):
            return False
        audit(
            session, workspace_id, "survey.draft_saved", subject=survey, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip
    return True


def publish_survey(
    workspace_id: UUID,
    survey_id: UUID,
    *,
    seen: str | None = None,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> int:
    """Make the draft the next immutable version; the same draft is not published twice.

    seen: the digest of the draft that somebody looked at; Conflict where it is another by now.
    """
    with transaction() as session:
        survey = _locked(session, workspace_id, survey_id)
        if seen is not None and seen != digest_of(survey.draft):
            raise Conflict("The draft was changed after you looked at it.")
        number = _publish(session, survey, by=actor_user_id, now=now)
        audit(
            session, workspace_id, "survey.published", subject=survey, now=now,
            actor_user_id=actor_user_id, detail={"version": number},
        )  # fmt: skip
    return number


def restore_version(
    workspace_id: UUID,
    survey_id: UUID,
    number: int,
    *,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> None:
    """A published version becomes the draft; what is published stays as it is. Raises NotFound."""
    with transaction() as session:
        survey = _locked(session, workspace_id, survey_id)
        version = session.get(SurveyVersion, (workspace_id, survey_id, number))
        if version is None:
            raise NotFound(f"The survey has no version {number}.")
        state = drafts.State(version.definition, survey.name)
        drafts.take(session, survey, state, by=actor_user_id, now=now)
        audit(
            session, workspace_id, "survey.version_restored", subject=survey, now=now,
            actor_user_id=actor_user_id, detail={"version": number},
        )  # fmt: skip


def digest_of(definition: Mapping[str, Any]) -> str:
    """The same for the same definition, however a database orders its names."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def close_survey(
    workspace_id: UUID, survey_id: UUID, *, actor_user_id: UUID | None = None, now: datetime
) -> None:
    """From now on no answer is taken; publishing opens it again."""
    with transaction() as session:
        survey = _locked(session, workspace_id, survey_id)
        survey.state, survey.updated_at = "closed", now
        audit(
            session, workspace_id, "survey.closed", subject=survey, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _locked(session: Session, workspace_id: UUID, survey_id: UUID) -> Survey:
    survey = session.scalar(
        scoped(Survey, workspace_id).where(Survey.id == survey_id).with_for_update()
    )
    if survey is None:
        raise NotFound("No such survey.")
    return survey


def _check_piping(definition: Definition, *, confidential: bool) -> None:
    """Refuse placeholders that do not exist, and all of them where answers are in confidence: who
    is called by name or plan would not believe it."""
    wrong = []
    for at, text in piping.texts_of(definition):
        names = piping.unknown(text)
        if names:
            known = ", ".join((*piping.KNOWN, "attribute.…"))
            message = f"no placeholder is called {names[0]!r}; expected {known}"
            wrong.append(FieldError(at, message))
        elif confidential and piping.has_placeholder(text):
            message = "a confidential survey says nothing of the person who reads it"
            wrong.append(FieldError(at, message))
    if wrong:
        raise BadInput(*wrong)


_FLAWS = {
    "loop": "leads back to {to!r} and round again",
    "backwards": "leads back to {to!r}, an earlier question",
    "primary_missed": "the question of the score can be passed by, after {to!r}",
}


def _check_ways(draft: Mapping[str, Any]) -> None:
    """Refuse branches that go round, or past the question that the survey is about.

    A question that nothing leads to harms nobody: the map of the editor shows it.
    """
    definition = from_json(draft)
    place = {question.key: number for number, question in enumerate(definition.questions)}
    wrong = [
        FieldError(
            f"questions[{place[flaw.question]}].branches", _FLAWS[flaw.code].format(to=flaw.to)
        )
        for flaw in flaws(definition.questions, kind=definition.kind)
        if flaw.code in _FLAWS
    ]
    if wrong:
        raise BadInput(*wrong)


def _publish(session: Session, survey: Survey, *, by: UUID | None, now: datetime) -> int:
    if survey.published_version is not None:
        current = session.get_one(
            SurveyVersion, (survey.workspace_id, survey.id, survey.published_version)
        )
        if current.definition == survey.draft:
            survey.state = "published"
            return survey.published_version
    _check_ways(survey.draft)
    number = (survey.published_version or 0) + 1
    session.add(
        SurveyVersion(
            workspace_id=survey.workspace_id,
            survey_id=survey.id,
            number=number,
            definition=survey.draft,
            published_at=now,
            published_by_user_id=by,
        )
    )
    _keep_identities(session, survey)
    survey.published_version, survey.state, survey.updated_at = number, "published", now
    session.flush()
    return number


def _keep_identities(session: Session, survey: Survey) -> None:
    """Questions are known by their key over all versions; a new key is a new question."""
    known = {
        question.key: question
        for question in session.scalars(
            scoped(Question, survey.workspace_id).where(Question.survey_id == survey.id)
        )
    }
    for entry in from_json(survey.draft).questions:
        question = known.get(entry.key)
        if question is None:
            session.add(
                Question(
                    workspace_id=survey.workspace_id,
                    id=uuid7(),
                    survey_id=survey.id,
                    key=entry.key,
                    kind=entry.kind,
                )
            )
        elif question.kind != entry.kind:
            raise BadInput.of(
                f"questions.{entry.key}.kind",
                f"was {question.kind} in an earlier version; use a new key for another kind",
            )
