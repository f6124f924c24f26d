"""Routing rules, for administrators: their order, what they ask, what they would have caught."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.routing import Facts, Rule, RuleError, first_match, matches, validate_rule
from vocapp.database import snapshot, utcnow, uuid7
from vocapp.following_up import queries, rules, wording
from vocapp.following_up.facts import known_since
from vocapp.following_up.forms import CATEGORY_WORDS, KINDS, SENTIMENT_WORDS, RuleForm
from vocapp.following_up.rules import NewRule
from vocapp.following_up.views import blueprint
from vocapp.problems import Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.queries import members

PREVIEW_DAYS, PREVIEW_MOST = 30, 2000


@blueprint.get("/settings/routing")
@signed_in("admin")
def routing() -> str:
    """The rules in order; the first that fits decides."""
    rules.make_sure_of_rules(current_workspace.id, now=utcnow())
    with snapshot() as session:
        stored = rules.stored_rules(session, current_workspace.id)
        in_use = rules.enabled_rules(session, current_workspace.id)
    facts = _recent_facts()
    won = [found.key for each in facts if (found := first_match(in_use, each))]
    return render_template(
        "following_up/rules.html",
        rules=[row | {"won": won.count(row["key"])} for row in stored],
        answers=len(facts),
        days=PREVIEW_DAYS,
        name=lambda row: wording.rule_name(row["key"], row["name"]),
        teams=wording.TEAMS,
        priorities=wording.PRIORITIES,
        owner_words=_owner_words(),
        conditions=_conditions_in_words,
        labels=queries.theme_labels(current_workspace.id),
    )


def _recent_facts() -> list[Facts]:
    since = utcnow() - timedelta(days=PREVIEW_DAYS)
    with snapshot() as session:
        known = known_since(session, current_workspace.id, since, limit=PREVIEW_MOST)
        return [each.facts() for each in known.values()]


def _people() -> list[tuple[str, str]]:
    return [(str(each.user_id), each.name) for each in members(current_workspace.id)]


def _owner_words() -> dict[str, str]:
    return {key: str(text) for key, text in wording.OWNER_RULES.items()} | dict(_people())


def _conditions_in_words(when: dict[str, Any], labels: wording.ThemeLabels) -> list[str]:
    """Each condition of a rule as a short line."""
    words: list[str] = []
    for name, known in (
        ("kind", dict(KINDS)), ("category", CATEGORY_WORDS), ("sentiment", SENTIMENT_WORDS),
    ):  # fmt: skip
        if name in when:
            words.append(_either([str(known[value]) for value in when[name]]))
    if "score_at_least" in when:
        words.append(str(_("Score of %(score)s or more", score=when["score_at_least"])))
    if "score_at_most" in when:
        words.append(str(_("Score of %(score)s or less", score=when["score_at_most"])))
    if "theme" in when:
        words.append(_either([wording.theme_label(key, labels) for key in when["theme"]]))
    for key, values in when.get("attribute", {}).items():
        words.append(f"{key}: {_either([value or '–' for value in values])}")
    if "text_any" in when:
        words.append(_either([f"“{word}”" for word in when["text_any"]]))
    return words


def _either(values: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(values[:most])
    more = len(values) - most
    return str(_("%(shown)s and %(count)s more", shown=shown, count=more)) if more > 0 else shown


@blueprint.route("/settings/routing/new", methods=["GET", "POST"])
@signed_in("admin")
def new_rule() -> Any:
    return _rule_page(None)


@blueprint.route("/settings/routing/<uuid:rule_id>", methods=["GET", "POST"])
@signed_in("admin")
def edit_rule(rule_id: UUID) -> Any:
    return _rule_page(rule_id)


def _rule_page(rule_id: UUID | None) -> Any:
    """The form; it saves, or only counts what it would have caught."""
    stored = queries.rule_row(current_workspace.id, rule_id) if rule_id else None
    form = RuleForm()
    labels = queries.theme_labels(current_workspace.id)
    form.offer([(key, wording.theme_label(key, labels)) for key in labels], _people())
    if request.method == "GET" and stored is not None:
        form.show(wording.rule_name(stored.key, stored.name), stored.condition, stored.outcome)
    key = stored.key if stored else f"rule-{uuid7().hex[-12:]}"
    if request.method == "POST" and not form.validate():
        return _form_page(form, stored, None), 422
    rule = _checked(form, key) if request.method == "POST" or stored else None
    if request.method == "POST" and rule is None:
        return _form_page(form, stored, None), 422
    if request.method == "GET" or rule is None or request.form.get("action") == "preview":
        return _form_page(form, stored, rule)
    try:
        rules.save_rule(
            current_workspace.id, NewRule(str(form.name.data), rule), rule_id=rule_id,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("A workspace has at most %(count)s rules.", count=rules.MAX_RULES), kind="error")
        return _form_page(form, stored, rule), Conflict.status
    notice(_("The rule has been saved. It holds for answers from now on."))
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


def _form_page(form: RuleForm, stored: Any, rule: Rule | None) -> str:
    facts = _recent_facts() if rule is not None else []
    return render_template(
        "following_up/rule.html",
        form=form,
        stored=stored,
        matched=sum(matches(rule, each) for each in facts) if rule is not None else None,
        answers=len(facts),
        days=PREVIEW_DAYS,
    )


@blueprint.post("/settings/routing/<uuid:rule_id>/change")
@signed_in("admin")
def change_rule(rule_id: UUID) -> Any:
    """Up, down, on, off or away."""
    actor, now = current_user.id, utcnow()
    action = request.form.get("action", "")
    if action in {"up", "down"}:
        rules.move_rule(
            current_workspace.id,
            rule_id,
            step=-1 if action == "up" else 1,
            actor_user_id=actor,
            now=now,
        )
        notice(_("The order has been changed."))
    elif action in {"on", "off"}:
        rules.switch_rule(
            current_workspace.id, rule_id, enabled=action == "on", actor_user_id=actor, now=now
        )
        notice(_("The rule is in use.") if action == "on" else _("The rule is switched off."))
    elif action == "remove":
        try:
            rules.remove_rule(current_workspace.id, rule_id, actor_user_id=actor, now=now)
        except Conflict:
            notice(_("The last rule stays; switch it off instead."), kind="warning")
        else:
            notice(_("The rule has been removed. Its follow-ups stay."))
    return _to_rules()


def _to_rules() -> Response:
    return redirect(url_for(".routing"), 303)
