"""The scheduler: a clock without memory. Everything due is a column in the database.

Two schedulers do no harm (rings and claims repeat safely), and one that was away for
hours catches up with its first tick.
"""

from __future__ import annotations

import signal
import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vocapp import worker
from vocapp.database import utcnow

log = structlog.get_logger()
TICK_S = 1.0


def run(stopping: threading.Event) -> None:
    """Tick until told to stop; a database that is away is waited for."""
    while not stopping.wait(TICK_S):
        try:
            worker.tick(now=utcnow())
        except SQLAlchemyError as exc:
            log.warning("scheduler.database_unavailable", error=type(exc).__name__)


def main() -> None:
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    from vocapp import create_app  # takes a second, in which a signal may already come

    with create_app().app_context():
        run(stopping)


if __name__ == "__main__":
    main()
