"""A client in a process of its own: sends answers at a fixed rate and writes down what it saw.

    python -m tests.faults.client --url http://127.0.0.1:8000 --survey nps --journal j.jsonl

The secret key comes in VOC_FAULTS_KEY. Arrivals do not wait for answers (open loop). Most
answers are sent again, with the same id and content, until something definite comes back;
some are sent once only, so that unknown outcomes occur. SIGTERM: no new answers, those
under way are given some seconds more.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_S, _GIVE_UP_S, _LAST_CHANCE_S = 30.0, 60.0, 20.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0
_MOST_AT_ONCE = 64  # arrivals beyond are left out: a queue of them would only be dead weight


class Journal:
    """Lines on disk, whole, in the order in which things happened."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self._lock = threading.Lock()

    def write(self, **entry: Any) -> None:
        with self._lock:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


class Client:
    def __init__(self, url: str, key: str, survey: str, journal: Journal, seed: int) -> None:
        self._host = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._survey = survey
        self._journal = journal
        self._random = random.Random(seed)
        self._stop_at: float | None = None

    def new_answers(self) -> list[dict[str, Any]]:
        """One answer, now and then five in a batch; scores only, few comments."""
        return [self._new_answer() for _ in range(5 if self._random.random() < 0.1 else 1)]

    def _new_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "survey": self._survey,
            "score": self._random.randrange(11),
            "account": {"external_id": f"a{self._random.randrange(20)}", "plan": "pro"},
        }
        if self._random.random() < 0.05:
            answer["comment"] = "The monthly report is slow."
        return answer

    def stop(self) -> None:
        self._stop_at = time.monotonic() + _LAST_CHANCE_S

    def send(self, answers: list[dict[str, Any]], *, repeats: bool) -> None:
        """Send until a definite answer, or once; write down what is known then."""
        for answer in answers:
            self._journal.write(id=answer["id"], score=answer["score"])
        give_up_at = time.monotonic() + _GIVE_UP_S
        waiting = {answer["id"]: answer for answer in answers}
        pause_s = _PAUSE_S
        while waiting:
            for id, status in self._post(list(waiting.values())).items():
                if status in {200, 201} or 400 <= status < 500:
                    outcome = "ok" if status in {200, 201} else "fail"
                    self._journal.write(id=id, outcome=outcome, status=status)
                    del waiting[id]
            if not repeats or time.monotonic() > min(give_up_at, self._stop_at or give_up_at):
                return  # what is left stays unknown
            if waiting:
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _post(self, answers: list[dict[str, Any]]) -> dict[str, int]:
        """The status of each answer that got one."""
        single = len(answers) == 1
        path = "/api/v1/responses" if single else "/api/v1/responses/batch"
        connection = http.client.HTTPConnection(self._host, timeout=_TIMEOUT_S)
        try:
            body = answers[0] if single else {"responses": answers}
            connection.request("POST", path, json.dumps(body), self._headers)
            reply = connection.getresponse()
            content = reply.read()
            if single:
                return {answers[0]["id"]: reply.status}
            if reply.status != 200:
                return {}
            items = json.loads(content)["items"]
            return {answers[item["index"]]["id"]: item["status"] for item in items}
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--survey", default="nps")
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=8.0, help="requests a second")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    client = Client(
        options.url, os.environ["VOC_FAULTS_KEY"], options.survey, Journal(options.journal),
        options.seed,
    )  # fmt: skip
    chance = random.Random(options.seed + 1)
    free = threading.BoundedSemaphore(_MOST_AT_ONCE)
    with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE) as pool:
        arrival = time.monotonic()
        while not stopping.is_set():
            if free.acquire(blocking=False):
                repeats = chance.random() < 0.9
                sending = pool.submit(client.send, client.new_answers(), repeats=repeats)
                sending.add_done_callback(lambda _: free.release())
            arrival += chance.expovariate(options.rate)
            stopping.wait(max(0.0, arrival - time.monotonic()))
        client.stop()


if __name__ == "__main__":
    main()
