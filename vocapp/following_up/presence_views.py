"""A page of a case says that it is looked at, and learns who else looks at it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request

from vocapp.database import utcnow
from vocapp.extensions import db
from vocapp.following_up import presence
from vocapp.following_up.views import blueprint
from vocapp.workspaces.access import current_user, current_workspace, signed_in


@blueprint.post("/follow-ups/<uuid:follow_up_id>/here")
@signed_in("success", "product", within_own_accounts=True)
def here(follow_up_id: UUID) -> Any:
    """The others, as a part of the page; of a page that was left, nothing."""
    now, reach = utcnow(), current_user.reach
    if request.form.get("left"):
        presence.leave(current_workspace.id, follow_up_id, current_user.id, reach=reach)
        return "", 204
    presence.come(current_workspace.id, follow_up_id, current_user.id, reach=reach, now=now)
    others = presence.others_at(
        db.session(), current_workspace.id, follow_up_id, current_user.id, now=now
    )
    return render_template("following_up/others.html", others=others)
