"""Pages: answers that may not have been a person's, until somebody has decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.api_documents import moment_and_id, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting import held_queries, holding
from vocapp.database import utcnow
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("held", __name__, template_folder="templates")
PAGE_SIZE = 50
_ROLES = ("admin", "product", "success")

STATE_WORDS = {
    "held": _l("Held"),
    "over_quota": _l("Over quota"),
    "put_aside": _l("Put aside"),
    "counted": _l("Counted"),
    "overtaken": _l("Answered since"),
}
REASON_WORDS = {
    "hidden_link": _l("A link was followed that people cannot see."),
    "many_scores": _l("Three or more numbers of the scale were opened at about the same time."),
    "too_fast": _l("The button was pressed less than two seconds after the page was there."),
    "group_full": _l("The quota of its group was full when it came."),
}


@blueprint.get("/held-answers")
@signed_in(*_ROLES, within_own_accounts=True)
def answers() -> Any:
    """What stands aside, the latest on top, of all surveys or of one."""
    # What surveys there are is told to nobody who sees own accounts only.
    key = None if current_user.only_own_accounts else request.args.get("survey") or None
    survey = survey_by_key(current_workspace.id, key) if key else None
    survey_id = survey.id if survey else None
    state = request.args.get("state", "held")
    state = state if state in STATE_WORDS else "held"
    cursor = read_cursor(request.args.get("cursor"), moment_and_id)
    rows = held_queries.held_answers(
        current_workspace.id, state, reach=current_user.reach, survey_id=survey_id,
        limit=PAGE_SIZE + 1, before=cursor,
    )  # fmt: skip
    counts = held_queries.held_counts(
        current_workspace.id, reach=current_user.reach, survey_id=survey_id
    )
    address: dict[str, Any] = {"survey": key, "state": state if state != "held" else None}
    following = None
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        following = sign("cursor", [last.pressed_at.isoformat(), str(last.id)])
    return render_template(
        "collecting/held.html",
        rows=rows[:PAGE_SIZE],
        counts=counts,
        state=state,
        state_words=STATE_WORDS,
        reason_words=REASON_WORDS,
        survey=survey,
        next_url=url_for(".answers", **address, cursor=following) if following else None,
        first_url=url_for(".answers", **address) if cursor else None,
    )


@blueprint.post("/held-answers/count")
@signed_in(*_ROLES, within_own_accounts=True)
def count() -> Any:
    """They were people's: they count from now on."""
    decided = _decide(holding.let_count)
    if decided:
        n = len(decided)
        notice(ngettext("%(num)s answer counts now.", "%(num)s answers count now.", n))
    else:
        notice(_("Nothing was changed."), kind="info")
    return _back()


@blueprint.post("/held-answers/put-aside")
@signed_in(*_ROLES, within_own_accounts=True)
def put_aside() -> Any:
    """They were not: they stay out of the numbers."""
    decided = _decide(holding.put_aside)
    words = ngettext(
        "%(num)s answer was put aside.", "%(num)s answers were put aside.", len(decided)
    )
    say_done(words, _token(decided) if decided else None)
    return _back()


@blueprint.post("/held-answers/undo")
@signed_in(*_ROLES, within_own_accounts=True)
def undo() -> Any:
    """Have them held again."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), "held_answers", current_workspace.id, current_user.id
        )
        holding.take_back(
            current_workspace.id, [UUID(hex=each) for each in told["ids"]],
            reach=current_user.reach, actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return _back()


def _decide(act: Callable[..., list[UUID]]) -> list[UUID]:
    ids = []
    for text in request.form.getlist("id")[:PAGE_SIZE]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return act(
        current_workspace.id, ids, reach=current_user.reach, actor_user_id=current_user.id,
        now=utcnow(),
    )  # fmt: skip


def _token(ids: list[UUID]) -> str:
    return undo_token(
        "held_answers", current_workspace.id, current_user.id, ids=[each.hex for each in ids]
    )


def _back() -> Any:
    return redirect(next_path() or url_for(".answers"), 303)
