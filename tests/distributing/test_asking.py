"""Who may be asked when: the ledger, limits over all surveys, quiet hours, people never asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from surveys.periods import local_day
from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.asking import deciding, queries, service
from vocapp.distributing.asking.models import AskDecision, NeverAsked
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.mail import address_digest
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import NewInvitation, invite, suppress
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.merging.service import merge_contacts
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput
from vocapp.workspaces.models import AuditEntry
from vocapp.workspaces.reach import WHOLE_WORKSPACE

# A Wednesday at noon in Tokyo, then a Friday evening there.
NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
EVENING = datetime(2026, 11, 27, 11, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ask(any_api):
    """Asks at a moment of one's choice; there are two surveys."""
    any_api.survey("nps")
    any_api.survey("csat", kind="csat")

    def at(now, email="aiko@example.com", *, survey="nps", account=None, **more):
        new = NewInvitation(
            survey_by_key(any_api.workspace_id, survey).id,
            ContactFacts(email=email, time_zone=more.pop("time_zone", None)),
            account=AccountFacts(account) if account else None, **more,
        )  # fmt: skip
        return invite(any_api.workspace_id, new, now=now)

    return at


@pytest.fixture
def limit(any_api):
    def save(**wished):
        save_limits(any_api.workspace_id, Wished(**wished), actor_user_id=None, now=NOON)

    return save


def lines(api):
    with snapshot() as session:
        return list(
            session.scalars(
                scoped(AskDecision, api.workspace_id).order_by(
                    AskDecision.decided_at, AskDecision.id
                )
            )
        )


def contact_of(api, email="aiko@example.com"):
    with snapshot() as session:
        return (
            session.scalars(scoped(Contact, api.workspace_id).where(Contact.email == email))
            .one()
            .id
        )


# --- limits ---------------------------------------------------------------------------------


def test_without_limits_everybody_is_asked_and_each_time_is_noted(any_api, ask):
    ask(NOON)
    ask(NOON, survey="csat")
    assert [(line.outcome, line.reason, line.next_day) for line in lines(any_api)] == [
        ("asked", None, None)
    ] * 2


def test_a_person_is_not_asked_twice_within_the_days_by_whatever_survey(any_api, ask, limit):
    limit(person_days=30)
    first = ask(NOON)
    second = ask(NOON + 29 * DAY, survey="csat")
    third = ask(NOON + 30 * DAY, survey="csat")
    assert [first.state, second.state, third.state] == ["scheduled", "not_sent", "scheduled"]
    assert (second.reason, second.next_day) == ("asked_lately", (NOON + 30 * DAY).date())
    noted = lines(any_api)
    assert [line.outcome for line in noted] == ["asked", "not_asked", "asked"]
    assert [line.id for line in noted] == [first.id, second.id, third.id]
    assert noted[1].next_day == (NOON + 30 * DAY).date()
    with snapshot() as session:
        pending = session.scalars(
            select(outbox.Pending.subject_id).where(outbox.Pending.kind == "mail")
        )
        assert set(pending) == {first.id, third.id}


def test_what_is_planned_for_later_counts_from_its_own_day(any_api, ask, limit):
    limit(person_days=10)
    ask(NOON, send_at=NOON + 20 * DAY)
    near = ask(NOON + 12 * DAY, survey="csat")
    assert near.reason == "asked_lately"
    assert near.next_day == (NOON + 30 * DAY).date()


def test_an_answer_without_invitation_counts_as_being_asked(any_api, ask, limit):
    limit(person_days=30)
    answered = any_api.respond(
        score=9, contact={"email": "aiko@example.com"}, answered_at=(NOON - DAY).isoformat()
    )
    assert answered.status_code == 201
    found = ask(NOON)
    assert (found.reason, found.next_day) == ("asked_lately", (NOON + 29 * DAY).date())


def test_of_an_account_so_many_are_asked_a_day(any_api, ask, limit):
    limit(account_a_day=2)
    states = [
        ask(NOON, f"p{number}@example.com", account=account).state
        for number, account in enumerate(("acme", "acme", "acme", "other", None))
    ]
    assert states == ["scheduled", "scheduled", "not_sent", "scheduled", "scheduled"]
    left_out = next(line for line in lines(any_api) if line.outcome == "not_asked")
    assert (left_out.reason, left_out.next_day) == ("account_full", (NOON + DAY).date())
    assert ask(NOON + DAY, "p2@example.com", account="acme").state == "scheduled"


def test_a_retried_request_is_one_line_and_not_left_out_for_itself(any_api, ask, limit):
    limit(person_days=30)
    found = [ask(NOON, idempotency_key="one") for _ in range(3)]
    assert {(each.id, each.state) for each in found} == {(found[0].id, "scheduled")}
    assert [each.created for each in found] == [True, False, False]
    assert len(lines(any_api)) == 1


def test_a_mail_that_did_not_go_out_does_not_count(api, mail_server, limit_of_api):
    """It came back; the next day the person has a new address."""
    api.survey()
    mail_server.replies = {"aiko@example.com": "550 5.7.1 policy"}
    body = {"survey": "nps", "contact": {"external_id": "u1", "email": "aiko@example.com"}}
    assert api.post("/api/v1/invitations", body).json["state"] == "scheduled"
    assert api.post("/api/v1/invitations", body).json["reason"] == "asked_lately"
    outbox.work_off("mail", now=utcnow())
    assert [line.reason for line in lines(api)] == ["bounced", "asked_lately"]
    assert api.post("/api/v1/invitations", body).json["state"] == "scheduled"


@pytest.fixture
def limit_of_api(api):
    save_limits(api.workspace_id, Wished(person_days=30), actor_user_id=None, now=utcnow())


# --- hours ----------------------------------------------------------------------------------


def test_a_mail_waits_for_the_morning_of_the_next_working_day_there(any_api, ask, limit):
    limit(since=time(9), until=time(18), working_days_only=True)
    found = ask(EVENING, time_zone="Asia/Tokyo")
    assert (found.state, found.reason) == ("scheduled", "quiet_hours")
    with snapshot() as session:
        row = session.scalars(scoped(Invitation, any_api.workspace_id)).one()
        due_at = session.scalars(
            select(outbox.Pending.due_at).where(outbox.Pending.subject_id == row.id)
        ).one()
    monday = datetime(2026, 11, 30, 0, tzinfo=UTC)
    assert (row.send_at, due_at) == (monday, monday)
    (line,) = lines(any_api)
    assert (line.outcome, line.day) == ("asked", monday.date())


def test_public_holidays_are_those_of_the_recipients_country(ask, limit):
    """3 November 2026 is Culture Day in Japan and a Tuesday like any other in Germany."""
    limit(working_days_only=True)
    morning = datetime(2026, 11, 3, 8, tzinfo=UTC)
    found = [
        ask(morning, f"{number}@example.com", time_zone=zone).reason
        for number, zone in enumerate(("Asia/Tokyo", "Europe/Berlin"))
    ]
    assert found == ["day_off", None]


def test_a_mail_that_is_late_does_not_go_out_at_night(api, mail_server):
    """The mail server was away all day."""
    api.survey()
    now = utcnow()
    hour = now.astimezone(UTC).hour
    save_limits(
        api.workspace_id, Wished(since=time((hour + 2) % 24), until=time((hour + 3) % 24)),
        actor_user_id=None, now=now,
    )  # fmt: skip
    api.post("/api/v1/invitations", {"survey": "nps", "contact": {"email": "a@example.com"}})
    with transaction() as session:
        for row in session.scalars(select(outbox.Pending).where(outbox.Pending.kind == "mail")):
            row.due_at = now
    outbox.work_off("mail", now=utcnow())
    assert mail_server.received == []
    with snapshot() as session:
        (row,) = session.scalars(select(outbox.Pending).where(outbox.Pending.kind == "mail"))
    assert row.due_at > now + timedelta(minutes=59)
    assert (row.attempts, row.set_aside_at) == (0, None)


# --- never asked, erased, merged ------------------------------------------------------------


def test_who_is_never_asked_gets_nothing_not_even_what_was_planned(api, mail_server, colleague):
    api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    planned = api.post("/api/v1/invitations", body).json
    by = colleague(api.workspace_id)
    person = contact_of(api)
    for expected in (True, False):
        assert expected is service.never_ask(
            api.workspace_id, person, reach=WHOLE_WORKSPACE, actor_user_id=by, now=utcnow()
        )
    assert api.post("/api/v1/invitations", body).json["reason"] == "excluded"
    outbox.work_off("mail", now=utcnow())
    assert mail_server.received == []
    now = api.get(f"/api/v1/invitations/{planned['id']}").json
    assert (now["state"], now["reason"]) == ("not_sent", "excluded")
    assert [line.outcome for line in lines(api)] == ["not_asked", "not_asked"]
    service.ask_again(
        api.workspace_id, person, reach=WHOLE_WORKSPACE, actor_user_id=by, now=utcnow()
    )
    assert api.post("/api/v1/invitations", body).json["state"] == "scheduled"


def test_two_records_that_become_one_share_what_was_asked(any_api, ask, limit, colleague):
    limit(person_days=30)
    ask(NOON, "old@example.com")
    old = contact_of(any_api, "old@example.com")
    service.never_ask(
        any_api.workspace_id, old, reach=WHOLE_WORKSPACE,
        actor_user_id=colleague(any_api.workspace_id), now=NOON,
    )  # fmt: skip
    ask(NOON + 40 * DAY, "new@example.com")
    kept = contact_of(any_api, "new@example.com")
    merge_contacts(any_api.workspace_id, keep=kept, merge=old, now=NOON + 41 * DAY)
    assert {line.contact_id for line in lines(any_api)} == {kept}
    with snapshot() as session:
        assert session.scalars(select(NeverAsked.contact_id)).all() == [kept]
    assert ask(NOON + 90 * DAY, "new@example.com").reason == "excluded"


def test_nothing_is_left_in_the_ledger_of_somebody_who_was_forgotten(any_api, ask, colleague):
    ask(NOON)
    person = contact_of(any_api)
    service.never_ask(
        any_api.workspace_id, person, reach=WHOLE_WORKSPACE,
        actor_user_id=colleague(any_api.workspace_id), now=NOON,
    )  # fmt: skip
    erase_contact(any_api.workspace_id, person, now=NOON)
    assert lines(any_api) == []
    with snapshot() as session:
        assert session.scalars(select(NeverAsked)).all() == []


def test_the_ledger_keeps_the_newest_lines_of_each_outcome(any_api, ask, limit, monkeypatch):
    monkeypatch.setattr(deciding, "KEPT", 3)
    limit(person_days=7)
    found = [ask(NOON + number * DAY, survey="csat").id for number in range(30)]
    kept = {"asked": [], "not_asked": []}
    for line in lines(any_api):
        kept[line.outcome].append(line.id)
    assert kept == {"asked": [found[14], found[21], found[28]],
                    "not_asked": [found[26], found[27], found[29]]}  # fmt: skip


# --- pages, settings, API -------------------------------------------------------------------


def test_the_api_says_whether_a_person_may_be_asked_and_why_not(api, limit_of_api):
    api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    made = api.post("/api/v1/invitations", body).json
    left_out = api.post("/api/v1/invitations", body).json
    today = local_day(utcnow(), "UTC")
    then = (today + 30 * DAY).isoformat()
    assert (left_out["state"], left_out["next_day"]) == ("not_sent", then)
    found = api.get(f"/api/v1/contacts/{made['contact']['id']}/asking").json
    assert (found["may_be_asked"], found["reason"], found["next_day"]) == (
        False, "asked_lately", then,
    )  # fmt: skip
    assert [(line["outcome"], line["day"], line["survey"]) for line in found["decisions"]] == [
        ("not_asked", today.isoformat(), "nps"), ("asked", today.isoformat(), "nps"),
    ]  # fmt: skip


def test_pages_say_who_was_left_out_and_why(api, staff, limit_of_api):
    api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com", "name": "Aiko"}}
    api.post("/api/v1/invitations", body)
    left_out = api.post("/api/v1/invitations", body).json
    browser = staff("success")
    page = browser.get("/surveys/nps/invitations").text
    assert "Left out" in page
    assert page.count("Too near to another time that the person was asked, or answered.") == 2
    assert f"/contacts/{left_out['contact']['id']}/asking" in page
    page = browser.get(f"/contacts/{left_out['contact']['id']}/asking").text
    assert "Not now" in page
    assert "Possible from" in page


def test_a_day_on_which_somebody_was_asked_is_told_with_its_year(api, staff):
    api.survey()
    made = api.post(
        "/api/v1/invitations", {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    ).json
    with transaction() as session:
        row = session.scalars(select(AskDecision)).one()
        row.day = date(2024, 10, 12)
    page = staff("success").get(f"/contacts/{made['contact']['id']}/asking").text
    assert "Oct 12, 2024" in page


def test_a_colleague_excepts_somebody_and_takes_it_back(api, staff):
    api.survey()
    made = api.post(
        "/api/v1/invitations", {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    ).json
    browser, path = staff("success"), f"/contacts/{made['contact']['id']}/asking"
    said = browser.post(f"{path}/never", follow_redirects=True).text
    assert "A colleague decided that this person is not asked." in said
    undo = said.partition('action="/asking/undo?token=')[2].partition('"')[0]
    back = browser.post(f"/asking/undo?token={undo}", follow_redirects=True)
    assert "Nothing stands against it." in back.text
    with snapshot() as session:
        assert session.scalars(select(NeverAsked)).all() == []


def test_a_machine_excepts_people_of_a_list_and_takes_it_back(any_api, mail_server):
    any_api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    planned = any_api.post("/api/v1/invitations", body).json
    path = f"/api/v1/contacts/{planned['contact']['id']}/asking"
    assert any_api.get(path).json["never_since"] is None
    for _ in range(2):
        told = any_api._call("PUT", f"{path}/never").json
        assert (told["may_be_asked"], told["reason"]) == (False, "excluded")
        assert told["never_since"] is not None
    outbox.work_off("mail", now=utcnow())
    assert mail_server.messages == []
    assert any_api.post("/api/v1/invitations", body).json["reason"] == "excluded"
    for _ in range(2):
        assert any_api._call("DELETE", f"{path}/never").json["reason"] is None
    assert any_api.post("/api/v1/invitations", body).json["state"] == "scheduled"
    nobody = f"/api/v1/contacts/{uuid4()}/asking/never"
    assert any_api._call("PUT", nobody).status_code == 404


def bar(api, address, kind):
    with transaction() as session:
        digest = address_digest(api.workspace_id, address)
        suppress(session, api.workspace_id, digest, kind=kind, now=NOON)


def test_a_machine_has_an_address_written_to_again_and_no_wish_is_overruled(any_api):
    any_api.survey()
    person = {"external_id": "aiko", "email": "aiko@example.com", "phone": "+819012345678"}
    body = {"survey": "nps", "contact": person}
    bar(any_api, "aiko@example.com", "bounced")
    bar(any_api, "+819012345678", "bounced")
    bar(any_api, "+819012345678", "unsubscribed")
    left_out = any_api.post("/api/v1/invitations", body).json
    assert left_out["reason"] == "bounced"
    path = f"/api/v1/contacts/{left_out['contact']['id']}/asking"
    barred = [(each["channel"], each["kind"]) for each in any_api.get(path).json["barred"]]
    assert sorted(barred) == [("email", "bounced"), ("sms", "bounced"), ("sms", "unsubscribed")]
    assert any_api.post(f"{path}/reach", {"channel": "email"}).json["may_be_asked"]
    assert any_api.post("/api/v1/invitations", body).json["state"] == "scheduled"
    told = any_api.post(f"{path}/reach", {"channel": "sms"}).json
    assert [(each["channel"], each["kind"]) for each in told["barred"]] == [("sms", "unsubscribed")]
    assert any_api.post(f"{path}/reach", {"channel": "pigeon"}).status_code == 422


def test_an_admin_has_a_number_written_to_again_and_it_is_noted(api, staff):
    api.survey()
    person = {"external_id": "aiko", "name": "Aiko", "phone": "+819012345678"}
    made = api.post("/api/v1/invitations", {"survey": "nps", "contact": person}).json
    bar(api, "+819012345678", "bounced")
    path = f"/contacts/{made['contact']['id']}/asking"
    assert "came back" in staff("success").get(path).text
    assert "Write to it again" not in staff("success").get(path).text
    assert staff("success").post(f"{path}/reach/sms").status_code == 403
    browser = staff("admin")
    assert "Write to it again" in browser.get(path).text
    said = browser.post(f"{path}/reach/sms", follow_redirects=True).text
    assert "It is written to again." in said
    assert "came back" not in said
    assert "Nothing was changed." in browser.post(f"{path}/reach/sms", follow_redirects=True).text
    with snapshot() as session:
        noted = select(AuditEntry.subject_id).where(AuditEntry.action == "contact.reached_again")
        assert session.scalars(noted).all() == [made["contact"]["id"]]
    assert "had a person written to again" in browser.get("/settings/audit").text


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"person_days": "30", "since": "09:00", "until": "18:00"},
         Wished(30, None, time(9), time(18))),
        ({"account_a_day": "3", "working_days_only": "y"}, Wished(None, 3, working_days_only=True)),
        ({"since": "09:00", "until": "00:00"}, Wished(None, None, time(9), time())),
        ({}, Wished()),
    ],
)  # fmt: skip
def test_limits_are_set_on_their_page(api, staff, typed, stored):
    browser = staff("admin")
    answer = browser.post("/settings/asking", typed)
    assert answer.status_code == 303
    assert queries.limits_of(api.workspace_id) == stored


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"person_days": "0"}, "person_days"), ({"person_days": "x"}, "person_days"),
        ({"account_a_day": "-1"}, "account_a_day"), ({"since": "09:00"}, "until"),
        ({"since": "18:00", "until": "09:00"}, "until"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_stays_typed(api, staff, typed, field):
    browser = staff("admin")
    answer = browser.post("/settings/asking", typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    for name, value in typed.items():
        assert f'value="{value}"' in answer.text, name
    assert queries.limits_of(api.workspace_id) == Wished()


def test_limits_out_of_range_are_refused(api):
    with pytest.raises(BadInput) as refused:
        save_limits(api.workspace_id, Wished(1000, 0, time(9), None), actor_user_id=None, now=NOON)
    assert {error.field for error in refused.value.errors} == {
        "person_days", "account_a_day", "until",
    }  # fmt: skip
