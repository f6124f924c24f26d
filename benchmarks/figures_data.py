"""Data of a large business for `benchmarks.figures` and `benchmarks.features`.

Accounts begin, grow, shrink and leave at random. Each has three people, one active in most months
and all of them on many days of the last two; a health; an invoice a month; a renewal once a year
with what was forecast of it; and answers about twice a year, half of the times with a comment on
a theme. Beside them a tenth as many customers have no subscription, and buy now and then.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import insert, select

from benchmarks.databases import SERVER, database, vacuum
from config import Settings
from vocapp import create_app
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.cli import upgrade_database
from vocapp.collecting.models import Response
from vocapp.database import refresh_statistics, transaction, utcnow, uuid7
from vocapp.extensions import db
from vocapp.garbage import collect_rarely
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    InvoiceChange,
    Milestone,
    SubscriptionChange,
)
from vocapp.people.figure_changes import note_change
from vocapp.people.models import Account, Contact
from vocapp.succeeding.health.models import BANDS, AccountHealth
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot
from vocapp.understanding.models import Assignment, Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.service import NewWorkspace, create_workspace

PASSWORD = "a long enough password"
_BATCH = 5000
_PEOPLE, _DENSE_DAYS = 3, 45  # on so many of the last days everybody is active now and then
_BUYERS = 10  # one in so many accounts more has no subscription
_INDUSTRIES = ("retail", "banking", "health", "education", "energy", "media", "public", "travel")
_CHANCE = {"risk": 0.5, "watch": 0.8, "good": 0.95}
_IN_ORDER = (
    Account, Contact, AccountEvent, SubscriptionChange, InvoiceChange, Milestone, ActiveDay,
    Response, Assignment, AccountHealth, RenewalOutcome, RenewalSnapshot,
)  # fmt: skip


def parser_of(name: str) -> argparse.ArgumentParser:
    """What can be said of the data of a benchmark."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default=SERVER, help="a PostgreSQL server")
    parser.add_argument("--dir", type=Path, help="where the data are; default: a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the data set where it is")
    return parser


@dataclass(frozen=True, slots=True)
class Filled:
    """The workspace of the data. is_new: they were written now."""

    workspace_id: UUID
    secret_key: str
    is_new: bool


@contextmanager
def filled(name: str, options: argparse.Namespace) -> Iterator[tuple[Flask, Filled]]:
    """The app on a database of its own, with a workspace of so many accounts and months.

    With a folder and data of the same size in it: on those, upgraded to the newest schema.
    """
    with tempfile.TemporaryDirectory(prefix=f"voc-{name}-") as temporary:
        called = f"voc_{name}_{options.accounts}_{options.months}_{options.seed}"
        folder = options.dir / called if options.dir else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / f"{options.database}.json"
        with database(options.database, called, server=options.url, keep=options.keep) as url:
            app = create_app(Settings(environment="test", data_dir=folder, database_url=url))
            collect_rarely()  # as in every process of the service
            with app.app_context():
                upgrade_database(app)
                made = _known(note) or _made(options)
            if options.keep:
                note.write_text(json.dumps([str(made.workspace_id), made.secret_key]))
            yield app, made


def _known(note: Path) -> Filled | None:
    if not note.exists():
        return None
    workspace_id, secret_key = json.loads(note.read_text())
    return Filled(UUID(workspace_id), secret_key, is_new=False)


def _made(options: argparse.Namespace) -> Filled:
    made: NewWorkspace = create_workspace(
        name="Bench", email="bench@example.com", password=PASSWORD, now=utcnow()
    )
    voice = voice_of(made.workspace_id)
    fill(made.workspace_id, options.accounts, options.months, voice, seed=options.seed)
    return Filled(made.workspace_id, made.secret_key, is_new=True)


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
    """Write the accounts with all that is told of them, and those that only buy."""
    dice, now = random.Random(seed), utcnow()
    rows: dict[type, list[dict[str, Any]]] = {}
    received = 0
    for number in range(accounts + accounts // _BUYERS):
        told = (
            _account(workspace_id, number, dice, months, voice, now)
            if number < accounts
            else _buyer(workspace_id, number, dice, months, now)
        )
        for model, row in told:
            if model is AccountEvent:
                received += 1
                row["received"] = received
            elif model in {SubscriptionChange, InvoiceChange}:
                row["received"] = received
            rows.setdefault(model, []).append(row)
        if number % _BATCH == _BATCH - 1:
            _write(rows)
    _write(rows)
    with transaction() as session:
        note_change(session, workspace_id, since=datetime(2000, 1, 1, tzinfo=UTC), now=now)
        refresh_statistics(session, _IN_ORDER)  # as the database's own housekeeping would soon
    vacuum(db.engine)


def _write(rows: dict[type, list[dict[str, Any]]]) -> None:
    with transaction() as session:
        for model in _IN_ORDER:
            if rows.get(model):
                session.execute(insert(model), rows.pop(model))


def _account(
    workspace_id: UUID, number: int, dice: random.Random, months: int, voice: Voice, now: datetime
) -> Iterator[tuple[type, dict[str, Any]]]:
    account, people = uuid7(), [uuid7() for _ in range(_PEOPLE)]
    plan = dice.choice(["starter", "team", "business", "enterprise"])
    industry = dice.choice(_INDUSTRIES)
    days = months * 30
    began = dice.randrange(days)
    start = now - timedelta(days=days - began)
    mrr = int(10_000 * dice.lognormvariate(0, 1))
    changes = [(start, "started", mrr)]
    for _ in range(dice.randrange(5)):
        at = start + timedelta(days=dice.random() * (days - began))
        changes.append((at, "changed", int(mrr * dice.uniform(0.5, 2))))
    if dice.random() < 0.3:
        changes.append((start + timedelta(days=dice.random() * (days - began)), "cancelled", 0))
    decided: list[tuple[date, str]] = []
    for year in range(1, (days - began) // 365 + 1):
        at = start + timedelta(days=365 * year)
        action, amount = ("renewed", mrr) if dice.random() < 0.9 else ("cancelled", 0)
        changes.append((at, action, amount))
        decided.append((at.date(), "renewed" if amount else "lost"))
        if not amount:
            break
    changes.sort()
    pays = changes[-1][2]
    due = start + timedelta(days=365 * ((days - began) // 365 + 1))
    yield Account, {
        "workspace_id": workspace_id, "id": account, "external_id": f"a{number}",
        "name": f"Account {number}", "plan": plan, "attributes": {"industry": industry},
        "fact_as_of": {},
        "mrr_minor": pays, "currency": "USD", "started_on": start.date(),
        "renewal_on": due.date() if pays else None,
        "fact_history": {
            "plan": [[start.isoformat(), plan]],
            "attributes.industry": [[start.isoformat(), industry]],
        },
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    for person in people:
        yield Contact, {
            "workspace_id": workspace_id, "id": person, "account_id": account, "name": "",
            "attributes": {}, "fact_as_of": {}, "created_at": now, "updated_at": now,
        }  # fmt: skip
    for place, (at, action, amount) in enumerate(changes):
        yield from _change(workspace_id, account, f"s{number}-{place}", at, action, amount)
    for _ in range((days - began) // 180 + 1):
        at = start + timedelta(days=dice.random() * (days - began))
        yield from _answer(workspace_id, account, people[0], voice, at, dice)
    yield from _milestone(workspace_id, account, f"m{number}", start + timedelta(days=20))
    for month in range((days - began) // 30):
        at = start + timedelta(days=30 * month)
        if dice.random() < 0.8:
            yield _active(workspace_id, account, people[0], at.date())
        yield from _invoice(workspace_id, account, f"i{number}-{month}", at, mrr)
    for person in people:
        for ago in range(1, min(_DENSE_DAYS, days - began)):
            if dice.random() < 0.25 and (ago % 30 or person is not people[0]):
                day = (now - timedelta(days=ago)).date()
                if (day - start.date()).days % 30:
                    yield _active(workspace_id, account, person, day)
    yield from _health_and_renewals(workspace_id, account, decided, mrr, dice, now)


def _buyer(
    workspace_id: UUID, number: int, dice: random.Random, months: int, now: datetime
) -> Iterator[tuple[type, dict[str, Any]]]:
    account = uuid7()
    yield Account, {
        "workspace_id": workspace_id, "id": account, "external_id": f"b{number}",
        "name": f"Buyer {number}", "plan": None, "attributes": {}, "fact_as_of": {},
        "mrr_minor": None, "currency": None, "started_on": None, "renewal_on": None,
        "fact_history": {}, "created_at": now, "updated_at": now,
    }  # fmt: skip
    for place in range(dice.randrange(1, 2 * months)):
        at = now - timedelta(days=dice.random() * months * 30)
        amount = int(5_000 * dice.lognormvariate(0, 1))
        yield from _invoice(workspace_id, account, f"b{number}-{place}", at, amount)


def _health_and_renewals(
    workspace_id: UUID, account: UUID, decided: Sequence[tuple[date, str]], mrr: int,
    dice: random.Random, now: datetime,
) -> Iterator[tuple[type, dict[str, Any]]]:  # fmt: skip
    band = dice.choice(BANDS)
    score = {"risk": 20.0, "watch": 50.0, "good": 80.0}[band]
    yield AccountHealth, {
        "workspace_id": workspace_id, "account_id": account, "score": score, "band": band,
        "last_band": band, "band_since": now, "coverage": 0.8, "components": [],
        "reasons": ["usage_down:-34"], "computed_at": now,
    }  # fmt: skip
    for day, outcome in decided:
        kept = mrr if outcome == "renewed" else 0
        yield RenewalOutcome, {
            "workspace_id": workspace_id, "account_id": account, "due_on": day, "decided_on": day,
            "outcome": outcome, "band": band, "mrr_minor": mrr, "kept_minor": kept,
            "currency": "USD",
        }  # fmt: skip
        yield RenewalSnapshot, {
            "workspace_id": workspace_id, "month": day.replace(day=1), "account_id": account,
            "due_on": day, "chance": _CHANCE[band], "is_word": False, "mrr_minor": mrr,
            "category": {"risk": "risk", "watch": "likely", "good": "commit"}[band],
            "currency": "USD", "taken_at": now,
        }  # fmt: skip


def _active(
    workspace_id: UUID, account: UUID, person: UUID, day: date
) -> tuple[type, dict[str, Any]]:
    return ActiveDay, {
        "workspace_id": workspace_id, "account_id": account, "contact_id": person, "day": day,
        "events": 1,
    }  # fmt: skip


def _invoice(
    workspace_id: UUID, account: UUID, id: str, at: datetime, amount: int
) -> Iterator[tuple[type, dict[str, Any]]]:
    yield AccountEvent, event(workspace_id, account, id, "invoice_paid", at)
    yield InvoiceChange, {
        "workspace_id": workspace_id, "event_id": id, "account_id": account, "invoice": id,
        "is_paid": True, "due_on": None, "amount_minor": amount, "currency": "USD", "at": at,
        "is_superseded": False,
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
