"""The figures of the business, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.database import utcnow
from vocapp.succeeding.figures import cohorts, purchases, queries
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "figures_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Figures")],
    abp_security=[{"secret_key": []}],
)


class KpisQuery(BaseModel):
    month: str = Field("", max_length=20, description="As 2026-10; without it the month that runs")
    by: str | None = Field(
        None, min_length=1, max_length=100,
        description="score_group, theme, complaint (theme of a complaint), plan, region or an "
        "attribute of accounts; what held or was said before the start counts",
    )  # fmt: skip


@api.get("/kpis", summary="Churn, retention, upsell, lifetime value, active users of a month")
@machine()
def show_kpis(query: KpisQuery) -> Any:
    now, time_zone = utcnow(), current_workspace.time_zone
    month = queries.month_of(query.month, time_zone=time_zone, now=now)
    return queries.kpis(current_workspace.id, month, by=query.by, time_zone=time_zone, now=now)


class MonthQuery(BaseModel):
    month: str = Field("", max_length=20, description="As 2026-10; without it the month that runs")


@api.get("/lifetime-values", summary="What customers are worth, by subscriptions and by purchases")
@machine()
def show_lifetime_values(query: MonthQuery) -> Any:
    now, time_zone = utcnow(), current_workspace.time_zone
    month = queries.month_of(query.month, time_zone=time_zone, now=now)
    return purchases.lifetime_values(
        current_workspace.id, month, time_zone=time_zone, now=now
    )  # fmt: skip


class CohortsQuery(BaseModel):
    months: int = Field(12, ge=1, le=36, description="Cohorts of so many months that are over")
    currency: str | None = Field(
        None, min_length=3, max_length=3,
        description="Of the revenue; `all`: in the reporting currency; else the most usual one",
    )  # fmt: skip


@api.get("/cohorts", summary="Retention of customers by the month of their first payment")
@machine()
def show_cohorts(query: CohortsQuery) -> Any:
    told = cohorts.cohorts(
        current_workspace.id, query.months, currency=query.currency, has_time=True,
        time_zone=current_workspace.time_zone, now=utcnow(),
    )  # fmt: skip
    return cohorts.present(told)
