"""One measurement of cost in a process of its own, so that nothing is warm or counted twice:

    python -m benchmarks.understanding.apart speed --encoder static --texts FILE --count 3000
    python -m benchmarks.understanding.apart memory --encoder static --texts FILE FILE --count 4000

Nothing of the product is imported before what is measured begins.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

_BATCH = 200  # as many as a worker takes at once
_LOOKED_AT_EVERY = 0.02  # seconds
_FOR_DEVELOPMENT = ("pandas", "pyarrow")  # scikit-learn imports them where it finds them


def _distinct(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        texts = dict.fromkeys(json.loads(line)["text"] for line in lines if line.strip())
    return list(texts)[:count]


def _measure_speed(encoder: str, texts: Sequence[str]) -> dict[str, Any]:
    """In batches and with the garbage collection of a worker; each text is seen once."""
    from nlp.analysis import train_analyser
    from nlp.taxonomy import starter_pack
    from vocapp.garbage import collect_rarely

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    analyser = train_analyser(starter_pack(), encoder=encoder)
    analyser.analyse(["Warm up, please.", "準備をしてください。"])
    collect_rarely()
    started, spent = time.perf_counter(), time.process_time()
    for start in range(0, len(texts), _BATCH):
        analyser.analyse(texts[start : start + _BATCH])
    return {
        "count": len(texts),
        "characters": sum(map(len, texts)) / len(texts),
        "per_second": len(texts) / (time.perf_counter() - started),
        "by_processor_time": len(texts) / (time.process_time() - spent),
    }


def _measure_memory(encoder: str, texts: Sequence[str], *, teaches: bool) -> dict[str, Any]:
    """What a worker imports, its application, the analysers that it keeps, and its batches.

    teaches: everything is taught twice more, as for two folds of a new version.
    """
    for name in _FOR_DEVELOPMENT:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in ("celery.bin.celery", "celery.apps.worker", "celery.worker.consumer"):
        __import__(name)
    with _peak() as peak:
        import wsgi
        from vocapp.understanding import analysers
        from vocapp.understanding.kept_vectors import encoder_named

        with wsgi.app.app_context():
            analysers.warm_up()
            taxonomy = analysers.default_taxonomy()
            analyser = analysers.analyser_for(taxonomy, encoder=encoder)
            started = _own_mb(os.getpid())
            for start in range(0, len(texts), _BATCH):
                analyser.analyse(texts[start : start + _BATCH])
            if teaches:
                from nlp.analysis import train_analyser

                for _ in range(2):
                    train_analyser(taxonomy, encoder=encoder_named(encoder)).analyse(texts[:_BATCH])
    return {**peak, "started_mb": started}


@contextmanager
def _peak() -> Iterator[dict[str, float]]:
    """The most that this process and its children had, looked at again and again.

    peak_mb: for themselves; child_mb: of that, the children; shared_mb: of mapped files.
    """
    most = {"peak_mb": 0.0, "child_mb": 0.0, "shared_mb": 0.0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOKED_AT_EVERY):
            children = sum(map(_own_mb, _children()))
            own = _own_mb(os.getpid()) + children
            if own > most["peak_mb"]:
                most.update(peak_mb=own, child_mb=children)
            shared = _status_mb(os.getpid(), "RssFile") + _status_mb(os.getpid(), "RssShmem")
            most["shared_mb"] = max(most["shared_mb"], shared)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def _own_mb(process: int) -> float:
    return _status_mb(process, "RssAnon")


def _status_mb(process: int, field: str) -> float:
    """A field of the process's status; 0 of one that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) / 1024 for words in lines if words[0] == f"{field}:"), 0.0)


def main() -> None:
    """One figure, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speed", "memory", "teaching"))
    parser.add_argument("--encoder", choices=("static", "e5"), required=True)
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    texts = [text for path in options.texts for text in _distinct(path, options.count)]
    with redirect_stdout(sys.stderr):  # where the product's log goes
        if options.what == "speed":
            figures = _measure_speed(options.encoder, texts)
        else:
            teaches = options.what == "teaching"
            figures = _measure_memory(options.encoder, texts, teaches=teaches)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
