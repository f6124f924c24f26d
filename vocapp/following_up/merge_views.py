"""Making one case of several answers of a person, and taking one out again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for

from vocapp.database import utcnow
from vocapp.following_up.action_views import back_to, say_done
from vocapp.following_up.merging import merge_cases, part_case
from vocapp.following_up.views import blueprint, uuid_or_none
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in


@blueprint.post("/follow-ups/merge")
@signed_in("success", "product", within_own_accounts=True)
def merge() -> Any:
    """Those that are selected into one: into `kept`, else into the most urgent."""
    ids = [found for text in request.form.getlist("id") if (found := uuid_or_none(text))]
    kept = request.form.get("kept")
    try:
        kept_id, done = merge_cases(
            current_workspace.id, ids, reach=current_user.reach,
            kept_id=uuid_or_none(kept) if kept else None, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except BadInput:
        notice(_("Nothing was merged: choose follow-ups of one and the same person."), kind="error")
        return back_to()
    if kept_id is None:
        notice(
            _("Nothing was merged: choose at least two follow-ups that are to be done."),
            kind="error",
        )
        return back_to()
    others = done.changed - 1
    say_done(
        done,
        ngettext(
            "One other answer of this person stands in this follow-up now.",
            "%(num)s other answers of this person stand in this follow-up now.",
            others,
        ),
    )
    return redirect(url_for(".case", follow_up_id=kept_id), 303)


@blueprint.post("/follow-ups/<uuid:follow_up_id>/part")
@signed_in("success", "product", within_own_accounts=True)
def part(follow_up_id: UUID) -> Any:
    """Let an answer have a follow-up of its own again."""
    try:
        done = part_case(
            current_workspace.id, follow_up_id, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("It stands alone already."), kind="warning")
    else:
        say_done(done, str(_("It is a follow-up of its own again.")))
    return back_to(follow_up_id)
