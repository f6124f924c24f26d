"""Which answers open a case, for whom, and what may move it later."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from threading import Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from surveys.exchange import StatedRate
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up import opening, service, undoing
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.service import Change
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.people.money import service as money
from vocapp.understanding.models import Analysis, Assignment, Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.reach import WHOLE_WORKSPACE


def cases(workspace_id: UUID) -> list[FollowUp]:
    with snapshot() as session:
        return list(session.scalars(scoped(FollowUp, workspace_id).order_by(FollowUp.id)))


def entries(workspace_id: UUID) -> list[tuple[str, dict]]:
    with snapshot() as session:
        rows = session.scalars(scoped(FollowUpEntry, workspace_id).order_by(FollowUpEntry.id))
        return [(row.kind, row.detail) for row in rows]


def say_themes(workspace_id: UUID, response_id: str, *keys: str, sentiment: str = "negative"):
    """What the pipeline leaves behind, without its models."""
    with transaction() as session:
        ensure_themes(session, workspace_id, now=utcnow())
        ids = dict(
            session.execute(
                select(Theme.key, Theme.id).where(Theme.workspace_id == workspace_id)
            ).all()
        )
        session.merge(
            Analysis(
                workspace_id=workspace_id, response_id=UUID(response_id), state="done",
                language="en", sentiment=sentiment, redacted="Redacted words",
            )
        )  # fmt: skip
        for key in keys:
            session.merge(
                Assignment(
                    workspace_id=workspace_id, response_id=UUID(response_id), theme_id=ids[key],
                    confidence=0.9, sentiment=sentiment, source="model", evidence_start=0,
                    evidence_end=4, assigned_at=utcnow(), answered_at=utcnow(),
                )
            )  # fmt: skip
        outbox.add(
            session, workspace_id, "follow_up", UUID(response_id), now=utcnow(),
            detail={"stage": "themed"},
        )  # fmt: skip


@pytest.mark.parametrize(("kind", "low", "fine"), [("nps", 6, 7), ("csat", 2, 3), ("ces", 3, 4)])
def test_a_low_score_opens_a_case_at_once_and_a_better_one_does_not(
    any_api, handle, kind, low, fine
):
    any_api.survey(kind, kind=kind)
    any_api.respond(kind, score=fine)
    opened = any_api.respond(kind, score=low).json["id"]
    handle()
    (case,) = cases(any_api.workspace_id)
    assert (str(case.response_id), case.state, case.rule_key) == (opened, "open", "low-score")
    assert case.reasons[0] == f"score_low:{low}"
    assert case.due_at - case.opened_at == timedelta(hours=24)
    assert entries(any_api.workspace_id) == [("opened", {"rule": "low-score", "stage": "scored"})]


def test_an_old_answer_that_comes_in_now_opens_a_case(api, handle):
    api.survey()
    api.respond(score=1, answered_at="2024-01-01T00:00:00Z")
    handle()
    assert len(cases(api.workspace_id)) == 1


def test_a_confidential_survey_never_opens_a_case(any_api, handle):
    any_api.survey(confidential=True)
    response = any_api.respond(score=0).json["id"]
    handle()
    say_themes(any_api.workspace_id, response, "security")
    handle()
    assert cases(any_api.workspace_id) == []


def test_imported_history_opens_no_case_when_its_themes_are_found(api, handle):
    api.survey()
    response = api.respond(score=0).json["id"]
    with transaction() as session:
        session.execute(
            Response.__table__.update()
            .values(channel="import")
            .where(Response.workspace_id == api.workspace_id)
        )
        session.execute(Pending.__table__.delete().where(Pending.workspace_id == api.workspace_id))
    say_themes(api.workspace_id, response, "security")
    handle()
    assert cases(api.workspace_id) == []


def test_words_of_leaving_open_a_case_for_a_middle_score(api, handle):
    api.survey()
    api.respond(score=8, comment="他社への乗り換えを検討しています")
    handle()
    assert [case.rule_key for case in cases(api.workspace_id)] == ["cancel-risk"]


def test_the_owner_of_the_account_gets_the_case_and_others_come_in_turn(any_api, handle, colleague):
    workspace_id = any_api.workspace_id
    any_api.survey()
    first, second = sorted([colleague(workspace_id), colleague(workspace_id)])
    colleague(workspace_id, "viewer")
    any_api.post("/api/v1/accounts", {"external_id": "acme", "name": "Acme"})
    with transaction() as session:
        account = session.scalars(scoped(Account, workspace_id)).one()
        account.owner_user_id = second
    for fields in ({"account": {"external_id": "acme"}}, {}, {}, {}):
        any_api.respond(score=1, **fields)
        handle()
    owners = [case.owner_user_id for case in cases(workspace_id)]
    assert owners == [second, first, second, first]


def test_a_case_has_no_owner_when_nobody_is_on_the_team(api, handle):
    api.survey()
    api.respond(score=1)
    handle()
    assert cases(api.workspace_id)[0].owner_user_id is None


def test_themes_move_an_untouched_case_once(any_api, handle):
    any_api.survey()
    response = any_api.respond(score=2).json["id"]
    handle()
    for _ in range(2):
        say_themes(any_api.workspace_id, response, "security")
        handle()
    (case,) = cases(any_api.workspace_id)
    assert (case.rule_key, case.team) == ("security-concern", "support")
    assert case.due_at - case.opened_at == timedelta(hours=4)
    assert "theme:security" in case.reasons
    assert [kind for kind, _ in entries(any_api.workspace_id)] == ["opened", "routed"]


def test_a_case_that_somebody_touched_gets_a_suggestion_which_may_be_taken(
    any_api, handle, colleague
):
    workspace_id = any_api.workspace_id
    actor = colleague(workspace_id)
    any_api.survey()
    response = any_api.respond(score=2).json["id"]
    handle()
    (case,) = cases(workspace_id)
    service.change_follow_up(
        workspace_id, case.id, Change(state="contacted"), reach=WHOLE_WORKSPACE,
        actor_user_id=actor, now=utcnow(),
    )  # fmt: skip
    say_themes(workspace_id, response, "security")
    handle()
    (case,) = cases(workspace_id)
    assert (case.rule_key, case.state) == ("low-score", "contacted")
    assert case.suggestion["rule"] == "security-concern"
    done = service.take_suggestion(
        workspace_id, case.id, reach=WHOLE_WORKSPACE, accept=True,
        expected_version=case.version, actor_user_id=actor, now=utcnow(),
    )  # fmt: skip
    (case,) = cases(workspace_id)
    assert (case.rule_key, case.team, case.suggestion) == ("security-concern", "support", None)
    by = {"reach": WHOLE_WORKSPACE, "actor_user_id": actor}
    assert undoing.undo(workspace_id, done.undo, **by, now=utcnow()) == 1
    (case,) = cases(workspace_id)
    assert (case.rule_key, case.suggestion["rule"]) == ("low-score", "security-concern")


def test_a_case_older_than_seven_days_is_not_moved_by_themes(api, handle):
    api.survey()
    response = api.respond(score=2).json["id"]
    handle()
    with transaction() as session:
        case = session.scalars(scoped(FollowUp, api.workspace_id)).one()
        case.opened_at -= timedelta(days=8)
    say_themes(api.workspace_id, response, "security")
    handle()
    (case,) = cases(api.workspace_id)
    assert case.rule_key == "low-score"
    assert case.suggestion["rule"] == "security-concern"


def test_themes_found_late_open_nothing_for_an_old_answer(api, handle):
    api.survey()
    old = (utcnow() - timedelta(days=9)).isoformat()
    late = api.respond(score=7, answered_at=old).json["id"]
    fresh = api.respond(score=7).json["id"]
    handle()
    for response in (late, fresh):
        say_themes(api.workspace_id, response, "usability")
    handle()
    assert [str(case.response_id) for case in cases(api.workspace_id)] == [fresh]
    assert cases(api.workspace_id)[0].team == "product"


def test_an_answer_that_was_improved_keeps_its_case_and_says_so(any_api, handle):
    from vocapp.collecting.service import revise_response

    any_api.survey()
    response = any_api.respond(score=2).json["id"]
    handle()
    (before,) = cases(any_api.workspace_id)
    for _ in range(2):
        revise_response(
            any_api.workspace_id, UUID(response), revision=1, answers={"score": 9}, now=utcnow()
        )
        handle()
    (case,) = cases(any_api.workspace_id)
    assert case.state == "open"
    assert case.suggestion == {"action": "close", "score": 9}
    assert case.priority < before.priority
    assert [kind for kind, _ in entries(any_api.workspace_id)] == ["opened", "suggestion"]


def test_one_answer_handled_by_many_at_once_opens_one_case(any_database, any_api):
    any_api.survey()
    response = UUID(any_api.respond(score=1).json["id"])
    problems: list[BaseException] = []

    def work() -> None:
        with any_database.app_context():
            try:
                with transaction() as session:
                    row = Pending(
                        workspace_id=any_api.workspace_id, kind="follow_up", id=uuid4(),
                        subject_id=response, detail={"stage": "scored"},
                    )  # fmt: skip
                    opening.follow_up(session, [row])
            except BaseException as exc:  # noqa: BLE001 - shown by the assertion below
                problems.append(exc)

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(cases(any_api.workspace_id)) == 1
    assert [kind for kind, _ in entries(any_api.workspace_id)] == ["opened"]


def test_cases_are_ranked_anew_when_a_day_begins_and_the_work_plants_itself_again(any_api, handle):
    workspace_id = any_api.workspace_id
    any_api.survey()
    renewal = (utcnow().date() + timedelta(days=100)).isoformat()
    account = {"external_id": "acme", "mrr": 120000, "currency": "JPY", "renewal_on": renewal}
    any_api.respond(score=2, account=account)
    any_api.respond(score=2)
    handle()
    ranked = sorted(cases(workspace_id), key=lambda case: -case.priority)
    assert ranked[0].account_id is not None
    with transaction() as session:
        row = session.scalars(scoped(Account, workspace_id)).one()
        row.renewal_on = date.fromisoformat(renewal) - timedelta(days=90)
        waiting = session.scalars(scoped(Pending, workspace_id).where(Pending.kind == "rerank"))
        waiting.one().due_at = utcnow()
    outbox.work_off("rerank", now=utcnow())
    again = next(case for case in cases(workspace_id) if case.account_id)
    assert again.priority > ranked[0].priority
    assert again.version == ranked[0].version
    with snapshot() as session:
        due = session.scalars(
            select(Pending.due_at).where(
                Pending.workspace_id == workspace_id, Pending.kind == "rerank"
            )
        ).all()
    assert len(due) == 1
    assert utcnow() < due[0] <= utcnow() + timedelta(days=1)


def test_a_batch_takes_a_fixed_number_of_statements(api, count_statements):
    api.survey()
    counts = []
    for n in (2, 12):
        for _ in range(n):
            api.respond(score=9)  # opens nothing: what is counted is the reading
        with count_statements() as counted:
            outbox.work_off("follow_up", now=utcnow())
        counts.append(counted.n)
    assert counts[1] <= counts[0]


@pytest.mark.parametrize(("score", "opens"), [(9, False), (2, True)])
def test_people_and_channels_are_read_only_where_a_case_opens(api, count_statements, score, opens):
    api.survey()
    api.respond(score=score)
    with count_statements() as counted:
        outbox.work_off("follow_up", now=utcnow())
    read = " ".join(counted.texts)
    for table in ("membership", "working_hours", "absence", "routing_channel"):
        assert (f"FROM {table}" in read) == opens, table


def test_only_what_is_in_the_workspace_counts(any_api, api_of, new_workspace, any_database, handle):
    other = api_of(any_database.test_client(), new_workspace("Other"))
    for each in (any_api, other):
        each.survey()
        each.respond(score=1)
    handle()
    assert len(cases(any_api.workspace_id)) == len(cases(other.workspace_id)) == 1
    with snapshot() as session:
        total = select(func.count()).select_from(FollowUp)
        assert session.scalar(total) == 2


def test_customers_of_two_currencies_are_ranked_by_the_stated_rates(any_api, handle):
    """120,000 yen are 840.00 EUR at 0.007; by their magnitude they would be 1,200."""
    workspace_id = any_api.workspace_id
    money.save_settings(workspace_id, currency="EUR", margin=None, now=utcnow())
    rate = StatedRate("JPY", date(2020, 1, 1), Decimal("0.007"))
    money.state_rates(workspace_id, [rate], now=utcnow())
    any_api.survey()
    for key, mrr, code in (("jp", 120_000, "JPY"), ("eu", 84_000, "EUR"), ("eu2", 90_000, "EUR")):
        any_api.respond(score=2, account={"external_id": key, "mrr": mrr, "currency": code})
    handle()
    first, second, third = (case.priority for case in cases(workspace_id))
    assert first == second < third
