"""Pages: limits on asking, and when and why a person was asked or not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp.database import utcnow
from vocapp.distributing.asking import queries, service
from vocapp.distributing.asking.forms import LimitForm
from vocapp.distributing.wording import CAUSE_WORDS, reason_text
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("asking", __name__, template_folder="templates")


@blueprint.route("/settings/asking", methods=["GET", "POST"])
@signed_in("admin")
def limits() -> Any:
    """How often anybody is asked, and at which hours."""
    stored = queries.limits_of(current_workspace.id)
    form = LimitForm(obj=stored)
    if form.validate_on_submit() and _saved(form):
        notice(_("The limits have been saved. They hold for what is decided from now on."))
        return redirect(url_for("asking.limits"), 303)
    page = render_template(
        "asking/limits.html",
        form=form,
        is_set=queries.has_limits(current_workspace.id),
        excepted=queries.count_never_asked(current_workspace.id, reach=current_user.reach),
    )
    return page, 422 if form.is_submitted() else 200


def _saved(form: LimitForm) -> bool:
    try:
        service.save_limits(
            current_workspace.id, form.read(), actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        words = _("Enter both times, the second after the first; or neither.")
        for error in problem.errors:
            form[error.field].errors = [words]
        return False
    return True


@blueprint.get("/contacts/<uuid:contact_id>/asking")
@signed_in("admin", "product", "success", within_own_accounts=True)
def person(contact_id: UUID) -> Any:
    """The answer to: why did she not get it?"""
    found = queries.asking_of(
        current_workspace.id, contact_id, reach=current_user.reach, now=utcnow()
    )
    return render_template(
        "asking/person.html", asking=found, reason_text=reason_text, cause_words=CAUSE_WORDS
    )


@blueprint.post("/contacts/<uuid:contact_id>/asking/never")
@signed_in("admin", "success", within_own_accounts=True)
def never(contact_id: UUID) -> Any:
    is_done = service.never_ask(
        current_workspace.id, contact_id, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    say_done(_("This person is not asked any more."), _token(contact_id, True) if is_done else None)
    return _back(contact_id)


@blueprint.post("/contacts/<uuid:contact_id>/asking/again")
@signed_in("admin", "success", within_own_accounts=True)
def again(contact_id: UUID) -> Any:
    is_done = service.ask_again(
        current_workspace.id, contact_id, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    say_done(_("This person may be asked again."), _token(contact_id, False) if is_done else None)
    return _back(contact_id)


@blueprint.post("/contacts/<uuid:contact_id>/asking/reach/<any(email, sms):channel>")
@signed_in("admin")
def reach_again(contact_id: UUID, channel: str) -> Any:
    """An address or number that a message came back from is right by now, says an admin."""
    is_done = service.reach_again(
        current_workspace.id, contact_id, channel, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    if is_done:
        notice(_("It is written to again."))
    else:
        notice(_("Nothing was changed."), kind="info")
    return _back(contact_id)


def _token(contact_id: UUID, was_excepted: bool) -> str:
    return undo_token(
        "never_asked", current_workspace.id, current_user.id, contact=contact_id.hex,
        excepted=was_excepted,
    )  # fmt: skip


@blueprint.post("/asking/undo")
@signed_in("admin", "success", within_own_accounts=True)
def undo() -> Any:
    """Take back the exception, or its end."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), "never_asked", current_workspace.id, current_user.id
        )
        contact_id = UUID(told["contact"])
        change = service.ask_again if told["excepted"] else service.never_ask
        change(
            current_workspace.id, contact_id, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
        return _back(contact_id)
    return redirect(url_for("workspaces.home"), 303)


def _back(contact_id: UUID) -> Response:
    return redirect(next_path() or url_for("asking.person", contact_id=contact_id), 303)
