"""What analysing costs: comments a second on one core, and the memory of a worker.

Each figure comes from a process of its own, so that nothing is warm and nothing else is counted:

    python -m benchmarks.understanding.cost speed --encoder static --texts FILE --count 3000
    python -m benchmarks.understanding.cost memory --encoder static --texts FILE FILE --count 1000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure
from nlp.analysis import Analyser, train_analyser
from nlp.evaluate import docs_per_second
from nlp.store import load, save
from nlp.taxonomy import starter_pack

_TIMED = {"static": 3_000, "e5": 300}
_ANALYSED = 1_000  # of each language, for memory
_BATCH = 200  # as many as a worker takes at once
_LOADED_BY_WORKERS = "vocapp.cli"


def speed(bench: Bench) -> list[Figure]:
    """Comments a second through the whole pipeline, on one core, none seen before."""
    aims = {"en": (2_000.0, 40.0), "ja": (1_500.0, 40.0)}
    found = []
    for language, (static, e5) in aims.items():
        say(f"  speed {language}")
        figures = _apart("speed", bench, [language], count=_TIMED[bench.encoder_name], model=None)
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
    """Peak resident memory, MB, of a process that loads what a worker loads and analyses."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        say("  memory: training the model to be loaded")
        save(train_analyser(starter_pack(), encoder=bench.encoder_name).classifier, model)
        for name, given in (("stored model", model), ("trains the starter pack itself", None)):
            say(f"  memory: {name}")
            figures = _apart("memory", bench, ["en", "ja"], count=_ANALYSED, model=given)
            found.append(
                Figure(f"memory of a worker, MB, {name}", figures["peak_mb"],
                       static=500, e5=700, at_most=True,
                       note=f"{figures['imported_mb']:.0f} before the model")
            )  # fmt: skip
    return found


def _apart(
    what: str, bench: Bench, languages: Sequence[str], *, count: int, model: Path | None
) -> dict[str, Any]:
    texts = [str(bench.data / "amcd-unlabelled" / f"{language}.jsonl") for language in languages]
    command = [sys.executable, "-m", "benchmarks.understanding.cost", what]
    command += ["--encoder", bench.encoder_name, "--count", str(count), "--texts", *texts]
    command += ["--model", str(model)] if model else []
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


# --- in the process of its own --------------------------------------------------------------


def _distinct(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        texts = dict.fromkeys(json.loads(line)["text"] for line in lines if line.strip())
    return list(texts)[:count]


def _measure_speed(encoder: str, texts: Sequence[str]) -> dict[str, Any]:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    analyser = train_analyser(starter_pack(), encoder=encoder)
    started = time.process_time()
    rate = docs_per_second(analyser, texts)
    spent = time.process_time() - started
    return {
        "count": len(texts),
        "characters": sum(map(len, texts)) / len(texts),
        "per_second": rate,
        "by_processor_time": len(texts) / spent,
    }


def _measure_memory(encoder: str, texts: Sequence[str], model: Path | None) -> dict[str, Any]:
    __import__(_LOADED_BY_WORKERS)
    imported = _peak_mb()
    if model is None:
        analyser = train_analyser(starter_pack(), encoder=encoder)
    else:
        analyser = Analyser(load(model), model_version="")
    for start in range(0, len(texts), _BATCH):
        analyser.analyse(texts[start : start + _BATCH])
    return {"peak_mb": _peak_mb(), "imported_mb": imported}


def _peak_mb() -> float:
    """The peak since this program began; getrusage would count the parent's, too."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """One figure, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speed", "memory"))
    parser.add_argument("--encoder", choices=("static", "e5"), required=True)
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    texts = [text for path in options.texts for text in _distinct(path, options.count)]
    if options.what == "speed":
        figures = _measure_speed(options.encoder, texts)
    else:
        figures = _measure_memory(options.encoder, texts, options.model)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
