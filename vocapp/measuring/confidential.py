"""Reads: what may be told of a confidential survey.

Decided from all months that are over and never from the question (surveys/settling.py): which
months sums may begin and end with, and which values and combinations stay hidden in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import pairwise, product

from surveys.periods import period_end, period_start
from surveys.settling import Stretch, held_back, settled_borders, stretches
from surveys.suppression import COMPLEMENT, SMALL, Key
from vocapp.measuring.answers import Counts
from vocapp.measuring.asking import Ask, Interval, Segment, Source
from vocapp.measuring.histograms import by_value_and_month, from_cells
from vocapp.measuring.scanning import scan

CONFIDENTIAL_FLOOR = 5
Table = Counter[Segment]


@dataclass
class Confidential:
    """Of one survey in one snapshot. Places are numbers of borders: 0 is before the first month.

    A question is answered from the first to the last settled border within its days (`closed`);
    where there is none, everything in the answer is hidden.
    """

    source: Source | None
    today: date
    _held: dict[str, tuple[frozenset[str | None], ...]] = field(default_factory=dict)
    _stretches: dict[Segment, tuple[Stretch, ...]] = field(default_factory=dict)

    # --- the question as it is answered ---------------------------------------------------

    def closed(self, ask: Ask) -> Ask:
        """Whole months that are over, from one settled border to another.

        A month with few answers stays open until later ones bring them to the floor, and is left
        out so long; two attributes are told over whole stretches.
        """
        ask = self._whole_months(ask)
        for borders in (self._borders, self._stretch_borders(ask)):
            narrowed = self._narrowed(ask, borders)
            if self._answers(narrowed):
                ask = narrowed
        return ask

    def _whole_months(self, ask: Ask) -> Ask:
        until = period_start(min(ask.until or self._open, self._open), "month")
        since = ask.since
        if since is not None and since.day != 1:
            since = period_end(period_start(since, "month"), "month")
        interval: Interval = ask.interval if ask.interval in {"month", "quarter"} else "month"
        return replace(ask, since=since, until=until, interval=interval)

    def _narrowed(self, ask: Ask, borders: Sequence[int]) -> Ask:
        first, last = self._places(ask)
        inside = [place for place in borders if first <= place <= last]
        if not inside:
            return replace(ask, until=ask.since or self._day(0))
        return replace(
            ask,
            since=ask.since if inside[0] == first else self._day(inside[0]),
            until=ask.until if inside[-1] == last else self._day(inside[-1]),
        )

    def _answers(self, ask: Ask) -> int:
        first, last = self._places(ask)
        return sum(self._months[month] for month in self._days[first:last])

    # --- what is hidden in its answer -----------------------------------------------------

    def hidden_overall(self, ask: Ask, n: int) -> str | None:
        """Why the sum over the days of this question is not told; None: it is."""
        places = self._places(ask)
        return None if not n or {*places} <= {*self._borders} else _reason(n)

    def hidden_periods(self, ask: Ask, counts: Mapping[date, int]) -> dict[date, str]:
        """Period → why its sum is not told; periods are cut at the days of the question."""
        found = {}
        for start, n in counts.items():
            why = self.hidden_overall(self._within(ask, start), n)
            if why:
                found[start] = why
        return found

    def hidden_segments(self, ask: Ask, counts: Mapping[Segment, int]) -> dict[Segment, str]:
        """Segment → why it is not told, for the days of this question.

        Also segments that nobody is in, where the gap would tell.
        """
        total = sum(counts.values())
        why = self.hidden_overall(ask, total)
        if why == SMALL:
            return dict.fromkeys(counts, SMALL)
        if why:
            return {key: _reason(n) for key, n in counts.items()}
        hidden = self._hidden_over(ask) if ask.by else set()
        if hidden is None:  # all combinations, as a gap would tell
            hidden = set(product(*({key[side] for key in counts} for side in range(2))))
        return {key: _reason(counts.get(key, 0)) for key in hidden}

    def in_period(self, ask: Ask, start: date, counts: Mapping[str | None, int]) -> set[str | None]:
        """Values of the one attribute of this question that are hidden in one of its periods."""
        within = self._within(ask, start)
        keyed: dict[Segment, int] = {(value,): n for value, n in counts.items()}
        if self.hidden_overall(within, sum(keyed.values())):
            return set(counts)
        return {key[0] for key in self.hidden_segments(within, keyed)}

    def _hidden_over(self, ask: Ask) -> set[Segment] | None:
        """Segments that are hidden between the settled borders of a question; None: all."""
        first, last = self._places(ask)
        if len(ask.by) == 1:
            held = self._held_back(ask.by[0])
            at = [held[self._borders.index(place)] for place in (first, last)]
            return {(value,) for value in at[0] | at[1]}
        if not {first, last} <= {*self._stretch_borders(ask)}:
            return None
        inside = [
            each for each in self._stretches_of(ask.by)
            if first <= self._borders[each.start] and self._borders[each.end] <= last
        ]  # fmt: skip
        return {(_text(key[0]), _text(key[1])) for each in inside for key in each.hidden}

    def _within(self, ask: Ask, start: date) -> Ask:
        since, until = start, period_end(start, ask.interval)
        return replace(
            ask,
            since=max(since, ask.since) if ask.since else since,
            until=min(until, ask.until) if ask.until else until,
        )

    # --- decided from the past ------------------------------------------------------------

    @property
    def _open(self) -> date:
        return period_start(self.today, "month")

    @cached_property
    def _months(self) -> Counter[date]:
        """First day of a month that is over → its answers."""
        if self.source is None:
            return Counter()
        counts = _counts(self.source, Ask(until=self._open))
        return Counter({month: int(cell.sum()) for month, cell in counts.periods.items()})

    @cached_property
    def _days(self) -> list[date]:
        """First days of all months from the first with answers to the last that is over."""
        days, day = [], min(self._months, default=self._open)
        while day < self._open:
            days.append(day)
            day = period_end(day, "month")
        return days

    @cached_property
    def _borders(self) -> tuple[int, ...]:
        return settled_borders([self._months[day] for day in self._days], floor=CONFIDENTIAL_FLOOR)

    def _day(self, place: int) -> date:
        return self._days[place] if place < len(self._days) else self._open

    def _places(self, ask: Ask) -> tuple[int, int]:
        """Borders that the days of a question begin and end with."""
        first = 0 if ask.since is None else sum(day < ask.since for day in self._days)
        last = len(self._days) if ask.until is None else sum(day < ask.until for day in self._days)
        return first, max(first, last)

    def _parts(self, by: Segment) -> list[Table]:
        """Answers by segment, from each settled border to the next."""
        tables = self._tables(tuple(name for name in by if name is not None))
        return [
            sum((tables.get(day, Table()) for day in self._days[start:end]), Table())
            for start, end in pairwise(self._borders)
        ]

    def _tables(self, by: tuple[str, ...]) -> Mapping[date, Table]:
        """Month → answers by segment."""
        found: dict[date, Table] = {day: Table() for day in self._days}
        if self.source is None:
            return found
        if len(by) > 1 or self.source.needs_scan(Ask(by=by)):
            for day in self._days:
                ask = Ask(by=by, since=day, until=period_end(day, "month"))
                counts = _counts(self.source, ask)
                found[day] = Table({key: int(cell.sum()) for key, cell in counts.segments.items()})
            return found
        over = Ask(until=self._open)
        for (value, month), cell in by_value_and_month(self.source, over, by[0]).items():
            found.setdefault(month, Table())[(value,)] += int(cell.sum())
        for month, table in found.items():
            table[(None,)] = self._months[month] - table.total()
        return found

    def _held_back(self, attribute: str) -> tuple[frozenset[str | None], ...]:
        if attribute not in self._held:
            parts: list[dict[Hashable, int]] = [
                {key[0]: n for key, n in part.items()} for part in self._parts((attribute,))
            ]
            self._held[attribute] = tuple(
                frozenset(map(_text, values))
                for values in held_back(parts, floor=CONFIDENTIAL_FLOOR)
            )
        return self._held[attribute]

    def _stretches_of(self, by: Segment) -> tuple[Stretch, ...]:
        if by not in self._stretches:
            rows, columns = (self._held_back(name) for name in by if name is not None)
            tables: list[dict[Key, int]] = [
                {key: n for key, n in part.items()} for part in self._parts(by)
            ]
            self._stretches[by] = stretches(tables, rows, columns, floor=CONFIDENTIAL_FLOOR)
        return self._stretches[by]

    def _stretch_borders(self, ask: Ask) -> tuple[int, ...]:
        if len(ask.by) < 2:
            return self._borders
        found = self._stretches_of(ask.by)
        ends = [self._borders[each.end] for each in found]
        return (self._borders[found[0].start], *ends) if found else ()


def _counts(source: Source, ask: Ask) -> Counts:
    if source.needs_scan(ask):
        return scan(source, ask)[0]
    return from_cells(source, source.state, ask) if source.state else Counts(source.size)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _reason(n: int) -> str:
    return SMALL if 0 < n < CONFIDENTIAL_FLOOR else COMPLEMENT
