"""Pages: a new goal, one goal with its history, and what is done to it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding import notes
from vocapp.succeeding.goals import goal_templates, queries, service, wording
from vocapp.succeeding.goals.forms import GoalForm, read_figure
from vocapp.succeeding.queries import account_by_key, account_key
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("goals", __name__, template_folder="../templates")


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


@blueprint.route("/accounts/<path:external_id>/goals/new", methods=["GET", "POST"])
@signed_in("success")
def new_goal(external_id: str) -> Any:
    """Write down what a customer wants to reach."""
    account = account_by_key(current_workspace.id, external_id, reach=current_user.reach)
    form = GoalForm()
    if request.method == "GET" or not form.validate():
        templates = goal_templates.fitting(current_workspace.id, account)
        asked = request.args.get("template")
        chosen = next((each for each in templates if str(each.id) == asked), None)
        if chosen and request.method == "GET":
            form.begin_with(chosen, today=_today())
        page = render_template(
            "succeeding/goals/new.html",
            form=form,
            account=account,
            template_choices=[("", _("None")), *((each.id, each.words[:80]) for each in templates)],
            chosen=chosen.id if chosen else "",
        )
        return page, 200 if request.method == "GET" else 422
    done = service.add_goal(
        current_workspace.id, external_id, form.aim(),
        today=_today(), actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    say_done(_("The goal has been added."), done.undo)
    return redirect(url_for("succeeding.account", external_id=external_id, _anchor="goals"), 303)


@blueprint.get("/goals/<uuid:goal_id>")
@signed_in()
def goal(goal_id: UUID) -> str:
    """How far is this goal, and what was done for it."""
    return _page(goal_id)


def _page(goal_id: UUID, form: GoalForm | None = None, **typed: Any) -> str:
    detail = queries.goal_detail(current_workspace.id, goal_id, today=_today())
    if form is None:
        form = GoalForm(formdata=None)
        form.show(detail.shown.goal)
    return render_template(
        "succeeding/goals/goal.html",
        detail=detail,
        shown=detail.shown,
        goal=detail.shown.goal,
        account=detail.account,
        form=form,
        typed=typed,
        words=wording,
        most_note=notes.MAX_NOTE,
        may_change=current_user.role in {"admin", "success"},
    )


@blueprint.post("/goals/<uuid:goal_id>")
@signed_in("success")
def change_goal(goal_id: UUID) -> Any:
    """Say it otherwise; what was typed is kept where it cannot be saved."""
    form = GoalForm()
    if not form.validate():
        return _page(goal_id, form), 422
    try:
        done = service.change_goal(
            current_workspace.id, goal_id, form.aim(), expected_version=form.version.data,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("Somebody changed this goal meanwhile, so nothing was saved. What you typed is still "
              "in the form; saving again puts it in place of theirs."),
            kind="warning",
        )  # fmt: skip
        now_holds = queries.goal_detail(current_workspace.id, goal_id, today=_today())
        form.version.data = now_holds.shown.goal.version
        form.version.raw_data = None
        return _page(goal_id, form), Conflict.status
    say_done(_("The goal has been changed."), done.undo)
    return _to(goal_id)


@blueprint.post("/goals/<uuid:goal_id>/progress")
@signed_in("success")
def record_progress(goal_id: UUID) -> Any:
    """Put down how far it is."""
    given, note = request.form.get("current", ""), request.form.get("note", "")
    try:
        done = service.record_progress(
            current_workspace.id, goal_id, read_figure(given), note=note,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("This goal is closed. Reopen it to record progress."), kind="warning")
        return _page(goal_id, current=given, note=note), Conflict.status
    except BadInput:
        return _page(goal_id, current=given, note=note, note_error=notes.too_long()), 422
    except ValueError:
        error = _("Enter a number, such as 12 or 3.5.")
        return _page(goal_id, current=given, note=note, current_error=error), 422
    say_done(_("Recorded."), done.undo)
    return _to(goal_id)


@blueprint.post("/goals/<uuid:goal_id>/close")
@signed_in("success")
def close_goal(goal_id: UUID) -> Any:
    """It is met, missed or dropped."""
    state, note = request.form.get("state", ""), request.form.get("note", "")
    try:
        done = service.close_goal(
            current_workspace.id, goal_id, state, note=note,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("This goal was closed already."), kind="warning")
        return _page(goal_id, close_note=note), Conflict.status
    except BadInput as problem:
        wrong = {error.field for error in problem.errors}
        errors: dict[str, Any] = {
            "state_error": _("Choose how it ended.") if "state" in wrong else None,
            "close_note_error": notes.too_long() if "note" in wrong else None,
        }
        return _page(goal_id, state=state, close_note=note, **errors), 422
    text = _("The goal is closed: %(state)s.", state=wording.CLOSED[state])
    say_done(text, done.undo)
    return _to(goal_id)


@blueprint.post("/goals/<uuid:goal_id>/reopen")
@signed_in("success")
def reopen_goal(goal_id: UUID) -> Any:
    """It is on its way again."""
    done = service.reopen_goal(
        current_workspace.id, goal_id, actor_user_id=current_user.id, now=utcnow()
    )
    say_done(_("The goal is open again."), done.undo)
    return _to(goal_id)


@blueprint.post("/goals/undo")
@signed_in("success")
def undo() -> Any:
    """Put back what was done, unless somebody changed the goal since."""
    with said_undone():
        account_id = service.undo(
            current_workspace.id, request.args.get("token", ""),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
        external_id = account_key(current_workspace.id, account_id)
        return redirect(
            url_for("succeeding.account", external_id=external_id, _anchor="goals"), 303
        )
    return redirect(url_for("succeeding.accounts"), 303)


def _to(goal_id: UUID) -> Response:
    return redirect(url_for(".goal", goal_id=goal_id), 303)
