"""Reads: how many answers a filter holds of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from surveys.filters import Filter
from vocapp.measuring.asking import Ask
from vocapp.measuring.histograms import how_many
from vocapp.measuring.queries import Reading


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of all answers of a period a filter holds of.

    scanned: they were read one by one; pending: answers of the workspace not yet counted.
    """

    matching: int
    all: int
    scanned: bool
    pending: int


def preview(opened: Reading, ask: Ask) -> Preview:
    """What the question counts, beside the same without its filter."""
    matching = _count(opened, ask)
    all_ = _count(opened, replace(ask, filter=None)) if ask.filter else matching
    return Preview(matching, all_, opened.needs_scan(ask), opened.pending)


def sizes(opened: Reading, filters: Iterable[Filter]) -> list[int | None]:
    """Of all time; None where only reading the answers one by one would tell."""
    asked = [Ask(filter=filter_) for filter_ in filters]
    return [None if opened.needs_scan(ask) else _count(opened, ask) for ask in asked]


def _count(opened: Reading, ask: Ask) -> int:
    return how_many(opened.source, ask) if opened.source else 0
