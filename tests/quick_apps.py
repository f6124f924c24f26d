"""What a thousand applications of one test process need not work out again each.

Every test has an application and a database of its own. Compiling the same templates, routes
and statements for each of them was most of a test's time, so what depends on nothing but the
source is kept for the process: compiled templates, routes, compiled statements. Nothing that an
application holds (settings, rows, limits, sessions) is shared.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event
from werkzeug.routing import Rule


class _Templates(BytecodeCache):
    """Compiled templates by name and text; Jinja compares the text's checksum itself."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._code.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


def keep_templates() -> None:
    """From now on, applications compile a template that another one compiled no more."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}


def keep_routes() -> None:
    """The same of what a route's text is read as, and of the code that builds its address."""
    compile_rule = Rule.compile
    known: dict[Any, Rule] = {}

    def compiled(rule: Rule) -> None:
        assert rule.map is not None
        if rule.defaults or rule.subdomain or rule.host or rule.map.host_matching:
            compile_rule(rule)
            return
        key = (rule.rule, rule.merge_slashes, tuple(sorted(rule.map.converters)))
        first = known.setdefault(key, rule)
        if first is rule:
            compile_rule(rule)
            return
        rule._parts, rule._trace = first._parts, first._trace
        rule._converters = first._converters
        rule.arguments |= first.arguments
        # Both are methods bound to the first rule, of which they use the converters alone.
        rule._build, rule._build_unknown = first._build, first._build_unknown

    Rule.compile = compiled


_first: dict[str, Engine] = {}


def share_statements(engine: Engine) -> None:
    """Statements that were compiled for an engine of the same kind are taken from there.

    SQLAlchemy keeps them by engine and dialect. So this engine, not connected yet, gets both of
    the first one, which has asked its server what the dialect must know of it.
    """
    first = _first.get(engine.dialect.name)
    if first is None:
        engine._compiled_cache.capacity = 5000
        with engine.connect():
            _first[engine.dialect.name] = engine
        return
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache


def need_not_last(engine: Engine) -> None:
    """SQLite does not wait for the disk: a test's database need not survive a loss of power."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")
