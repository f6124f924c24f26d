"""Pages: campaigns, one of them with what became of its people, and writing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.filter_drafts import draft_of, read_draft
from surveys.filters import holds, parse_json
from surveys.periods import local_day
from vocapp.authoring.queries import list_surveys
from vocapp.database import snapshot, utcnow
from vocapp.distributing.campaigns import looking_ahead, queries, service, wording
from vocapp.distributing.campaigns.audience import batch_after, touchpoint_keys
from vocapp.distributing.campaigns.building import bench
from vocapp.distributing.campaigns.forms import CampaignForm
from vocapp.distributing.campaigns.models import Campaign
from vocapp.distributing.campaigns.queries import CampaignRow
from vocapp.distributing.service import sends_texts
from vocapp.distributing.wording import reason_text
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("campaigns", __name__, template_folder="templates")
PAGE_SIZE = 50
MOST_LOOKED_AT = 5_000  # people whose attributes are offered
_ROLES = ("admin", "product", "success")


def _today() -> date:
    return local_day(utcnow(), current_workspace.time_zone)


@blueprint.get("/campaigns")
@signed_in(*_ROLES)
def list_campaigns() -> str:
    rows = queries.campaigns(current_workspace.id, now=utcnow(), zone=current_workspace.time_zone)
    return render_template(
        "campaigns/list.html", rows=rows, words=wording, most=_highest(rows),
        has_survey=bool(_surveys()),
    )  # fmt: skip


def _highest(rows: Sequence[CampaignRow]) -> int:
    """The most people planned for one of the next days: what the longest bar stands for."""
    return max((count for row in rows for _day, count in row.next_days), default=0)


@blueprint.get("/campaigns/<uuid:campaign_id>")
@signed_in(*_ROLES)
def show(campaign_id: UUID) -> str:
    """What it does, what became of its people, and why somebody did not get it."""
    row = _row(campaign_id)
    email = request.args.get("email", "").strip()[:320]
    return render_template(
        "campaigns/campaign.html", row=row, campaign=row.campaign, words=wording,
        most=_highest([row]), reason_text=reason_text, email=email,
        sought=queries.who_is(current_workspace.id, campaign_id, email) if email else [],
        in_words=_audience_words(row.campaign), failed=row.counts.failed,
    )  # fmt: skip


def _row(campaign_id: UUID) -> CampaignRow:
    return queries.campaign(
        current_workspace.id, campaign_id, now=utcnow(), zone=current_workspace.time_zone
    )


def _audience_words(campaign: Campaign) -> str:
    return bench().in_words(parse_json(campaign.audience)) if campaign.audience else ""


@blueprint.get("/campaigns/<uuid:campaign_id>/people")
@signed_in(*_ROLES)
def people(campaign_id: UUID) -> str:
    """The people behind a number."""
    row = _row(campaign_id)
    group = request.args.get("group")
    group = group if group in queries.GROUPS else None
    reason = request.args.get("reason")
    found = queries.people(
        current_workspace.id, campaign_id, group=group, reason=reason,
        after=_uuid(request.args.get("after")), limit=PAGE_SIZE + 1,
    )  # fmt: skip
    return render_template(
        "campaigns/people.html", campaign=row.campaign, rows=found[:PAGE_SIZE], group=group,
        reason=reason, words=wording, reason_text=reason_text,
        next_after=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
    )  # fmt: skip


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


@blueprint.get("/campaigns/<uuid:campaign_id>/dry-run")
@signed_in(*_ROLES)
def look_ahead(campaign_id: UUID) -> str:
    """Whom it would ask in the next days; nothing is sent. Of many people somebody asks for it,
    and the page shows what a worker found."""
    row = _row(campaign_id)
    by = request.args.get("by", "").strip()[:100] or "plan"
    ahead = looking_ahead.look_ahead(current_workspace.id, campaign_id, now=utcnow(), by=by)
    run = ahead.run
    names = list(run.segments) if run else []
    return render_template(
        "campaigns/dry_run.html", campaign=row.campaign, ahead=ahead, run=run,
        reason_text=reason_text, value_name=value_name, by=by if by in names else "plan",
        most=max((count for _day, count in run.days), default=0) if run else 0,
        attributes=[(name, attribute_name(name)) for name in names],
    )  # fmt: skip


@blueprint.post("/campaigns/<uuid:campaign_id>/dry-run")
@signed_in(*_ROLES)
def begin_look_ahead(campaign_id: UUID) -> Any:
    """Have a worker look; of few people the page itself looks."""
    looking_ahead.ask_for(current_workspace.id, campaign_id, now=utcnow())
    return redirect(url_for(".look_ahead", campaign_id=campaign_id), 303)


# --- writing one --------------------------------------------------------------------------


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@signed_in(*_ROLES)
def new() -> Any:
    if not _surveys():
        return redirect(url_for("campaigns.list_campaigns"))  # which says what is needed first
    return _edit(None)


@blueprint.route("/campaigns/<uuid:campaign_id>/edit", methods=["GET", "POST"])
@signed_in(*_ROLES)
def edit(campaign_id: UUID) -> Any:
    row = _row(campaign_id)
    if row.campaign.state == "ended":
        raise Conflict("The campaign has ended.")
    return _edit(row)


def _surveys() -> list[tuple[str, str]]:
    return [
        (each.key, each.name)
        for each in list_surveys(current_workspace.id)
        if each.published_version is not None and each.state != "closed"
    ]


def _edit(row: CampaignRow | None) -> Any:
    """The whole form is sent with each press; nothing is lost while something is wrong."""
    choices = _surveys()
    if row is not None and row.survey_key not in dict(choices):
        choices.insert(0, (row.survey_key, row.survey_name))
    campaign = row.campaign if row else None
    survey = row.survey_key if row else request.args.get("survey", "")
    form = CampaignForm.of(campaign, survey, choices, _today())
    action = request.form.get("do", "") if request.method == "POST" else ""
    if request.method == "POST":
        draft = bench().draft_sent(request.form)
    else:
        stored = parse_json(campaign.audience) if campaign and campaign.audience else None
        draft = draft_of(stored)
    facts = _facts()
    drawn = bench().bench(draft, facts, action == "save")
    read = read_draft(draft)
    status = 200
    if action == "save":
        is_right = form.validate() and form.complete() and not read.faults
        if is_right and (done := _saved(campaign, form, read.filter)):
            return done
        status = 422
    with snapshot() as session:
        touchpoints = touchpoint_keys(session, current_workspace.id)
    matching = sum(read.filter is None or holds(read.filter, each) for each in facts)
    return render_template(
        "campaigns/edit.html", form=form, campaign=campaign, bench=drawn,
        operators=bench().operators, joins=bench().joins, matching=matching, looked_at=len(facts),
        is_all=len(facts) < MOST_LOOKED_AT, touchpoints=touchpoints,
        show_faults=action == "save", sends_texts=_sends_texts(),
    ), status  # fmt: skip


def _sends_texts() -> bool:
    with snapshot() as session:
        return sends_texts(session, current_workspace.id)


def _facts() -> list[Mapping[str, Any]]:
    with snapshot() as session:
        people = batch_after(session, current_workspace.id, None, limit=MOST_LOOKED_AT)
    return [each.facts for each in people]


def _saved(campaign: Campaign | None, form: CampaignForm, audience: Any) -> Response | None:
    """Where it leads to; None where it was not taken, which the form says."""
    wished = form.wished(audience)
    try:
        if campaign is None:
            made = service.create(
                current_workspace.id, wished, actor_user_id=current_user.id, now=utcnow()
            )
            notice(_("The campaign has been saved. It asks nobody until you switch it on."))
            return _to(made)
        revision = form.revision.data or ""
        done = service.change(
            current_workspace.id, campaign.id, wished, actor_user_id=current_user.id,
            revision=int(revision) if revision.isdecimal() else None, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        for error in problem.errors:
            if error.field in form:
                form[error.field].errors = [_refused(campaign)]
        return None
    say_done(_("The campaign has been changed."), done.undo)
    return _to(campaign.id)


def _refused(campaign: Campaign | None) -> str:
    if campaign is not None and campaign.begun_at is not None:
        return _("This stays as it is once a campaign was switched on. Write a new one instead.")
    return _("This cannot be used here.")


# --- what is done to it ---------------------------------------------------------------------


@blueprint.post("/campaigns/<uuid:campaign_id>/act")
@signed_in(*_ROLES)
def act(campaign_id: UUID) -> Any:
    """Switch it on, pause it, go on, or end it."""
    action = request.form.get("action", "")
    if action not in service.ACTIONS:
        raise BadInput.of("action", f"expected one of {', '.join(service.ACTIONS)}")
    try:
        done = service.act(
            current_workspace.id, campaign_id, action, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        if problem.errors[0].field == "ends_on":
            notice(_("Its last day has passed. Change it, then switch it on."), kind="error")
        else:
            notice(_("Its survey takes no answers: publish it first."), kind="error")
        return _to(campaign_id)
    say_done(_said(action), done.undo)
    return _to(campaign_id)


def _said(action: str) -> str:
    match action:
        case "switch_on":
            return _("The campaign is on.")
        case "pause":
            return _("The campaign is paused. What had not gone out does not.")
        case "resume":
            return _("The campaign goes on. Nobody is asked twice.")
        case _:
            return _("The campaign has ended.")


@blueprint.post("/campaigns/<uuid:campaign_id>/try-again")
@signed_in(*_ROLES)
def try_again(campaign_id: UUID) -> Any:
    """Take up again what was given up after too many failures."""
    service.try_again(
        current_workspace.id, campaign_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("It is tried again."))
    return _to(campaign_id)


@blueprint.post("/campaigns/<uuid:campaign_id>/remove")
@signed_in(*_ROLES)
def remove(campaign_id: UUID) -> Any:
    """A draft goes for good."""
    service.remove_draft(
        current_workspace.id, campaign_id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The draft has been removed."))
    return redirect(url_for(".list_campaigns"), 303)


@blueprint.post("/campaigns/undo")
@signed_in(*_ROLES)
def undo() -> Any:
    """Take the last change back."""
    with said_undone():
        campaign_id = service.undo(
            current_workspace.id, request.args.get("token", ""), actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
        return _to(campaign_id)
    return redirect(url_for(".list_campaigns"), 303)


def _to(campaign_id: UUID) -> Response:
    return redirect(url_for(".show", campaign_id=campaign_id), 303)
