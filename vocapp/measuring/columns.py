"""Counted answers in columns: what is asked of combinations of attributes is counted from them.

The answers to a question in a local month lie in chunks. Of each chunk every value is a column:
a row of bytes with one number per answer. A few million answers are then some megabytes that
numpy counts in milliseconds, and an answer that changes costs the rewriting of one chunk.

An answer keeps its place until its month changes or it is counted no more; a place without an
answer has the score 0.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from vocapp.database import OF_WORKSPACE, insert_into, read_once
from vocapp.measuring.models import AnswerChunk, AnswerColumn

CAPACITY = 8192
_BLOCK = 8192
MOST_LEVEL = 4
MIXED = -1  # the level of a month's first chunk, which holds people of all levels
_MIXING = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, TAOCP 3, 6.4)
_BITS_PER_LEVEL = 3
_REVISION = 62  # bits: two states of a chunk share one as good as never

# Column → type. score: place in the histogram + 1; day: of the month; person and account:
# digests, 0 for none; moment: microseconds since 1970; tie: orders answers of one moment.
SCORE, DAY, PERSON, ACCOUNT, MOMENT, TIE = "score", "day", "person", "account", "moment", "tie"
_BYTE, _LONG = np.dtype("u1"), np.dtype("<i8")
BASE = (SCORE, DAY, PERSON, ACCOUNT, MOMENT, TIE)

Column = np.ndarray[Any, Any]
Key = tuple[UUID, date, int]  # question, month, level
Place = tuple[int, int]  # chunk, index


def attribute_column(name: str) -> str:
    """The column of an attribute; the prefix keeps it from those of the answer itself."""
    return f"={name}"


def known_as(column: str) -> str:
    """Under which name the values of an attribute's column are known (attributes.KnownValues)."""
    return column.removeprefix(attribute_column(""))


def type_of(column: str) -> np.dtype[Any]:
    return _LONG if column in {PERSON, ACCOUNT, MOMENT, TIE} else _BYTE


def digest(key: UUID | None) -> int:
    """A signed number of 64 bits that stands for a person or account; 0 for None.

    Two of four million people share one with a probability of about 4e-7 (birthday bound).
    """
    return 0 if key is None else _digest(key.int)


@lru_cache(maxsize=65_536)
def _digest(key: int) -> int:
    found = hashlib.blake2b(key.to_bytes(16, "big"), digest_size=8).digest()
    return int.from_bytes(found, "little", signed=True) or 1


def whose(person: Column, tie: Column) -> Column:
    """A number of 64 bits for whoever gave each answer; unknown people are one each."""
    mixed = tie.astype(np.uint64) * _MIXING >> np.uint64(16)
    return np.where(person != 0, person, mixed.astype(_LONG))


def levels_of(people: Column) -> Column:
    """0…4: of all people an eighth has level 1 or more, of those an eighth 2 or more, …

    By their digest (`whose`), so that all answers of a person have the same level: the answers
    from a level on are those of a random sample of whole people.

    >>> levels_of(np.array([1, 8, 64, 8 * 3, 8**6, -8])).tolist()
    [0, 1, 2, 1, 4, 1]
    """
    found = np.zeros(len(people), dtype=_BYTE)
    for level in range(1, MOST_LEVEL + 1):
        found += people & (1 << _BITS_PER_LEVEL * level) - 1 == 0
    return found


# --- writing ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Chunk:
    key: Key
    size: int
    columns: dict[str, Column]
    changed: bool = False

    def column(self, name: str) -> Column:
        if name not in self.columns:
            self.columns[name] = np.zeros(self.size, dtype=type_of(name))
        return self.columns[name]

    def append(self, added: Mapping[str, Column], count: int) -> None:
        for name in added.keys() | self.columns.keys():
            more = added.get(name)
            if more is None:
                more = np.zeros(count, dtype=type_of(name))
            if name in self.columns or more.any():
                self.columns[name] = np.concatenate([self.column(name), more])
        self.size += count
        self.changed = True


@dataclass(slots=True)
class Chunks:
    """The chunks of a generation that a batch of answers touches; whoever writes them holds the
    workspace's cell state."""

    session: Session
    workspace_id: UUID
    generation: int
    _loaded: dict[int, _Chunk] = field(default_factory=dict)
    _open: dict[Key, int] = field(default_factory=dict)
    _full: set[tuple[UUID, date]] = field(default_factory=set)  # months whose first chunk is
    _last: int | None = None

    def load(self, numbers: Iterable[int], keys: Iterable[Key]) -> None:
        """Read these chunks, and those of these keys that have room, in three statements."""
        wanted = set(numbers) - self._loaded.keys()
        wanted |= set(self._with_room({key for key in keys if key not in self._open}))
        wanted -= self._loaded.keys()
        if not wanted:
            return
        header = select(
            AnswerChunk.number, AnswerChunk.question_id, AnswerChunk.month,
            AnswerChunk.level, AnswerChunk.size,
        )  # fmt: skip
        for number, question_id, month, level, size in self.session.execute(
            header.where(*self._mine(AnswerChunk), AnswerChunk.number.in_(wanted))
        ):
            self._loaded[number] = _Chunk((question_id, month, level), size, {})
        for number, name, data in self.session.execute(
            select(AnswerColumn.chunk, AnswerColumn.name, AnswerColumn.data).where(
                *self._mine(AnswerColumn), AnswerColumn.chunk.in_(wanted)
            )
        ):
            self._loaded[number].columns[name] = np.frombuffer(data, dtype=type_of(name)).copy()

    def _with_room(self, keys: set[Key]) -> Iterator[int]:
        """The chunks to go on with of each key: of several the latest, the others are full."""
        if not keys:
            return
        wanted = keys | {(question_id, month, MIXED) for question_id, month, _ in keys}
        rows = self.session.execute(
            select(
                AnswerChunk.question_id, AnswerChunk.month, AnswerChunk.level,
                func.max(AnswerChunk.number), func.min(AnswerChunk.size),
            )
            .where(
                *self._mine(AnswerChunk),
                AnswerChunk.question_id.in_({key[0] for key in keys}),
                AnswerChunk.month.in_({key[1] for key in keys}),
            )
            .group_by(AnswerChunk.question_id, AnswerChunk.month, AnswerChunk.level)
        )  # fmt: skip
        for question_id, month, level, number, least in rows:
            key = (question_id, month, level)
            if key in wanted and least < CAPACITY:
                self._open[key] = number
                yield number
            elif level == MIXED:
                self._full.add((question_id, month))

    def _mine(self, model: Any) -> list[Any]:
        return [model.workspace_id == self.workspace_id, model.generation == self.generation]

    def fits(self, chunk: int, key: Key) -> bool:
        """Whether an answer of this key may stand in a chunk."""
        *of_chunk, level = self._loaded[chunk].key
        return of_chunk == [*key[:2]] and level in {MIXED, key[2]}

    def row(self, place: Place) -> dict[str, int]:
        """Column → number of the answer at this place."""
        chunk, index = self._loaded[place[0]], place[1]
        return {name: int(column[index]) for name, column in chunk.columns.items()}

    def put(self, place: Place, numbers: Mapping[str, int]) -> None:
        """Write an answer's numbers, by column, over what is at this place."""
        self.clear(place)
        chunk = self._loaded[place[0]]
        for name, number in numbers.items():
            if number:
                chunk.column(name)[place[1]] = number

    def clear(self, place: Place) -> None:
        """Leave the place empty."""
        chunk = self._loaded[place[0]]
        for column in chunk.columns.values():
            column[place[1]] = 0
        chunk.changed = True

    def append(self, key: Key, added: Mapping[str, Column]) -> tuple[Column, Column]:
        """New places for answers of this key, with these columns: their chunks and indexes."""
        count = len(added[SCORE])
        chunks, indexes = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        start = 0
        while start < count:
            number = self._room(key)
            chunk = self._loaded[number]
            end = min(count, start + CAPACITY - chunk.size)
            chunks[start:end] = number
            indexes[start:end] = np.arange(chunk.size, chunk.size + end - start)
            chunk.append({name: column[start:end] for name, column in added.items()}, end - start)
            start = end
        return chunks, indexes

    def _room(self, key: Key) -> int:
        """A chunk to go on with: the first of the month, then those of the level."""
        month = key[:2]
        if month not in self._full:
            number = self._going_on((*month, MIXED))
            if self._loaded[number].size < CAPACITY:
                return number
            self._full.add(month)
        number = self._going_on(key)
        if self._loaded[number].size >= CAPACITY:
            del self._open[key]
            number = self._going_on(key)
        return number

    def _going_on(self, key: Key) -> int:
        """The open chunk of a key, or a new one."""
        if key not in self._open:
            self._last = self._last_number() + 1 if self._last is None else self._last + 1
            self._open[key] = self._last
            self._loaded[self._last] = _Chunk(key, 0, {})
        return self._open[key]

    def _last_number(self) -> int:
        return (
            self.session.scalar(
                select(func.max(AnswerChunk.number)).where(*self._mine(AnswerChunk))
            )
            or 0
        )

    def store(self) -> None:
        """Write the chunks that changed."""
        changed = {number: chunk for number, chunk in self._loaded.items() if chunk.changed}
        if not changed:
            return
        base = {"workspace_id": self.workspace_id, "generation": self.generation}
        _upsert(
            self.session, AnswerChunk, ("number",), ("size", "revision"),
            [
                base | dict(zip(("question_id", "month", "level"), chunk.key, strict=True))
                | {"number": number, "size": chunk.size, "revision": secrets.randbits(_REVISION)}
                for number, chunk in changed.items()
            ],
        )  # fmt: skip
        columns = [
            base | {"chunk": number, "name": name, "data": column.tobytes()}
            for number, chunk in changed.items()
            for name, column in chunk.columns.items()
        ]
        _upsert(self.session, AnswerColumn, ("chunk", "name"), ("data",), columns)
        for number, chunk in changed.items():
            chunk.changed = False
            if chunk.size >= CAPACITY:  # or a recount would keep them all in memory
                del self._loaded[number]
                if self._open.get(chunk.key) == number:
                    del self._open[chunk.key]


def _upsert(
    session: Session, model: Any, key: Sequence[str], values: Sequence[str], rows: list[Any]
) -> None:
    insert = insert_into(session, model.__table__)
    statement = insert.on_conflict_do_update(
        index_elements=["workspace_id", "generation", *key],
        set_={name: insert.excluded[name] for name in values},
    )
    if rows:
        session.execute(statement, rows)


# --- reading ----------------------------------------------------------------------------


@dataclass(slots=True)
class Table:
    """Columns of the answers of some months, end to end, in the order of their chunks.

    months: first day of each chunk's month; sizes: its places; levels: see `read_table`.
    """

    months: list[date]
    sizes: list[int]
    levels: list[int]
    _columns: dict[str, Column]

    def __len__(self) -> int:
        return sum(self.sizes)

    def __getitem__(self, name: str) -> Column:
        found = self._columns.get(name)
        return np.zeros(len(self), dtype=type_of(name)) if found is None else found

    def of_months(self) -> Iterator[tuple[date, Table]]:
        """Its months one by one."""
        start, first = 0, 0
        for month, chunks in groupby(self.months):
            last = first + len(list(chunks))
            end = start + sum(self.sizes[first:last])
            part = {name: column[start:end] for name, column in self._columns.items()}
            chunks_of_month = slice(first, last)
            yield (
                month,
                Table(
                    self.months[chunks_of_month], self.sizes[chunks_of_month],
                    self.levels[chunks_of_month], part,
                ),
            )  # fmt: skip
            start, first = end, last

    def per_chunk(self, numbers: Sequence[int]) -> Column:
        """A number ≥ 0 of each chunk → the number of each of its places."""
        return np.repeat(np.array(numbers, dtype=_smallest(max(numbers, default=0))), self.sizes)


def _smallest(most: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds numbers up to this one: bytes are what costs."""
    return np.min_scalar_type(max(most, 0))


def crossed(part: Column, code: Column, width: int, count: int) -> Column:
    """part · width + code, of which there are `count`."""
    found = part.astype(_smallest(count))
    found *= found.dtype.type(width)
    np.add(found, code, out=found, casting="unsafe")
    return found


def histograms(part: Column | None, count: int, score: Column, size: int) -> Column:
    """The histogram of the scores of each part, shape (count, size); scores of 0 do not count.

    In blocks that stay in the processor's cache, which is five times as quick.
    """
    width = size + 1
    key = score if part is None else crossed(part, score, width, count * width)
    flat = np.zeros(count * width, dtype=np.int64)
    block = max(_BLOCK, len(flat))
    for start in range(0, len(key), block):
        flat += np.bincount(key[start : start + block], minlength=len(flat))
    return flat.reshape(count, width)[:, 1:]


@dataclass(frozen=True, slots=True)
class Span:
    """Which chunks: of a question, of months (half-open, first days; None: no bound)."""

    workspace_id: UUID
    generation: int
    question_id: UUID
    first: date | None = None
    last: date | None = None

    def conditions(self) -> list[Any]:
        found = [
            AnswerChunk.workspace_id == self.workspace_id,
            AnswerChunk.generation == self.generation,
            AnswerChunk.question_id == self.question_id,
        ]
        if self.first:
            found.append(AnswerChunk.month >= self.first)
        if self.last:
            found.append(AnswerChunk.month < self.last)
        return found

    def has(self, month: date) -> bool:
        after = self.first is None or month >= self.first
        return after and (self.last is None or month < self.last)


class _Head(NamedTuple):
    month: date
    level: int
    size: int
    revision: int | None


_HEADS = (
    select(AnswerChunk.month, AnswerChunk.level, AnswerChunk.size, AnswerChunk.revision)
    .where(
        AnswerChunk.workspace_id == OF_WORKSPACE,
        AnswerChunk.generation == bindparam("generation"),
        AnswerChunk.question_id == bindparam("question_id"),
    )
    .order_by(AnswerChunk.month, AnswerChunk.number)
)


def _heads(session: Session, span: Span) -> Iterator[_Head]:
    """What is known of each chunk without its columns, by month and number.

    One answer asks this of many spans: of the question it is read once in a snapshot.
    """

    def read() -> list[_Head]:
        mine = {
            "workspace_id": span.workspace_id,
            "generation": span.generation,
            "question_id": span.question_id,
        }
        return [_Head(*row) for row in session.execute(_HEADS, mine)]

    key = ("chunks", span.workspace_id, span.generation, span.question_id)
    return (head for head in read_once(session, key, read) if span.has(head.month))


def _from_level(level: int) -> list[Any]:
    """Chunks that may hold people of a level or above."""
    return [or_(AnswerChunk.level >= level, AnswerChunk.level == MIXED)] if level else []


def level_for(session: Session, span: Span, most: int) -> int:
    """The lowest level from which on there are about so many answers or fewer; 0: all of them."""
    sizes: dict[int, int] = defaultdict(int)
    for head in _heads(session, span):
        sizes[head.level] += head.size

    def answers(level: int) -> int:
        mixed = sizes[MIXED] >> _BITS_PER_LEVEL * level
        return mixed + sum(sizes[above] for above in range(level, MOST_LEVEL + 1))

    return next((level for level in range(MOST_LEVEL) if answers(level) <= most), MOST_LEVEL)


def revisions(
    session: Session, span: Span, *, level: int = 0
) -> dict[date, tuple[int | None, ...]]:
    """Month → what its chunks of a level or above are now; it is another after any change.

    None where a chunk was written before revisions were.
    """
    found: dict[date, list[int | None]] = defaultdict(list)
    for head in _heads(session, span):
        if head.level >= level or head.level == MIXED:
            found[head.month].append(head.revision)
    return {month: tuple(of_month) for month, of_month in found.items()}


def read_table(
    session: Session,
    span: Span,
    names: Sequence[str],
    *,
    level: int = 0,
    months: Collection[date] | None = None,
) -> Table:
    """These columns of the chunks of a level or above, and of those with people of all levels
    (their level is MIXED); months: only of these."""
    conditions = [*span.conditions(), *_from_level(level)]
    if months is not None:
        conditions.append(AnswerChunk.month.in_(months))
    headers = session.execute(
        select(AnswerChunk.number, AnswerChunk.month, AnswerChunk.size, AnswerChunk.level)
        .where(*conditions)
        .order_by(AnswerChunk.month, AnswerChunk.number)
    ).all()
    starts, total = {}, 0
    for number, _, size, _ in headers:
        starts[number] = total
        total += size
    found: dict[str, Column] = {}
    rows = session.execute(
        select(AnswerColumn.name, AnswerColumn.chunk, AnswerColumn.data)
        .join(
            AnswerChunk,
            (AnswerChunk.workspace_id == AnswerColumn.workspace_id)
            & (AnswerChunk.generation == AnswerColumn.generation)
            & (AnswerChunk.number == AnswerColumn.chunk),
        )
        .where(*conditions, AnswerColumn.name.in_(names))
    )
    for name, number, data in rows:
        if name not in found:
            found[name] = np.zeros(total, dtype=type_of(name))
        part = np.frombuffer(data, dtype=type_of(name))
        found[name][starts[number] : starts[number] + len(part)] = part
    return Table(
        [header.month for header in headers], [header.size for header in headers],
        [header.level for header in headers], found,
    )  # fmt: skip


def values_at(session: Session, span: Span, name: str, chunk: Column, index: Column) -> Column:
    """The numbers of a column at places: of each its chunk and its index there, the places of a
    chunk one after the other. Reads these chunks only."""
    found = np.zeros(len(chunk), dtype=type_of(name))
    starts = np.flatnonzero(np.diff(chunk, prepend=-1)).tolist()
    places = {int(chunk[a]): slice(a, b) for a, b in pairwise([*starts, len(chunk)])}
    rows = session.execute(
        select(AnswerColumn.chunk, AnswerColumn.data).where(
            AnswerColumn.workspace_id == span.workspace_id,
            AnswerColumn.generation == span.generation,
            AnswerColumn.chunk.in_(places),
            AnswerColumn.name == name,
        )
    )
    for number, data in rows:
        here = places[number]
        found[here] = np.frombuffer(data, dtype=type_of(name))[index[here]]
    return found


def holds_code(
    session: Session, workspace_id: UUID, generation: int, column: str, code: int
) -> bool:
    """Whether any answer of a generation has this code in a column of one byte."""
    rows = session.scalars(
        select(AnswerColumn.data).where(
            AnswerColumn.workspace_id == workspace_id,
            AnswerColumn.generation == generation,
            AnswerColumn.name == column,
        )
    )
    return any(code in bytes(data) for data in rows)


def delete_chunks(session: Session, workspace_id: UUID, generation: int, *, limit: int) -> bool:
    """Delete some chunks of a generation that is not read any more; False: none was left."""
    numbers = session.scalars(
        select(AnswerChunk.number)
        .where(AnswerChunk.workspace_id == workspace_id, AnswerChunk.generation == generation)
        .limit(limit)
    ).all()
    for model, column in ((AnswerColumn, AnswerColumn.chunk), (AnswerChunk, AnswerChunk.number)):
        mine: Mapping[str, Any] = {"workspace_id": workspace_id, "generation": generation}
        session.execute(delete(model).filter_by(**mine).where(column.in_(numbers)))
    return bool(numbers)
