"""Pages: targeting rules in order, a rule, and what they would do at a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.targeting import Rule, Visit, decide
from vocapp.collecting.targeting import queries, service, wording
from vocapp.collecting.targeting.forms import RuleForm, VisitForm
from vocapp.collecting.targeting.queries import RuleLine
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

blueprint = Blueprint("targeting", __name__, template_folder="templates")


@blueprint.get("/settings/targeting")
@signed_in("admin")
def rules() -> Any:
    """The rules in order, and, for a page and an event, what they would do."""
    lines = queries.rules_in_order(current_workspace.id)
    visit = VisitForm(request.args)
    tried = _tried(lines, visit) if "path" in request.args and visit.validate() else None
    return render_template(
        "targeting/rules.html", lines=lines, visit=visit, tried=tried, words=wording,
        has_survey=bool(queries.surveys_to_choose(current_workspace.id)),
    )  # fmt: skip


def _tried(lines: list[RuleLine], form: VisitForm) -> tuple[Rule | None, list[tuple[Rule, str]]]:
    """For any visitor who is new: a share above 0 counts as being in it."""
    visit = Visit(
        service.clean_path(form.path.data or "/"), (form.event.data or "").strip(),
        identified=bool(form.identified.data),
    )  # fmt: skip
    rules = [line.rule(barred="" if line.takes_answers else "closed") for line in lines]
    chosen, passed = decide(
        [replace(rule, share=100) if rule.share else rule for rule in rules], visit
    )
    shown = next((rule for rule in rules if chosen and rule.id == chosen.id), None)
    return shown, list(passed)


@blueprint.route("/settings/targeting/new", methods=["GET", "POST"])
@signed_in("admin")
def new_rule() -> Any:
    if not queries.surveys_to_choose(current_workspace.id):
        return _to_rules()  # which says what is needed first
    return _rule_page(None)


@blueprint.route("/settings/targeting/<uuid:rule_id>", methods=["GET", "POST"])
@signed_in("admin")
def edit_rule(rule_id: UUID) -> Any:
    return _rule_page(queries.rule_line(current_workspace.id, rule_id))


def _rule_page(line: RuleLine | None) -> Any:
    surveys = queries.surveys_to_choose(current_workspace.id)
    if line is not None and line.wished.survey not in dict(surveys):
        surveys.insert(0, (line.wished.survey, line.survey_name))
    form = RuleForm()
    form.offer(surveys)
    if request.method == "GET" and line is not None:
        form.show(line.wished)
    if form.validate_on_submit() and _saved(form, line):
        notice(_("The rule has been saved. Pages ask for it when they are opened next."))
        return _to_rules()
    page = render_template("targeting/rule.html", form=form, line=line)
    return page, 422 if form.is_submitted() else 200


def _saved(form: RuleForm, line: RuleLine | None) -> bool:
    wished = form.read(paused=line is not None and line.wished.paused)
    of: dict[str, Any] = {"actor_user_id": current_user.id, "now": utcnow()}
    try:
        if line is None:
            service.add_rule(current_workspace.id, wished, **of)
        else:
            service.change_rule(current_workspace.id, line.id, wished, **of)
    except BadInput as problem:
        for error in problem.errors:
            form[error.field].errors = [
                _("Enter one pattern a line, at most %(most)s, each with / or * in front: /app/*",
                  most=service.MAX_PATHS)
                if error.field == "paths"
                else _("This cannot be used. Look at it again.")
            ]  # fmt: skip
        return False
    except Conflict:
        notice(_("A workspace has at most %(count)s rules.", count=service.MAX_RULES), kind="error")
        return False
    return True


@blueprint.post("/settings/targeting/<uuid:rule_id>/change")
@signed_in("admin")
def change_rule(rule_id: UUID) -> Any:
    """Up, down, paused, at work again, or away."""
    of: dict[str, Any] = {"actor_user_id": current_user.id, "now": utcnow()}
    line = queries.rule_line(current_workspace.id, rule_id)
    action = request.form.get("action", "")
    if action in {"up", "down"}:
        to = line.position + (1 if action == "down" else -1)
        service.move_rule(current_workspace.id, rule_id, to, **of)
        notice(_("The order has been changed."))
    elif action in {"pause", "resume"}:
        service.pause_rule(current_workspace.id, rule_id, paused=action == "pause", **of)
        notice(_("The rule is paused.") if action == "pause" else _("The rule is in use."))
    elif action == "remove":
        told = service.remove_rule(current_workspace.id, rule_id, **of)
        token = undo_token("targeting", current_workspace.id, current_user.id, rule=told)
        notice(_("The rule has been removed."), undo_url=url_for(".undo", token=token))
    return _to_rules()


@blueprint.post("/settings/targeting/undo")
@signed_in("admin")
def undo() -> Any:
    """Put a removed rule back."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), "targeting", current_workspace.id, current_user.id
        )
        service.restore_rule(
            current_workspace.id, told["rule"], actor_user_id=current_user.id, now=utcnow()
        )
    return _to_rules()


def _to_rules() -> Response:
    return redirect(url_for(".rules"), 303)
