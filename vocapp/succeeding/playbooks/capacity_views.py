"""Page: how much each member has to do in the coming weeks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.succeeding.goals.forms import read_figure
from vocapp.succeeding.playbooks import capacity
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

blueprint = Blueprint("capacity", __name__, template_folder="../templates")


@blueprint.get("/capacity")
@signed_in("success")
def show() -> str:
    """Who has too much to do, and when."""
    return _page()


def _page(**typed: Any) -> str:
    people = capacity.coming_weeks(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    loads = [load for each in people for load in each.loads]
    most = max([60, *(max(load.planned, load.capacity or 0) for load in loads)])
    return render_template(
        "succeeding/playbooks/capacity.html",
        people=people,
        most=most,
        typed=typed,
        case_minutes=capacity.CASE_MINUTES,
        touch_minutes=capacity.TOUCH_MINUTES,
        weeks=capacity.WEEKS,
    )


@blueprint.post("/capacity/<uuid:user_id>")
@signed_in("success")
def set_hours(user_id: UUID) -> Any:
    """How many hours a week this member has for accounts; nothing: as many as they work."""
    given = request.form.get("hours", "")
    try:
        hours = read_figure(given) if given.strip() else None
        token = capacity.set_hours(
            current_workspace.id, user_id, hours, actor_user_id=current_user.id
        )
    except (BadInput, ValueError):
        error = _("Enter hours from 0 to %(most)s.", most=capacity.MAX_HOURS)
        return _page(user_id=user_id, hours=given, error=error), 422
    notice(_("Saved."), undo_url=url_for(".undo", token=token))
    return redirect(url_for(".show"), 303)


@blueprint.post("/capacity/undo")
@signed_in("success")
def undo() -> Any:
    """Put the former hours back."""
    with said_undone():
        capacity.undo_hours(
            current_workspace.id, request.args.get("token", ""), actor_user_id=current_user.id
        )
    return redirect(url_for(".show"), 303)
