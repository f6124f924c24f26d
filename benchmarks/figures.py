"""Figures of a large business: how long their page and their API take, and the sums behind them.

    python -m benchmarks.figures --database sqlite|postgresql [--accounts 20000] [--months 36]

Accounts begin, grow, shrink and leave at random; each has a person who is active in most months,
renews once a year, and answers about twice a year, half of the times with a comment on a theme.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from benchmarks.databases import SERVER, database
from benchmarks.ten_million.timing import Figure, table, timed
from config import Settings
from surveys.periods import months_back
from vocapp import create_app, outbox
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.cli import upgrade_database
from vocapp.collecting.models import Response
from vocapp.database import transaction, utcnow, uuid7
from vocapp.extensions import db
from vocapp.garbage import collect_rarely
from vocapp.people.events.models import AccountEvent, ActiveDay, Milestone, SubscriptionChange
from vocapp.people.figure_changes import FIGURES, note_change
from vocapp.people.models import Account, Contact
from vocapp.understanding.models import Assignment, Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.service import NewWorkspace, create_workspace

PASSWORD = "a long enough password"
TARGET_MS = 300.0
_BATCH = 5000


def main() -> int:
    options = parser_of("figures").parse_args()
    with filled("figures", options) as (app, made):
        figures = list(measured(app, made, options.months))
    print(
        table(
            f"{options.accounts:,} accounts, {options.months} months, {options.database}", figures
        )
    )
    return 0


def parser_of(name: str) -> argparse.ArgumentParser:
    """What can be said of the data of a benchmark."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default=SERVER, help="a PostgreSQL server")
    return parser


@contextmanager
def filled(name: str, options: argparse.Namespace) -> Iterator[tuple[Flask, NewWorkspace]]:
    """The app on a database of its own, with a workspace of so many accounts and months."""
    with (
        tempfile.TemporaryDirectory(prefix=f"voc-{name}-") as folder,
        database(options.database, f"voc_{name}_{options.accounts}", server=options.url) as url,
    ):
        app = create_app(Settings(environment="test", data_dir=Path(folder), database_url=url))
        collect_rarely()  # as in every process of the service
        with app.app_context():
            upgrade_database(app)
            made = create_workspace(
                name="Bench", email="bench@example.com", password=PASSWORD, now=utcnow()
            )
            voice = voice_of(made.workspace_id)
            fill(made.workspace_id, options.accounts, options.months, voice, seed=options.seed)
        yield app, made


# --- the data -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """What answers belong to: a published survey, and themes of comments."""

    survey_id: UUID
    themes: Sequence[UUID]


def voice_of(workspace_id: UUID) -> Voice:
    now = utcnow()
    survey_id = create_survey(workspace_id, NewSurvey("nps", "NPS", "nps", ["en"]), now=now)
    with transaction() as session:
        ensure_themes(session, workspace_id, now=now)
        themes = session.scalars(select(Theme.id).where(Theme.workspace_id == workspace_id)).all()
    return Voice(survey_id, themes)


def fill(workspace_id: UUID, accounts: int, months: int, voice: Voice, *, seed: int) -> None:
    """Write the accounts with their subscriptions, milestones, active days and answers."""
    dice, now = random.Random(seed), utcnow()
    rows: dict[type, list[dict[str, Any]]] = {}
    received = 0
    for number in range(accounts):
        for model, row in _account(workspace_id, number, dice, months, voice, now):
            if model is AccountEvent:
                received += 1
                row["received"] = received
            elif model is SubscriptionChange:
                row["received"] = received
            rows.setdefault(model, []).append(row)
        if number % _BATCH == _BATCH - 1 or number == accounts - 1:
            with transaction() as session:
                for model in (
                    Account, Contact, AccountEvent, SubscriptionChange, Milestone, ActiveDay,
                    Response, Assignment,
                ):  # fmt: skip
                    if rows.get(model):
                        session.execute(insert(model), rows.pop(model))
    with transaction() as session:
        note_change(session, workspace_id, since=datetime(2000, 1, 1, tzinfo=UTC), now=now)


def _account(
    workspace_id: UUID, number: int, dice: random.Random, months: int, voice: Voice, now: datetime
) -> Iterator[tuple[type, dict[str, Any]]]:
    account, person = uuid7(), uuid7()
    plan = dice.choice(["starter", "team", "business", "enterprise"])
    days = months * 30
    began = dice.randrange(days)
    start = now - timedelta(days=days - began)
    common = {"workspace_id": workspace_id, "attributes": {}, "created_at": now, "updated_at": now}
    yield Account, common | {
        "id": account, "external_id": f"a{number}", "name": f"Account {number}", "plan": plan,
        "fact_as_of": {}, "fact_history": {"plan": [[start.isoformat(), plan]]},
    }  # fmt: skip
    yield Contact, common | {
        "id": person, "account_id": account, "name": "", "fact_as_of": {},
    }  # fmt: skip
    mrr = int(10_000 * dice.lognormvariate(0, 1))
    changes = [(start, "started", mrr)]
    for _ in range(dice.randrange(5)):
        at = start + timedelta(days=dice.random() * (days - began))
        changes.append((at, "changed", int(mrr * dice.uniform(0.5, 2))))
    if dice.random() < 0.3:
        changes.append((start + timedelta(days=dice.random() * (days - began)), "cancelled", 0))
    for year in range(1, (days - began) // 365 + 1):
        at = start + timedelta(days=365 * year)
        action, amount = ("renewed", mrr) if dice.random() < 0.9 else ("cancelled", 0)
        changes.append((at, action, amount))
        if not amount:
            break
    changes.sort()
    for place, (at, action, amount) in enumerate(changes):
        yield from _change(workspace_id, account, f"s{number}-{place}", at, action, amount)
    for _ in range((days - began) // 180 + 1):
        at = start + timedelta(days=dice.random() * (days - began))
        yield from _answer(workspace_id, account, person, voice, at, dice)
    yield from _milestone(workspace_id, account, f"m{number}", start + timedelta(days=20))
    for month in range((days - began) // 30):
        if dice.random() < 0.8:
            yield ActiveDay, {
                "workspace_id": workspace_id, "account_id": account, "contact_id": person,
                "day": (start + timedelta(days=30 * month)).date(), "events": 1,
            }  # fmt: skip


def event(workspace_id: UUID, account: UUID, id: str, kind: str, at: datetime) -> dict[str, Any]:
    """A row of the ledger, but for the order in which it was received."""
    return {
        "workspace_id": workspace_id, "id": id, "digest": id, "type": kind,
        "account_id": account, "contact_id": None, "count": 1, "at": at, "supersedes": None,
        "is_superseded": False, "name": "setup_done" if kind == "milestone" else None,
    }  # fmt: skip


def _change(
    workspace_id: UUID, account: UUID, id: str, at: datetime, action: str, amount: int
) -> Iterator[tuple[type, dict[str, Any]]]:
    yield AccountEvent, event(workspace_id, account, id, "subscription", at)
    yield SubscriptionChange, {
        "workspace_id": workspace_id, "event_id": id, "account_id": account, "product": "core",
        "action": action, "mrr_minor": amount, "currency": "USD", "at": at,
        "term_ends_on": (at + timedelta(days=365)).date() if amount else None,
        "is_superseded": False,
    }  # fmt: skip


def _answer(
    workspace_id: UUID, account: UUID, person: UUID, voice: Voice, at: datetime,
    dice: random.Random,
) -> Iterator[tuple[type, dict[str, Any]]]:  # fmt: skip
    response = uuid7()
    yield Response, {
        "workspace_id": workspace_id, "id": response, "survey_id": voice.survey_id,
        "survey_version": 1, "contact_id": person, "account_id": account, "invitation_id": None,
        "channel": "api", "locale": "en", "page": None, "score": dice.randrange(11),
        "answered_at": at, "received_at": at, "digest": response.hex, "revision": 0,
        "attributes": {},
    }  # fmt: skip
    if dice.random() < 0.5:
        yield Assignment, {
            "workspace_id": workspace_id, "response_id": response,
            "theme_id": dice.choice(voice.themes), "confidence": 0.9,
            "sentiment": dice.choice(["negative", "positive"]), "source": "model",
            "evidence_start": 0, "evidence_end": 3, "encoder": "static", "model_version": "v1",
            "assigned_at": at, "answered_at": at, "counted": None,
        }  # fmt: skip


def _milestone(
    workspace_id: UUID, account: UUID, id: str, at: datetime
) -> Iterator[tuple[type, dict[str, Any]]]:
    yield AccountEvent, event(workspace_id, account, id, "milestone", at)
    yield Milestone, {
        "workspace_id": workspace_id, "event_id": id, "account_id": account, "name": "setup_done",
        "at": at, "is_superseded": False,
    }  # fmt: skip


# --- measuring ----------------------------------------------------------------------------


def measured(app: Flask, made: Any, months: int) -> Iterator[Figure]:
    """While a change of long ago waits, then with all of it worked in."""
    client = signed_in(app)
    keyed = {"headers": {"Authorization": f"Bearer {made.secret_key}"}}
    month = months_back(utcnow().date(), 2)[0]

    def get(path: str, **more: Any) -> Any:
        def act() -> None:
            answer = client.get(path, **more)
            assert answer.status_code == 200, answer.status

        return act

    api = f"/api/v1/kpis?month={month:%Y-%m}"
    yield timed("a month by API, nothing stored", get(api, **keyed), target_ms=None, runs=5)
    with app.app_context():
        began = perf_counter()
        while outbox.work_off(FIGURES, now=utcnow()):
            pass
        yield Figure("summing all months anew", round(perf_counter() - began, 2), "s")
        db.session.remove()
    yield timed("a month by API", get(api, **keyed), target_ms=TARGET_MS)
    yield timed("a month by plan, API", get(f"{api}&by=plan", **keyed), target_ms=TARGET_MS)
    yield timed("page: twelve months", get("/figures"), target_ms=TARGET_MS)
    yield timed("page, by plan", get("/figures?by=plan"), target_ms=TARGET_MS)
    yield timed("a month by score group, API", get(f"{api}&by=score_group", **keyed),
                target_ms=TARGET_MS)  # fmt: skip
    yield timed("page: who stays, by score group", get("/figures/groups"), target_ms=TARGET_MS)
    yield timed("page: who stays, by theme", get("/figures/groups?by=theme"), target_ms=TARGET_MS)
    for count in (12, months):
        yield timed(f"page: cohorts of {count} months", get(f"/figures/cohorts?months={count}"),
                    target_ms=TARGET_MS)  # fmt: skip
    yield timed(
        "each of the months by API",
        lambda: [
            get(f"/api/v1/kpis?month={each:%Y-%m}", **keyed)()
            for each in months_back(month, months)
        ],
        target_ms=None, runs=5,
    )  # fmt: skip
    yield timed("the month that runs, API", get("/api/v1/kpis", **keyed), target_ms=TARGET_MS)
    yield timed("accounts behind a figure", get("/figures/accounts?which=lost"), target_ms=None)


def signed_in(app: Flask) -> FlaskClient:
    """A browser of the workspace's administrator."""
    client = app.test_client()
    page = client.get("/sign-in").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    answer = client.post(
        "/sign-in",
        data={"email": "bench@example.com", "password": PASSWORD, "csrf_token": token},
    )
    assert answer.status_code == 303, answer.status
    return client


if __name__ == "__main__":
    raise SystemExit(main())
