"""After how long, and to whom, what is overdue is passed on; and that somebody knows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from vocapp.database import snapshot, utcnow
from vocapp.following_up import escalating, wording
from vocapp.following_up.action_views import back_to, say_done
from vocapp.following_up.escalating import Rule
from vocapp.following_up.views import blueprint, uuid_or_none
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.office.queries import has_working_hours
from vocapp.workspaces.queries import members


@blueprint.route("/settings/routing/escalation", methods=["GET", "POST"])
@signed_in("admin")
def escalation() -> Any:
    """A line a team: hours past the due time, and a person; empty hours pass nothing on."""
    typed, wrong = dict[str, tuple[str, str]](), dict[str, str]()
    if request.method == "POST":
        typed = {
            team: (
                request.form.get(f"hours-{team}", "").strip(),
                request.form.get(f"to-{team}", ""),
            )
            for team in wording.TEAMS
        }
        wrong = _saved(typed)
        if not wrong:
            notice(_("Saved."))
            return redirect(url_for(".escalation"), 303)
    else:
        with snapshot() as session:
            rules = escalating.rules_of(session, current_workspace.id)
        typed = {team: (str(rule.after_hours), str(rule.user_id)) for team, rule in rules.items()}
    page = render_template(
        "following_up/escalation.html", typed=typed, wrong=wrong, teams=wording.TEAMS,
        most=escalating.MAX_HOURS, in_working_hours=has_working_hours(current_workspace.id),
        people=[(str(each.user_id), each.name) for each in members(current_workspace.id)],
    )  # fmt: skip
    return page, 422 if wrong else 200


def _saved(typed: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Team → what is wrong with its line; empty where all was saved."""
    words = str(
        _("Give 1 to %(most)s hours and somebody of this workspace.", most=escalating.MAX_HOURS)
    )
    rules, wrong = dict[str, Rule](), dict[str, str]()
    for team, (hours, person) in typed.items():
        user_id = uuid_or_none(person)
        if not hours:
            continue
        if not hours.isascii() or not hours.isdigit() or len(hours) > 4 or user_id is None:
            wrong[team] = words
        else:
            rules[team] = Rule(int(hours), user_id)
    if wrong:
        return wrong
    try:
        escalating.save_rules(
            current_workspace.id, rules, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        return {error.field: words for error in problem.errors}
    return {}


@blueprint.post("/follow-ups/<uuid:follow_up_id>/acknowledge")
@signed_in("success", "product", within_own_accounts=True)
def acknowledge(follow_up_id: UUID) -> Any:
    """Somebody knows that it is overdue; it leaves their first page."""
    try:
        done = escalating.acknowledge(
            current_workspace.id, follow_up_id, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("Nothing was changed."), kind="info")
    else:
        say_done(done, str(_("Noted. It stays overdue until it is done.")))
    return back_to(follow_up_id)
