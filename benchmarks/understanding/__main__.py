"""How well comments are understood, in a table beside the targets.

    python -m benchmarks.understanding --data DIR --encoder static|e5 [--only ROW …] [--json]

DIR holds the labelled sets (benchmarks/README.md says which); nothing of them is kept. Seeded:
the same options give the same figures, but for speed and memory. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.calibrated import calibration
from benchmarks.understanding.cost import memory, speed
from benchmarks.understanding.feelings import feelings
from benchmarks.understanding.figures import Figure, number, table
from benchmarks.understanding.saas import cold, corrections, taught
from benchmarks.understanding.themes import banking, chabsa, cross, hotel, phone, shots

RESULTS = Path(__file__).parent.parent / "results"

ROWS: dict[str, Callable[[Bench], list[Figure]]] = {
    "hotel": hotel,
    "phone": phone,
    "chabsa": chabsa,
    "cross": cross,
    "shots": shots,
    "banking": banking,
    "cold": cold,
    "corrections": corrections,
    "taught": taught,
    "sentiment": feelings,
    "calibration": calibration,
    "speed": speed,
    "memory": memory,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, and write it as JSON beside the other results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.understanding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets")
    parser.add_argument("--encoder", choices=("static", "e5"), required=True)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--seed", type=int, default=0, help="of splits and folds")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(argv)
    if not options.data.is_dir():
        parser.error(f"--data: {options.data} is no folder")
    bench = Bench(options.data, options.encoder, seed=options.seed)
    found: list[Figure] = []
    failed: list[str] = []
    seconds: dict[str, float] = {}
    for name in options.only or ROWS:
        say(name)
        started = time.perf_counter()
        try:
            figures = ROWS[name](bench)
        except Exception as problem:  # noqa: BLE001 - what took hours before is not lost
            say(f"  failed: {''.join(traceback.format_exception(problem))}")
            failed.append(name)
            continue
        found += figures
        for figure in figures:
            say(f"  {figure.what}: {number(figure.measured)}")
        seconds[name] = round(time.perf_counter() - started, 1)
    now = datetime.now(UTC)
    result = {
        "at": now.isoformat(timespec="seconds"),
        "encoder": options.encoder,
        "seed": options.seed,
        "seconds": seconds,
        "failed": failed,
        "rows": [figure.as_json(options.encoder) for figure in found],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"understanding-{options.encoder}-{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print("\n".join(table(found, options.encoder)))
    missed = sum(figure.met(options.encoder) is False for figure in found)
    say(f"{missed} targets missed; written to {path}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
