"""Whoever has not answered is reminded once, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update

from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation, Reminder
from vocapp.distributing.service import Unsubscription, unsubscribe
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact

PAGE = "/surveys/nps/invitations"
WORK = ("answered", "mail", "remind", "forget_mail")


@pytest.fixture
def clock():
    with time_machine.travel(utcnow(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def work(clock):
    def after(**time):
        clock.shift(timedelta(**time))
        for kind in WORK:
            outbox.work_off(kind, now=utcnow())

    return after


@pytest.fixture
def product(staff, api, clock):
    api.survey()
    return staff("product")


def switch(product, days, revision=0):
    form = {"remind_after": str(days), "revision": str(revision), "intro-en": "Hello from us."}
    answer = product.post(PAGE + "/mail", form)
    assert answer.status_code == 303, answer.text


def ask(api, email="aiko@example.com", survey="nps"):
    body = {"survey": survey, "channel": "email", "contact": {"email": email, "locale": "en"}}
    answer = api.post("/api/v1/invitations", body)
    assert answer.status_code == 201, answer.text
    return answer.json


def reminders():
    with snapshot() as session:
        rows = session.execute(select(Reminder.state, Reminder.reason).order_by(Reminder.due_at))
        return [tuple(row) for row in rows]


def mails(tmp_path, name="*"):
    paths = sorted((tmp_path / "mail").glob(f"{name}.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]


def test_a_reminder_goes_out_once_with_the_same_link_and_an_id_of_its_own(
    product, api, work, tmp_path
):
    switch(product, 4)
    asked = ask(api)
    work(minutes=1)
    work(days=3)
    assert [state for state, _ in reminders()] == ["scheduled"]
    work(days=1, minutes=1)
    work(days=10)
    assert reminders() == [("sent", None)]
    (first,), (second,) = mails(tmp_path, asked["id"]), mails(tmp_path, "*-reminder")
    assert second["Message-ID"] != first["Message-ID"]
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Subject"] == f"Reminder: {first['Subject']}"
    assert second["List-Unsubscribe-Post"] == first["List-Unsubscribe-Post"]
    text = second.get_body(("plain",)).get_content()
    assert "Your answer would still help us." in text
    assert "Hello from us." in text
    assert asked["link"] in text.replace("?score=0", "")
    assert api.get(f"/api/v1/invitations/{asked['id']}").json["reminded_at"] is not None


def stops_answer(api, asked):
    with transaction() as session:
        session.get_one(Invitation, (api.workspace_id, UUID(asked["id"]))).answered_at = utcnow()


def stops_unsubscribing(api, asked):
    digest = address_digest(api.workspace_id, "aiko@example.com")
    unsubscribe(Unsubscription(api.workspace_id, digest), now=utcnow())


def stops_leaving(api, asked):
    with transaction() as session:
        session.scalars(select(Contact)).one().left_at = utcnow()


def stops_another_survey(api, asked):
    api.survey("csat", kind="csat")
    ask(api, survey="csat")


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (stops_answer, "answered"),
        (stops_unsubscribing, "unsubscribed"),
        (stops_leaving, "left_company"),
        (stops_another_survey, "asked_since"),
    ],
)
def test_whoever_has_a_reason_is_not_reminded(product, api, work, tmp_path, stop, reason):
    switch(product, 2)
    asked = ask(api)
    work(minutes=1)
    work(days=1)
    stop(api, asked)
    work(days=2)
    assert reminders() == [("not_sent", reason)]
    assert mails(tmp_path, "*-reminder") == []


def test_switching_off_stops_what_waits_and_by_hand_it_goes_all_the_same(
    product, api, work, tmp_path
):
    switch(product, 5)
    ask(api)
    work(minutes=1)
    switch(product, "", revision=1)
    assert reminders() == [("not_sent", "switched_off")]
    work(days=6)
    assert "Remind 1 person" in product.get(PAGE).text
    for _ in range(2):
        assert product.post(PAGE + "/remind").status_code == 303
    work(minutes=1)
    assert reminders() == [("sent", None)]
    assert len(mails(tmp_path, "*-reminder")) == 1
    page = product.get(PAGE).text
    assert "There was nobody left to remind." in page
    assert "Reminded" in page


def test_by_hand_only_who_is_silent_for_a_day_is_reminded(product, api, work, tmp_path):
    answered, silent = ask(api, "kenji@example.com"), ask(api)
    work(minutes=1)
    with transaction() as session:
        row = session.get_one(Invitation, (api.workspace_id, UUID(answered["id"])))
        row.state, row.answered_at = "answered", utcnow()
    work(days=2)
    ask(api, "new@example.com")
    work(minutes=1)
    product.post(PAGE + "/remind")
    work(minutes=1)
    work(days=31)  # who was new is forgotten by then
    assert "Remind " not in product.get(PAGE).text
    (mail,) = mails(tmp_path, "*-reminder")
    assert "aiko@example.com" in str(mail["To"])
    assert silent["id"] in mail["Message-ID"]


def test_a_reminder_that_was_stopped_while_it_was_sent_is_not_sent_twice(
    product, api, work, tmp_path
):
    switch(product, 1)
    ask(api)
    work(minutes=1)
    with transaction() as session:
        session.scalars(select(Reminder)).one().state = "sending"
    work(days=2)
    assert reminders() == [("unknown", "stopped_while_sending")]
    assert mails(tmp_path, "*-reminder") == []


def test_a_reminder_that_was_taken_at_no_attempt_ends_and_says_why(product, api, work, app):
    switch(product, 4)
    ask(api)
    work(minutes=1)
    app.config["SETTINGS"].mail_url = "smtp://127.0.0.1:9"  # nobody listens on discard
    with transaction() as session:
        session.execute(update(outbox.Pending).values(attempts=149))
    work(days=4, minutes=1)
    assert reminders() == [("not_sent", "given_up: connecting: ConnectionRefusedError")]


def test_a_trial_to_oneself_is_not_reminded(product, work):
    switch(product, 1)
    product.post(PAGE + "/test")
    work(minutes=1)
    assert reminders() == []
    work(days=2)
    assert "Remind " not in product.get(PAGE).text


def test_of_two_mails_of_a_survey_only_the_later_one_is_reminded(product, api, work, tmp_path):
    switch(product, 2)
    ask(api)
    work(minutes=1)
    work(days=1)
    later = ask(api)
    work(minutes=1)
    work(days=1, minutes=1)
    assert reminders() == [("not_sent", "asked_since"), ("scheduled", None)]
    work(days=1)
    (mail,) = mails(tmp_path, "*-reminder")
    assert later["id"] in mail["Message-ID"]


def test_by_hand_one_person_with_two_mails_is_one(product, api, work):
    ask(api)
    work(minutes=1)
    work(days=1)
    ask(api)
    work(minutes=1)
    work(days=2)
    assert "Remind 1 person" in product.get(PAGE).text


def test_other_words_do_not_stop_what_somebody_had_sent_by_hand(product, api, work):
    ask(api)
    work(minutes=1)
    work(days=2)
    product.post(PAGE + "/remind")
    switch(product, "")
    work(minutes=1)
    assert reminders() == [("sent", None)]


def test_with_the_person_goes_the_reminder_in_the_mail_folder(product, api, work, tmp_path):
    switch(product, 1)
    ask(api)
    work(minutes=1)
    work(days=2)
    assert len(mails(tmp_path)) == 2
    with snapshot() as session:
        contact = session.scalars(select(Contact)).one()
    erase_contact(api.workspace_id, contact.id, now=utcnow())
    work(minutes=1)
    assert (mails(tmp_path), reminders()) == ([], [])


@pytest.mark.parametrize("typed", ["0", "31", "two", "-1"])
def test_a_wrong_number_of_days_is_named(product, typed):
    answer = product.post(PAGE + "/mail", {"remind_after": typed, "revision": "0"})
    assert answer.status_code == 422
    assert "Enter a whole number from 1 to 30." in answer.text
    assert f'value="{typed}"' in answer.text
