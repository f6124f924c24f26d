"""Several answers of one person are one case: nobody is called twice for having answered twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up import queries
from vocapp.following_up.calls import Talk, log_talk
from vocapp.following_up.choosing import Filters
from vocapp.following_up.merging import merge_cases, part_case
from vocapp.following_up.models import FollowUp
from vocapp.following_up.ranking import rerank
from vocapp.following_up.service import Change, change_follow_up, change_follow_ups
from vocapp.following_up.undoing import undo
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL
from vocapp.workspaces.reach import OwnAccounts

MIKA = {"external_id": "u1", "name": "Mika", "email": "mika@example.com"}


@pytest.fixture
def answers(any_api, handle, case_of):
    """`answers((score, comment), …)`: cases of Mika, one for each answer."""
    for key in ("nps", "renewal", "support"):
        any_api.survey(key)

    def answer(*said, contact=MIKA):
        found = []
        for key, (score, comment) in zip(("nps", "renewal", "support"), said, strict=False):
            given = any_api.respond(key, score=score, comment=comment, contact=contact)
            found.append(given.json["id"])
        handle()
        return [case_of(each) for each in found]

    return answer


def reload(case):
    with snapshot() as session:
        return session.get_one(FollowUp, (case.workspace_id, case.id))


def reasons(case):
    """Why a case is urgent, but for how long it has waited."""
    return [code for code in reload(case).reasons if not code.startswith("waiting_days")]


def listed(workspace_id, **filters):
    rows = queries.queue(workspace_id, Filters(**filters), reach=ALL, now=utcnow(), limit=50)
    return {row.id for row in rows}


@pytest.fixture
def merge(colleague, any_api):
    """`merge(case, …, kept=…)`, by the same person each time; `merge.actor` is who."""
    actor = colleague(any_api.workspace_id)

    def do(*cases, kept=None, reach=ALL):
        return merge_cases(
            any_api.workspace_id, [case.id for case in cases], reach=reach,
            kept_id=kept.id if kept else None, actor_user_id=actor, now=utcnow(),
        )  # fmt: skip

    do.actor = actor
    return do


def test_the_most_urgent_is_kept_and_the_others_leave_what_is_to_do(answers, merge, lines_of):
    mild, grave = answers((6, "A bit slow"), (0, "We will cancel"))
    kept_id, done = merge(mild, grave)
    assert (kept_id, done.changed) == (grave.id, 2)
    assert listed(grave.workspace_id) == {grave.id}
    assert listed(grave.workspace_id, states=("merged",)) == {mild.id}
    assert reload(mild).merged_into_id == grave.id
    assert lines_of(grave)[-1].detail["answers"] == 1
    assert lines_of(mild)[-1].detail["to"]["merged_into_id"] == str(grave.id)


def test_one_can_say_which_goes_on_and_it_is_as_urgent_and_due_as_the_most_pressing(answers, merge):
    mild, grave = answers((6, "A bit slow"), (0, "We will cancel"))
    assert grave.due_at < mild.due_at
    urgency = reasons(grave)
    merge(mild, grave, kept=mild)
    kept = reload(mild)
    assert kept.due_at == grave.due_at
    assert reasons(mild) == urgency
    with transaction() as session:
        rerank(session, kept.workspace_id, now=utcnow())
    assert reasons(mild) == urgency


def test_what_stood_in_a_merged_one_goes_along(answers, merge):
    first, second, third = answers((6, "Slow"), (5, "Slow again"), (4, "Still slow"))
    merge(first, second, kept=second)
    merge(second, third, kept=third)
    assert {reload(each).merged_into_id for each in (first, second)} == {third.id}


@pytest.mark.parametrize("stranger", [{"external_id": "u2"}, None])
def test_answers_of_different_or_unknown_people_are_not_merged(answers, merge, stranger):
    (hers,) = answers((2, "Slow"))
    (theirs,) = answers((2, "Slow"), contact=stranger)
    with pytest.raises(BadInput, match="of one person"):
        merge(hers, theirs)
    assert listed(hers.workspace_id) == {hers.id, theirs.id}


def test_with_one_or_what_has_ended_there_is_nothing_to_merge(answers, merge):
    first, second = answers((2, "Slow"), (3, "Late"))
    change_follow_up(
        first.workspace_id, first.id, Change(state="resolved", outcome="solved"),
        reach=ALL, actor_user_id=merge.actor, now=utcnow(),
    )  # fmt: skip
    assert merge(first, second)[0] is None
    assert merge(second)[0] is None
    assert merge(first, second, kept=first)[0] is None
    assert reload(second).version == second.version


def test_a_case_beyond_reach_is_as_if_absent(answers, merge):
    first, second = answers((2, "Slow"), (3, "Late"))
    own = OwnAccounts(merge.actor)
    change_follow_up(
        second.workspace_id, second.id, Change(unassign=True),
        reach=ALL, actor_user_id=merge.actor, now=utcnow(),
    )  # fmt: skip
    assert merge(first, second, reach=own)[0] is None
    assert reload(second).state == "open"


def test_undo_puts_each_back_as_it_was(answers, merge):
    mild, grave = answers((6, "A bit slow"), (0, "We will cancel"))
    before = [(c.state, c.due_at, reasons(c)) for c in map(reload, (mild, grave))]
    _kept, done = merge(mild, grave, kept=mild)
    undo(mild.workspace_id, done.undo, reach=ALL, actor_user_id=merge.actor, now=utcnow())
    assert [(c.state, c.due_at, reasons(c)) for c in map(reload, (mild, grave))] == before


@pytest.mark.parametrize(("contacted", "state"), [(False, "open"), (True, "contacted")])
def test_one_that_is_taken_out_stands_alone_again(answers, merge, contacted, state):
    mild, grave = answers((6, "A bit slow"), (0, "We will cancel"))
    if contacted:
        change_follow_up(
            mild.workspace_id, mild.id, Change(state="waiting"),
            reach=ALL, actor_user_id=merge.actor, now=utcnow(),
        )  # fmt: skip
    merge(mild, grave, kept=grave)
    arguments = {"reach": ALL, "actor_user_id": merge.actor, "now": utcnow()}
    part_case(mild.workspace_id, mild.id, **arguments)
    alone = reload(mild)
    assert (alone.state, alone.merged_into_id) == (state, None)
    assert listed(mild.workspace_id) == {mild.id, grave.id}
    with pytest.raises(Conflict, match="stands alone"):
        part_case(mild.workspace_id, mild.id, **arguments)


def test_nothing_is_done_to_what_stands_in_another(answers, merge):
    mild, grave = answers((6, "A bit slow"), (0, "We will cancel"))
    merge(mild, grave)
    with pytest.raises(Conflict, match="stands in another"):
        change_follow_up(
            mild.workspace_id, mild.id, Change(note="Called"), reach=ALL,
            actor_user_id=merge.actor, now=utcnow(),
        )  # fmt: skip
    with pytest.raises(Conflict, match="stands in another"):
        log_talk(
            mild.workspace_id, mild.id, Talk("call", True, utcnow()), reach=ALL,
            actor_user_id=merge.actor, now=utcnow(),
        )  # fmt: skip
    done = change_follow_ups(
        mild.workspace_id, [mild.id, grave.id], Change(state="contacted"), reach=ALL,
        actor_user_id=merge.actor, now=utcnow(),
    )  # fmt: skip
    assert done.changed == 1


def test_what_is_understood_later_of_a_joined_answer_ranks_the_case_it_stands_in(
    any_api, answers, merge, handle
):
    mild, grave = answers((6, "Slow"), (4, "Late"))
    merge(mild, grave, kept=grave)
    with transaction() as session:
        # As if the kept case had been ranked before the other one came.
        session.execute(
            update(FollowUp)
            .where(FollowUp.workspace_id == grave.workspace_id, FollowUp.id == grave.id)
            .values(reasons=["score:4"], priority=0.0)
        )
        outbox.add(
            session, mild.workspace_id, "follow_up", mild.response_id, now=utcnow(),
            detail={"stage": "themed"},
        )  # fmt: skip
    handle()
    assert reload(grave).priority > 0
    assert reload(mild).state == "merged"


def test_an_answer_of_the_person_wakes_the_kept_case(any_api, answers, merge, handle):
    mild, grave = answers((6, "Slow"), (4, "Late"))
    merge(mild, grave, kept=grave)
    change_follow_up(
        grave.workspace_id, grave.id, Change(snooze_until=utcnow() + timedelta(days=3)),
        reach=ALL, actor_user_id=merge.actor, now=utcnow(),
    )  # fmt: skip
    any_api.respond("support", score=9, contact={"external_id": "u1"})
    handle()
    assert reload(grave).snoozed_until is None


# --- pages and the API --------------------------------------------------------------------


@pytest.fixture
def pair(api, handle, case_of):
    """Two open cases of Mika."""
    api.survey()
    api.survey("renewal", name="Renewal")
    said = [
        api.respond(key, score=score, comment=comment, contact=MIKA).json["id"]
        for key, score, comment in (("nps", 6, "A bit slow"), ("renewal", 0, "We will cancel"))
    ]
    handle()
    return [case_of(each) for each in said]


def test_a_case_offers_to_take_the_others_in_and_shows_what_they_say(pair, staff):
    mild, grave = pair
    browser = staff("success")
    page = browser.get(f"/follow-ups/{grave.id}").text
    assert "This person has another follow-up to do." in page
    ids = [str(grave.id), str(mild.id)]
    answer = browser.post("/follow-ups/merge", {"kept": str(grave.id), "id": ids})
    assert answer.headers["Location"].endswith(str(grave.id))
    page = browser.get(f"/follow-ups/{grave.id}").text
    assert "A bit slow" in page
    assert "Also said by this person" in page
    assert "This person has another follow-up" not in page
    assert "1 more answer" in browser.get("/follow-ups").text
    joined = browser.get(f"/follow-ups/{mild.id}").text
    assert "is worked on there" in joined
    assert 'name="held_at"' not in joined
    browser.post(f"/follow-ups/{mild.id}/part", {})
    assert "1 more answer" not in browser.get("/follow-ups").text


def test_the_api_says_where_a_merged_case_stands(pair, api, staff):
    mild, grave = pair
    staff("success").post("/follow-ups/merge", {"id": [str(mild.id), str(grave.id)]})
    (row,) = api.get("/api/v1/follow-ups?state=merged").json["items"]
    assert (row["id"], row["merged_into"]) == (str(mild.id), str(grave.id))
    assert [UUID(each["id"]) for each in api.get("/api/v1/follow-ups").json["items"]] == [grave.id]
    refused = api.patch(f"/api/v1/follow-ups/{mild.id}", {"note": "Called"})
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("ids", "words"),
    [([0], "at least two"), ([0, 2], "one and the same person"), ([], "at least two")],
)
def test_what_cannot_be_merged_is_said_in_words(pair, api, staff, handle, case_of, ids, words):
    other = api.respond(score=1, contact={"external_id": "u9"}).json["id"]
    handle()
    cases = [*pair, case_of(other)]
    browser = staff("success")
    browser.post("/follow-ups/merge", {"id": [str(cases[each].id) for each in ids]})
    assert words in browser.get("/follow-ups").text
