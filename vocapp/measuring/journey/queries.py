"""Reads: how many people are at which stages of the journey, in all, by segment and by brand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.orm import Session

from surveys.attributes import Reportable, Reportables, value_of
from surveys.journey import STAGES, Contrast, Journey, Shape, analyse_journey, compare, shape
from surveys.periods import day_bounds
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.models import Response
from vocapp.database import snapshot
from vocapp.measuring.journey.stages import Stages, brands_asked, stages_asked
from vocapp.problems import Conflict, Forbidden

MOST_GROUPS = 50
_SEED = 1  # the same answers give the same words
Paths = Counter[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which answers: of local days (half-open; None: no end), split by an attribute or not."""

    since: date | None
    until: date | None
    time_zone: str
    by: Reportable | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A segment or a brand. contrasts: its rates beside those of the others, or of the brand that
    the page is about; empty where there is nothing beside it."""

    journey: Journey
    contrasts: Mapping[str, Contrast]


@dataclass(frozen=True, slots=True)
class Brand:
    """Another survey that asks the journey; name: as the survey is called."""

    survey: SurveySummary
    group: Group


@dataclass(frozen=True, slots=True)
class Told:
    """The journey of one survey.

    shape: None of fewer than 30 aware. segments: value → group, the most people first.
    is_too_many: more values than can be read. brands: the other surveys, newest first.
    """

    own: Journey
    shape: Shape | None
    segments: dict[str | None, Group]
    is_too_many: bool
    brands: tuple[Brand, ...]


def asks_journey(survey: SurveySummary) -> bool:
    """Whether this survey has a journey to show."""
    if survey.kind != "nps" or survey.confidential:
        return False
    with snapshot() as session:
        return stages_asked(session, survey.workspace_id, survey.id) is not None


def journey_of(survey: SurveySummary, asked: Asked) -> Told:
    """Conversion between the stages, the shape, and where segments and brands differ.

    Of each person the latest answer of these days; who is not known counts by the answer.
    Raises Forbidden for a confidential survey (groups of a few could be had by subtraction),
    Conflict for one that does not ask the five A's.
    """
    if survey.confidential:
        raise Forbidden("The journey of a confidential survey is not shown.")
    with snapshot() as session:
        stages = stages_asked(session, survey.workspace_id, survey.id)
        if stages is None:
            raise Conflict("This survey does not ask the five A's.")
        by_value = _paths(session, survey.workspace_id, survey.id, stages, asked)
        others = [
            (each, sum(_paths(session, each.workspace_id, each.id, of, _in_all(asked)).values(),
                       Paths()))
            for each, of in brands_asked(session, survey.workspace_id)
            if each.id != survey.id
        ]  # fmt: skip
    own = sum(by_value.values(), Paths())
    is_too_many = len(by_value) > MOST_GROUPS
    return Told(
        own=analyse_journey(own),
        shape=shape(own, seed=_SEED),
        segments={} if asked.by is None or is_too_many else _segments(by_value),
        is_too_many=is_too_many,
        brands=_brands(own, others),
    )


def reportable_of(name: str, reportable: Reportables) -> Reportable | None:
    """The attribute of this name, in its bands; None for one that is not reportable."""
    return next((each for each in reportable if each.name == name), None)


def _in_all(asked: Asked) -> Asked:
    return Asked(asked.since, asked.until, asked.time_zone)


# --- counting -----------------------------------------------------------------------------


def _paths(
    session: Session, workspace_id: UUID, survey_id: UUID, stages: Stages, asked: Asked
) -> dict[str | None, Paths]:
    """People by the stages they are at, by value of the attribute; under None without one."""
    latest = _latest(workspace_id, survey_id, asked)
    at = [case((stages.says(stage), 1), else_=0).label(stage) for stage in STAGES]
    found: dict[str | None, Paths] = defaultdict(Paths)
    joined = (latest.c.workspace_id == Response.workspace_id) & (latest.c.id == Response.id)
    if asked.by is None:
        each = (
            select(*at).select_from(Response).join(latest, joined).where(latest.c.place == 1)
        ).subquery()
        for *reached, n in session.execute(select(*each.c, func.count()).group_by(*each.c)):
            found[None][_path(reached)] += n
        return found
    rows = session.execute(
        select(Response.attributes, Response.answered_at, *at)
        .select_from(Response)
        .join(latest, joined)
        .where(latest.c.place == 1)
    )
    for attributes, answered_at, *reached in rows:
        found[value_of(asked.by, attributes, answered_at)][_path(reached)] += 1
    return found


def _latest(workspace_id: UUID, survey_id: UUID, asked: Asked) -> Subquery:
    """The answers of these days; place 1 is the latest of its person."""
    person: Any = func.coalesce(Response.contact_id, Response.id)
    place = func.row_number().over(
        partition_by=person, order_by=(Response.answered_at.desc(), Response.id.desc())
    )
    query = select(Response.workspace_id, Response.id, place.label("place")).where(
        Response.workspace_id == workspace_id, Response.survey_id == survey_id
    )
    if asked.since:
        query = query.where(Response.answered_at >= day_bounds(asked.since, asked.time_zone)[0])
    if asked.until:
        query = query.where(Response.answered_at < day_bounds(asked.until, asked.time_zone)[0])
    return query.subquery("latest")


def _path(reached: Any) -> frozenset[str]:
    return frozenset(stage for stage, is_at in zip(STAGES, reached, strict=True) if is_at)


# --- comparing ----------------------------------------------------------------------------


def _segments(by_value: Mapping[str | None, Paths]) -> dict[str | None, Group]:
    # A value may be called anything, so that groups are compared by their places.
    values = sorted(by_value, key=lambda value: (-by_value[value].total(), value is None, value))
    groups = {str(place): by_value[value] for place, value in enumerate(values)}
    contrasts = _by_group(compare(groups)) if len(groups) > 1 else {}
    return {
        value: Group(analyse_journey(by_value[value]), contrasts.get(str(place), {}))
        for place, value in enumerate(values)
    }


def _brands(own: Paths, others: list[tuple[Survey, Paths]]) -> tuple[Brand, ...]:
    groups = {"own": own} | {str(survey.id): paths for survey, paths in others}
    contrasts = _by_group(compare(groups, reference="own"))
    return tuple(
        Brand(
            SurveySummary.of(survey),
            Group(analyse_journey(paths), contrasts.get(str(survey.id), {})),
        )
        for survey, paths in others
    )


def _by_group(contrasts: list[Contrast]) -> dict[str, dict[str, Contrast]]:
    found: dict[str, dict[str, Contrast]] = defaultdict(dict)
    for each in contrasts:
        found[each.group][each.rate] = each
    return found
