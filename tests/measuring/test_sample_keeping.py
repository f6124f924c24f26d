"""The attributes of the latest answers are kept for a look, and no longer than they may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from surveys.attributes import DEFAULT, Reportable
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.measuring import sample_keeping
from vocapp.measuring.attribute_costs import attribute_costs
from vocapp.measuring.models import KeptSample
from vocapp.measuring.sample_keeping import keep_samples, latest_sample
from vocapp.people.models import ContactIdentity
from vocapp.people.service import erase_contact

PAGE = "/settings/segments"
CHOICE = (*DEFAULT, Reportable("seats", (10, 50)))


def answer(number, **attributes):
    facts = {"seats": number, "team": ("red", "blue")[number % 2]} | attributes
    person = {"external_id": f"c{number}", "attributes": facts}
    return {"survey": "nps", "score": number % 11, "contact": person}


@pytest.fixture
def answered(any_api, drain_outbox, monkeypatch):
    """A workspace with so many answers that its sample is kept."""
    monkeypatch.setattr(sample_keeping, "FEW_ANSWERS", 20)
    any_api.survey()
    responses = [answer(number) for number in range(29)] + [answer(29, nick="kanaria")]
    assert any_api.post("/api/v1/responses/batch", {"responses": responses}).status_code < 300
    drain_outbox()
    return any_api


def look(api, *, time_zone="UTC"):
    return latest_sample(api.workspace_id, time_zone=time_zone, now=utcnow())


def kept(api):
    with snapshot() as session:
        return session.get(KeptSample, api.workspace_id)


def asked_for(api):
    with snapshot() as session:
        return outbox.pending_count(session, api.workspace_id, sample_keeping.SAMPLE)


def test_a_sample_that_is_kept_tells_what_one_that_is_read_tells(answered, drain_outbox):
    read = look(answered)
    assert (kept(answered), read.is_renewing) == (None, False)
    drain_outbox()
    again = look(answered)
    assert again.sampled_at == kept(answered).sampled_at
    assert attribute_costs(again.sample, CHOICE) == attribute_costs(read.sample, CHOICE)


def test_what_is_kept_is_read_without_an_answer(answered, drain_outbox):
    look(answered)
    drain_outbox()
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    look(answered)
    assert any("kept_sample" in each for each in statements)
    assert not any("FROM response" in each for each in statements)


def test_looking_at_an_old_one_has_it_read_anew(answered, drain_outbox, monkeypatch):
    look(answered)
    drain_outbox()
    answered.respond(**answer(30, floor="second"))
    assert look(answered).sample.answers == 30
    assert asked_for(answered) == 0
    monkeypatch.setattr(sample_keeping, "_FRESH", timedelta(0))
    assert look(answered).is_renewing
    look(answered)
    assert asked_for(answered) == 1
    drain_outbox()
    found = look(answered).sample
    assert (found.answers, found.attributes["floor"].examples) == (31, ("second",))


def test_another_time_zone_is_not_told_from_what_was_kept(answered, drain_outbox):
    look(answered)
    drain_outbox()
    assert look(answered, time_zone="Asia/Tokyo").sampled_at > kept(answered).sampled_at
    assert asked_for(answered) == 1


def test_few_answers_are_read_at_every_look(answered, drain_outbox, monkeypatch):
    look(answered)
    drain_outbox()
    monkeypatch.setattr(sample_keeping, "FEW_ANSWERS", 500)
    monkeypatch.setattr(sample_keeping, "_FRESH", timedelta(0))
    look(answered)
    drain_outbox()
    assert kept(answered) is None
    answered.respond(**answer(30))
    assert look(answered).sample.answers == 31
    assert asked_for(answered) == 0


def test_a_value_of_a_forgotten_person_is_not_kept(answered, drain_outbox):
    look(answered)
    drain_outbox()
    assert "kanaria" in str(kept(answered).sample)
    forget(answered, "c29")
    assert kept(answered) is None
    drain_outbox()
    assert kept(answered).sample["answers"] == 30
    assert "kanaria" not in str(kept(answered).sample)


def test_a_job_that_read_before_somebody_was_forgotten_keeps_nothing(answered):
    look(answered)

    def work(rows):
        found = keep_samples(rows)
        forget(answered, "c29")
        return found

    kind = next(kind for kind in outbox.kinds() if kind.name == sample_keeping.SAMPLE)
    outbox.register(replace(kind, work=work))
    try:
        outbox.work_off(sample_keeping.SAMPLE, now=utcnow())
    finally:
        outbox.register(kind)
    assert kept(answered) is None
    assert asked_for(answered) == 1


def forget(api, external_id):
    with snapshot() as session:
        person = session.scalars(
            select(ContactIdentity.contact_id).where(
                ContactIdentity.workspace_id == api.workspace_id,
                ContactIdentity.value == external_id,
            )
        ).one()
    erase_contact(api.workspace_id, person, now=utcnow())


def test_the_page_says_when_it_was_counted(staff, api, drain_outbox, monkeypatch):
    monkeypatch.setattr(sample_keeping, "FEW_ANSWERS", 20)
    api.survey()
    responses = [answer(number) for number in range(25)]
    api.post("/api/v1/responses/batch", {"responses": responses})
    drain_outbox()
    admin = staff("admin")
    admin.get(PAGE)
    drain_outbox()
    page = admin.get(PAGE).text
    assert "over the latest 25 answers" in page
    assert "counted anew: look again" not in page
    monkeypatch.setattr(sample_keeping, "_FRESH", timedelta(0))
    assert "counted anew: look again" in admin.get(PAGE).text
