"""Pages: what is kept of a person, as a file, and forgetting them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from vocapp.connecting.personal_data import service
from vocapp.database import utcnow
from vocapp.people.service import erase_contact
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("personal_data", __name__, template_folder="templates")


@blueprint.get("/contacts/<uuid:contact_id>/data")
@signed_in("admin")
def show(contact_id: UUID) -> str:
    """How much is kept, all of it as a file, and what forgetting means."""
    return _page(contact_id)


def _page(contact_id: UUID, *, error: str | None = None) -> str:
    kept = service.kept_of(current_workspace.id, contact_id)
    return render_template("personal_data/show.html", kept=kept, error=error)


@blueprint.post("/contacts/<uuid:contact_id>/data.json")
@signed_in("admin")
def download(contact_id: UUID) -> Response:
    """The file; that it was made is noted."""
    now = utcnow()
    service.note_told(current_workspace.id, contact_id, actor_user_id=current_user.id, now=now)
    lines = service.told(current_workspace.id, contact_id, now=now)
    return Response(
        stream_with_context(lines),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="contact-{contact_id}.json"'},
    )


@blueprint.post("/contacts/<uuid:contact_id>/forget")
@signed_in("admin")
def forget(contact_id: UUID) -> Any:
    """Once the box is ticked that says that this cannot be undone."""
    if request.form.get("sure") != "1":
        error = _("Tick this first: nobody can bring the person back.")
        return _page(contact_id, error=error), 422
    account = service.kept_of(current_workspace.id, contact_id).account
    erase_contact(current_workspace.id, contact_id, actor_user_id=current_user.id, now=utcnow())
    notice(_("Forgotten. Their scores stay, without a person; nothing else of them is kept."))
    if account is None:
        return redirect(url_for("succeeding.accounts"), 303)
    return redirect(url_for("succeeding.account", external_id=account), 303)
