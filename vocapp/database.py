"""What every table and every transaction has in common.

Reads go through `db.session` (one per request). Writes go through `transaction()`:
its own session and connection, begun as a writer, committed at the end of the block
or rolled back by an exception. Workspace-owned tables have the key (workspace_id, id),
and foreign keys between them include the workspace, so that no row can point into
another tenant.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import repeat
from types import ModuleType
from typing import Any, TypeVar
from uuid import UUID, SafeUUID

import msgspec
import uuid_utils.compat
from flask import current_app
from sqlalchemy import (
    JSON,
    BindParameter,
    CheckConstraint,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Text,
    TypeDecorator,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    event,
    func,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    declared_attr,
    mapped_column,
)
from sqlalchemy.types import TypeEngine

from surveys.attributes import MAX_VALUE_LENGTH

T = TypeVar("T")

# SQLite releases in which the WAL-reset data race can lose commits:
# sqlite.org/wal.html#walresetbug, fixed in 3.51.3 with back-ports to 3.50.7 and 3.44.6.
_WAL_RESET_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


def utcnow() -> datetime:
    """The current instant; rules get it passed in, only the edges call this."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered key (RFC 9562), so that new rows land beside each other."""
    return uuid_utils.compat.uuid7()


def first_uuid7(at: datetime) -> UUID:
    """The least key that a row made at an instant can have: what is older is below it.

    >>> first_uuid7(datetime(2026, 11, 1, tzinfo=UTC))
    UUID('01a19467-e800-7000-8000-000000000000')
    """
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Stored as UTC; a naive value is refused rather than guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone, got {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Key(Uuid[UUID]):
    """An identifier. SQLite keeps its 32 digits, and a page reads thousands of them: made
    without the checks of what only ever was an identifier, in half the time."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        if dialect.supports_native_uuid:
            return super().result_processor(dialect, coltype)
        return _key_of


_UNKNOWN = SafeUUID.unknown  # whether it was made with care about others that make some, too


def _key_of(digits: str | None) -> UUID | None:
    if digits is None:
        return None
    found = object.__new__(UUID)
    object.__setattr__(found, "int", int(digits, 16))  # it refuses to be changed otherwise
    object.__setattr__(found, "is_safe", _UNKNOWN)
    return found


_quick_json = msgspec.json.Decoder()


def read_json(document: str | bytes) -> Any:
    """What JSON stands for, as `json.loads` has it, three times as fast.

    >>> read_json('{"seats": 123456789012345678901, "team": "blue"}')
    {'seats': 123456789012345678901, 'team': 'blue'}
    """
    try:
        return _quick_json.decode(document)
    except msgspec.DecodeError:  # NaN and half a pair of surrogates, which the standard one writes
        return json.loads(document)


JsonValue = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def table_name(class_name: str) -> str:
    """CamelCase → snake_case.

    >>> table_name("ScoreMonth")
    'score_month'
    """
    return _WORD.sub("_", class_name).lower()


class Base(DeclarativeBase):
    """Tables are singular nouns, named after their class."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        UUID: Key(),
        datetime: UtcDateTime(),
        dict[str, Any]: JsonValue,
        list[Any]: JsonValue,
        list[str]: JsonValue,
    }

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return table_name(cls.__name__)


class Tenant:
    """Mixin of a table whose rows belong to a workspace."""

    @declared_attr
    def workspace_id(cls) -> Mapped[UUID]:
        # The type is said, as statements are made before the table referred to is known.
        return mapped_column(
            Key(), ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True, sort_order=-20
        )


class TenantRow(Tenant):
    """A workspace-owned row with an identity of its own."""

    @declared_attr
    def id(cls) -> Mapped[UUID]:
        return mapped_column(primary_key=True, default=uuid7, sort_order=-10)


def tenant_key(
    column: str, table: str, *, ondelete: str | None = None, name: str | None = None
) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the workspace."""
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        ondelete=ondelete,
        name=name,
    )


def one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    """An enumeration: text with a CHECK, so that adding a value needs no type change."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def short_text(length: int = 200) -> String:
    return String(length)


def older_than(
    at: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[Any],
    place: tuple[datetime, Any | None],
) -> ColumnElement[bool]:
    """What follows `place` in a list by (at, key), both descending; a key of None stands before
    all of its instant, so that only what is older follows."""
    moment, last = place
    if last is None:
        return at < moment
    return and_(at <= moment, or_(at < moment, key < last))  # the first half is for the index


def newer_than(
    at: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any], place: tuple[Any, Any]
) -> ColumnElement[bool]:
    """What follows `place` in a list by (at, key), both ascending."""
    moment, last = place
    return and_(at >= moment, or_(at > moment, key > last))  # the first half is for the index


def scoped(model: type[T], workspace_id: UUID) -> Select[T]:
    """Select rows of one workspace. Every read of a workspace-owned table begins here."""
    return select(model).where(model.workspace_id == workspace_id)  # type: ignore[attr-defined]


# The parameter of statements that are built once; the type of the columns is known later.
OF_WORKSPACE = bindparam("workspace_id", type_=Uuid())
# What conditions are made of that stand in such statements and in those of one workspace, too.
WorkspaceId = UUID | BindParameter[UUID]


def scoped_statement(model: type[T]) -> Select[T]:
    """The same with the workspace as its parameter `workspace_id`, for statements that every page
    asks: building one takes longer than executing one that is there, so they are built once."""
    return select(model).where(
        model.workspace_id == OF_WORKSPACE  # type: ignore[attr-defined]
    )


# --- transactions ---------------------------------------------------------------------


def _db() -> Any:
    # Looked up through the app: `extensions` needs Base from here.
    return current_app.extensions["sqlalchemy"]


@contextmanager
def transaction() -> Iterator[Session]:
    """One writing transaction in a session of its own.

    Leaves by an exception → rolled back. Afterwards the request's reading session
    is reset, so that it sees what was written. On SQLite it takes the write lock at
    the start (BEGIN IMMEDIATE): a later upgrade from reading could fail at once.
    """
    database = _db()
    database.session.rollback()
    engine = database.engine.execution_options(voc_writer=True)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def snapshot() -> Iterator[Session]:
    """A reading session in which every statement sees the same state."""
    engine = _db().engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, expire_on_commit=False) as session:
        yield session


def read_once(session: Session, key: tuple[Any, ...], read: Callable[[], T]) -> T:
    """What many rows of one transaction need alike, read once in it; `key` names it."""
    known: dict[tuple[Any, ...], T] = session.info.setdefault("read_once", {})
    if key not in known:
        known[key] = read()
    return known[key]


def forget_read_once(session: Session) -> None:
    """After a savepoint was rolled back: what was written while reading once has gone with it."""
    session.info.pop("read_once", None)


_DEADLOCK_TRIES = 3


def until_no_deadlock(work: Callable[[], T]) -> T:
    """Do a whole transaction again when the database ended it to resolve a deadlock."""
    for attempt in range(1, _DEADLOCK_TRIES + 1):
        try:
            return work()
        except OperationalError as exc:
            if attempt == _DEADLOCK_TRIES or "deadlock" not in str(exc.orig).lower():
                raise
    raise AssertionError("unreachable")


# --- inserting by key -------------------------------------------------------------------


def insert_into(session: Session, model: Any) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    dialect = session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(model)


def insert_if_absent(session: Session, model: type[Any], **values: Any) -> bool:
    """Insert a row unless its key exists; True when inserted. Never look-then-insert."""
    # RETURNING tells what happened; drivers disagree about rowcount here.
    key = next(iter(model.__table__.primary_key))
    statement = insert_into(session, model).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(key)).first() is not None


def insert_absent(
    session: Session,
    model: type[Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    returning: Sequence[InstrumentedAttribute[Any]] = (),
) -> list[tuple[Any, ...]]:
    """Insert those of the rows whose key does not exist, in few round trips to the database.

    returning: columns of those that were inserted, in any order.
    """
    if not rows:
        return []
    session.flush()  # what the rows may point to
    statement = insert_into(session, model.__table__).on_conflict_do_nothing()
    # Past the session, which would send rows with and without None apart.
    connection = session.connection()
    if not returning:
        connection.execute(statement, list(rows))
        return []
    return [tuple(row) for row in connection.execute(statement.returning(*returning), list(rows))]


def load_rows(
    session: Session,
    model: type[Any],
    columns: Mapping[str, Sequence[Any]],
    fixed: Mapping[str, Any],
) -> None:
    """Insert many rows whose keys are known to be free, by the quickest way of each database.

    columns: name → one value per row; fixed: name → the value of all rows. Identifiers, days and
    numbers only.
    """
    table, connection = model.__table__, session.connection()
    names = ", ".join((*fixed, *columns))
    of_all = [repeat(_as_stored([value], table.c[name].type)[0]) for name, value in fixed.items()]
    stored = [_as_stored(values, table.c[name].type) for name, values in columns.items()]
    rows = zip(*of_all, *stored, strict=False)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            copy.write("".join("\t".join(map(str, row)) + "\n" for row in rows))
        return
    places = ", ".join("?" * (len(fixed) + len(columns)))
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - names are ours
        list(rows),
    )


def _as_stored(values: Sequence[Any], kind: TypeEngine[Any]) -> Sequence[Any]:
    """As SQLite keeps them and PostgreSQL reads them."""
    if isinstance(kind, Uuid):
        return [f"{value.int:032x}" for value in values]
    if isinstance(kind, Date):
        days = {day: day.isoformat() for day in set(values)}
        return [days[day] for day in values]
    return values


def refresh_statistics(session: Session, models: Sequence[type[Any]]) -> None:
    """Have PostgreSQL look at how tables are now, after much was written at once: it would plan
    by how they were until its own housekeeping comes by. SQLite plans without."""
    if session.get_bind().dialect.name == "postgresql":
        for model in models:
            session.execute(text(f"ANALYZE {model.__tablename__}"))


# --- what each database says in its own words -----------------------------------------------


def at_in_order(session: Session, at: Any) -> ColumnElement[str]:
    """An instant in UTC as 26 characters that are in order of time: 2026-11-25 09:30:00.000000."""
    if session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24:MI:SS.US", type_=Text())
    return type_coerce(at, Text)  # as it is kept


def days_between(session: Session, since: Any, until: Any) -> ColumnElement[int]:
    """How many days after one local day another one is; below 0 before it."""
    if session.get_bind().dialect.name == "postgresql":
        return type_coerce(until - since, Integer)
    return type_coerce(func.julianday(until) - func.julianday(since), Integer)


def listed(session: Session, value: Any) -> ColumnElement[str]:
    """The values of all rows of a group as one JSON list, for `read_json`; in no order."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.json_agg(value), Text)
    return func.json_group_array(value, type_=Text())


def text_within(session: Session, column: Any, *path: str | int) -> ColumnElement[str]:
    """A value of a JSON document as `surveys.attributes.as_text` has it, but of whole numbers and
    fractions, which are as they were written; null where it is a list, an object or nothing.

    path: names in objects and places in lists (from 0) that lead to it, see `json_path`; none: the
    document itself, which may be what `json_within` gave.
    """
    if session.get_bind().dialect.name == "postgresql":
        plain, value = ("string", "number", "boolean"), _at(cast(column, postgresql.JSONB), path)
        text = case((func.jsonb_typeof(value).in_(plain), value[()].as_string()))
    else:
        where = json_path(*path)
        kind, value = func.json_type(column, where), func.json_extract(column, where)
        text = case(
            (kind.in_(("true", "false")), kind),
            (kind.in_(("text", "integer", "real")), cast(value, Text)),
        )
    return func.nullif(func.substr(trimmed(text), 1, MAX_VALUE_LENGTH), "")


def length_within(session: Session, column: Any, *path: str | int) -> ColumnElement[int]:
    """The length of a list of a JSON document; 0 or null where it has none there."""
    if session.get_bind().dialect.name == "postgresql":
        return func.jsonb_array_length(_at(column, path), type_=Integer())
    return func.json_array_length(column, json_path(*path), type_=Integer())


def json_within(session: Session, column: Any, *path: str | int) -> ColumnElement[str]:
    """What a JSON document has at a path, as JSON; null where it has nothing there."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(_at(column, path), Text)
    return type_coerce(column, Text).op("->", return_type=Text())(json_path(*path))


def _at(column: Any, path: Sequence[str | int]) -> ColumnElement[Any]:
    """What stands at a path, of PostgreSQL. Name by name: as one text, which is how SQLAlchemy
    writes a path, a comma ends a name and a brace makes the text unreadable."""
    names = postgresql.array([str(each) for each in path], type_=Text())
    return column.op("#>", return_type=postgresql.JSONB())(names)


def json_path(*path: str | int) -> str:
    """As SQLite names a place in a JSON document.

    Raises ValueError for a name with `"` or `\\`, which cannot stand in one.

    >>> json_path("plans", 0, 1), json_path()
    ('$."plans"[0][1]', '$')
    """
    for name in path:
        if isinstance(name, str) and set('"\\') & set(name):
            raise ValueError(f"path: expected names without quotes and backslashes, got {name!r}")
    return "$" + "".join(f"[{e}]" if isinstance(e, int) else f'."{e}"' for e in path)


def trimmed(text: Any) -> ColumnElement[str]:
    """A text as `str.strip` has it; by itself the database takes nothing but ASCII spaces away, and
    Japanese is written with wide ones."""
    return func.trim(text, _BLANKS)


_BLANKS = "".join(each for each in map(chr, range(0x3001)) if each.isspace())


# --- SQLite -----------------------------------------------------------------------------


def sqlite_module() -> ModuleType:
    """The newest SQLite at hand: a bundled one without the WAL-reset bug, else Python's."""
    try:
        import pysqlite3
    except ImportError:
        return sqlite3
    return pysqlite3


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this SQLite release can lose commits in WAL mode (see module constant).

    >>> has_wal_reset_bug((3, 40, 1)), has_wal_reset_bug((3, 50, 7)), has_wal_reset_bug((3, 53, 4))
    (True, False, False)
    """
    if version >= _WAL_RESET_FIXED[0]:
        return False
    return not any(version[:2] == fixed[:2] and version >= fixed for fixed in _WAL_RESET_FIXED)


_WAIT_FOR_WRITER_S = 30
_ASK_AGAIN_S = 0.005
# Pages of a connection. By the 2 MiB of SQLite itself a statement that joins some ten thousand
# accounts to what is known of each reads the same pages again and again.
_CACHE_KIB = 16 * 1024


def configure_engine(engine: Engine) -> None:
    """Durable and strict SQLite connections; PostgreSQL ones that compile no statements."""
    (_configure_sqlite if engine.dialect.name == "sqlite" else _configure_postgresql)(engine)


def _configure_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # It takes statements that look up one row for each of many for long ones, and would compile
        # them for a good part of the time that they run.
        connection.execute("SET jit = off")
        connection.commit()


class _HintedCompiler(SQLiteCompiler):
    """`with_hint(table, "INDEXED BY name", "sqlite")`, which SQLAlchemy leaves out for SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        return text


def _configure_sqlite(engine: Engine) -> None:
    engine.dialect.statement_compiler = _HintedCompiler

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _on_begin
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={_WAIT_FOR_WRITER_S * 1000}",
            "secure_delete=ON",
            f"cache_size=-{_CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        if connection.get_execution_options().get("voc_writer"):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any) -> None:
    """Take SQLite's one writer's place, asking every few milliseconds.

    SQLite itself asks ten times a second in the end, and then never meets the moment between two
    transactions of a worker that has much to do: an answer that comes in would wait for all of it.
    """
    until = time.monotonic() + _WAIT_FOR_WRITER_S
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as exc:
                if "locked" not in str(exc.orig) or time.monotonic() >= until:
                    raise
            time.sleep(_ASK_AGAIN_S)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_WAIT_FOR_WRITER_S * 1000}")


def give_way_to_writers() -> None:
    """Between two transactions of long work: let others write that wait for it (SQLite only)."""
    if _db().engine.dialect.name == "sqlite":
        time.sleep(2 * _ASK_AGAIN_S)
