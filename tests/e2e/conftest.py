"""A running server and a real browser, for tests that drive pages as people do.

`live_server` serves the `app` fixture on a free port; `chromium` is one browser for the whole
session and `page` a fresh window in it. Without a Chromium these tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from vocapp.workspaces.access import COOKIE

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PICTURES = Path(__file__).parent / "screenshots"
_AXE = Path(__file__).parents[2] / "widget" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class LiveServer:
    """The application on a port of its own; `url` has no slash at the end."""

    app: Flask
    port: int = 0
    _server: BaseWSGIServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Accept connections; after `stop` on the same port again."""
        self._server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, as a server that is down does."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None


@pytest.fixture(scope="session")
def serve_app() -> Any:
    """Serves an application in a thread; its links point to this server."""

    def serve(app: Flask) -> LiveServer:
        live = LiveServer(app)
        live.start()
        app.config["BASE_URL"] = app.config["SETTINGS"].base_url = live.url
        return live

    return serve


@pytest.fixture
def live_server(app: Flask, serve_app: Any) -> Iterator[LiveServer]:
    """The test's application, reachable by a browser."""
    live: LiveServer = serve_app(app)
    yield live
    live.stop()


@pytest.fixture
def other_site() -> Iterator[Any]:
    """Serves a page from another origin: `url = other_site("<iframe …>", lang="ja")`.

    It is at localhost while `live_server` is at 127.0.0.1, so the two are different sites.
    """
    servers = []

    def serve(html: str, *, lang: str = "en", policy: str = "") -> str:
        start = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Shop</title>'
        headers = {"Content-Security-Policy": policy} if policy else {}
        body = f"{start}<body>{html}</body></html>"
        document = Response(body, headers=headers, mimetype="text/html")
        server = make_server("127.0.0.1", 0, document)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://localhost:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium of the machine."""
    path = os.environ.get("VOC_TEST_BROWSER") or next(
        (found for name in _NAMES if (found := shutil.which(name))), None
    )
    if path is None:
        pytest.skip(f"no browser: looked for {', '.join(_NAMES)}")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(
            executable_path=path, args=[*arguments, "--no-first-run"]
        )
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Any]:
    """Opens windows, each with storage of its own: `new_page(locale="ja-JP", width=320)`.

    The test fails at its end when a page had an error in its script or broke its own
    content security policy.
    """
    contexts, errors = [], []

    def open_page(*, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(new_page: Any) -> Page:
    """A desktop window in English."""
    page: Page = new_page(locale="en-US")
    return page


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The source of axe-core, where the widget's build has installed it."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed (widget/node_modules/axe-core)")
    return _AXE.read_text()


@pytest.fixture
def violations(axe_script: str) -> Any:
    """What axe-core finds wrong on a page: `assert violations(page) == []`."""

    def find(page: Page) -> list[str]:
        page.evaluate(axe_script)
        found = page.evaluate("async () => (await axe.run()).violations")
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return find


@pytest.fixture
def signed_in(new_page: Any, live_server: Any, staff: Any) -> Any:
    """The first page, as somebody of a role sees it in a language."""

    def open_home(role: str, language: str) -> Page:
        page: Page = new_page(locale="ja-JP" if language == "ja" else "en-US")
        cookie = staff(role).client.get_cookie(COOKIE).value
        jar = {COOKIE: cookie, "voc_locale": language}
        page.context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in jar.items()]
        )
        page.goto(live_server.url)
        return page

    return open_home


@pytest.fixture
def picture() -> Any:
    """Keeps what a page looks like: `picture(page, "queue-en")`."""

    def keep(page: Page, name: str) -> None:
        _PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=_PICTURES / f"{name}.png", full_page=True)

    return keep
