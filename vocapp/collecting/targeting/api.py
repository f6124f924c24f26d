"""Targeting rules, for machines."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from vocapp.collecting.targeting import queries, service
from vocapp.collecting.targeting.models import MAX_DAYS, MAX_DELAY_S
from vocapp.collecting.targeting.queries import RuleLine
from vocapp.collecting.targeting.service import MAX_NAME_CHARS, MAX_PATHS, Wished
from vocapp.database import utcnow
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "targeting_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Targeting")],
    abp_security=[{"secret_key": []}],
)


class RulePath(BaseModel):
    rule_id: UUID


class RuleChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=MAX_NAME_CHARS, description="Pages can read it")
    survey: str | None = Field(None, max_length=100, description="Key of the survey")
    display: Literal["popover", "modal", "tab"] | None = None
    paths: list[str] | None = Field(
        None, max_length=MAX_PATHS,
        description="Patterns of a page's path: * is anything, ! in front leaves out; [] for all",
    )  # fmt: skip
    event: str | None = Field(
        None, max_length=MAX_NAME_CHARS, description='As voc("track") names it; "" for the page'
    )
    delay_s: int | None = Field(None, ge=0, le=MAX_DELAY_S, strict=True)
    share: int | None = Field(None, ge=0, le=100, strict=True, description="Percent of visitors")
    days_between: int | None = Field(
        None, ge=0, le=MAX_DAYS, strict=True,
        description="Days since a rule showed anything to the same visitor",
    )  # fmt: skip
    only_identified: bool | None = Field(None, strict=True)
    paused: bool | None = Field(None, strict=True)
    position: int | None = Field(None, ge=1, le=1000, strict=True, description="1 is the first")

    def on(self, wished: Wished) -> Wished:
        """What was asked for before, with what is asked for now."""
        said = self.model_dump(exclude_none=True, exclude={"position"})
        if "paths" in said:
            said["paths"] = tuple(said["paths"])
        return replace(wished, **said)


class RuleBody(RuleChange):
    name: str = Field(max_length=MAX_NAME_CHARS, description="Pages can read it")
    survey: str = Field(max_length=100, description="Key of the survey")


@api.get("/targeting-rules", summary="Rules that decide what the widget shows, in order")
@machine()
def list_rules() -> Any:
    lines = queries.rules_in_order(current_workspace.id)
    return {"items": [_present(line) for line in lines], "next": None}


@api.post("/targeting-rules", summary="Add a rule, below the others where no position is given")
@machine()
def add_rule(body: RuleBody) -> Any:
    at = body.position - 1 if body.position else None
    rule_id = service.add_rule(
        current_workspace.id, body.on(Wished("", "")), actor_user_id=None, now=utcnow(), at=at
    )
    return _shown(rule_id), 201


@api.get("/targeting-rules/<uuid:rule_id>", summary="A rule")
@machine()
def show_rule(path: RulePath) -> Any:
    return _shown(path.rule_id)


@api.patch("/targeting-rules/<uuid:rule_id>", summary="Change, pause or move a rule")
@machine()
def change_rule(path: RulePath, body: RuleChange) -> Any:
    line = queries.rule_line(current_workspace.id, path.rule_id)
    of: dict[str, Any] = {"actor_user_id": None, "now": utcnow()}
    wished = body.on(line.wished)
    if wished != line.wished:
        service.change_rule(current_workspace.id, line.id, wished, **of)
    if body.position:
        service.move_rule(current_workspace.id, line.id, body.position - 1, **of)
    return _shown(line.id)


@api.delete("/targeting-rules/<uuid:rule_id>", summary="Remove a rule")
@machine()
def remove_rule(path: RulePath) -> Any:
    service.remove_rule(current_workspace.id, path.rule_id, actor_user_id=None, now=utcnow())
    return "", 204


def _shown(rule_id: UUID) -> dict[str, Any]:
    return _present(queries.rule_line(current_workspace.id, rule_id))


def _present(line: RuleLine) -> dict[str, Any]:
    values = asdict(line.wished) | {"paths": list(line.wished.paths)}
    return {"id": str(line.id), "position": line.position + 1, **values}
