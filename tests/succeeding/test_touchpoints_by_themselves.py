"""Touchpoints of accounts that nobody looks after: sent when due, once, or left to a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from surveys.fields import FieldError
from surveys.outreach import Outreach, Words
from surveys.touchpoints import Sends, default_model, model_to_json, validate_model
from tests.succeeding.test_tech_touch import customer, rows_of, survey_of
from tests.succeeding.test_touch_model import in_force, use
from tests.succeeding.test_touchpoints import plan, plans
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation
from vocapp.distributing.receiving import Incoming
from vocapp.distributing.service import MAIL, suppress
from vocapp.people.models import Account
from vocapp.succeeding.playbooks import sending
from vocapp.succeeding.playbooks.models import PlaybookLetter, PlaybookSending
from vocapp.succeeding.playbooks.posting import PLAYBOOK_MAIL
from vocapp.succeeding.touchpoints import by_itself, offered_letters, planning, service
from vocapp.succeeding.touchpoints.looking_ahead import changes_by
from vocapp.workspaces.models import AuditEntry

LETTER = {
    "en": Words("{account}: does it work?", "{greeting}\n\nis the set-up as it should be?"),
    "ja": Words("{account} 様の初期設定", "{greeting}\n\n問題はございませんか。"),
}
WORDS = {"en": {"subject": "a", "body": "b"}}
SENDS = Sends(Outreach(words=LETTER, roles=("champion", "user")))


@pytest.fixture
def app(any_database):
    """The mail server takes the mail of each kind of database."""
    return any_database


@pytest.fixture
def ready(any_api, mail_server):
    """A customer in its first week, of whom nobody has heard, with people in two languages."""
    customer(
        any_api, "new", ("ann", ["champion"], {}), ("bo", ["user"], {"locale": "ja"}),
        ("cy", ["billing"], {}), started=8,
    )  # fmt: skip
    return any_api


def work():
    """All that is due, or will be within the hour, is done."""
    for _ in range(2):
        for kind in (planning.PLAN, by_itself.RELEASE, PLAYBOOK_MAIL, MAIL, by_itself.RELEASE):
            for _ in range(5):
                outbox.work_off(kind, now=utcnow() + timedelta(hours=1))


def switch_on(api, key="setup-check", sends=SENDS, **changed):
    touchpoint = replace(in_force(api).touchpoint(key), sends=sends, **changed)
    return use(api, in_force(api).with_touchpoint(touchpoint))


def check(api):
    (row,) = plans(api, touch_key="setup-check")
    return row


def own(api, key):
    """Somebody looks after the account."""
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == api.workspace_id, Account.external_id == key)
            .values(owner_user_id=api.workspace.user_id)
        )


def states(api):
    return Counter((each.state, each.reason) for each in rows_of(api, PlaybookLetter))


def audited(api, action):
    with snapshot() as session:
        query = select(AuditEntry).where(
            AuditEntry.workspace_id == api.workspace_id, AuditEntry.action == action
        )
        return session.scalars(query).all()


def sent_of(api):
    """(state, reason) of what was begun by itself."""
    return [(each.state, each.reason) for each in rows_of(api, PlaybookSending)]


# --- what goes out ------------------------------------------------------------------------


def test_nothing_goes_out_until_it_is_switched_on(ready, mail_server):
    plan(ready)
    work()
    assert mail_server.received == [] == rows_of(ready, PlaybookSending)
    assert check(ready).state == "planned"


def test_a_letter_goes_out_in_the_language_of_each_once_and_the_touchpoint_is_done(
    ready, mail_server
):
    switch_on(ready)
    work()
    work()
    plan(ready)
    got = {to[0]: message for to, message in mail_server.received}
    assert len(mail_server.received) == 2
    assert sorted(got) == ["ann@new.example.com", "bo@new.example.com"]
    assert got["ann@new.example.com"]["Subject"] == "new Ltd: does it work?"
    assert "bo 様" in got["bo@new.example.com"].get_content()
    assert got["bo@new.example.com"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    row = check(ready)
    assert (row.state, row.way, row.decided_by_user_id) == ("done", "email", None)
    assert states(ready) == {("sent", None): 2}
    (noted,) = audited(ready, "touchpoint.sent")
    assert noted.detail == {"touchpoint": "setup-check"}


def test_a_survey_is_asked_in_the_usual_way(ready, mail_server):
    switch_on(
        ready, sends=Sends(Outreach(survey=survey_of(ready), roles=("champion",))),
        kinds={"high": "call", "tech": "survey"},
    )  # fmt: skip
    work()
    assert [to for to, _message in mail_server.received] == [["ann@new.example.com"]]
    (invitation,) = rows_of(ready, Invitation)
    assert invitation.state == "sent"
    assert check(ready).state == "done"


def test_accounts_with_an_owner_are_called_as_before(ready, mail_server):
    own(ready, "new")
    switch_on(ready)
    work()
    assert mail_server.received == [] == rows_of(ready, PlaybookSending)
    assert (check(ready).state, check(ready).kind) == ("planned", "call")


# --- what does not ------------------------------------------------------------------------


def test_nobody_to_write_to_leaves_it_due_with_the_reason(any_api, mail_server):
    customer(any_api, "new", ("cy", ["billing"], {}), started=8)
    switch_on(any_api)
    work()
    work()
    assert mail_server.received == []
    assert sent_of(any_api) == [("dropped", "nobody")]
    assert check(any_api).state == "planned"


def test_whoever_unsubscribed_is_left_out_and_a_person_takes_over(ready, mail_server):
    with transaction() as session:
        for name in ("ann", "bo"):
            digest = address_digest(ready.workspace_id, f"{name}@new.example.com")
            suppress(session, ready.workspace_id, digest, kind="unsubscribed", now=utcnow())
    switch_on(ready)
    work()
    assert mail_server.received == []
    assert sent_of(ready) == [("dropped", "unsubscribed")]
    assert check(ready).state == "planned"
    row = check(ready)
    service.mark_done(
        ready.workspace_id, row.id, "call", actor_user_id=ready.workspace.user_id, now=utcnow()
    )
    assert check(ready).way == "call"


def test_a_letter_of_a_playbook_or_touchpoint_of_late_keeps_the_next_one_away(ready, mail_server):
    switch_on(ready)
    switch_on(ready, "first-results", kinds={"tech": "email"}, offset_days=6)
    work()
    assert len(mail_server.received) == 2
    told = {(each.step_key, each.state, each.reason) for each in rows_of(ready, PlaybookSending)}
    assert sorted(state for _key, state, _reason in told) == ["done", "dropped"]
    assert {reason for _key, state, reason in told if state == "dropped"} == {"written_lately"}


def test_what_is_long_overdue_is_left_to_a_person(ready, mail_server):
    plan(ready)
    with transaction() as session:
        row = session.merge(check(ready))
        row.due_on = row.due_on - timedelta(days=30)
        row.anchor_on = row.anchor_on - timedelta(days=30)
        account = session.get_one(Account, (ready.workspace_id, row.account_id))
        account.started_on = row.anchor_on
    switch_on(ready)
    work()
    assert mail_server.received == []
    assert check(ready).state == "planned"


def test_no_more_people_a_day_than_is_said(any_api, mail_server):
    for number in range(3):
        customer(any_api, f"a{number}", (f"p{number}", ["user"], {}), started=8)
    switch_on(
        any_api, sends=replace(SENDS, outreach=replace(SENDS.outreach, most_people=1), a_day=2)
    )
    work()
    work()
    assert len(mail_server.received) == 2
    left = [row.state for row in plans(any_api, touch_key="setup-check")]
    assert Counter(left) == {"done": 2, "planned": 1}


def test_what_waits_for_another_day_keeps_no_other_touchpoint_away(
    any_api, mail_server, monkeypatch
):
    monkeypatch.setattr(by_itself, "BATCH", 2)
    people = [(name, ["user"], {}) for name in ("p", "q")]
    for number in range(3):
        customer(any_api, f"a{number}", *people, started=9)
    customer(any_api, "late", ("r", ["user"], {}), started=7)
    outreach = replace(SENDS.outreach, most_people=2)
    switch_on(any_api, sends=replace(SENDS, outreach=outreach, a_day=3))  # one account, and no more
    switch_on(
        any_api, "first-results", sends=replace(SENDS, person_days=0), kinds={"tech": "email"},
        offset_days=6,
    )  # fmt: skip
    work()
    counted = Counter((row.touch_key, row.state) for row in plans(any_api))
    assert counted["setup-check", "done"] == 1
    assert counted["first-results", "planned"] == 0


def test_switched_off_within_ten_minutes_nobody_gets_it_and_it_may_be_switched_on_again(
    ready, mail_server
):
    switch_on(ready)
    for kind in (planning.PLAN, by_itself.RELEASE):
        outbox.work_off(kind, now=utcnow())
    assert states(ready) == {("scheduled", None): 2}
    switch_on(ready, sends=None)
    work()
    assert mail_server.received == []
    assert rows_of(ready, PlaybookSending) == []
    switch_on(ready)
    work()
    assert len(mail_server.received) == 2
    assert check(ready).state == "done"


def test_a_person_who_is_quicker_stops_it_and_an_undo_does_not_send_it(ready, mail_server):
    switch_on(ready)
    for kind in (planning.PLAN, by_itself.RELEASE):
        outbox.work_off(kind, now=utcnow())
    who = ready.workspace.user_id
    done = service.mark_done(
        ready.workspace_id, check(ready).id, "call", actor_user_id=who, now=utcnow()
    )
    service.undo(ready.workspace_id, done.undo, actor_user_id=who, now=utcnow())
    work()
    assert mail_server.received == []
    assert states(ready) == {("not_sent", "taken_over"): 2}
    assert check(ready).state == "planned"


def test_what_was_sent_and_is_planned_again_is_not_sent_twice(ready, mail_server):
    switch_on(ready)
    work()
    who = ready.workspace.user_id
    service.plan_again(ready.workspace_id, check(ready).id, actor_user_id=who, now=utcnow())
    work()
    assert len(mail_server.received) == 2
    assert check(ready).state == "planned"
    assert sent_of(ready) == [("dropped", "planned_again")]


def test_an_owner_who_comes_before_it_leaves_has_it_to_do(ready, mail_server):
    switch_on(ready)
    for kind in (planning.PLAN, by_itself.RELEASE):
        outbox.work_off(kind, now=utcnow())
    own(ready, "new")
    work()
    assert mail_server.received == []
    assert sent_of(ready) == [("dropped", "has_owner")]
    plan(ready)
    assert (check(ready).state, check(ready).kind) == ("planned", "call")


def test_a_survey_that_is_closed_is_not_asked(ready, mail_server):
    survey_id = survey_of(ready)
    switch_on(ready, sends=Sends(Outreach(survey=survey_id)), kinds={"tech": "survey"})
    with transaction() as session:
        session.get_one(Survey, (ready.workspace_id, UUID(survey_id))).state = "closed"
    work()
    assert mail_server.received == []
    assert sent_of(ready) == [("dropped", "survey_closed")]


# --- what comes back, and what would be ---------------------------------------------------


def test_an_answer_to_the_letter_opens_a_case(ready, mail_server):
    switch_on(ready)
    work()
    letter = rows_of(ready, PlaybookLetter)[0]
    incoming = Incoming(
        "<r@x>", (), (letter.message_digest,), "ann@new.example.com", "Re", "It works.", (),
        False, None,
    )  # fmt: skip
    assert sending.take_reply(incoming, utcnow())
    assert rows_of(ready, PlaybookLetter)[0].replied_at is not None


def test_a_look_ahead_says_how_many_would_go_out(ready):
    customer(ready, "other", ("di", ["user"], {}), started=0)
    plan(ready)
    then = in_force(ready).with_touchpoint(
        replace(in_force(ready).touchpoint("setup-check"), sends=SENDS)
    )
    with snapshot() as session:
        found = changes_by(session, ready.workspace_id, in_force(ready).model, then, now=utcnow())
    assert (found.come, found.go, found.change, found.by_itself) == (0, 0, 0, 2)
    own(ready, "other")
    use(ready, then)
    work()
    with snapshot() as session:
        found = changes_by(session, ready.workspace_id, then, then, now=utcnow())
    assert found.by_itself == 0  # one is done, the other a person's


# --- the model ----------------------------------------------------------------------------


def test_every_offer_can_be_switched_on_and_the_model_is_read_back():
    for key in ("setup-check", "first-results", "value-review"):
        outreach = offered_letters.offered(key)
        assert set(outreach.words) == {"en", "ja"}
        model = default_model()
        touchpoints = tuple(
            replace(each, kinds={"tech": "email"}, sends=Sends(outreach))
            if each.key == key else each
            for each in model.touchpoints
        )  # fmt: skip
        model = replace(model, touchpoints=touchpoints)
        assert validate_model(model_to_json(model)) == model


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"words": {}}, "touchpoints[0].sends.words"),
        (
            {"words": {"en": {"subject": "a", "body": "b"}}, "a_day": 2},
            "touchpoints[0].sends.a_day",
        ),
        ({"survey": "x"}, "touchpoints[0].sends.survey"),
        ({"more": 1}, "touchpoints[0].sends.more"),
    ],
)
def test_a_model_names_what_is_wrong_of_what_is_sent(wrong, field):
    data = model_to_json(default_model())
    data["touchpoints"][0]["sends"] = wrong
    with pytest.raises(FieldError) as problem:
        validate_model(data)
    assert problem.value.field == field
