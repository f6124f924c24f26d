"""Logs: events with key=value, one line each; never answers, addresses or tokens.

Tracebacks are plain: the pretty kind prints local variables, and those hold what
customers wrote. For the same reason the database engine hides parameters in errors.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

# What Celery passes to its messages as text: the exception as written, and the traceback.
_OF_CELERY = {"exc", "traceback"}


def configure() -> None:
    """Set up structlog for this process; repeating it does nothing new."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _place_of_exception,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], sort_keys=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.setLogRecordFactory(_record_without_message_of_exception)


def _record_without_message_of_exception(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Other libraries' tracebacks end with a message that may quote a customer: not in ours.

    Set for the whole process, because Celery and gunicorn bring handlers of their own.
    """
    record = logging.LogRecord(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        found = record.exc_info[1]
        places = " < ".join(_places(found.__traceback__))
        record.exc_text = f"error={type(found).__name__} at={places}"
        record.exc_info = None
        record.args = _without_exceptions(record.args)
    return record


def _without_exceptions(args: Any) -> Any:
    if isinstance(args, tuple):
        return tuple(_named(value) for value in args)
    if isinstance(args, Mapping):
        kept = {name: _named(value) for name, value in args.items()}
        return kept | dict.fromkeys(_OF_CELERY & kept.keys(), "(see error)")
    return args


def _named(value: Any) -> Any:
    """An exception as its type only, as an argument of a log message."""
    return type(value).__name__ if isinstance(value, BaseException) else value


def _place_of_exception(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """An exception as its type and the places it passed; its message may quote a customer."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()[1]
    elif isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["error"] = type(found).__name__
        event["at"] = " < ".join(_places(found.__traceback__))
    return event


def _places(traceback: TracebackType | None, *, most: int = 12) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        name = "/".join(code.co_filename.split("/")[-2:])
        places.append(f"{name}:{traceback.tb_lineno}:{code.co_name}")
        traceback = traceback.tb_next
    return places[::-1][:most]
