"""Renewals that come, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.succeeding.renewals import queries
from vocapp.succeeding.renewals.recorded import recorded_months
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
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.get("/renewals", summary="Renewals that come, their chances and the forecast")
@machine()
def list_renewals(query: RenewalsQuery) -> Any:
    """The forecast is of all of them; items come page by page."""
    now, zone = utcnow(), current_workspace.time_zone
    found = queries.upcoming(
        current_workspace.id, days=query.days, reach=WHOLE_WORKSPACE, time_zone=zone, now=now
    )
    rows = found.rows(after=read_cursor(query.cursor, queries.place_of), limit=query.limit + 1)
    names = queries.speakers(rows)
    past, _ = recorded_months(current_workspace.id, time_zone=zone, now=now)
    rates = queries.rates_now(current_workspace.id, time_zone=zone, now=now)
    return queries.present(found.told(rates), past) | page_of(
        rows,
        limit=query.limit,
        present=lambda row: queries.present_row(row, names),
        cursor_of=queries.cursor_of,
    )
