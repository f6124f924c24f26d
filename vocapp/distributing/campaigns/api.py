"""Campaigns, for machines."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from flask import url_for
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from surveys.campaigns import plan_values
from surveys.filters import FilterError, parse_json
from vocapp.database import utcnow
from vocapp.distributing.campaigns import looking_ahead, queries, service
from vocapp.distributing.campaigns.queries import CampaignRow, TurnRow
from vocapp.distributing.campaigns.service import Wished
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "campaigns_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Campaigns")],
    abp_security=[{"secret_key": []}],
)


class CampaignPath(BaseModel):
    campaign_id: UUID


class CampaignBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    survey: str = Field(description="The key of a survey")
    kind: Literal["once", "recurring", "moment"]
    starts_on: date
    ends_on: date | None = Field(None, description="The last day")
    period_days: int | None = Field(
        None, description="recurring: everybody is asked once in so many days, 7 to 730"
    )
    moment: Literal["started", "event", "renewal", "touchpoint"] | None = None
    moment_days: int | None = Field(
        None, description="Days after the moment; of a renewal below 0 for before it"
    )
    moment_name: str | None = Field(
        None, max_length=200, description="Of the event or milestone, or the key of the touchpoint"
    )
    repeat_days: int = Field(
        90, description="Moments of one person fewer days apart are one, moved"
    )
    sample: float = Field(1.0, allow_inf_nan=False, description="Share that is asked, above 0")
    held_out: float = Field(
        0.0, allow_inf_nan=False, description="Share that is never asked, by account"
    )
    a_day: int | None = Field(None, description="At most so many people a day")
    channel: Literal["email", "sms"] = Field("email", description="sms: by text message")
    hour: int = Field(9, description="Local hour at which asking begins")
    audience: dict[str, Any] | None = Field(
        None, description="A filter as segments have it; null for everybody"
    )

    def wished(self) -> Wished:
        values = self.model_dump(exclude={"audience", "revision"})
        return Wished(**values, audience=_filter_of(self.audience))


class ChangedCampaignBody(CampaignBody):
    revision: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Refuse the change (409) unless this is the revision"
    )


class ActionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Literal["switch_on", "pause", "resume", "end", "try_again"]


class PeopleQuery(BaseModel):
    group: Literal["asked", "answered", "waiting", "not_asked"] | None = None
    reason: str | None = Field(None, max_length=60)
    after: UUID | None = Field(None, description="The `next` of the page before")
    limit: int = Field(100, ge=1, le=500)


class DryRunQuery(BaseModel):
    days: int = Field(30, ge=1, le=90)
    by: str = Field("plan", min_length=1, max_length=100, description="Attribute of the segments")


def _filter_of(audience: dict[str, Any] | None) -> Any:
    if audience is None:
        return None
    try:
        return parse_json(audience, place="audience")
    except FilterError as problem:
        raise BadInput.of(problem.place, problem.message) from problem


@api.get("/campaigns", summary="Campaigns, the newest first")
@machine()
def list_campaigns() -> Any:
    rows = queries.campaigns(current_workspace.id, now=utcnow(), zone=current_workspace.time_zone)
    return {"items": [_present(row) for row in rows]}


@api.post("/campaigns", summary="Write a campaign; it asks nobody until it is switched on")
@machine()
def create_campaign(body: CampaignBody) -> Any:
    campaign_id = service.create(
        current_workspace.id, body.wished(), actor_user_id=None, now=utcnow()
    )
    return _shown(campaign_id), 201


@api.get("/campaigns/<uuid:campaign_id>", summary="One campaign, and what became of its people")
@machine()
def show_campaign(path: CampaignPath) -> Any:
    return _shown(path.campaign_id)


@api.put("/campaigns/<uuid:campaign_id>", summary="Change a campaign")
@machine()
def change_campaign(path: CampaignPath, body: ChangedCampaignBody) -> Any:
    """Once it was switched on, survey, kind, first day, period, moment and hold-out share stay."""
    service.change(
        current_workspace.id, path.campaign_id, body.wished(), revision=body.revision,
        actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    return _shown(path.campaign_id)


@api.delete("/campaigns/<uuid:campaign_id>", summary="Remove a draft")
@machine()
def remove_campaign(path: CampaignPath) -> Any:
    service.remove_draft(current_workspace.id, path.campaign_id, actor_user_id=None, now=utcnow())
    return "", 204


@api.post(
    "/campaigns/<uuid:campaign_id>/actions", summary="Switch on, pause, resume, end, or try again"
)
@machine()
def act_on_campaign(path: CampaignPath, body: ActionBody) -> Any:
    """Said twice it is done once. A pause stops what has not gone out; resuming repeats nothing.
    try_again: what was given up after too many failures (`stuck`, and people not asked for a
    reason that begins with "failed:") is taken up again.
    """
    if body.action == "try_again":
        service.try_again(current_workspace.id, path.campaign_id, actor_user_id=None, now=utcnow())
    else:
        service.act(
            current_workspace.id, path.campaign_id, body.action, actor_user_id=None, now=utcnow()
        )
    return _shown(path.campaign_id)


@api.get("/campaigns/<uuid:campaign_id>/people", summary="Who was asked, and who not and why")
@machine()
def list_people(path: CampaignPath, query: PeopleQuery) -> Any:
    _shown(path.campaign_id)
    rows = queries.people(
        current_workspace.id, path.campaign_id, group=query.group, reason=query.reason,
        after=query.after, limit=query.limit + 1,
    )  # fmt: skip
    page = rows[: query.limit]
    more = len(rows) > query.limit
    return {
        "items": [_present_turn(row) for row in page], "next": str(page[-1].id) if more else None
    }  # fmt: skip


@api.get("/campaigns/<uuid:campaign_id>/dry-run", summary="Whom it would ask in the next days")
@machine()
def look_ahead(path: CampaignPath, query: DryRunQuery) -> Any:
    """With all limits and what other campaigns have planned; nothing is sent.

    Of more than 2,000 people a worker looks: the answer is 202 with how far it is, until the same
    request finds the result, which is kept for an hour or until the campaign is changed. While it
    looks for somebody who asked for other days or another attribute, the answer is 409. Where the
    look failed too often, it is 503 once; the next request has it tried again.
    """
    ahead = looking_ahead.fresh_look_ahead(
        current_workspace.id, path.campaign_id, now=utcnow(), days=query.days, by=query.by
    )
    if ahead.run is None:
        address = url_for(".look_ahead", campaign_id=path.campaign_id, days=query.days, by=query.by)
        progress = {"state": "working", "done": ahead.done, "total": ahead.total, "url": address}
        return progress, 202, {"Location": address, "Retry-After": "2"}
    run = ahead.run
    return {
        "looked_at": run.looked_at, "audience": run.audience, "asked": run.asked,
        "days": [{"day": day.isoformat(), "asked": count} for day, count in run.days],
        "not_asked": dict(run.not_asked), "put_off": dict(run.put_off),
        "segments": [
            {"value": value or None, "asked": asked, "audience": every}
            for value, asked, every in run.segments[query.by]
        ],
        "sample": [
            {
                "contact": str(each.contact_id), "email": each.email, "name": each.name,
                "day": each.day.isoformat() if each.day else None, "reason": each.reason,
            }
            for each in run.sample
        ],
        "computed_at": ahead.computed_at.isoformat() if ahead.computed_at else None,
    }  # fmt: skip


def _shown(campaign_id: UUID) -> dict[str, Any]:
    return _present(
        queries.campaign(
            current_workspace.id, campaign_id, now=utcnow(), zone=current_workspace.time_zone
        )
    )


def _present(row: CampaignRow) -> dict[str, Any]:
    each, counts = row.campaign, row.counts
    plan = plan_values(each.plan)
    return {
        "id": str(each.id), "name": each.name, "survey": row.survey_key, "state": each.state,
        "channel": each.channel, **plan, "starts_on": each.starts_on.isoformat(),
        "ends_on": each.ends_on.isoformat() if each.ends_on else None, "hour": each.hour,
        "audience": each.audience, "revision": each.revision,
        "counts": {
            "asked": counts.asked, "answered": counts.answered,
            "waiting": counts.total_waiting, "not_asked": dict(counts.not_asked),
        },
        "next_days": [
            {"day": day.isoformat(), "planned": count} for day, count in row.next_days
        ],
        "stuck": {
            "rows": row.stuck.rows, "error": row.stuck.error,
            "since": row.stuck.since.isoformat(),
        } if row.stuck else None,
    }  # fmt: skip


def _present_turn(row: TurnRow) -> dict[str, Any]:
    return {
        "contact": str(row.contact_id), "email": row.email, "name": row.name,
        "occasion": row.occasion, "day": row.day.isoformat(), "group": row.group,
        "reason": row.reason, "state": row.state,
    }  # fmt: skip
