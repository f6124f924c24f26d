"""Exchange rates, for machines: a bank or an ERP states them by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, field_validator

from surveys.exchange import StatedRate
from vocapp.database import utcnow
from vocapp.people.money import queries, service
from vocapp.people.parsing import Currency, Day
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "money_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Figures")],
    abp_security=[{"secret_key": []}],
)


class RateBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Currency
    since: Day
    rate: str = Field(
        max_length=40, pattern=r"^[0-9]+(\.[0-9]+)?$",
        description="Units of the reporting currency for one of this one, as text: 0.0061",
    )  # fmt: skip

    @field_validator("rate")
    @classmethod
    def _is_above_0(cls, value: str) -> str:
        if not Decimal(value):
            raise ValueError("expected a number above 0")
        return value


class RatesBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rates: list[RateBody] = Field(min_length=1, max_length=1000)


@api.get("/exchange-rates", summary="Reporting currency, gross margin, and stated rates")
@machine()
def list_rates() -> Any:
    return _shown()


@api.post("/exchange-rates", summary="State exchange rates to the reporting currency")
@machine()
def state_rates(body: RatesBody) -> Any:
    """All or none; a rate of a currency from a day takes the place of the one before."""
    rates = [StatedRate(each.currency, each.since, Decimal(each.rate)) for each in body.rates]
    service.state_rates(current_workspace.id, rates, now=utcnow())
    return _shown()


def _shown() -> dict[str, Any]:
    found = queries.money(current_workspace.id)
    return {
        "currency": found.currency,
        "gross_margin": None if found.margin is None else float(found.margin),
        "rates": [
            {"currency": each.currency, "since": each.since.isoformat(), "rate": f"{each.rate:f}"}
            for own in queries.rate_lines(found).values()
            for each in own
        ],
    }
