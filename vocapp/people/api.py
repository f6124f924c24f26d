"""Accounts and contacts, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from vocapp.database import utcnow
from vocapp.people import queries, service
from vocapp.people.parsing import AccountBody, ContactBody, PlacedAccountBody
from vocapp.problems import Conflict
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "people_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="People")],
    abp_security=[{"secret_key": []}],
)


class NewContact(ContactBody):
    account: AccountBody | None = None


@api.post("/accounts", summary="Create or update an account")
@machine()
def save_account(body: PlacedAccountBody) -> Any:
    service.save_account(current_workspace.id, body.facts(), now=utcnow())
    return queries.account_by_external_id(current_workspace.id, body.external_id), 201


@api.post("/contacts", summary="Create or update a contact")
@machine()
def save_contact(body: NewContact) -> Any:
    facts = ContactBody(**body.model_dump(exclude={"account"})).facts()
    contact_id = service.save_contact(
        current_workspace.id,
        facts,
        account=body.account.facts() if body.account else None,
        now=utcnow(),
    )
    if contact_id is None:
        raise Conflict("This person was erased on request and is not created again.")
    return queries.contact(current_workspace.id, contact_id), 201
