"""Pages for administrators: workspace, people, keys, background work, audit log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp import outbox
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces import joining, queries, service
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.audit_log import audit_lines, detail_in_words, name_of
from vocapp.workspaces.blueprint import blueprint
from vocapp.workspaces.forms import ROLE_CHOICES, InviteForm, KeyForm, WorkspaceForm
from vocapp.workspaces.grants import Grant, grant_of

_AUDIT_PAGE = 50


def _back(endpoint: str) -> Response:
    return redirect(url_for(f"workspaces.{endpoint}"), 303)


@blueprint.route("/settings", methods=["GET", "POST"])
@signed_in("admin")
def settings() -> Any:
    """Name, language, time zone, and where the widget may stand."""
    stored = queries.workspace_settings(current_workspace.id)
    form = WorkspaceForm(data=stored | {"allowed_origins": "\n".join(stored["allowed_origins"])})
    if not form.validate_on_submit():
        return _settings_page(form, 422 if form.is_submitted() else 200)
    changes = {
        "name": form.name.data,
        "locale": form.locale.data,
        "time_zone": form.time_zone.data,
        "allowed_origins": form.allowed_origins.data.split(),
    }
    try:
        service.update_workspace(
            current_workspace.id, changes, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        _show_on(form, problem)
        return _settings_page(form, problem.status)
    notice(_("The settings have been saved."))
    return _back("settings")


def _settings_page(form: WorkspaceForm, status: int) -> Any:
    return render_template("workspaces/settings.html", form=form), status


def _show_on(form: WorkspaceForm, problem: BadInput) -> None:
    words = {
        "name": _("Enter a name."),
        "allowed_origins": _("Write one address a line, such as https://www.example.com."),
    }
    for error in problem.errors:
        form[error.field].errors = [words.get(error.field, error.message)]


# --- people --------------------------------------------------------------------------------


@blueprint.route("/settings/people", methods=["GET", "POST"])
@signed_in("admin")
def people() -> Any:
    """Who works here, in which role; inviting somebody."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _people_page(form, 422 if form.is_submitted() else 200)
    try:
        joining.invite(
            current_workspace.id, email=form.email.data, grant=grant_of(form.role.data),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        form.email.errors = [_("This is not an e-mail address.")]
        return _people_page(form, problem.status)
    except Conflict as problem:
        form.email.errors = [_("This person is a member already.")]
        return _people_page(form, problem.status)
    notice(_("The invitation is on its way. The link works for seven days."))
    return _back("people")


def _people_page(form: InviteForm, status: int) -> Any:
    page = render_template(
        "workspaces/people.html",
        form=form,
        members=queries.members(current_workspace.id),
        invitations=queries.open_invitations(current_workspace.id, now=utcnow()),
        roles=ROLE_CHOICES,
    )
    return page, status


@blueprint.post("/settings/people/<uuid:user_id>/role")
@signed_in("admin")
def change_role(user_id: UUID) -> Any:
    grant = grant_of(request.form.get("role", ""))
    try:
        before = joining.change_role(
            current_workspace.id, user_id, grant, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_("A workspace keeps at least one administrator."), kind="warning")
    else:
        notice(_("The role has been changed."), undo_url=_undo_role_url(user_id, before, grant))
    return _back("people")


def _undo_role_url(user_id: UUID, before: Grant, after: Grant) -> str | None:
    """None for one's own role: who gave up being an administrator cannot take it back."""
    if before == after or user_id == current_user.id:
        return None
    token = undo_token(
        "role", current_workspace.id, current_user.id, member=user_id.hex, before=before.key,
        after=after.key,
    )  # fmt: skip
    return url_for("workspaces.undo_role", user_id=user_id, token=token)


@blueprint.post("/settings/people/<uuid:user_id>/role/undo")
@signed_in("admin")
def undo_role(user_id: UUID) -> Any:
    """Give back the role before, unless somebody changed it since."""
    told = read_undo(
        request.args.get("token", ""), "role", current_workspace.id, current_user.id,
        member=user_id.hex,
    )  # fmt: skip
    try:
        joining.change_role(
            current_workspace.id, user_id, grant_of(told["before"]),
            instead_of=grant_of(told["after"]), actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except joining.ChangedSince:
        notice(_("Somebody changed the role since, so it was left as it is."), kind="warning")
    except Conflict:
        notice(_("A workspace keeps at least one administrator."), kind="warning")
    else:
        notice(_("Undone."))
    return _back("people")


@blueprint.post("/settings/people/<uuid:user_id>/remove")
@signed_in("admin")
def remove_member(user_id: UUID) -> Any:
    try:
        joining.remove_member(
            current_workspace.id, user_id, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_("A workspace keeps at least one administrator."), kind="warning")
    else:
        notice(_("The person has been removed and is signed out here."))
    return _back("people")


@blueprint.post("/settings/invitations/<uuid:invitation_id>/withdraw")
@signed_in("admin")
def withdraw_invitation(invitation_id: UUID) -> Any:
    joining.withdraw_invitation(
        current_workspace.id, invitation_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The invitation has been withdrawn."))
    return _back("people")


# --- keys ----------------------------------------------------------------------------------


@blueprint.route("/settings/keys", methods=["GET", "POST"])
@signed_in("admin")
def keys() -> Any:
    """API keys. A new secret is on the answer of this request and nowhere else."""
    form = KeyForm()
    if not form.validate_on_submit():
        return _keys_page(form, 422 if form.is_submitted() else 200)
    made = service.create_api_key(
        current_workspace.id, kind=form.kind.data, name=form.name.data.strip(),
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    return _keys_page(KeyForm(formdata=None), 201, made=made, made_kind=form.kind.data)


def _keys_page(form: KeyForm, status: int, *, made: str = "", made_kind: str = "") -> Any:
    page = render_template(
        "workspaces/keys.html",
        form=form,
        keys=queries.api_keys(current_workspace.id),
        made=made,
        made_kind=made_kind,
    )
    return page, status


@blueprint.post("/settings/keys/<uuid:key_id>/revoke")
@signed_in("admin")
def revoke_key(key_id: UUID) -> Any:
    service.revoke_api_key(
        current_workspace.id, key_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The key opens nothing any more."))
    return _back("keys")


# --- work and log --------------------------------------------------------------------------


@blueprint.get("/settings/work")
@signed_in("admin")
def work() -> Any:
    """What is waiting, what was set aside and why, and whether mail leaves the house."""
    settings = current_app.config["SETTINGS"]
    return render_template(
        "workspaces/work.html",
        backlog=outbox.backlog(now=utcnow(), workspace_id=current_workspace.id),
        set_aside=outbox.set_aside_rows(current_workspace.id),
        doorbell_works=outbox.broker_reachable(),
        mail_scheme=settings.mail_url.partition(":")[0],
        mail_from=settings.mail_from,
    )


@blueprint.post("/settings/work/retry")
@signed_in("admin")
def retry_work() -> Any:
    """One row, or all."""
    row = request.form.get("row")
    count = outbox.retry_set_aside(
        current_workspace.id, now=utcnow(), row_id=_uuid(row) if row else None
    )
    notice(_("Tried again: %(count)s", count=count))
    return _back("work")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise BadInput.of("row", "expected an id") from exc


@blueprint.get("/settings/audit")
@signed_in("admin")
def audit_log() -> Any:
    before = request.args.get("before")
    lines = audit_lines(
        current_workspace.id, before=_uuid(before) if before else None, limit=_AUDIT_PAGE + 1
    )
    more = len(lines) > _AUDIT_PAGE
    lines = lines[:_AUDIT_PAGE]
    return render_template(
        "workspaces/audit.html",
        name_of=name_of,
        detail_in_words=detail_in_words,
        lines=lines,
        next_url=url_for("workspaces.audit_log", before=lines[-1].id) if more else None,
        first_url=url_for("workspaces.audit_log") if before else None,
    )
