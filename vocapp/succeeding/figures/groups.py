"""Reads: who stays and renews over twelve months, by what customers had said or were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from surveys.inference import Difference
from surveys.periods import months_back
from surveys.renewal_rates import GroupRate, Lots, added, renewal_difference, renewal_rates
from surveys.retention import Figures, Report, Totals, report
from vocapp.extensions import db
from vocapp.people.money.queries import Money, money
from vocapp.succeeding.figures.converting import ALL, Converted, converted_of, present_rates
from vocapp.succeeding.figures.kept import Ask, sums_of
from vocapp.succeeding.figures.models import OVERALL
from vocapp.succeeding.figures.summing import COHORT, YEAR_MONTHS, Groups
from vocapp.succeeding.figures.voice import COMPLAINT, SCORE_GROUP, THEME
from vocapp.understanding.models import Theme

MOST_VALUES = 200
FACTS = ("plan", "region")
FROM_ANSWERS = {"score_group": SCORE_GROUP, "theme": THEME, "complaint": COMPLAINT}
NAMED = {**FROM_ANSWERS, "cohort": COHORT}
ABOUT_THEMES = (THEME, COMPLAINT)
BEST, WORST = "promoter", "detractor"
Told = TypeVar("Told")
_SCORE_GROUPS = (BEST, "passive", WORST)


@dataclass(frozen=True, slots=True)
class Year:
    """Some accounts over twelve months. accounts_start, accounts_end: that paid, of those that
    were in the group when these months began; renewals: of those decided in them."""

    report: Report
    accounts_start: int
    accounts_end: int
    renewals: GroupRate
    converted: Converted | None = None

    @property
    def currencies(self) -> tuple[str, ...]:
        told = self.report
        return tuple(told.by_currency) or tuple(x for x in (told.overall.currency,) if x)

    def of_currency(self, currency: str | None) -> Figures:
        if currency == ALL and self.converted:
            return self.converted.figures
        return self.report.by_currency.get(currency or "", self.report.overall)


@dataclass(frozen=True, slots=True)
class YearTold:
    """overall: of everybody. groups: by value; None: without one. apart: by how much promoters
    renew more than detractors; None where not split by them. is_too_many, as_of: see
    `queries.Told`."""

    months: Sequence[date]
    overall: Year
    groups: Mapping[str | None, Year]
    apart: Difference | None = None
    is_too_many: bool = False
    as_of: datetime | None = None


def stored_name(attribute: str) -> str:
    """By which name an attribute is kept: from answers, as a fact, or as a free attribute."""
    if attribute in NAMED:
        return NAMED[attribute]
    return attribute if attribute in FACTS else f"attributes.{attribute}"


def year_told(
    workspace_id: UUID, month: date, *, by: str | None, time_zone: str, now: datetime
) -> YearTold:
    """Of the twelve months that end with `month`; all is read at once."""
    asked, renewals_of = asked_of_year(month, by)
    kept = sums_of(
        workspace_id, asked, renewals_of=renewals_of, time_zone=time_zone, now=now
    )  # fmt: skip
    told = year_of(workspace_id, kept.found, month, by=by, said=money(workspace_id))
    return replace(told, as_of=kept.as_of)


def asked_of_year(month: date, by: str | None) -> tuple[list[Ask], list[Ask]]:
    """The sums that `year_of` needs, and those of which it needs the renewals."""
    names = dict.fromkeys((OVERALL, stored_name(by) if by else OVERALL))
    *before, last = months_back(month, YEAR_MONTHS)
    return [(last, name) for name in names], [(each, name) for name in names for each in before]


def year_of(
    workspace_id: UUID,
    found: Mapping[Ask, Groups],
    month: date,
    *,
    by: str | None,
    said: Money,
) -> YearTold:
    """The same, of sums that were read."""
    months = months_back(month, YEAR_MONTHS)
    name = stored_name(by) if by else OVERALL
    whole = _renewals([found[each, OVERALL] for each in months]).get(None, {})
    by_value = _renewals([found[each, name] for each in months])
    last = found[months[-1], name]
    values = {*by_value, *last}
    is_too_many = len(values) > MOST_VALUES
    lots = {} if is_too_many or not by else {value: by_value.get(value, {}) for value in values}
    rates = renewal_rates(lots, whole)
    groups = outward(
        workspace_id, by, {value: _year(last, value, rates[value], month, said) for value in lots}
    )
    is_split = by and FROM_ANSWERS.get(by) == SCORE_GROUP
    return YearTold(
        months=months,
        overall=_year(
            found[months[-1], OVERALL], None, renewal_rates({None: whole}, whole)[None], month, said
        ),
        groups=dict(sorted(groups.items(), key=_in_order)),
        apart=renewal_difference(lots.get(BEST, {}), lots.get(WORST, {})) if is_split else None,
        is_too_many=is_too_many,
    )


def _renewals(months: Sequence[Groups]) -> dict[str | None, Lots]:
    """Of the groups in which anything was decided."""
    values = {value for groups in months for value, sums in groups.items() if sums.renewals}
    return {
        value: added(groups[value].renewals for groups in months if value in groups)
        for value in values
    }


def _year(groups: Groups, value: str | None, rate: GroupRate, month: date, said: Money) -> Year:
    sums = groups[value].year if value in groups else {}
    in_base = groups[value].converted_year if value in groups else None
    everybody = sums.get(None, Totals(None))
    return Year(
        report=report(sums),
        accounts_start=everybody.accounts_start,
        accounts_end=everybody.accounts_start - everybody.accounts_lost,
        renewals=rate,
        converted=converted_of(in_base, sums, month, said),
    )


def _in_order(item: tuple[str | None, Year]) -> tuple[Any, ...]:
    """Score groups from good to bad, others by size; those without a value last."""
    value, year = item
    place = _SCORE_GROUPS.index(value) if value in _SCORE_GROUPS else len(_SCORE_GROUPS)
    return value is None, place, -year.accounts_start, -year.renewals.rate.n, value or ""


def outward(
    workspace_id: UUID, by: str | None, groups: Mapping[str | None, Told]
) -> dict[str | None, Told]:
    """By values as addresses and machines have them: themes by key, without those that are gone."""
    if by is None or stored_name(by) not in ABOUT_THEMES:
        return dict(groups)
    keys = _theme_keys(workspace_id)
    return {
        None if value is None else keys[value]: told
        for value, told in groups.items()
        if value is None or value in keys
    }


def inward(workspace_id: UUID, by: str, value: str | None) -> str | None:
    """The value as groups have it; one that nobody has stays as it is."""
    if value is None or stored_name(by) not in ABOUT_THEMES:
        return value
    of_key = {key: theme_id for theme_id, key in _theme_keys(workspace_id).items()}
    return of_key.get(value, value)


def _theme_keys(workspace_id: UUID) -> dict[str, str]:
    rows = db.session.execute(select(Theme.id, Theme.key).where(Theme.workspace_id == workspace_id))
    return {str(theme_id): key for theme_id, key in rows}


# --- for machines -------------------------------------------------------------------------

_OF_MONEY = ("gross_revenue_retention", "net_revenue_retention")


def present_year(year: Year) -> dict[str, Any]:
    """Fractions; with several currencies those of money stand by currency."""
    told = year.report
    shown: dict[str, Any] = {
        "accounts": {"start": year.accounts_start, "end": year.accounts_end},
        "renewal_rate": present_figure(year.renewals.rate)
        | {"p_value": year.renewals.p_value, "differs": year.renewals.differs},
        **{
            name: present_figure(getattr(told.overall, name)) for name in ("churn_rate", *_OF_MONEY)
        },
    }
    if told.by_currency:
        shown["by_currency"] = {
            currency: {name: present_figure(getattr(figures, name)) for name in _OF_MONEY}
            for currency, figures in sorted(told.by_currency.items())
        }
    if year.converted:
        shown["converted"] = present_rates(year.converted) | {
            name: present_figure(getattr(year.converted.figures, name)) for name in _OF_MONEY
        }
    return shown


def present_figure(found: Any) -> dict[str, Any]:
    """low and high stand only where there is an interval."""
    shown = {"value": found.value, "n": found.n}
    if found.low is not None and found.high is not None:
        shown |= {"low": found.low, "high": found.high}
    return shown
