"""Pages: tasks, one of them, and what becomes of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.periods import local_day
from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.extensions import db
from vocapp.following_up.snoozing import choices, day_of
from vocapp.problems import BadInput, Conflict
from vocapp.signing import sign
from vocapp.succeeding import notes
from vocapp.succeeding.playbooks import previewing, queries, tasks, wording
from vocapp.succeeding.playbooks.tasks import By, Done
from vocapp.succeeding.touchpoints.wording import due_words
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.ui.formats import local_date
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("tasks", __name__, template_folder="../templates")

_PAGE = 50
_TABS = {
    "due": _l("Due now"), "upcoming": _l("Later"), "snoozed": _l("Snoozed"), "done": _l("Done"),
}  # fmt: skip


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


def _by() -> By:
    return By(current_user.id, current_user.reach, utcnow())


def _may_act() -> bool:
    return current_user.role in {"admin", "success"}


@blueprint.get("/tasks")
@signed_in(within_own_accounts=True)
def list_tasks() -> str:
    """What playbooks ask this person to do; of everybody where that is asked for."""
    show = next((each for each in queries.SHOWS if each == request.args.get("show")), "due")
    is_everybodys = request.args.get("owner") == "all"
    of: dict[str, Any] = {
        "reach": current_user.reach, "owner": None if is_everybodys else current_user.id,
        "today": _today(),
    }  # fmt: skip
    offset = read_cursor(request.args.get("cursor"), int) or 0
    rows = queries.tasks(current_workspace.id, show, limit=_PAGE + 1, offset=offset, **of)
    counted = queries.counts(current_workspace.id, **of)
    kept: dict[str, Any] = {"owner": "all"} if is_everybodys else {}
    here = kept | ({} if show == "due" else {"show": show})
    following = sign("cursor", offset + _PAGE) if len(rows) > _PAGE else None
    return render_template(
        "succeeding/playbooks/tasks.html",
        rows=rows[:_PAGE],
        show=show,
        is_everybodys=is_everybodys,
        tabs_of=[
            (str(label), url_for(".list_tasks", **kept, show=key), key == show, counted[key])
            for key, label in _TABS.items()
        ],
        owner_choices=[("", _("Mine")), ("all", _("Everybody"))],
        next_url=url_for(".list_tasks", **here, cursor=following) if following else None,
        first_url=url_for(".list_tasks", **here) if offset else None,
        today=_today(),
        words=wording,
        due_words=due_words,
        may_act=_may_act(),
    )


@blueprint.get("/tasks/<uuid:task_id>")
@signed_in(within_own_accounts=True)
def task(task_id: UUID) -> str:
    """One task: why it is there, and what became of it."""
    return _page(task_id)


def _page(task_id: UUID, **typed: Any) -> str:
    row = queries.task(current_workspace.id, task_id, reach=current_user.reach)
    return render_template(
        "succeeding/playbooks/task.html",
        row=row,
        letter=previewing.offered_letter(
            db.session(), current_workspace.id, row.run.playbook_id, row.task.step_key, row.account
        ),
        typed=typed,
        next=next_path(or_referrer=request.method == "GET"),
        today=_today(),
        words=wording,
        due_words=due_words,
        snooze_choices=choices(utcnow(), current_workspace.time_zone),
        most_note=notes.MAX_NOTE,
        may_act=_may_act(),
    )


@blueprint.post("/tasks/<uuid:task_id>/done")
@signed_in("success", within_own_accounts=True)
def mark_done(task_id: UUID) -> Any:
    """It is done."""
    note = request.form.get("note", "")
    try:
        done = tasks.mark_done(current_workspace.id, task_id, note=note, by=_by())
    except Conflict:
        return _too_late(task_id, note=note)
    except BadInput:
        return _page(task_id, note=note, note_error=notes.too_long()), 422
    return _say(done, _("The task is done."))


@blueprint.post("/tasks/<uuid:task_id>/skip")
@signed_in("success", within_own_accounts=True)
def skip(task_id: UUID) -> Any:
    """It is not done, for a reason."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    try:
        done = tasks.skip(current_workspace.id, task_id, reason, note=note, by=_by())
    except Conflict:
        return _too_late(task_id, reason=reason, skip_note=note)
    except BadInput as problem:
        wrong = {error.field for error in problem.errors}
        words = _("Say why in a few words.") if not note.strip() else notes.too_long()
        return _page(
            task_id, reason=reason, skip_note=note,
            reason_error=_("Choose a reason.") if "reason" in wrong else None,
            skip_note_error=words if "note" in wrong else None,
        ), 422  # fmt: skip
    return _say(done, _("Skipped: %(reason)s.", reason=wording.SKIPS[reason]))


@blueprint.post("/tasks/<uuid:task_id>/snooze")
@signed_in("success", within_own_accounts=True)
def snooze(task_id: UUID) -> Any:
    """Not now, but on that day."""
    choice = request.form.get("snooze", "")
    given = request.form.get("until", "") if choice == "day" else choice
    try:
        until = day_of(given, utcnow(), current_workspace.time_zone)
        done = tasks.snooze(current_workspace.id, task_id, until, today=_today(), by=_by())
    except Conflict:
        return _too_late(task_id)
    except BadInput:
        error = _("Choose a day from tomorrow on, at most a year ahead.")
        return _page(task_id, until=given, until_error=error), 422
    return _say(done, _("Snoozed until %(day)s.", day=local_date(until)))


@blueprint.post("/tasks/<uuid:task_id>/again")
@signed_in("success", within_own_accounts=True)
def open_again(task_id: UUID) -> Any:
    """Open what was done, skipped or put off."""
    tasks.open_again(current_workspace.id, task_id, by=_by())
    notice(_("The task is open again."))
    return redirect(url_for(".task", task_id=task_id), 303)


@blueprint.post("/tasks/undo")
@signed_in("success", within_own_accounts=True)
def undo() -> Any:
    """Put back what was done, unless somebody changed it since."""
    with said_undone():
        tasks.undo(
            current_workspace.id, request.args.get("token", ""), user_id=current_user.id,
            reach=current_user.reach, now=utcnow(),
        )  # fmt: skip
    return redirect(next_path() or url_for(".list_tasks"), 303)


def _too_late(task_id: UUID, **typed: Any) -> Any:
    notice(_("Somebody was quicker: this task is done or skipped already."), kind="warning")
    return _page(task_id, **typed), Conflict.status


def _say(done: Done, text: str) -> Response:
    say_done(text, done.undo)
    return redirect(next_path() or url_for(".list_tasks"), 303)
