"""Pages: addresses for Stripe and Segment; and the addresses themselves, for the providers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp.connecting.hooks import queries, service
from vocapp.connecting.hooks.forms import FORM_OF, PROVIDER_NAMES, NewSourceForm
from vocapp.connecting.hooks.models import HookSource
from vocapp.connecting.hooks.reading import PROVIDER_OF
from vocapp.connecting.hooks.receiving import note_unsigned, receive, source_of_address
from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, Conflict, Malformed, NotFound
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.workspaces.access import anyone, current_user, current_workspace, signed_in
from vocapp.workspaces.models import Workspace

blueprint = Blueprint("hooks", __name__, template_folder="templates")
_MOST_MESSAGES = 1000


# --- for providers ----------------------------------------------------------------------


@blueprint.post("/hooks/<provider>/<public_id>")
@anyone
def take_in(provider: str, public_id: str) -> Any:
    """Messages, signed. 200 also where some were refused: sending them again changes nothing.

    A provider that is told of a failure sends again for days and then stops altogether.
    """
    now = utcnow()
    if provider not in PROVIDER_OF:
        raise NotFound("No such address.")
    with snapshot() as session:
        source = source_of_address(session, provider, public_id)
        if source is None:
            raise NotFound("No such address.")
        time_zone = session.get_one(Workspace, source.workspace_id).time_zone
    header = request.headers.get(PROVIDER_OF[provider].header, "")
    signed = PROVIDER_OF[provider].signed
    if source.secret is None or not signed(request.get_data(), header, source.secret, now):
        if source.last_unsigned_at is None or (now - source.last_unsigned_at).total_seconds() > 60:
            note_unsigned(source, now=now)
        raise Malformed("The signature does not fit.")
    return _answer(source, time_zone, request.get_json(), now)


def _answer(source: HookSource, time_zone: str, body: Any, now: Any) -> Any:
    messages = body if isinstance(body, list) else [body]
    if len(messages) > _MOST_MESSAGES:
        raise BadInput.of("body", f"at most {_MOST_MESSAGES} messages at once")
    seen = receive(source, time_zone, messages, now=now)
    refused = [
        {"id": each.id, "field": each.error.field, "message": each.error.message}
        for each in seen
        if each.error is not None
    ]
    return {"received": len(seen), "rejected": refused}


# --- for administrators -----------------------------------------------------------------


@blueprint.route("/settings/hooks", methods=["GET", "POST"])
@signed_in("admin")
def source_list() -> Any:
    """All addresses, and a form for a new one."""
    form = NewSourceForm()
    if not form.validate_on_submit():
        return _list_page(form), 422 if form.is_submitted() else 200
    try:
        made = service.add_source(
            current_workspace.id, provider=form.provider.data, name=form.name.data,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        form.name.errors = [_("There is one of this name already.")]
        return _list_page(form), problem.status
    except Conflict as problem:
        notice(_("A workspace has at most %(count)s addresses.", count=service.MOST_SOURCES),
               kind="error")  # fmt: skip
        return _list_page(form), problem.status
    return redirect(url_for(".source", source_id=made), 303)


def _list_page(form: NewSourceForm) -> str:
    return render_template(
        "hooks/sources.html", form=form, sources=queries.sources(current_workspace.id),
        names=PROVIDER_NAMES,
    )  # fmt: skip


@blueprint.route("/settings/hooks/<uuid:source_id>", methods=["GET", "POST"])
@signed_in("admin")
def source(source_id: UUID) -> Any:
    """The address, how to set it up, what came, and what was refused and why."""
    found = queries.one_source(current_workspace.id, source_id)
    make = FORM_OF[found.source.provider]
    form = make(data=make.values(found.options))
    status = 200
    if form.validate_on_submit():
        service.change_source(
            current_workspace.id, source_id, secret=(form.secret.data or "").strip() or None,
            options=form.options(), actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
        notice(_("Saved."))
        return redirect(url_for(".source", source_id=source_id), 303)
    if form.is_submitted():
        status = 422
    path = url_for(".take_in", provider=found.source.provider, public_id=found.source.public_id)
    page = render_template(
        "hooks/source.html", form=form, found=found, source=found.source,
        provider=PROVIDER_NAMES[found.source.provider],
        address=current_app.config["SETTINGS"].base_url.rstrip("/") + path,
    )  # fmt: skip
    return page, status


@blueprint.post("/settings/hooks/<uuid:source_id>/remove")
@signed_in("admin")
def remove_source(source_id: UUID) -> Response:
    service.remove_source(
        current_workspace.id, source_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The address takes nothing any more. What came by it stays."))
    return redirect(url_for(".source_list"), 303)


@blueprint.post("/settings/hooks/<uuid:source_id>/refusals/clear")
@signed_in("admin")
def clear_refusals(source_id: UUID) -> Response:
    count = service.clear_refusals(
        current_workspace.id, source_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(ngettext("%(num)d message taken off the list.", "%(num)d messages taken off the list.",
                    count))  # fmt: skip
    return redirect(url_for(".source", source_id=source_id), 303)
