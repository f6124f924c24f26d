"""Reads: which answers a number was counted from, newest first, a few at a time.

The list is read the way the number was: from what is counted, or answer by answer. Nothing is
skipped by counting rows: a page goes on after the last answer of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from vocapp.looking_into.counted import count_counted, places_counted
from vocapp.looking_into.current import answers_looked_at, count_candidates
from vocapp.looking_into.selection import Found, Place, Selection
from vocapp.measuring.asking import Ask, Source
from vocapp.measuring.histograms import from_cells
from vocapp.measuring.queries import Reading

MOST_LOOKED_AT = 20_000


def find_answers(
    opened: Reading, selection: Selection, *, before: Place | None = None, limit: int
) -> Found:
    """One page of the answers behind a number."""
    source = opened.source
    if source is None:
        return Found(())
    if _is_scanned(source, selection):
        return _look(source, selection, before, limit)
    if source.state is None:
        return Found(())
    places = places_counted(source, source.state, selection, before, batch=limit + 1)
    return _page(list(islice(places, limit + 1)), limit)


def all_answers(opened: Reading, selection: Selection, *, batch: int) -> Iterator[list[UUID]]:
    """All answers behind a number, newest first, a batch at a time."""
    source = opened.source
    if source is None:
        return
    places: Iterator[Place]
    if _is_scanned(source, selection):
        looked = answers_looked_at(source, selection, None)
        places = (answer.place for answer in looked if answer.matches)
    elif source.state is None:
        return
    else:
        places = places_counted(source, source.state, selection, None, batch=batch)
    while ids := [place.id for place in islice(places, batch)]:
        yield ids


def count_answers(opened: Reading, selection: Selection) -> int | None:
    """How many there are; None where they would have to be counted one by one, being many."""
    source = opened.source
    if source is None:
        return 0
    since, until = selection.days
    if since and until and since >= until:
        return 0
    if not _is_scanned(source, selection):
        return count_counted(source, source.state, selection) if source.state else 0
    if selection.is_of_rows or source.state is None:
        to_look_at = count_candidates(source, selection, most=MOST_LOOKED_AT + 1)
    else:
        ask = Ask(since=selection.ask.since, until=selection.ask.until)
        to_look_at = int(from_cells(source, source.state, ask).overall.sum())
    if to_look_at > MOST_LOOKED_AT:
        return None
    return sum(answer.matches for answer in answers_looked_at(source, selection, None))


def _is_scanned(source: Source, selection: Selection) -> bool:
    """Whether the number was counted from the answers as they are: nothing counted tells it."""
    if selection.is_of_rows:
        return True
    question = selection.question
    return source.needs_scan(question) and not source.columns_tell(question)


def _page(places: list[Place], limit: int) -> Found:
    """The one too many only says that there are more."""
    ids = tuple(place.id for place in places[:limit])
    return Found(ids, places[limit - 1] if len(places) > limit else None)


def _look(source: Source, selection: Selection, before: Place | None, limit: int) -> Found:
    """Look at answers one by one until a page is full, or too many were looked at."""
    found: list[Place] = []
    for number, answer in enumerate(answers_looked_at(source, selection, before), start=1):
        if answer.matches:
            found.append(answer.place)
        if len(found) > limit:
            break
        if number >= MOST_LOOKED_AT:
            ids = tuple(place.id for place in found)
            return Found(ids, answer.place, broken_off=True)
    return _page(found, limit)
