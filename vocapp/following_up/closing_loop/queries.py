"""Reads: cases of a period as sums, and the next answers of their people.

A statement each for first contact, resolution and, by kind of survey, next answers; the database
adds up cases that are alike, so that 200,000 of them are some thousand rows, but by theme.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Subquery, and_, case, cast, func, select

from surveys.closed_loop import Compared, Next, Timing, compare, timing
from surveys.ratios import Figure, share
from vocapp.extensions import db
from vocapp.following_up.closing_loop.cases import THEME, Asked, cases_of, groups_of
from vocapp.following_up.closing_loop.next_answers import count_next_answers
from vocapp.following_up.closing_loop.passing import Passing, facts_in, passing_of
from vocapp.workspaces.reach import Reach

MOST_GROUPS = 50


@dataclass(frozen=True, slots=True)
class Loop:
    """What became of the cases of a period, or of a group of them.

    contact, resolution: time since opening; in_sla: of those whose due time has passed, the share
    contacted by then; not_due: those of which it is not known yet.
    """

    contact: Timing
    resolution: Timing
    in_sla: Figure
    not_due: int
    compared: Compared

    @property
    def n(self) -> int:
        return self.contact.n


@dataclass(frozen=True, slots=True)
class Told:
    """overall; groups: value → its cases, the most first; is_too_many: more than can be read."""

    overall: Loop
    groups: dict[str | None, Loop] = field(default_factory=dict)
    is_too_many: bool = False


@dataclass(slots=True)
class _Sums:
    contact: list[tuple[int, bool, int]] = field(default_factory=list)
    resolution: list[tuple[int, bool, int]] = field(default_factory=list)
    sla: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    next: list[Next] = field(default_factory=list)

    def loop(self) -> Loop:
        return Loop(
            contact=timing(*_columns(self.contact)),
            resolution=timing(*_columns(self.resolution)),
            in_sla=share(self.sla["in_time"], self.sla["in_time"] + self.sla["late"]),
            not_due=self.sla["not_due"],
            compared=compare(self.next),
        )


def closed_loop(workspace_id: UUID, asked: Asked, *, reach: Reach, now: datetime) -> Told:
    """How soon people were contacted, and whether they recovered more than like ones who were not.

    With themes a case counts in each of its own, and once in all. Raises BadInput for an
    attribute that cannot be one.
    """
    groups, overall = _times(workspace_id, asked, reach, now)
    counts = count_next_answers(workspace_id, asked, reach, split=asked.by is not None)
    by_group: dict[str | None, list[Next]] = defaultdict(list)
    for alike, n in counts.items():
        found = alike.as_next(n)
        overall.next.append(found)
        for group in alike.groups:
            by_group[group].append(found)
    if asked.by is None or len(groups) > MOST_GROUPS:
        return Told(overall.loop(), is_too_many=asked.by is not None)
    for group, own in by_group.items():
        groups[group].next = own
    loops = {group: each.loop() for group, each in groups.items()}
    ordered = sorted(loops.items(), key=lambda item: (-item[1].n, item[0] is None, item[0] or ""))
    return Told(overall.loop(), dict(ordered))


def _times(
    workspace_id: UUID, asked: Asked, reach: Reach, now: datetime
) -> tuple[dict[str | None, _Sums], _Sums]:
    """How long it took, by group and of all cases, each once."""
    found: dict[str | None, _Sums] = defaultdict(_Sums)
    overall = _Sums()
    passing, groups = passing_of(workspace_id, asked.filter), groups_of(workspace_id, asked.by)
    cases = cases_of(
        workspace_id, asked, reach, passing=passing, split=True, with_answers=False
    )  # fmt: skip
    contacts, resolutions = (
        _each(cases, passing, now) if asked.by == THEME else _alike(cases, passing, now)
    )
    for value, rows in contacts.items():
        for sums in (overall, *(found[group] for group in groups(value))):
            sums.contact += [(hours, bool(is_done), n) for hours, is_done, _, n in rows]
            for _, _, sla, n in rows:
                sums.sla[sla] += n
    for value, rows in resolutions.items():
        for sums in (overall, *(found[group] for group in groups(value))):
            sums.resolution += [(hours, bool(is_done), n) for hours, is_done, n in rows]
    return found, overall


_Rows = Mapping[Any, Sequence[Sequence[Any]]]  # value → rows


def _alike(cases: Subquery, passing: Passing | None, now: datetime) -> tuple[_Rows, _Rows]:
    """(hours, whether contacted, in time or late or not due, how many), and (hours, whether
    resolved, how many), summed by the database."""
    contact, resolution = _contact(cases, now), _resolution(cases, now)
    return (
        _passed(_counted(cases, *contact), passing),
        _passed(_counted(cases, *resolution), passing),
    )


def _each(cases: Subquery, passing: Passing | None, now: datetime) -> tuple[_Rows, _Rows]:
    """The same case by case: hardly two have the same themes and took as long, so that nothing is
    gained by looking for their themes twice and sorting by them."""
    columns = (*_contact(cases, now), *_resolution(cases, now))
    rows = _passed(select(cases.c.value, *facts_in(cases), *columns), passing)
    return (
        {value: [(*row[:3], 1) for row in own] for value, own in rows.items()},
        {value: [(*row[3:], 1) for row in own] for value, own in rows.items()},
    )


def _passed(statement: Any, passing: Passing | None) -> dict[Any, list[Sequence[Any]]]:
    """By value the rows of what a filter holds, without what was asked for that: of many cases
    there are few values, such as the themes that stand together."""
    width = len(passing.columns) if passing else 0
    found: dict[Any, list[Sequence[Any]]] = defaultdict(list)
    for row in db.session.execute(statement):
        if passing is None or passing.holds(row[1 : 1 + width]):
            found[row[0]].append(row[1 + width :])
    return found


def _columns(rows: list[tuple[int, bool, int]]) -> Any:
    return zip(*rows, strict=True) if rows else ((), (), ())


def _contact(cases: Subquery, now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Hours, whether contacted, in time or late or not due."""
    at = cases.c.first_contact_at
    hours = _hours(cases.c.opened_at, func.coalesce(at, now, type_=at.type))
    sla = case(
        (and_(at.is_not(None), at <= cases.c.due_at, cases.c.due_at <= now), "in_time"),
        (cases.c.due_at <= now, "late"),
        else_="not_due",
    )
    return hours, at.is_not(None), sla


def _resolution(cases: Subquery, now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Hours, whether resolved. Closed without contact is not resolved."""
    at = case((cases.c.state == "resolved", cases.c.resolved_at), else_=None)
    hours = _hours(cases.c.opened_at, func.coalesce(at, now, type_=cases.c.resolved_at.type))
    return hours, at.is_not(None)


def _counted(cases: Subquery, *columns: Any) -> Any:
    named = [each.label(f"c{place}") for place, each in enumerate(columns)]
    rows = select(cases.c.value, *facts_in(cases), *named).subquery()
    return select(*rows.c, func.count()).group_by(*rows.c)


def _hours(since: Any, until: Any) -> ColumnElement[int]:
    """Begun hours between two instants, 1 at least: what took 90 minutes was done within 2."""
    if db.session.get_bind().dialect.name == "postgresql":
        whole = cast(func.ceil(func.extract("epoch", until - since) / 3600), Integer)
        return func.greatest(whole, 1, type_=Integer())
    seconds = func.unixepoch(until, type_=Integer()) - func.unixepoch(since, type_=Integer())
    return func.max((seconds + 3599) // 3600, 1, type_=Integer())
