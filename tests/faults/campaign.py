"""A campaign of 50,000 people, whose workers are killed again and again: who got how many mails?

    python -m tests.faults.campaign [--people 50000] [--kills 50] [--per-minute 6000] [--seed 1]
                                    [--database sqlite]

A mail server of its own process notes what it takes. Two people in a hundred must not be written
to: half of them from the beginning, half from the middle of the run on. `VOC_MAIL_PER_MINUTE` caps
the rate. Prints one JSON object; exit 1 where somebody got two different mails, somebody who must
not be written to got one, somebody was lost, or the cap was broken.

A mail goes out at most once (docs/adr/0007-mail-is-sent-at-most-once.md), so whoever was being
written to when a worker died may have got it or not: the product says that it does not know, and
this says how many they were and how many of them had got theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select

from config import Settings
from surveys.periods import local_day
from tests.faults import kills
from tests.faults.running import ROOT, Part, Service, free_port
from vocapp import create_app
from vocapp.database import scoped, transaction, utcnow, uuid7
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.campaigns import service as campaigns
from vocapp.distributing.campaigns.models import CampaignTurn
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import suppress
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.workspaces.models import Workspace

# Two workers send: one goes on while the other begins again, and they must not send the same.
SECOND = "worker-quick-2"
VICTIMS = {"worker-quick": 4, SECOND: 4, "worker-slow": 3, "scheduler": 1}
# Who has only just been started has nothing to lose; the slow worker reads its models first.
BEGINS_AGAIN_S = {"worker-slow": 60.0}
_BEGINS_AGAIN_S = 20.0
OF_AN_ACCOUNT = 5
PATIENCE_S = 1.0  # between "do not write to me" and the arrival of what was under way


@dataclass(frozen=True, slots=True)
class Mail:
    """What the server took. at: seconds since 1970."""

    at: float
    to: str
    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """once, again_same_id, again_other_id: people by what they got; unknown: whose mail may have
    been out when a worker died, and how many of them had got it. lost: neither got it nor known
    not to have. suppressed_got: must not have been written to, and were."""

    once: int
    again_same_id: int
    again_other_id: int
    unknown: int
    unknown_but_arrived: int
    lost: int
    suppressed: int
    suppressed_got: int
    most_in_a_minute: int
    asked_twice: int

    def holds(self, cap: int) -> bool:
        wrong = self.again_other_id + self.lost + self.suppressed_got + self.asked_twice
        return not wrong and self.most_in_a_minute <= cap


def judge(
    mails: Sequence[Mail],
    states: Mapping[str, Sequence[str]],
    suppressed_at: Mapping[str, float],
) -> Found:
    """states: address → those of all invitations of the person. suppressed_at: address → since
    when nobody may write to it.

    >>> found = judge([Mail(1, "a", "x"), Mail(2, "a", "x")], {"a": ["sent"], "b": ["sent"]}, {})
    >>> found.again_same_id, found.lost
    (1, 1)
    """
    got: dict[str, list[Mail]] = defaultdict(list)
    for mail in mails:
        got[mail.to].append(mail)
    counts = Counter(
        "once" if len(each) == 1 else "same" if len({m.id for m in each}) == 1 else "other"
        for each in got.values()
    )
    unknown = [who for who, all_ in states.items() if "unknown" in all_]
    wanted = [who for who, all_ in states.items() if set(all_) & {"sent", "answered"}]
    return Found(
        once=counts["once"], again_same_id=counts["same"], again_other_id=counts["other"],
        unknown=len(unknown), unknown_but_arrived=sum(who in got for who in unknown),
        lost=sum(who not in got for who in wanted),
        suppressed=len(suppressed_at),
        suppressed_got=sum(
            any(mail.at > since + PATIENCE_S for mail in got.get(who, ()))
            for who, since in suppressed_at.items()
        ),
        most_in_a_minute=most_within([mail.at for mail in mails], 60.0),
        asked_twice=sum(len([s for s in all_ if s != "not_sent"]) > 1 for all_ in states.values()),
    )  # fmt: skip


def most_within(times: Sequence[float], seconds: float) -> int:
    """How many lie within any stretch of so many seconds.

    >>> most_within([0, 1, 59, 60, 61], 60)
    4
    """
    ordered = sorted(times)
    return max((bisect_left(ordered, at + seconds) - i for i, at in enumerate(ordered)), default=0)


# --- the run ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    people: int
    kills: int
    seed: int
    per_minute: int
    minutes: float
    pause_s: tuple[float, float]


def run(settings: Settings, options: Options, say: Callable[[str], None]) -> dict[str, Any]:
    """Send the campaign under kills, let it come to its end, and compare."""
    chance = random.Random(options.seed)
    inbox = settings.data_dir / "taken.jsonl"
    inbox.touch()
    settings.mail_per_minute = options.per_minute
    port = free_port()
    settings.mail_url = f"smtp://127.0.0.1:{port}"
    service = Service(settings)
    service.environment.update(
        MAIL_URL=settings.mail_url, VOC_MAIL_PER_MINUTE=str(options.per_minute)
    )
    service.parts = _parts(service)
    keys = service.init()
    app = create_app(settings)
    with ExitStack() as ending:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.postbox", str(port), str(inbox)], cwd=ROOT
        )
        ending.callback(server.wait)
        ending.callback(server.kill)
        ending.callback(service.kill_everything)
        with app.app_context():
            workspace_id = db.session.scalars(
                select(Workspace.id).execution_options(voc_all_workspaces=True)
            ).one()
            _prepare(app, keys, workspace_id, options.people)
            suppressed = _suppress(workspace_id, range(0, options.people, 100))
            say(f"{options.people} people, {len(suppressed)} not to be written to; it begins")
            started = time.monotonic()
            _begin(workspace_id)
        service.start()
        until = started + options.minutes * 60
        done: Counter[str] = Counter()
        for victim in _kills(service, options, chance, inbox, until=until):
            done[victim] += 1
            if sum(done.values()) % 10 == 0:
                say(f"{sum(done.values())} kills, {_lines(inbox)} mails")
            if sum(done.values()) == max(options.kills // 2, 1):
                with app.app_context():
                    suppressed |= _suppress(workspace_id, range(50, options.people, 100))
        say("no more kills; it goes on to its end")
        with app.app_context():
            is_done = _wait(settings, workspace_id, until, inbox, say)
        seconds = time.monotonic() - started
    with app.app_context():
        mails = [Mail(**json.loads(line)) for line in inbox.read_text().splitlines()]
        found = judge(mails, _states(workspace_id), suppressed)
        told = _told(workspace_id)
        db.engine.dispose()
    damage = kills.damage_of(settings)
    return {
        "database": "sqlite" if settings.is_sqlite else "postgresql",
        "people": options.people, "seed": options.seed, "seconds": round(seconds, 1),
        "kills": sum(done.values()), "kills_by_part": dict(sorted(done.items())),
        "mails": len(mails), "cap_per_minute": options.per_minute,
        **{name: getattr(found, name) for name in Found.__slots__},
        **told, "damage": damage, "came_to_its_end": is_done,
        "holds": found.holds(options.per_minute) and is_done and not damage,
    }  # fmt: skip


def _parts(service: Service) -> dict[str, Part]:
    """What plans, asks and sends; nobody answers here."""
    parts = {name: service.parts[name] for name in ("worker-quick", "worker-slow", "scheduler")}
    quick = parts["worker-quick"]
    command = [word.replace("quick@", "second@") for word in quick.command]
    log = service.settings.data_dir / f"{SECOND}.log"
    return parts | {SECOND: Part(SECOND, command, quick.environment, log)}


def _kills(
    service: Service, options: Options, chance: random.Random, inbox: Path, *, until: float
) -> Iterator[str]:
    """Who was killed, one after the other; from the first mail on."""
    _wait_for_mail(inbox, until)
    free_at = dict.fromkeys(VICTIMS, 0.0)
    made = 0
    while made < options.kills and time.monotonic() < until:
        time.sleep(chance.uniform(*options.pause_s))
        ready = [name for name, at in free_at.items() if at <= time.monotonic()]
        if not ready:
            continue
        (victim,) = chance.choices(ready, weights=[VICTIMS[name] for name in ready])
        if service.parts[victim].kill():
            free_at[victim] = time.monotonic() + BEGINS_AGAIN_S.get(victim, _BEGINS_AGAIN_S)
            made += 1
            yield victim


def _wait_for_mail(inbox: Path, until: float) -> None:
    while not inbox.stat().st_size and time.monotonic() < until:
        time.sleep(0.1)


def _prepare(app: Any, keys: Mapping[str, str], workspace_id: UUID, people: int) -> None:
    headers = {"Authorization": f"Bearer {keys['secret_key']}"}
    survey = {"key": "nps", "name": "NPS", "kind": "nps", "languages": ["en"]}
    assert (
        app.test_client().post("/api/v1/surveys", json=survey, headers=headers).status_code == 201
    )
    now = utcnow()
    plain = {"workspace_id": workspace_id, "attributes": {}, "fact_as_of": {}, "created_at": now,
             "updated_at": now}  # fmt: skip
    accounts = [uuid7() for _ in range(people // OF_AN_ACCOUNT + 1)]
    with transaction() as session:
        connection = session.connection()
        connection.execute(
            insert(Account),
            [plain | {"id": each, "external_id": str(each), "name": "", "fact_history": {}}
             for each in accounts],
        )  # fmt: skip
        connection.execute(
            insert(Contact),
            [plain | {"id": uuid7(), "account_id": accounts[n // OF_AN_ACCOUNT], "name": "",
                      "email": _address(n), "roles": []}
             for n in range(people)],
        )  # fmt: skip


def _address(number: int) -> str:
    return f"p{number}@example.com"


def _suppress(workspace_id: UUID, numbers: range) -> dict[str, float]:
    with transaction() as session:
        for number in numbers:
            digest = address_digest(workspace_id, _address(number))
            suppress(session, workspace_id, digest, kind="unsubscribed", now=utcnow())
    at = time.time()
    return {_address(number): at for number in numbers}


def _begin(workspace_id: UUID) -> None:
    now = utcnow()
    wished = campaigns.Wished(
        name="Everybody", survey="nps", kind="once", starts_on=local_day(now, "UTC"), hour=0
    )
    campaign_id = campaigns.create(workspace_id, wished, actor_user_id=None, now=now)
    campaigns.act(workspace_id, campaign_id, "switch_on", actor_user_id=None, now=now)


def _wait(
    settings: Settings, workspace_id: UUID, until: float, inbox: Path, say: Callable[[str], None]
) -> bool:
    """Until nothing is left to be asked or sent; whether that came in time. Rows that the dead
    held would be free after minutes: their leases are ended."""
    while time.monotonic() < until:
        if not _left(workspace_id):
            return True
        kills.end_leases_of_the_dead(older_than=timedelta(seconds=60))
        time.sleep(2.0)
    say(f"out of time with {_lines(inbox)} mails")
    return False


def _left(workspace_id: UUID) -> int:
    db.session.rollback()
    return sum(
        db.session.scalar(query) or 0
        for query in (
            select(func.count()).where(
                CampaignTurn.workspace_id == workspace_id, CampaignTurn.state == "planned"
            ),
            select(func.count()).where(
                Pending.workspace_id == workspace_id, Pending.set_aside_at.is_(None),
                (Pending.kind == "mail")
                | ((Pending.kind == "campaign") & (Pending.due_at <= utcnow())),
            ),
            select(func.count()).where(
                Invitation.workspace_id == workspace_id,
                Invitation.state.in_(("scheduled", "sending")),
            ),
        )
    )  # fmt: skip


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def _states(workspace_id: UUID) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for address, state in db.session.execute(
        select(Contact.email, Invitation.state)
        .join(Contact, (Contact.workspace_id == Invitation.workspace_id)
              & (Contact.id == Invitation.contact_id))
        .where(Invitation.workspace_id == workspace_id)
    ):  # fmt: skip
        found[address].append(state)
    return found


def _told(workspace_id: UUID) -> dict[str, Any]:
    """What the product itself says of it."""
    turns = db.session.execute(
        select(CampaignTurn.state, func.count())
        .where(CampaignTurn.workspace_id == workspace_id)
        .group_by(CampaignTurn.state)
    )
    states = Counter(row.state for row in db.session.scalars(scoped(Invitation, workspace_id)))
    ledger = db.session.execute(
        select(AskDecision.outcome, AskDecision.reason, func.count())
        .where(AskDecision.workspace_id == workspace_id)
        .group_by(AskDecision.outcome, AskDecision.reason)
    )
    return {
        "turns": {state: count for state, count in turns},
        "invitations": dict(sorted(states.items())),
        "ledger": {" ".join(filter(None, (outcome, reason))): n for outcome, reason, n in ledger},
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-minute", type=int, default=6_000)
    parser.add_argument("--minutes", type=float, default=40, help="at most")
    parser.add_argument("--pause", type=float, default=14, help="seconds between kills, at most")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    options = Options(
        given.people, given.kills, given.seed, given.per_minute, given.minutes, (0.5, given.pause)
    )

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    with ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="voc-campaign-"))
        settings = Settings(environment="test", data_dir=Path(folder), port=free_port())
        if given.database == "postgresql":
            settings.database_url = ending.enter_context(
                kills.temporary_postgresql(
                    os.environ["VOC_TEST_POSTGRESQL_URL"], f"voc_prove_{uuid4().hex[:12]}"
                )
            )
        result = run(settings.prepare(), options, say)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, **result}, indent=2))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
