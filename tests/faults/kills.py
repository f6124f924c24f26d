"""Kill -9 the service at random moments while a client writes, then compare.

What this shows is that a killed process loses nothing. It cannot show what a power cut
does: the kernel keeps what a killed process wrote.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, func, select, text, update

from config import Settings
from tests.faults import history
from tests.faults.running import ROOT, Service
from vocapp import create_app
from vocapp.collecting.models import Response
from vocapp.database import sqlite_module, utcnow
from vocapp.extensions import db
from vocapp.measuring.cells import unpack_days
from vocapp.measuring.models import SCALE, CellState, CountedAnswer, ScoreMonth
from vocapp.outbox import Pending, kinds

# Who dies, and how often: whole groups, and single web processes.
VICTIMS = {"web": 5, "web-process": 5, "worker-quick": 5, "worker-slow": 2, "scheduler": 3}


@dataclass
class Outcome:
    """Of one run."""

    database: str
    broker: str
    seed: int
    seconds: float
    kills: Counter[str]
    verdict: history.Verdict
    metrics_n: int
    waiting: dict[str, int]
    set_aside: dict[str, int]
    damage: list[str] = field(default_factory=list)
    drain_exit: int = 0

    @property
    def holds(self) -> bool:
        return (
            self.verdict.holds
            and self.metrics_n == self.verdict.stored
            and not (self.damage or self.waiting or self.set_aside or self.drain_exit)
        )

    def as_json(self) -> dict[str, Any]:
        total = sum(self.kills.values())
        return {
            "database": self.database,
            "broker": self.broker,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "kills": total,
            "kills_by_part": dict(sorted(self.kills.items())),
            "holds": self.holds,
            "upper_bound_95": history.upper_bound(total) if self.holds else None,
            "history": history.as_json(self.verdict),
            "metrics_n": self.metrics_n,
            "waiting": self.waiting,
            "set_aside": self.set_aside,
            "damage": self.damage,
            "drain_exit": self.drain_exit,
        }


def run(
    settings: Settings,
    *,
    kills: int,
    seed: int,
    rate: float = 8.0,
    pause_s: tuple[float, float] = (0.2, 2.5),
    wsgi: str = "wsgi:app",
    most_seconds: float = 3600.0,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Start the service, kill parts of it `kills` times, end it, and compare.

    After `most_seconds` of killing no more kills are made; the outcome says how many were.
    """
    chance = random.Random(seed)
    started = time.monotonic()
    service = Service(settings, wsgi=wsgi)
    keys = service.init()
    journal = settings.data_dir / "journal.jsonl"
    with ExitStack() as ending:
        ending.callback(service.kill_everything)
        service.start()
        service.wait_until_up()
        survey = {"key": "nps", "name": "NPS", "kind": "nps", "languages": ["en"]}
        service.call("POST", "/api/v1/surveys", keys["secret_key"], survey)
        client = _start_client(service, keys["secret_key"], journal, rate=rate, seed=seed)
        ending.callback(client.kill)
        time.sleep(1.0)
        until = time.monotonic() + most_seconds
        done, damage = _kill(service, kills, chance, pause_s, until=until, say=say)
        service.wait_until_up()
        client.terminate()
        client.wait(timeout=120)
    say(f"{sum(done.values())} kills, now everything is dead; counting what is left")
    _end_leases_and_pauses(settings)
    drained = service.voc("drain", "--timeout", "240")
    return _compare(
        settings, keys["secret_key"], history.read_journal_file(journal), kills=done, seed=seed,
        damage=damage, seconds=time.monotonic() - started, drain_exit=drained.returncode,
    )  # fmt: skip


def _start_client(
    service: Service, key: str, journal: Path, *, rate: float, seed: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable, "-m", "tests.faults.client", "--url", service.url,
            "--journal", str(journal), "--rate", str(rate), "--seed", str(seed),
        ],
        env={**os.environ, "VOC_FAULTS_KEY": key}, cwd=ROOT,
    )  # fmt: skip


def _kill(
    service: Service,
    kills: int,
    chance: random.Random,
    pause_s: tuple[float, float],
    *,
    until: float,
    say: Callable[[str], None],
) -> tuple[Counter[str], list[str]]:
    done: Counter[str] = Counter()
    damage: list[str] = []
    while sum(done.values()) < kills and time.monotonic() < until:
        time.sleep(chance.uniform(*pause_s))
        (victim,) = chance.choices(list(VICTIMS), weights=list(VICTIMS.values()))
        # A web server that is only just starting has acknowledged nothing to lose.
        if victim.startswith("web") and not service.is_up():
            continue
        if victim == "web-process":
            killed = service.parts["web"].kill_one_child(chance)
        else:
            killed = service.parts[victim].kill()
        if killed:
            done[victim] += 1
            damage += damage_of(service.settings)
            if sum(done.values()) % 10 == 0:
                say(f"{sum(done.values())} of {kills} kills")
    return done, damage


def damage_of(settings: Settings) -> list[str]:
    """What SQLite's own checks find wrong with the file; nothing on PostgreSQL."""
    if settings.sqlite_path is None:
        return []
    connection = sqlite_module().connect(settings.sqlite_path, timeout=30)
    try:
        whole = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        connection.close()
    return ([] if whole == ["ok"] else whole) + [f"foreign key: {row}" for row in broken]


def end_leases_of_the_dead(*, older_than: timedelta) -> None:
    """Leases that were taken so long ago end now; in an application's context."""
    now = utcnow()
    lengths = {kind.name: timedelta(seconds=kind.lease_s) for kind in kinds()}
    with db.engine.begin() as connection:
        for name, length in lengths.items():
            old = (Pending.kind == name) & (Pending.lease_until < now + length - older_than)
            connection.execute(update(Pending).where(old).values(lease_until=now))


def _end_leases_and_pauses(settings: Settings) -> None:
    """Nobody lives who could hold a lease: let them end now instead of waiting minutes."""
    app = create_app(settings)
    past = utcnow() - timedelta(seconds=1)
    with app.app_context(), db.engine.begin() as connection:
        held = Pending.lease_until.is_not(None)
        connection.execute(update(Pending).where(held).values(lease_until=past))
        failed = (Pending.attempts > 0) & Pending.set_aside_at.is_(None)
        waiting = failed & (Pending.due_at > past)
        connection.execute(update(Pending).where(waiting).values(due_at=past))
    with app.app_context():
        db.engine.dispose()


def _compare(
    settings: Settings, secret_key: str, sent: list[history.Sent], **known: Any
) -> Outcome:
    app = create_app(settings)
    with app.app_context():
        with db.engine.connect() as connection:
            stored = [
                history.Stored(str(id), score, day is not None)
                for id, score, day in connection.execute(
                    select(Response.id, Response.score, CountedAnswer.local_day).outerjoin(
                        CountedAnswer, CountedAnswer.response_id == Response.id
                    )
                )
            ]
            current = ScoreMonth.generation == CellState.generation
            months = connection.scalars(select(ScoreMonth.histograms).join(CellState, current))
            counts = sum((unpack_days(data).sum(axis=0) for data in months), np.zeros(SCALE, int))
            left = connection.execute(
                select(Pending.kind, Pending.set_aside_at.is_(None), func.count())
                .where(Pending.due_at <= utcnow())
                .group_by(Pending.kind, Pending.set_aside_at.is_(None))
            ).all()
        answer = app.test_client().get(
            "/api/v1/surveys/nps/metrics?min_n=1",
            headers={"Authorization": f"Bearer {secret_key}"},
        )
        db.engine.dispose()
    from vocapp import outbox

    handled = {kind.name for kind in outbox.kinds() if not kind.refines}
    known["damage"] += damage_of(settings)
    return Outcome(
        database="sqlite" if settings.is_sqlite else "postgresql",
        broker=settings.broker_url.split(":", 1)[0],
        verdict=history.check(sent, stored, {i: int(n) for i, n in enumerate(counts) if n}),
        metrics_n=answer.json["overall"]["n"],
        waiting={kind: n for kind, open_, n in left if open_ and kind in handled},
        set_aside={kind: n for kind, open_, n in left if not open_},
        **known,
    )


class temporary_postgresql:
    """A database of its own on a server, dropped afterwards."""

    def __init__(self, server_url: str, name: str) -> None:
        self._server = create_engine(server_url, isolation_level="AUTOCOMMIT")
        self._name = name

    def __enter__(self) -> str:
        with self._server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {self._name}"))
        url = self._server.url.set(database=self._name)
        return url.render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        with self._server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {self._name} WITH (FORCE)"))
        self._server.dispose()
