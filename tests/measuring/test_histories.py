"""Whatever happens to a workspace, in whatever order: its figures are those of a naive count.

A machine does random things to a workspace, works off a random part of what waits in random
order, and compares what the service says with `tests.measuring.naive`. Seeded, so that a run
can be repeated; `make prove` does many more and longer ones, unseeded.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from surveys.attributes import Reportable
from tests.measuring import naive
from vocapp import outbox
from vocapp.collecting.identity import sign_identity
from vocapp.collecting.public import edit_token
from vocapp.database import snapshot, transaction, utcnow
from vocapp.measuring.checking import check_cells
from vocapp.measuring.reportable import change_reportable
from vocapp.measuring.service import rebuild_cells
from vocapp.outbox import Pending
from vocapp.people.merging.finding import find_contacts
from vocapp.people.service import erase_contact
from vocapp.understanding import service as understanding
from vocapp.understanding.queries import themes_page
from vocapp.workspaces.service import update_workspace

# How many histories, of how many steps: unset in a plain test run, which is then repeatable.
MANY = int(os.environ.get("VOC_HISTORIES", "0"))
HISTORIES = settings(
    max_examples=MANY or 7,
    stateful_step_count=50 if MANY else 24,
    derandomize=not MANY,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
    print_blob=bool(MANY),
)

# Clocks change in the first three (in Lebanon at midnight); the last is off by 45 minutes.
ZONES = ["America/New_York", "Asia/Beirut", "Europe/London", "Asia/Tokyo", "UTC", "Asia/Kathmandu"]
# Around changes of clocks, month ends and the turn of a quarter, and some days between.
DAYS = [
    date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 31),
    date(2026, 4, 1), date(2026, 4, 15), date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 30),
    date(2026, 7, 1), date(2026, 7, 9), date(2026, 10, 24), date(2026, 10, 31), date(2026, 11, 1),
]  # fmt: skip
# Midnights of the zones, the last instant before, and an hour that comes twice.
TIMES = [(0, 0), (3, 59), (4, 0), (5, 0), (14, 59), (15, 0), (18, 15), (21, 59), (22, 0), (23, 59)]
moments = st.builds(
    lambda day, clock, last: datetime(
        day.year, day.month, day.day, *clock, 59 * last, 999_000 * last, tzinfo=UTC
    ),
    st.sampled_from(DAYS),
    st.sampled_from(TIMES),
    st.booleans(),
)
periods = st.one_of(
    st.just((None, None)),
    st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(lambda pair: tuple(sorted(pair))),
    st.tuples(st.just(None), st.sampled_from(DAYS)),
    st.tuples(st.sampled_from(DAYS), st.just(None)),
)
# Attributes in cells, in bands, and free ones; the sets that are reportable stand below.
SPLITS = [
        (), ("plan",), ("region",), ("role",), ("seats",), ("tenure_band",), ("shoe",),
        ("channel",), ("plan", "region"), ("plan", "role"), ("seats", "plan"),
        ("tenure_band", "channel"), ("region", "industry"), ("plan", "role", "seats"),
        ("plan", "region", "industry"),
        ("channel", "seats", "shoe"),
]  # fmt: skip
questions = st.builds(
    lambda by, period, interval, basis, filter_: naive.Asked(by, *period, interval, basis, filter_),
    st.sampled_from(SPLITS),
    periods,
    st.sampled_from(["day", "week", "month", "quarter"]),
    st.sampled_from(["responses", "responses", "people", "accounts"]),
    st.sampled_from(["", "", *naive.FILTERS]),
)
accounts = st.none() | st.fixed_dictionaries(
    {"external_id": st.sampled_from(["a0", "a1", "a2"])},
    optional={
        "plan": st.sampled_from(["free", "team", "pro"]),
        "region": st.sampled_from(["jp", "us"]),
        "started_on": st.sampled_from(["2026-03-01", "2025-06-01", "2023-01-31", "2026-07-09"]),
        "attributes": st.fixed_dictionaries(
            {}, optional={"industry": st.sampled_from(["retail", "steel"])}
        ),
    },
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["admin", "user"]),
        "seats": st.sampled_from([1, 10, 49, 50, 700]),
        "shoe": st.sampled_from([43, 44]),
    },
)
REPORTABLES = [
    (Reportable("plan"), Reportable("region")),
    (Reportable("plan"), Reportable("role"), Reportable("seats", (10, 50))),
    (Reportable("seats", (10, 100)), Reportable("tenure_band"), Reportable("channel")),
    (Reportable("shoe"), Reportable("industry"), Reportable("region"), Reportable("plan")),
]
COMMENTS = [
    None, None,
    "Your support is terribly slow: four days until somebody replied to my ticket.",
    "The price went up again and it is far too expensive for us.",
    "I love how easy the dashboard is to use.",
    "サポートに問い合わせても返信が来るまで何日もかかります。",
]  # fmt: skip
VERDICTS = ["add", "remove", "remove", "confirm"]
THEMES = ["support", "pricing", "usability"]
KINDS = ["nps", "csat", "ces"]
numbers = st.integers(min_value=0, max_value=10_000)
answers = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["nps", "nps", *KINDS]), "at": moments, "score": numbers,
        "comment": st.sampled_from(COMMENTS), "person": st.none() | numbers, "facts": facts,
        "account": accounts,
    }
)  # fmt: skip
asks = st.lists(
    st.tuples(st.sampled_from(["nps", "nps", *KINDS]), questions), min_size=2, max_size=5
)


def then_compared(**drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule after which, mostly, everything is worked off and compared."""

    def decorate(doing: Callable[..., None]) -> Any:
        @wraps(doing)
        def happen(self, asked, **given):
            doing(self, **given)
            if asked:
                self.compare(asked)

        return rule(asked=st.one_of(asks, st.none(), asks), **drawn)(happen)

    return decorate


class Workspace(RuleBasedStateMachine):
    """Random doings in one fresh workspace; `make_api` is given by the test that runs it."""

    make_api: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self.api = type(self).make_api()
        self.workspace_id = self.api.workspace_id
        self.surveys = {kind: self.api.survey(kind, kind=kind) for kind in KINDS}
        self.kind_of = {UUID(survey["id"]): kind for kind, survey in self.surveys.items()}
        self.zone, self.edges = "UTC", {}
        self.people = [f"u{number}" for number in range(4)] + ["e0@example.com", "e1@example.com"]
        self.sent: list[dict[str, Any]] = []  # bodies as they were sent
        self.scores: dict[UUID, int] = {}  # what each response should say by now
        self.said: dict[UUID, dict[str, Any]] = {}  # facts that came with it
        self.revisions: dict[UUID, int] = {}
        self.corrected: list[tuple[UUID, str]] = []
        self.held: list[UUID] = []  # work that has to wait

    @initialize(several=st.lists(answers, min_size=8, max_size=16), asked=asks)
    def begin(self, several, asked):
        self.record_batch(several)
        self.compare(asked)

    def teardown(self) -> None:
        last = [("nps", naive.Asked(by)) for by in ((), ("plan", "region", "industry"), ("role",))]
        self.compare([*last, ("csat", naive.Asked()), ("ces", naive.Asked())])
        with transaction() as session:  # or the next history would work it off
            session.execute(delete(Pending).where(Pending.workspace_id == self.workspace_id))

    # --- answers ------------------------------------------------------------------------

    def _body(self, kind, at, score, comment, person, facts, account) -> dict[str, Any]:
        body = {"id": str(uuid4()), "survey": kind, "answered_at": at.isoformat()}
        body["score"] = _on_scale(kind, score)
        if comment:
            body["comment"] = comment
        if person is not None:
            body["contact"] = {**self._named(person), "attributes": facts}
        if account is not None:
            body["account"] = account
        return body

    def _named(self, person: int) -> dict[str, str]:
        name = self.people[person % len(self.people)]
        return {"email" if "@" in name else "external_id": name}

    def _keep(self, body: dict[str, Any]) -> None:
        response_id, account = UUID(body["id"]), dict(body.get("account", {}))
        self.sent.append(body)
        self.scores[response_id] = body["score"]
        of_account = account.pop("attributes", {})
        account.pop("external_id", None)
        of_person = body.get("contact", {}).get("attributes", {})
        self.said[response_id] = account | of_account | of_person

    @rule(answer=answers)
    def record(self, answer):
        body = self._body(**answer)
        assert self.api.post("/api/v1/responses", body).status_code == 201
        self._keep(body)

    @rule(several=st.lists(answers, min_size=2, max_size=8))
    def record_batch(self, several):
        """The first stands twice in it."""
        bodies = [self._body(**answer) for answer in several]
        told = self.api.post("/api/v1/responses/batch", {"responses": [*bodies, bodies[0]]}).json
        assert [item["status"] for item in told["items"]] == [201] * len(bodies) + [200]
        for body in bodies:
            self._keep(body)

    @rule(answer=answers)
    def answer_on_a_page(self, answer):
        """By the widget, now; the person is named by a signed token."""
        body = self._body(**answer)
        public = {
            "key": self.api.workspace.public_key, "id": body["id"], "score": body["score"],
            "survey": self.surveys[body["survey"]]["public_id"],
        }  # fmt: skip
        if "contact" in body:
            claims = body["contact"] | {"exp": (utcnow() + timedelta(hours=1)).timestamp()}
            public["identity"] = sign_identity(self.api.workspace.secret_key, claims)
        told = self.api.client.post("/public/v1/responses", json=public)
        assert told.status_code == 201, told.text
        self.scores[UUID(body["id"])] = body["score"]
        self.said[UUID(body["id"])] = {"channel": "widget"}

    @rule(which=numbers)
    def retry(self, which):
        body = self.sent[which % len(self.sent)]
        assert self.api.post("/api/v1/responses", body).status_code == 200
        assert self.api.post("/api/v1/responses", {**body, "locale": "ja"}).status_code == 409

    @then_compared(
        which=numbers, score=numbers, comment=st.sampled_from(COMMENTS), ahead=st.booleans()
    )
    def edit(self, which, score, comment, ahead):
        """ahead: newer than what is known; else a message that was overtaken."""
        body = self.sent[which % len(self.sent)]
        response_id, known = UUID(body["id"]), self.revisions.get(UUID(body["id"]), 0)
        new_score, revision = _on_scale(body["survey"], score), max(1, known + 2 * ahead)
        said = {"score": new_score} | ({"comment": comment} if comment else {})
        said |= {"edit_token": edit_token(self.workspace_id, response_id), "revision": revision}
        told = self.api.client.patch(f"/public/v1/responses/{response_id}", json=said)
        assert told.status_code == 200, told.text
        if revision > known:
            self.revisions[response_id], self.scores[response_id] = revision, new_score

    # --- people and themes --------------------------------------------------------------

    @then_compared(which=numbers)
    def erase(self, which):
        """A person is forgotten, and somebody else takes every place among those who answer."""
        contact_id = self._contact(which)
        if contact_id is None:
            return
        places = [n for n in range(len(self.people)) if self._contact(n) == contact_id]
        erase_contact(self.workspace_id, contact_id, now=utcnow())
        for place in places:
            self.people[place] = f"again-{self.people[place]}"

    @then_compared(keep=numbers, merge=numbers)
    def merge(self, keep, merge):
        """Two names turn out to be one person's; both go on being used."""
        kept, merged = self._contact(keep), self._contact(merge)
        if kept is None or merged is None or kept == merged:
            return
        body = {"keep": {"id": str(kept)}, "merge": {"id": str(merged)}}
        for _ in range(2):  # asked again, it changes nothing
            assert self.api.post("/api/v1/contacts/merge", body).status_code == 200
        assert self._contact(keep) == self._contact(merge) == kept

    def _contact(self, person: int) -> UUID | None:
        ((kind, name),) = self._named(person).items()
        with snapshot() as session:
            found = find_contacts(session, self.workspace_id, kind, name)
        return found[0].id if found else None

    @then_compared(which=numbers, theme=st.sampled_from(THEMES), verdict=st.sampled_from(VERDICTS))
    def correct_theme(self, which, theme, verdict):
        """A theme is added to any answer; it is removed or confirmed where one has it."""
        response_id = UUID(self.sent[which % len(self.sent)]["id"])
        understanding.make_sure_of_themes(self.workspace_id, now=utcnow())
        themed = naive.themed(self.workspace_id)
        if verdict in {"remove", "confirm"} and themed:
            response_id, theme = themed[which % len(themed)]
        understanding.correct_theme(
            self.workspace_id, response_id, theme, verdict, user_id=None, now=utcnow()
        )
        self.corrected.append((response_id, theme))

    @then_compared(which=numbers)
    def withdraw_correction(self, which):
        if self.corrected:
            response_id, theme = self.corrected[which % len(self.corrected)]
            understanding.withdraw_correction(self.workspace_id, response_id, theme, now=utcnow())

    # --- settings -----------------------------------------------------------------------

    @then_compared(zone=st.sampled_from(ZONES))
    def move(self, zone):
        update_workspace(self.workspace_id, {"time_zone": zone}, now=utcnow())
        self.zone = zone

    @then_compared(wanted=st.sampled_from(REPORTABLES))
    def choose_attributes(self, wanted):
        change_reportable(self.workspace_id, wanted, actor_user_id=None, now=utcnow())
        self.edges = {item.name: item.edges for item in wanted if item.edges}

    # --- work ---------------------------------------------------------------------------

    @then_compared()
    def rebuild(self):
        list(rebuild_cells(self.workspace_id))

    @rule(seed=numbers)
    def work_off_some(self, seed):
        """About half of what waits, in any order; the rest has to wait."""
        dice, now = random.Random(seed), utcnow()
        with transaction() as session:
            waiting = session.scalars(
                select(Pending)
                .where(Pending.workspace_id == self.workspace_id, Pending.due_at <= now)
                .order_by(Pending.created_at, Pending.id)
            )
            for row in waiting:
                row.priority = dice.choice((outbox.FRESH, outbox.BACKLOG))
                if dice.random() < 0.5:
                    row.due_at = now + timedelta(days=1)
                    self.held.append(row.id)
        _work_off(dice)
        self._look()

    @rule(asked=asks)
    def compare(self, asked):
        """With nothing waiting: exactly what a naive count says."""
        with transaction() as session:
            for row in session.scalars(
                select(Pending).where(
                    Pending.workspace_id == self.workspace_id, Pending.id.in_(self.held)
                )
            ):
                row.due_at = row.created_at
        self.held.clear()
        _work_off(random.Random(0))
        rows = self._look()
        for kind, question in asked:
            document = self._ask(kind, question)
            assert (document["pending"], document["time_zone"]) == (0, self.zone)
            self._compare(kind, question, document, rows)
        self._compare_themes(rows, date(2026, 11, 2), 240)
        self._compare_themes(rows, asked[0][1].until or DAYS[-1], 30)

    # --- what has to hold ---------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), asked=questions)
    def look_while_work_waits(self, kind, asked):
        """An answer is of one piece, and as far from the truth as it says at most."""
        rows = self._look()
        document = self._ask(kind, asked)
        n = document["overall"]["n"]
        assert sum(point["n"] for point in document["series"]) == n
        assert sum(segment["n"] for segment in document["segments"]) == n * bool(asked.by)
        everything = self._ask(kind, naive.Asked())
        stored = sum(self.kind_of[row.survey] == kind for row in rows)
        assert stored - everything["pending"] <= everything["overall"]["n"] <= stored

    def _look(self):
        """What holds at any moment."""
        checked = check_cells(self.workspace_id)
        assert (checked.differences, checked.not_current) == ((), 0)
        rows = naive.rows_of(self.workspace_id)
        assert {row.id: row.score for row in rows} == self.scores
        for row in rows:  # what was said with an answer is kept with it, until it is forgotten
            assert not row.attributes or self.said[row.id].items() <= row.attributes.items()
        with snapshot() as session:
            failed = select(Pending.kind, Pending.last_error).where(
                Pending.workspace_id == self.workspace_id, Pending.last_error.is_not(None)
            )
            assert session.execute(failed).all() == []
        return rows

    def _ask(self, kind, asked):
        told = self.api.get(f"/api/v1/surveys/{kind}/metrics?{asked.query}")
        assert told.status_code == 200, told.text
        return told.json

    def _compare(self, kind, asked, document, rows):
        survey_id = UUID(self.surveys[kind]["id"])
        expected = naive.count(rows, survey_id, kind, asked, zone=self.zone, edges=self.edges)
        assert list(naive.differences(expected, naive.told(document))) == [], asked

    def _compare_themes(self, rows, until, days):
        now = datetime(until.year, until.month, until.day, 12, tzinfo=ZoneInfo(self.zone))
        page = themes_page(self.workspace_id, time_zone=self.zone, now=now, days=days)
        told = {row.key: (row.counts, row.negative, row.positive) for row in page.rows if row.n}
        expected = naive.themes(
            self.workspace_id, rows, self.kind_of, zone=self.zone,
            since=until - timedelta(days=days - 1), until=until,
        )  # fmt: skip
        assert told == expected


def _on_scale(kind: str, number: int) -> int:
    scale = naive.SCALES[kind]
    return scale[number % len(scale)]


def _work_off(dice: random.Random) -> None:
    """Everything that is due, the kinds in random order."""
    while names := sorted(outbox.due_kinds(now=utcnow())):
        dice.shuffle(names)
        for name in names:
            outbox.work_off(name, now=utcnow())


def test_figures_are_those_of_a_naive_count_after_any_history(
    any_database, api_of, new_workspace, monkeypatch
):
    # The encoder that is always there; the other one is slow to load.
    monkeypatch.setattr(understanding, "preferred_encoder", lambda: "static")
    client = any_database.test_client()
    monkeypatch.setattr(
        Workspace, "make_api", lambda: api_of(client, new_workspace()), raising=False
    )
    run_state_machine_as_test(Workspace, settings=HISTORIES)
