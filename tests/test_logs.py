"""Logs name what went wrong and where, and never quote what a customer wrote."""

from __future__ import annotations

import io
import logging

import pytest

from vocapp import logs

CANARY = "canary: my doctor is Dr. Sato"


@pytest.fixture
def written():
    """What a library's own logger writes through a handler of its own."""
    before = logging.getLogRecordFactory()
    logs.configure()
    stream = io.StringIO()
    logger = logging.getLogger("some.library")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)
    logging.setLogRecordFactory(before)


def fail():
    raise ValueError(CANARY)


def test_a_traceback_of_another_library_is_type_and_place_without_its_message(written):
    logger, stream = written
    try:
        fail()
    except ValueError as exc:
        logger.exception("task failed: %s", exc)
    text = stream.getvalue()
    assert CANARY not in text
    assert "task failed: ValueError" in text
    assert "error=ValueError at=" in text
    assert "test_logs.py" in text


def test_arguments_by_name_are_kept_except_for_exceptions(written):
    logger, stream = written
    try:
        fail()
    except ValueError as exc:
        logger.error("%(name)s raised %(exc)s", {"name": "drain", "exc": repr(exc)}, exc_info=True)
    assert CANARY not in stream.getvalue()
    assert "drain raised (see error)\nerror=ValueError" in stream.getvalue()


def test_a_plain_message_is_written_as_it_is(written):
    logger, stream = written
    logger.warning("retry in %d s", 5)
    assert stream.getvalue() == "retry in 5 s\n"
