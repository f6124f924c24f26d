"""The past judged anew: looked at first, in steps that may die, exact, and taken back."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.understanding.teaching import (
    correct,
    few_themes,
    learn,
    said,
    themes_on,
    use_static_encoder,
    zorgles,
)
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.following_up.models import FollowUp
from vocapp.outbox import Pending
from vocapp.packed_days import unpack
from vocapp.problems import Conflict, NotFound
from vocapp.understanding import service as understanding
from vocapp.understanding.learning import retheming
from vocapp.understanding.learning.asking import RETHEME
from vocapp.understanding.learning.models import ReplacedThemes, Retheming
from vocapp.understanding.learning.queries import last_retheming
from vocapp.understanding.models import Analysis, Assignment, Theme, ThemeMonth
from vocapp.understanding.theme_cells import THEME_PLACES
from vocapp.understanding.triage.service import review_comment


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    use_static_encoder(monkeypatch)


def taught_and_old(api, drain_outbox, *, old=6, **fields):
    """A workspace that learnt what a zorgle is after many had come that have no such theme."""
    few_themes(api)
    every = zorgles(24 + old)
    ids = said(api, every[:24])
    past = said(api, every[24:], **fields)
    drain_outbox()
    correct(api, ids, "parking")
    assert learn(api, drain_outbox)[-1].state == "champion"
    return ids, past


def look(api, drain_outbox):
    id_ = retheming.look(api.workspace_id, user_id=api.workspace.user_id, now=utcnow())
    assert drain_outbox() == []
    return id_


def rejudge(api, drain_outbox):
    id_ = look(api, drain_outbox)
    retheming.start(api.workspace_id, id_, user_id=api.workspace.user_id, now=utcnow())
    assert drain_outbox() == []
    return id_


def counted(api):
    """theme → responses, as the pages have it."""
    with snapshot() as session:
        found = {}
        rows = session.execute(
            select(Theme.key, ThemeMonth.counts)
            .join(Theme, Theme.id == ThemeMonth.theme_id)
            .where(ThemeMonth.workspace_id == api.workspace_id)
        )
        for key, counts in rows:
            found[key] = found.get(key, 0) + int(unpack(counts, len(THEME_PLACES)).sum())
    return {key: n for key, n in found.items() if n}


def assigned(api):
    """theme → responses, counted one by one."""
    with snapshot() as session:
        found = {}
        for (key,) in session.execute(
            select(Theme.key)
            .join(Assignment, Assignment.theme_id == Theme.id)
            .where(Assignment.workspace_id == api.workspace_id)
        ):
            found[key] = found.get(key, 0) + 1
    return found


def standing(api):
    """Every assignment as it stands, in all that matters for undo."""
    with snapshot() as session:
        rows = session.scalars(scoped(Assignment, api.workspace_id))
        return sorted(
            (str(row.response_id), str(row.theme_id), row.source, row.sentiment) for row in rows
        )


def test_a_look_says_what_would_change_and_changes_nothing(api, drain_outbox):
    taught_and_old(api, drain_outbox)
    before = standing(api)
    look(api, drain_outbox)
    found = last_retheming(api.workspace_id)
    assert (found.state, found.total, found.sampled) == ("looked", 30, 30)
    moves = {move.key: move for move in found.moves}
    assert moves["parking"].added == 6
    assert len(moves["parking"].gained_by) == 3
    assert found.would_change >= 6
    assert standing(api) == before


def test_the_past_gets_what_was_learnt_with_exact_counts_and_gives_it_back(any_api, drain_outbox):
    api = any_api
    _, past = taught_and_old(api, drain_outbox)
    before, counts = standing(api), counted(api)
    id_ = rejudge(api, drain_outbox)
    found = last_retheming(api.workspace_id)
    assert (found.state, found.done, found.total) == ("done", 30, 30)
    assert all("parking" in themes_on(api, response_id) for response_id in past)
    assert counted(api) == assigned(api) != counts
    retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    assert last_retheming(api.workspace_id).state == "undone"
    assert standing(api) == before
    assert counted(api) == assigned(api) == counts
    with snapshot() as session:
        assert session.scalars(scoped(ReplacedThemes, api.workspace_id)).all() == []


def test_a_persons_word_is_never_overwritten_nor_put_back_over(api, drain_outbox):
    ids, past = taught_and_old(api, drain_outbox)
    correct(api, past[:1], "parking", "remove")
    correct(api, past[1:2], "reports", "add")
    id_ = rejudge(api, drain_outbox)
    assert "parking" not in themes_on(api, past[0])
    assert {"reports", "parking"} <= themes_on(api, past[1])
    correct(api, past[2:3], "parking", "confirm")
    correct(api, past[3:4], "parking", "remove")
    retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    assert "reports" in themes_on(api, past[1])
    assert "parking" not in themes_on(api, past[1])
    assert "parking" in themes_on(api, past[2]), "said by a person since"
    assert "parking" not in themes_on(api, past[3])
    assert all("parking" in themes_on(api, response_id) for response_id in ids)
    assert counted(api) == assigned(api)


def test_a_comment_that_somebody_went_through_stays_as_it_is(api, drain_outbox):
    _, past = taught_and_old(api, drain_outbox)
    review_comment(api.workspace_id, past[0], [], user_id=api.workspace.user_id, now=utcnow())
    look(api, drain_outbox)
    moves = {move.key: move for move in last_retheming(api.workspace_id).moves}
    assert moves["parking"].added == 5
    retheming.start(
        api.workspace_id, last_retheming(api.workspace_id).id, user_id=None, now=utcnow()
    )
    drain_outbox()
    assert themes_on(api, past[0]) == set()
    assert "parking" in themes_on(api, past[1])


def test_a_worker_that_dies_repeats_a_step_and_the_counts_stay_exact(
    api, drain_outbox, monkeypatch
):
    monkeypatch.setattr(retheming, "_STEP", 7)
    _, past = taught_and_old(api, drain_outbox)
    id_ = look(api, drain_outbox)
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    steps = 0
    while (row := next_step(api)) is not None:
        steps += 1
        with transaction() as session:  # a worker takes it and dies; the lease runs out
            session.execute(
                update(Pending)
                .where(Pending.id == row.id)
                .values(lease_token=uuid7(), lease_until=utcnow() - timedelta(seconds=1))
            )
        outbox.release_expired_leases(now=utcnow())
        first, second = retheming.retheme([row])[0], retheming.retheme([row])[0]
        with transaction() as session:  # both were only slow: the second keeps nothing
            first(session)
            second(session)
            session.execute(Pending.__table__.delete().where(Pending.id == row.id))
    assert steps == 6  # 30 comments by seven, and one that finds no more
    found = last_retheming(api.workspace_id)
    assert (found.state, found.done, found.total) == ("done", 30, 30)
    assert counted(api) == assigned(api)
    assert all("parking" in themes_on(api, response_id) for response_id in past)
    drain_outbox()


def next_step(api):
    with snapshot() as session:
        return session.scalars(
            scoped(Pending, api.workspace_id).where(
                Pending.kind == RETHEME, Pending.due_at <= utcnow() + timedelta(minutes=1)
            )
        ).first()


def test_a_fresh_comment_goes_first(api, drain_outbox):
    taught_and_old(api, drain_outbox)
    id_ = look(api, drain_outbox)
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    said(api, ["The chart is a joy."])
    outbox.work_off(RETHEME, now=utcnow())
    assert last_retheming(api.workspace_id).done == 0
    assert next_step(api).due_at > utcnow() - timedelta(seconds=1)
    outbox.work_off("analyse", now=utcnow())
    with transaction() as session:
        session.execute(update(Pending).where(Pending.kind == RETHEME).values(due_at=utcnow()))
    outbox.work_off(RETHEME, now=utcnow())
    assert last_retheming(api.workspace_id).done > 0
    drain_outbox()


def test_it_can_be_stopped_gone_on_with_and_taken_back_half_way(api, drain_outbox, monkeypatch):
    monkeypatch.setattr(retheming, "_STEP", 10)
    taught_and_old(api, drain_outbox)
    before = standing(api)
    id_ = look(api, drain_outbox)
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    outbox.work_off(RETHEME, now=utcnow())
    retheming.stop(api.workspace_id, id_, now=utcnow())
    drain_outbox()
    assert (last_retheming(api.workspace_id).state, last_retheming(api.workspace_id).done) == (
        "stopped", 10,
    )  # fmt: skip
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    assert last_retheming(api.workspace_id).state == "done"
    retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    assert standing(api) == before
    with pytest.raises(Conflict):
        retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())


def test_only_one_is_under_way(api, drain_outbox):
    taught_and_old(api, drain_outbox)
    id_ = look(api, drain_outbox)
    with pytest.raises(Conflict):
        retheming.look(api.workspace_id, user_id=None, now=utcnow())
    retheming.stop(api.workspace_id, id_, now=utcnow())
    assert last_retheming(api.workspace_id) is None


def test_what_was_replaced_is_forgotten_by_the_next_one_and_after_a_month(api, drain_outbox):
    taught_and_old(api, drain_outbox)
    first = rejudge(api, drain_outbox)
    with transaction() as session:
        session.execute(update(Retheming).values(keep_until=utcnow()))
        session.execute(update(Pending).where(Pending.kind == RETHEME).values(due_at=utcnow()))
    drain_outbox()
    with pytest.raises(Conflict):
        retheming.undo(api.workspace_id, first, user_id=None, now=utcnow())
    with snapshot() as session:
        assert session.scalars(scoped(ReplacedThemes, api.workspace_id)).all() == []


def test_old_cases_are_not_opened_by_judging_the_past_anew(api, drain_outbox):
    long_ago = (utcnow() - timedelta(days=40)).isoformat()
    taught_and_old(api, drain_outbox, answered_at=long_ago)
    with snapshot() as session:
        before = {
            (row.id, row.state, row.rule_key, row.team)
            for row in session.scalars(scoped(FollowUp, api.workspace_id))
        }
    rejudge(api, drain_outbox)
    with snapshot() as session:
        after = {
            (row.id, row.state, row.rule_key, row.team)
            for row in session.scalars(scoped(FollowUp, api.workspace_id))
        }
    assert {row[0] for row in after} == {row[0] for row in before}


def test_an_edited_comment_keeps_its_new_themes_on_undo(api, drain_outbox):
    _, past = taught_and_old(api, drain_outbox)
    id_ = rejudge(api, drain_outbox)
    with transaction() as session:
        session.execute(
            update(Analysis)
            .where(Analysis.response_id == past[0])
            .values(text_digest="another", model_version="another")
        )
    retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    with snapshot() as session:
        kept = session.scalars(
            scoped(Assignment, api.workspace_id).where(Assignment.response_id == past[0])
        ).all()
    assert kept


def test_another_workspaces_past_is_not_found(api, api_of, new_workspace, drain_outbox):
    taught_and_old(api, drain_outbox)
    id_ = look(api, drain_outbox)
    other = api_of(api.client, new_workspace("Other")).workspace_id
    for ask in (
        lambda: retheming.start(other, id_, user_id=None, now=utcnow()),
        lambda: retheming.undo(other, id_, user_id=None, now=utcnow()),
        lambda: retheming.stop(other, id_, now=utcnow()),
    ):
        with pytest.raises(NotFound):
            ask()
    assert last_retheming(other) is None


def test_the_page_leads_through_it(api, staff, drain_outbox):
    taught_and_old(api, drain_outbox)
    browser = staff("product")

    def page():
        answer = browser.get("/themes/learning")
        assert answer.status_code == 200
        return " ".join(unescape(answer.text).split())

    def press(what):
        address = f"/themes/learning/past/{last_retheming(api.workspace_id).id}/{what}"
        assert browser.post(address).status_code == 302

    assert "See what would change" in page()
    assert browser.post("/themes/learning/past").status_code == 302
    assert "Looking at what would change" in page()
    drain_outbox()
    assert "30 comments would be judged anew in all." in page()
    press("start")
    assert "Comments judged anew" in page()
    assert "data-live" in page()
    drain_outbox()
    assert "Put the former themes back" in page()
    assert "data-live" not in page()
    press("undo")
    assert "The former themes are being put back" in page()
    drain_outbox()
    assert "The former themes were put back on" in page()


def test_what_failed_for_good_can_be_gone_on_with(api, staff, drain_outbox):
    taught_and_old(api, drain_outbox)
    id_ = look(api, drain_outbox)
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    with transaction() as session:
        session.execute(
            update(Pending).where(Pending.kind == RETHEME).values(set_aside_at=utcnow())
        )
    assert last_retheming(api.workspace_id).is_stuck
    retheming.start(api.workspace_id, id_, user_id=None, now=utcnow())
    outbox.work_off(RETHEME, now=utcnow())
    assert last_retheming(api.workspace_id).done == 30


def test_responses_erased_in_between_do_no_harm(api, drain_outbox):
    _, past = taught_and_old(api, drain_outbox)
    id_ = rejudge(api, drain_outbox)
    with transaction() as session:
        session.delete(session.get_one(Response, (api.workspace_id, past[0])))
    retheming.undo(api.workspace_id, id_, user_id=None, now=utcnow())
    drain_outbox()
    assert last_retheming(api.workspace_id).state == "undone"


def test_labels_are_not_touched(api, drain_outbox):
    taught_and_old(api, drain_outbox)

    def labels():
        with snapshot() as session:
            rows = session.scalars(scoped(understanding.Label, api.workspace_id))
            return sorted((str(row.response_id), row.verdict) for row in rows)

    before = labels()
    rejudge(api, drain_outbox)
    assert labels() == before
    assert isinstance(UUID(before[0][0]), UUID)
