"""Answers one by one, as arrays, and the histograms and clusters that they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from surveys.inference import Design
from vocapp.measuring import columns
from vocapp.measuring.asking import Histogram, Segment
from vocapp.measuring.columns import Column


@dataclass(slots=True)
class Counts:
    """Histograms of one answer: in all, per segment, per period."""

    size: int
    overall: Histogram = field(init=False)
    segments: dict[Segment, Histogram] = field(default_factory=dict)
    periods: dict[date, Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.overall = np.zeros(self.size, dtype=np.int64)


@dataclass(slots=True)
class Clusters:
    """Who answered several times: one histogram per person, shape (people, scale).

    drawn: histogram of all answers that these people were drawn from; None: all answers.
    design: what they do to intervals, once it was worked out.
    """

    people: Histogram
    drawn: Histogram | None = None
    design: Design | None = None
    _drawn_n: int | None = None

    @property
    def drawn_n(self) -> int | None:
        """How many answers they were drawn from; None: all. Summed up once: many parts ask."""
        if self._drawn_n is None and self.drawn is not None:
            self._drawn_n = int(self.drawn.sum())
        return self._drawn_n


@dataclass(slots=True)
class Repeated:
    """Answers of people with several answers, in all and by part; no entry: nobody."""

    overall: Clusters | None = None
    segments: dict[Segment, Clusters] = field(default_factory=dict)
    periods: dict[date, Clusters] = field(default_factory=dict)


@dataclass(slots=True)
class Answers:
    """Answers one by one, as arrays of one length.

    score: place in the histogram + 1, 0 for an answer that is not asked for. period and segment:
    which of `starts` and `keys`; None: not asked for. person: a number, 0 where unknown.
    """

    size: int
    score: Column
    period: Column | None = None
    starts: Sequence[date] = ()
    segment: Column | None = None
    keys: Sequence[Any] = ()
    person: Column | None = None

    def counts(self) -> Counts:
        """Histograms of whatever is asked for."""
        found = Counts(self.size)
        found.overall = columns.histograms(None, 1, self.score, self.size)[0]
        if self.segment is not None:
            found.segments = self._by(self.segment, self.keys)
        if self.period is not None:
            found.periods = self._by(self.period, self.starts)
        return found

    def _by(self, part: Column, labels: Sequence[Any]) -> dict[Any, Histogram]:
        table = columns.histograms(part, len(labels), self.score, self.size)
        return {labels[int(place)]: table[place] for place in np.flatnonzero(table.any(axis=1))}

    def repeated(self, *, drawn: bool) -> Repeated:
        """People with several answers. drawn: these are not all answers."""
        found = Repeated()
        assert self.person is not None
        rows = np.flatnonzero(self.score)
        if not rows.size:
            return found
        people, person = np.unique(self.person[rows], return_inverse=True)
        known = people[person] != 0
        everywhere = np.zeros(len(rows), dtype=np.int64)
        found.overall = self._clusters(rows, person, known, everywhere, ("",), drawn=drawn).get("")
        if self.period is not None:
            period = self.period[rows].astype(np.int64)
            found.periods = self._clusters(rows, person, known, period, self.starts, drawn=drawn)
        if self.segment is not None:
            segment = self.segment[rows].astype(np.int64)
            found.segments = self._clusters(rows, person, known, segment, self.keys, drawn=drawn)
        return found

    def _clusters(
        self,
        rows: Column,
        person: Column,
        known: Column,
        part: Column,
        labels: Sequence[Any],
        *,
        drawn: bool,
    ) -> dict[Any, Clusters]:
        index = self.score[rows].astype(np.int64) - 1
        people = int(person.max()) + 1
        keys, cluster = np.unique((part * people + person)[known], return_inverse=True)
        cells = cluster * self.size + index[known]
        tables = np.bincount(cells, minlength=len(keys) * self.size).reshape(-1, self.size)
        several = tables.sum(axis=1) > 1
        tables, owner = tables[several], (keys // people)[several]  # in ascending order
        in_all = np.bincount(part * self.size + index, minlength=len(labels) * self.size)
        in_all = in_all.reshape(len(labels), self.size)
        wanted = np.unique(part) if drawn else np.unique(owner)
        firsts, ends = (np.searchsorted(owner, wanted, side) for side in ("left", "right"))
        return {
            labels[place]: Clusters(tables[first:end], in_all[place] if drawn else None)
            for place, first, end in zip(wanted, firsts, ends, strict=True)
        }
