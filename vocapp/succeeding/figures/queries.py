"""Reads: the figures of a month or of many, of everybody and by an attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from surveys.adoption import Activity, Usage, activity, median_time
from surveys.periods import local_day, period_start
from surveys.ratios import Figure, share
from surveys.retention import Bridge, Figures, Report, Totals, bridge, report
from surveys.subscriptions import month_span
from vocapp.people.money.queries import Money, money
from vocapp.problems import BadInput
from vocapp.succeeding.figures.converting import (
    ALL,
    Converted,
    converted_of,
    margin_of,
    present_rates,
)
from vocapp.succeeding.figures.groups import (
    MOST_VALUES,
    YearTold,
    asked_of_year,
    outward,
    present_figure,
    present_year,
    stored_name,
    year_of,
)
from vocapp.succeeding.figures.kept import Ask, sums_of
from vocapp.succeeding.figures.models import OVERALL
from vocapp.succeeding.figures.summing import Groups, Sums

FIRST_MONTH = date(2000, 1, 1)
NOTHING = Sums({None: Totals(None)})

# Money or shares of money: with several currencies each is told by currency.
OF_MONEY = (
    "gross_revenue_retention", "net_revenue_retention", "upsell_revenue_rate",
    "cross_sell_revenue_rate", "arpa", "ltv",
)  # fmt: skip
OF_ACCOUNTS = ("churn_rate", "upsell_rate", "cross_sell_rate")


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """The figures of some accounts in a month; bridges: by currency.

    converted: those of money in the reporting currency; None: there is nothing to convert.
    active_users: people in the local month. activity: people by days in UTC. time_to_value: median
    days until set-up of customers who began in the twelve months that end with this one.
    """

    month: date
    report: Report
    bridges: Mapping[str, Bridge]
    active_users: int
    onboarding: Figure
    accounts_start: int
    accounts_end: int
    converted: Converted | None = None
    activity: Activity = field(default_factory=lambda: activity(Usage()))
    time_to_value: Figure = field(default_factory=lambda: Figure(None, 0))

    def of_currency(self, chosen: str | None) -> Figures:
        """The figures of money of one currency, of `ALL` converted, or the only ones."""
        if chosen == ALL and self.converted:
            return self.converted.figures
        return self.report.by_currency.get(chosen or "", self.report.overall)

    def bridge_of(self, chosen: str | None) -> Bridge | None:
        if chosen == ALL and self.converted:
            return self.converted.bridge
        return self.bridges.get(chosen or "")

    @property
    def currencies(self) -> tuple[str, ...]:
        """Of money; one at most where the figures are not told by currency."""
        return tuple(self.report.by_currency) or tuple(
            each for each in (self.report.overall.currency,) if each
        )


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of months, and of the last of them by an attribute.

    segments: by the value that held at the start of the month, the largest first; None: without a
    value. is_too_many: the attribute has more values than anybody reads, so there are none.
    margin: that of lifetime values; None: they are of revenue. as_of: see `kept.Kept`.
    """

    months: Sequence[MonthFigures]
    segments: Mapping[str | None, MonthFigures]
    is_too_many: bool = False
    margin: Decimal | None = None
    as_of: datetime | None = None


def figures(
    workspace_id: UUID,
    months: Sequence[date],
    *,
    by: str | None = None,
    has_time: bool = False,
    time_zone: str,
    now: datetime,
) -> Told:
    """Of these months, the oldest first; they must have begun. All is read at once. has_time: see
    `kept.sums_of`."""
    asked = [(month, OVERALL) for month in months]
    split = (months[-1], stored_name(by)) if by else None
    kept = sums_of(
        workspace_id, [*asked, split] if split else asked, has_time=has_time,
        time_zone=time_zone, now=now,
    )  # fmt: skip
    told = _told_of(workspace_id, kept.found, months, by, money(workspace_id))
    return replace(told, as_of=kept.as_of)


def _told_of(
    workspace_id: UUID,
    found: Mapping[Ask, Groups],
    months: Sequence[date],
    by: str | None,
    said: Money,
) -> Told:
    """Of sums that were read."""
    told = [figures_of(month, found[month, OVERALL].get(None, NOTHING), said) for month in months]
    groups = found[months[-1], stored_name(by)] if by else {}
    if len(groups) > MOST_VALUES:
        return Told(told, {}, is_too_many=True, margin=said.margin)
    segments = outward(
        workspace_id,
        by,
        {value: figures_of(months[-1], sums, said) for value, sums in groups.items()},
    )
    largest_first = sorted(
        segments.items(), key=lambda item: (-item[1].accounts_start, item[0] or "\uffff")
    )
    return Told(told, dict(largest_first), margin=said.margin)


def figures_of(month: date, sums: Sums, said: Money) -> MonthFigures:
    everybody = sums.totals.get(None, Totals(None))
    return MonthFigures(
        month=month,
        report=report(sums.totals, margin=margin_of(said)),
        bridges={
            currency: bridge(own)
            for currency, own in sums.totals.items()
            if currency is not None and (own.accounts_start or own.accounts_end)
        },
        active_users=sums.active,
        onboarding=share(sums.set_up, sums.started),
        accounts_start=everybody.accounts_start,
        accounts_end=everybody.accounts_end,
        converted=converted_of(sums.converted, sums.totals, month, said),
        activity=activity(sums.usage),
        time_to_value=median_time(sums.waits),
    )


# --- for machines -------------------------------------------------------------------------


def month_of(text: str, *, time_zone: str, now: datetime) -> date:
    """The first day of "2026-10"; "" is the month that runs. Raises BadInput."""
    this_month = period_start(local_day(now, time_zone), "month")
    if not text:
        return this_month
    try:
        year, month = text.split("-")
        found = date(int(year), int(month), 1)
        is_plain = found.isoformat() == f"{text}-01"
    except ValueError:
        is_plain = False
    if not is_plain:
        raise BadInput.of("month", "expected a month such as 2026-10")
    if not FIRST_MONTH <= found <= this_month:
        raise BadInput.of("month", f"expected a month from 2000-01 to {this_month:%Y-%m}")
    return found


def kpis(
    workspace_id: UUID, month: date, *, by: str | None, time_zone: str, now: datetime
) -> dict[str, Any]:
    """The figures of a month as the API shows them. Raises BadInput for too many values."""
    start, end = month_span(month, time_zone, now=now)
    asked, renewals_of = asked_of_year(month, by)
    kept = sums_of(
        workspace_id, asked, renewals_of=renewals_of, has_time=True, time_zone=time_zone, now=now
    )  # fmt: skip
    found = kept.found
    said = money(workspace_id)
    told = _told_of(workspace_id, found, [month], by, said)
    year = year_of(workspace_id, found, month, by=by, said=said)
    if told.is_too_many or year.is_too_many:
        raise BadInput.of("by", f"has more than {MOST_VALUES} values")
    shown: dict[str, Any] = {
        "month": f"{month:%Y-%m}",
        "time_zone": time_zone,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "as_of": kept.as_of.isoformat() if kept.as_of else None,
        "interval_level": 0.95,
        "gross_margin": margin_of(said),
        **present(told.months[-1]),
        "twelve_months": {"since": f"{year.months[0]:%Y-%m}", **present_year(year.overall)},
    }
    if by is not None:
        nobody = figures_of(month, NOTHING, said)
        shown["segments"] = [
            {
                "by": {by: value}, **present(told.segments.get(value, nobody)),
                "twelve_months": present_year(year.groups[value]),
            }
            for value in _values_of(told, year)
        ]  # fmt: skip
    return shown


def _values_of(told: Told, year: YearTold) -> list[str | None]:
    """Those of the month and of the twelve months."""
    return list({**told.segments, **year.groups})


def present(own: MonthFigures) -> dict[str, Any]:
    """Fractions, and money in minor units; with several currencies money stands by currency."""
    told = own.report
    shown: dict[str, Any] = {
        "currency": told.overall.currency,
        "accounts": {"start": own.accounts_start, "end": own.accounts_end},
        **{name: present_figure(getattr(told.overall, name)) for name in OF_ACCOUNTS},
        "active_users": {"value": own.active_users, "n": own.active_users},
        "weekly_active_users": {"value": own.activity.weekly, "n": own.activity.weekly},
        "daily_active_users": {"value": own.activity.daily, "n": own.activity.monthly},
        "stickiness": present_figure(own.activity.stickiness),
        "time_to_value_days": present_figure(own.time_to_value),
        "onboarding_completion_rate": present_figure(own.onboarding),
        **{name: present_figure(getattr(told.overall, name)) for name in OF_MONEY},
    }
    if told.by_currency:
        shown["by_currency"] = {
            currency: {name: present_figure(getattr(figures, name)) for name in OF_MONEY}
            for currency, figures in sorted(told.by_currency.items())
        }
    if own.converted:
        shown["converted"] = present_rates(own.converted) | {
            name: present_figure(getattr(own.converted.figures, name)) for name in OF_MONEY
        }
    return shown
