"""Take the pictures of docs/pictures from a demo workspace, so that they never lie.

    make setup-dev && .venv/bin/python scripts/screenshots.py [folder of a filled demo]

Fills a temporary workspace unless one is given, serves it on a free port and drives
Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from config import Settings
from vocapp import create_app
from vocapp.authoring.models import Survey
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.demo import service as demo
from vocapp.signing import digest_of_secret, new_secret
from vocapp.workspaces.access import cookie_name
from vocapp.workspaces.models import Membership, UserSession

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def session_of(role: str) -> str:
    """Sign in a demo user of this role; returns the cookie's value."""
    token = new_secret()
    now = utcnow()
    with transaction() as session:
        member = session.scalars(
            select(Membership)
            .where(Membership.role == role)
            .execution_options(voc_all_workspaces=True)
        ).first()
        assert member is not None, f"the demo has no {role}"
        session.add(
            UserSession(
                id=uuid7(),
                token_digest=digest_of_secret(token),
                user_id=member.user_id,
                workspace_id=member.workspace_id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )
    return token


def first_survey() -> tuple[str, str]:
    """Key and public id of the demo's NPS survey."""
    with snapshot() as session:
        row = session.scalars(
            select(Survey).where(Survey.kind == "nps").execution_options(voc_all_workspaces=True)
        ).first()
        assert row is not None
        return row.key, row.public_id


def take(browser: Browser, base: str, path: str, name: str, *, role: str | None) -> None:
    """One picture of one page."""
    phone = role is None
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP, device_scale_factor=2 if phone else 1, locale="en"
    )
    if role:
        cookies = {cookie_name(): session_of(role), "voc_locale": "en"}
        context.add_cookies(
            [{"name": name, "value": value, "url": base} for name, value in cookies.items()]
        )
    page = context.new_page()
    page.goto(base + path)
    page.screenshot(path=str(PICTURES / f"{name}.png"))
    context.close()


def serve(app: Flask) -> str:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main(arguments: list[str]) -> int:
    if CHROMIUM is None:
        print("Chromium is needed: install it and try again.", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments[0]) if arguments else Path(temporary)
        app = create_app(Settings(data_dir=folder, environment="development"))
        with app.app_context():
            upgrade()
            opened = demo.open_demo(now=utcnow())
            for _ in demo.fill(opened, seed=7, size=demo.Size()):
                pass
            take_all(serve(app))
    return 0


def take_all(base: str) -> None:
    """Every picture of the README."""
    key, public_id = first_survey()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        take(browser, base, f"/s/{public_id}", "respondent", role=None)
        take(browser, base, f"/results/{key}", "results", role="product")
        take(browser, base, "/themes", "themes", role="product")
        take(browser, base, "/follow-ups", "follow-ups", role="success")
        take(browser, base, "/figures", "figures", role="success")
        take(browser, base, f"/surveys/{key}", "survey", role="admin")
        browser.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
