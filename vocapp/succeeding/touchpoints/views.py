"""Pages: contacts that are planned, one of them, and what becomes of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.periods import local_day
from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.signing import sign
from vocapp.succeeding import notes
from vocapp.succeeding.touchpoints import queries, sent_wording, service, wording
from vocapp.succeeding.touchpoints.planning import see_to_planning
from vocapp.succeeding.touchpoints.service import Done
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("touchpoints", __name__, template_folder="../templates")

_PAGE = 50
_TABS = {
    "due": _l("Due now"), "overdue": _l("Overdue"), "upcoming": _l("Next 30 days"),
    "done": _l("Done"),
}  # fmt: skip


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


def _may_act() -> bool:
    return current_user.role in {"admin", "success"}


@blueprint.get("/touchpoints")
@signed_in()
def list_touchpoints() -> str:
    """Whom to contact because of where they are, not because of what they said."""
    see_to_planning(current_workspace.id, now=utcnow())
    show = next((each for each in queries.SHOWS if each == request.args.get("show")), "due")
    is_mine = request.args.get("owner") == "mine"
    owner = current_user.id if is_mine else None
    offset = read_cursor(request.args.get("cursor"), int) or 0
    rows = queries.touchpoints(
        current_workspace.id, show, owner=owner, today=_today(), limit=_PAGE + 1, offset=offset
    )
    counted = queries.counts(current_workspace.id, owner=owner, today=_today())
    kept: dict[str, Any] = {"owner": "mine"} if is_mine else {}
    here = kept | ({} if show == "due" else {"show": show})
    following = sign("cursor", offset + _PAGE) if len(rows) > _PAGE else None
    return render_template(
        "succeeding/touchpoints/list.html",
        rows=rows[:_PAGE],
        show=show,
        is_mine=is_mine,
        tabs_of=[
            (str(label), url_for(".list_touchpoints", **kept, show=key), key == show, counted[key])
            for key, label in _TABS.items()
        ],
        owner_choices=[("", _("Everybody")), ("mine", _("Mine"))],
        next_url=url_for(".list_touchpoints", **here, cursor=following) if following else None,
        first_url=url_for(".list_touchpoints", **here) if offset else None,
        today=_today(),
        words=wording,
        sent_words=sent_wording,
        may_act=_may_act(),
    )


@blueprint.get("/touchpoints/<uuid:plan_id>")
@signed_in()
def touchpoint(plan_id: UUID) -> str:
    """One contact: what it is for, and what became of it."""
    return _page(plan_id)


def _page(plan_id: UUID, **typed: Any) -> str:
    row = queries.touchpoint(current_workspace.id, plan_id)
    return render_template(
        "succeeding/touchpoints/touchpoint.html",
        row=row,
        letters=queries.letters_of(current_workspace.id, row),
        sent_words=sent_wording,
        typed=typed,
        next=next_path(or_referrer=request.method == "GET"),
        today=_today(),
        words=wording,
        most_note=notes.MAX_NOTE,
        may_act=_may_act(),
    )


@blueprint.post("/touchpoints/<uuid:plan_id>/done")
@signed_in("success")
def mark_done(plan_id: UUID) -> Any:
    """It took place."""
    way, note = request.form.get("way", ""), request.form.get("note", "")
    try:
        done = service.mark_done(
            current_workspace.id, plan_id, way, note=note,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        return _too_late(plan_id, note=note)
    except BadInput as problem:
        wrong = {error.field for error in problem.errors}
        error = _("Choose how it took place.") if "way" in wrong else None
        return _page(
            plan_id, way=way, note=note, way_error=error,
            note_error=notes.too_long() if "note" in wrong else None,
        ), 422  # fmt: skip
    return _say(done, _("Done: %(how)s.", how=wording.WAYS[way]))


@blueprint.post("/touchpoints/<uuid:plan_id>/skip")
@signed_in("success")
def skip(plan_id: UUID) -> Any:
    """It is called off, for a reason."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    try:
        done = service.skip(
            current_workspace.id, plan_id, reason, note=note,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        return _too_late(plan_id, skip_note=note)
    except BadInput as problem:
        wrong = {error.field for error in problem.errors}
        words = notes.too_long() if note.strip() else _("Say why in a few words.")
        return _page(
            plan_id, reason=reason, skip_note=note,
            reason_error=_("Choose a reason.") if "reason" in wrong else None,
            skip_note_error=words if "note" in wrong else None,
        ), 422  # fmt: skip
    return _say(done, _("Skipped: %(reason)s.", reason=wording.REASONS[reason]))


@blueprint.post("/touchpoints/<uuid:plan_id>/again")
@signed_in("success")
def plan_again(plan_id: UUID) -> Any:
    """Plan what was done or skipped again."""
    service.plan_again(current_workspace.id, plan_id, actor_user_id=current_user.id, now=utcnow())
    notice(_("It is planned again."))
    return redirect(url_for(".touchpoint", plan_id=plan_id), 303)


@blueprint.post("/touchpoints/undo")
@signed_in("success")
def undo() -> Any:
    """Put back what was done, unless somebody changed it since."""
    with said_undone():
        service.undo(
            current_workspace.id, request.args.get("token", ""),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return redirect(next_path() or url_for(".list_touchpoints"), 303)


def _too_late(plan_id: UUID, **typed: Any) -> Any:
    notice(_("Somebody was quicker: this contact is marked already."), kind="warning")
    return _page(plan_id, **typed), Conflict.status


def _say(done: Done, text: str) -> Response:
    say_done(text, done.undo)
    return redirect(next_path() or url_for(".list_touchpoints"), 303)
