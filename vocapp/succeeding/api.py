"""How a customer is doing, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.database import utcnow
from vocapp.succeeding import queries
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "succeeding_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="People")],
    abp_security=[{"secret_key": []}],
)


class AccountPath(BaseModel):
    external_id: str = Field(description="The sender's own key of the account")


@api.get("/accounts/<path:external_id>", summary="An account: its facts and who looks after it")
@machine()
def show_account(path: AccountPath) -> Any:
    return queries.account_facts(
        current_workspace.id, path.external_id, reach=WHOLE_WORKSPACE,
        time_zone=current_workspace.time_zone, now=utcnow(),
    )  # fmt: skip
