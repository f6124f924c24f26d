"""Who may look at a comment as it was written, and where."""

from __future__ import annotations

from uuid import UUID

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.collecting.models import Response
from vocapp.people.models import Account
from vocapp.workspaces.access import current_user
from vocapp.workspaces.navigation import page_exists

_PAGE = "looking_into.original"  # of a package that is not known here


def may_look_at_original(*, role: str, user_id: UUID, owner_user_id: UUID | None) -> bool:
    """Administrators, and customer success where the account is their own.

    owner_user_id: who looks after the account of the answer; None where nobody does.

    >>> me, other = UUID(int=1), UUID(int=2)
    >>> [may_look_at_original(role="success", user_id=me, owner_user_id=o) for o in (me, other)]
    [True, False]
    """
    return role == "admin" or (role == "success" and owner_user_id == user_id)


def owner_of_account(session: Session, workspace_id: UUID, response_id: UUID) -> UUID | None:
    """Who looks after the account that a response came from; None where nobody does."""
    return session.scalar(
        select(Account.owner_user_id)
        .join(
            Response,
            (Response.workspace_id == Account.workspace_id) & (Response.account_id == Account.id),
        )
        .where(Response.workspace_id == workspace_id, Response.id == response_id)
    )


def original_url(response_id: UUID, owner_user_id: UUID | None) -> str | None:
    """Where the reader of this page may look at the original; None where it is not for them."""
    if not page_exists(_PAGE) or not may_look_at_original(
        role=current_user.role, user_id=current_user.id, owner_user_id=owner_user_id
    ):
        return None
    return url_for(_PAGE, response_id=response_id)
