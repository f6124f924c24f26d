"""Playbooks that go out by themselves: whom they write to, how often, and when they do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from surveys.filters import parse_compact
from surveys.periods import local_day
from surveys.routing import Outcome, Rule
from tests.test_openapi import faults
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.receiving import Bounce, Incoming
from vocapp.distributing.service import MAIL, suppress
from vocapp.following_up.choosing import Filters
from vocapp.following_up.models import FollowUp
from vocapp.following_up.queries import queue
from vocapp.following_up.ranking import rerank
from vocapp.following_up.rules import NewRule, save_rule
from vocapp.following_up.writing import replies
from vocapp.following_up.writing.models import CaseMail
from vocapp.measuring.segments.service import NewSegment, save_segment
from vocapp.openapi_answers import SCHEMAS
from vocapp.outbox import Pending
from vocapp.people.health_changes import HEALTH
from vocapp.people.models import Account, Contact
from vocapp.people.personal_stores import Merge
from vocapp.people.service import erase_contact
from vocapp.succeeding.playbooks import evaluating, people, sending, service, trying_out
from vocapp.succeeding.playbooks.forms import Draft
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
    PlaybookTask,
)
from vocapp.succeeding.playbooks.posting import PLAYBOOK_MAIL
from vocapp.succeeding.playbooks.releasing import RELEASE
from vocapp.workspaces.reach import WHOLE_WORKSPACE

LETTER = {
    "en": {"subject": "{account}: may we help?", "body": "{greeting}\n\nset-up takes an hour."},
    "ja": {"subject": "{account} 様の初期設定", "body": "{greeting}\n\n1時間で終わります。"},
}
MAIL_STEP = {"key": "step-0", "kind": "email", "words": LETTER, "roles": ["champion", "user"]}
STALLED = {"kind": "onboarding_stalled", "days": 30, "until_days": 90}


def today():
    return local_day(utcnow(), "UTC")


def customer(api, key, *people, started=40):
    """An account that nobody owns; people: (name, roles, more)."""
    started_on = (today() - timedelta(days=started)).isoformat()
    facts = {"external_id": key, "name": f"{key} Ltd", "started_on": started_on}
    assert api.post("/api/v1/accounts", facts).status_code == 201
    for name, roles, more in people:
        contact = {
            "external_id": f"{key}-{name}", "name": name, "email": f"{name}@{key}.example.com",
            "account": {"external_id": key}, "roles": roles,
        }  # fmt: skip
        answer = api.post("/api/v1/contacts", contact | more)
        assert answer.status_code in (200, 201), answer.text


def set_up(api, key):
    event = {
        "id": f"s-{key}", "type": "milestone", "name": "setup_done", "account": key,
        "at": (utcnow() - timedelta(minutes=1)).isoformat(),
    }  # fmt: skip
    assert api.post("/api/v1/events", {"events": [event]}).json["rejected"] == []


def work(*kinds):
    """All that is due, or will be within the hour, is done."""
    for kind in kinds or (HEALTH, evaluating.BEGIN, RELEASE, PLAYBOOK_MAIL, MAIL):
        while outbox.work_off(kind, now=utcnow() + timedelta(hours=1)):
            pass


def add(api, *steps, **more):
    definition = {"key": "p", "trigger": STALLED, "steps": list(steps or [MAIL_STEP])} | more
    draft = Draft(
        "Help with set-up", definition, {each["key"]: "Mail" for each in definition["steps"]}
    )
    return service.add_playbook(api.workspace_id, draft, actor_user_id=None, now=utcnow())


def switch(api, playbook_id, *, on=True):
    return service.switch(
        api.workspace_id, playbook_id, on=on, actor_user_id=api.workspace.user_id, now=utcnow()
    )


def rows_of(api, model):
    with snapshot() as session:
        return list(session.scalars(scoped(model, api.workspace_id).order_by(model.id)))


def states(api):
    return Counter((each.state, each.reason) for each in rows_of(api, PlaybookLetter))


def next_day(api, monkeypatch):
    """The clock of the next day, for all that works."""
    for module in ("releasing", "sending"):
        monkeypatch.setattr(
            f"vocapp.succeeding.playbooks.{module}.utcnow", lambda: utcnow() + timedelta(days=1)
        )
    for kind in (RELEASE, PLAYBOOK_MAIL):
        while outbox.work_off(kind, now=utcnow() + timedelta(days=1, hours=1)):
            pass


@pytest.fixture
def app(any_database):
    """The mail server takes the mail of each kind of database."""
    return any_database


@pytest.fixture
def ready(any_api, mail_server):
    """One customer that is set up, so that set-up is told of, and one that stalls."""
    customer(any_api, "done")
    set_up(any_api, "done")
    customer(
        any_api, "slow", ("ann", ["champion"], {}), ("bo", ["user"], {"locale": "ja"}),
        ("cy", ["billing"], {}),
    )  # fmt: skip
    work()
    return any_api


# --- what goes out ------------------------------------------------------------------------


def test_a_letter_goes_to_the_roles_in_their_language_once(ready, mail_server):
    playbook_id = add(ready)
    work()
    assert mail_server.received == []
    switch(ready, playbook_id)
    work()
    work()
    got = {to[0]: message for to, message in mail_server.received}
    assert sorted(got) == ["ann@slow.example.com", "bo@slow.example.com"]
    assert len(mail_server.received) == 2
    ann, bo = got["ann@slow.example.com"], got["bo@slow.example.com"]
    assert ann["Subject"] == "slow Ltd: may we help?"
    assert "Hello ann,\r\n\r\nset-up takes an hour." in ann.get_content()
    assert "bo 様" in bo.get_content()
    assert ann["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = ann["List-Unsubscribe"].split(">")[0].strip("<")
    assert link in ann.get_content()
    assert rows_of(ready, PlaybookTask) == []
    assert states(ready) == {("sent", None): 2}
    assert {each.state for each in rows_of(ready, PlaybookSending)} == {"done"}


def test_the_same_step_is_a_task_where_somebody_looks_after_the_account(ready, mail_server):
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == ready.workspace_id, Account.external_id == "slow")
            .values(owner_user_id=ready.workspace.user_id)
        )
    switch(ready, add(ready))
    work()
    (task,) = rows_of(ready, PlaybookTask)
    assert (task.step_key, task.title) == ("step-0", "Mail")
    assert rows_of(ready, PlaybookSending) == mail_server.received == []


def test_an_account_that_has_an_owner_by_the_day_gets_a_task_and_no_letter(ready, mail_server):
    switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN)
    with transaction() as session:
        for account in session.scalars(scoped(Account, ready.workspace_id)):
            account.owner_user_id = ready.workspace.user_id
    work(RELEASE, PLAYBOOK_MAIL)
    (row,) = rows_of(ready, PlaybookSending)
    assert (row.state, row.reason) == ("dropped", "has_owner")
    assert [task.step_key for task in rows_of(ready, PlaybookTask)] == ["step-0"]
    assert mail_server.received == []


def test_a_later_step_goes_on_its_day(ready, mail_server, monkeypatch):
    later = MAIL_STEP | {"key": "step-1", "offset_days": 1}
    switch(ready, add(ready, MAIL_STEP, later))
    work()
    assert len(mail_server.received) == 2
    next_day(ready, monkeypatch)
    assert len(mail_server.received) == 4


# --- what does not --------------------------------------------------------------------------


def test_who_is_suppressed_gets_nothing_also_where_it_happens_at_the_last_moment(
    ready, mail_server
):
    with transaction() as session:
        digest = address_digest(ready.workspace_id, "ann@slow.example.com")
        suppress(session, ready.workspace_id, digest, kind="unsubscribed", now=utcnow())
    switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN, RELEASE)
    assert states(ready) == {("not_sent", "unsubscribed"): 1, ("scheduled", None): 1}
    with transaction() as session:
        digest = address_digest(ready.workspace_id, "bo@slow.example.com")
        suppress(session, ready.workspace_id, digest, kind="complained", now=utcnow())
    work(PLAYBOOK_MAIL)
    assert mail_server.received == []
    assert states(ready) == {("not_sent", "unsubscribed"): 1, ("not_sent", "complained"): 1}


def test_who_unsubscribes_by_the_link_gets_no_other_letter(ready, mail_server):
    switch(ready, add(ready, person_days=0))
    work()
    link = mail_server.messages[0]["List-Unsubscribe"].split(">")[0].strip("<")
    path = "/u/" + link.rsplit("/", 1)[1]
    answer = ready.client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    switch(ready, add(ready, person_days=0))
    work()
    assert len(mail_server.received) == 3


@pytest.mark.parametrize("when", ["before_release", "before_mail"])
def test_an_account_that_recovered_meanwhile_is_not_written_to(ready, mail_server, when):
    switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN)
    if when == "before_mail":
        work(RELEASE)
    set_up(ready, "slow")
    work()
    assert mail_server.received == []
    (row,) = rows_of(ready, PlaybookSending)
    told = {row.reason} | {each.reason for each in rows_of(ready, PlaybookLetter)}
    assert "recovered" in told


@pytest.mark.parametrize("when", ["before_release", "before_mail"])
def test_a_playbook_that_was_switched_off_sends_nothing_more(ready, mail_server, when):
    playbook_id = add(ready)
    switch(ready, playbook_id)
    work(HEALTH, evaluating.BEGIN)
    if when == "before_mail":
        work(RELEASE)
    switch(ready, playbook_id, on=False)
    work()
    assert mail_server.received == []
    (row,) = rows_of(ready, PlaybookSending)
    assert "switched_off" in {row.reason} | {e.reason for e in rows_of(ready, PlaybookLetter)}


def test_undoing_the_switch_takes_back_what_nobody_has_got(ready, mail_server):
    done = switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN, RELEASE)
    assert len(rows_of(ready, PlaybookLetter)) == 2
    service.undo(ready.workspace_id, done.undo, actor_user_id=ready.workspace.user_id, now=utcnow())
    work()
    assert mail_server.received == []
    assert [rows_of(ready, each) for each in (PlaybookRun, PlaybookLetter)] == [[], []]


def test_an_account_without_the_role_is_told_and_one_that_is_gone_is_not(ready, mail_server):
    switch(ready, add(ready, MAIL_STEP | {"roles": ["sponsor"]}))
    work()
    (row,) = rows_of(ready, PlaybookSending)
    assert (row.state, row.reason, mail_server.received) == ("dropped", "nobody", [])


# --- how many -------------------------------------------------------------------------------


def test_a_playbook_writes_to_no_more_people_a_day_and_to_the_rest_on_the_next_days(
    ready, mail_server, monkeypatch
):
    for number in range(7):
        customer(ready, f"more{number}", ("dan", ["champion"], {}))
    switch(ready, add(ready, MAIL_STEP | {"most_people": 2}, a_day=4))
    work()
    first = len(mail_server.received)
    assert first == 4
    next_day(ready, monkeypatch)
    days = Counter(each.day for each in rows_of(ready, PlaybookLetter))
    assert max(days.values()) <= 4
    assert len(mail_server.received) == 8
    addresses = [to[0] for to, _ in mail_server.received]
    assert len(set(addresses)) == 8


def test_nobody_hears_from_two_playbooks_within_the_days_that_one_sets(ready, mail_server):
    switch(ready, add(ready))
    work()
    switch(ready, add(ready, person_days=14))
    work()
    assert len(mail_server.received) == 2
    assert states(ready) == {("sent", None): 2, ("not_sent", "written_lately"): 2}
    switch(ready, add(ready, person_days=0))
    work()
    assert len(mail_server.received) == 4


def test_at_most_so_many_of_an_account_and_who_is_left_out_gives_way_to_the_next(ready):
    with transaction() as session:
        digest = address_digest(ready.workspace_id, "ann@slow.example.com")
        suppress(session, ready.workspace_id, digest, kind="bounced", now=utcnow())
    switch(ready, add(ready, MAIL_STEP | {"roles": [], "most_people": 1}))
    work()
    with snapshot() as session:
        told = session.execute(
            select(Contact.name, PlaybookLetter.state)
            .join(PlaybookLetter, PlaybookLetter.contact_id == Contact.id)
            .where(Contact.workspace_id == ready.workspace_id)
            .where(PlaybookLetter.workspace_id == ready.workspace_id)
        ).all()
    assert sorted(map(tuple, told)) == [("ann", "not_sent"), ("bo", "sent")]


# --- hours, killed, bounced -------------------------------------------------------------------


def test_a_letter_waits_for_the_hours_of_the_one_who_gets_it(ready, mail_server):
    # It is six in the morning, there where these people are.
    ahead = (6 - utcnow().hour + 12) % 24 - 12
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    with transaction() as session:
        for contact in session.scalars(scoped(Contact, ready.workspace_id)):
            contact.time_zone = zone
    save_limits(
        ready.workspace_id, Wished(since=time(9), until=time(17)), actor_user_id=None,
        now=utcnow(),
    )  # fmt: skip
    switch(ready, add(ready))
    work()
    assert mail_server.received == []
    with snapshot() as session:
        due = session.scalars(
            select(Pending.due_at).where(
                Pending.workspace_id == ready.workspace_id, Pending.kind == PLAYBOOK_MAIL
            )
        ).all()
    assert len(due) == 2
    assert {each.astimezone(ZoneInfo(zone)).hour for each in due} == {9}


def test_a_worker_that_was_killed_while_sending_never_makes_a_second_mail(
    ready, mail_server, monkeypatch
):
    switch(ready, add(ready, MAIL_STEP | {"most_people": 1}))
    work(HEALTH, evaluating.BEGIN, RELEASE)

    class Killed(BaseException):
        pass

    def die(*_args, **_values):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(sending._Steps, "sent", die)
        with pytest.raises(Killed):
            outbox.work_off(PLAYBOOK_MAIL, now=utcnow() + timedelta(hours=1))
    assert len(mail_server.received) == 1
    assert states(ready) == {("sending", None): 1}
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=2))
    for _ in range(3):
        while outbox.work_off(PLAYBOOK_MAIL, now=utcnow() + timedelta(hours=3)):
            pass
    assert len(mail_server.received) == 1
    assert states(ready) == {("unknown", "stopped_while_sending"): 1}


def test_an_address_that_is_refused_for_good_is_not_written_to_again(ready, mail_server):
    mail_server.replies["ann@slow.example.com"] = "550 5.1.1 no such user"
    switch(ready, add(ready, person_days=0))
    work()
    assert states(ready) == {("bounced", "550 5.1.1"): 1, ("sent", None): 1}
    switch(ready, add(ready, person_days=0))
    work()
    assert states(ready)[("not_sent", "bounced")] == 1


def test_a_letter_that_was_taken_at_no_attempt_ends_and_says_why(ready, mail_server):
    mail_server.replies["ann@slow.example.com"] = "451 4.3.0 later"
    switch(ready, add(ready))
    work()
    with transaction() as session:
        session.execute(update(Pending).where(Pending.kind == PLAYBOOK_MAIL).values(attempts=149))
    while outbox.work_off(PLAYBOOK_MAIL, now=utcnow() + timedelta(hours=3)):
        pass
    assert states(ready) == {("not_sent", "given_up: recipient: 451"): 1, ("sent", None): 1}


def test_a_server_that_takes_nothing_is_tried_again(ready, mail_server):
    mail_server.replies["ann@slow.example.com"] = "451 4.3.0 later"
    switch(ready, add(ready))
    work()
    del mail_server.replies["ann@slow.example.com"]
    while outbox.work_off(PLAYBOOK_MAIL, now=utcnow() + timedelta(hours=3)):
        pass
    assert len(mail_server.received) == 2
    assert states(ready) == {("sent", None): 2}


# --- surveys ----------------------------------------------------------------------------------


@pytest.fixture
def survey_step(ready):
    return {"key": "step-0", "kind": "survey", "survey": survey_of(ready), "roles": []}


def survey_of(api):
    key = api.survey()["key"]
    with snapshot() as session:
        return str(session.scalar(scoped(Survey, api.workspace_id).where(Survey.key == key)).id)


def test_a_survey_goes_through_the_ledger_of_asking(ready, survey_step, mail_server):
    save_limits(ready.workspace_id, Wished(person_days=30), actor_user_id=None, now=utcnow())
    switch(ready, add(ready, survey_step))
    work()
    assert len(mail_server.received) == 3
    lines = rows_of(ready, AskDecision)
    assert {(each.cause, each.outcome) for each in lines} == {("playbook", "asked")}
    assert {each.id for each in lines} == {each.id for each in rows_of(ready, PlaybookLetter)}
    switch(ready, add(ready, survey_step))
    work()
    assert len(mail_server.received) == 3
    assert states(ready) == {("asked", None): 3, ("not_sent", "asked_lately"): 3}


def test_switching_off_calls_invitations_back_that_wait(ready, survey_step, mail_server):
    playbook_id = add(ready, survey_step)
    switch(ready, playbook_id)
    work(HEALTH, evaluating.BEGIN, RELEASE)
    switch(ready, playbook_id, on=False)
    work()
    assert mail_server.received == []
    assert states(ready) == {("not_sent", "switched_off"): 3}
    assert {each.state for each in rows_of(ready, Invitation)} == {"not_sent"}


# --- trying it out ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["email", "survey"])
def test_a_trial_says_what_then_happens(ready, kind, mail_server):
    for number in range(6):
        customer(
            ready, f"more{number}", ("dan", ["champion"], {}), ("eve", ["user"], {}),
            ("flo", [], {"email": "flo@shared.example.com"}),
        )  # fmt: skip
    customer(ready, "empty")
    with transaction() as session:
        for address in ("ann@slow.example.com", "eve@more2.example.com", "dan@more3.example.com"):
            digest = address_digest(ready.workspace_id, address)
            suppress(session, ready.workspace_id, digest, kind="unsubscribed", now=utcnow())
        session.execute(
            update(Account)
            .where(Account.workspace_id == ready.workspace_id, Account.external_id == "more4")
            .values(owner_user_id=ready.workspace.user_id)
        )
    save_limits(
        ready.workspace_id, Wished(person_days=10, account_a_day=2), actor_user_id=None,
        now=utcnow(),
    )  # fmt: skip
    step = MAIL_STEP
    if kind == "survey":
        step = {"key": "step-0", "kind": "survey", "survey": survey_of(ready)}
    playbook_id = add(ready, step, a_day=8)
    with snapshot() as session:
        playbook = session.get_one(Playbook, (ready.workspace_id, playbook_id))
        would = trying_out.try_out(session, playbook, time_zone="UTC", now=utcnow(), limit=20)
        (trial,) = would.steps
        people = {contact.id for _, contact in trial.people}
        left_out = {(contact.id, reason) for _, contact, reason in trial.left_out}
    assert (would.high, would.tech) == (1, 7)
    assert people
    assert left_out
    switch(ready, playbook_id)
    work(HEALTH, evaluating.BEGIN, RELEASE)
    letters = rows_of(ready, PlaybookLetter)
    assert people == {each.contact_id for each in letters if each.state != "not_sent"}
    assert left_out == {
        (each.contact_id, each.reason) for each in letters if each.state == "not_sent"
    }
    sendings = Counter((each.state, each.reason) for each in rows_of(ready, PlaybookSending))
    assert sendings[("waiting", None)] == trial.later
    assert sendings[("dropped", "nobody")] == trial.nobody
    assert len(rows_of(ready, PlaybookTask)) == trial.tasks
    assert rows_of(ready, CaseMail) == []


# --- people who go, or become one ---------------------------------------------------------


def test_who_is_forgotten_leaves_no_letter(ready, mail_server):
    switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN, RELEASE)
    with snapshot() as session:
        ann = session.scalar(scoped(Contact, ready.workspace_id).where(Contact.name == "ann")).id
    erase_contact(ready.workspace_id, ann, actor_user_id=None, now=utcnow())
    work()
    assert [to for to, _ in mail_server.received] == [["bo@slow.example.com"]]
    assert len(rows_of(ready, PlaybookLetter)) == 1


def test_of_two_records_of_one_person_each_sending_keeps_one_letter(ready, mail_server):
    switch(ready, add(ready))
    work(HEALTH, evaluating.BEGIN, RELEASE)
    with transaction() as session:
        by_name = {
            each.name: each.id for each in session.scalars(scoped(Contact, ready.workspace_id))
        }
        merge = Merge(ready.workspace_id, by_name["ann"], by_name["bo"], frozenset(), utcnow())
        people.hand_over(session, merge)
    work(PLAYBOOK_MAIL)
    assert [to for to, _ in mail_server.received] == [["ann@slow.example.com"]]
    assert [each.contact_id for each in rows_of(ready, PlaybookLetter)] == [by_name["ann"]]


def test_a_bounce_stops_letters(ready):
    switch(ready, add(ready))
    work()
    letter = rows_of(ready, PlaybookLetter)[1]
    bounce = Incoming("<b@x>", (), (letter.message_digest,), "", "", "", (), True, Bounce("5.1.1"))
    assert sending.take_reply(bounce, utcnow())
    letter = rows_of(ready, PlaybookLetter)[1]
    assert (letter.state, letter.reason) == ("bounced", "5.1.1")
    assert rows_of(ready, FollowUp) == []
    switch(ready, add(ready, person_days=0))
    work()
    assert states(ready)[("not_sent", "bounced")] == 1


@pytest.mark.parametrize(
    ("bounce", "kind"), [(Bounce("5.1.1"), "bounced"), (None, "complained")]
)  # fmt: skip
def test_what_comes_back_late_bars_the_address_that_the_letter_went_to(ready, bounce, kind):
    switch(ready, add(ready))
    work()
    letter = rows_of(ready, PlaybookLetter)[0]
    with transaction() as session:
        contact = session.get_one(Contact, (ready.workspace_id, letter.contact_id))
        wrong, contact.email = contact.email, "put.right@example.com"
    told = Incoming(
        "<b@x>", (), (letter.message_digest,), "", "", "", (), True, bounce, bounce is None
    )
    assert sending.take_reply(told, utcnow())
    with snapshot() as session:
        barred = session.execute(select(Suppression.address_digest, Suppression.kind)).all()
    assert barred == [(address_digest(ready.workspace_id, wrong), kind)]


def test_whoever_calls_a_letter_spam_gets_no_more(ready):
    switch(ready, add(ready))
    work()
    letter = rows_of(ready, PlaybookLetter)[1]
    told = Incoming("<c@x>", (), (letter.message_digest,), "", "", "", (), True, None, True)
    assert sending.take_reply(told, utcnow())
    assert rows_of(ready, FollowUp) == []
    with snapshot() as session:
        assert session.scalars(select(Suppression.kind)).all() == ["complained"]


# --- what is answered ---------------------------------------------------------------------


def answer_to(letter, message, text="Yes please, call me\n\n> set-up takes an hour", **more):
    """As a mail program that keeps no thread sends it."""
    said = {"files": (), "is_automatic": False, "bounce": None} | more
    return Incoming(message, (), (letter.message_digest,), "ann@x", "Re: help", text, **said)


@pytest.fixture
def sent(ready):
    """A letter that went out to ann."""
    switch(ready, add(ready))
    work()
    ann = next(each for each in rows_of(ready, Contact) if each.name == "ann")
    return next(each for each in rows_of(ready, PlaybookLetter) if each.contact_id == ann.id)


def test_an_answer_opens_a_case_in_which_the_letter_stands(ready, sent):
    answer = answer_to(sent, "<a1@x>")
    assert [sending.take_reply(answer, utcnow()) for _ in range(2)] == [True, True]
    assert not sending.take_reply(answer_to(sent, "<away@x>", is_automatic=True), utcnow())
    (case,) = rows_of(ready, FollowUp)
    assert (case.state, case.team, case.news) == ("open", "success", "reply")
    assert (case.contact_id, case.account_id) == (sent.contact_id, sent.account_id)
    assert case.priority > 0
    theirs, ours = sorted(rows_of(ready, CaseMail), key=lambda each: each.direction)
    assert (ours.direction, ours.subject, ours.state) == ("out", "slow Ltd: may we help?", "sent")
    assert (theirs.direction, theirs.state) == ("in", "received")
    listed = ready.get("/api/v1/follow-ups").json["items"]
    assert [(each["id"], each["response"]) for each in listed] == [(str(case.id), None)]
    assert listed[0]["reason"].startswith("Replied to an e-mail")
    assert ready.get(f"/api/v1/follow-ups/{case.id}").json["rule"] == "by:reply"
    found = queue(
        ready.workspace_id, Filters(states=("open",), search="slow"), reach=WHOLE_WORKSPACE,
        now=utcnow(), limit=5,
    )  # fmt: skip
    assert [row.id for row in found] == [case.id]


def test_of_several_letters_that_a_mail_names_it_answers_the_nearest(ready, sent):
    other = next(each for each in rows_of(ready, PlaybookLetter) if each.id != sent.id)
    for nearest, further in ((sent, other), (other, sent)):
        named = (nearest.message_digest, further.message_digest)
        answer = replace(answer_to(nearest, f"<{nearest.id}@x>"), tokens=named)
        assert sending.take_reply(answer, utcnow())
        (case,) = [c for c in rows_of(ready, FollowUp) if c.contact_id == nearest.contact_id]
        assert case.news == "reply"


def test_such_a_case_goes_on_like_any_other(ready, sent):
    sending.take_reply(answer_to(sent, "<a1@x>"), utcnow())
    (case,) = rows_of(ready, FollowUp)
    path = f"/api/v1/follow-ups/{case.id}"
    assert ready.patch(path, {"state": "resolved", "outcome": "solved"}).status_code == 200
    work("ask_again")
    assert sending.take_reply(answer_to(sent, "<a2@x>"), utcnow())
    letter = next(each for each in rows_of(ready, CaseMail) if each.direction == "out")
    threaded = replace(answer_to(sent, "<a3@x>"), refers_to=(letter.message_id,), tokens=())
    assert replies.take_reply(threaded, utcnow())
    (again,) = rows_of(ready, FollowUp)
    assert (again.state, len(rows_of(ready, CaseMail))) == ("contacted", 4)
    with transaction() as session:
        assert rerank(session, ready.workspace_id, now=utcnow()) == 1
    (again,) = rows_of(ready, FollowUp)
    assert "replied" in again.reasons


def test_an_answer_joins_the_open_case_of_the_person(ready, sent):
    ready.survey()
    ready.respond(score=2, contact={"external_id": "slow-ann"}, account={"external_id": "slow"})
    work("follow_up")
    (case,) = rows_of(ready, FollowUp)
    sending.take_reply(answer_to(sent, "<a1@x>"), utcnow())
    (joined,) = rows_of(ready, FollowUp)
    assert (joined.id, joined.news) == (case.id, "reply")
    assert sorted(each.direction for each in rows_of(ready, CaseMail)) == ["in", "out"]


def test_rules_say_whose_an_answer_is(ready, sent, colleague):
    """By its own words, not by those that it quotes; else it is the owner's of the account."""
    owner = colleague(ready.workspace_id)
    with transaction() as session:
        account = session.get_one(Account, (ready.workspace_id, sent.account_id))
        account.owner_user_id = owner
    for word, team in (("hour", "product"), ("call", "support")):
        rule = Rule(word, {"text_any": [word]}, Outcome(team, None, 4, "urgent"))
        save_rule(
            ready.workspace_id, NewRule(word, rule), actor_user_id=ready.workspace.user_id,
            now=utcnow(),
        )  # fmt: skip
    sending.take_reply(answer_to(sent, "<a1@x>"), utcnow())
    other = next(each for each in rows_of(ready, PlaybookLetter) if each.id != sent.id)
    sending.take_reply(answer_to(other, "<b1@x>", "Thanks"), utcnow())
    routed, plain = rows_of(ready, FollowUp)
    assert (routed.rule_key, routed.team, routed.owner_user_id) == ("call", "support", None)
    assert (plain.rule_key, plain.team, plain.owner_user_id) == ("by:reply", "success", owner)


def test_rules_ask_for_the_segment_that_whoever_answers_is_in_now(ready, sent):
    with transaction() as session:
        session.get_one(Account, (ready.workspace_id, sent.account_id)).plan = "whale"
    new = NewSegment("Whales", parse_compact("plan:in(whale)"))
    key = save_segment(ready.workspace_id, new, actor_user_id=None, now=utcnow())
    rule = Rule("whales", {"segment": [key]}, Outcome("support", None, 4, "urgent"))
    save_rule(
        ready.workspace_id, NewRule("Whales", rule), actor_user_id=ready.workspace.user_id,
        now=utcnow(),
    )  # fmt: skip
    sending.take_reply(answer_to(sent, "<a1@x>"), utcnow())
    (case,) = rows_of(ready, FollowUp)
    assert (case.rule_key, case.team) == ("whales", "support")


# --- for machines -------------------------------------------------------------------------


def test_machines_read_what_fired_what_went_to_whom_and_what_came_of_it(ready, sent):
    customer(ready, "late", ("eve", ["champion"], {}), ("flo", ["user"], {"email": "x@y.example"}))
    with transaction() as session:
        digest = address_digest(ready.workspace_id, "x@y.example")
        suppress(session, ready.workspace_id, digest, kind="unsubscribed", now=utcnow())
    work()
    sending.take_reply(answer_to(sent, "<a1@x>"), utcnow())
    (playbook,) = ready.get("/api/v1/playbooks").json["items"]
    assert (playbook["name"], playbook["last_30_days"]["fired"]) == ("Help with set-up", 2)
    path = f"/api/v1/playbooks/{playbook['id']}/firings"
    answer = ready.get(path)
    assert faults(SCHEMAS, SCHEMAS["Firings"], answer.json) == []
    by_account = {each["account"]: each for each in answer.json["items"]}
    (mail,) = by_account["slow"]["sendings"]
    assert (mail["step"], mail["kind"], mail["state"]) == ("step-0", "email", "done")
    came = {each["contact"]["name"]: each for each in mail["letters"]}
    assert {name: each["state"] for name, each in came.items()} == {"ann": "sent", "bo": "sent"}
    assert (came["ann"]["answered_at"] is None, came["bo"]["answered_at"]) == (False, None)
    (mail,) = by_account["late"]["sendings"]
    assert [(each["contact"]["name"], each["state"], each["reason"]) for each in mail["letters"]
            if each["state"] == "not_sent"] == [("flo", "not_sent", "unsubscribed")]  # fmt: skip
    first = ready.get(f"{path}?limit=1").json
    second = ready.get(f"{path}?limit=1&cursor={first['next']}").json
    ids = [each["id"] for each in first["items"] + second["items"]]
    assert ids == [each["id"] for each in answer.json["items"]]
    assert second["next"] is None
