"""Pages: the goal templates of the workspace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for

from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.goals import goal_templates, wording
from vocapp.succeeding.goals.forms import TemplateForm
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

blueprint = Blueprint("goal_templates", __name__)


@blueprint.route("/settings/goal-templates", methods=["GET", "POST"])
@signed_in("admin")
def template_list() -> Any:
    """All templates, and a form for a new one."""
    form = TemplateForm()
    if form.validate_on_submit() and _saved(form):
        notice(_("The template has been added."))
        return redirect(url_for(".template_list"), 303)
    with snapshot() as session:
        rows = goal_templates.stored_templates(session, current_workspace.id)
    page = render_template(
        "succeeding/goals/templates.html", form=form, templates=rows, words=wording
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/settings/goal-templates/<uuid:template_id>", methods=["GET", "POST"])
@signed_in("admin")
def edit_template(template_id: UUID) -> Any:
    """One template, to be changed."""
    row = goal_templates.template_of(current_workspace.id, template_id)
    form = TemplateForm(data=TemplateForm.shown(row))
    if form.validate_on_submit() and _saved(form, template_id):
        notice(_("Saved."))
        return redirect(url_for(".template_list"), 303)
    page = render_template("succeeding/goals/template.html", form=form, template=row)
    return page, 422 if form.is_submitted() else 200


def _saved(form: TemplateForm, template_id: UUID | None = None) -> bool:
    try:
        goal_templates.save_template(
            current_workspace.id, form.wanted(), template_id=template_id,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        for error in problem.errors:
            form[error.field].errors = [_("This cannot be used. Look at it again.")]
        return False
    except Conflict:
        most = goal_templates.MAX_TEMPLATES
        form.form_errors.append(_("A workspace has at most %(count)s goal templates.", count=most))
        return False
    return True


@blueprint.post("/settings/goal-templates/<uuid:template_id>/remove")
@signed_in("admin")
def remove_template(template_id: UUID) -> Any:
    """Take one away, with a way back."""
    goal_templates.remove_template(
        current_workspace.id, template_id, actor_user_id=current_user.id, now=utcnow()
    )
    token = undo_token("goal_template", current_workspace.id, current_user.id, id=template_id.hex)
    notice(_("The template has been removed."), undo_url=url_for(".undo_template", token=token))
    return redirect(url_for(".template_list"), 303)


@blueprint.post("/settings/goal-templates/undo/<token>")
@signed_in("admin")
def undo_template(token: str) -> Any:
    """Put a removed one back."""
    with said_undone():
        told = read_undo(token, "goal_template", current_workspace.id, current_user.id)
        goal_templates.put_back(
            current_workspace.id, UUID(told["id"]), actor_user_id=current_user.id, now=utcnow()
        )
    return redirect(url_for(".template_list"), 303)
