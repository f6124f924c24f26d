"""The editor's draft: kept while somebody types, and taken back or forward step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from vocapp.authoring import drafting, service
from vocapp.authoring.drafting import Draft
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.authoring.views import editor, somebody_else
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import local_time
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("drafts", __name__)


@blueprint.post("/surveys/<key>/draft/keep")
@signed_in("product")
def keep(key: str) -> Any:
    """Store what is being typed; says so in a few words, and what the draft is by now."""
    survey, now = survey_by_key(current_workspace.id, key), utcnow()
    try:
        seen = _keep(survey, _typed(survey), now)
        if seen is None:
            return jsonify(text=_("Not saved: something is still missing.")), BadInput.status
    except Conflict as problem:
        return jsonify(text=_("Not saved: somebody else saved the draft.")), problem.status
    return jsonify(text=_("Saved %(time)s", time=local_time(now)), seen=seen)


def _typed(survey: SurveySummary) -> Draft:
    languages = drafting.read_languages(request.form, survey.languages)
    draft = drafting.read_draft(request.form, kind=survey.kind, languages=languages)
    draft.confidential = survey.confidential
    return draft


def _keep(survey: SurveySummary, draft: Draft, now: datetime) -> str | None:
    """Store what was typed, and the digest of the draft by now; None where it cannot be stored.
    Raises Conflict."""
    definition = drafting.checked(draft)
    if definition is None:
        return None
    return service.save_draft(
        survey.workspace_id, survey.id, definition, name=draft.name,
        seen=request.form.get("seen"), by_itself=True, actor_user_id=current_user.id, now=now,
    )  # fmt: skip


@blueprint.post("/surveys/<key>/draft/undo")
@signed_in("product")
def undo(key: str) -> Any:
    """The draft as it was a step before; what was typed since is a step of its own, and where it
    cannot be stored it is what is taken back.

    Where somebody else has saved meanwhile nothing is taken back: it would be their change.
    """
    if "questions" in request.form:
        survey = survey_by_key(current_workspace.id, key)
        draft = _typed(survey)
        try:
            kept = _keep(survey, draft, utcnow())
        except Conflict as problem:
            draft.errors[""] = somebody_else(survey)
            return editor(survey, draft), problem.status
        if kept is None:
            notice(_("What could not be saved has been taken back."))
            return redirect(url_for("authoring.edit_survey", key=key), 303)
    return _go(key, -1, _("The last change of the draft has been taken back."))


@blueprint.post("/surveys/<key>/draft/redo")
@signed_in("product")
def redo(key: str) -> Response:
    """The draft as it was before the last undo."""
    return _go(key, +1, _("The change is in the draft again."))


def _go(key: str, by: int, said: str) -> Response:
    survey = survey_by_key(current_workspace.id, key)
    done = service.step_back(
        survey.workspace_id, survey.id, by, actor_user_id=current_user.id, now=utcnow()
    )
    notice(said if done else _("There is no further step."), kind="done" if done else "info")
    return redirect(url_for("authoring.edit_survey", key=key), 303)
