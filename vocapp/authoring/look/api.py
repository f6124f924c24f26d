"""The look of a workspace and of a survey, for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.look import USUAL_CORNERS, USUAL_FONT, Look, used_shades
from vocapp.authoring.look import queries, service
from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "look_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Look")],
    abp_security=[{"secret_key": []}],
)


class LookBody(BaseModel):
    """What is left out is the usual. Colours are taken as they are; what is used of them where they
    could not be seen is in the answer."""

    model_config = ConfigDict(extra="forbid")

    colour: str | None = Field(None, max_length=20, description="Such as #1c5fd0")
    dark_colour: str | None = Field(
        None, max_length=20, description="For readers with dark pages; null: the same colour"
    )
    corners: Literal["square", "rounded", "round"] = USUAL_CORNERS  # type: ignore[assignment]
    font: Literal["system", "universal", "rounded", "serif"] = USUAL_FONT  # type: ignore[assignment]


class SurveyPath(BaseModel):
    key: str


@api.get("/look", summary="How what respondents see looks, in the whole workspace")
@machine()
def show_look() -> Any:
    return _present(None)


@api.put("/look", summary="Choose the look of the workspace")
@machine()
def choose_look(body: LookBody) -> Any:
    service.choose_look(current_workspace.id, None, Look(**body.model_dump()), now=utcnow())
    return _present(None)


@api.delete("/look", summary="Go back to the product's own look")
@machine()
def reset_look() -> Any:
    service.reset_look(current_workspace.id, None, now=utcnow())
    return _present(None)


@api.get("/surveys/<key>/look", summary="How one survey looks")
@machine()
def show_survey_look(path: SurveyPath) -> Any:
    return _present(survey_by_key(current_workspace.id, path.key).id)


@api.put("/surveys/<key>/look", summary="Choose a look for one survey")
@machine()
def choose_survey_look(path: SurveyPath, body: LookBody) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    service.choose_look(current_workspace.id, survey.id, Look(**body.model_dump()), now=utcnow())
    return _present(survey.id)


@api.delete("/surveys/<key>/look", summary="Let a survey look as its workspace")
@machine()
def reset_survey_look(path: SurveyPath) -> Any:
    survey = survey_by_key(current_workspace.id, path.key)
    service.reset_look(current_workspace.id, survey.id, now=utcnow())
    return _present(survey.id)


def _present(survey_id: UUID | None) -> dict[str, Any]:
    """What was chosen, whether for this very thing, and what is used on light and on dark."""
    own = queries.own_look(current_workspace.id, survey_id)
    look = own or queries.look_of(current_workspace.id, survey_id)
    used = used_shades(look)
    return {
        **asdict(look),
        "is_own": own is not None,
        "used": used and {"light": asdict(used[0]), "dark": asdict(used[1])},
    }
