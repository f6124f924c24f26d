"""The whole service as its own processes: `voc serve` over each kind of broker.

A proxy of the test's own stands before Redis and RabbitMQ, so that they can be away.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import update

from config import Settings
from tests.faults.running import ROOT, VOC, environment_of, free_port
from vocapp import create_app
from vocapp.database import transaction, utcnow
from vocapp.extensions import db
from vocapp.outbox import Pending

pytestmark = [pytest.mark.services, pytest.mark.slow]
SURVEY = {"key": "nps", "name": "NPS", "kind": "nps", "languages": ["en"]}
BROKERS = {"redis": ("VOC_TEST_REDIS_URL", 6379), "rabbitmq": ("VOC_TEST_RABBITMQ_URL", 5672)}


class Proxy:
    """Carries TCP to a real server, or refuses as a server that is down does."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.port = free_port()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse new connections and cut those that are open."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self.target, 5)
            except OSError:
                return
            far.settimeout(None)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@dataclass
class Running:
    """A `voc serve` and its workspace."""

    settings: Settings
    proxy: Proxy | None = None
    key: str = ""
    process: subprocess.Popen[bytes] | None = None
    answered: int = 0
    extra: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.settings.data_dir / "serve.log"

    def voc(self, *words: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(VOC), *words], env=environment_of(self.settings), cwd=ROOT, text=True,
            capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip

    def spawn(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(VOC), *words], env=environment_of(self.settings), cwd=ROOT, stdout=log,
                stderr=log,
            )  # fmt: skip

    def start(self) -> None:
        made = self.voc(*init_words("Acme"))
        assert made.returncode == 0, made.stderr
        self.key = json.loads(made.stdout)["secret_key"]
        self.process = self.spawn("serve", "--port", str(self.settings.port))
        self.until(lambda: self.call("GET", "/healthz")[0] == 200, seconds=240)
        assert self.call("POST", "/api/v1/surveys", SURVEY)[0] == 201

    def stop(self) -> None:
        for process in [self.process, *self.extra]:
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(timeout=30)
        if self.proxy is not None:
            self.proxy.close()

    def call(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.settings.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as exc:
            return exc.code, json.load(exc)
        except OSError:
            return 0, None

    def respond(self, count: int = 5, *, tries: int = 1) -> float:
        """Post answers one by one; returns the longest time that one took, in seconds.

        tries: how often one is sent, with the same id, while the connection breaks.
        """
        longest = 0.0
        for _ in range(count):
            began = time.monotonic()
            body = {"id": str(uuid4()), "survey": "nps", "score": 9}
            status = self._post(body, tries=tries)
            assert status == 201 or (tries > 1 and status == 200)
            longest = max(longest, time.monotonic() - began)
        self.answered += count
        return longest

    def _post(self, body: dict[str, Any], *, tries: int) -> int:
        status = 0
        for attempt in range(tries):
            time.sleep(min(attempt, 1))
            status = self.call("POST", "/api/v1/responses", body)[0]
            if status:
                break
        return status

    def counted(self) -> int:
        return int(self.call("GET", "/api/v1/surveys/nps/metrics?min_n=1")[1]["overall"]["n"])

    def until(self, holds: Callable[[], bool], *, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.1)

    def until_all_counted(self, *, seconds: float = 120) -> None:
        self.until(lambda: self.counted() == self.answered, seconds=seconds)

    def descendants(self) -> dict[int, str]:
        """Every process below this `voc serve`, with its command line."""
        assert self.process is not None
        return dict(_below(self.process.pid))


def _below(pid: int) -> Iterator[tuple[int, str]]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        with suppress(OSError):
            yield child, Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
        yield from _below(child)


def init_words(name: str) -> list[str]:
    email = f"{uuid4().hex[:8]}@example.com"
    return ["init", "--name", name, "--email", email, "--password", "correct horse b", "--json"]


def settings_for(folder: Path, broker_url: str = "embedded") -> Settings:
    settings = Settings(
        environment="test", data_dir=folder, port=free_port(), broker_url=broker_url
    )
    return settings.prepare()


def with_proxy(folder: Path, variable: str, default_port: int) -> Running:
    """A service whose broker is behind a proxy that is still closed."""
    url = os.environ.get(variable, "")
    if not url:
        pytest.skip(f"{variable} is not set: no such broker here")
    parts = urlsplit(url)
    proxy = Proxy((parts.hostname or "127.0.0.1", parts.port or default_port))
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    near = parts._replace(netloc=f"{login}127.0.0.1:{proxy.port}").geturl()
    return Running(settings_for(folder, near), proxy)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(settings_for(tmp_path_factory.mktemp("embedded")))
    try:
        running.start()
        yield running
    finally:
        running.stop()


# --- the embedded default -------------------------------------------------------------------


def test_answers_are_counted_without_anybody_calling_drain(embedded):
    embedded.respond(5)
    embedded.until_all_counted()
    state = embedded.call("GET", "/readyz")[1]
    assert (state["broker"], state["database"]) == ("ok", "ok")


def test_a_workspace_is_made_beside_a_running_service(embedded):
    made = embedded.voc(*init_words("Second"))
    assert made.returncode == 0, made.stderr
    keys = json.loads(made.stdout)
    assert set(keys) == {"workspace_id", "email", "secret_key", "public_key"}
    status, workspace = embedded.call("GET", "/api/v1/workspace", key=keys["secret_key"])
    assert (status, workspace["name"]) == (200, "Second")
    embedded.respond(1)
    embedded.until_all_counted()


def test_draining_beside_running_workers_ends_well_and_all_is_counted(embedded):
    embedded.respond(10)
    drained = embedded.voc("drain", "--timeout", "60")
    assert drained.returncode == 0, drained.stdout + drained.stderr
    assert embedded.counted() == embedded.answered


def test_two_schedulers_do_no_harm(embedded):
    second = embedded.spawn("serve", "--scheduler-only")
    embedded.extra.append(second)
    embedded.until(lambda: bool(psutil.Process(second.pid).children()), seconds=120)
    embedded.respond(10)
    embedded.until_all_counted()
    time.sleep(3)  # a few ticks of both
    assert embedded.counted() == embedded.answered
    second.terminate()
    assert second.wait(timeout=20) == 0


@pytest.mark.parametrize("part", ["queues quick", "gunicorn", "vocapp.scheduler"])
def test_a_killed_child_is_started_again(embedded, part):
    victims = [pid for pid, command in embedded.descendants().items() if part in command]
    assert victims
    os.kill(victims[0], signal.SIGKILL)  # of gunicorn, the process above its workers

    def is_back() -> bool:
        found = [pid for pid, command in embedded.descendants().items() if part in command]
        return bool(found) and victims[0] not in found

    embedded.until(is_back, seconds=60)
    embedded.until(lambda: embedded.call("GET", "/healthz")[0] == 200, seconds=120)
    # What is left of a killed web server answers for a moment and then hangs up: its
    # clients send again, as these do.
    embedded.respond(2, tries=60)
    embedded.until_all_counted()


def test_sigterm_ends_every_child(embedded):
    below = embedded.descendants()
    # web server with two processes, two workers, scheduler
    assert len(below) >= 6, below
    assert embedded.process is not None
    embedded.process.send_signal(signal.SIGTERM)
    assert embedded.process.wait(timeout=30) == 0
    assert [command for pid, command in below.items() if _lives(pid, command)] == []
    with socket.socket() as again:  # nobody listens there any more
        assert again.connect_ex(("127.0.0.1", embedded.settings.port)) != 0


def _lives(pid: int, command: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") == command
    except OSError:
        return False


# --- draining, with nobody else at work -------------------------------------------------------


def test_a_drain_that_runs_out_of_time_says_what_is_left_and_exits_1(
    tmp_path, migrated_sqlite, new_workspace, api_of
):
    settings = settings_for(tmp_path)
    settings.sqlite_path.write_bytes(migrated_sqlite.read_bytes())
    app = create_app(settings)
    running = Running(settings)
    with app.app_context():
        api = api_of(app.test_client(), new_workspace())
        api.survey()
        assert api.respond(score=9).status_code == 201
        held = {"lease_token": uuid4(), "lease_until": utcnow() + timedelta(minutes=5)}
        with transaction() as session:
            session.execute(update(Pending).where(Pending.kind == "measure").values(held))
        late = running.voc("drain", "--timeout", "1")
        assert (late.returncode, late.stdout.strip()) == (1, "measure: 1 due")
        with transaction() as session:
            session.execute(
                update(Pending)
                .where(Pending.kind == "measure")
                .values(lease_token=None, lease_until=None)
            )
        done = running.voc("drain", "--timeout", "60")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        answer = api.get("/api/v1/surveys/nps/metrics?min_n=1")
        assert answer.json["overall"]["n"] == 1
        db.engine.dispose()


# --- brokers that go and come back ------------------------------------------------------------


@pytest.mark.parametrize("broker", list(BROKERS))
def test_the_service_works_on_while_its_broker_is_away_and_catches_up(tmp_path, broker):
    running = with_proxy(tmp_path, *BROKERS[broker])
    assert running.proxy is not None
    try:
        running.start()
        assert running.respond() < 5  # not there yet when the service starts
        status, state = running.call("GET", "/readyz")
        assert (status, state["database"], state["broker"]) == (200, "ok", "degraded")
        assert running.counted() == 0

        running.proxy.open()  # nobody rings for the old answers but the scheduler
        running.until_all_counted()
        running.until(lambda: running.call("GET", "/readyz")[1]["broker"] == "ok", seconds=20)
        running.respond()
        running.until_all_counted()

        running.proxy.close()  # goes away under the running service
        assert running.respond() < 5
        assert running.call("GET", "/readyz")[1]["broker"] == "degraded"
        running.proxy.open()
        running.until_all_counted()
    finally:
        running.stop()
