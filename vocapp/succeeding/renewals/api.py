"""Renewals that come, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.succeeding.renewals import queries
from vocapp.succeeding.renewals.reading import Narrowed, Segment, can_split
from vocapp.succeeding.renewals.recorded import recorded_months
from vocapp.succeeding.renewals.splitting import Part, split
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
    by: str | None = Field(
        None, min_length=1, max_length=100,
        description="plan, region or an attribute of accounts: `segments` have the forecast by "
        "what accounts have now, and how true it was by what they had when each month began",
    )  # fmt: skip
    value: str | None = Field(
        None, max_length=200,
        description="With `by`: only accounts with this value; empty for those without one",
    )  # fmt: skip
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


@api.get("/renewals", summary="Renewals that come, their chances and the forecast")
@machine()
def list_renewals(query: RenewalsQuery) -> Any:
    """The forecast is of all of them; items come page by page."""
    only, now, zone = _segment(query), utcnow(), current_workspace.time_zone
    found = queries.upcoming(
        current_workspace.id, days=query.days, reach=WHOLE_WORKSPACE, time_zone=zone, now=now,
        narrowed=Narrowed(segment=only), by=query.by if only is None else None,
    )  # fmt: skip
    rows = found.rows(after=read_cursor(query.cursor, queries.place_of), limit=query.limit + 1)
    names = queries.speakers(rows)
    past = recorded_months(current_workspace.id, time_zone=zone, now=now, segment=only, by=query.by)
    rates = queries.rates_now(current_workspace.id, time_zone=zone, now=now)
    segments = None
    if query.by and only is None:
        parts = split(found, rates=rates, past=past.by_value, by_category=True)
        segments = [_present_part(query.by, part) for part in parts]
    return (
        queries.present(found.told(rates), past.whole)
        | {"segments": segments}
        | page_of(
            rows,
            limit=query.limit,
            present=lambda row: queries.present_row(row, names),
            cursor_of=queries.cursor_of,
        )
    )


def _segment(query: RenewalsQuery) -> Segment | None:
    """Raises BadInput: a value of nothing, or what accounts cannot be told apart by."""
    if query.by is None:
        if query.value is not None:
            raise BadInput.of("value", "stands together with `by`")
        return None
    if not can_split(query.by):
        raise BadInput.of(
            "by", "accounts cannot be told apart by a name with quotes, backslashes or NUL"
        )
    return None if query.value is None else Segment.named(query.by, query.value)


def _present_part(by: str, part: Part) -> dict[str, Any]:
    return {
        "by": {by: part.value},
        **queries.present_forecasts(part.told),
        "accuracy": queries.present_accuracy(part.past) if part.past else None,
    }
