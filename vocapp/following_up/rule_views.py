"""Routing rules, for administrators: their order, what they ask, what they would have caught."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.routing import Rule, RuleError, validate_rule
from surveys.routing_changes import changes_between
from vocapp.database import snapshot, utcnow, uuid7
from vocapp.following_up import (
    queries,
    rule_showing,
    rule_versions,
    rule_wording,
    rules,
    wording,
)
from vocapp.following_up.forms import RuleForm
from vocapp.following_up.rule_segments import segments_of
from vocapp.following_up.rule_wording import Labels
from vocapp.following_up.rules import NewRule
from vocapp.following_up.views import blueprint
from vocapp.problems import Conflict
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.understanding.service import make_sure_of_themes
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.office.queries import has_working_hours
from vocapp.workspaces.taking_back import said_undone

_VERSIONS_PAGE = 30


def _make_sure_of_what_rules_say() -> None:
    """The rules, and the themes that those of the product name.

    A form without these themes would save a rule without its condition.
    """
    make_sure_of_themes(current_workspace.id, now=utcnow())
    rules.make_sure_of_rules(current_workspace.id, now=utcnow())


@blueprint.get("/settings/routing")
@signed_in("admin")
def routing() -> str:
    """The rules in order; the first that fits decides."""
    _make_sure_of_what_rules_say()
    with snapshot() as session:
        shown = rule_showing.rule_list(session, current_workspace.id, now=utcnow())
    return render_template(
        "following_up/rules.html",
        shown=shown,
        teams=wording.TEAMS,
        priorities=wording.PRIORITIES,
        owners=rule_wording.owner_words(current_workspace.id),
        words=rule_wording,
        labels=rule_wording.labels_of(current_workspace.id),
        in_working_hours=has_working_hours(current_workspace.id),
    )


@blueprint.route("/settings/routing/new", methods=["GET", "POST"])
@signed_in("admin")
def new_rule() -> Any:
    return _rule_page(None)


@blueprint.route("/settings/routing/<uuid:rule_id>", methods=["GET", "POST"])
@signed_in("admin")
def edit_rule(rule_id: UUID) -> Any:
    return _rule_page(rule_id)


def _rule_page(rule_id: UUID | None) -> Any:
    """The form; it saves, or only tries out what it holds."""
    _make_sure_of_what_rules_say()
    stored = queries.rule_row(current_workspace.id, rule_id) if rule_id else None
    form = RuleForm()
    labels = rule_wording.labels_of(current_workspace.id)
    form.offer(
        [(key, labels.theme(key)) for key in labels.themes],
        labels.offered_segments(segments_of(stored.condition) if stored else []),
        rule_wording.people_of(current_workspace.id),
    )
    if request.method == "GET" and stored is not None:
        form.show(wording.rule_name(stored.key, stored.name), stored.condition, stored.outcome)
    key = stored.key if stored else f"rule-{uuid7().hex[-12:]}"
    if request.method == "POST" and not form.validate():
        return _form_page(form, labels, stored, None), 422
    rule = _checked(form, key) if request.method == "POST" or stored else None
    if request.method == "POST" and rule is None:
        return _form_page(form, labels, stored, None), 422
    if request.method == "GET" or rule is None or request.form.get("action") == "preview":
        return _form_page(form, labels, stored, rule)
    try:
        version = rules.save_rule(
            current_workspace.id, NewRule(str(form.name.data), rule), rule_id=rule_id,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("A workspace has at most %(count)s rules.", count=rules.MAX_RULES), kind="error")
        return _form_page(form, labels, stored, rule), Conflict.status
    _say(version, _("The rule has been saved. It holds for answers from now on."))
    return _to_rules()


def _checked(form: RuleForm, key: str) -> Rule | None:
    """The rule of a form, or None with the wrong field marked."""
    try:
        return validate_rule(form.as_rule(key))
    except RuleError as error:
        name = error.field.rpartition(".")[2]
        wrong = name if name in form else "attribute"
        form[wrong].errors = [_("This cannot be used. Look at it again.")]
        return None


def _form_page(form: RuleForm, labels: Labels, stored: Any, rule: Rule | None) -> str:
    shown = None
    if rule is not None:
        name = str(form.name.data)
        with snapshot() as session:
            shown = rule_showing.tried_out(
                session, current_workspace.id, rule, name=name, now=utcnow()
            )
    return render_template(
        "following_up/rule.html",
        form=form,
        stored=stored,
        shown=shown,
        labels=labels,
        words=rule_wording,
    )


@blueprint.post("/settings/routing/<uuid:rule_id>/change")
@signed_in("admin")
def change_rule(rule_id: UUID) -> Any:
    """Up, down, on, off or away."""
    of: dict[str, Any] = {"actor_user_id": current_user.id, "now": utcnow()}
    action = request.form.get("action", "")
    if action in {"up", "down"}:
        version = rules.move_rule(
            current_workspace.id, rule_id, step=-1 if action == "up" else 1, **of
        )
        _say(version, _("The order has been changed."))
    elif action in {"on", "off"}:
        version = rules.switch_rule(current_workspace.id, rule_id, enabled=action == "on", **of)
        _say(
            version, _("The rule is in use.") if action == "on" else _("The rule is switched off.")
        )
    elif action == "remove":
        try:
            version = rules.remove_rule(current_workspace.id, rule_id, **of)
        except Conflict:
            notice(_("The last rule stays; switch it off instead."), kind="warning")
        else:
            _say(version, _("The rule has been removed. Its follow-ups stay."))
    return _to_rules()


def _say(version: int, text: str) -> None:
    """What was done, what it would have changed lately, and a button that takes it back."""
    with snapshot() as session:
        count, days = rule_showing.moved_by_version(
            session, current_workspace.id, version, now=utcnow()
        )
    told = ngettext(
        "%(num)s answer of the last %(days)s days would go elsewhere.",
        "%(num)s answers of the last %(days)s days would go elsewhere.",
        count,
        days=days,
    )
    token = rule_versions.undo_of(current_workspace.id, version, actor_user_id=current_user.id)
    notice(f"{text} {told}", undo_url=url_for(".undo_rules", token=token))


@blueprint.post("/settings/routing/undo")
@signed_in("admin")
def undo_rules() -> Any:
    """Put back what was before a change, unless the rules were changed since."""
    with said_undone():
        rule_versions.undo(
            current_workspace.id, request.args.get("token", ""),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return _to_rules()


@blueprint.get("/settings/routing/versions")
@signed_in("admin")
def rule_versions_page() -> str:
    """Who changed what and when, the newest first."""
    with snapshot() as session:
        found = rule_versions.versions(
            session, current_workspace.id, limit=_VERSIONS_PAGE,
            before=request.args.get("before", type=int),
        )  # fmt: skip
        latest = rule_versions.latest_version(session, current_workspace.id)
    owners = rule_wording.owner_words(current_workspace.id)
    labels = rule_wording.labels_of(current_workspace.id)
    lines = [
        [
            rule_wording.version_in_words(change, owners, labels)
            for change in changes_between(version.before or version.rules, version.rules)
        ]
        for version in found
    ]
    return render_template(
        "following_up/rule_versions.html", versions=list(zip(found, lines, strict=True)),
        latest=latest,
    )  # fmt: skip


@blueprint.post("/settings/routing/versions/<int:number>/restore")
@signed_in("admin")
def restore_rules(number: int) -> Any:
    """Put a version back, as a new one."""
    version = rule_versions.restore(
        current_workspace.id, number, actor_user_id=current_user.id, now=utcnow()
    )
    _say(version, _("The rules are again as in version %(number)s.", number=number))
    return _to_rules()


def _to_rules() -> Response:
    return redirect(url_for(".routing"), 303)
