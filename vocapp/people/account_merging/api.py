"""Merging accounts, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from vocapp.database import utcnow
from vocapp.people import queries as people
from vocapp.people.account_merging.queries import account_id_of
from vocapp.people.account_merging.service import merge_accounts
from vocapp.people.parsing import Key
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "account_merging_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="People")],
    abp_security=[{"secret_key": []}],
)


class MergeAccountsBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keep: Key = Field(description="external_id of the account that stays")
    merge: Key = Field(description="external_id of the account that becomes part of it")


@api.post(
    "/accounts/merge",
    summary="Make one account of two",
    description=(
        "All that `merge` said, did and has becomes that of `keep`; of each fact the newer one "
        "holds. The key of the merged account leads to the kept one from then on. Asking again "
        "answers the same. It cannot be undone."
    ),
)
@machine()
def merge(body: MergeAccountsBody) -> Any:
    keep, _ = account_id_of(current_workspace.id, "keep", body.keep)
    merged, by_former = account_id_of(current_workspace.id, "merge", body.merge)
    if keep != merged:
        if by_former:
            raise Conflict("merge: was merged into another account before.")
        try:
            merge_accounts(current_workspace.id, keep=keep, merge=merged, now=utcnow())
        except NotFound as exc:  # merged since we looked
            raise Conflict("One of the accounts was changed meanwhile. Ask again.") from exc
    elif not by_former:
        raise BadInput.of("merge", "is the same account as keep")
    return people.account_by_external_id(current_workspace.id, body.keep), 200
