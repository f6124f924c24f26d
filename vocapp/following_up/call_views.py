"""The short form for a call or meeting that took place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from vocapp.database import utcnow
from vocapp.following_up import calls
from vocapp.following_up.action_views import back_to, read_instant, say_done
from vocapp.following_up.calls import Talk
from vocapp.following_up.case_views import case_page
from vocapp.following_up.views import blueprint, uuid_or_none
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in


@blueprint.post("/follow-ups/<uuid:follow_up_id>/calls")
@signed_in("success", "product", within_own_accounts=True)
def log_call(follow_up_id: UUID) -> Any:
    """Put a call, meeting or chat into the timeline."""
    try:
        done = calls.log_talk(
            current_workspace.id, follow_up_id, _talk_of_form(), reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        notice(_("Nothing was saved yet. Look at the fields that are marked."), kind="error")
        wrong = {error.field: _wrong_words(error.field) for error in problem.errors}
        page = case_page(follow_up_id, part="call", call=request.form, wrong=wrong)
        return page, problem.status
    say_done(done, str(_("Written down.")))
    return back_to(follow_up_id)


def _talk_of_form() -> Talk:
    form = request.form
    held = form.get("held_at", "").strip()
    person = form.get("contact") or None
    chosen = uuid_or_none(person) if person else None
    if person and chosen is None:
        raise BadInput.of("contact", "nobody of this account")
    return Talk(
        way=form.get("way", ""),
        reached=form.get("reached") == "yes",
        held_at=read_instant(held, "held_at") if held else utcnow(),
        with_contact_id=chosen,
        note=form.get("note", ""),
    )


def _wrong_words(field: str) -> str:
    words = {
        "held_at": _("Give a time within the last year, up to now."),
        "note": _("At most 10,000 characters."),
    }
    return str(words.get(field, _("Choose one of the list.")))
