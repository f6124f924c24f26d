"""The rooms of a customer: all accounts, and one account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.following_up.wording import STATES
from vocapp.people.events.queries import Used, used_of_late
from vocapp.people.merging.queries import count_suggestions
from vocapp.problems import BadInput
from vocapp.signing import sign
from vocapp.succeeding import queries, service, wording
from vocapp.succeeding.contacts.wording import departure_text, role_word
from vocapp.succeeding.goals.showing import goals_shown
from vocapp.succeeding.health import queries as healths
from vocapp.succeeding.health import wording as health_wording
from vocapp.succeeding.health.keeping import ask_first
from vocapp.succeeding.one_account import account_detail
from vocapp.succeeding.one_account import activity as activity_of
from vocapp.succeeding.parents.queries import family
from vocapp.succeeding.playbooks.showing import tasks_shown
from vocapp.succeeding.playbooks.wording import reason_words
from vocapp.succeeding.renewals.showing import renewal_shown
from vocapp.succeeding.stages import STAGES, stage_of
from vocapp.succeeding.story import wording as story_wording
from vocapp.succeeding.story.places import FILTERS, Place
from vocapp.succeeding.story.queries import timeline
from vocapp.succeeding.story.wording import FILTER_WORDS, may_remove
from vocapp.succeeding.team.queries import team_of
from vocapp.succeeding.touchpoints.showing import touchpoints_shown
from vocapp.succeeding.wording import DUTY_WORDS
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import word_list
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.queries import Colleague, colleagues

blueprint = Blueprint("succeeding", __name__, template_folder="templates")

_PAGE, _STORY = 50, 20
_NAMED = 5  # of the colleagues who can be mentioned, as examples
_SOON = timedelta(days=60)


@blueprint.get("/accounts")
@signed_in(within_own_accounts=True)
def accounts() -> str:
    """How are our customers, and who looks after them."""
    search = request.args.get("q", "").strip()[:100]
    sort = request.args.get("sort", "")
    sort = sort if sort in queries.SORTS else "name"
    owner = uuid_or_none(request.args.get("owner", ""))
    band = request.args.get("health", "")
    band = band if band in healths.CHOICES else ""
    offset = read_cursor(request.args.get("cursor"), int) or 0
    rows = queries.accounts(
        current_workspace.id, reach=current_user.reach, search=search, owner=owner,
        band=band or None, sort=sort, limit=_PAGE + 1, offset=offset,
    )  # fmt: skip
    kept: dict[str, Any] = {"q": search or None, "owner": owner, "health": band or None}
    if sort != "name":
        kept["sort"] = sort
    following = sign("cursor", offset + _PAGE) if len(rows) > _PAGE else None
    return render_template(
        "succeeding/accounts.html",
        rows=rows[:_PAGE],
        is_filtered=bool(search or owner or band),
        band=band,
        health_wording=health_wording,
        search=search,
        owner=str(owner or ""),
        owner_choices=[("", _("Everybody")), *_owner_choices()],
        sort=sort,
        sort_url=lambda name: url_for(".accounts", **{**kept, "sort": name}),
        total=queries.accounts_count(current_workspace.id, reach=current_user.reach),
        duplicates=_duplicates(),
        soon=(utcnow() + _SOON).date(),
        next_url=url_for(".accounts", **kept, cursor=following) if following else None,
        first_url=url_for(".accounts", **kept) if offset else None,
    )


def _duplicates() -> int | None:
    """How many pairs of people wait for a decision; None for those who do not decide."""
    if not may_open("merging.suggestions"):
        return None
    return count_suggestions(current_workspace.id)


@blueprint.get("/accounts/<path:external_id>")
@signed_in(within_own_accounts=True)
def account(external_id: str) -> str:
    """How is this customer."""
    return account_page(external_id)


def account_page(external_id: str, *, note: str = "", note_error: str | None = None) -> str:
    """note: what was typed where it could not be saved, and note_error why."""
    before = read_cursor(request.args.get("before"), Place.from_json)
    found = queries.account_by_key(current_workspace.id, external_id, reach=current_user.reach)
    # Before more is read: where it has to be asked for, what was read is read anew, row by row.
    health = _health(found.id)
    detail = account_detail(found, reach=current_user.reach)
    activity = activity_of(
        current_workspace.id, found.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    only = request.args.get("story")
    only = only if only in FILTERS else None
    story = timeline(
        current_workspace.id, found.id, only=only, before_place=before, weeks=activity.weeks,
        time_zone=current_workspace.time_zone, limit=_STORY + 1,
    )  # fmt: skip
    shown = story[:_STORY]
    older = sign("cursor", shown[-1].place.to_json()) if len(story) > _STORY else None
    here = partial(url_for, "succeeding.account", external_id=external_id, _anchor="story")
    kept: dict[str, Any] = {"story": only} if only else {}
    known = colleagues(current_workspace.id)
    return render_template(
        "succeeding/account.html",
        detail=detail,
        account=detail.account,
        activity=activity,
        stage=stage_of(
            detail.account,
            activity.subscriptions,
            time_zone=current_workspace.time_zone,
            now=utcnow(),
        ),
        stage_words=STAGES,
        family=family(detail.account, reach=current_user.reach, answers=detail.answers),
        wording=wording,
        health=health,
        health_wording=health_wording,
        story=shown,
        older_url=here(**kept, before=older) if older else None,
        first_url=here(**kept) if before else None,
        story_filters=[
            (word, here(story=key) if key else here(), key == (only or ""))
            for key, word in [("", _("Main events")), *FILTER_WORDS.items()]
        ],
        story_words=story_wording,
        used=_used(found.id) if only == "use" else None,
        only=only,
        answers_url=here(story="answers"),
        states=STATES,
        note=note,
        note_error=note_error,
        may_note=may_open("story.add"),
        may_remove_note=partial(may_remove, current_user),
        mentionable=word_list([f"@{each.name}" for each in known[:_NAMED]]),
        may_change=may_open("succeeding.change_owner"),
        owner_choices=[("", _("Nobody yet")), *_owner_choices(known)],
        team=team_of(current_workspace.id, found.id),
        duty_words=DUTY_WORDS,
        may_change_team=may_open("team.change"),
        team_choices=[("", _("Nobody yet")), *((str(m.user_id), m.name) for m in known)],
        **goals_shown(detail.account),
        **renewal_shown(detail.account),
        **touchpoints_shown(detail.account),
        **tasks_shown(detail.account),
        may_change_tasks=may_open("tasks.mark_done"),
        reason_words=reason_words,
        role_word=role_word,
        departure_text=departure_text,
    )


def _used(account_id: UUID) -> Sequence[Used]:
    return used_of_late(current_workspace.id, account_id, now=utcnow())


def _health(account_id: UUID) -> healths.Shown | None:
    """What is kept; where nothing is yet, it is asked for."""
    now = utcnow()
    found = healths.shown(
        current_workspace.id, account_id, time_zone=current_workspace.time_zone, now=now
    )
    if found is None:
        ask_first(current_workspace.id, account_id, now=now)
    return found


def _owner_choices(known: Sequence[Colleague] | None = None) -> list[tuple[str, str]]:
    """known: the members, where they were read already."""
    return [
        (str(each.user_id), each.name)
        for each in (colleagues(current_workspace.id) if known is None else known)
        if each.role in service.OWNER_ROLES
    ]


def uuid_or_none(text: str) -> UUID | None:
    """An id of a form or an address; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


@blueprint.post("/accounts/<path:external_id>/owner")
@signed_in("success")
def change_owner(external_id: str) -> Any:
    """Another colleague looks after this account from now on."""
    given = request.form.get("owner", "")
    owner = uuid_or_none(given)
    try:
        if given and owner is None:
            raise BadInput.of("owner", "not a member of this workspace")
        _change(external_id, owner)
    except BadInput:
        notice(_("Nothing was saved: choose one of the colleagues of the list."), kind="error")
    return redirect(url_for(".account", external_id=external_id), 303)


def _change(external_id: str, owner: UUID | None) -> None:
    done = service.change_owner(
        current_workspace.id, external_id, owner, actor_user_id=current_user.id, now=utcnow()
    )
    if not done.changed:
        return
    token = undo_token(
        "account_owner", current_workspace.id, current_user.id, account=external_id,
        before=done.before.hex if done.before else None, after=owner.hex if owner else None,
    )  # fmt: skip
    undo_url = url_for(".undo_owner", external_id=external_id, token=token)
    names = dict(_owner_choices())
    text = _("%(name)s looks after this account now.", name=names[str(owner)]) if owner else None
    notice(text or _("Nobody looks after this account now."), undo_url=undo_url)


@blueprint.post("/accounts/<path:external_id>/owner/undo")
@signed_in("success")
def undo_owner(external_id: str) -> Any:
    """Put the former owner back, unless somebody changed it since."""
    told = read_undo(
        request.args.get("token", ""), "account_owner", current_workspace.id, current_user.id,
        account=external_id,
    )  # fmt: skip
    holds = queries.owner_of(current_workspace.id, external_id, reach=current_user.reach)
    if (holds.hex if holds else None) != told["after"]:
        notice(_("Somebody changed the owner since, so it was left as it is."), kind="warning")
    else:
        before = UUID(told["before"]) if told["before"] else None
        service.change_owner(
            current_workspace.id, external_id, before, actor_user_id=current_user.id, now=utcnow()
        )
        notice(_("Undone."))
    return redirect(url_for(".account", external_id=external_id), 303)
