"""What does the widget cost a page, beside that of posthog-js on the same page?

    python -m benchmarks.widget [--runs 9] [--slowdown 4] [--posthog DIR]

Installs posthog-js from the npm registry into a temporary folder (or takes an installed one from
DIR), serves it with a stand-in for its server that has one 0-10 survey, serves our widget from
this application, and opens the same page without a widget, with ours and with theirs, in turn,
each time in a fresh Chromium window; and the least that could be called a widget, which is what
the browser itself takes for a script, a request and a group of radio buttons. See
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from config import Settings
from vocapp import create_app
from vocapp.authoring.queries import survey_by_key
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.cli import upgrade_database
from vocapp.database import utcnow
from vocapp.workspaces.service import create_workspace

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TARGET_MS = 20.0
TARGET_BYTES = 8_000
_SETTLED_MS = 6_000
_PARAGRAPH = "<p>" + "What a shop says of its goods, in a paragraph of some length. " * 12 + "</p>"
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><body>'
    "<script>window.shifted = 0; new PerformanceObserver(function (list) {"
    "list.getEntries().forEach(function (entry) { shifted += entry.value }) })"
    ".observe({type: 'layout-shift', buffered: true})</script><h1>Shop</h1>"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One opening of a page. bytes, requests: of hosts other than the page's, as transferred;
    main_ms: processor time of all tasks of the main thread; script_ms: of scripts alone; shown:
    whether the survey came up."""

    bytes: int
    requests: int
    shift: float
    main_ms: float
    script_ms: float
    shown: bool


@dataclass(frozen=True, slots=True)
class Widget:
    """What is put on the page, and how to tell that its survey is there."""

    name: str
    html: str
    is_shown: str


# --- the servers ------------------------------------------------------------------------------


@contextmanager
def serving(app: Any, host: str) -> Iterator[str]:
    server = make_server(host, 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# No styles, no words, nothing that can be sent: one request, and one group in a shadow root.
_LEAST = """(() => {
  const { server, key, survey } = document.currentScript.dataset;
  fetch(`${server}/public/v1/surveys/${survey}?key=${key}&locale=en`, { credentials: "omit" })
    .then((reply) => reply.json())
    .then(() => {
      const host = document.createElement("voc-widget");
      const group = document.createElement("fieldset");
      for (let value = 0; value <= 10; value++) {
        const input = document.createElement("input");
        Object.assign(input, { type: "radio", name: "score", value });
        const label = document.createElement("label");
        label.append(input, String(value));
        group.append(label);
      }
      host.attachShadow({ mode: "open" }).append(group);
      document.body.append(host);
    });
})();"""


@contextmanager
def our_widgets() -> Iterator[list[Widget]]:
    """The widget as this application serves it, with a survey from 0 to 10 and a comment; and the
    least there could be, which asks for the same survey."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings(environment="test", data_dir=Path(folder))
        app = create_app(settings)
        with app.app_context():
            upgrade_database(app)
            workspace = create_workspace(
                name="Bench", email="bench@example.com", password="bench-password", now=utcnow()
            )
            create_survey(
                workspace.workspace_id,
                NewSurvey(key="nps", name="nps", kind="nps", languages=("en",)),
                now=utcnow(),
            )
            survey = survey_by_key(workspace.workspace_id, "nps")
        url = stack.enter_context(serving(app, "127.0.0.1"))
        script = Response(
            gzip.compress(_LEAST.encode(), 9), mimetype="text/javascript",
            headers={"Content-Encoding": "gzip"},
        )  # fmt: skip
        least = stack.enter_context(serving(script, "127.0.0.1"))
        data = f'data-key="{workspace.public_key}" data-survey="{survey.public_id}"'
        is_shown = "!!document.querySelector('voc-widget')?.shadowRoot.querySelector('fieldset')"
        yield [
            Widget("voc", f'<script async src="{url}/widget.js" {data}></script>', is_shown),
            Widget(
                "the least",
                f'<script async src="{least}/least.js" data-server="{url}" {data}></script>',
                is_shown,
            ),
        ]


_THEIR_SURVEY = {
    "id": "0198c0de-0000-7000-8000-000000000001", "name": "NPS", "description": "",
    "type": "popover", "start_date": "2024-01-01T00:00:00Z", "end_date": None,
    "linked_flag_key": None, "targeting_flag_key": None, "internal_targeting_flag_key": None,
    "conditions": None, "schedule": "always", "feature_flag_keys": [],
    "appearance": {"displayThankYouMessage": True, "surveyPopupDelaySeconds": 0},
    "questions": [
        {
            "id": "q1", "type": "rating", "display": "number", "scale": 10, "optional": False,
            "question": "How likely are you to recommend us?",
            "lowerBoundLabel": "Not at all likely", "upperBoundLabel": "Extremely likely",
        },
        {"id": "q2", "type": "open", "question": "What is the main reason?", "optional": True},
    ],
}  # fmt: skip


def their_server(dist: Path) -> Callable[..., Any]:
    """Files of posthog-js, compressed as ours are, and answers as its server gives them."""

    def answer(request: Request) -> Response:
        path = request.path.rstrip("/")
        found = dist / Path(path).name
        if path.startswith("/static/") and found.suffix == ".js" and found.exists():
            body, kind = gzip.compress(found.read_bytes(), 9), "text/javascript"
        else:
            body, kind = (
                gzip.compress(json.dumps(_their_data(path)).encode(), 9),
                "application/json",
            )
        headers = {
            "Content-Encoding": "gzip", "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "*",
        }  # fmt: skip
        missing = path.endswith("/config.js")
        return Response(body, 404 if missing else 200, headers=headers, mimetype=kind)

    return Request.application(answer)


def _their_data(path: str) -> dict[str, Any]:
    if path.endswith("/config"):
        return {
            "surveys": True, "hasFeatureFlags": False, "supportedCompression": ["gzip-js"],
            "sessionRecording": False, "heatmaps": False, "capturePerformance": False,
            "autocapture_opt_out": True, "captureDeadClicks": False, "siteApps": [],
        }  # fmt: skip
    if path.endswith("/api/surveys"):
        return {"surveys": [_THEIR_SURVEY]}
    return {"status": 1, "featureFlags": {}, "flags": {}}


@contextmanager
def their_widget(installed: Path | None) -> Iterator[Widget]:
    """posthog-js with all but its surveys switched off."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if installed is None:
            installed = Path(folder)
            subprocess.run(
                ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent",
                 "posthog-js"],
                cwd=folder, check=True,
            )  # fmt: skip
        package = installed / "node_modules" / "posthog-js"
        version = json.loads((package / "package.json").read_text())["version"]
        url = stack.enter_context(serving(their_server(package / "dist"), "127.0.0.1"))
        options = {
            "api_host": url, "autocapture": False, "capture_pageview": False,
            "capture_pageleave": False, "disable_session_recording": True,
            "capture_performance": False, "capture_heatmaps": False, "persistence": "memory",
        }  # fmt: skip
        yield Widget(
            f"posthog-js {version}",
            f"<script async src='{url}/static/array.js' "
            f"onload='posthog.init(\"phc_bench\", {json.dumps(options)})'></script>",
            "[...document.querySelectorAll('*')].some(e => e.shadowRoot?.textContent"
            ".includes('How likely are you to recommend us'))",
        )


# --- measuring --------------------------------------------------------------------------------


def open_once(browser: Browser, page_url: str, widget: Widget, *, slowdown: float) -> Run:
    """Open the page in a fresh window and let it come to rest."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    elsewhere: set[str] = set()
    sizes: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith((page_url, "data:", "blob:")):
            elsewhere.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", finished)
    page.goto(page_url)
    page.wait_for_timeout(_SETTLED_MS)  # Looking whether it is there yet would be work, too.
    metrics = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    shown = bool(page.evaluate(widget.is_shown))
    shift = float(page.evaluate("window.shifted"))
    context.close()
    transferred = sum(sizes.get(each, 0) for each in elsewhere)
    main_ms, script_ms = (metrics[f"{name}Duration"] * 1000 for name in ("Task", "Script"))
    return Run(transferred, len(elsewhere), shift, main_ms, script_ms, shown)


def measure(
    browser: Browser, widgets: Sequence[Widget], *, runs: int, slowdown: float
) -> dict[str, list[Run]]:
    """Each widget in turn, so that what else this machine does is shared; the first round, which
    warms everything up, is left out."""
    found: dict[str, list[Run]] = {widget.name: [] for widget in widgets}
    with ExitStack() as stack:
        urls = {}
        for widget in widgets:
            html = f"{_PAGE}{_PARAGRAPH * 6}{widget.html}{_PARAGRAPH * 30}</body></html>"
            document = Response(html, mimetype="text/html")
            urls[widget.name] = stack.enter_context(serving(document, "localhost"))
        for round_ in range(runs + 1):
            for widget in widgets:
                run = open_once(browser, urls[widget.name] + "/", widget, slowdown=slowdown)
                if round_:
                    found[widget.name].append(run)
    return found


def report(found: dict[str, list[Run]], *, slowdown: float) -> str:
    """A table: medians, and of the main thread what comes on top of the bare page."""
    bare, *others = found
    ground = statistics.median(run.main_ms for run in found[bare])
    lines = [
        f"the page alone: {ground:.0f} ms of the main thread, median of {len(found[bare])}, "
        f"processor slowed {slowdown:g} times",
        f"{'':24}{'bytes':>9}{'requests':>10}{'shift':>8}{'script ms':>11}"
        f"{'main ms':>9}{'low–high':>13}",
    ]
    for name in others:
        runs = found[name]
        added = sorted(run.main_ms - ground for run in runs)
        lines.append(
            f"{name:24}{statistics.median(run.bytes for run in runs):>9,.0f}"
            f"{statistics.median(run.requests for run in runs):>10.0f}"
            f"{max(run.shift for run in runs):>8.4f}"
            f"{statistics.median(run.script_ms for run in runs):>11.1f}"
            f"{statistics.median(added):>9.1f}"
            f"{f'{added[0]:.1f}–{added[-1]:.1f}':>13}"
        )
        shown = sum(run.shown for run in runs)
        if shown < len(runs):
            lines.append(f"  its survey came up in {shown} of {len(runs)} only")
    ours = found[others[0]]
    main = statistics.median(run.main_ms for run in ours) - ground
    held = {
        "no layout shift": max(run.shift for run in ours) == 0,
        f"main thread at most {TARGET_MS:g} ms": main <= TARGET_MS,
    }
    lines += [f"{'held' if is_held else 'MISSED'}: {target}" for target, is_held in held.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--slowdown", type=float, default=4)
    parser.add_argument("--posthog", type=Path, help="a folder that posthog-js is installed in")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit(f"no browser: looked for {', '.join(_BROWSERS)}")
    with ExitStack() as stack:
        widgets = [
            Widget("none", "", "true"),
            *stack.enter_context(our_widgets()),
            stack.enter_context(their_widget(options.posthog)),
        ]
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        found = measure(browser, widgets, runs=options.runs, slowdown=options.slowdown)
        browser.close()
    print(report(found, slowdown=options.slowdown))


if __name__ == "__main__":
    main()
