"""Giving duties for an account, on its page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for

from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.queries import account_by_key
from vocapp.succeeding.team import service
from vocapp.succeeding.team.queries import team_of
from vocapp.succeeding.views import uuid_or_none
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

blueprint = Blueprint("team", __name__)

_UNDO = "account_duty"


@blueprint.post("/account-team")
@signed_in("admin", "success")
def change() -> Any:
    """Another colleague, or nobody, has a duty from now on."""
    key, duty = request.form.get("account", ""), request.form.get("duty", "")
    given = request.form.get("user", "")
    user_id = uuid_or_none(given)
    try:
        if given and user_id is None:
            raise BadInput.of("user", "not a member of this workspace")
        done = _give(key, duty, user_id)
    except BadInput:
        notice(_("Nothing was saved: choose one of the colleagues of the list."), kind="error")
    else:
        if done.changed:
            token = undo_token(
                _UNDO, current_workspace.id, current_user.id, account=key, duty=duty,
                before=done.before.hex if done.before else None,
                after=user_id.hex if user_id else None,
            )  # fmt: skip
            notice(_("Saved."), undo_url=url_for(".undo", token=token))
    return redirect(url_for("succeeding.account", external_id=key), 303)


@blueprint.post("/account-team/undo")
@signed_in("admin", "success")
def undo() -> Any:
    """Who had it before has it again, unless somebody changed it since."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), _UNDO, current_workspace.id, current_user.id
        )
        key, duty = told["account"], told["duty"]
        account = account_by_key(current_workspace.id, key, reach=current_user.reach)
        holds = team_of(current_workspace.id, account.id)[duty]
        if (holds.id.hex if holds else None) != told["after"]:
            raise Conflict("It was changed since.")
        _give(key, duty, UUID(told["before"]) if told["before"] else None)
        return redirect(url_for("succeeding.account", external_id=key), 303)
    return redirect(url_for("workspaces.home"), 303)


def _give(key: str, duty: str, user_id: UUID | None) -> Any:
    return service.give_duty(
        current_workspace.id, key, duty, user_id, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
