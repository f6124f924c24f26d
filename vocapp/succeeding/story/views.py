"""Notes on accounts: written on the page of the account, seen on the first page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for

from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.notes import note_errors, too_long
from vocapp.succeeding.story import service
from vocapp.succeeding.views import account_page, uuid_or_none
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

blueprint = Blueprint("story", __name__, template_folder="templates")

_NOTE, _SEEN = "account_note", "account_mentions"


@blueprint.post("/account-notes")
@signed_in("admin", "success", within_own_accounts=True)
def add() -> Any:
    """A note for colleagues; what was typed stays where it cannot be saved."""
    key, note = request.form.get("account", ""), request.form.get("note", "")
    try:
        note_id = service.add_note(
            current_workspace.id, key, note, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput:
        text = too_long() if note_errors(note.strip()) else _("Write something first.")
        return account_page(key, note=note, note_error=text), 422
    notice(_("Saved."), undo_url=url_for(".undo", token=_token(note_id, removed=True)))
    return redirect(url_for("succeeding.account", external_id=key, _anchor="story"), 303)


@blueprint.post("/account-notes/<uuid:note_id>/remove")
@signed_in("admin", "success", within_own_accounts=True)
def remove(note_id: UUID) -> Any:
    """Take a note back."""
    key = _set_removed(note_id, removed=True)
    if key is None:
        return redirect(url_for("succeeding.accounts"), 303)
    notice(_("The note is gone."), undo_url=url_for(".undo", token=_token(note_id, removed=False)))
    return redirect(url_for("succeeding.account", external_id=key, _anchor="story"), 303)


@blueprint.post("/account-notes/undo")
@signed_in("admin", "success", within_own_accounts=True)
def undo() -> Any:
    """Take back that a note was written, or that it was taken back."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), _NOTE, current_workspace.id, current_user.id
        )
        key = _set_removed(UUID(told["note"]), removed=told["removed"])
        if key is None:
            raise Conflict("It was changed since.")
        return redirect(url_for("succeeding.account", external_id=key, _anchor="story"), 303)
    return redirect(url_for("workspaces.home"), 303)


def _set_removed(note_id: UUID, *, removed: bool) -> str | None:
    return service.set_removed(
        current_workspace.id, note_id, removed=removed, of_anybody=current_user.role == "admin",
        reach=current_user.reach, actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip


def _token(note_id: UUID, *, removed: bool) -> str:
    return undo_token(
        _NOTE, current_workspace.id, current_user.id, note=note_id.hex, removed=removed
    )


@blueprint.post("/account-notes/seen")
@signed_in(within_own_accounts=True)
def seen() -> Any:
    """Those that the form names are off the first page; with undo."""
    ids = [found for text in request.form.getlist("id") if (found := uuid_or_none(text))]
    if service.mark(current_workspace.id, current_user.id, ids, seen_at=utcnow()):
        token = undo_token(
            _SEEN, current_workspace.id, current_user.id, ids=[each.hex for each in ids]
        )
        notice(_("Seen."), undo_url=url_for(".unseen", token=token))
    return redirect(url_for("workspaces.home"), 303)


@blueprint.post("/account-notes/unseen")
@signed_in(within_own_accounts=True)
def unseen() -> Any:
    """The counterpart."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), _SEEN, current_workspace.id, current_user.id
        )
        ids = [UUID(text) for text in told["ids"]]
        service.mark(current_workspace.id, current_user.id, ids, seen_at=None)
    return redirect(url_for("workspaces.home"), 303)
