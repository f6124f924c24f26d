"""Renewals that come, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.database import utcnow
from vocapp.succeeding.renewals import queries
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "renewals_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Figures")],
    abp_security=[{"secret_key": []}],
)


class RenewalsQuery(BaseModel):
    days: int = Field(
        90, ge=1, le=366,
        description="How far ahead; terms that are over with nothing told are there as well",
    )  # fmt: skip


@api.get("/renewals", summary="Renewals that come, their chances and the forecast")
@machine()
def list_renewals(query: RenewalsQuery) -> Any:
    now, zone = utcnow(), current_workspace.time_zone
    rows = queries.upcoming(
        current_workspace.id, days=query.days, reach=WHOLE_WORKSPACE, time_zone=zone, now=now
    )
    found, _ = queries.recorded_months(current_workspace.id, time_zone=zone, now=now)
    rates = queries.rates_now(current_workspace.id, time_zone=zone, now=now)
    return queries.present(rows, found, queries.speakers(rows), rates)
