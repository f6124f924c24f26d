"""A flood of comments through the running service, and what a fresh comment waits meanwhile.

    python -m benchmarks.flood [--comments 100000] [--until themed|refined] [--limit MINUTES]
                               [--encoder e5|static] [--every SECONDS] [--seed 1] [--json]

Starts the service as `voc serve` does (SQLite, messages as files) in a temporary folder; the
table goes to stdout, progress to stderr. See benchmarks/README.md for what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.flood.comments import answers
from benchmarks.flood.watching import Client, Fresh, Memory, Stored
from config import Settings
from nlp.taxonomy import LANGUAGES
from tests.faults.running import Service, free_port

RESULTS = Path(__file__).parent.parent / "results"
BATCH = 1000
_LOOK_S = 1.0
_RATE_OVER_S = 300.0
_FIRST_S = 900.0  # until the first comment was analysed: its models are learnt before
# What is waited for, and which kinds of work stand between; a flood is refined after its themes.
_PHASES = (("themes", ("analyse",)), ("refined themes", ("analyse", "refine")))


def measure(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """The service up, one comment through it, then the flood and beside it fresh comments."""
    with tempfile.TemporaryDirectory(prefix="voc-flood-", ignore_cleanup_errors=True) as folder:
        settings = Settings(
            environment="test", data_dir=Path(folder), database_url=f"sqlite:///{folder}/voc.sqlite3",
            broker_url="embedded", port=free_port(), encoder=options.encoder,
        )  # fmt: skip
        service = Service(settings.prepare())
        client = Client(service, service.init()["secret_key"])
        service.start()
        try:
            service.wait_until_up()
            survey = {"key": "nps", "name": "NPS", "kind": "nps", "languages": list(LANGUAGES)}
            service.call("POST", "/api/v1/surveys", client.key, survey)
            first = _first_comment(client, options.seed + 1, options.encoder)
            return first | _flood(client, Stored(Path(folder) / "voc.sqlite3"), options, progress)
        finally:
            service.kill_everything()


def _first_comment(client: Client, seed: int, encoder: str) -> dict[str, Any]:
    """Seconds until a new service has analysed a comment, and until its encoder had its say.

    Its models are learnt meanwhile: the flood finds a service that has been running for a while.
    """
    began, comment = time.monotonic(), next(answers(seed))
    client.post([comment])
    result: dict[str, Any] = {}
    while time.monotonic() - began < _FIRST_S:
        found = client.found(comment["id"])
        if found["analysis"] == "done":
            seconds = round(time.monotonic() - began, 1)
            result.setdefault("first_comment_s", seconds)
            if found["encoder"] == encoder:
                return result | {"first_comment_refined_s": seconds}
        time.sleep(0.2)
    raise TimeoutError(f"the first comment was not analysed by {encoder} within {_FIRST_S:g} s")


def _flood(
    client: Client, stored: Stored, options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    fresh = Fresh(Client(client.service, client.key), options.every, options.seed + 2)
    memory, stopping, began = Memory(client.service), threading.Event(), time.monotonic()
    result: dict[str, Any] = {}
    with ThreadPoolExecutor(1) as beside:
        watching = beside.submit(fresh.run, stopping)
        try:
            bar = progress.add_task("accepted", total=options.comments)
            flood = islice(answers(options.seed), options.comments)
            while batch := list(islice(flood, BATCH)):
                client.post(batch)
                progress.advance(bar, len(batch))
                memory.look()
            result["accepted_s"] = round(time.monotonic() - began, 1)
            for name, kinds in _PHASES[: 1 + (options.until == "refined")]:
                fresh.meanwhile = name
                bar = progress.add_task(name, total=options.comments)
                for found in _until_done(stored, kinds, began, options.limit):
                    memory.look()
                    progress.update(bar, completed=max(0, options.comments - found["left"]))
                result[name] = found
        finally:
            stopping.set()
        watching.result()
    result["fresh"] = {name: fresh.figures(name) for name, _ in _PHASES if name in result}
    both = (client, fresh.client)
    result["worker_mb"] = memory.most_mb
    result["sent_again"] = sum(each.sent_again for each in both)
    result["refused"] = sum(each.refused for each in both)
    return result | stored.at_the_end([each for one in both for each in one.acknowledged])


def _until_done(
    stored: Stored, kinds: Sequence[str], began: float, limit_minutes: float
) -> Iterator[dict[str, Any]]:
    """How it stands, every second until nothing is left or the limit is reached.

    minutes: since the flood began, None while something is left. per_second: of the last five
    minutes.
    """
    seen: deque[tuple[float, int]] = deque()
    while True:
        now, left = time.monotonic(), stored.waiting(*kinds)
        seen.append((now, left))
        while now - seen[0][0] > _RATE_OVER_S:
            seen.popleft()
        since, before = seen[0]
        minutes = (now - began) / 60
        yield {
            "minutes": None if left else round(minutes, 2),
            "left": left,
            "per_second": round((before - left) / (now - since), 1) if now > since else None,
        }
        if not left or minutes > limit_minutes:
            return
        time.sleep(_LOOK_S)


def table(result: dict[str, Any]) -> str:
    """The figures, a line each."""
    lines = [
        ("first comment of a new service has themes", f"{result['first_comment_s']} s"),
        (f"  and by {result['encoder']}", f"{result['first_comment_refined_s']} s"),
    ]
    lines.append((f"all {result['comments']:,} accepted", f"{result['accepted_s']} s"))
    for name, fresh in result["fresh"].items():
        at = result[name]
        lines.append(
            (f"all have {name}", f"{at['minutes']} min")
            if at["minutes"] is not None
            else (f"without {name} at the limit", f"{at['left']:,}, {at['per_second']} a second")
        )
        if fresh["comments"]:
            waits = " / ".join(f"{fresh[which]}" for which in ("median_s", "p95_s", "max_s"))
            still = f", {fresh['still_waiting']} still wait" if fresh["still_waiting"] else ""
            lines.append(
                ("  a fresh comment waits, median / p95 / max",
                 f"{waits} s ({fresh['comments']} comments{still})")
            )  # fmt: skip
    for name, megabytes in result["worker_mb"].items():
        lines.append((f"memory, {name}", f"{megabytes:,} MB"))
    for name in ("sent_again", "refused", "acknowledged", "missing", "doubled", "work_set_aside"):
        lines.append((name.replace("_", " "), f"{result[name]:,}"))
    judged = ", ".join(f"{encoder} {count:,}" for encoder, count in result["analysed_by"].items())
    lines.append(("analysed by", judged))
    return "\n".join(f"{label:46} {figure}" for label, figure in lines)


def main() -> None:
    """Measure, print, and write JSON beside the other results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    parser.add_argument("--comments", type=int, default=100_000)
    parser.add_argument("--until", choices=("themed", "refined"), default="themed")
    parser.add_argument("--limit", type=float, default=60, metavar="MINUTES", help="default: 60")
    parser.add_argument("--encoder", choices=("e5", "static"), default="e5")
    parser.add_argument("--every", type=float, default=5, help="seconds between fresh comments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="JSON in place of the table")
    options = parser.parse_args()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        measured = measure(options, progress)
    now = datetime.now(UTC)
    result = vars(options) | measured | {
        "at": now.isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg(),
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    written = json.dumps(result, indent=2)
    (RESULTS / f"flood-{now:%Y%m%dT%H%M%S}.json").write_text(written + "\n")
    print(written if options.json else table(result))


if __name__ == "__main__":
    main()
