"""Cells stay exact whatever happens to answers, in whatever order."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, update

from vocapp import outbox, packed_days
from vocapp.collecting.models import Answer, Response
from vocapp.collecting.service import revise_response
from vocapp.database import transaction, utcnow
from vocapp.extensions import db
from vocapp.measuring import attributes
from vocapp.measuring.cells import unpack_days
from vocapp.measuring.checking import CellStats, cell_stats, check_cells
from vocapp.measuring.models import ScoreMonth
from vocapp.measuring.service import measure, rebuild_cells
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.workspaces.service import update_workspace

METRICS = "/api/v1/surveys/nps/metrics"
START = datetime(2026, 1, 28, tzinfo=UTC)


class History:
    """Random operations on one workspace."""

    def __init__(self, api, seed):
        self.api, self.random = api, random.Random(seed)
        self.ids = []

    def body(self):
        dice = self.random
        body = {
            "id": str(uuid4()),
            "survey": "nps",
            "score": dice.randrange(11),
            "answered_at": (START + timedelta(hours=dice.randrange(24 * 40))).isoformat(),
        }
        if dice.random() < 0.7:
            facts = {"role": dice.choice(["admin", "user"])}
            body["contact"] = {"external_id": f"u{dice.randrange(6)}", "attributes": facts}
        if dice.random() < 0.7:
            name = dice.randrange(4)
            body["account"] = {
                "external_id": f"a{name}", "plan": dice.choice(["free", "pro"]),
                "region": dice.choice(["jp", "us"]),
            }  # fmt: skip
        self.ids.append(UUID(body["id"]))
        return body

    def record(self):
        self.api.post("/api/v1/responses", self.body())

    def batch(self):
        bodies = [self.body() for _ in range(4)]
        self.api.post("/api/v1/responses/batch", {"responses": [*bodies, bodies[0]]})

    def revise(self):
        if self.ids:
            revise_response(
                self.api.workspace_id, self.random.choice(self.ids), revision=None,
                answers={"score": self.random.randrange(11)}, now=utcnow(),
            )  # fmt: skip

    def erase(self):
        people = db.session.scalars(
            select(Contact.id).where(Contact.workspace_id == self.api.workspace_id)
        ).all()
        if people:
            erase_contact(self.api.workspace_id, self.random.choice(sorted(people)), now=utcnow())

    def count_some(self):
        """Out of order: any few of the waiting rows."""
        with transaction() as session:
            rows = session.scalars(
                select(outbox.Pending).where(
                    outbox.Pending.workspace_id == self.api.workspace_id,
                    outbox.Pending.kind == "measure",
                )
            ).all()
            chosen = self.random.sample(rows, len(rows) // 2)
            if chosen:
                measure(session, chosen)
            for row in chosen:
                session.delete(row)

    def rebuild(self):
        list(rebuild_cells(self.api.workspace_id))

    def move(self):
        zone = self.random.choice(["Asia/Tokyo", "America/New_York", "UTC"])
        update_workspace(self.api.workspace_id, {"time_zone": zone}, now=utcnow())

    def step(self):
        operations = {
            self.record: 6, self.batch: 4, self.revise: 6, self.erase: 1, self.count_some: 5,
            self.rebuild: 1, self.move: 1,
        }  # fmt: skip
        self.random.choices(list(operations), list(operations.values()))[0]()


def count_measures():
    while outbox.work_off("measure", now=utcnow()):
        pass


def naive(workspace_id, names):
    """Scores by segment, counted from the answers as they stand."""
    rows = db.session.execute(
        select(Response.attributes, Answer.number)
        .join(Answer, Answer.response_id == Response.id)
        .where(Response.workspace_id == workspace_id, Answer.number.is_not(None))
    )
    found = Counter()
    for facts, number in rows:
        category = "promoter" if number > 8 else "passive" if number > 6 else "detractor"
        found[tuple(facts.get(name) for name in names), category] += 1
    return found


def told(api, names, extra=""):
    query = "&".join(f"by={name}" for name in names)
    return Counter(
        {
            (tuple(segment["by"].values()), category): n
            for segment in api.get(f"{METRICS}?{query}{extra}").json["segments"]
            for category, n in segment["counts"].items()
            if n
        }
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cells_equal_a_naive_count_after_any_history(any_api, seed):
    any_api.survey()
    history = History(any_api, seed)
    for number in range(60):
        history.step()
        if number % 20 == 10:  # half-counted states are sums of what is counted, too
            assert check_cells(any_api.workspace_id).differences == ()
    count_measures()
    checked = check_cells(any_api.workspace_id)
    assert (checked.differences, checked.not_current) == ((), 0)
    assert checked.cells > 10
    for names in (("plan",), ("role",), ("plan", "region"), ("plan", "region", "role")):
        assert told(any_api, names) == naive(any_api.workspace_id, names)
    overall = any_api.get(METRICS).json["overall"]
    assert overall["n"] == sum(naive(any_api.workspace_id, ()).values()) > 20


def test_a_scan_and_the_cells_tell_the_same(any_api):
    any_api.survey()
    history = History(any_api, 9)
    for _ in range(15):
        history.batch()
    count_measures()
    span = "&since=2026-02-03&until=2026-03-04"
    by_cells = told(any_api, ("plan", "region"), span)
    # An attribute without cells forces a scan; nobody has it, so the groups are the same.
    by_scan = told(any_api, ("plan", "region", "absent"), span)
    assert by_cells == Counter({(key[:2], category): n for (key, category), n in by_scan.items()})


def damaged(statement):
    with transaction() as session:
        session.execute(statement)


def counted_workspace(api):
    api.survey()
    response_id = UUID(api.respond(score=9).json["id"])
    count_measures()
    assert check_cells(api.workspace_id).differences == ()
    return response_id


def test_the_check_finds_a_wrong_cell(any_api):
    counted_workspace(any_api)
    with transaction() as session:
        cell = session.scalars(
            select(ScoreMonth).where(ScoreMonth.workspace_id == any_api.workspace_id)
        ).one()
        cell.histograms = packed_days.pack(2 * unpack_days(cell.histograms))
    assert len(check_cells(any_api.workspace_id).differences) == 1


def test_the_check_finds_an_answer_that_changed_without_being_counted_again(any_api):
    response_id = counted_workspace(any_api)
    damaged(
        update(Answer)
        .where(Answer.workspace_id == any_api.workspace_id, Answer.response_id == response_id)
        .values(number=3)
    )
    found = check_cells(any_api.workspace_id).differences
    assert len(found) == 1
    assert str(response_id) in found[0]
    list(rebuild_cells(any_api.workspace_id))
    assert check_cells(any_api.workspace_id).differences == ()


def test_the_check_finds_an_answer_that_nobody_will_count(any_api):
    any_api.survey()
    any_api.respond(score=9)
    assert check_cells(any_api.workspace_id).not_current == 0  # it waits
    with transaction() as session:
        for row in session.scalars(
            select(outbox.Pending).where(outbox.Pending.workspace_id == any_api.workspace_id)
        ):
            session.delete(row)
    assert check_cells(any_api.workspace_id).not_current == 1


def test_values_beyond_the_limit_share_a_cell_of_their_own(any_api, monkeypatch):
    monkeypatch.setattr(attributes, "MAX_VALUES", 2)
    any_api.survey()
    for plan in ("a", "b", "c", "d", "a"):
        any_api.respond(
            score=9, answered_at="2026-01-20T00:00:00Z",
            account={"external_id": f"acc-{plan}", "plan": plan},
        )  # fmt: skip
        count_measures()
    shown = told(any_api, ("plan",))
    assert {key[0]: n for (key, _), n in shown.items()} == {"a": 2, "b": 1, "(other)": 2}
    crossed = told(any_api, ("plan", "region"), "&since=2026-01-15")
    assert {key[0]: n for (key, _), n in crossed.items()} == {"a": 2, "b": 1, "(other)": 2}
    assert check_cells(any_api.workspace_id).differences == ()


def test_cells_are_counted_for_the_operator(api):
    counted_workspace(api)
    stats = cell_stats(api.workspace_id)
    assert (stats.cells, stats.answers) == (2, 1)  # a total, the channel
    # Score, day and channel take a byte each, time and order eight; there is no person.
    assert stats.bytes_per_answer == 3 + 2 * 8


@pytest.mark.parametrize(
    ("cells", "answers", "judged", "too_many"),
    [
        (0, 0, False, False),
        (9_999, 9_999, False, False),
        (2_000, 10_000, True, False),
        (2_001, 10_000, True, True),
    ],
)
def test_many_cells_are_a_warning_only_where_there_are_many_answers(
    cells, answers, judged, too_many
):
    stats = CellStats(cells, answers)
    assert (stats.judged, stats.too_many) == (judged, too_many)


def statements_to_count(api, plans):
    """Statements that count one batch of answers, each with a plan of its own."""
    for number in range(plans):
        name = f"{plans}.{number}"
        api.respond(score=9, account={"external_id": name, "plan": name})
    sent = []
    with transaction() as session:
        mine = outbox.Pending.workspace_id == api.workspace_id
        query = select(outbox.Pending).where(mine, outbox.Pending.kind == "measure")
        rows = session.scalars(query).all()
        event.listen(
            session.connection(), "before_cursor_execute", lambda *what: sent.append(what[2])
        )
        measure(session, rows)
        counted = len(sent)
        for row in rows:
            session.delete(row)
    return counted


def test_counting_new_values_takes_a_fixed_number_of_statements(any_api):
    any_api.survey()
    statements_to_count(any_api, 1)  # the first of a month begins its chunks
    few, many = (statements_to_count(any_api, plans) for plans in (2, 9))
    # The draw of the people decides whether another chunk is begun: one statement more.
    assert 0 < many <= few + 2
    assert check_cells(any_api.workspace_id).differences == ()
