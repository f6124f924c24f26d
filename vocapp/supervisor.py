"""`voc serve`: web server, workers and scheduler in the foreground, restarted when they end.

A child that dies is started again after a pause that grows while it keeps dying. SIGTERM
and Ctrl-C end every child; one that does not end in time is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from config import Settings

log = structlog.get_logger()

QUEUES = ("quick", "slow", "learning")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_STEADY_S = 20.0
_GRACE_S = 12.0


@dataclass(slots=True)
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    start_after: float = 0.0


def commands(settings: Settings, *, host: str, parts: Sequence[str]) -> list[Child]:
    """The processes of these parts: `web`, `worker`, `scheduler`."""
    scripts = Path(sys.executable).parent
    children = []
    if "web" in parts:
        children.append(Child("web", _web_command(scripts, settings, host)))
    if "worker" in parts:
        children += [Child(f"worker-{queue}", _worker_command(queue)) for queue in QUEUES]
    if "scheduler" in parts:
        children.append(Child("scheduler", [sys.executable, "-m", "vocapp.scheduler"]))
    return children


def _web_command(scripts: Path, settings: Settings, host: str) -> list[str]:
    return [
        str(scripts / "gunicorn"),
        "--bind", f"{host}:{settings.port}",
        "--worker-class", "gthread",
        "--workers", "2",
        "--threads", "8",
        "--graceful-timeout", "10",
        # Starting counts, too: on a busy machine the default of 30 s ends a process before it
        # has started, again and again.
        "--timeout", "180",
        # More waiting requests than that would time out before they are worked.
        "--backlog", "256",
        "--no-control-socket",
        "--error-logfile", "-",
        "--log-level", "warning",
        "wsgi:app",
    ]  # fmt: skip


def _worker_command(queue: str) -> list[str]:
    """Learning takes minutes of a core and is in no hurry: the other processes go first."""
    patiently = ["nice", "-n", "10"] if queue == "learning" and shutil.which("nice") else []
    return [
        *patiently, sys.executable, "-m", "celery", "--quiet", "--app", "wsgi:celery", "worker",
        "--queues", queue,
        "--hostname", f"{queue}@%h",
        "--pool", "solo",
        "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """One thread for linear algebra: several processes share the cores already."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**one, **os.environ}


def share_figures(settings: Settings) -> dict[str, str]:
    """A fresh folder in which the web processes add up their figures for /metrics.

    Returns the variable by which they find it.
    """
    folder = settings.data_dir / "prometheus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


@dataclass(slots=True)
class Supervisor:
    """Keeps children running until it is told to stop."""

    children: list[Child]
    stopping: threading.Event = field(default_factory=threading.Event)
    _helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ending: threading.Lock = field(default_factory=threading.Lock)

    def run(self, *, on_start: Callable[[], None] | None = None) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stopping.set())
        try:
            self._keep_running(on_start)
        finally:
            self._end_all()

    def start_helper(self, command: Sequence[str]) -> None:
        """Run a command once, beside the children; it ends with them at the latest."""
        with self._ending:
            if not self.stopping.is_set():
                self._helpers.append(
                    subprocess.Popen(command, start_new_session=True, env=_environment())
                )

    def _keep_running(self, on_start: Callable[[], None] | None) -> None:
        for child in self.children:
            self._start(child)
        if on_start:
            threading.Thread(target=on_start, daemon=True, name="on-start").start()
        while not self.stopping.wait(0.2):
            for child in self.children:
                self._look_after(child)

    def _start(self, child: Child) -> None:
        # A session of its own: Ctrl-C reaches us, and we end the children in order.
        child.process = subprocess.Popen(child.command, start_new_session=True, env=_environment())
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is None:
            if now - child.started_at > _STEADY_S:
                child.pause_s = _FIRST_PAUSE_S
            return
        if child.process is not None:
            log.warning("child.ended", child=child.name, code=child.process.returncode)
            child.process = None
            child.start_after = now + child.pause_s
            child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)
        elif now >= child.start_after:
            self._start(child)

    def _end_all(self) -> None:
        self.stopping.set()
        with self._ending:
            started = [*self._helpers, *(c.process for c in self.children if c.process)]
        running = [process for process in started if process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE_S
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
