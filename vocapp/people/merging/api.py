"""Merging contacts, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vocapp.database import snapshot, utcnow
from vocapp.people import queries
from vocapp.people.merging.finding import Found, find_contacts
from vocapp.people.merging.service import merge_contacts
from vocapp.people.parsing import Address, Key
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "merging_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="People")],
    abp_security=[{"secret_key": []}],
)


class Named(BaseModel):
    """A contact that exists, by one of its names."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    external_id: Key | None = None
    email: Address | None = None

    @model_validator(mode="after")
    def _by_one_name(self) -> Named:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("exactly one of id, external_id and email is needed")
        return self

    @property
    def name(self) -> tuple[str, str | UUID]:
        ((kind, value),) = self.model_dump(exclude_none=True).items()
        return kind, value


class MergeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keep: Named = Field(description="The record that stays")
    merge: Named = Field(description="The record that becomes part of it")


@api.post(
    "/contacts/merge",
    summary="Make one contact of two",
    description=(
        "All that `merge` said and did becomes that of `keep`; of each fact the newer one holds. "
        "The names of the merged record lead to the kept one from then on. Asking again answers "
        "the same. It cannot be undone."
    ),
)
@machine()
def merge(body: MergeBody) -> Any:
    keep, merged = _find("keep", body.keep), _find("merge", body.merge)
    if keep.id != merged.id:
        if merged.by_former:
            raise Conflict(f"merge: was merged into another contact before, {merged.id}.")
        try:
            merge_contacts(current_workspace.id, keep=keep.id, merge=merged.id, now=utcnow())
        except NotFound as exc:  # merged or forgotten since we looked
            raise Conflict("One of the contacts was changed meanwhile. Ask again.") from exc
    elif not (keep.by_former or merged.by_former):
        raise BadInput.of("merge", "is the same contact as keep")
    return queries.contact(current_workspace.id, keep.id), 200


def _find(field: str, named: Named) -> Found:
    kind, value = named.name
    with snapshot() as session:
        found = find_contacts(session, current_workspace.id, kind, value)
    if not found:
        raise BadInput.of(f"{field}.{kind}", "no such contact")
    if len(found) > 1:
        message = f"{len(found)} contacts have this address; name one by its external_id or id"
        raise BadInput.of(f"{field}.{kind}", message)
    return found[0]
