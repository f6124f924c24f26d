"""The page that asks about one comment after the other, by keyboard or finger."""

from __future__ import annotations

from random import SystemRandom
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from vocapp.collecting.queries import refuse_if_confidential
from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.understanding.triage import queries, service
from vocapp.understanding.triage.drawing import ROUND
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("triage", __name__)
_CHANCE = SystemRandom()


@blueprint.get("/themes/triage")
@signed_in("product")
def show() -> str:
    """The next comment of the round, or how to begin one."""
    found = queries.round_of(current_workspace.id, current_user.id, now=utcnow())
    return render_template(
        "understanding/triage.html",
        round=found,
        counts=queries.label_counts(current_workspace.id),
        per_round=ROUND,
        in_language=text_in_language,
    )


@blueprint.post("/themes/triage")
@signed_in("product")
def begin() -> Any:
    """Draw the next comments."""
    if not service.begin_round(current_workspace.id, current_user.id, now=utcnow(), draw=_CHANCE):
        flash(_("There is no comment to ask about now."), "info")
    return redirect(url_for("triage.show"))


@blueprint.post("/themes/triage/<uuid:response_id>")
@signed_in("product")
def decide(response_id: UUID) -> Any:
    """These themes and no others, none at all, or not now."""
    refuse_if_confidential(current_workspace.id, response_id)
    action = request.form.get("action", "")
    workspace_id, user_id, now = current_workspace.id, current_user.id, utcnow()
    try:
        if action == "skip":
            service.skip_comment(workspace_id, response_id, user_id=user_id, now=now)
        elif action in {"confirm", "none"}:
            keys = request.form.getlist("theme") if action == "confirm" else []
            service.review_comment(workspace_id, response_id, keys, user_id=user_id, now=now)
        else:
            raise BadInput.of("action", f"one of confirm, none, skip, got {action!r}")
    except BadInput as problem:
        flash(problem.detail, "error")
    return redirect(url_for("triage.show"))


@blueprint.post("/themes/triage/undo")
@signed_in("product")
def undo() -> Any:
    """Take the last decision back and ask again."""
    if service.take_back(current_workspace.id, current_user.id, now=utcnow()) is None:
        flash(_("There is nothing to take back."), "info")
    return redirect(url_for("triage.show"))
