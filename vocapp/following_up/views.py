"""The success manager's pages: whom to call now and why; one case; what was done about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.following_up import queries, service, wording
from vocapp.following_up.models import FOLLOW_UP_STATES, TEAMS
from vocapp.following_up.opening import ACTIVE_STATES
from vocapp.following_up.queries import Filters
from vocapp.following_up.service import Change, Done
from vocapp.problems import BadInput, Conflict
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, is_local_path, signed_in
from vocapp.workspaces.queries import members

blueprint = Blueprint("following_up", __name__, template_folder="templates")

_PAGE, _BESIDE = 50, 25
_SORTS = ("-priority", "due_at")
_FILTER_NAMES = ("state", "owner", "team", "theme", "overdue", "q", "sort")


# --- reading the address ------------------------------------------------------------------


def _filters() -> Filters:
    """The filters that stand in the address; what is not understood is left out."""
    args = request.args
    state = args.get("state", "active")
    states = {"active": ACTIVE_STATES, "all": ()}.get(
        state, (state,) if state in FOLLOW_UP_STATES else ACTIVE_STATES
    )
    team = args.get("team")
    return Filters(
        states=states,
        team=team if team in TEAMS else None,
        owner=_owner(args.get("owner", "")),
        theme=args.get("theme") or None,
        overdue=bool(args.get("overdue")),
        search=args.get("q", "").strip()[:100] or None,
    )


def _owner(text: str) -> UUID | str | None:
    if text == "mine":
        return current_user.id
    return text if text == "unassigned" else _uuid(text)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _sort() -> str:
    wanted = request.args.get("sort", "")
    return wanted if wanted in _SORTS else "-priority"


def _kept(**changed: Any) -> dict[str, Any]:
    """The filters of this address, some of them changed; empty ones are left out."""
    kept = {name: request.args.get(name) for name in _FILTER_NAMES} | changed
    return {name: value for name, value in kept.items() if value}


# --- pages --------------------------------------------------------------------------------


@blueprint.get("/follow-ups")
@signed_in(within_own_accounts=True)
def queue() -> str:
    """Whom do I call now, and why."""
    filters, sort, now = _filters(), _sort(), utcnow()
    after = read_cursor(request.args.get("cursor"), lambda value: queries.after_of(value, sort))
    rows = queries.queue(
        current_workspace.id, filters, reach=current_user.reach, now=now, sort=sort,
        limit=_PAGE + 1, after=after,
    )  # fmt: skip
    shown = rows[:_PAGE]
    cursor = sign("cursor", queries.cursor_of(shown[-1], sort)) if len(rows) > _PAGE else None
    return render_template(
        "following_up/queue.html",
        rows=shown,
        next_url=url_for(".queue", **_kept(cursor=cursor)) if cursor else None,
        first_url=url_for(".queue", **_kept()) if after else None,
        **_common(filters, now),
    )


@blueprint.get("/follow-ups/<uuid:follow_up_id>")
@signed_in(within_own_accounts=True)
def case(follow_up_id: UUID) -> str:
    """One case, the list beside it."""
    return _case_page(follow_up_id)


def _case_page(follow_up_id: UUID, **typed: Any) -> str:
    filters, sort, now = _filters(), _sort(), utcnow()
    reach = current_user.reach
    detail = queries.case_detail(current_workspace.id, follow_up_id, reach=reach)
    beside = queries.queue(
        current_workspace.id, filters, reach=reach, now=now, sort=sort, limit=_BESIDE
    )
    return render_template(
        "following_up/case.html",
        detail=detail,
        row=detail.row,
        rows=beside,
        typed=typed,
        due_local=detail.row.due_at.astimezone(_zone()).strftime("%Y-%m-%dT%H:%M"),
        outcomes=_choices(wording.OUTCOMES),
        root_causes=[("", _("Not said")), *_choices(wording.ROOT_CAUSES)],
        outcome_words=wording.OUTCOMES,
        cause_words=wording.ROOT_CAUSES,
        suggestion=wording.suggestion_in_words,
        theme_text=lambda theme: wording.theme_label(theme["key"], {theme["key"]: theme["label"]}),
        line_words=_line_in_words,
        **_common(filters, now),
    )


def _common(filters: Filters, now: datetime) -> dict[str, Any]:
    """What the list and the case both show."""
    themes = queries.theme_labels(current_workspace.id)
    names = queries.rule_names(current_workspace.id)
    people = [(str(each.user_id), each.name) for each in members(current_workspace.id)]
    return {
        "filters": filters,
        "sort": _sort(),
        "now": now,
        "kept": _kept,
        "tabs_of": _tabs(filters, now),
        "is_filtered": any(
            (filters.team, filters.owner, filters.theme, filters.overdue, filters.search)
        ),
        "people": people,
        "owner_choices": [
            ("", _("Everybody")), ("mine", _("Mine")), ("unassigned", _("Nobody yet")), *people,
        ],
        "team_choices": [("", _("All teams")), *_choices(wording.TEAMS)],
        "theme_choices": [
            ("", _("All themes")), *((key, wording.theme_label(key, themes)) for key in themes),
        ],
        "states": wording.STATES,
        "teams": wording.TEAMS,
        "reason": lambda row: wording.reason_in_words(row.reasons, themes),
        "who": lambda row: row.who or _("Anonymous"),
        "rule": lambda key: wording.rule_name(key, names.get(key)),
        "rule_names": names,
        "may_act": current_user.role in {"admin", "success", "product"},
    }  # fmt: skip


def _tabs(filters: Filters, now: datetime) -> list[tuple[Any, ...]]:
    counts = queries.counts_by_state(
        current_workspace.id, filters, reach=current_user.reach, now=now
    )
    active = sum(counts.get(state, 0) for state in ACTIVE_STATES)
    chosen = request.args.get("state", "active")
    shown = [("active", _("To do"), active)]
    shown += [(key, str(label), counts.get(key, 0)) for key, label in wording.STATES.items()]
    return [
        (label, url_for(".queue", **_kept(state=key)), key == chosen, count)
        for key, label, count in shown
    ]


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(key, str(text)) for key, text in words.items()]


def _zone() -> ZoneInfo:
    return ZoneInfo(current_workspace.time_zone)


def _line_in_words(line: queries.Line, people: dict[str, str], rules: dict[str, str]) -> str:
    """One line of the timeline, without who and when."""
    to = line.detail.get("to", {})
    if line.kind == "opened":
        return str(_("Opened by the rule “%(rule)s”", rule=_rule_text(line, rules)))
    if line.kind == "routed":
        return str(_("Moved by the rule “%(rule)s”", rule=_rule_text(line, rules)))
    if line.kind == "state":
        return str(wording.STATES[to["state"]])
    if line.kind == "outcome":
        told = [
            wording.OUTCOMES.get(to.get("outcome")),
            wording.ROOT_CAUSES.get(to.get("root_cause")),
        ]
        return " · ".join(str(each) for each in told if each)
    if line.kind == "owner":
        owner = to.get("owner_user_id")
        return str(_("Owner: %(name)s", name=people.get(owner, "–") if owner else _("Nobody yet")))
    if line.kind == "suggestion":
        return _suggestion_line(line, rules)
    words = {
        "note": _("Note for colleagues"), "due": _("Due time changed"), "undone": _("Undone"),
    }  # fmt: skip
    return str(words[line.kind])


def _suggestion_line(line: queries.Line, rules: dict[str, str]) -> str:
    accepted = line.detail.get("accepted")
    if accepted is not None:
        return str(_("Suggestion taken") if accepted else _("Suggestion dismissed"))
    if "score" in line.detail:
        return str(_("The answer was changed to %(score)s", score=line.detail["score"]))
    return str(_("Suggested by the rule “%(rule)s”", rule=_rule_text(line, rules)))


def _rule_text(line: queries.Line, rules: dict[str, str]) -> str:
    key = str(line.detail.get("rule", ""))
    return wording.rule_name(key, rules.get(key))


# --- actions ------------------------------------------------------------------------------


@blueprint.post("/follow-ups/<uuid:follow_up_id>")
@signed_in("success", "product", within_own_accounts=True)
def change(follow_up_id: UUID) -> Any:
    """State, outcome, owner, due time or note: whatever the form holds."""
    version = request.form.get("version", type=int)
    try:
        done = service.change_follow_up(
            current_workspace.id,
            follow_up_id,
            _change_of_form(),
            reach=current_user.reach,
            expected_version=version,
            actor_user_id=current_user.id,
            now=utcnow(),
        )
    except Conflict:
        notice(
            _("Somebody changed this follow-up meanwhile. Nothing of yours was saved; "
              "look at it as it is now and try again."),
            kind="warning",
        )  # fmt: skip
        return redirect(url_for(".case", follow_up_id=follow_up_id), 303)
    except BadInput as problem:
        names = {error.field for error in problem.errors}
        notice(_bad_words(names), kind="error")
        return _case_page(follow_up_id, note=request.form.get("note", "")), problem.status
    _say_done(done)
    return _back(follow_up_id)


def _bad_words(names: set[str]) -> str:
    if "due_at" in names:
        return str(_("Nothing was saved: the due time cannot be read."))
    if "note" in names:
        return str(_("Nothing was saved: write a note of 1 to 10,000 characters."))
    return str(_("Nothing was saved: choose one of the values of the list."))


def _change_of_form() -> Change:
    form = request.form
    owner = form.get("owner")
    return Change(
        state=form.get("state") or None,
        outcome=form.get("outcome") or None,
        root_cause=form.get("root_cause") or None,
        owner_user_id=_chosen_owner(owner) if owner else None,
        unassign=owner == "",
        due_at=_instant(form["due_at"]) if form.get("due_at") else None,
        note=form.get("note"),
    )


def _chosen_owner(text: str) -> UUID:
    found = current_user.id if text == "mine" else _uuid(text)
    if found is None:
        raise BadInput.of("owner", "not a member of this workspace")
    return found


def _instant(text: str) -> datetime:
    """What a person typed on the workspace's clock."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=_zone()).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise BadInput.of("due_at", "expected a date and time") from exc


@blueprint.post("/follow-ups/<uuid:follow_up_id>/suggestion")
@signed_in("success", "product", within_own_accounts=True)
def suggestion(follow_up_id: UUID) -> Any:
    """Take or dismiss what later words suggest."""
    try:
        done = service.take_suggestion(
            current_workspace.id,
            follow_up_id,
            reach=current_user.reach,
            accept=request.form.get("verdict") == "accept",
            expected_version=request.form.get("version", type=int),
            actor_user_id=current_user.id,
            now=utcnow(),
        )
    except Conflict:
        notice(_("The suggestion is no longer there."), kind="warning")
    else:
        _say_done(done)
    return _back(follow_up_id)


@blueprint.post("/follow-ups/bulk")
@signed_in("success", "product", within_own_accounts=True)
def bulk() -> Any:
    """The same change to all that are selected; ids of others are as if absent."""
    ids = [found for text in request.form.getlist("id") if (found := _uuid(text))]
    try:
        wanted = _change_of_form()
        done = service.change_follow_ups(
            current_workspace.id, ids, wanted, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput:
        notice(_("Nothing was changed: choose what to do."), kind="error")
    else:
        _say_done(done)
    return _back()


@blueprint.post("/follow-ups/undo/<token>")
@signed_in("success", "product", within_own_accounts=True)
def undo(token: str) -> Any:
    try:
        count = service.undo(
            current_workspace.id, token, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("This can no longer be undone: ten minutes have passed, or it was changed since."),
            kind="warning",
        )
    else:
        notice(ngettext("Undone.", "Undone for %(num)s follow-ups.", count))
    return _back()


def _say_done(done: Done) -> None:
    if not done.changed:
        notice(_("Nothing was changed."), kind="info")
        return
    text = ngettext("Saved.", "Saved for %(num)s follow-ups.", done.changed)
    undo_url = url_for(".undo", token=done.undo, next=_next_path()) if done.undo else None
    notice(text, undo_url=undo_url)


def _next_path() -> str:
    """Where the form stood: said by it, else by the browser for this same site."""
    target = request.form.get("next") or request.args.get("next") or ""
    if not target and request.referrer:
        parts = urlsplit(request.referrer)
        if parts.netloc == request.host:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return target if is_local_path(target) else ""


def _back(follow_up_id: UUID | None = None) -> Response:
    """To where the form stood; to the list from a case that was just given away."""
    if follow_up_id is None:
        return redirect(_next_path() or url_for(".queue"), 303)
    if not queries.has_case(current_workspace.id, follow_up_id, reach=current_user.reach):
        return redirect(url_for(".queue"), 303)
    return redirect(_next_path() or url_for(".case", follow_up_id=follow_up_id), 303)
