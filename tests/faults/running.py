"""The service as its own processes, which may be killed, and are started again at once.

The commands are those of `voc serve`; only who watches over them differs, because its
pauses between restarts would be most of a test's time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import Settings
from vocapp import supervisor

ROOT = Path(__file__).resolve().parents[2]
VOC = Path(sys.executable).parent / "voc"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The variables that give a child these settings."""
    return {
        **os.environ,
        "VOC_ENV": settings.environment,
        "VOC_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "CELERY_BROKER_URL": settings.broker_url,
        "PORT": str(settings.port),
        "VOC_ENCODER": settings.encoder or "static",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }


@dataclass
class Part:
    """One process group of the service."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep_running(self) -> None:
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                with self.log.open("ab") as log:
                    self.process = subprocess.Popen(
                        self.command, env=self.environment, cwd=ROOT, stdout=log, stderr=log,
                        start_new_session=True,
                    )  # fmt: skip

    def kill(self) -> bool:
        """SIGKILL to the whole group; True when it was alive."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                return False
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return True

    def kill_one_child(self, chance: random.Random) -> bool:
        """SIGKILL to one of gunicorn's worker processes, which share the web server's socket."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                return False
            pid = self.process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                return False
            try:
                os.kill(int(chance.choice(children)), signal.SIGKILL)
            except ProcessLookupError:
                return False
            return True


class Service:
    """Web server, workers and scheduler over given settings."""

    def __init__(self, settings: Settings, *, wsgi: str = "wsgi:app") -> None:
        self.settings = settings
        self.environment = environment_of(settings, **supervisor.share_figures(settings))
        self.url = f"http://127.0.0.1:{settings.port}"
        children = supervisor.commands(
            settings, host="127.0.0.1", parts=("web", "worker", "scheduler")
        )
        self.parts = {
            child.name: Part(
                child.name,
                [wsgi if word == "wsgi:app" else word for word in child.command],
                self.environment,
                settings.data_dir / f"{child.name}.log",
            )
            for child in children
        }
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, daemon=True)

    def voc(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the `voc` command with this service's settings."""
        return subprocess.run(
            [str(VOC), *words], env=self.environment, cwd=ROOT, text=True,
            capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip

    def init(self) -> dict[str, Any]:
        """Tables, a workspace and its keys."""
        done = self.voc(
            "init", "--name", "Faults", "--email", "a@example.com", "--password",
            "correct horse battery", "--json",
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        return dict(json.loads(done.stdout))

    def start(self) -> None:
        self._watch.start()

    def _keep_running(self) -> None:
        while not self._stopping.wait(0.05):
            for part in self.parts.values():
                part.keep_running()

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_until_up(self, *, seconds: float = 180) -> None:
        until = time.monotonic() + seconds
        while not self.is_up():
            if time.monotonic() > until:
                raise TimeoutError(f"no answer from {self.url} within {seconds} s")
            time.sleep(0.1)

    def kill_everything(self) -> None:
        self._stopping.set()
        self._watch.join()
        for part in self.parts.values():
            part.kill()

    def call(self, method: str, path: str, key: str, body: Any = None) -> Any:
        """One request to the API; returns the JSON of its answer."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
