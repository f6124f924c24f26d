"""Reads: the drivers of a survey as they were last computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from surveys.drivers import Driver, Effect
from vocapp import outbox
from vocapp.authoring.queries import SurveySummary
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.problems import Forbidden
from vocapp.understanding.drivers.models import DriverReport
from vocapp.understanding.drivers.service import DRIVERS
from vocapp.understanding.models import Theme


@dataclass(frozen=True, slots=True)
class Report:
    """The last computation; since <= day < until. labels: of themes, by their key."""

    computed_at: datetime
    since: date
    until: date
    answers: int
    sampled: int
    minimum_n: int
    reason: str | None
    method: str | None
    r_squared: float | None
    drivers: tuple[Driver, ...]
    left_out: tuple[tuple[str, str], ...]
    labels: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class SurveyDrivers:
    """report: None when nothing was computed yet; is_computing: it is being done now."""

    survey: SurveySummary
    report: Report | None
    is_computing: bool


def survey_drivers(survey: SurveySummary, *, now: datetime) -> SurveyDrivers:
    """What moves a survey's score, and whether newer figures are on their way.

    Raises Forbidden for a confidential survey.
    """
    if survey.confidential:
        raise Forbidden(
            "What moves the score of a confidential survey is not shown: "
            "groups of a few answers could be worked out from it."
        )
    row = db.session.get(DriverReport, (survey.workspace_id, survey.id))
    asked_for = outbox.waiting(select(Pending.id), survey.workspace_id, DRIVERS, survey.id)
    return SurveyDrivers(
        survey=survey,
        report=_report(row, _labels(survey.workspace_id)) if row else None,
        is_computing=db.session.scalar(asked_for.where(Pending.due_at <= now).limit(1)) is not None,
    )


def _labels(workspace_id: UUID) -> dict[str, dict[str, str]]:
    return {
        theme.key: dict(theme.label) for theme in db.session.scalars(scoped(Theme, workspace_id))
    }


def _report(row: DriverReport, labels: dict[str, dict[str, str]]) -> Report:
    return Report(
        computed_at=row.computed_at,
        since=row.since,
        until=row.until,
        answers=row.answers,
        sampled=row.sampled,
        minimum_n=row.minimum_n,
        reason=row.reason,
        method=row.method,
        r_squared=row.r_squared,
        drivers=tuple(_driver(each) for each in row.findings["drivers"]),
        left_out=tuple((key, why) for key, why in row.findings["left_out"]),
        labels=labels,
    )


def _driver(stored: dict[str, Any]) -> Driver:
    effects = tuple(Effect(**effect) for effect in stored["effects"])
    return Driver(**{**stored, "effects": effects})
