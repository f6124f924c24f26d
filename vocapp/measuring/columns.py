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
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from vocapp.database import insert_into
from vocapp.measuring.models import AnswerChunk, AnswerColumn

CAPACITY = 8192
_BLOCK = 8192
MOST_LEVEL = 4
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


@lru_cache(maxsize=65_536)
def digest(key: UUID | None) -> int:
    """A signed number of 64 bits that stands for a person or account; 0 for None.

    Two of four million people share one with a probability of about 4e-7 (birthday bound).
    """
    if key is None:
        return 0
    found = hashlib.blake2b(key.bytes, digest_size=8).digest()
    return int.from_bytes(found, "little", signed=True) or 1


def level_of(person: int) -> int:
    """0…4: of all people an eighth has level 1 or more, of those an eighth 2 or more, …

    By the digest, so that all answers of a person have the same level: the chunks from a level
    on are a random sample of whole people.

    >>> [level_of(number) for number in (1, 8, 64, 8 * 3, 8**6, -8)]
    [0, 1, 2, 1, 4, 1]
    """
    level = 0
    while level < MOST_LEVEL and not person & (1 << _BITS_PER_LEVEL) - 1:
        person >>= _BITS_PER_LEVEL
        level += 1
    return level


# --- writing ----------------------------------------------------------------------------


class Row(NamedTuple):
    """An answer: the numbers of the columns that all have, and of free attributes."""

    numbers: tuple[int, ...]
    free: Mapping[str, int]


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

    def append(self, name: str, numbers: Sequence[int]) -> None:
        if name in self.columns or any(numbers):
            added = np.array(numbers, dtype=type_of(name))
            self.columns[name] = np.concatenate([self.column(name), added])


@dataclass(slots=True)
class Chunks:
    """The chunks of a generation that a batch of answers touches; whoever writes them holds the
    workspace's cell state. `names`: the columns of each row's `numbers`."""

    session: Session
    workspace_id: UUID
    generation: int
    names: tuple[str, ...]
    _loaded: dict[int, _Chunk] = field(default_factory=dict)
    _open: dict[Key, int] = field(default_factory=dict)
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
        """The chunk to go on with of each key; the latest has room, the others are full."""
        if not keys:
            return
        rows = self.session.execute(
            select(
                AnswerChunk.question_id, AnswerChunk.month, AnswerChunk.level,
                func.max(AnswerChunk.number),
            )
            .where(
                *self._mine(AnswerChunk),
                AnswerChunk.question_id.in_({key[0] for key in keys}),
                AnswerChunk.month.in_({key[1] for key in keys}),
            )
            .group_by(AnswerChunk.question_id, AnswerChunk.month, AnswerChunk.level)
        )  # fmt: skip
        for question_id, month, level, number in rows:
            key = (question_id, month, level)
            if key in keys:
                self._open[key] = number
                yield number

    def _mine(self, model: Any) -> list[Any]:
        return [model.workspace_id == self.workspace_id, model.generation == self.generation]

    def key_of(self, chunk: int) -> Key:
        return self._loaded[chunk].key

    def row(self, place: Place) -> dict[str, int]:
        """Column → number of the answer at this place."""
        chunk, index = self._loaded[place[0]], place[1]
        return {name: int(column[index]) for name, column in chunk.columns.items()}

    def put(self, place: Place, row: Row) -> None:
        """Write an answer's numbers over what is at this place."""
        self.clear(place)
        chunk = self._loaded[place[0]]
        fixed = zip(self.names, row.numbers, strict=True)
        for name, number in (*fixed, *row.free.items()):
            if number:
                chunk.column(name)[place[1]] = number

    def clear(self, place: Place) -> None:
        """Leave the place empty."""
        chunk = self._loaded[place[0]]
        for column in chunk.columns.values():
            column[place[1]] = 0
        chunk.changed = True

    def append(self, key: Key, rows: Sequence[Row]) -> list[Place]:
        """New places for answers of this key."""
        places: list[Place] = []
        while len(places) < len(rows):
            number = self._room(key)
            chunk = self._loaded[number]
            part = rows[len(places) : len(places) + CAPACITY - chunk.size]
            fixed = zip(*(row.numbers for row in part), strict=True)
            for name, numbers in zip(self.names, fixed, strict=True):
                chunk.append(name, numbers)
            free = {name for row in part for name in row.free}
            for name in free | chunk.columns.keys() - set(self.names):
                chunk.append(name, [row.free.get(name, 0) for row in part])
            places += [(number, chunk.size + index) for index in range(len(part))]
            chunk.size += len(part)
            chunk.changed = True
        return places

    def _room(self, key: Key) -> int:
        number = self._open.get(key)
        if number is None or self._loaded[number].size >= CAPACITY:
            self._last = self._last_number() + 1 if self._last is None else self._last + 1
            self._open[key] = number = self._last
            self._loaded[number] = _Chunk(key, 0, {})
        return number

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

    months: first day of each chunk's month; sizes: its places.
    """

    months: list[date]
    sizes: list[int]
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
            yield month, Table(self.months[first:last], self.sizes[first:last], part)
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


def level_for(session: Session, span: Span, most: int) -> int:
    """The lowest level from which on there are at most so many answers; 0: all of them."""
    sizes: dict[int, int] = defaultdict(int)
    rows = session.execute(
        select(AnswerChunk.level, func.sum(AnswerChunk.size))
        .where(*span.conditions())
        .group_by(AnswerChunk.level)
    )
    for level, size in rows:
        sizes[level] = int(size)
    level = 0
    while level < MOST_LEVEL and sum(sizes[above] for above in range(level, MOST_LEVEL + 1)) > most:
        level += 1
    return level


def revisions(
    session: Session, span: Span, *, level: int = 0
) -> dict[date, tuple[int | None, ...]]:
    """Month → what its chunks of a level or above are now; it is another after any change.

    None where a chunk was written before revisions were.
    """
    found: dict[date, list[int | None]] = defaultdict(list)
    rows = session.execute(
        select(AnswerChunk.month, AnswerChunk.revision)
        .where(*span.conditions(), *([AnswerChunk.level >= level] if level else []))
        .order_by(AnswerChunk.month, AnswerChunk.number)
    )
    for month, revision in rows:
        found[month].append(revision)
    return {month: tuple(of_month) for month, of_month in found.items()}


def read_table(
    session: Session,
    span: Span,
    names: Sequence[str],
    *,
    level: int = 0,
    months: Collection[date] | None = None,
) -> Table:
    """These columns of the chunks of a level or above; months: only of these."""
    conditions = [*span.conditions(), *([AnswerChunk.level >= level] if level else [])]
    if months is not None:
        conditions.append(AnswerChunk.month.in_(months))
    headers = session.execute(
        select(AnswerChunk.number, AnswerChunk.month, AnswerChunk.size)
        .where(*conditions)
        .order_by(AnswerChunk.month, AnswerChunk.number)
    ).all()
    starts, total = {}, 0
    for number, _, size in headers:
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
    return Table([month for _, month, _ in headers], [size for _, _, size in headers], found)


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
