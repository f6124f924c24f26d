"""What analysing costs: comments a second on one core, and the memory of a worker.

Memory is what a process has for itself. Pages of files that are mapped (Sudachi's dictionary of
200 MB, libraries) stand beside it: all processes share them, and the system takes them back when
it needs room.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure

_TIMED = {"static": 3_000, "e5": 300}
_ANALYSED = {"static": 4_000, "e5": 300}  # of each language, for memory


def speed(bench: Bench) -> list[Figure]:
    """Comments a second through the whole pipeline, on one core, none seen before."""
    aims = {"en": (2_000.0, 40.0), "ja": (1_500.0, 40.0)}
    found = []
    for language, (static, e5) in aims.items():
        say(f"  speed {language}")
        figures = _apart("speed", bench, [language], count=_TIMED[bench.encoder_name])
        note = (
            f"{figures['count']:,} comments of {figures['characters']:.0f} characters; "
            f"{figures['by_processor_time']:,.0f} by processor time"
        )
        found.append(
            Figure(f"comments a second, {language}", figures["per_second"],
                   static=static, e5=e5, note=note)
        )  # fmt: skip
    return found


def memory(bench: Bench) -> list[Figure]:
    """Peak memory, MB, of a worker (and its encoder process) that analyses, and of one that also
    teaches; the second trains the model that the first then loads.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for what, name in (("teaching", "analyses and teaches"), ("memory", "analyses")):
            say(f"  memory: {name}")
            count = _ANALYSED[bench.encoder_name]
            figures = _apart(what, bench, ["en", "ja"], count=count, data_dir=Path(folder))
            note = (
                f"{figures['started_mb']:.0f} before the first text, {figures['child_mb']:.0f} in "
                f"the encoder's process; and {figures['shared_mb']:.0f} of mapped files"
            )
            found.append(
                Figure(f"memory of a worker, MB, {name}", figures["peak_mb"],
                       static=500, e5=700, at_most=True, note=note)
            )  # fmt: skip
    return found


def _apart(
    what: str, bench: Bench, languages: Sequence[str], *, count: int, data_dir: Path | None = None
) -> dict[str, Any]:
    texts = [str(bench.data / "amcd-unlabelled" / f"{language}.jsonl") for language in languages]
    command = [sys.executable, "-m", "benchmarks.understanding.apart", what]
    command += ["--encoder", bench.encoder_name, "--count", str(count), "--texts", *texts]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
    if data_dir is not None:
        environment |= {
            "VOC_DATA_DIR": str(data_dir),
            "DATABASE_URL": "",
            "CELERY_BROKER_URL": "embedded",
        }
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
