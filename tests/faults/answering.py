"""People answer in a real browser while network, tab or server fail: one answer each in the end.

    python -m tests.faults.answering [--runs 500] [--seed 1]

Each run draws a surface (the widget on another site, the public page, a single-use link), a step
and a fault. Whoever sees that something failed does what people do: they wait for the widget to
send it again, reload the page that did not come, or come again another time with the same browser.
A run counts when the database has exactly one answer for it, with the score and comment that were
given. Prints one JSON object; exit 1 when an answer is missing, doubled or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from playwright.sync_api import Error as BrowserError
from sqlalchemy import create_engine, text
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from config import Settings
from tests.faults import history
from tests.faults.running import Service, free_port

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# By surface and step: what can go wrong there. "none": nothing, as most of the time.
FAULTS = {
    "widget": {
        "score": ("none", "offline", "not_sent", "reply_lost", "killed", "tab_closed"),
        "comment": ("none", "offline", "not_sent", "reply_lost", "killed", "tab_closed"),
    },
    "page": {
        "score": ("none", "offline", "not_sent", "reply_lost", "killed"),
        "comment": ("none", "offline", "not_sent", "reply_lost", "killed", "tab_closed"),
    },
}
SURFACES = ("widget", "widget", "page", "single_use")
RARELY = {"killed": 0.2}  # share of those drawn that are kept: a start of the server takes seconds
PATIENCE_S = 60
_VISITS = 6
_NOTHING_IS_KEPT = "Object.keys(localStorage).every(k => !k.startsWith('voc:answer:'))"


@dataclass(frozen=True)
class Run:
    """What is to happen in one."""

    number: int
    surface: str
    step: str
    fault: str
    score: int
    comment: str

    @classmethod
    def drawn(cls, number: int, chance: random.Random) -> Run:
        surface = chance.choice(SURFACES)
        by_step = FAULTS["widget" if surface == "widget" else "page"]
        step = chance.choice(sorted(by_step))
        fault = chance.choice(by_step[step])
        if chance.random() > RARELY.get(fault, 1):
            fault = "not_sent"
        return cls(number, surface, step, fault, chance.randrange(11), f"run {number} 速い")


@dataclass
class Outcome:
    seed: int
    runs: int = 0
    seconds: float = 0
    by_fault: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    kills: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    uncertain_comments: int = 0

    @property
    def holds(self) -> bool:
        return self.answers == self.runs and not (self.missing or self.doubled or self.wrong)

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed, "runs": self.runs, "answers": self.answers, "holds": self.holds,
            "missing": self.missing, "doubled": self.doubled, "wrong": self.wrong,
            "comments_of_closed_tabs": self.uncertain_comments,
            "server_kills": self.kills, "seconds": round(self.seconds, 1),
            "by_fault": dict(sorted(self.by_fault.items())),
            "upper_bound_95": history.upper_bound(self.runs) if self.holds else None,
        }  # fmt: skip


class Stage:
    """A server that may be killed, another site with the widget, and a browser."""

    def __init__(self, service: Service, browser: Browser, keys: dict[str, Any]) -> None:
        self.service, self.browser = service, browser
        self.secret, self.public = keys["secret_key"], keys["public_key"]
        body = {"key": "nps", "name": "NPS", "kind": "nps", "languages": ["en"]}
        self.survey = service.call("POST", "/api/v1/surveys", self.secret, body)
        self.kills = 0
        self._links: list[str] = []

    def next_link(self) -> str:
        """A single-use link that nobody has opened."""
        if not self._links:
            path = "/api/v1/surveys/nps/single-use-links"
            made = self.service.call("POST", path, self.secret, {"name": "Runs", "count": 200})
            found = self.service.call("GET", f"{path}/{made['id']}?limit=200", self.secret)
            self._links = [each["url"].split("/once/")[1] for each in found["items"]]
        return f"{self.service.url}/once/{self._links.pop()}"

    def kill(self) -> None:
        """SIGKILL to the web server and all its processes; it is started again by itself."""
        self.kills += bool(self.service.parts["web"].kill())

    def tag(self, number: int) -> str:
        return (
            f'<script async src="{self.service.url}/widget.js" data-key="{self.public}" '
            f'data-survey="{self.survey["public_id"]}" data-touchpoint="run {number}"></script>'
        )


class Answering:
    """One run, from the opening of the page to the last reply."""

    def __init__(self, stage: Stage, site: str, run: Run) -> None:
        self.stage, self.run, self.site = stage, run, site
        self.context: BrowserContext = stage.browser.new_context(locale="en-US")
        self.page: Page = self._new_page()
        self.id: str | None = None  # of the answer

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        return page

    def __call__(self) -> None:
        try:
            if self.run.surface == "widget":
                self._by_widget()
            else:
                self._by_page()
        finally:
            self.context.close()

    # --- faults

    @contextmanager
    def _failing(self, step: str, method: str, pattern: str) -> Iterator[None]:
        """What goes wrong with the request that is pressed within, if this is its step."""
        fault = self.run.fault if step == self.run.step else "none"
        left = [1]

        def meddle(route: Route) -> None:
            if route.request.method != method or not left[0]:
                route.continue_()
                return
            left[0] -= 1
            if fault == "not_sent":
                route.abort("connectionreset")
            elif fault == "reply_lost":
                route.fetch(max_redirects=0)
                route.abort("connectionreset")
            else:  # killed at any moment from before it arrives until after it is answered
                threading.Timer(
                    random.Random(self.run.number).random() * 0.05, self.stage.kill
                ).start()
                route.continue_()

        if fault in {"not_sent", "reply_lost", "killed"}:
            self.page.route(pattern, meddle)
        self.context.set_offline(fault == "offline")
        yield
        if fault == "offline":
            self.page.wait_for_timeout(200)
            self.context.set_offline(False)

    def _is_closed_at(self, step: str) -> bool:
        return (self.run.step, self.run.fault) == (step, "tab_closed")

    # --- the widget

    def _by_widget(self) -> None:
        self._open_site()
        widget = self.page.locator("voc-widget")
        widget.locator(f'input[type=radio][value="{self.run.score}"]').check(force=True)
        with self._failing("score", "POST", "**/public/v1/responses"):
            widget.locator("button.primary").click()
            if self._is_closed_at("score"):
                self._come_again()
                return
        widget.get_by_role("textbox").fill(self.run.comment)
        with self._failing("comment", "PATCH", "**/public/v1/responses/*"):
            widget.locator("button.primary").click()
            if self._is_closed_at("comment"):
                self._come_again()
                return
        self._wait_until_nothing_is_kept()

    def _open_site(self) -> None:
        for _ in range(PATIENCE_S):
            self.page.goto(f"{self.site}?{self.run.number}")
            try:
                self.page.locator("voc-widget input[type=radio]").first.wait_for(
                    state="attached", timeout=5000
                )
                return
            except BrowserError:
                self.stage.service.wait_until_up()
        raise TimeoutError("the widget did not ask")

    def _come_again(self) -> None:
        """The tab is killed; the person opens the site in another one, later."""
        self.page.close(run_before_unload=False)
        self.page = self._new_page()
        self.page.goto(f"{self.site}?{self.run.number}")
        self._wait_until_nothing_is_kept()

    def _wait_until_nothing_is_kept(self) -> None:
        """The widget tries again at longer and longer intervals, and at once on the next visit."""
        for _ in range(_VISITS):
            try:
                self.page.wait_for_function(_NOTHING_IS_KEPT, polling=50, timeout=8000)
                return
            except BrowserError:
                self.stage.service.wait_until_up()
                self.page.goto(f"{self.site}?{self.run.number}")
        raise TimeoutError("the widget keeps the answer")

    # --- the pages

    def _by_page(self) -> None:
        public_id = self.stage.survey["public_id"]
        is_single = self.run.surface == "single_use"
        path = self.stage.next_link() if is_single else f"{self.stage.service.url}/s/{public_id}"
        self._until_it_works(lambda: self.page.goto(path), "input[type=radio]")
        self.id = self.page.locator("form[data-draft]").get_attribute("data-draft")
        self._choose()
        with self._failing("score", "POST", "**"):
            self._press("score")
        self._until_it_works(self._again, "textarea")
        if self._is_closed_at("comment"):
            self.page.close()
            return
        self.page.locator("textarea").fill(self.run.comment)
        with self._failing("comment", "POST", "**"):
            self._press("rest")
        self._until_it_works(self._again, "[data-draft-done]")

    def _choose(self) -> None:
        self.page.locator(f'input[type=radio][value="{self.run.score}"]').check(force=True)

    def _press(self, step: str) -> None:
        try:
            self.page.locator(f'button[name=step][value="{step}"]').click()
            self.page.wait_for_load_state()
        except BrowserError:
            pass  # the page of an error: seen by what it lacks

    def _again(self) -> None:
        """The reload that a browser offers in place of a page that did not come: it sends the
        same form again."""
        self.stage.service.wait_until_up()
        self.page.reload()

    def _until_it_works(self, again: Any, sign: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not self._shows(sign):
            if time.monotonic() > until:
                raise TimeoutError(f"no {sign} on {self.page.url}")
            try:
                again()
            except BrowserError:
                time.sleep(0.2)

    def _shows(self, sign: str) -> bool:
        try:
            self.page.locator(sign).first.wait_for(state="attached", timeout=400)
        except BrowserError:
            return False
        return True


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Thousands of lines that nobody reads."""


@contextmanager
def another_site(stage: Stage) -> Iterator[str]:
    """A shop's page with the widget; the query names the run."""

    def shop(environ: Any, start: Any) -> Any:
        number = int(environ.get("QUERY_STRING") or 0)
        page = f'<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>{stage.tag(number)}'
        return Response(page, mimetype="text/html")(environ, start)

    server = make_server("127.0.0.1", 0, shop, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def judge(outcome: Outcome, settings: Settings, done: list[tuple[Run, str | None]]) -> None:
    """Compare the database with what people did."""
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, score, attributes FROM response")).all()
        comments = {row[0] for row in connection.execute(
            text("SELECT response_id FROM answer WHERE text IS NOT NULL")
        )}  # fmt: skip
    outcome.answers = len(rows)
    found: dict[str, list[Any]] = {}
    for row in rows:
        place = json.loads(row[2]).get("touchpoint", "")
        found.setdefault(place or str(UUID(str(row[0]))), []).append(row)
    for run, response_id in done:
        mine = found.get(f"run {run.number}" if run.surface == "widget" else str(response_id), [])
        name = f"{run.number} {run.surface} {run.step} {run.fault}"
        if not mine:
            outcome.missing.append(name)
            continue
        outcome.doubled += len(mine) - 1
        has_comment = mine[0][0] in comments
        unsaid = run.fault == "tab_closed" and (run.step == "score" or run.surface != "widget")
        outcome.uncertain_comments += unsaid
        if mine[0][1] != run.score or has_comment == unsaid:
            outcome.wrong.append(name)
    engine.dispose()


def run_all(
    *, runs: int, seed: int, most_seconds: float = 3600, say: Any = lambda _: None
) -> Outcome:
    """All runs one after the other, against one server and one browser."""
    outcome, began, chance = Outcome(seed), time.monotonic(), random.Random(seed)
    path = os.environ.get("VOC_TEST_BROWSER") or next(filter(None, map(shutil.which, _NAMES)))
    with tempfile.TemporaryDirectory(prefix="voc-answering-") as folder, sync_playwright() as play:
        settings = Settings(environment="test", data_dir=Path(folder), port=free_port()).prepare()
        service = Service(settings)
        service.parts = {"web": service.parts["web"]}  # taking answers needs nothing else
        keys = service.init()
        service.start()
        service.wait_until_up()
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        stage = Stage(service, browser, keys)
        done: list[tuple[Run, str | None]] = []
        try:
            with another_site(stage) as site:
                for number in range(1, runs + 1):
                    if time.monotonic() - began > most_seconds:
                        break  # how many there were is said
                    answering = Answering(stage, site, Run.drawn(number, chance))
                    service.wait_until_up()
                    try:
                        answering()
                    except (BrowserError, TimeoutError) as exc:
                        say(f"{answering.run}: {exc}")
                    done.append((answering.run, answering.id))
                    outcome.by_fault[f"{answering.run.step} {answering.run.fault}"] += 1
                    if number % 25 == 0:
                        say(f"{number} runs, {stage.kills} kills")
        finally:
            browser.close()
            service.kill_everything()
        outcome.runs, outcome.kills = len(done), stage.kills
        judge(outcome, settings, done)
    outcome.seconds = time.monotonic() - began
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="at most")
    options = parser.parse_args()
    outcome = run_all(
        runs=options.runs, seed=options.seed, most_seconds=options.minutes * 60,
        say=lambda words: print(words, file=sys.stderr, flush=True),
    )  # fmt: skip
    print(json.dumps(outcome.as_json(), indent=2))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
