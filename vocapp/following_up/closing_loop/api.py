"""The closed loop, for machines."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from surveys.closed_loop import OUTCOMES, Spread, Timing
from surveys.ratios import Figure
from vocapp.database import utcnow
from vocapp.following_up.closing_loop import queries
from vocapp.following_up.closing_loop.cases import Asked
from vocapp.following_up.closing_loop.queries import Loop
from vocapp.measuring.forms import FIRST_DAY, LAST_DAY
from vocapp.measuring.segments.queries import filter_asked
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "closing_loop_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Follow-ups")],
    abp_security=[{"secret_key": []}],
)


class ClosedLoopQuery(BaseModel):
    since: date | None = Field(None, ge=FIRST_DAY, le=LAST_DAY, description="First local day")
    until: date | None = Field(
        None, ge=FIRST_DAY, le=LAST_DAY, description="Local day after the last"
    )
    by: str | None = Field(
        None, min_length=1, max_length=100,
        description="owner, team, theme, or an attribute of answers such as plan",
    )  # fmt: skip
    segment: str = Field("", max_length=100, description="Key of a saved segment")
    filter: str = Field(
        "", max_length=4000,
        description="As in metrics: only follow-ups of answers with these attributes",
    )  # fmt: skip


@api.get("/closed-loop", summary="How soon people are contacted, and whether they recover")
@machine()
def show_closed_loop(query: ClosedLoopQuery) -> Any:
    if query.since and query.until and query.since >= query.until:
        raise BadInput.of("until", "expected a day after since")
    narrowed = filter_asked(current_workspace.id, segment=query.segment, filter_=query.filter)
    asked = Asked(query.since, query.until, current_workspace.time_zone, query.by, narrowed)
    told = queries.closed_loop(
        current_workspace.id, asked, reach=WHOLE_WORKSPACE, now=utcnow()
    )  # fmt: skip
    if told.is_too_many:
        raise BadInput.of("by", f"more than {queries.MOST_GROUPS} different values")
    shown = {
        "interval_level": 0.95, "segment": query.segment or None, **_loop(told.overall)
    }  # fmt: skip
    if query.by:
        shown["groups"] = [{"value": value, **_loop(each)} for value, each in told.groups.items()]
    return shown


def _loop(loop: Loop) -> dict[str, Any]:
    compared = loop.compared
    return {
        "cases": loop.n,
        "first_contact": _timing(loop.contact),
        "resolution": _timing(loop.resolution),
        "in_sla": _figure(loop.in_sla),
        "not_due_yet": loop.not_due,
        "contacted": _spread(compared.contacted),
        "not_contacted_yet": _spread(compared.others),
        "recovered_like_contacted": _figure(compared.like_contacted),
        "recovered_like_not_contacted": _figure(compared.like_others),
        "difference": _figure(compared.difference),
        "asked_for": _spread(compared.asked_for),
        "of_themselves": _spread(compared.of_themselves),
        "asked_difference": _figure(compared.asked_difference),
        "caveats": list(compared.caveats),
    }


def _timing(timing: Timing) -> dict[str, Any]:
    median = timing.median
    return {
        "done": timing.done,
        "median_hours": {"value": median.value, "low": median.low, "high": median.high},
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "low": figure.low, "high": figure.high, "n": figure.n}


def _spread(spread: Spread) -> dict[str, Any]:
    shares = (spread.recovered, spread.unchanged, spread.worse)
    told: dict[str, Any] = {
        name: _figure(each) for name, each in zip(OUTCOMES, shares, strict=True)
    }
    return {"n": spread.n, **told}
