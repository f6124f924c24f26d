"""How channels write an answer, and what it becomes: a checked `Submission`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from surveys.definitions import Definition
from surveys.languages import LOCALE
from vocapp.authoring.limiting.queries import Link, link_of_token
from vocapp.authoring.queries import SurveySummary, definition_of
from vocapp.collecting.service import Submission, checked_answers
from vocapp.people.parsing import AccountBody, ContactBody, Instant, Touchpoint
from vocapp.problems import BadInput, FieldError, NotFound
from vocapp.signing import digest_of_json

SINGLE_USE = "What stands in a single-use link after `/once/`; the answer has the id of the link"


class AnswersBody(BaseModel):
    """The answers of one response: by question key, or by the two shorthands."""

    model_config = ConfigDict(extra="forbid")

    score: Any = Field(None, json_schema_extra={"type": "integer"})
    comment: Any = Field(None, json_schema_extra={"type": "string"})
    answers: dict[str, Any] = Field(default_factory=dict, max_length=100)


class ResponseBody(AnswersBody):
    """One response as machines send it."""

    id: UUID | None = None
    survey: str = Field(min_length=1, max_length=100)
    survey_version: int | None = Field(None, ge=1, le=2**31 - 1, strict=True)
    single_use: str | None = Field(None, max_length=300, description=SINGLE_USE)
    channel: Literal["api", "web", "widget", "embed", "email", "sms", "import"] = "api"
    answered_at: Instant | None = None
    locale: str | None = Field(None, max_length=20, pattern=f"^{LOCALE}$")
    touchpoint: Touchpoint | None = Field(
        None, description="The moment that the answer is about; an attribute of the answer"
    )
    contact: ContactBody | None = None
    account: AccountBody | None = None


def answers_by_key(body: AnswersBody, definition: Definition) -> dict[str, object]:
    """The shorthands and `answers` in one mapping; raises BadInput where they disagree."""
    given: dict[str, object] = dict(body.answers)
    shorthands: dict[str, tuple[str | None, object]] = {
        "score": (definition.primary.key, body.score),
        "comment": (
            definition.open_question.key if definition.open_question else None,
            body.comment,
        ),
    }
    for name, (key, value) in shorthands.items():
        if value is None:
            continue
        if key is None:
            raise BadInput.of(name, "this survey version asks no open question")
        if key in given and given[key] != value:
            raise BadInput.of(name, f"differs from answers.{key}")
        given[key] = value
    return given


def answerable_version(survey: SurveySummary, version: int | None) -> tuple[int, Definition]:
    """The version that an answer is for. Raises BadInput where there is none.

    Whether the survey takes it is asked where it is stored, of new answers only.
    """
    if survey.published_version is None:
        raise BadInput.of("survey", "the survey is not published")
    number = version or survey.published_version
    try:
        return number, definition_of(survey.workspace_id, survey.id, number)
    except NotFound as exc:
        raise BadInput.of("survey_version", f"the survey has no version {number}") from exc


def submission_of(
    body: ResponseBody,
    raw: Mapping[str, Any],
    survey: SurveySummary,
    *,
    now: datetime,
    idempotency_key: str | None = None,
) -> Submission:
    """A machine's response, checked. Raises BadInput."""
    version, definition = answerable_version(survey, body.survey_version)
    answers = checked_answers(definition, answers_by_key(body, definition))
    score = answers.get(definition.primary.key)
    link = single_use_link(survey, body.single_use)
    said = body.touchpoint or (link.place if link else "")
    return Submission(
        survey_id=survey.id,
        version=version,
        answers=answers,
        score=score if isinstance(score, int) else None,
        channel=body.channel,
        answered_at=body.answered_at or now,
        digest=digest_of_json(in_one_order(raw, definition)),
        id=link.id if link else body.id,
        used_by=ANOTHER_SYSTEM if link else "",
        idempotency_key=checked_key(idempotency_key),
        locale=body.locale,
        contact=body.contact.facts() if body.contact else None,
        account=body.account.facts() if body.account else None,
        attributes={"touchpoint": said} if said else {},
    )


def in_one_order(raw: Mapping[str, Any], definition: Definition) -> Mapping[str, Any]:
    """What was sent, with several options in the order of the survey: said in another order, it is
    the same answer."""
    answers = raw.get("answers")
    if not isinstance(answers, Mapping):
        return raw
    several = {q.key: [o.key for o in q.options] for q in definition.questions if q.kind == _SET}
    in_order = {
        key: sorted(value, key=several[key].index) if key in several and value else value
        for key, value in answers.items()
    }
    return {**raw, "answers": in_order}


_SET = "multiple"


ANOTHER_SYSTEM = "api"  # who uses a link that was not opened as a page


def single_use_link(survey: SurveySummary, token: str | None) -> Link | None:
    """The link that an answer came by. Raises BadInput where it is not one of this survey."""
    if token is None:
        return None
    try:
        link = link_of_token(token)
    except NotFound as exc:
        raise BadInput.of("single_use", "no such link") from exc
    if (link.workspace_id, link.survey_id) != (survey.workspace_id, survey.id):
        raise BadInput.of("single_use", "no such link")
    return link


def checked_key(key: str | None) -> str | None:
    """An Idempotency-Key header of at most 255 printable characters, or None."""
    if key is None or not key.strip():
        return None
    if len(key) > 255 or not key.isprintable():
        raise BadInput(FieldError("Idempotency-Key", "at most 255 printable characters"))
    return key
