"""Do scanners of mail vote? And how many people are held with them?

    python -m benchmarks.scanners [--each 200] [--people 200] [--seed 1]

Profiles of scanners, each with invitations of its own, against a server on this machine; then
people in Chromium, at a plausible pace and at a very fast one. Prints what counted, what is held
and who was unsubscribed. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from flask import Flask
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import func, select
from werkzeug.serving import make_server

from config import Settings
from vocapp import create_app
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.cli import upgrade_database
from vocapp.collecting.models import HeldAnswer, Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import unsubscribe_url
from vocapp.distributing.models import Invitation, Suppression
from vocapp.people.facts import ContactFacts
from vocapp.people.identifying import Said, identify_one
from vocapp.workspaces.service import create_workspace

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_AT_ONCE, _BROWSING_AT_ONCE = 24, 8
_SCALE = range(11)


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation, and where its links lead. unseen: the link of the mail that nobody sees."""

    id: UUID
    page: str
    unsubscribe: str

    @property
    def unseen(self) -> str:
        return f"{self.page}/more"

    def link(self, score: int) -> str:
        return f"{self.page}?score={score}"

    @property
    def links(self) -> list[str]:
        """Every link of the mail in its order."""
        return [*map(self.link, _SCALE), self.page, self.unseen, self.unsubscribe]


# --- what scanners do ---------------------------------------------------------------------


class Http:
    """A client without scripts, of one connection."""

    def __init__(self, base: str) -> None:
        self._connection = HTTPConnection(urlsplit(base).netloc, timeout=60)

    def fetch(self, path: str, method: str = "GET", **headers: str) -> str:
        self._connection.request(method, path, headers=headers)
        return self._connection.getresponse().read().decode()

    def press(self, path: str, page: str, score: int) -> str:
        """Send the form of a page with a score, as whoever fills forms in by program does."""
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        form |= {"q-score": str(score), "step": "score"}
        body = urlencode({name: unescape(value) for name, value in form.items()})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, body, headers)
        return self._connection.getresponse().read().decode()


Profile = Callable[[Http, Asked, random.Random], None]


def head_of_all(http: Http, asked: Asked, _dice: random.Random) -> None:
    for link in asked.links:
        http.fetch(link, "HEAD")


def get_of_all(http: Http, asked: Asked, _dice: random.Random) -> None:
    for link in asked.links:
        http.fetch(link)


def prefetch_of_all(http: Http, asked: Asked, _dice: random.Random) -> None:
    for link in asked.links:
        http.fetch(link, **{"Sec-Purpose": "prefetch"})


def one_twice(http: Http, asked: Asked, dice: random.Random) -> None:
    link = asked.link(dice.choice(_SCALE))
    http.fetch(link)
    http.fetch(link)


def head_then_get(http: Http, asked: Asked, dice: random.Random) -> None:
    head_of_all(http, asked, dice)
    get_of_all(http, asked, dice)


def one_pressed_at_once(http: Http, asked: Asked, dice: random.Random) -> None:
    score = dice.choice(_SCALE)
    http.press(asked.page, http.fetch(asked.link(score)), score)


def all_then_pressed_at_once(http: Http, asked: Asked, dice: random.Random) -> None:
    get_of_all(http, asked, dice)
    one_pressed_at_once(http, asked, dice)


def all_then_pressed_later(http: Http, asked: Asked, dice: random.Random) -> None:
    page = ""
    for link in asked.links:
        page = http.fetch(link) if "score=" in link else (http.fetch(link), page)[1]
    time.sleep(dice.uniform(3, 6))
    http.press(asked.page, page, 10)


def hidden_then_pressed_later(http: Http, asked: Asked, dice: random.Random) -> None:
    score = dice.choice(_SCALE)
    page = http.fetch(asked.link(score))
    for link in re.findall(r'<a hidden href="([^"]+)"', page):
        http.fetch(unescape(link))
    time.sleep(dice.uniform(3, 6))
    http.press(asked.page, page, score)


def each_pressed(http: Http, asked: Asked, _dice: random.Random) -> None:
    for score in _SCALE:
        http.press(asked.page, http.fetch(asked.link(score)), score)


def one_pressed_later(http: Http, asked: Asked, dice: random.Random) -> None:
    score = dice.choice(_SCALE)
    page = http.fetch(asked.link(score))
    time.sleep(dice.uniform(3, 6))
    http.press(asked.page, page, score)


LOOKING: dict[str, Profile] = {
    "HEAD of every link": head_of_all,
    "GET of every link within a second": get_of_all,
    "prefetch of every link": prefetch_of_all,
    "one link, twice": one_twice,
    "HEAD, then GET of every link": head_then_get,
}
PRESSING: dict[str, Profile] = {
    "one link, pressed at once": one_pressed_at_once,
    "every link, one pressed at once": all_then_pressed_at_once,
    "every link, one pressed after 3 to 6 s": all_then_pressed_later,
    "one link and the hidden one, pressed after 3 to 6 s": hidden_then_pressed_later,
    "every link, each pressed": each_pressed,
    "one link, pressed after 3 to 6 s (like a person)": one_pressed_later,
}
BROWSING = "a browser that runs scripts and follows links"


async def follow_links(page: Page, base: str, asked: Asked, dice: random.Random) -> None:
    await page.goto(base + asked.link(dice.choice(_SCALE)))
    links = await page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
    for link in [each for each in links if each.startswith(base)]:
        await page.evaluate("url => fetch(url)", link)
    await page.goto(base + asked.unsubscribe)


# --- what people do -----------------------------------------------------------------------


def person(slowest: float, quickest: float) -> Callable[..., Awaitable[None]]:
    """Opens a link, looks so many seconds, presses; every second one says why as well."""

    async def answer(page: Page, base: str, asked: Asked, dice: random.Random) -> None:
        await page.goto(base + asked.link(dice.choice(_SCALE)))
        await asyncio.sleep(dice.uniform(quickest, slowest))
        await page.get_by_role("button").first.click()
        if dice.random() < 0.5:
            box = page.locator("textarea")
            await box.press_sequentially("It does what we need", delay=dice.uniform(60, 150))
            await page.get_by_role("button").first.click()
            await page.get_by_text("Thank you").first.wait_for()
        else:
            await page.get_by_text("is saved").first.wait_for()

    return answer


PEOPLE = {
    "people, who look 2.5 to 8 s": person(8, 2.5),
    "people, very fast: 0.6 to 2 s": person(2, 0.6),
}


async def _in_browser(
    act: Callable[..., Awaitable[None]], base: str, asked: Sequence[Asked], seed: int
) -> None:
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        waiting = iter(enumerate(asked))

        async def work(browser: Browser) -> None:
            for number, each in waiting:
                context = await browser.new_context(locale="en-US")
                page = await context.new_page()
                await act(page, base, each, random.Random(seed * 100_003 + number))
                await context.close()

        await asyncio.gather(*(work(browser) for _ in range(_BROWSING_AT_ONCE)))
        await browser.close()


# --- the run ------------------------------------------------------------------------------


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    app.config["BASE_URL"] = base
    yield base
    server.shutdown()


def _ask(app: Flask, base: str, survey_id: UUID, workspace_id: UUID, count: int) -> list[Asked]:
    asked = []
    with app.app_context(), transaction() as session:
        for _ in range(count):
            now, email = utcnow(), f"{uuid4().hex}@example.com"
            said = Said(as_of=now, contact=ContactFacts(email=email))
            contact = identify_one(session, workspace_id, said, now=now).contact
            assert contact is not None
            row = Invitation(
                workspace_id=workspace_id, id=uuid4(), survey_id=survey_id,
                contact_id=contact.id, channel="email", state="sent", send_at=now,
                created_at=now,
            )  # fmt: skip
            session.add(row)
            link = InvitationLink(workspace_id, row.id, survey_id, contact.id)
            stop = unsubscribe_url(workspace_id, email).removeprefix(base)
            asked.append(Asked(row.id, link.url().removeprefix(base), stop))
    return asked


def _print(app: Flask, what: str, asked: Sequence[Asked], before: int, seconds: float) -> None:
    ids = [each.id for each in asked]
    with app.app_context(), snapshot() as session:
        counted = session.scalar(select(func.count()).where(Response.id.in_(ids)))
        states = dict(
            session.execute(
                select(HeldAnswer.state, func.count())
                .where(HeldAnswer.id.in_(ids))
                .group_by(HeldAnswer.state)
            ).all()
        )
        gone = (session.scalar(select(func.count()).select_from(Suppression)) or 0) - before
    print(
        f"{what:52} {len(asked):>5} {counted:>8} {states.get('held', 0):>6} "
        f"{states.get('overtaken', 0):>9} {gone:>13} {seconds:>6.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scanners")
    parser.add_argument("--each", type=int, default=200, help="invitations of each profile")
    parser.add_argument("--people", type=int, default=200, help="people of each pace")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    with tempfile.TemporaryDirectory(prefix="voc-scanners-") as folder:
        app = create_app(Settings(environment="test", data_dir=Path(folder)))
        with app.app_context():
            upgrade_database(app)
            made = create_workspace(
                name="Acme", email="a@example.com", password="a long enough one", now=utcnow()
            )
            survey = NewSurvey(key="nps", name="NPS", kind="nps", languages=["en"])
            survey_id = create_survey(
                made.workspace_id, survey, actor_user_id=made.user_id, now=utcnow()
            )
        with _served(app) as base:
            _run(app, base, survey_id, made.workspace_id, options)


def _run(
    app: Flask, base: str, survey_id: UUID, workspace_id: UUID, options: argparse.Namespace
) -> None:
    print(f"{'':52} asked  counted   held  released  unsubscribed      s")

    def of(what: str, count: int, act: Callable[[Sequence[Asked]], None]) -> None:
        asked = _ask(app, base, survey_id, workspace_id, count)
        with app.app_context(), snapshot() as session:
            before = session.scalar(select(func.count()).select_from(Suppression)) or 0
        began = time.monotonic()
        act(asked)
        _print(app, what, asked, before, time.monotonic() - began)

    def by_http(profile: Profile) -> Callable[[Sequence[Asked]], None]:
        def act(asked: Sequence[Asked]) -> None:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                dice = (random.Random(options.seed * 100_003 + n) for n in range(len(asked)))
                clients = (Http(base) for _ in asked)
                list(pool.map(profile, clients, asked, dice))

        return act

    def by_browser(act: Callable[..., Awaitable[None]]) -> Callable[[Sequence[Asked]], None]:
        return lambda asked: asyncio.run(_in_browser(act, base, asked, options.seed))

    for what, profile in LOOKING.items():
        of(what, options.each, by_http(profile))
    of(BROWSING, options.each, by_browser(follow_links))
    for what, profile in PRESSING.items():
        of(what, options.each, by_http(profile))
    for what, act in PEOPLE.items():
        of(what, options.people, by_browser(act))


if __name__ == "__main__":
    main()
