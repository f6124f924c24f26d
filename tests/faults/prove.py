"""`make prove`: 100 kills on each database this machine has, and a control that must fail.

    python -m tests.faults.prove [--kills 100] [--seed 1] [--database sqlite] [--no-control]

Prints one JSON object; exit 1 when an answer was lost, doubled or miscounted, or when the
control found nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from config import Settings
from tests.faults import kills
from tests.faults.running import free_port
from vocapp.database import sqlite_module

POSTGRESQL_URL = os.environ.get("VOC_TEST_POSTGRESQL_URL", "")
REDIS_URL = os.environ.get("VOC_TEST_REDIS_URL", "")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def on_sqlite(
    *, count: int, seed: int, most_seconds: float, wsgi: str = "wsgi:app"
) -> kills.Outcome:
    """The embedded default: SQLite, messages as files."""
    with tempfile.TemporaryDirectory(prefix="voc-prove-") as folder:
        settings = Settings(environment="test", data_dir=Path(folder), port=free_port())
        return kills.run(
            settings.prepare(), kills=count, seed=seed, wsgi=wsgi, most_seconds=most_seconds,
            say=say,
        )  # fmt: skip


def on_postgresql(*, count: int, seed: int, most_seconds: float) -> kills.Outcome:
    """PostgreSQL, over Redis where there is one."""
    # Another number than other tests use: their messages would only be wasted rings here.
    broker = re.sub(r"/\d*$", "", REDIS_URL) + "/14" if REDIS_URL else "embedded"
    with (
        tempfile.TemporaryDirectory(prefix="voc-prove-") as folder,
        kills.temporary_postgresql(POSTGRESQL_URL, f"voc_prove_{uuid4().hex[:12]}") as url,
    ):
        settings = Settings(
            environment="test", data_dir=Path(folder), port=free_port(), database_url=url,
            broker_url=broker,
        )  # fmt: skip
        return kills.run(
            settings.prepare(), kills=count, seed=seed, most_seconds=most_seconds, say=say
        )


def told(outcome: kills.Outcome) -> kills.Outcome:
    """Say it at once: a later run that breaks off must not take it along."""
    say(json.dumps(outcome.as_json()))
    return outcome


def prove(options: argparse.Namespace) -> dict[str, Any]:
    runs, control = [], None
    often = {"count": options.kills, "seed": options.seed, "most_seconds": options.minutes * 60}
    if options.database in {"sqlite", "all"}:
        say(f"SQLite, embedded broker: {options.kills} kills, seed {options.seed}")
        runs.append(told(on_sqlite(**often)))
    if options.database in {"postgresql", "all"} and POSTGRESQL_URL:
        say(f"PostgreSQL: {options.kills} kills, seed {options.seed}")
        runs.append(told(on_postgresql(**often)))
    if options.control:
        say("control: a web process that acknowledges before it stores; must be caught")
        control = on_sqlite(**often | {"count": 10}, wsgi="tests.faults.forgetful:app")
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite_version": sqlite_module().sqlite_version,
        "skipped": [] if POSTGRESQL_URL else ["postgresql: VOC_TEST_POSTGRESQL_URL is not set"],
        "runs": [run.as_json() for run in runs],
        "control": control.as_json() if control else None,
        "control_was_caught": bool(control.verdict.lost) if control else None,
        "holds": all(run.holds for run in runs),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "all"], default="all")
    parser.add_argument("--minutes", type=float, default=60, help="of killing a run, at most")
    parser.add_argument("--no-control", dest="control", action="store_false")
    parser.add_argument("--out", type=Path, help="write the JSON here, too")
    result = prove(options := parser.parse_args())
    shown = json.dumps(result, indent=2)
    print(shown)
    if options.out:
        options.out.write_text(shown + "\n")
    return 0 if result["holds"] and result["control_was_caught"] is not False else 1


if __name__ == "__main__":
    sys.exit(main())
