"""One case: what a person needs before calling, what happened, what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for

from vocapp.database import utcnow
from vocapp.following_up import queries, snoozing, wording
from vocapp.following_up.asking_again.wording import plan_words, reason_text
from vocapp.following_up.beside import Glance, glance_at
from vocapp.following_up.calls import people_of
from vocapp.following_up.case_queries import CaseDetail, case_detail
from vocapp.following_up.line_wording import Names, line_in_words
from vocapp.following_up.queries import AccountFacts, Person
from vocapp.following_up.views import (
    blueprint,
    choices_of,
    filters_of_address,
    kept,
    shared_values,
    sort_of_address,
    workspace_zone,
)
from vocapp.following_up.writing.showing import writing_values
from vocapp.people.reaching import sees_account
from vocapp.translating import gettext as _
from vocapp.ui.formats import word_list
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.reach import WholeWorkspace

_BESIDE = 25
_NAMED = 5  # of the colleagues who can be mentioned, as examples


@blueprint.get("/follow-ups/<uuid:follow_up_id>")
@signed_in(within_own_accounts=True)
def case(follow_up_id: UUID) -> str:
    """One case, the list beside it."""
    return case_page(follow_up_id)


def case_page(follow_up_id: UUID, *, part: str | None = None, **typed: Any) -> str:
    """The page; part: which form is open; typed: what a refused one held, and what is wrong."""
    filters, now = filters_of_address(), utcnow()
    detail = case_detail(current_workspace.id, follow_up_id, reach=current_user.reach)
    beside = queries.queue(
        current_workspace.id, filters, reach=current_user.reach, now=now, sort=sort_of_address(),
        limit=_BESIDE,
    )  # fmt: skip
    shared = shared_values(filters, now)
    names = Names(dict(shared["people"]), shared["rule_names"])
    is_within = _sees_account(detail)
    return render_template(
        "following_up/case.html",
        detail=detail,
        row=detail.row,
        look=_glance(detail.row.account, now) if is_within else None,
        rows=beside,
        typed=typed,
        due_local=_on_clock(detail.row.real_due),
        snooze_choices=snoozing.choices(now, current_workspace.time_zone),
        opened_part=part or request.args.get("open"),
        talk_people=people_of(
            current_workspace.id,
            _id(detail.row.account) if is_within else None,
            _id(detail.row.contact),
        ),
        ways=choices_of(wording.WAYS),
        now_local=_on_clock(now),
        mentionable=word_list([f"@{name}" for _id, name in shared["people"][:_NAMED]]),
        back_url=_back_url(),
        outcomes=choices_of(wording.OUTCOMES),
        root_causes=[("", _("Not said")), *choices_of(wording.ROOT_CAUSES)],
        outcome_words=wording.OUTCOMES,
        cause_words=wording.ROOT_CAUSES,
        suggestion=wording.suggestion_in_words,
        theme_text=lambda theme: wording.theme_label(theme["key"], {theme["key"]: theme["label"]}),
        plan_words=plan_words,
        plan_reason=reason_text,
        line_words=lambda line: line_in_words(line, names),
        **writing_values(detail, typed.get("letter")),
        **shared,
    )


def _glance(account: AccountFacts | None, now: datetime) -> Glance | None:
    """The account at a glance, for readers who may open its page."""
    if account is None or not may_open("succeeding.account"):
        return None
    return glance_at(current_workspace.id, account.id, now=now)


def _sees_account(detail: CaseDetail) -> bool:
    """Of a case that was given to somebody who is limited to own accounts, they see who it is
    about, and not who else is there."""
    account, reach = detail.row.account, current_user.reach
    if account is None or isinstance(reach, WholeWorkspace):
        return True
    return sees_account(reach, current_workspace.id, account.id)


def _on_clock(at: datetime) -> str:
    """An instant as a field for date and time takes it, on the workspace's clock."""
    return at.astimezone(workspace_zone()).strftime("%Y-%m-%dT%H:%M")


def _id(thing: AccountFacts | Person | None) -> UUID | None:
    return thing.id if thing else None


def _back_url() -> str | None:
    """Where a form leads that was opened from the list by a key: back there."""
    return url_for(".queue", **kept()) if request.args.get("open") else None
