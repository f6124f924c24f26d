"""Pages: watch a score, stop watching it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from vocapp import ui
from vocapp.authoring.queries import survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.watching import service
from vocapp.translating import gettext as _
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("watching", __name__, template_folder="../templates")


@blueprint.post("/results/<key>/watch")
@signed_in()
def watch(key: str) -> Any:
    """Hear of a fall from now on."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        ui.notice(_("A confidential survey cannot be watched."), kind="warning")
        return _back(key)
    service.watch_score(
        survey, user_id=current_user.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    ui.notice(
        _("You watch this score. When it has fallen, you get an e-mail."),
        undo_url=url_for(".stop", key=key),
    )
    return _back(key)


@blueprint.post("/results/<key>/watch/stop")
@signed_in()
def stop(key: str) -> Any:
    """Hear of no fall any more."""
    survey = survey_by_key(current_workspace.id, key)
    service.stop_watching(survey, user_id=current_user.id)
    ui.notice(_("You no longer watch this score."), undo_url=url_for(".watch", key=key))
    return _back(key)


def _back(key: str) -> Any:
    """To the page as it was filtered."""
    kept: dict[str, Any] = {
        name: value
        for name, value in request.args.items()
        if name != "key" and not name.startswith("_")
    }
    return redirect(url_for("measuring.survey_results", **kept, key=key, _anchor="watch"), 303)
