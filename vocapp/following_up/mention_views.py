"""What colleagues said to somebody by name was seen."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from vocapp.database import utcnow
from vocapp.following_up import mentioning
from vocapp.following_up.views import blueprint, uuid_or_none
from vocapp.problems import Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path


@blueprint.post("/follow-ups/mentions/seen")
@signed_in(within_own_accounts=True)
def mentions_seen() -> Any:
    """Those that the form names are off the first page; with undo."""
    ids = [found for text in request.form.getlist("id") if (found := uuid_or_none(text))]
    seen = mentioning.mark_seen(current_workspace.id, current_user.id, ids, now=utcnow())
    if seen:
        token = undo_token(
            "mentions", current_workspace.id, current_user.id, ids=[each.hex for each in ids]
        )
        notice(_("Seen."), undo_url=url_for(".mentions_unseen", token=token))
    return redirect(next_path() or url_for("workspaces.home"), 303)


@blueprint.post("/follow-ups/mentions/unseen/<token>")
@signed_in(within_own_accounts=True)
def mentions_unseen(token: str) -> Any:
    try:
        told = read_undo(token, "mentions", current_workspace.id, current_user.id)
    except Conflict:
        notice(_("It is too late to undo this."), kind="warning")
    else:
        ids = [found for text in told["ids"] if (found := uuid_or_none(text))]
        mentioning.mark_unseen(current_workspace.id, current_user.id, ids)
        notice(_("Undone."))
    return redirect(url_for("workspaces.home"), 303)
