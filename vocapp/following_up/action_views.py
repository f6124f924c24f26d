"""What is done about cases: each action says what it did and can be taken back for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vocapp.database import utcnow
from vocapp.following_up import service, snoozing, undoing
from vocapp.following_up.case_views import case_page
from vocapp.following_up.changing import Done
from vocapp.following_up.queries import has_case
from vocapp.following_up.service import Change
from vocapp.following_up.views import blueprint, uuid_or_none, workspace_zone
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import weekday_date
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path


@blueprint.post("/follow-ups/<uuid:follow_up_id>")
@signed_in("success", "product", within_own_accounts=True)
def change(follow_up_id: UUID) -> Any:
    """State, outcome, owner, due time, snooze or note: whatever the form holds."""
    version = request.form.get("version", type=int)
    try:
        wanted = _change_of_form()
        done = service.change_follow_up(
            current_workspace.id,
            follow_up_id,
            wanted,
            reach=current_user.reach,
            expected_version=version,
            actor_user_id=current_user.id,
            now=utcnow(),
        )
    except Conflict:
        notice(
            _("Somebody changed this follow-up meanwhile. Nothing of yours was saved; "
              "look at it as it is now and try again."),
            kind="warning",
        )  # fmt: skip
        return redirect(url_for(".case", follow_up_id=follow_up_id), 303)
    except BadInput as problem:
        names = {error.field for error in problem.errors}
        notice(_bad_words(names), kind="error")
        return case_page(follow_up_id, note=request.form.get("note", "")), problem.status
    say_done(done, _snoozed_words(wanted, done))
    return back_to(follow_up_id)


def _bad_words(names: set[str]) -> str:
    if "due_at" in names:
        return str(_("Nothing was saved: the due time cannot be read."))
    if "snoozed_until" in names:
        return str(_("Nothing was saved: choose a day from tomorrow on, within a year."))
    if "note" in names:
        return str(_("Nothing was saved: write a note of 1 to 10,000 characters."))
    return str(_("Nothing was saved: choose one of the values of the list."))


def _change_of_form() -> Change:
    form = request.form
    owner = form.get("owner")
    return Change(
        state=form.get("state") or None,
        outcome=form.get("outcome") or None,
        root_cause=form.get("root_cause") or None,
        owner_user_id=_chosen_owner(owner) if owner else None,
        unassign=owner == "",
        due_at=read_instant(form["due_at"], "due_at") if form.get("due_at") else None,
        snooze_until=_snooze_until(),
        wake=form.get("snooze") == "end",
        note=form.get("note"),
    )


def _chosen_owner(text: str) -> UUID:
    found = current_user.id if text == "mine" else uuid_or_none(text)
    if found is None:
        raise BadInput.of("owner", "not a member of this workspace")
    return found


def _snooze_until() -> datetime | None:
    """The begin of the day that was chosen: tomorrow, Monday, or the one in the field."""
    choice = request.form.get("snooze")
    if choice in (None, "", "end"):
        return None
    zone = current_workspace.time_zone
    chosen = request.form.get("snooze_day", "") if choice == "day" else str(choice)
    return snoozing.begin_of(snoozing.day_of(chosen, utcnow(), zone), zone)


def read_instant(text: str, field: str) -> datetime:
    """What a person typed on the workspace's clock. Raises BadInput of that field."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=workspace_zone()).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise BadInput.of(field, "expected a date and time") from exc


@blueprint.post("/follow-ups/<uuid:follow_up_id>/suggestion")
@signed_in("success", "product", within_own_accounts=True)
def suggestion(follow_up_id: UUID) -> Any:
    """Take or dismiss what later words suggest."""
    try:
        done = service.take_suggestion(
            current_workspace.id,
            follow_up_id,
            reach=current_user.reach,
            accept=request.form.get("verdict") == "accept",
            expected_version=request.form.get("version", type=int),
            actor_user_id=current_user.id,
            now=utcnow(),
        )
    except Conflict:
        notice(_("The suggestion is no longer there."), kind="warning")
    else:
        say_done(done)
    return back_to(follow_up_id)


@blueprint.post("/follow-ups/bulk")
@signed_in("success", "product", within_own_accounts=True)
def bulk() -> Any:
    """The same change to all that are selected; ids of others are as if absent."""
    ids = [found for text in request.form.getlist("id") if (found := uuid_or_none(text))]
    try:
        wanted = _change_of_form()
        done = service.change_follow_ups(
            current_workspace.id, ids, wanted, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        snooze_day = any(error.field == "snoozed_until" for error in problem.errors)
        notice(
            _("Nothing was changed: choose a day from tomorrow on, within a year.")
            if snooze_day
            else _("Nothing was changed: choose what to do."),
            kind="error",
        )
    else:
        say_done(done, _snoozed_words(wanted, done))
    return back_to()


@blueprint.post("/follow-ups/undo/<token>")
@signed_in("success", "product", within_own_accounts=True)
def undo(token: str) -> Any:
    try:
        count = undoing.undo(
            current_workspace.id, token, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("This can no longer be undone: ten minutes have passed, or it was changed since."),
            kind="warning",
        )
    else:
        notice(_("Undone.") if count == 1 else _("Undone for %(num)s follow-ups.", num=count))
    return back_to()


def _snoozed_words(wanted: Change, done: Done) -> str | None:
    if wanted.snooze_until is None:
        return None
    day = weekday_date(wanted.snooze_until)
    if done.changed == 1:
        return str(_("Snoozed until %(day)s.", day=day))
    return str(_("%(num)s follow-ups are snoozed until %(day)s.", num=done.changed, day=day))


def say_done(done: Done, text: str | None = None) -> None:
    """Say on the next page what was done, with its undo."""
    if not done.changed:
        notice(_("Nothing was changed."), kind="info")
        return
    of_many = _("Saved for %(num)s follow-ups.", num=done.changed)
    text = text or (_("Saved.") if done.changed == 1 else of_many)
    back = next_path(or_referrer=True)
    undo_url = url_for(".undo", token=done.undo, next=back) if done.undo else None
    notice(text, undo_url=undo_url)


def back_to(follow_up_id: UUID | None = None) -> Response:
    """To where the form stood; to the list from a case that was just given away."""
    if follow_up_id is None:
        return redirect(next_path(or_referrer=True) or url_for(".queue"), 303)
    if not has_case(current_workspace.id, follow_up_id, reach=current_user.reach):
        return redirect(url_for(".queue"), 303)
    return redirect(next_path(or_referrer=True) or url_for(".case", follow_up_id=follow_up_id), 303)
