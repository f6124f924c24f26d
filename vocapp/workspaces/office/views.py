"""Pages: working hours of the workspace, and hours and absences of each member."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict, Forbidden
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.blueprint import blueprint
from vocapp.workspaces.office import queries, storing
from vocapp.workspaces.office.forms import AbsenceForm, WeekForm
from vocapp.workspaces.queries import members
from vocapp.workspaces.taking_back import said_undone


@blueprint.route("/settings/working-hours", methods=["GET", "POST"])
@signed_in("admin")
def working_hours() -> Any:
    """By which hours clocks run, and who is away."""
    form, stored = WeekForm(), queries.week_of(current_workspace.id, None)
    if request.method == "POST" and _save(form, None):
        return redirect(url_for("workspaces.working_hours"), 303)
    if not form.is_submitted():
        form.show(stored, current_workspace.time_zone)
    page = render_template(
        "workspaces/working_hours.html",
        form=form,
        is_set=stored is not None,
        rows=queries.hours_of_members(
            current_workspace.id, now=utcnow(), time_zone=current_workspace.time_zone
        ),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/people/<uuid:user_id>/hours", methods=["GET", "POST"])
@signed_in(within_own_accounts=True)
def member_hours(user_id: UUID) -> Any:
    """Hours and absences of a member: one's own, or anybody's for an administrator."""
    _own_or_admin(user_id)
    if request.method == "GET":
        return _member_page(user_id)
    form = WeekForm()
    return _back(user_id) if _save(form, user_id) else _member_page(user_id, form=form)


@blueprint.post("/people/<uuid:user_id>/hours/absences")
@signed_in(within_own_accounts=True)
def add_absence(user_id: UUID) -> Any:
    _own_or_admin(user_id)
    form = _absence_form(user_id)
    if not form.validate_on_submit():
        return _member_page(user_id, absence=form)
    stand_in = form.stand_in.data
    try:
        _add(user_id, form.first_day.data, form.last_day.data, UUID(stand_in) if stand_in else None)
    except BadInput as problem:
        words = {
            "first_day": _("On some of these days an absence is noted already."),
            "last_day": _("Choose a day that is not before the first, within a year."),
        }
        for error in problem.errors:
            form[error.field].errors = [words.get(error.field, _("Choose somebody else."))]
        return _member_page(user_id, absence=form)
    notice(_("The absence is noted. New follow-ups go to colleagues meanwhile."))
    return _back(user_id)


@blueprint.post("/people/<uuid:user_id>/hours/absences/<uuid:absence_id>/remove")
@signed_in(within_own_accounts=True)
def remove_absence(user_id: UUID, absence_id: UUID) -> Any:
    _own_or_admin(user_id)
    gone = storing.remove_absence(
        current_workspace.id, user_id, absence_id, actor_user_id=current_user.id, now=utcnow()
    )
    token = undo_token(
        "absence", current_workspace.id, current_user.id, member=user_id.hex,
        days=[gone.first_day.isoformat(), gone.last_day.isoformat()],
        stand_in=gone.stand_in_user_id.hex if gone.stand_in_user_id else None,
    )  # fmt: skip
    undo_url = url_for("workspaces.undo_absence", user_id=user_id, token=token)
    notice(_("The absence has been removed."), undo_url=undo_url)
    return _back(user_id)


@blueprint.post("/people/<uuid:user_id>/hours/absences/undo/<token>")
@signed_in(within_own_accounts=True)
def undo_absence(user_id: UUID, token: str) -> Any:
    """Note a removed absence again."""
    _own_or_admin(user_id)
    with said_undone():
        told = read_undo(
            token, "absence", current_workspace.id, current_user.id, member=user_id.hex
        )  # fmt: skip
        first_day, last_day = map(date.fromisoformat, told["days"])
        try:
            _add(user_id, first_day, last_day, UUID(told["stand_in"]) if told["stand_in"] else None)
        except BadInput as exc:
            raise Conflict("These days cannot be noted again as they were.") from exc
    return _back(user_id)


def _own_or_admin(user_id: UUID) -> None:
    if current_user.id != user_id and current_user.role != "admin":
        raise Forbidden("Hours of others are for administrators.")


def _save(form: WeekForm, user_id: UUID | None) -> bool:
    """Save what was typed, or go back to the workspace's hours (or none); False: said why not."""
    if not form.validate_on_submit():
        return False
    clear = "clear" in request.form
    week = None if clear else form.read()
    if week is None and not clear:
        return False
    try:
        storing.save_week(
            current_workspace.id, week, user_id=user_id, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        for error in problem.errors:
            field = form.day_0 if error.field == "hours" else form[error.field]
            field.errors = [_wrong_words(error.field, form)]
        return False
    notice(_("Saved. It holds for what becomes due from now on."))
    return True


def _wrong_words(field: str, form: WeekForm) -> str:
    if field == "hours":
        return str(_("Write the hours of at least one day."))
    if field == "subdivision" and not form.country.data:
        return str(_("Choose the country first."))
    if field == "subdivision":
        return str(_("Write the code of a part that has holidays of its own, or nothing."))
    return str(_("Choose one of the list."))


def _add(user_id: UUID, first_day: date, last_day: date, stand_in: UUID | None) -> None:
    storing.add_absence(
        current_workspace.id, user_id, first_day=first_day, last_day=last_day,
        stand_in_user_id=stand_in, actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip


def _absence_form(user_id: UUID, **given: Any) -> AbsenceForm:
    form = AbsenceForm(**given)
    people = members(current_workspace.id)
    form.offer([(str(each.user_id), each.name) for each in people if each.user_id != user_id])
    return form


def _member_page(
    user_id: UUID, *, form: WeekForm | None = None, absence: AbsenceForm | None = None
) -> Any:
    """form, absence: what was sent and is wrong, to be shown as it was typed."""
    member, now = queries.member_named(current_workspace.id, user_id), utcnow()
    zone = current_workspace.time_zone
    shared = queries.week_of(current_workspace.id, None)
    stored = queries.week_of(current_workspace.id, user_id)
    status = 422 if form or absence else 200
    if form is None:
        form = WeekForm(formdata=None)
        form.show(stored or shared, zone)
    page = render_template(
        "workspaces/member_hours.html",
        member=member,
        form=form,
        absence=absence or _absence_form(user_id, formdata=None),
        is_own=stored is not None,
        workspace_has_hours=shared is not None,
        absences=queries.absences(current_workspace.id, now=now, time_zone=zone, user_id=user_id),
        today=local_day(now, zone),
    )
    return page, status


def _back(user_id: UUID) -> Response:
    return redirect(url_for("workspaces.member_hours", user_id=user_id), 303)
