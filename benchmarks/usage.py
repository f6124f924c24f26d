"""A year of usage events: how long pages and the nightly work take, and how fast more come in.

    python -m benchmarks.usage --database sqlite|postgresql [--events 1000000] [--accounts 2000]
        [--dir DIR]

Customers of very different size send log-ins and uses of 40 features all year long. Events are
written in bulk and summed by statements; of some customers the same events go through the
product's own door into another workspace, and what is kept of them has to be the same.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from benchmarks.bulk import bulk_load
from benchmarks.databases import SERVER, database, vacuum
from benchmarks.figures import signed_in
from benchmarks.figures_data import PASSWORD
from benchmarks.playbooks import night_of
from benchmarks.ten_million.timing import Figure, table, timed
from config import Settings
from vocapp import create_app, outbox
from vocapp.cli import upgrade_database
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.garbage import collect_rarely
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
    EventCounter,
    FeatureDay,
)
from vocapp.people.events.parsing import event_of
from vocapp.people.events.service import record_events
from vocapp.people.figure_changes import FIGURES, note_change
from vocapp.people.models import Account, Contact
from vocapp.signing import digest_of_json
from vocapp.succeeding.features.keeping import FEATURES, ask_for_screen
from vocapp.succeeding.playbooks import forms, service
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.succeeding.playbooks.offers import OFFERS
from vocapp.workspaces.service import NewWorkspace, create_workspace

TARGET_MS = 300.0
_FEATURES, _PEOPLE, _DAYS = 40, 3, 365
_BATCH, _API_BATCH, _API_BATCHES = 20_000, 1_000, 20
_SAMPLE = 20  # so many of the smallest customers go both ways
_SUMS = (ActivityHour, ActiveDay, FeatureDay)
_TABLES = ("account_event", "activity_hour", "active_day", "feature_day")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.usage")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default=SERVER, help="a PostgreSQL server")
    parser.add_argument("--dir", type=Path, help="where the data are; default: a temporary folder")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="voc-usage-", dir=options.dir) as folder,
        database(options.database, "voc_usage", server=options.url) as url,
    ):
        settings = Settings(environment="test", data_dir=Path(folder), database_url=url)
        app = create_app(settings)
        collect_rarely()  # as in every process of the service
        with app.app_context():
            upgrade_database(app)
            began = perf_counter()
            made = create_workspace(
                name="Bench", email="bench@example.com", password=PASSWORD, now=utcnow()
            )
            fill(made.workspace_id, options.accounts, options.events, seed=options.seed)
            verify(made.workspace_id, options.accounts, options.events, seed=options.seed)
            filled = Figure("filled and verified", round(perf_counter() - began, 1), "s")
        figures = [filled, *measured(app, made, options.accounts)]
        with app.app_context():
            db.engine.dispose()
    title = f"{options.events:,} events of a year, {options.accounts:,} accounts"
    print(table(f"{title}, {options.database}", figures))
    return 0


# --- what is sent -------------------------------------------------------------------------


def beginnings(accounts: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Each has a subscription since some day of the year, and three people who logged in."""
    for number in range(accounts):
        at = (now - timedelta(days=_DAYS - 300 * number / accounts)).isoformat()
        of = {"account": f"a{number}", "at": at}
        yield of | {
            "id": f"s{number}", "type": "subscription", "product": "core", "action": "started",
            "mrr": 10_000, "currency": "USD",
        }  # fmt: skip
        for person in range(_PEOPLE):
            yield of | {"id": f"l{number}-{person}", "type": "login",
                        "contact": f"a{number}-{person}"}  # fmt: skip


def sizes(accounts: int, events: int, seed: int) -> list[int]:
    """How many events each sends, the most first: few customers send most of them."""
    dice = random.Random(seed)
    weights = sorted((dice.lognormvariate(0, 1) for _ in range(accounts)), reverse=True)
    total = sum(weights)
    found = [int(events * weight / total) for weight in weights]
    found[0] += events - sum(found)
    return found


def sent_by(number: int, count: int, accounts: int, now: datetime, seed: int) -> Iterator[Any]:
    """What a customer sends in the year: a fifth log-ins, the rest uses of features."""
    dice = random.Random(f"{seed}-{number}")
    days = _DAYS - 300 * number / accounts
    own = [each for each in range(_FEATURES) if dice.random() < 1 / (1 + each / 8)] or [0]
    for place in range(count):
        at = now - timedelta(seconds=1 + int(dice.random() * days * 86_400))
        event = {
            "id": f"u{number}-{place}", "account": f"a{number}", "at": at.isoformat(),
            "contact": f"a{number}-{int(dice.random() * _PEOPLE)}",
        }  # fmt: skip
        if dice.random() < 0.2:
            yield at, event | {"type": "login"}
        else:
            name = f"feature_{dice.choice(own)}"
            yield at, event | {"type": "usage", "name": name, "count": 1 + place % 3}


# --- filling ------------------------------------------------------------------------------


def _now() -> datetime:
    return utcnow().replace(hour=0, minute=0, second=0, microsecond=0)


def fill(workspace_id: UUID, accounts: int, events: int, *, seed: int) -> None:
    """Customers by the product's own door, their events in bulk, and sums of all of them."""
    now = _now()
    begun = list(beginnings(accounts, now))
    _through_the_door(workspace_id, begun)
    with snapshot() as session:
        account_ids = _ids(session, Account, workspace_id)
        contact_ids = _ids(session, Contact, workspace_id)
    db.session.remove()
    received = len(begun)
    rows: list[dict[str, Any]] = []
    with _loading() as bulk:
        for number, count in enumerate(sizes(accounts, events, seed)):
            for at, event in sent_by(number, count, accounts, now, seed):
                received += 1
                rows.append({
                    "workspace_id": workspace_id, "id": event["id"],
                    "digest": digest_of_json(event), "received": received, "received_at": now,
                    "type": event["type"], "account_id": account_ids[event["account"]],
                    "contact_id": contact_ids[event["contact"]], "name": event.get("name"),
                    "product": None, "count": event.get("count", 1), "at": at,
                    "supersedes": None, "is_superseded": False,
                })  # fmt: skip
                if len(rows) >= _BATCH:
                    bulk.execute(insert(AccountEvent), rows)
                    rows = []
        if rows:
            bulk.execute(insert(AccountEvent), rows)
        for statement in _sums(bulk.dialect.name):
            bulk.execute(text(statement))
        bulk.execute(update(EventCounter).values(received=received))
    with transaction() as session:
        note_change(session, workspace_id, since=now - timedelta(days=2 * _DAYS), now=utcnow())
    vacuum(db.engine)


def _loading() -> Any:
    """On PostgreSQL without leaving out the indexes: what the customers began with stays."""
    return bulk_load(_TABLES) if db.engine.dialect.name == "sqlite" else db.engine.begin()


def _sums(kind: str) -> Iterator[str]:
    """All sums anew, from the whole ledger; there is one workspace yet."""
    if kind == "sqlite":
        day, hour = "date(at)", "strftime('%Y-%m-%d %H:00:00.000000', at)"
    else:
        day = "CAST(at AT TIME ZONE 'UTC' AS date)"
        hour = "date_trunc('hour', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
    columns = {
        "activity_hour": (
            "account_id, hour, logins, uses",
            f"account_id, {hour}, sum(CASE type WHEN 'login' THEN count ELSE 0 END), "
            "sum(CASE type WHEN 'usage' THEN count ELSE 0 END)",
            f"type IN ('login', 'usage') GROUP BY workspace_id, account_id, {hour}",
        ),
        "active_day": (
            "account_id, day, contact_id, events",
            f"account_id, {day}, contact_id, count(*)",
            "type IN ('login', 'usage') AND contact_id IS NOT NULL "
            f"GROUP BY workspace_id, account_id, {day}, contact_id",
        ),
        "feature_day": (
            "account_id, day, name, uses, first_at",
            f"account_id, {day}, name, sum(count), min(at)",
            f"type = 'usage' GROUP BY workspace_id, account_id, {day}, name",
        ),
    }
    for name, (into, what, of) in columns.items():
        yield f"DELETE FROM {name}"
        yield (
            f"INSERT INTO {name} (workspace_id, {into}) SELECT workspace_id, {what} "
            f"FROM account_event WHERE NOT is_superseded AND {of}"
        )


def verify(workspace_id: UUID, accounts: int, events: int, *, seed: int) -> None:
    """The smallest customers once more by the product's own door, into another workspace: what is
    kept of them is the same."""
    now, first = _now(), accounts - min(_SAMPLE, accounts)
    sample = create_workspace(
        name="Sample", email="sample@example.com", password=PASSWORD, now=utcnow()
    ).workspace_id
    begun = [each for each in beginnings(accounts, now) if int(each["account"][1:]) >= first]
    counts = sizes(accounts, events, seed)
    sent = [
        event
        for number in range(first, accounts)
        for _at, event in sent_by(number, counts[number], accounts, now, seed)
    ]
    _through_the_door(sample, [*begun, *sent])
    names = {each["account"] for each in begun}
    for model in (AccountEvent, *_SUMS):
        own, other = (_kept(each, model, names) for each in (sample, workspace_id))
        assert own, model.__tablename__
        assert own == other, f"{model.__tablename__} is not what the product keeps"


def _kept(workspace_id: UUID, model: type[Any], accounts: set[str]) -> set[tuple[Any, ...]]:
    """Rows of these accounts, without what two workspaces cannot share."""
    apart = {"workspace_id", "received", "received_at"}
    columns = [column for column in model.__table__.columns if column.name not in apart]
    with snapshot() as session:
        account_ids = _ids(session, Account, workspace_id)
        names = {
            id: name
            for each in (Account, Contact)
            for name, id in _ids(session, each, workspace_id).items()
        }
        rows = session.execute(
            select(*columns).where(
                model.workspace_id == workspace_id,
                model.account_id.in_([account_ids[name] for name in accounts]),
            )
        )
        return {tuple(names.get(part, part) for part in row) for row in rows}


def _through_the_door(workspace_id: UUID, events: Sequence[dict[str, Any]]) -> None:
    now = utcnow()
    for start in range(0, len(events), _API_BATCH):
        batch = [
            event_of(each, time_zone="UTC", now=now) for each in events[start : start + _API_BATCH]
        ]
        outcomes = record_events(workspace_id, batch, now=now)
        assert not any(outcomes), outcomes


def _ids(session: Session, model: type[Any], workspace_id: UUID) -> dict[str, UUID]:
    rows = session.execute(
        select(model.external_id, model.id).where(model.workspace_id == workspace_id)
    )
    return {external_id: id for external_id, id in rows}


# --- measuring ----------------------------------------------------------------------------


def measured(app: Flask, made: NewWorkspace, accounts: int) -> Iterator[Figure]:
    """The nightly work, the pages that show it, and more events on top."""
    with app.app_context():
        yield _worked("figures of all months, summed", FIGURES)
        ask_for_screen(made.workspace_id, now=utcnow())
        yield _worked("screen of features, computed", FEATURES)
        _switch_on(made.workspace_id)
        with snapshot() as session:
            ids = sorted(_ids(session, Account, made.workspace_id).values())
        yield from night_of(made.workspace_id, ids, "playbook night")
        db.session.remove()
    client = signed_in(app)

    def page(what: str, path: str) -> Figure:
        def act() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, answer.status

        return timed(f"page: {what}", act, target_ms=TARGET_MS)

    for what, number in (("the largest account", 0), ("an account in the middle", accounts // 2)):
        yield page(what, f"/accounts/a{number}")
        yield page(f"{what}, what is used", f"/accounts/a{number}?story=use")
    yield page("accounts", "/accounts")
    yield page("features", "/features")
    yield page("one feature", "/features?feature=feature_3")
    behind = "/features/accounts?which=not_used_here&feature=feature_3"
    yield page("accounts behind a feature", behind)
    month = f"{utcnow() - timedelta(days=31):%Y-%m}"
    yield page("figures of twelve months", "/figures")
    yield page("figures of the month that runs", f"/figures?month={utcnow():%Y-%m}")
    yield page("accounts that were active", f"/figures/accounts?month={month}&which=active")
    yield _taken_in(app, made.secret_key, accounts)


def _switch_on(workspace_id: UUID) -> None:
    with current_app.test_request_context():
        for offer in OFFERS.values():
            form = forms.from_offer(offer, feature="feature_3")
            draft = form.read()
            assert draft is not None, form.errors
            service.add_playbook(workspace_id, draft, actor_user_id=None, now=utcnow())
    with transaction() as session:
        for playbook in session.scalars(scoped(Playbook, workspace_id)):
            playbook.on_since = utcnow()


def _worked(what: str, kind: str) -> Figure:
    began = perf_counter()
    while outbox.work_off(kind, now=utcnow()):
        pass
    db.session.remove()
    return Figure(what, round(perf_counter() - began, 2), "s")


def _taken_in(app: Flask, secret_key: str, accounts: int) -> Figure:
    """Batches of 1,000 by the API, of all customers, one after the other."""
    client, dice, now = app.test_client(), random.Random(2), utcnow()
    batches = [
        [
            {
                "id": f"n{batch}-{place}", "type": "usage", "account": f"a{number}",
                "contact": f"a{number}-0", "name": f"feature_{dice.randrange(_FEATURES)}",
                "at": (now - timedelta(seconds=dice.randrange(86_400))).isoformat(),
            }
            for place in range(_API_BATCH)
            for number in [dice.randrange(accounts)]
        ]
        for batch in range(_API_BATCHES)
    ]  # fmt: skip
    began = perf_counter()
    for events in batches:
        answer = client.post(
            "/api/v1/events", json={"events": events},
            headers={"Authorization": f"Bearer {secret_key}"},
        )  # fmt: skip
        assert (answer.status_code, answer.json) == (
            202, {"accepted": len(events), "rejected": []},
        )  # fmt: skip
    took = perf_counter() - began
    return Figure("API: 1,000 events a request", round(_API_BATCH * _API_BATCHES / took), "/s")


if __name__ == "__main__":
    raise SystemExit(main())
