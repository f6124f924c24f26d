"""A running server and a real browser, for tests that drive pages as people do.

`live_server` serves the `app` fixture on a free port; `chromium` is one browser for the whole
session and `page` a fresh window in it. Without a Chromium these tests are skipped and say so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_AXE = Path(__file__).parents[2] / "widget" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass(frozen=True)
class LiveServer:
    """The application on a port of its own; `url` has no slash at the end."""

    app: Flask
    url: str


@pytest.fixture
def live_server(app: Flask) -> Iterator[LiveServer]:
    """Serve the test's application in a thread; its links point to this server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    app.config["BASE_URL"] = url
    app.config["SETTINGS"].base_url = url
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield LiveServer(app, url)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium of the machine."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
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
