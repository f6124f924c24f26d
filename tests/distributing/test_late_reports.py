"""What is told of a mail late: it bars the address that the mail went to, and no other."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update

from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.invitation_reports import take_report
from vocapp.distributing.models import Invitation, Reminder, Suppression
from vocapp.distributing.receiving import Bounce, Incoming
from vocapp.distributing.reminding import plan
from vocapp.distributing.service import reason_not_to_mail
from vocapp.people.merging.service import merge_contacts
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact

WRONG, RIGHT = "aiko@wrong.example", "aiko@right.example"
BOUNCE, COMPLAINT = (Bounce("5.1.1"), False), (None, True)


@pytest.fixture
def app(any_database):
    return any_database


@pytest.fixture
def asked(api, invite):
    """The id of an invitation whose mail went to the wrong address."""
    return ask(invite, WRONG, "aiko")


def ask(invite, email, external_id):
    made = invite(email, contact={"external_id": external_id})
    outbox.work_off("mail", now=utcnow())
    return UUID(made["id"])


def correct(api, email=RIGHT):
    answer = api.post("/api/v1/contacts", {"external_id": "aiko", "email": email})
    assert answer.json["email"] == email


def report(of, kind=BOUNCE, *, reminder=False):
    about = f"<{of}{'-reminder' if reminder else ''}@voc.example>"
    incoming = Incoming("<r@mx>", (about,), (), "", "", "", (), True, *kind)
    return take_report(incoming, utcnow())


def barred(api):
    """Which of the two addresses is not written to any more, and why."""
    with snapshot() as session:
        why = {each: reason_not_to_mail(session, api.workspace_id, each) for each in (WRONG, RIGHT)}
    return {address: reason for address, reason in why.items() if reason}


def invitation(asked):
    with snapshot() as session:
        return session.scalars(select(Invitation).where(Invitation.id == asked)).one()


@pytest.mark.parametrize(("kind", "reason"), [(BOUNCE, "bounced"), (COMPLAINT, "complained")])
def test_an_address_that_was_corrected_meanwhile_is_written_to(api, invite, asked, kind, reason):
    correct(api)
    for _ in range(2):
        assert report(asked, kind)
    assert barred(api) == {WRONG: reason}
    assert invite(RIGHT, contact={"external_id": "aiko"})["state"] == "scheduled"


def test_an_address_that_was_corrected_before_the_mail_went_is_barred(api, invite):
    made = invite(WRONG, contact={"external_id": "aiko"})
    correct(api)
    outbox.work_off("mail", now=utcnow())
    report(made["id"])
    assert barred(api) == {RIGHT: "bounced"}


@pytest.mark.parametrize(
    ("of_reminder", "told"), [(False, {WRONG: "bounced"}), (True, {RIGHT: "bounced"})]
)
def test_a_reminder_may_go_to_another_address_than_its_invitation(api, asked, of_reminder, told):
    with transaction() as session:
        plan(session, api.workspace_id, asked, days=3, sent_at=utcnow())
    correct(api)
    with time_machine.travel(utcnow() + timedelta(days=3, minutes=1), tick=False):
        outbox.work_off("remind", now=utcnow())
    with snapshot() as session:
        assert session.scalars(select(Reminder.state)).one() == "sent"
    report(asked, reminder=of_reminder)
    assert barred(api) == told


def test_what_was_sent_before_addresses_were_kept_bars_the_one_that_the_person_has(api, asked):
    with transaction() as session:
        session.execute(update(Invitation).values(address_digest=None))
    report(asked)
    assert barred(api) == {WRONG: "bounced"}


def test_a_mail_to_a_record_that_was_merged_bars_its_address_alone(api, invite, asked, colleague):
    ask(invite, RIGHT, "aiko-2")
    with snapshot() as session:
        ids = {row.email: row.id for row in session.scalars(select(Contact))}
    merge_contacts(
        api.workspace_id, keep=ids[RIGHT], merge=ids[WRONG],
        actor_user_id=colleague(api.workspace_id), now=utcnow(),
    )  # fmt: skip
    assert invitation(asked).contact_id == ids[RIGHT]
    report(asked)
    assert barred(api) == {WRONG: "bounced"}


def test_of_who_is_forgotten_no_address_is_kept_and_a_late_report_bars_nobody(api, asked):
    known = invitation(asked)
    assert known.address_digest is not None
    assert "aiko" not in known.address_digest
    erase_contact(api.workspace_id, known.contact_id, actor_user_id=None, now=utcnow())
    assert not report(asked)
    with snapshot() as session:
        assert session.scalars(select(Invitation)).all() == []
        assert session.scalars(select(Suppression)).all() == []
