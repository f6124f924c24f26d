"""Reads: which answers a scan counted, newest first: what is asked of answers as they are.

A search that would have to look at too many answers ends early and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, false, func, select, tuple_
from sqlalchemy.orm import aliased

from surveys.attributes import Reportable, value_of
from surveys.periods import day_bounds, local_day
from surveys.questions import scale_of
from vocapp.collecting.marked_queries import marked_ids
from vocapp.collecting.models import Response
from vocapp.database import older_than
from vocapp.distributing.queries import answered_invitations
from vocapp.looking_into.selection import Place, Selection
from vocapp.measuring.asking import Ask, Source
from vocapp.measuring.filtering import Given
from vocapp.measuring.journey.stages import stages_asked
from vocapp.understanding.queries import responses_about

_FETCH = 500


@dataclass(frozen=True, slots=True)
class Looked:
    """An answer that was looked at."""

    id: UUID
    answered_at: datetime
    matches: bool

    @property
    def place(self) -> Place:
        return Place(self.answered_at, self.id)


def answers_looked_at(
    source: Source, selection: Selection, before: Place | None
) -> Iterator[Looked]:
    """The answers of the days asked for, newest first, saying which are looked for."""
    ask = selection.question
    reportable = {item.name: item for item in source.reportable}
    asked = [reportable.get(name) or Reportable(name) for name in ask.by]
    inside = Given(ask.filter, source.reportable)
    first = (scale_of(source.survey.kind) or range(1)).start
    rows = source.session.execute(
        select(Response.id, Response.answered_at, Response.score, Response.attributes)
        .where(*_candidates(source, selection), *_before(before))
        .order_by(Response.answered_at.desc(), Response.id.desc())
        .execution_options(yield_per=_FETCH)
    )
    with rows:
        for response_id, answered_at, score, attributes in rows:
            yield Looked(
                response_id, answered_at,
                matches=selection.has_place(None if score is None else score - first)
                and selection.has_day(local_day(answered_at, source.zone))
                and tuple(value_of(item, attributes, answered_at) for item in asked)
                == selection.key
                and inside.holds(attributes, answered_at),
            )  # fmt: skip


def count_candidates(source: Source, selection: Selection, *, most: int) -> int:
    """How many answers would have to be looked at, counted no further than `most`."""
    candidates = select(Response.id).where(*_candidates(source, selection)).limit(most)
    counted = select(func.count()).select_from(candidates.subquery())
    return source.session.scalar(counted) or 0


def _candidates(source: Source, selection: Selection) -> list[Any]:
    """What the database can tell of an answer that is looked for."""
    ask = selection.question
    since, until = selection.days if ask.basis == "responses" else (ask.since, ask.until)
    if selection.invited:
        invitations = answered_invitations(
            source.survey.workspace_id, source.survey.id,
            since=day_bounds(since, source.zone)[0] if since else None,
            until=day_bounds(until, source.zone)[0] if until else None,
        )  # fmt: skip
        conditions = [
            Response.workspace_id == source.survey.workspace_id,
            Response.survey_id == source.survey.id,
            Response.invitation_id.in_(invitations),
        ]
    else:
        conditions = [
            *_given(Response, source, since, until, is_scored=selection.is_scored),
            *_latest(source, ask, is_scored=selection.is_scored),
        ]
    if selection.theme is not None:
        conditions.append(
            Response.id.in_(responses_about(source.survey.workspace_id, selection.theme))
        )
    if selection.marked is not None:
        conditions.append(_marked(source.survey.workspace_id, selection.marked))
    if selection.received_by is not None:
        conditions.append(Response.received_at <= selection.received_by)
    if selection.at or selection.not_at:
        survey = source.survey
        stages = stages_asked(source.session, survey.workspace_id, survey.id)
        conditions.append(
            stages.are_at(selection.at, selection.not_at) if stages is not None else false()
        )
    return conditions


def _marked(workspace_id: UUID, which: str) -> Any:
    if which == "none":
        return Response.id.not_in(marked_ids(workspace_id))
    return Response.id.in_(marked_ids(workspace_id, None if which == "any" else which))


def _given(
    model: Any, source: Source, since: date | None, until: date | None, *, is_scored: bool
) -> list[Any]:
    conditions = [
        model.workspace_id == source.survey.workspace_id,
        model.survey_id == source.survey.id,
    ]
    if is_scored:
        conditions.append(model.score.is_not(None))
    if since:
        conditions.append(model.answered_at >= day_bounds(since, source.zone)[0])
    if until:
        conditions.append(model.answered_at < day_bounds(until, source.zone)[0])
    return conditions


def _latest(source: Source, ask: Ask, *, is_scored: bool) -> list[Any]:
    """By people or accounts: nobody of the same answered later within all the days asked for."""
    if ask.basis == "responses":
        return []
    later = aliased(Response)

    def nobody_later(*same: Any) -> Any:
        return ~exists().where(
            *_given(later, source, ask.since, ask.until, is_scored=is_scored),
            *same,
            tuple_(later.answered_at, later.id) > tuple_(Response.answered_at, Response.id),
        )

    if ask.basis == "people":
        return [nobody_later(later.contact_id == Response.contact_id)]
    # Whoever belongs to no account stands for an account of one person.
    return [
        nobody_later(later.account_id == Response.account_id),
        nobody_later(
            later.contact_id == Response.contact_id,
            later.account_id.is_(None),
            Response.account_id.is_(None),
        ),
    ]


def _before(place: Place | None) -> list[Any]:
    if place is None:
        return []
    return [older_than(Response.answered_at, Response.id, (place.answered_at, place.id))]
