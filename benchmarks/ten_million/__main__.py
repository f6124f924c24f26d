"""Load the data set, count it, ask it everything, and say what misses its target.

    python -m benchmarks.ten_million --database sqlite|postgresql [--answers 10000000]
                                     [--dir DIR] [--url URL] [--keep] [--only load|cells|…]

A data set that is in DIR already (same answers, seed and days) is used again; without --keep
it is removed at the end. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import text

from benchmarks.databases import SERVER, database
from benchmarks.ten_million import cells, questions
from benchmarks.ten_million.load import DataSet, NotEmpty, Tell, load
from benchmarks.ten_million.spec import Spec, first_of_month
from benchmarks.ten_million.timing import Figure, table
from config import Settings
from vocapp import create_app
from vocapp.extensions import db
from vocapp.garbage import collect_rarely

RESULTS = Path(__file__).parent.parent / "results"
PARTS = ("load", "cells", "drivers", "queries", "pages")
LOAD_S = 1500.0  # of ten million answers


def main() -> int:
    options = _options()
    spec = Spec(answers=options.answers, seed=options.seed, until=options.until)
    folder = options.dir or Path(tempfile.mkdtemp(prefix="voc-ten-million-"))
    try:
        name = f"voc_bench_{options.answers}_{options.seed}"
        with database(options.database, name, server=options.url, keep=options.keep) as url:
            settings = Settings(environment="test", data_dir=folder, database_url=url)
            app = create_app(settings)
            collect_rarely()  # as in every process of the service
            return _run(app, spec, options, folder)
    except NotEmpty as exc:
        print(exc, file=sys.stderr)
        return 2
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ten_million")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--answers", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--until", type=date.fromisoformat, default=first_of_month(),
        help="the day before which the data end; default: the first of this month",
    )  # fmt: skip
    parser.add_argument("--dir", type=Path, help="where the data are; default: a temporary folder")
    parser.add_argument(
        "--url", default=SERVER, help="a PostgreSQL server on which databases may be made"
    )
    parser.add_argument("--keep", action="store_true", help="leave the data set where it is")
    parser.add_argument(
        "--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts to do after loading"
    )
    return parser.parse_args()


def _run(app: Flask, spec: Spec, options: argparse.Namespace, folder: Path) -> int:
    with _progress() as tell:
        made = load(app, spec, folder / f"{options.database}.json", tell=tell)
    figures = list(_measured(app, made, spec, options))
    result = _surroundings(app, spec, options) | {"figures": [asdict(each) for each in figures]}
    RESULTS.mkdir(exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{options.database}-{spec.answers}.json"
    (RESULTS / name).write_text(json.dumps(result, indent=2) + "\n")
    missed = sum(each.is_missed for each in figures)
    print(f"\n{missed} of {len(figures)} figures miss their target; written to {RESULTS / name}")
    return 0


def _measured(
    app: Flask, made: DataSet, spec: Spec, options: argparse.Namespace
) -> Iterator[Figure]:
    """The parts one after the other, each printed as soon as it is known."""

    def shown(title: str, figures: list[Figure]) -> list[Figure]:
        print(
            table(f"{title} · {spec.answers:,} answers · {options.database}", figures), flush=True
        )
        return figures

    least = 60.0  # of workspaces and surveys, however few the answers
    load_target = max(least, LOAD_S * spec.answers / 10_000_000)
    loading = [Figure("loading", made.seconds, "s", load_target)]
    yield from shown("Loading", loading)
    if "cells" in options.only:
        yield from shown("Cells", cells.rebuild(app, spec.answers) + cells.weigh(app, spec.answers))
    if "drivers" in options.only:
        took = questions.compute_drivers(app, made)
        yield from shown("Jobs", [Figure("computing drivers", took, "s")])
    if "queries" in options.only:
        yield from shown("Queries", questions.measure_queries(app, made))
    if "pages" in options.only:
        yield from shown("Pages and answers", questions.measure_pages(app, made))


def _surroundings(app: Flask, spec: Spec, options: argparse.Namespace) -> dict[str, Any]:
    with app.app_context(), db.engine.connect() as connection:
        version = connection.scalar(
            text("SELECT sqlite_version()" if options.database == "sqlite" else "SELECT version()")
        )
        names = ("shared_buffers", "work_mem", "effective_cache_size", "jit", "synchronous_commit")
        server = (
            {}
            if options.database == "sqlite"
            else {name: connection.scalar(text(f"SHOW {name}")) for name in names}
        )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "spec": spec.as_json(),
        "database": version,
        "settings": server,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg(),
        "python": platform.python_version(),
    }


@contextmanager
def _progress() -> Iterator[Tell]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        yield tell


if __name__ == "__main__":
    sys.exit(main())
