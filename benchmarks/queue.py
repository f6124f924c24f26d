"""The queue of a large workspace, and the page of an account on which much has happened.

    python -m benchmarks.queue --database sqlite|postgresql [--cases 200000] [--active 30000]
                               [--accounts 50000] [--events 50000] [--dir DIR] [--keep]

Pages and answers of the API through the test client of somebody who is signed in: server time,
in one process, warm. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from benchmarks.databases import SERVER, database
from benchmarks.queue_data import ADMIN, BIG, BUSY, LIMITED, PASSWORD, Spec, fill
from benchmarks.ten_million.timing import Figure, table, timed
from config import Settings
from vocapp import create_app
from vocapp.cli import upgrade_database
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp
from vocapp.garbage import collect_rarely
from vocapp.understanding.models import Assignment, Theme

RESULTS = Path(__file__).parent / "results"
QUEUE_MS, ACCOUNT_MS = 50.0, 100.0
_DEEP = 40  # pages into a list


def main() -> int:
    options = _options()
    spec = Spec(
        options.cases, min(options.active, options.cases), options.accounts, options.events,
        options.seed,
    )  # fmt: skip
    folder = options.dir or Path(tempfile.mkdtemp(prefix="voc-queue-"))
    name = f"voc_queue_{spec.cases}_{spec.active}"
    try:
        with database(options.database, name, server=options.url, keep=options.keep) as url:
            app = create_app(Settings(environment="test", data_dir=folder, database_url=url))
            collect_rarely()  # as in every process of the service
            key = _filled(app, spec, folder / f"{options.database}-{name}.json")
            load_before = os.getloadavg()
            figures = list(measured(app, key))
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(table(f"{spec.cases:,} cases, {spec.active:,} active, {options.database}", figures))
    _keep_result(options, spec, load_before, figures)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--active", type=int, default=30_000, help="cases that have not ended")
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=50_000, help="of one account")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="where the data are; default: a temporary folder")
    parser.add_argument("--url", default=SERVER, help="a PostgreSQL server")
    parser.add_argument("--keep", action="store_true", help="leave the data set where it is")
    return parser.parse_args()


def _filled(app: Flask, spec: Spec, note: Path) -> str:
    """The secret key of the workspace: of the data that are there already, or made now."""
    with app.app_context():
        upgrade_database(app)
        if note.exists() and (known := json.loads(note.read_text()))["spec"] == asdict(spec):
            return str(known["key"])
        key = fill(spec)
        note.write_text(json.dumps({"spec": asdict(spec), "key": key}))
        return key


def _keep_result(
    options: argparse.Namespace, spec: Spec, load: tuple[float, ...], figures: list[Figure]
) -> None:
    now = datetime.now(UTC)
    result = {
        "at": now.isoformat(timespec="seconds"), "database": options.database,
        "spec": asdict(spec), "load": load, "load_after": os.getloadavg(),
        "figures": [asdict(each) for each in figures],
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%S}-queue-{options.database}-{spec.active}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    missed = sum(each.is_missed for each in figures)
    print(f"\n{missed} of {len(figures)} figures miss their target; written to {path}")


# --- measuring ----------------------------------------------------------------------------


def measured(app: Flask, key: str) -> Iterator[Figure]:
    common, rare = _themes(app)
    with app.app_context():
        one = db.session.scalar(select(FollowUp.id).limit(1))
        db.session.remove()
    admin = _signed_in(app, ADMIN)
    yield from _of_queue(admin, "everybody's", common, rare)
    yield timed(
        "one case, the list beside it", _get(admin, f"/follow-ups/{one}"), target_ms=QUEUE_MS
    )
    busy = _signed_in(app, BUSY)
    for what, path in (
        ("mine, of many", "/follow-ups?owner=mine"),
        ("mine, first due first", "/follow-ups?owner=mine&sort=due_at"),
        ("mine, overdue", "/follow-ups?owner=mine&overdue=1"),
        ("home page of who has many", "/"),
    ):
        yield timed(what, _get(busy, path), target_ms=QUEUE_MS)
    limited = _signed_in(app, LIMITED)
    yield from _of_queue(limited, "limited:", common, rare)
    yield timed("limited: home page", _get(limited, "/"), target_ms=QUEUE_MS)
    keyed = {"headers": {"Authorization": f"Bearer {key}"}}
    for query in ("", "?state=open", "?sort=due_at", "?overdue=true", f"?theme={rare}"):
        path = f"/api/v1/follow-ups{query}"
        yield timed(f"API: list {query}", _get(admin, path, **keyed), target_ms=QUEUE_MS)
    for what, query in (
        ("90 days", "period=90"), ("a year", ""), ("a year, by theme", "by=theme"),
        ("all", "period=all"),
    ):  # fmt: skip
        path = f"/follow-ups/closed-loop?{query}"
        yield timed(f"closed loop: {what}", _get(admin, path), target_ms=None)
    yield from _of_account(admin, keyed)


def _of_queue(client: FlaskClient, whose: str, common: str, rare: str) -> Iterator[Figure]:
    queries = {
        "to do": "", "open": "state=open", "waiting": "state=waiting", "snoozed": "state=snoozed",
        "resolved": "state=resolved", "all": "state=all", "first due first": "sort=due_at",
        "all, first due first": "state=all&sort=due_at", "nobody's": "owner=unassigned",
        "a team": "team=support", "overdue": "overdue=1", "a common theme": f"theme={common}",
        "a rare theme": f"theme={rare}", "search, found": "q=Company+12345",
        "search, nothing": "q=nowhere+to+be+found",
        "many filters": f"team=product&owner=unassigned&overdue=1&theme={common}&sort=due_at",
    }  # fmt: skip
    for what, query in queries.items():
        path = f"/follow-ups?{query}"
        yield timed(f"{whose} {what}", _get(client, path), target_ms=QUEUE_MS)
    for what, query in (("to do", ""), ("first due first", "sort=due_at"), ("all", "state=all")):
        deep = _deep(client, f"/follow-ups?{query}", "cursor=")
        yield timed(f"{whose} {what}, deep", _get(client, deep), target_ms=QUEUE_MS)


def _of_account(client: FlaskClient, keyed: dict[str, Any]) -> Iterator[Figure]:
    path = f"/accounts/{BIG}"
    pages = {
        "account page": path, "account page, answers only": f"{path}?story=answers",
        "account page, deep in its story": _deep(client, path, "before="),
    }  # fmt: skip
    for what, each in pages.items():
        yield timed(what, _get(client, each), target_ms=ACCOUNT_MS)
    yield timed("API: account", _get(client, f"/api/v1{path}", **keyed), target_ms=ACCOUNT_MS)


def _themes(app: Flask) -> tuple[str, str]:
    """The keys of the theme with the most comments and of one with few."""
    with app.app_context():
        rows = db.session.execute(
            select(Theme.key, func.count())
            .join(
                Assignment,
                (Assignment.workspace_id == Theme.workspace_id) & (Assignment.theme_id == Theme.id),
            )
            .group_by(Theme.key)
            .order_by(func.count().desc())
        ).all()
        db.session.remove()
    return rows[0][0], rows[-1][0]


def _get(client: FlaskClient, path: str, **more: Any) -> Callable[[], None]:
    def act() -> None:
        answer = client.get(path, **more)
        assert answer.status_code == 200, (path, answer.status)

    return act


def _deep(client: FlaskClient, path: str, mark: str) -> str:
    """The address of a page far into a list, found as a person would: from page to page."""
    for _ in range(_DEEP):
        links = client.get(path).text.split('href="')[1:]
        further = [link.partition('"')[0] for link in links if mark in link.partition('"')[0]]
        if not further:
            break
        path = html.unescape(further[-1])
    return path


def _signed_in(app: Flask, email: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/sign-in").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    given = {"email": email, "password": PASSWORD, "csrf_token": token}
    answer = client.post("/sign-in", data=given)
    assert answer.status_code == 303, answer.status
    return client


if __name__ == "__main__":
    raise SystemExit(main())
