"""`make bench`: how fast answers are taken, counted and read.

    python -m benchmarks [--single 200] [--batches 3] [--read 50]

Starts the whole service on the embedded default in a temporary folder, prints a table and
writes JSON to benchmarks/results/. See benchmarks/README.md for what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from config import Settings
from tests.faults.running import Service, free_port
from vocapp.database import sqlite_module

RESULTS = Path(__file__).parent / "results"
BATCH = 1000
METRICS = "/api/v1/surveys/nps/metrics?min_n=1&by=plan"


def times_of(count: int, act: Callable[[], Any]) -> list[float]:
    """Seconds of each of `count` calls, one after the other."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found


def row(name: str, seconds: list[float], *, per_call: int = 1) -> dict[str, Any]:
    ordered = sorted(seconds)
    return {
        "what": name,
        "calls": len(seconds),
        "per_second": round(per_call * len(seconds) / sum(seconds), 1),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000, 1),
    }


def answer(number: int) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "survey": "nps",
        "score": number % 11,
        "account": {"external_id": f"a{number % 50}", "plan": ("free", "pro")[number % 2]},
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="voc-bench-") as folder:
        settings = Settings(environment="test", data_dir=Path(folder), port=free_port())
        service = Service(settings.prepare())
        key = service.init()["secret_key"]
        service.start()
        try:
            service.wait_until_up()
            return _measure(service, key, options)
        finally:
            service.kill_everything()


def _measure(service: Service, key: str, options: argparse.Namespace) -> dict[str, Any]:
    survey = {"key": "nps", "name": "NPS", "kind": "nps", "languages": ["en"]}
    service.call("POST", "/api/v1/surveys", key, survey)
    numbers = iter(range(1_000_000_000))

    def one() -> None:
        service.call("POST", "/api/v1/responses", key, answer(next(numbers)))

    def many() -> None:
        body = {"responses": [answer(next(numbers)) for _ in range(BATCH)]}
        items = service.call("POST", "/api/v1/responses/batch", key, body)["items"]
        assert all(item["status"] == 201 for item in items)

    rows = [
        row("answers, one a request, one client", times_of(options.single, one)),
        row("answers, 1,000 a request", times_of(options.batches, many), per_call=BATCH),
    ]
    stored = options.single + options.batches * BATCH
    began = time.perf_counter()
    while service.call("GET", METRICS, key)["overall"]["n"] < stored:
        time.sleep(0.1)
    waited = time.perf_counter() - began
    read = times_of(options.read, lambda: service.call("GET", METRICS, key))
    rows.append(row(f"scores by plan, {stored:,} answers", read))
    return {"rows": rows, "answers": stored, "seconds_until_all_counted": round(waited, 2)}


def show(result: dict[str, Any]) -> None:
    print(f"{'':40} {'calls':>6} {'per second':>11} {'p50 ms':>8} {'p95 ms':>8}")
    for each in result["rows"]:
        print(
            f"{each['what']:40} {each['calls']:>6} {each['per_second']:>11,} "
            f"{each['p50_ms']:>8} {each['p95_ms']:>8}"
        )
    print(f"after the last answer, all counted within {result['seconds_until_all_counted']} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--single", type=int, default=200, help="answers posted one by one")
    parser.add_argument("--batches", type=int, default=3, help="batches of 1,000 answers")
    parser.add_argument("--read", type=int, default=50, help="queries for scores")
    result = measure(parser.parse_args())
    result |= {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "sqlite": sqlite_module().sqlite_version,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    show(result)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
