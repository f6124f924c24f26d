"""The public endpoint: answers from the widget and public pages, by public key.

A browser sends only what a customer may say: answers. Attributes of a contact come only
inside a signed token, facts of an account never.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response as HttpResponse
from flask import current_app, g, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from surveys.definitions import Definition, branch_to_json
from surveys.languages import LOCALE, best_language, direction
from surveys.look import widget_css
from surveys.piping import filled
from surveys.questions import localised, scale_of
from surveys.scoring import categories, category_of
from vocapp.authoring.limiting.queries import is_closed, limits_of
from vocapp.authoring.look.queries import look_of
from vocapp.authoring.queries import SurveySummary, definition_of, survey_by_public_id
from vocapp.collecting import service, texts
from vocapp.collecting.aside import add_over_quota, over_quota
from vocapp.collecting.identity import contact_of_token
from vocapp.collecting.letting_in import GroupFull
from vocapp.collecting.models import HeldAnswer
from vocapp.collecting.parsing import (
    ANOTHER_SYSTEM,
    SINGLE_USE,
    AnswersBody,
    answerable_version,
    answers_by_key,
    in_one_order,
    single_use_link,
)
from vocapp.collecting.queries import find_response
from vocapp.collecting.service import Submission, checked_answers
from vocapp.collecting.targeting.queries import rules_of_page
from vocapp.database import utcnow
from vocapp.extensions import db
from vocapp.people.facts import ContactFacts
from vocapp.people.parsing import Touchpoint
from vocapp.people.texts_about import facts_said
from vocapp.problems import BadInput, Forbidden, NotFound, Unauthorized
from vocapp.rate_limits import limit_public
from vocapp.signing import BadToken, digest_of_json, sign, unsign
from vocapp.workspaces.access import CurrentWorkspace, anyone, workspace_of_public_key
from vocapp.workspaces.models import Workspace

api = APIBlueprint("public_api", __name__, url_prefix="/public/v1", abp_tags=[Tag(name="Public")])
limit_public(api)
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}


class PublicBody(AnswersBody):
    key: str | None = Field(None, max_length=100)
    survey: str = Field(min_length=1, max_length=100, description="The survey's public_id")
    id: UUID
    survey_version: int | None = Field(None, ge=1, le=2**31 - 1, strict=True)
    locale: str | None = Field(None, max_length=20, pattern=f"^{LOCALE}$")
    page: str | None = Field(None, max_length=2000)
    identity: str | None = Field(None, max_length=8000)
    touchpoint: Touchpoint | None = Field(
        None, description="The moment that the answer is about; an attribute of the answer"
    )
    single_use: str | None = Field(None, max_length=300, description=SINGLE_USE)
    channel: str = Field("widget", pattern="^(widget|web|embed)$")


class RevisionBody(AnswersBody):
    edit_token: str = Field(max_length=1000)
    revision: int = Field(ge=1, strict=True, le=2**31 - 1)


class ResponsePath(BaseModel):
    model_config = ConfigDict(extra="ignore")

    response_id: UUID


class SurveyPath(BaseModel):
    public_id: str


class KeyQuery(BaseModel):
    key: str | None = None


class SurveyQuery(BaseModel):
    key: str | None = None
    locale: str | None = Field(None, max_length=20)


@api.get("/surveys/<public_id>", summary="What to ask, in one language")
@anyone
def show_survey(path: SurveyPath, query: SurveyQuery) -> Any:
    workspace = _workspace(query.key)
    survey = _survey_of(workspace, path.public_id)
    limits = limits_of(workspace.id, survey.id)
    if survey.published_version is None or is_closed(survey, limits, now=utcnow()):
        raise NotFound("The survey takes no answers.")
    definition = definition_of(workspace.id, survey.id, survey.published_version)
    person = None if survey.confidential else _who(workspace, utcnow())
    definition = filled(definition, facts_said(person))
    look = widget_css(look_of(workspace.id, survey.id))
    return present_survey(survey, definition, query.locale or workspace.locale) | {"look": look}


@api.get("/targeting", summary="What decides which survey a page shows where it names none")
@anyone
def show_targeting(query: KeyQuery) -> Any:
    """The rules as data, in order, so that the page decides by itself without asking again.

    With the signed token in `X-VOC-Identity` the limits on asking hold for that person; a token
    that is not valid any more is as none.
    """
    workspace, now = _workspace(query.key), utcnow()
    who = _who(workspace, now)
    return {
        "identified": who is not None,
        "rules": [
            {name: value for name, value in asdict(rule).items() if name != "paused"}
            for rule in rules_of_page(workspace.id, who, now=now)
        ],
    }


def _who(workspace: CurrentWorkspace, now: datetime) -> ContactFacts | None:
    """Whom the signed token of the request names; one that has run out is as none, so that a page
    that stands open goes on asking."""
    token = request.headers.get("X-VOC-Identity")
    try:
        return contact_of_token(workspace.id, token, now=now) if token else None
    except Forbidden:
        return None


@api.post("/responses", summary="Send an answer")
@anyone
def create_response(body: PublicBody) -> Any:
    now = utcnow()
    workspace = _workspace(body.key)
    try:
        survey = _survey_of(workspace, body.survey)
    except NotFound as exc:
        raise BadInput.of("survey", "no such survey") from exc
    submission = _submission(body, workspace, survey, now=now)
    try:
        recorded = service.record_response(workspace.id, submission, now=now)
    except GroupFull:  # kept with what will be added; the person is thanked as everybody is
        assert submission.id is not None
        token = edit_token(workspace.id, submission.id)
        return {"id": str(submission.id), "edit_token": token}, 202
    token = edit_token(workspace.id, recorded.id)
    return {"id": str(recorded.id), "edit_token": token}, 201 if recorded.created else 200


@api.patch("/responses/<uuid:response_id>", summary="Add to or correct an answer")
@anyone
def revise_response(path: ResponsePath, body: RevisionBody) -> Any:
    workspace_id = _workspace_of_token(body.edit_token, path.response_id)
    row = find_response(workspace_id, path.response_id)
    if row is None and (kept := over_quota(workspace_id, path.response_id)) is not None:
        return _add_over_quota(kept, body)
    # It may have been let count between the two looks.
    row = row or find_response(workspace_id, path.response_id)
    if row is None:
        raise Forbidden("The edit token does not fit.")
    definition = definition_of(workspace_id, row.survey_id, row.survey_version)
    answers = checked_answers(definition, answers_by_key(body, definition), partial=True)
    service.revise_response(
        workspace_id, row.id, revision=body.revision, answers=answers, now=utcnow()
    )
    return {"id": str(row.id), "edit_token": body.edit_token}


def _add_over_quota(kept: HeldAnswer, body: RevisionBody) -> Any:
    workspace_id, response_id = kept.workspace_id, kept.id
    definition = definition_of(workspace_id, kept.survey_id, kept.survey_version)
    answers = checked_answers(definition, answers_by_key(body, definition), partial=True)
    if not add_over_quota(
        workspace_id, response_id, answers, revision=body.revision, primary=definition.primary.key
    ):  # it counts as of this moment
        service.revise_response(
            workspace_id, response_id, revision=body.revision, answers=answers, now=utcnow()
        )
    return {"id": str(response_id), "edit_token": body.edit_token}


def edit_token(workspace_id: UUID, response_id: UUID) -> str:
    """Lets its holder correct this one response; the same each time it is asked for."""
    return sign("edit-response", [str(workspace_id), str(response_id)])


def read_edit_token(token: str, workspace_id: UUID) -> UUID:
    """The response that a token of this workspace lets correct. Raises Forbidden."""
    signed_workspace, response_id = _unsigned(token)
    if signed_workspace != workspace_id:
        raise Forbidden("The edit token does not fit.")
    return response_id


def _workspace_of_token(token: str, response_id: UUID) -> UUID:
    workspace_id, signed_id = _unsigned(token)
    if signed_id != response_id:
        raise Forbidden("The edit token does not fit.")
    g.public_workspace_id = workspace_id
    return workspace_id


def _unsigned(token: str) -> tuple[UUID, UUID]:
    try:
        workspace_id, response_id = unsign("edit-response", token)
    except (BadToken, ValueError) as exc:
        raise Forbidden("The edit token does not fit.") from exc
    return UUID(workspace_id), UUID(response_id)


def _submission(
    body: PublicBody, workspace: CurrentWorkspace, survey: SurveySummary, *, now: datetime
) -> Submission:
    version, definition = answerable_version(survey, body.survey_version)
    answers = checked_answers(definition, answers_by_key(body, definition))
    score = answers.get(definition.primary.key)
    sent = body.model_dump(mode="json", exclude={"key", "identity"}, exclude_defaults=True)
    link = single_use_link(survey, body.single_use)
    said = body.touchpoint or (link.place if link else "")
    return Submission(
        survey_id=survey.id,
        version=version,
        answers=answers,
        score=score if isinstance(score, int) else None,
        channel=body.channel,
        answered_at=now,
        digest=digest_of_json(in_one_order(sent, definition)),
        id=link.id if link else body.id,
        used_by=ANOTHER_SYSTEM if link else "",
        locale=body.locale,
        page=_without_query(body.page),
        contact=contact_of_token(workspace.id, body.identity, now=now) if body.identity else None,
        attributes={"touchpoint": said} if said else {},
    )


def _without_query(page: str | None) -> str | None:
    """The page that was answered on; its query may hold tokens, so it is not kept."""
    return page.split("?")[0].split("#")[0][:500] if page else None


def _workspace(key: str | None) -> CurrentWorkspace:
    """The workspace of the public key; checks that the page's origin may use it."""
    given = key or request.headers.get("X-VOC-Key", "")
    workspace = workspace_of_public_key(given) if given else None
    if workspace is None:
        raise Unauthorized("Unknown public key.")
    origin = request.headers.get("Origin")
    if origin and not _may_carry(workspace.allowed_origins, origin):
        raise Forbidden("This page's origin is not among the allowed origins of the workspace.")
    g.public_workspace_id = workspace.id
    return workspace


def _survey_of(workspace: CurrentWorkspace, public_id: str) -> SurveySummary:
    survey = survey_by_public_id(public_id)
    if survey.workspace_id != workspace.id:
        raise NotFound("No such survey.")
    return survey


# --- CORS -------------------------------------------------------------------------------


def _may_carry(allowed: tuple[str, ...] | list[str], origin: str) -> bool:
    if origin in allowed or origin == _own_origin():
        return True
    in_development = current_app.config["ENVIRONMENT"] != "production"
    return in_development and urlsplit(origin).hostname in _LOOPBACK


def _own_origin() -> str:
    parts = urlsplit(current_app.config["BASE_URL"])
    return f"{parts.scheme}://{parts.netloc}"


@api.after_request
def add_cors_headers(response: HttpResponse) -> HttpResponse:
    """Let allowed pages read the answer. A preflight names no key: any workspace's list counts."""
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if not origin or not _origin_is_known(origin):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type, X-VOC-Key, X-VOC-Identity"
        response.headers["Access-Control-Max-Age"] = "600"
    return response


def _origin_is_known(origin: str) -> bool:
    workspace_id = g.get("public_workspace_id")
    query = select(Workspace.allowed_origins)
    if workspace_id is not None:
        query = query.where(Workspace.id == workspace_id)
    return any(_may_carry(allowed, origin) for allowed in db.session.scalars(query)) or _may_carry(
        (), origin
    )


# --- what a browser is told -------------------------------------------------------------


def _present_thanks(definition: Definition, language: str) -> dict[str, Any]:
    """What to say after the last answer: in general and by category; texts may be empty."""
    thanks, kind = definition.thanks, definition.kind
    return {
        "text": localised(thanks.text, language=language),
        "by_category": {
            category: {
                "text": thanks.words(category, language=language),
                "link": thanks.link_for(category, kind=kind) or None,
            }
            for category in categories(kind)
        },
        "link_label": localised(thanks.link_label, language=language) or thanks.link,
    }


def _present_texts(definition: Definition, language: str) -> dict[str, str]:
    """The words around the questions; under each category of the score, what is said after the
    last answer, and under `thanks_detail` what is said in general. Where a category is shown the
    author's link, `promoter_link` and the like are its address, a blank and its words."""
    said, thanks = texts.respondent_texts(language), definition.thanks
    usual = said["thanks_detail"]
    label = localised(thanks.link_label, language=language) or thanks.link
    return {
        **said,
        "thanks_detail": thanks.words(None, language=language) or usual,
        **{
            category: thanks.words(category, language=language) or usual
            for category in categories(definition.kind)
        },
        **{
            f"{category}_link": f"{link} {label}"
            for category in categories(definition.kind)
            if (link := thanks.link_for(category, kind=definition.kind))
        },
    }


def present_survey(survey: SurveySummary, definition: Definition, locale: str) -> dict[str, Any]:
    """All that a script needs to ask a survey, in the language that fits best."""
    language = best_language(locale, definition.languages)
    scale = scale_of(definition.kind) or range(0)
    return {
        "public_id": survey.public_id,
        "version": survey.published_version,
        "kind": survey.kind,
        "language": language,
        "direction": direction(language),
        "questions": [
            {
                "key": question.key,
                "kind": question.kind,
                "text": localised(question.text, language=language),
                "low_label": localised(question.low_label, language=language),
                "high_label": localised(question.high_label, language=language),
                "wording_by_category": {
                    category: localised(wordings, language=language)
                    for category, wordings in question.wording_by_category.items()
                },
                **{
                    name: [
                        {"key": each.key, "label": localised(each.label, language=language)}
                        for each in getattr(question, name)
                    ]
                    for name in ("options", "rows", "columns")
                },
                "fields": list(question.fields),
                "required": question.required,
                "branches": [branch_to_json(branch) for branch in question.branches],
                **({"validation": wanted} if (wanted := question.validation.to_json()) else {}),
            }
            for question in definition.questions
        ],
        "thanks": _present_thanks(definition, language),
        "categories": {str(score): category_of(definition.kind, score) for score in scale},
        "texts": _present_texts(definition, language),
    }
