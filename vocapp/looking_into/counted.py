"""Reads: which answers a number of cells and columns was counted from, newest first.

Found by what is *counted* of each answer, so that list and number agree even while answers wait
to be counted. The columns of one month at a time say which answers belong to the selection and
when they came; only those of the page are then read by themselves. How rare a selection is thus
matters little: a month of 200,000 answers is looked through in some milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select

from surveys.periods import period_end, period_start
from vocapp.collecting.models import Response
from vocapp.looking_into.selection import Place, Selection
from vocapp.measuring import cells, columns
from vocapp.measuring.asking import Ask, Source
from vocapp.measuring.histograms import from_cells
from vocapp.measuring.models import AnswerChunk, CellState, CountedAnswer
from vocapp.measuring.selecting import Asked, names_of_units

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENOUGH = 8192


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Answers of a selection, newest first, as arrays of one length; where they stand."""

    moment: columns.Column
    chunk: columns.Column
    index: columns.Column

    def __len__(self) -> int:
        return len(self.moment)

    def part(self, start: int, end: int) -> _Candidates:
        return _Candidates(self.moment[start:end], self.chunk[start:end], self.index[start:end])


def count_counted(source: Source, state: CellState, selection: Selection) -> int:
    """How many answers there are."""
    if selection.ask.basis != "responses":
        return sum(
            len(_matching(source, state, selection, ask))
            for ask in _parts(source, state, selection, None)
        )
    since, until = selection.days
    by = selection.question.by
    ask = Ask(by=by, since=since, until=until, filter=selection.ask.filter)
    counts = from_cells(source, state, ask)
    histogram = counts.segments.get(selection.key) if by else counts.overall
    if histogram is None:
        return 0
    return sum(int(n) for index, n in enumerate(histogram) if selection.has_place(index))


def places_counted(
    source: Source,
    state: CellState,
    selection: Selection,
    before: Place | None,
    *,
    batch: int,
) -> Iterator[Place]:
    """Every answer of the selection, newest first, from a place on; read a batch at a time."""
    for ask in _parts(source, state, selection, before):
        found = _matching(source, state, selection, ask)
        start = 0
        if before is not None:
            start = int(np.searchsorted(-found.moment, -_micros(before.answered_at)))
        while start < len(found):
            end = _end_of_moment(found, min(start + batch, len(found)))
            yield from _read(source, state, found.part(start, end), before)
            start = end


def _end_of_moment(found: _Candidates, end: int) -> int:
    """The end, moved on behind the last answer of its moment: their ids order them."""
    while 0 < end < len(found) and found.moment[end] == found.moment[end - 1]:
        end += 1
    return end


def _parts(
    source: Source, state: CellState, selection: Selection, before: Place | None
) -> Iterator[Ask]:
    """The question month by month, newest first, the last days of a large month before the rest
    of it; whole where the latest of each is looked for."""
    question = selection.question
    if question.basis != "responses":
        yield question
        return
    since, until = selection.days
    if since and until and since >= until:
        return
    whole = replace(question, since=since, until=until)
    months = source.session.scalars(
        select(AnswerChunk.month)
        .where(*Asked(source, state, whole).span.conditions())
        .distinct()
        .order_by(AnswerChunk.month.desc())
    ).all()
    for month in months:
        if before is not None and month > before.answered_at.date() + timedelta(days=1):
            continue
        end = period_end(month, "month")
        first, last = max(month, since or month), min(end, until or end)
        late = _late(source, state, month, first, last)
        for start, stop in ((late, last), (first, late)):
            is_after = before is not None and start > before.answered_at.date() + timedelta(days=1)
            if start < stop and not is_after:
                yield replace(whole, since=start, until=stop)


def _late(source: Source, state: CellState, month: date, first: date, last: date) -> date:
    """The day of a month from which on there are more answers than a page or two shows: of a
    large month, only these are sorted, as a rule. `first` where there are fewer."""
    after = period_end(month, "month")
    for _, days in cells.days_of(source.session, state, source.question_id, month, after):
        from_day = days[first.day - 1 : (last - month).days].sum(axis=1)[::-1].cumsum()
        enough = int(np.searchsorted(from_day, _ENOUGH)) + 1
        if enough < len(from_day):
            return last - timedelta(days=enough)
    return first


def _matching(source: Source, state: CellState, selection: Selection, ask: Ask) -> _Candidates:
    """The answers of the selection among those of a question, newest first."""
    names = names_of_units(ask.basis) if ask.basis != "responses" else ()
    asked = Asked(source, state, ask)
    answers, span = asked.answers(names=names), asked.span
    wanted = answers.score != 0
    if selection.places is not None:
        wanted &= np.isin(answers.score, [place + 1 for place in selection.places])
    if answers.segment is not None:
        keys = [asked.segment(codes) for codes in answers.keys]
        wanted &= answers.segment == _place_of(keys, selection.key)
    if ask.basis != "responses" and selection.period is not None:
        start = period_start(selection.period, ask.interval)
        wanted &= answers.period == _place_of(answers.starts, start)
    rows = np.flatnonzero(wanted)
    chunk, index = (column[rows] for column in _standing(source, span))
    moment = columns.values_at(source.session, span, columns.MOMENT, chunk, index)
    order = np.argsort(-moment, kind="stable")
    return _Candidates(moment[order], chunk[order], index[order])


def _place_of(labels: Any, wanted: Any) -> int:
    return labels.index(wanted) if wanted in labels else -1


def _standing(source: Source, span: columns.Span) -> tuple[columns.Column, columns.Column]:
    """Chunk and place of each answer of a table of this span, in the order of the table."""
    headers = source.session.execute(
        select(AnswerChunk.number, AnswerChunk.size)
        .where(*span.conditions())
        .order_by(AnswerChunk.month, AnswerChunk.number)
    ).all()
    sizes = [size for _, size in headers]
    chunk = np.repeat(np.array([number for number, _ in headers], dtype=np.int64), sizes)
    index = np.concatenate([np.arange(size) for size in sizes] or [np.zeros(0, dtype=np.int64)])
    return chunk, index


def _read(
    source: Source, state: CellState, found: _Candidates, before: Place | None
) -> list[Place]:
    """The answers that stand there, in order, from a place on."""
    moments = {_instant(int(each)) for each in found.moment}
    answered = dict(
        source.session.execute(
            select(Response.id, Response.answered_at).where(
                Response.workspace_id == source.survey.workspace_id,
                Response.survey_id == source.survey.id,
                Response.answered_at.in_(moments),
            )
        ).all()
    )
    # By its key, in a statement of its own: joined, a planner may walk through all that is counted.
    rows = source.session.execute(
        select(CountedAnswer.response_id, CountedAnswer.chunk, CountedAnswer.place).where(
            CountedAnswer.workspace_id == state.workspace_id,
            CountedAnswer.generation == state.generation,
            CountedAnswer.response_id.in_(answered),
            CountedAnswer.question_id == source.question_id,
        )
    )
    standing = set(zip(found.chunk.tolist(), found.index.tolist(), strict=True))
    places = [
        Place(answered[response_id], response_id)
        for response_id, chunk, place in rows
        if (chunk, place) in standing
    ]
    places.sort(key=lambda place: (place.answered_at, place.id), reverse=True)
    return [place for place in places if before is None or place.is_after(before)]


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
