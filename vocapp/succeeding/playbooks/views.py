"""Pages: playbooks, one of them with its form and what it would do, on and off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.outreach import GAPS
from surveys.playbook_json import validate_playbook
from vocapp.database import snapshot, utcnow
from vocapp.problems import Conflict
from vocapp.succeeding.contacts.wording import ROLES
from vocapp.succeeding.playbooks import (
    evaluating,
    forms,
    previewing,
    queries,
    sent_queries,
    service,
    trying_out,
    wording,
)
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.succeeding.playbooks.offers import OFFERS
from vocapp.succeeding.playbooks.step_forms import FIRST_LANGUAGES, published_surveys
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import language_choices, language_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("playbooks", __name__, template_folder="../templates")

_SHOWN = 20
_ARCHIVED = 100


@blueprint.get("/playbooks")
@signed_in("success")
def list_playbooks() -> str:
    """What follows when something happens at a customer, and what came of it."""
    rows = queries.playbooks(current_workspace.id, now=utcnow())
    taken = {playbook.definition["trigger"]["kind"] for playbook, _came in rows}
    return render_template(
        "succeeding/playbooks/list.html",
        rows=rows,
        archived=queries.archived(current_workspace.id, limit=_ARCHIVED),
        offers=sorted(OFFERS.values(), key=lambda offer: offer.kind in taken),
        recovering=evaluating.RECOVERING,
        words=wording,
    )


@blueprint.route("/playbooks/new/<kind>", methods=["GET", "POST"])
@signed_in("success")
def new_playbook(kind: str) -> Any:
    """Write a playbook, beginning with what is offered, about the feature of the address if any."""
    offer = OFFERS.get(kind)
    if offer is None:
        abort(404)
    is_post = request.method == "POST"
    asks_for_room = "add_language" in request.form
    form = (
        _typed(offer.kind)
        if is_post
        else forms.from_offer(
            offer, feature=request.args.get("feature", ""), surveys=published_surveys()
        )
    )
    draft = form.read() if is_post and not asks_for_room else None
    if draft is None:
        page = render_template(
            "succeeding/playbooks/new.html", form=form, offer=offer, **_of_form()
        )
        return page, 422 if is_post and not asks_for_room else 200
    playbook_id = service.add_playbook(
        current_workspace.id, draft, actor_user_id=current_user.id, now=utcnow()
    )
    notice(
        _("The playbook is saved. It is still off: look at what it would do, then switch it on.")
    )
    return _to(playbook_id)


@blueprint.get("/playbooks/<uuid:playbook_id>")
@signed_in("success")
def playbook(playbook_id: UUID) -> str:
    """What a playbook does, would do, and did."""
    return _page(queries.playbook(current_workspace.id, playbook_id))


def _page(playbook: Playbook, form: forms.Form | None = None, *, is_open: bool = False) -> str:
    would, may_take_long, now = None, False, utcnow()
    runs = queries.runs_of(current_workspace.id, playbook.id, limit=_SHOWN)
    sent = sent_queries.came_of_sending(current_workspace.id, playbook.id, now=now)
    with snapshot() as session:
        if playbook.on_since is None and playbook.archived_at is None:
            may_take_long = trying_out.takes_long(session, current_workspace.id)
            if not may_take_long or "look" in request.args:
                would = trying_out.try_out(
                    session, playbook, time_zone=current_workspace.time_zone, now=now, limit=_SHOWN
                )
        workspace = session.get_one(Workspace, current_workspace.id)
        somebody = would.somebody if would else None
        previews = previewing.previews(session, playbook, workspace, somebody)
    return render_template(
        "succeeding/playbooks/playbook.html",
        playbook=playbook,
        kind=playbook.definition["trigger"]["kind"],
        form=form or forms.from_playbook(playbook, published_surveys()),
        would=would,
        may_take_long=may_take_long,
        looked_at=trying_out.MOST_ACCOUNTS,
        is_open=is_open,
        shown=_SHOWN,
        previews=previews,
        sent=sent,
        runs=runs,
        sent_by=sent_queries.sent_by_runs(current_workspace.id, [each.run.id for each in runs]),
        recovering=evaluating.RECOVERING,
        **_of_form(),
    )


def _of_form() -> dict[str, Any]:
    return {
        "steps": forms.STEPS, "words": wording, "roles": ROLES, "gaps": GAPS,
        "language_name": language_name, "languages": language_choices(*FIRST_LANGUAGES),
    }  # fmt: skip


def _typed(kind: str) -> forms.Form:
    form = forms.from_request(kind, request.form, published_surveys())
    if "add_language" in request.form:
        form.add_language(request.form.get("another_language", ""))
    return form


@blueprint.post("/playbooks/<uuid:playbook_id>")
@signed_in("success")
def change_playbook(playbook_id: UUID) -> Any:
    """Say it otherwise; what was typed is kept where it cannot be saved."""
    found = queries.playbook(current_workspace.id, playbook_id)
    kind = found.definition["trigger"]["kind"]
    form = _typed(kind)
    if "add_language" in request.form:
        return _page(found, form, is_open=True)
    draft = form.read()
    if draft is None:
        return _page(found, form), 422
    try:
        done = service.change_playbook(
            current_workspace.id, playbook_id, draft,
            expected_version=request.form.get("version", 0, type=int),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("Somebody changed this playbook meanwhile, so nothing was saved. What you typed is "
              "still in the form; saving again puts it in place of theirs."),
            kind="warning",
        )  # fmt: skip
        form.typed["version"] = str(found.version)
        return _page(found, form), Conflict.status
    say_done(_("The playbook has been changed. Tasks that there are stay as they are."), done.undo)
    return _to(playbook_id)


@blueprint.post("/playbooks/<uuid:playbook_id>/switch")
@signed_in("success")
def switch(playbook_id: UUID) -> Any:
    """On or off."""
    on = request.form.get("on") == "1"
    try:
        done = service.switch(
            current_workspace.id, playbook_id, on=on, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_("Somebody put this playbook away meanwhile. Take it out first."), kind="warning")
        return _to(playbook_id)
    say_done(
        _on_words(playbook_id)
        if on
        else _("It is off. It fires and sends no more; tasks that there are stay."),
        done.undo,
    )
    return _to(playbook_id)


@blueprint.post("/playbooks/<uuid:playbook_id>/trial")
@signed_in("success")
def send_trial(playbook_id: UUID) -> Any:
    """An e-mail of it, sent to oneself."""
    previewing.send_trial(
        current_workspace.id, playbook_id, request.form.get("step", ""),
        user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    notice(_("The e-mail is on its way to %(email)s.", email=current_user.email))
    return _to(playbook_id)


@blueprint.post("/playbooks/<uuid:playbook_id>/archive")
@signed_in("success")
def archive(playbook_id: UUID) -> Any:
    """Put it away, or take it out again."""
    archived = request.form.get("archived") == "1"
    done = service.archive(
        current_workspace.id, playbook_id, archived=archived, actor_user_id=current_user.id,
        now=utcnow(),
    )  # fmt: skip
    say_done(
        _("The playbook is put away and off. What it did, and its tasks, stay.")
        if archived
        else _("The playbook is back. It is off."),
        done.undo,
    )
    return _to(playbook_id)


@blueprint.post("/playbooks/undo")
@signed_in("success")
def undo() -> Any:
    """Put back what was changed, unless somebody changed it since."""
    with said_undone():
        playbook_id = service.undo(
            current_workspace.id, request.args.get("token", ""),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
        return _to(playbook_id)
    return redirect(url_for(".list_playbooks"), 303)


def _on_words(playbook_id: UUID) -> str:
    """What follows from switching on."""
    found = queries.playbook(current_workspace.id, playbook_id)
    if not validate_playbook(found.definition).goes_by_itself:
        return _("It is on. Tasks appear within a minute, and from then on by themselves.")
    return _(
        "It is on. Tasks appear within a minute; the first e-mails go out in ten minutes at the "
        "earliest, so that you can still switch it off."
    )


def _to(playbook_id: UUID) -> Response:
    return redirect(url_for(".playbook", playbook_id=playbook_id), 303)
