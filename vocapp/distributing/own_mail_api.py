"""The words of a survey's own in its e-mails, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.fields import FieldError
from surveys.own_mail import MAX_REMIND_DAYS, from_json, to_json
from vocapp.authoring.queries import published_definition, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing.own_mails import own_mail, save_own_mail, takes_replies
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "own_mail_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Surveys")],
    abp_security=[{"secret_key": []}],
)


class SurveyPath(BaseModel):
    key: str


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: str = ""
    intro: str = Field("", description="First words")


class MailBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sender: str = Field("", description="Empty: the name of the workspace")
    reply_to: str = ""
    remind_after: int | None = Field(
        None, strict=True, description=f"Days, 1 to {MAX_REMIND_DAYS}; null: nobody is reminded"
    )
    words: dict[str, Words] = Field({}, description="By language of the survey")
    revision: int | None = Field(
        None, strict=True, description="The one that was read; another one meanwhile is a 409"
    )


@api.get("/surveys/<key>/mail", summary="What the e-mails of a survey say in its own words")
@machine()
def show_mail(path: SurveyPath) -> Any:
    """Empty texts are said in the words of the product."""
    return _present(survey_by_key(current_workspace.id, path.key).id)


@api.put("/surveys/<key>/mail", summary="Say what they say")
@machine()
def put_mail(path: SurveyPath, body: MailBody) -> Any:
    """Counts for every mail that goes out from now on, also those that wait."""
    survey = survey_by_key(current_workspace.id, path.key)
    given = body.model_dump(exclude={"revision"})
    try:
        mail = from_json(given, published_definition(survey).languages, takes_mail=takes_replies)
    except FieldError as wrong:
        raise BadInput.of(wrong.field, wrong.message) from wrong
    save_own_mail(
        current_workspace.id, survey.id, mail, after=body.revision, actor_user_id=None, now=utcnow()
    )
    return _present(survey.id)


def _present(survey_id: Any) -> dict[str, Any]:
    with snapshot() as session:
        kept = own_mail(session, current_workspace.id, survey_id)
    return to_json(kept.mail) | {"revision": kept.revision}
