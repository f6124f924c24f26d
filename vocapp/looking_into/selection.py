"""What is looked for: the answers that one number of a results page was counted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from surveys.periods import period_end, period_start
from vocapp.measuring.asking import Ask


@dataclass(frozen=True, slots=True)
class Selection:
    """The answers behind a number.

    ask: the question of the results page, without its split; segment: attribute → value, None
    being no value; places: positions in the histogram (score less the start of the scale), None
    being all; period: the first day of the one period that is looked into; theme: only answers
    about it; invited: those that led from invitations of the days asked for, whenever they came
    and whether or not with a score; received_by: only those that were here at this instant; at,
    not_at: of a survey of the five A's only who is at all of these stages and at none of those,
    whether or not with a score; marked: only answers with this mark, with one or more (`any`), or
    with none.
    """

    ask: Ask
    segment: Mapping[str, str | None] = field(default_factory=dict)
    places: frozenset[int] | None = None
    period: date | None = None
    theme: str | None = None
    invited: bool = False
    received_by: datetime | None = None
    at: tuple[str, ...] = ()
    not_at: tuple[str, ...] = ()
    marked: str | None = None

    @property
    def question(self) -> Ask:
        """What the results page was asked, split by the attributes of the segment."""
        return replace(self.ask, by=tuple(sorted(self.segment)))

    @property
    def is_of_rows(self) -> bool:
        """Whether only the answers themselves tell, as nothing counted holds what is asked."""
        narrowed = (self.theme, self.received_by, self.marked)
        return not self.is_scored or any(each is not None for each in narrowed)

    @property
    def is_scored(self) -> bool:
        """Whether answers without a score are left out, as scores leave them out."""
        return not (self.invited or self.at)

    @property
    def key(self) -> tuple[str | None, ...]:
        """The segment as histograms name it."""
        return tuple(self.segment[name] for name in self.question.by)

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The days that are left when only one period is looked into; half-open."""
        since, until = self.ask.since, self.ask.until
        if self.period is None:
            return since, until
        first = period_start(self.period, self.ask.interval)
        end = period_end(self.period, self.ask.interval)
        return max(first, since or first), min(end, until or end)

    def has_day(self, day: date) -> bool:
        """Whether a day lies in the period that is looked into."""
        if self.period is None:
            return True
        interval = self.ask.interval
        return period_start(day, interval) == period_start(self.period, interval)

    def has_place(self, index: int | None) -> bool:
        """index: None of an answer without a score."""
        return self.places is None or index in self.places


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: only answers before this instant, or at it with a smaller id."""

    answered_at: datetime
    id: UUID

    def is_after(self, other: Place) -> bool:
        """Whether a list that goes on at the other one has this answer still to come."""
        return (self.answered_at, self.id) < (other.answered_at, other.id)


@dataclass(frozen=True, slots=True)
class Found:
    """Answers of a selection, newest first; next: where to go on, None at the end.

    broken_off: nothing more was found yet, but the search was stopped before it took too long.
    """

    ids: tuple[UUID, ...]
    next: Place | None = None
    broken_off: bool = False
