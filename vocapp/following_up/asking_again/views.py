"""The page that says which surveys ask again after a follow-up was resolved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.following_up.asking_again import queries, service
from vocapp.following_up.asking_again.models import MOST_DAYS
from vocapp.following_up.rooms import follow_up_rooms
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("asking_again", __name__, template_folder="../templates")
blueprint.add_app_template_global(follow_up_rooms)


@blueprint.route("/follow-ups/closed-loop/asking-again", methods=["GET", "POST"])
@signed_in("admin")
def rules() -> Any:
    """Days after which each survey asks again; blank for never."""
    surveys = queries.asking_surveys(current_workspace.id)
    if request.method == "GET":
        return _page(surveys, {each.id: each.days or "" for each in surveys}, {})
    typed = {each.id: request.form.get(f"days-{each.id}", "").strip() for each in surveys}
    wrong = {
        survey_id: _bad_days() for survey_id, text in typed.items() if text and _days(text) is None
    }
    if wrong:
        return _page(surveys, typed, wrong), 422
    try:
        before = service.save_rules(
            current_workspace.id, {each: _days(text) for each, text in typed.items()},
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        named = {error.field for error in problem.errors}
        wrong = {each: _bad_days() for each in typed if f"days-{each}" in named}
        return _page(surveys, typed, wrong), problem.status
    say_done(_("Saved."), _token(before))
    return redirect(url_for("asking_again.rules"), 303)


def _days(text: str) -> int | None:
    """None where there is no number; digits of any script are read."""
    try:
        return int(text)
    except ValueError:
        return None


def _bad_days() -> str:
    return _("Enter a number of days from 1 to %(most)s, or nothing.", most=MOST_DAYS)


def _page(surveys: list[queries.AskingSurvey], typed: Any, wrong: dict[UUID, str]) -> Any:
    return render_template(
        "following_up/asking_again.html",
        surveys=surveys,
        typed=typed,
        wrong=wrong,
        most_days=MOST_DAYS,
        counts=queries.counts_by_state(current_workspace.id),
    )


def _token(before: dict[UUID, int | None]) -> str | None:
    if not before:
        return None
    return undo_token(
        "asking_again", current_workspace.id, current_user.id,
        before={survey_id.hex: days for survey_id, days in before.items()},
    )  # fmt: skip


@blueprint.post("/follow-ups/closed-loop/asking-again/undo")
@signed_in("admin")
def undo() -> Any:
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), "asking_again", current_workspace.id, current_user.id
        )
        service.save_rules(
            current_workspace.id, {UUID(key): days for key, days in told["before"].items()},
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return redirect(url_for("asking_again.rules"), 303)
