"""Pending work: nothing is lost, nothing is done twice, nothing bad stops the rest."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from vocapp import outbox
from vocapp.database import read_once, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Kind, Never, Pending
from vocapp.workspaces.models import AuditEntry


@pytest.fixture
def kinds(any_database):
    """Kinds of this test's own, taken out of the registry again afterwards."""
    before = dict(outbox._registry.kinds)

    def register(**fields):
        kind = Kind(fields.pop("name", "test"), **fields)
        outbox.register(kind)
        return kind

    yield register
    outbox._registry.kinds.clear()
    outbox._registry.kinds.update(before)


@pytest.fixture
def home(any_database, new_workspace):
    return new_workspace().workspace_id


def add(workspace_id, count=1, *, kind="test", **fields):
    """Rows of work; returns their subjects in order."""
    subjects = [uuid7() for _ in range(count)]
    with transaction() as session:
        for subject in subjects:
            outbox.add(session, workspace_id, kind, subject, now=utcnow(), **fields)
    return subjects


def rows(kind="test"):
    with snapshot() as session:
        return list(
            session.scalars(select(Pending).where(Pending.kind == kind).order_by(Pending.id))
        )


def note(session, row):
    """An effect that can be counted."""
    session.add(
        AuditEntry(
            workspace_id=row.workspace_id, at=utcnow(), actor="test", action="worked",
            subject_type="row", subject_id=str(row.subject_id),
        )
    )  # fmt: skip


def noted():
    with snapshot() as session:
        return sorted(
            session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "worked"))
        )


def effects(rows, bad=()):
    """What leased work returns: an effect each, or an error in place of a bad row."""
    return [
        bad[row.subject_id]
        if row.subject_id in bad
        else lambda session, row=row: note(session, row)
        for row in rows
    ]


def apply_unless(bad):
    def apply(session, rows):
        for row in rows:
            if row.subject_id in bad:
                raise bad[row.subject_id]
            note(session, row)

    return apply


def fails_for(bad, mode):
    """Handlers of either mode that fail for the given subjects."""
    if mode == "database":
        return {"mode": mode, "apply": apply_unless(bad)}
    return {"mode": mode, "work": lambda rows: effects(rows, bad)}


def work_off_all(*, at=None):
    now = at or utcnow()
    while outbox.work_off("test", now=now):
        pass


def later(**amount):
    return utcnow() + timedelta(**amount)


# --- both modes ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_the_effect_and_the_end_of_the_row_come_together(kinds, home, mode):
    kinds(**fails_for({}, mode), batch=2)
    subjects = add(home, 5)
    work_off_all()
    assert rows() == []
    assert noted() == sorted(map(str, subjects))


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_one_bad_row_does_not_stop_the_rest(kinds, home, mode):
    subjects = add(home, 7)
    kinds(**fails_for({subjects[3]: RuntimeError("a customer wrote this")}, mode), batch=3)
    work_off_all()
    assert noted() == sorted(str(s) for s in subjects if s != subjects[3])
    (left,) = rows()
    assert (left.subject_id, left.attempts) == (subjects[3], 1)
    assert left.last_error == "RuntimeError"  # the type; the message may quote a customer


def test_what_is_stored_together_is_stored_in_one_go(kinds, home):
    sizes = []

    def store(session, found):
        sizes.append(len(found))
        for row in found:
            note(session, row)

    kinds(mode="leased", batch=3, work=lambda found: [outbox.Together(store, r) for r in found])
    subjects = add(home, 5)
    work_off_all()
    assert sizes == [3, 2]
    assert noted() == sorted(map(str, subjects))
    assert rows() == []


def test_where_storing_together_fails_one_bad_row_fails_alone(kinds, home):
    subjects = add(home, 4)

    def store(session, found):
        read_once(session, "seen to", lambda: note(session, found[0]) or True)
        for row in found[1:]:
            note(session, row)
        if subjects[2] in {row.subject_id for row in found}:
            raise RuntimeError

    kinds(mode="leased", batch=4, work=lambda found: [outbox.Together(store, r) for r in found])
    work_off_all()
    # What was seen to once in the part that was taken back was seen to again.
    assert str(subjects[0]) in noted()
    (left,) = rows()
    assert (left.subject_id, left.attempts) == (subjects[2], 1)


def test_an_effect_that_breaks_when_stored_fails_its_row_alone(kinds, home):
    subjects = add(home, 3)

    def work(found):
        def broken(session):
            session.add(AuditEntry(workspace_id=home, at=None, actor="test", action="worked"))
            session.flush()

        good = effects(found)
        return [
            broken if row.subject_id == subjects[1] else effect
            for row, effect in zip(found, good, strict=True)
        ]

    kinds(mode="leased", work=work)
    work_off_all()
    assert noted() == sorted([str(subjects[0]), str(subjects[2])])
    (left,) = rows()
    assert (left.attempts, left.last_error, left.lease_token) == (1, "IntegrityError", None)


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_a_row_waits_longer_after_each_failure_and_is_set_aside_in_the_end(kinds, home, mode):
    (subject,) = add(home)
    kinds(**fails_for({subject: RuntimeError()}, mode), max_attempts=3)
    waits = []
    at = utcnow()
    for _ in range(2):
        outbox.work_off("test", now=at)
        (row,) = rows()
        waits.append(round((row.due_at - utcnow()).total_seconds()) if mode == "leased" else
                     round((row.due_at - at).total_seconds()))  # fmt: skip
        assert row.set_aside_at is None
        assert "test" not in outbox.due_kinds(now=row.due_at - timedelta(seconds=1))
        at = row.due_at
    assert waits == pytest.approx([5, 10], abs=1)
    outbox.work_off("test", now=at)
    (row,) = rows()
    assert row.attempts == 3
    assert row.set_aside_at is not None
    assert outbox.due_kinds(now=later(days=1)) == ()
    assert [(b.kind, b.due, b.set_aside) for b in outbox.backlog(now=later(days=1))] == [
        ("test", 0, 1)
    ]


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_the_wait_is_capped(kinds, home, mode):
    (subject,) = add(home)
    kinds(**fails_for({subject: RuntimeError()}, mode), max_attempts=100)
    with transaction() as session:
        session.execute(update(Pending).values(attempts=60))
    now = utcnow()
    outbox.work_off("test", now=now)
    (row,) = rows()
    assert 590 <= (row.due_at - now).total_seconds() <= 660


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_what_no_repetition_helps_is_set_aside_at_once_with_its_reason(kinds, home, mode):
    good, bad = add(home, 2)
    kinds(**fails_for({bad: Never("no such address")}, mode))
    work_off_all()
    assert noted() == [str(good)]
    (row,) = rows()
    assert row.set_aside_at is not None
    assert (row.attempts, row.last_error) == (1, "Never: no such address")


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_set_aside_rows_can_be_tried_again_by_their_own_workspace(kinds, home, new_workspace, mode):
    bad = {}
    kinds(**fails_for(bad, mode))
    first, second = add(home, 2)
    bad |= {first: Never("x"), second: Never("x")}
    work_off_all()
    bad.clear()
    stranger = new_workspace("Other").workspace_id
    aside = outbox.set_aside_rows(home)
    assert [row.subject_id for row in aside] == [first, second]
    assert outbox.set_aside_rows(stranger) == []
    assert outbox.retry_set_aside(stranger, now=utcnow()) == 0
    assert outbox.retry_set_aside(stranger, now=utcnow(), row_id=aside[0].id) == 0
    assert outbox.retry_set_aside(home, now=utcnow(), row_id=aside[1].id) == 1
    work_off_all()
    assert noted() == [str(second)]
    assert outbox.retry_set_aside(home, now=utcnow()) == 1
    work_off_all()
    assert noted() == sorted([str(first), str(second)])
    assert rows() == []


def test_fresh_work_goes_before_backlog_and_older_before_newer(kinds, home):
    old = add(home, 2, priority=outbox.BACKLOG)
    fresh = add(home, 2)
    seen = []

    def apply(session, found):
        seen.extend(row.subject_id for row in found)

    kinds(mode="database", apply=apply, batch=1)
    work_off_all()
    assert seen == fresh + old


def test_where_the_newest_go_first_a_flood_does_not_keep_them_waiting(kinds, home):
    done = []
    kinds(
        mode="leased", batch=2, newest_first=True,
        work=lambda found: [done.append(row.subject_id) or (lambda session: None) for row in found],
    )  # fmt: skip
    backlog = add(home, 2, priority=outbox.BACKLOG)
    flood = add(home, 3)
    assert outbox.work_off("test", now=utcnow())
    assert done == [flood[2], flood[1]]
    fresh = add(home, 1)
    while outbox.work_off("test", now=utcnow()):
        pass
    assert done[2:] == [fresh[0], flood[0], backlog[1], backlog[0]]


def test_what_refines_gives_way_after_each_batch(kinds, home):
    kinds(
        mode="leased", batch=2, refines=True,
        work=lambda found: [lambda session: None for _ in found],
    )  # fmt: skip
    add(home, 5)
    assert outbox.drain("test", seconds=60)
    assert len(rows()) == 3


def test_what_refines_goes_after_the_others_of_its_queue(kinds, home):
    done = []
    for name, refines in (("refining", True), ("reading", False)):
        kinds(
            name=name, mode="leased", batch=2, refines=refines, queue="slow",
            work=lambda found: [
                done.append(row.kind) or (lambda session: None) for row in found
            ],
        )  # fmt: skip
    add(home, 3, kind="refining")
    add(home, 3, kind="reading")
    assert outbox.drain("refining", seconds=60)
    assert done == ["reading"] * 3 + ["refining"] * 2

    add(home, 3, kind="reading")
    assert outbox.drain("refining", seconds=0)  # the others have not come to an end
    assert done[5:] == ["reading"] * 2


@pytest.mark.parametrize("subject_is_planned", [True, False])
def test_what_is_asked_for_now_is_done_once(kinds, home, subject_is_planned):
    kinds(mode="database", apply=lambda session, found: None)
    tonight = later(hours=3)
    (subject,) = add(home, due_at=tonight) if subject_is_planned else (uuid7(),)
    (other,) = add(home, due_at=tonight)
    now = utcnow()
    for detail in (None, {"user": "me"}, None):
        with transaction() as session:
            outbox.ask_now(session, home, "test", subject, now=now, detail=detail)
            assert outbox.is_waiting(session, home, "test", subject)
    asked, planned = sorted(rows(), key=lambda row: row.due_at)
    assert (asked.subject_id, asked.due_at, asked.detail) == (subject, now, {"user": "me"})
    assert (planned.subject_id, planned.due_at) == (other, tonight)


def test_what_a_worker_holds_is_asked_for_anew(kinds, home):
    """It may have looked before what it is asked for."""
    kinds(mode="database", apply=lambda session, found: None)
    (subject,) = add(home)
    with transaction() as session:
        session.execute(update(Pending).values(lease_token=uuid7(), lease_until=later(minutes=1)))
    with transaction() as session:
        outbox.ask_now(session, home, "test", subject, now=utcnow())
    assert [row.subject_id for row in rows()] == [subject, subject]


def test_what_cannot_be_done_yet_is_tried_again_then_and_has_not_failed(kinds, home):
    until = later(minutes=2)
    kinds(
        mode="leased", batch=2, refines=True,
        work=lambda found: [outbox.NotYet(until) for _ in found],
    )  # fmt: skip
    add(home, 5)
    assert not outbox.drain("test", seconds=60)  # the other three would wait likewise
    waiting = sorted(rows(), key=lambda row: row.due_at)
    assert [row.due_at == until for row in waiting] == [False] * 3 + [True] * 2
    assert {(row.attempts, row.lease_token, row.last_error) for row in waiting} == {(0, None, None)}
    with transaction() as session:
        outbox.bring_forward(session, home, "test", now=utcnow())
    assert all(row.due_at <= utcnow() for row in rows())


def test_what_waits_for_something_of_its_own_goes_behind_what_is_fresh(kinds, home):
    held = set()

    def work(found):
        again = outbox.NotYet(later(seconds=-1), goes_behind=True)  # it is due again at once
        done = effects(found)
        return [again if row.subject_id in held else done[at] for at, row in enumerate(found)]

    kinds(mode="leased", batch=2, work=work)
    held.update(add(home, 6))
    for _ in range(3):
        outbox.work_off("test", now=utcnow())
    (fresh,) = add(home)
    outbox.work_off("test", now=utcnow())
    assert noted() == [str(fresh)]
    assert {(row.attempts, row.priority) for row in rows()} == {(0, outbox.BACKLOG)}
    held.clear()
    work_off_all()
    assert len(noted()) == 7


def test_nothing_is_worked_off_before_it_is_due(kinds, home):
    kinds(**fails_for({}, "database"))
    add(home, due_at=later(hours=1))
    work_off_all()
    assert noted() == []
    assert outbox.due_kinds(now=utcnow()) == ()
    assert outbox.longest_wait_s(now=utcnow()) == 0
    work_off_all(at=later(hours=2))
    assert len(noted()) == 1


def test_work_of_a_transaction_that_failed_does_not_exist(kinds, home):
    def service():
        with transaction() as session:
            outbox.add(session, home, "test", uuid7(), now=utcnow())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        service()
    assert rows() == []


# --- leases -------------------------------------------------------------------------------


def test_a_leased_row_is_worked_with_no_transaction_open(kinds, home):
    """Somebody else can write while the work goes on."""

    def work(found):
        add(home, kind="other")
        return effects(found)

    kinds(mode="leased", work=work)
    add(home)
    work_off_all()
    assert len(rows("other")) == 1
    assert len(noted()) == 1


def test_a_worker_paused_beyond_its_lease_writes_nothing(kinds, home):
    (subject,) = add(home)
    turns = []

    def work(found):
        turns.append([row.subject_id for row in found])
        if len(turns) == 1:  # paused: meanwhile the lease ends and another one does the work
            assert outbox.release_expired_leases(now=later(minutes=10)) == 1
            outbox.work_off("test", now=utcnow())
        return effects(found)

    kinds(mode="leased", work=work, lease_s=60)
    outbox.work_off("test", now=utcnow())
    assert turns == [[subject], [subject]]
    assert noted() == [str(subject)]
    assert rows() == []


def test_a_stale_failure_does_not_count_against_the_row(kinds, home):
    add(home)
    taken = []

    def work(found):
        if not taken:
            taken.append(True)
            outbox.release_expired_leases(now=later(minutes=10))
            return [RuntimeError()]
        return effects(found)

    kinds(mode="leased", work=work, lease_s=60)
    outbox.work_off("test", now=utcnow())
    (row,) = rows()
    assert (row.last_error, row.attempts) == ("LeaseExpired", 1)
    outbox.work_off("test", now=utcnow())
    assert rows() == []


def test_a_row_under_lease_is_nobody_elses_until_the_lease_ends(kinds, home):
    add(home)
    seen = []

    def work(found):
        outbox.release_expired_leases(now=utcnow())
        seen.append(outbox.work_off("test", now=utcnow()))
        seen.append(outbox.due_kinds(now=utcnow()))
        seen.append([(b.kind, b.due) for b in outbox.backlog(now=utcnow())])
        return effects(found)

    kinds(mode="leased", work=work)
    outbox.work_off("test", now=utcnow())
    assert seen == [False, (), [("test", 1)]]
    assert len(noted()) == 1


class Killed(BaseException):
    """The worker's process ends here."""


@pytest.mark.parametrize("max_attempts", [2, 20])
def test_a_row_that_kills_its_worker_is_set_aside_after_its_kinds_attempts(
    kinds, home, max_attempts
):
    def work(found):
        raise Killed

    kinds(mode="leased", work=work, lease_s=60, max_attempts=max_attempts)
    add(home)
    for attempt in range(1, max_attempts + 1):
        assert rows()[0].set_aside_at is None, attempt
        with pytest.raises(Killed):
            outbox.work_off("test", now=utcnow())
        assert rows()[0].attempts == attempt
        outbox.release_expired_leases(now=later(minutes=2))
    (row,) = rows()
    assert (row.last_error, row.lease_token) == ("LeaseExpired", None)
    assert row.set_aside_at is not None


def test_a_row_that_kills_its_worker_takes_no_neighbour_with_it(kinds, home):
    subjects = add(home, 5)

    def work(found):
        if any(row.subject_id == subjects[2] for row in found):
            raise Killed
        return effects(found)

    kinds(mode="leased", work=work, lease_s=60, max_attempts=3)
    for _ in range(20):
        try:
            while outbox.work_off("test", now=utcnow()):
                pass
        except Killed:
            outbox.release_expired_leases(now=later(minutes=2))
    assert noted() == sorted(str(s) for s in subjects if s != subjects[2])
    (row,) = rows()
    assert (row.subject_id, row.set_aside_at is not None) == (subjects[2], True)


def test_work_that_answers_for_fewer_rows_than_it_was_given_loses_none(kinds, home):
    kinds(mode="leased", work=lambda found: effects(found)[:1])
    add(home, 2)
    outbox.work_off("test", now=utcnow())
    assert noted() == []
    assert [(row.attempts, row.lease_token) for row in rows()] == [(1, None)] * 2
    assert {row.last_error for row in rows()} == {"ValueError"}


@pytest.mark.parametrize("mode", ["database", "leased"])
def test_workers_side_by_side_take_each_row_once(any_database, kinds, home, mode):
    subjects = add(home, 120)
    kinds(**fails_for({}, mode), batch=7)
    errors = []

    def worker():
        try:
            with any_database.app_context():
                # A turn may come back short while others hold rows; go on while any is left.
                for _ in range(200):
                    outbox.work_off("test", now=utcnow())
                    if not rows():
                        return
        except Exception as exc:  # noqa: BLE001 - shown by the main thread
            errors.append(exc)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert noted() == sorted(map(str, subjects))
    assert rows() == []
