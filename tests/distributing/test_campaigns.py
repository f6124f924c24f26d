"""Campaigns: who is asked by itself, on which day, never twice, and what became of each."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from surveys.filters import parse_compact
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import survey_by_key
from vocapp.database import first_uuid7, scoped, snapshot, transaction, utcnow
from vocapp.distributing import sending
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.asking.service import Wished as Limits
from vocapp.distributing.asking.service import save_limits
from vocapp.distributing.campaigns import looking_ahead, queries, running, service, stopping
from vocapp.distributing.campaigns.dry_run import dry_run
from vocapp.distributing.campaigns.models import Campaign, CampaignLookAhead, CampaignTurn
from vocapp.distributing.campaigns.service import Wished
from vocapp.distributing.mail import address_digest, build
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import NewInvitation, invite, suppress
from vocapp.people import identifying
from vocapp.people.events.service import NewEvent, record_events
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.identifying import Said, identify_one
from vocapp.people.merging.service import merge_contacts
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import Workspace

# A Wednesday at noon in Tokyo.
NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
TODAY = date(2026, 11, 25)
DAY = timedelta(days=1)


class Crew:
    """A workspace with people, whose campaigns run as of any moment."""

    def __init__(self, api, monkeypatch):
        self.api = api
        self.workspace_id = api.workspace_id
        self._monkeypatch = monkeypatch
        api.survey("nps")
        with transaction() as session:
            session.get_one(Workspace, self.workspace_id).time_zone = "Asia/Tokyo"

    def people(self, count, *, account=None, plan="pro", start=0, **facts):
        ids = []
        with transaction() as session:
            for number in range(start, start + count):
                said = Said(
                    as_of=NOON - 30 * DAY,
                    account=AccountFacts(account or f"acme-{number}", plan=plan, **facts),
                    contact=ContactFacts(f"p{number}", f"p{number}@example.com"),
                )
                ids.append(identify_one(session, self.workspace_id, said, now=NOON).contact.id)
        return ids

    def campaign(self, *, on=True, now=NOON, **wished):
        fields = {"name": "Relationship", "survey": "nps", "kind": "once", "starts_on": TODAY}
        campaign_id = service.create(
            self.workspace_id, Wished(**(fields | wished)), actor_user_id=None, now=now
        )
        if on:
            self.act(campaign_id, "switch_on", now=now)
        return campaign_id

    def act(self, campaign_id, action, *, now=NOON):
        return service.act(self.workspace_id, campaign_id, action, actor_user_id=None, now=now)

    def run(self, now=NOON):
        """Work off all that is due of campaigns."""
        self._monkeypatch.setattr(running, "utcnow", lambda: now)
        for _ in range(500):
            if not outbox.work_off(stopping.CAMPAIGN, now=now) and not self.due(now):
                return
        raise AssertionError("the work of campaigns does not end")

    def settle(self, now=NOON):
        """Work off what is left to stop, or to wait again; how many slices that took."""
        self._monkeypatch.setattr(stopping, "utcnow", lambda: now)
        slices = 0
        while outbox.work_off(stopping.STOP, now=now):
            slices += 1
        return slices

    def due(self, now):
        with snapshot() as session:
            return session.scalar(
                select(func.count()).where(
                    outbox.Pending.workspace_id == self.workspace_id,
                    outbox.Pending.kind == stopping.CAMPAIGN, outbox.Pending.due_at <= now,
                    outbox.Pending.set_aside_at.is_(None),
                )
            )  # fmt: skip

    def all(self, model, *conditions):
        with snapshot() as session:
            return list(session.scalars(scoped(model, self.workspace_id).where(*conditions)))

    def turns(self):
        return Counter((turn.state, turn.reason) for turn in self.all(CampaignTurn))

    def asked(self):
        """Contact → how many invitations that went or go out."""
        return Counter(
            row.contact_id for row in self.all(Invitation, Invitation.state != "not_sent")
        )


@pytest.fixture
def crew(any_api, monkeypatch):
    return Crew(any_api, monkeypatch)


def limit(crew, **wished):
    save_limits(crew.workspace_id, Limits(**wished), actor_user_id=None, now=NOON)


# --- once -----------------------------------------------------------------------------------


def test_a_draft_asks_nobody(crew):
    crew.people(3)
    crew.campaign(on=False)
    crew.run()
    assert not crew.turns()
    assert not crew.asked()


def test_everybody_in_the_audience_is_asked_once(crew):
    inside = crew.people(5, plan="pro")
    crew.people(4, plan="free", start=10)
    campaign_id = crew.campaign(audience=parse_compact("plan:in(pro)"))
    for hours in range(30):
        crew.run(NOON + timedelta(hours=hours))
    assert crew.asked() == dict.fromkeys(inside, 1)
    lines = crew.all(AskDecision)
    assert {(line.cause, line.cause_id, line.outcome) for line in lines} == {
        ("planned_campaign", campaign_id, "asked")
    }


def test_before_its_hour_and_its_day_nobody_is_asked(crew):
    crew.people(2)
    crew.campaign(starts_on=TODAY + DAY, hour=15)
    crew.run(NOON)
    assert not crew.turns()
    crew.run(NOON + DAY)  # noon in Tokyo
    assert crew.turns() == {("planned", None): 2}
    crew.run(NOON + DAY + timedelta(hours=3))
    assert sum(crew.asked().values()) == 2


def test_many_people_are_planned_and_asked_in_batches(crew, monkeypatch):
    monkeypatch.setattr("vocapp.distributing.campaigns.planning.BATCH", 4)
    monkeypatch.setattr(running, "BATCH", 3)
    people = crew.people(10)
    crew.campaign()
    crew.run()
    assert crew.asked() == dict.fromkeys(people, 1)


def test_a_row_of_work_that_comes_twice_asks_nobody_twice(crew):
    people = crew.people(3)
    campaign_id = crew.campaign()
    crew.run()
    with transaction() as session:
        for detail in ({"plan": True}, {}, {"after": str(people[0])}):
            outbox.add(
                session, crew.workspace_id, stopping.CAMPAIGN, campaign_id, now=NOON, detail=detail
            )
    crew.run()
    assert crew.asked() == dict.fromkeys(people, 1)


def test_a_step_that_breaks_off_leaves_nothing_half_done(crew, monkeypatch):
    people = crew.people(4)
    crew.campaign()
    real, calls = running.ask, []

    def breaks(*args, **kwargs):
        calls.append(1)
        if len(calls) % 3 == 0:  # within each attempt
            raise OSError("killed")
        return real(*args, **kwargs)

    monkeypatch.setattr(running, "ask", breaks)
    crew.run()
    assert not crew.asked()
    monkeypatch.setattr(running, "ask", real)
    crew.run(NOON + timedelta(minutes=1))
    assert crew.asked() == dict.fromkeys(people, 1)


# --- who is not asked, and why -----------------------------------------------------------------


def test_limits_of_all_surveys_hold_and_who_has_to_wait_is_asked_on_the_next_possible_day(crew):
    (person,) = crew.people(1)
    limit(crew, person_days=10)
    other = NewInvitation(
        survey_by_key(crew.workspace_id, "nps").id, ContactFacts("p0", "p0@example.com")
    )
    invite(crew.workspace_id, other, now=NOON - 4 * DAY)
    crew.campaign(ends_on=TODAY + 30 * DAY)
    crew.run()
    (turn,) = crew.all(CampaignTurn)
    assert (turn.state, turn.reason, turn.day) == ("planned", "asked_lately", TODAY + 6 * DAY)
    (line,) = crew.all(AskDecision, AskDecision.outcome == "not_asked")
    assert (line.reason, line.next_day) == ("asked_lately", TODAY + 6 * DAY)
    for days in range(1, 8):
        crew.run(NOON + days * DAY)
    assert crew.asked() == {person: 2}  # by hand, and by the campaign
    (asked,) = crew.all(AskDecision, AskDecision.cause == running.CAUSE,
                        AskDecision.outcome == "asked")  # fmt: skip
    assert asked.day == TODAY + 6 * DAY


def test_who_cannot_be_asked_before_the_end_is_not_asked_and_the_ledger_says_from_when_on(crew):
    crew.people(2)
    limit(crew, person_days=20)
    for number in range(2):
        other = NewInvitation(
            survey_by_key(crew.workspace_id, "nps").id,
            ContactFacts(f"p{number}", f"p{number}@example.com"),
        )
        invite(crew.workspace_id, other, now=NOON - DAY)
    crew.campaign(ends_on=TODAY + 5 * DAY)
    crew.run()
    assert crew.turns() == {("not_asked", "asked_lately"): 2}
    assert {
        line.next_day for line in crew.all(AskDecision, AskDecision.outcome == "not_asked")
    } == {TODAY + 19 * DAY}


def test_people_who_must_not_be_written_to_get_nothing(crew):
    people = crew.people(3)
    with transaction() as session:
        digest = address_digest(crew.workspace_id, "p1@example.com")
        suppress(session, crew.workspace_id, digest, kind="unsubscribed", now=NOON)
    crew.campaign()
    crew.run()
    assert set(crew.asked()) == {people[0], people[2]}
    assert crew.turns()[("not_asked", "unsubscribed")] == 1


def test_who_is_held_out_or_not_in_the_sample_is_in_the_ledger_with_the_reason(crew):
    people = crew.people(60)
    campaign_id = crew.campaign(sample=0.5, held_out=0.3)
    crew.run()
    found = crew.turns()
    assert found[("asked", None)] == len(crew.asked())
    assert 8 <= found[("not_asked", "held_out")] <= 30
    assert found[("not_asked", "sampled_out")] > 5
    assert sum(found.values()) == len(people)
    lines = crew.all(AskDecision)
    assert {line.cause_id for line in lines} == {campaign_id}
    assert Counter(line.reason for line in lines) == Counter(
        turn.reason for turn in crew.all(CampaignTurn)
    )


def test_who_left_the_audience_after_planning_is_not_asked(crew):
    crew.people(2)
    crew.campaign(hour=15, audience=parse_compact("plan:in(pro)"))
    crew.run()
    assert crew.turns() == {("planned", None): 2}
    with transaction() as session:
        said = Said(as_of=NOON, account=AccountFacts("acme-0", plan="free"))
        identify_one(session, crew.workspace_id, said, now=NOON)
    crew.run(NOON + timedelta(hours=3))
    assert crew.turns() == {("asked", None): 1, ("not_asked", "not_in_audience"): 1}


def test_no_more_than_its_number_are_asked_on_one_day(crew, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 3)
    people = crew.people(10)
    crew.campaign(a_day=4)
    days = []
    for number in range(4):
        crew.run(NOON + number * DAY)
        crew.run(NOON + number * DAY + timedelta(hours=2))
        days.append(sum(crew.asked().values()))
    assert days == [4, 8, 10, 10]
    assert crew.asked() == dict.fromkeys(people, 1)
    full = crew.all(AskDecision, AskDecision.reason == "day_full")
    assert Counter(line.next_day for line in full) == {TODAY + DAY: 4, TODAY + 2 * DAY: 2}


def test_with_working_days_alone_monday_has_no_more_than_its_number(crew):
    people = crew.people(10)
    limit(crew, working_days_only=True)
    friday = NOON + 2 * DAY
    campaign_id = crew.campaign(starts_on=TODAY + 2 * DAY, a_day=3)
    told = {day: n for day, n in ahead(crew, campaign_id, days=14).days if n}
    for number in range(8):
        crew.run(friday + number * DAY)
    days = Counter(row.day for row in crew.all(AskDecision, AskDecision.outcome == "asked"))
    monday = TODAY + 5 * DAY
    assert days == {TODAY + 2 * DAY: 3, monday: 3, monday + DAY: 3, monday + 2 * DAY: 1}
    assert told == days
    assert crew.asked() == dict.fromkeys(people, 1)


def test_while_the_survey_takes_no_answers_nobody_is_asked(crew):
    crew.people(2)
    crew.campaign()
    with transaction() as session:
        session.scalars(
            scoped(Survey, crew.workspace_id).where(Survey.key == "nps")
        ).one().state = "closed"
    crew.run()
    assert crew.turns() == {("planned", None): 2}


@pytest.fixture
def fixed_ids(monkeypatch):
    """Accounts, people and campaigns have the same ids in each run: their days follow from them."""
    ids = (UUID(int=first_uuid7(NOON).int + number) for number in itertools.count())
    for module in (identifying, service):
        monkeypatch.setattr(module, "uuid7", lambda: next(ids))


# --- over and over ------------------------------------------------------------------------------


def test_everybody_is_asked_once_a_period_and_who_comes_in_the_middle_has_a_day(crew, fixed_ids):
    people = crew.people(12)
    crew.campaign(kind="recurring", period_days=14)
    late = []
    for number in range(28):
        if number == 7:
            late = crew.people(3, start=50)
        crew.run(NOON + number * DAY)
    assert crew.asked() == dict.fromkeys([*people, *late], 2)
    days = Counter(turn.day for turn in crew.all(CampaignTurn))
    assert max(days.values()) <= 5
    of_first = {
        person: sorted(t.day for t in crew.all(CampaignTurn, CampaignTurn.contact_id == person))
        for person in people
    }
    assert {(b - a).days for a, b in of_first.values()} == {14}


# --- moments ----------------------------------------------------------------------------------


def test_a_moment_of_an_account_is_asked_about_so_many_days_later(crew):
    people = crew.people(2, started_on=TODAY)
    crew.people(1, start=5, started_on=TODAY - 60 * DAY)
    crew.campaign(kind="moment", moment="started", moment_days=7)
    for number in range(9):
        crew.run(NOON + number * DAY)
        assert bool(crew.asked()) == (number >= 7)
    assert crew.asked() == dict.fromkeys(people, 1)


def test_an_event_of_a_person_is_their_own_and_one_of_the_account_is_everybodys(crew):
    first, second = crew.people(2, account="acme")
    crew.campaign(kind="moment", moment="event", moment_name="ticket_closed", moment_days=1,
                  repeat_days=30)  # fmt: skip

    def happens(at, contact=None):
        event = NewEvent(
            id=str(uuid4()), digest="", type="usage", account="acme", contact=contact, at=at,
            name="ticket_closed",
        )  # fmt: skip
        assert record_events(crew.workspace_id, [event], now=at) == [None]

    happens(NOON, contact="p0")
    for number in range(3):
        crew.run(NOON + number * DAY)
    assert crew.asked() == {first: 1}
    happens(NOON + 3 * DAY)
    for number in range(3, 6):
        crew.run(NOON + number * DAY)
    assert crew.asked() == {first: 1, second: 1}  # the first one's is too near


def test_before_a_renewal(crew):
    (person,) = crew.people(1, renewal_on=TODAY + 92 * DAY)
    crew.campaign(kind="moment", moment="renewal", moment_days=-90)
    for number in range(4):
        crew.run(NOON + number * DAY)
        assert bool(crew.asked()) == (number >= 2)
    assert crew.asked() == {person: 1}


def renews(crew, account, renewal_on, *, as_of=NOON):
    with transaction() as session:
        said = Said(as_of=as_of, account=AccountFacts(account, renewal_on=renewal_on))
        identify_one(session, crew.workspace_id, said, now=NOON)


def test_who_renewed_before_their_day_came_is_not_asked_about_the_old_renewal(crew):
    crew.people(2, renewal_on=TODAY + 92 * DAY)
    crew.campaign(kind="moment", moment="renewal", moment_days=-90)
    crew.run()
    assert crew.turns() == {("planned", None): 2}
    renews(crew, "acme-0", TODAY + 457 * DAY)
    renews(crew, "acme-1", TODAY + 95 * DAY)  # moved a little: the same renewal
    crew.run(NOON + 2 * DAY)
    assert crew.turns() == {("planned", None): 1, ("not_asked", "moment_moved"): 1}
    crew.run(NOON + 5 * DAY)
    assert crew.turns() == {("asked", None): 1, ("not_asked", "moment_moved"): 1}


@pytest.mark.parametrize("by", [-4, 30])
def test_who_renews_a_little_earlier_or_later_is_asked_once_and_on_the_day_of_the_new_date(
    crew, by
):
    (person,) = crew.people(1, renewal_on=TODAY + 100 * DAY)
    campaign_id = crew.campaign(kind="moment", moment="renewal", moment_days=-90)
    crew.run()
    renews(crew, "acme-0", TODAY + (100 + by) * DAY)
    then = 10 + by
    told = ahead(crew, campaign_id, days=60)
    assert [day for day, count in told.days if count] == [TODAY + then * DAY]
    for number in range(1, 45):
        crew.run(NOON + number * DAY)
        assert bool(crew.asked()) == (number >= then), number
    assert crew.asked() == {person: 1}
    (turn,) = crew.all(CampaignTurn)
    assert turn.occasion == (TODAY + (100 + by) * DAY).isoformat()


def test_two_turns_that_come_to_mean_one_renewal_are_asked_about_once(crew):
    (person,) = crew.people(1, renewal_on=TODAY + 100 * DAY)
    wished = {"moment": "renewal", "moment_days": -90, "repeat_days": 10}
    campaign_id = crew.campaign(kind="moment", **wished)
    crew.run()
    renews(crew, "acme-0", TODAY + 112 * DAY, as_of=NOON - DAY)
    crew.run(NOON + DAY)
    assert crew.turns() == {("planned", None): 2}
    renews(crew, "acme-0", TODAY + 106 * DAY)  # a little from either
    told = ahead(crew, campaign_id, days=60)
    assert [(day, count) for day, count in told.days if count] == [(TODAY + 16 * DAY, 1)]
    for number in range(2, 30):
        crew.run(NOON + number * DAY)
        assert sum(crew.asked().values()) == (number >= 16), number
    assert crew.asked() == {person: 1}
    assert crew.turns() == {("asked", None): 1, ("not_asked", "moment_moved"): 1}


def test_after_a_renewal_people_are_asked_though_the_account_has_its_next_one_already(crew):
    (person,) = crew.people(1, renewal_on=TODAY + DAY)
    crew.campaign(kind="moment", moment="renewal", moment_days=3)
    crew.run()
    renews(crew, "acme-0", TODAY + 366 * DAY)
    crew.run(NOON + 4 * DAY)
    assert crew.asked() == {person: 1}


# --- pause, resume, end, undo -------------------------------------------------------------------


def test_a_pause_stops_what_has_not_gone_out_and_going_on_repeats_nothing(crew):
    people = crew.people(6)
    limit(crew, since=time(15), until=time(18))
    campaign_id = crew.campaign()
    crew.run()  # at noon: the mails wait for three o'clock
    went = people[:2]
    with transaction() as session:
        for row in session.scalars(scoped(Invitation, crew.workspace_id)):
            if row.contact_id in went:
                row.state, row.sent_at = "sent", NOON
    crew.act(campaign_id, "pause")
    assert Counter(row.state for row in crew.all(Invitation)) == {"sent": 2, "not_sent": 4}
    crew.run(NOON + DAY)
    assert crew.asked() == dict.fromkeys(went, 1)
    crew.act(campaign_id, "resume", now=NOON + DAY)
    crew.run(NOON + DAY)
    assert crew.asked() == dict.fromkeys(people, 1)


def test_what_is_paused_counts_no_more_against_the_limits(crew):
    crew.people(1)
    limit(crew, person_days=90, since=time(15), until=time(18))
    campaign_id = crew.campaign()
    crew.run()
    crew.act(campaign_id, "pause")
    crew.act(campaign_id, "resume")
    crew.run()
    assert sum(crew.asked().values()) == 1


def test_an_ended_campaign_asks_nobody_and_says_so(crew):
    crew.people(3)
    campaign_id = crew.campaign(hour=15)
    crew.run()
    crew.act(campaign_id, "end")
    crew.run(NOON + DAY)
    assert crew.turns() == {("not_asked", "campaign_ended"): 3}
    with pytest.raises(Conflict):
        crew.act(campaign_id, "resume")


@pytest.mark.parametrize(("action", "state"), [("pause", "planned"), ("end", "not_asked")])
def test_what_waits_is_stopped_slice_by_slice_and_nothing_goes_out_meanwhile(
    crew, monkeypatch, action, state
):
    monkeypatch.setattr(stopping, "SLICE", 4)
    crew.people(10)
    limit(crew, since=time(15), until=time(18))
    campaign_id = crew.campaign()
    crew.run()
    crew.act(campaign_id, action)
    waiting = crew.all(Invitation, Invitation.state == "scheduled")
    assert len(waiting) == 6  # one slice was worked off at once; nobody waited for the others
    with transaction() as session:  # the hour comes before the worker does
        for row in session.scalars(scoped(outbox.Pending, crew.workspace_id)):
            if row.kind == "mail":
                row.due_at = NOON
    monkeypatch.setattr(sending, "utcnow", lambda: NOON + timedelta(hours=4))
    outbox.work_off("mail", now=NOON + timedelta(hours=4))
    assert Counter(row.state for row in crew.all(Invitation)) == {"scheduled": 6, "not_sent": 4}
    assert crew.settle() >= 2
    assert Counter(row.state for row in crew.all(Invitation)) == {"not_sent": 10}
    assert {turn.state for turn in crew.all(CampaignTurn)} == {state}
    assert not crew.all(AskDecision, AskDecision.outcome == "asked")


def stopped(crew):
    """How many of the invitations that wait must not go out, and of how many."""
    waiting = crew.all(Invitation, Invitation.state == "scheduled")
    with snapshot() as session:
        held = [stopping.is_stopped(session, crew.workspace_id, row.id) for row in waiting]
    return held.count(True), len(held)


@pytest.mark.parametrize("action", ["pause", "end"])
def test_a_mail_in_hand_stays_when_its_campaign_is_stopped_at_the_last_moment(
    crew, monkeypatch, action
):
    monkeypatch.setattr(stopping, "SLICE", 1)
    monkeypatch.setitem(stopping._DO, "stop", lambda *_: None)  # the person's slice comes later
    crew.people(1)
    campaign_id = crew.campaign()
    crew.run()

    def stopped_meanwhile(*args, **kwargs):
        crew.act(campaign_id, action)
        return build(*args, **kwargs)

    monkeypatch.setattr(sending, "build", stopped_meanwhile)
    outbox.work_off("mail", now=utcnow())
    assert [row.state for row in crew.all(Campaign)] == ["paused" if action == "pause" else "ended"]
    assert [row.state for row in crew.all(Invitation)] == ["scheduled"]


@pytest.mark.parametrize(
    ("stop", "then"), [("pause", ("sent", None)), ("unsubscribed", ("not_sent", "unsubscribed"))]
)
def test_a_mail_that_is_not_to_go_at_its_last_attempt_has_not_failed(crew, monkeypatch, stop, then):
    monkeypatch.setitem(stopping._DO, "stop", lambda *_: None)  # the person's slice comes later
    crew.people(1)
    campaign_id = crew.campaign()
    crew.run()
    of_mail = outbox.Pending.kind == "mail"
    last = outbox._registry.kinds["mail"].max_attempts - 1
    with transaction() as session:
        session.scalars(
            scoped(outbox.Pending, crew.workspace_id).where(of_mail)
        ).one().attempts = last

    def stopped_meanwhile(*args, **kwargs):
        if stop == "pause":
            crew.act(campaign_id, "pause")
        else:
            with transaction() as session:
                digest = address_digest(crew.workspace_id, "p0@example.com")
                suppress(session, crew.workspace_id, digest, kind=stop, now=NOON)
        return build(*args, **kwargs)

    now = utcnow()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(sending, "build", stopped_meanwhile)
        outbox.work_off("mail", now=now)
    (row,) = crew.all(outbox.Pending, of_mail)
    assert (row.set_aside_at, row.last_error, row.attempts) == (None, None, last)
    assert [row.state for row in crew.all(Invitation)] == ["scheduled"]
    if stop == "pause":
        crew.act(campaign_id, "resume")
    outbox.work_off("mail", now=now + timedelta(minutes=5))
    assert [(row.state, row.reason) for row in crew.all(Invitation)] == [then]
    assert crew.all(outbox.Pending, of_mail) == []


def give_up_stops(crew):
    with transaction() as session:
        for row in session.scalars(scoped(outbox.Pending, crew.workspace_id)):
            if row.kind == stopping.STOP:
                row.set_aside_at, row.last_error = NOON, "ValueError"


def test_what_a_mail_server_did_not_take_waits_while_the_campaign_is_paused(crew):
    (person,) = crew.people(1)
    limit(crew, since=time(15), until=time(18))
    campaign_id = crew.campaign()
    crew.run()

    def mail(state):
        with transaction() as session:
            session.scalars(scoped(Invitation, crew.workspace_id)).one().state = state

    mail("sending")
    crew.act(campaign_id, "pause")
    mail("scheduled")  # it was not taken, and is tried again
    assert stopped(crew) == (1, 1)
    crew.act(campaign_id, "resume")
    assert stopped(crew) == (0, 1)
    crew.run(NOON + DAY)
    assert crew.asked() == {person: 1}


def test_a_campaign_whose_stop_was_given_up_holds_up_no_other_mail(crew, monkeypatch):
    monkeypatch.setattr(stopping, "SLICE", 1)
    by_two = replace(outbox._registry.kinds["mail"], batch=2)
    monkeypatch.setitem(outbox._registry.kinds, "mail", by_two)
    crew.people(8)
    campaign_id = crew.campaign()
    crew.run()
    crew.act(campaign_id, "end")
    give_up_stops(crew)
    now = utcnow()
    for minute in range(4):  # all are looked at, and are due again
        outbox.work_off("mail", now=now + timedelta(minutes=minute))
    fresh = NewInvitation(
        survey_by_key(crew.workspace_id, "nps").id, ContactFacts("ann", "ann@example.com")
    )
    told = invite(crew.workspace_id, fresh, now=now + timedelta(minutes=5))
    outbox.work_off("mail", now=now + timedelta(minutes=5))
    out = crew.all(Invitation, Invitation.state != "not_sent", Invitation.state != "scheduled")
    assert [(row.id, row.state) for row in out] == [(told.id, "sent")]


def test_what_was_left_to_stop_stops_nobody_once_the_campaign_goes_on(crew, monkeypatch):
    monkeypatch.setattr(stopping, "SLICE", 4)
    crew.people(10)
    limit(crew, since=time(15), until=time(18))
    campaign_id = crew.campaign(ends_on=TODAY + DAY)
    crew.run()
    crew.act(campaign_id, "pause")
    assert stopped(crew) == (6, 6)
    give_up_stops(crew)
    crew.act(campaign_id, "resume")
    told = queries.campaign(crew.workspace_id, campaign_id, now=NOON, zone="UTC")
    assert told.stuck is None
    crew.run()
    crew.run(NOON + 2 * DAY)
    assert [row.state for row in crew.all(Campaign)] == ["ended"]
    assert stopped(crew) == (0, 10)


def test_what_a_campaign_has_asked_goes_out_though_it_is_still_being_closed(crew, monkeypatch):
    monkeypatch.setattr(stopping, "SLICE", 4)
    crew.people(10)
    limit(crew, since=time(15), until=time(18))
    crew.campaign(ends_on=TODAY + DAY)
    crew.run()
    with transaction() as session:  # as if the day had ended before all were asked
        for turn in session.scalars(scoped(CampaignTurn, crew.workspace_id).limit(6)):
            turn.state, turn.invitation_id = "planned", None
    crew.run(NOON + 2 * DAY)
    assert [row.state for row in crew.all(Campaign)] == ["ended"]
    assert crew.turns()["planned", None] == 2
    assert stopped(crew) == (0, 10)
    assert crew.settle(NOON + 2 * DAY) == 1
    assert crew.turns() == {("asked", None): 4, ("not_asked", "campaign_ended"): 6}


def test_an_end_of_many_taken_back_lets_all_of_them_wait_again(crew, colleague, monkeypatch):
    monkeypatch.setattr(stopping, "SLICE", 4)
    people = crew.people(10)
    me = colleague(crew.workspace_id, "admin")
    campaign_id = crew.campaign(hour=15)
    crew.run()
    done = service.act(crew.workspace_id, campaign_id, "end", actor_user_id=me, now=NOON)
    service.undo(crew.workspace_id, done.undo, actor_user_id=me, now=NOON)
    crew.settle()
    assert crew.turns() == {("planned", None): 10}
    crew.run(NOON + timedelta(hours=5))
    assert crew.asked() == dict.fromkeys(people, 1)


def test_one_person_who_cannot_be_decided_stops_nobody_else_and_can_be_tried_again(
    crew, monkeypatch
):
    people = crew.people(4)
    campaign_id = crew.campaign()
    real = running.ask

    def breaks(session, contact, *args, **kwargs):
        if contact.id == people[1]:
            raise ValueError("a surprise")
        return real(session, contact, *args, **kwargs)

    monkeypatch.setattr(running, "ask", breaks)
    for minutes in range(10):
        crew.run(NOON + timedelta(minutes=minutes))
    assert crew.asked() == dict.fromkeys([people[0], *people[2:]], 1)
    assert crew.turns() == {("asked", None): 3, ("not_asked", "failed:ValueError"): 1}
    told = crew.api.get(f"/api/v1/contacts/{people[1]}/asking").json["decisions"]
    assert [(line["outcome"], line["reason"]) for line in told] == [
        ("not_asked", "failed:ValueError")
    ]
    monkeypatch.setattr(running, "ask", real)
    service.try_again(crew.workspace_id, campaign_id, actor_user_id=None, now=NOON)
    crew.run(NOON + timedelta(minutes=10))
    assert crew.asked() == dict.fromkeys(people, 1)


@pytest.mark.parametrize("what", ["end", "undo", "try_again"])
def test_whoever_acts_does_not_hear_of_a_deadlock_with_a_worker(crew, colleague, monkeypatch, what):
    crew.people(1)
    campaign_id = crew.campaign(hour=15)
    crew.run()
    by = {"actor_user_id": colleague(crew.workspace_id, "admin"), "now": NOON}
    done = service.act(crew.workspace_id, campaign_id, "end", **by) if what == "undo" else None
    real, deadlocks = service.settle, iter([True])

    def settles(*args, **kwargs):
        if next(deadlocks, False):
            raise OperationalError("SELECT", None, Exception("deadlock detected"))
        real(*args, **kwargs)

    monkeypatch.setattr(service, "settle", settles)
    match what:
        case "end":
            service.act(crew.workspace_id, campaign_id, "end", **by)
        case "undo":
            service.undo(crew.workspace_id, done.undo, **by)
        case "try_again":
            service.try_again(crew.workspace_id, campaign_id, **by)
    assert list(deadlocks) == []
    assert [row.state for row in crew.all(Campaign)] == ["ended" if what == "end" else "active"]


def test_a_campaign_that_was_given_up_says_so_and_goes_on_when_it_is_told_to(crew, monkeypatch):
    people = crew.people(2)
    campaign_id = crew.campaign()
    with monkeypatch.context() as broken:
        broken.setattr(running, "plan_batch", lambda *_a, **_k: 1 / 0)
        for minutes in range(0, 60, 5):
            crew.run(NOON + timedelta(minutes=minutes))

    def stuck():
        return queries.campaign(crew.workspace_id, campaign_id, now=NOON, zone="UTC").stuck

    assert (stuck().error, stuck().rows) == ("ZeroDivisionError", 1)
    assert crew.api.get(f"/api/v1/campaigns/{campaign_id}").json["stuck"]["rows"] == 1
    service.try_again(crew.workspace_id, campaign_id, actor_user_id=None, now=NOON + DAY)
    assert stuck() is None
    crew.run(NOON + DAY)
    assert crew.asked() == dict.fromkeys(people, 1)


def test_it_ends_by_itself_after_its_last_day(crew):
    crew.people(2)
    crew.campaign(ends_on=TODAY + DAY)
    crew.run()
    crew.run(NOON + 2 * DAY)
    assert [row.state for row in crew.all(Campaign)] == ["ended"]
    assert crew.turns() == {("asked", None): 2}


@pytest.mark.parametrize(
    ("before", "action", "state"),
    [([], "switch_on", "draft"), (["switch_on"], "pause", "active"),
     (["switch_on", "pause"], "resume", "paused"), (["switch_on"], "end", "active"),
     (["switch_on", "pause"], "end", "paused")],
)  # fmt: skip
def test_each_step_can_be_taken_back(crew, colleague, before, action, state):
    crew.people(2)
    me = colleague(crew.workspace_id, "admin")
    campaign_id = crew.campaign(on=False, hour=15)
    for step in before:
        crew.act(campaign_id, step)
    crew.run()
    done = service.act(crew.workspace_id, campaign_id, action, actor_user_id=me, now=NOON)
    service.undo(crew.workspace_id, done.undo, actor_user_id=me, now=NOON)
    assert [row.state for row in crew.all(Campaign)] == [state]
    with pytest.raises(Conflict):
        service.undo(crew.workspace_id, done.undo, actor_user_id=me, now=NOON)
    if state == "active":
        crew.run(NOON + timedelta(hours=3))
        assert sum(crew.asked().values()) == 2


def test_a_change_can_be_taken_back_and_what_is_fixed_stays(crew, colleague):
    me = colleague(crew.workspace_id, "admin")
    campaign_id = crew.campaign()
    fields = {"name": "Other", "survey": "nps", "kind": "once", "starts_on": TODAY}
    done = service.change(
        crew.workspace_id, campaign_id, Wished(**fields, a_day=3), actor_user_id=me, now=NOON
    )
    service.undo(crew.workspace_id, done.undo, actor_user_id=me, now=NOON)
    assert [(row.name, row.a_day) for row in crew.all(Campaign)] == [("Relationship", None)]
    with pytest.raises(BadInput) as refused:
        service.change(
            crew.workspace_id, campaign_id, Wished(**fields, held_out=0.5),
            actor_user_id=me, now=NOON,
        )  # fmt: skip
    assert [error.field for error in refused.value.errors] == ["held_out"]


def changed(crew, campaign_id, **wished):
    fields = {"name": "Relationship", "survey": "nps", "kind": "once", "starts_on": TODAY}
    service.change(
        crew.workspace_id, campaign_id, Wished(**(fields | wished)), actor_user_id=None, now=NOON
    )


def test_whom_only_a_wider_audience_knows_is_asked_and_nobody_twice(crew):
    inside = crew.people(2, plan="pro")
    outside = crew.people(2, plan="free", start=10)
    campaign_id = crew.campaign(audience=parse_compact("plan:in(pro)"))
    crew.run()
    assert crew.asked() == dict.fromkeys(inside, 1)
    changed(crew, campaign_id, audience=parse_compact("plan:in(pro,free)"))
    crew.run(NOON + timedelta(hours=2))
    assert crew.asked() == dict.fromkeys([*inside, *outside], 1)


def test_who_is_put_off_has_the_days_of_a_later_end(crew):
    people = crew.people(3)
    campaign_id = crew.campaign(a_day=1, ends_on=TODAY + 2 * DAY)
    crew.run()
    changed(crew, campaign_id, a_day=1, ends_on=TODAY + 9 * DAY)
    for number in (4, 5):  # no worker ran until the former end was over
        crew.run(NOON + number * DAY)
    assert crew.asked() == dict.fromkeys(people, 1)


def test_every_wrong_field_is_named(crew):
    with pytest.raises(BadInput) as refused:
        service.create(
            crew.workspace_id,
            Wished(name=" ", survey="none", kind="recurring", starts_on=TODAY, hour=24, sample=2),
            actor_user_id=None, now=NOON,
        )  # fmt: skip
    assert {error.field for error in refused.value.errors} == {
        "name", "survey", "period_days", "hour", "sample",
    }  # fmt: skip


def test_words_that_cannot_be_stored_are_refused_at_their_field(crew):
    with pytest.raises(BadInput) as refused:
        crew.campaign(
            name="a\0b", kind="moment", moment="event", moment_name="ticket\0", moment_days=1
        )
    assert [error.field for error in refused.value.errors] == ["name", "moment_name"]


# --- people -------------------------------------------------------------------------------------


def test_a_forgotten_person_leaves_no_turn_behind(crew):
    people = crew.people(2)
    crew.campaign(hour=15)
    crew.run()
    erase_contact(crew.workspace_id, people[0], actor_user_id=None, now=NOON)
    crew.run(NOON + timedelta(hours=3))
    assert crew.asked() == {people[1]: 1}


@pytest.mark.parametrize("asked_first", [0, 1])
def test_two_records_of_one_person_are_asked_once(crew, asked_first):
    people = crew.people(2)
    crew.campaign(a_day=1)
    crew.run()
    (asked,) = crew.asked()
    other = people[1 - people.index(asked)]
    kept, merged = (asked, other) if asked_first == 0 else (other, asked)
    merge_contacts(crew.workspace_id, keep=kept, merge=merged, now=NOON)
    crew.run(NOON + DAY)
    assert crew.asked() == {kept: 1}
    assert len(crew.all(CampaignTurn)) == 1


# --- a look ahead -------------------------------------------------------------------------------


def ahead(crew, campaign_id, **more):
    return dry_run(crew.workspace_id, campaign_id, now=NOON, **more)


def test_a_look_ahead_says_what_then_comes_true(crew):
    crew.people(30, account="big")
    crew.people(10, start=30)
    limit(crew, person_days=20, account_a_day=2)
    early = NewInvitation(
        survey_by_key(crew.workspace_id, "nps").id, ContactFacts("p0", "p0@example.com")
    )
    invite(crew.workspace_id, early, now=NOON - 5 * DAY)
    campaign_id = crew.campaign(
        on=False, kind="recurring", period_days=14, held_out=0.1, sample=0.9, a_day=3
    )
    told = ahead(crew, campaign_id, days=14)
    assert told.audience == told.looked_at == 40
    crew.act(campaign_id, "switch_on")
    for number in range(14):
        crew.run(NOON + number * DAY)
    asked = Counter(turn.day for turn in crew.all(CampaignTurn, CampaignTurn.state == "asked"))
    # Who of two is first to a day's last place is not foreseen, so that a day may differ by few.
    assert sum(abs(count - asked[day]) for day, count in told.days) <= 4
    assert told.asked == pytest.approx(sum(asked.values()), abs=2)
    left = Counter(
        turn.reason for turn in crew.all(CampaignTurn, CampaignTurn.state == "not_asked")
    )
    for reason in ("held_out", "sampled_out"):
        assert told.not_asked.get(reason, 0) == left[reason]


def test_a_look_ahead_writes_nothing_down(crew):
    crew.people(3)
    campaign_id = crew.campaign(on=False)
    assert ahead(crew, campaign_id).asked == 3
    assert not crew.all(AskDecision)
    assert not crew.all(CampaignTurn)
    assert not crew.all(Invitation)


def test_what_other_campaigns_have_planned_is_taken_into_account(crew):
    crew.people(4)
    limit(crew, person_days=60)
    crew.campaign(hour=15)
    crew.run()
    told = ahead(crew, crew.campaign(on=False, name="Second", ends_on=TODAY + 20 * DAY))
    assert (told.asked, told.not_asked) == (0, {"asked_lately": 4})


def test_people_who_must_not_be_written_to_are_left_out_of_a_look_ahead(crew):
    crew.people(2)
    with transaction() as session:
        digest = address_digest(crew.workspace_id, "p1@example.com")
        suppress(session, crew.workspace_id, digest, kind="complained", now=NOON)
    told = ahead(crew, crew.campaign(on=False))
    assert (told.asked, told.not_asked) == (1, {"complained": 1})
    assert {(each.email, each.reason) for each in told.sample} == {
        ("p0@example.com", None), ("p1@example.com", "complained"),
    }  # fmt: skip


def test_a_look_ahead_while_it_runs_knows_the_places_of_today_and_who_is_inside_no_more(crew):
    people = crew.people(6)
    campaign_id = crew.campaign(a_day=3, audience=parse_compact("plan:in(pro)"))
    crew.run()
    waiting = next(person for person in people if person not in crew.asked())
    with transaction() as session:
        said = Said(as_of=NOON, account=AccountFacts(f"acme-{people.index(waiting)}", plan="free"))
        identify_one(session, crew.workspace_id, said, now=NOON)
    told = ahead(crew, campaign_id)
    assert [count for _day, count in told.days[:3]] == [0, 2, 0]
    assert told.not_asked["not_in_audience"] == 1


def test_who_left_their_company_is_not_in_the_audience_of_a_look_ahead(crew):
    people = crew.people(3)
    with transaction() as session:
        session.get_one(Contact, (crew.workspace_id, people[0])).left_at = NOON
    told = ahead(crew, crew.campaign(on=False))
    assert (told.looked_at, told.audience, told.asked, told.not_asked) == (2, 2, 2, {})


def test_a_look_ahead_with_a_number_a_day_says_whose_day_comes_after_these(crew):
    crew.people(10)
    told = ahead(crew, crew.campaign(on=False, a_day=2), days=3)
    assert [count for _day, count in told.days] == [2, 2, 2]
    assert told.not_asked == {"day_full": 4}
    ends = ahead(crew, crew.campaign(on=False, a_day=2, ends_on=TODAY + DAY), days=3)
    assert (ends.asked, ends.not_asked) == (4, {"day_full": 6})


@pytest.mark.parametrize("kind", ["once", "recurring"])
def test_a_look_ahead_of_what_begins_on_the_last_day_of_all_is_empty(crew, kind):
    crew.people(1)
    period = 7 if kind == "recurring" else None
    told = ahead(crew, crew.campaign(on=False, kind=kind, starts_on=date.max, period_days=period))
    assert (told.asked, told.not_asked) == (0, {"later": 1})


def test_a_look_ahead_tells_by_segment(crew):
    crew.people(3, plan="pro")
    crew.people(2, plan="free", start=5)
    told = ahead(crew, crew.campaign(on=False, sample=1.0))
    assert told.segments == {"plan": [("pro", 3, 3), ("free", 2, 2)]}


def test_of_moments_the_known_ones_are_looked_ahead(crew):
    crew.people(2, renewal_on=TODAY + 100 * DAY)
    crew.people(1, start=5, renewal_on=TODAY + 300 * DAY)
    told = ahead(crew, crew.campaign(on=False, kind="moment", moment="renewal", moment_days=-90))
    assert [(day, count) for day, count in told.days if count] == [(TODAY + 10 * DAY, 2)]
    assert told.not_asked == {"later": 1}


def test_without_anybody_a_look_ahead_is_empty(crew):
    told = ahead(crew, crew.campaign(on=False))
    assert (told.asked, told.audience, told.segments, told.sample) == (0, 0, {"plan": []}, [])


def test_a_look_ahead_over_many_says_how_far_it_is_and_is_kept_as_it_was_found(crew, monkeypatch):
    crew.people(30)
    crew.people(5, plan="free", start=40)
    campaign_id = crew.campaign(on=False, held_out=0.2, a_day=3)
    found = ahead(crew, campaign_id, attributes=looking_ahead.ATTRIBUTES)
    monkeypatch.setattr(looking_ahead, "takes_long", lambda *_: True)
    monkeypatch.setattr(looking_ahead, "utcnow", lambda: NOON)
    monkeypatch.setattr(looking_ahead, "_SAY_EVERY_S", 0)
    told = []
    write = looking_ahead._write
    monkeypatch.setattr(
        looking_ahead, "_write",
        lambda session, *, values, **ids: (told.append(dict(values)),
                                           write(session, values=values, **ids)),
    )  # fmt: skip

    def kept():
        return looking_ahead.look_ahead(crew.workspace_id, campaign_id, now=NOON)

    assert (kept().run, kept().is_working) == (None, False)
    looking_ahead.ask_for(crew.workspace_id, campaign_id, now=NOON)
    assert (kept().run, kept().is_working) == (None, True)
    outbox.work_off(looking_ahead.LOOK_AHEAD, now=NOON)
    assert (kept().run, kept().computed_at, kept().is_working) == (found, NOON, False)
    steps = [(each["done"], each["total"]) for each in told if "done" in each]
    assert len(steps) > 30
    assert steps == sorted(steps)
    assert {total for _done, total in steps} == {70}
    assert kept().is_outdated is False
    service.change(
        crew.workspace_id, campaign_id,
        Wished(name="Other", survey="nps", kind="once", starts_on=TODAY),
        actor_user_id=None, now=NOON,
    )  # fmt: skip
    assert kept().is_outdated is True


@pytest.mark.parametrize("is_overtaken", [False, True])
def test_a_kept_look_ahead_says_nothing_of_somebody_who_was_erased(crew, monkeypatch, is_overtaken):
    gone, stays = crew.people(2)
    with transaction() as session:
        session.get_one(Contact, (crew.workspace_id, gone)).attributes = {"nick": "kanaria"}
    campaign_id = crew.campaign(on=False)
    monkeypatch.setattr(looking_ahead, "takes_long", lambda *_: True)
    monkeypatch.setattr(looking_ahead, "utcnow", lambda: NOON)
    looking_ahead.ask_for(crew.workspace_id, campaign_id, now=NOON, by="nick")

    def overtaken(*args, **kwargs):
        found = dry_run(*args, **kwargs)
        erase_contact(crew.workspace_id, gone, now=NOON)
        return found

    with monkeypatch.context() as meanwhile:
        if is_overtaken:
            meanwhile.setattr(looking_ahead, "dry_run", overtaken)
        outbox.work_off(looking_ahead.LOOK_AHEAD, now=NOON)
    kept = [row.result for row in crew.all(CampaignLookAhead)]
    assert ("kanaria" in str(kept)) is not is_overtaken
    if not is_overtaken:
        erase_contact(crew.workspace_id, gone, now=NOON)
        assert crew.all(CampaignLookAhead) == []
        looking_ahead.ask_for(crew.workspace_id, campaign_id, now=NOON, by="nick")
    outbox.work_off(looking_ahead.LOOK_AHEAD, now=NOON)  # who was overtaken looks again by itself
    run = looking_ahead.look_ahead(crew.workspace_id, campaign_id, now=NOON).run
    assert [each.contact_id for each in run.sample] == [stays]
    assert run.segments["nick"] == [("", 1, 1)]


# --- a person -----------------------------------------------------------------------------------


def test_the_ledger_of_a_person_says_which_campaign_and_which_day_is_planned(crew):
    (person,) = crew.people(1)
    limit(crew, person_days=10)
    first = NewInvitation(
        survey_by_key(crew.workspace_id, "nps").id, ContactFacts("p0", "p0@example.com")
    )
    invite(crew.workspace_id, first, now=NOON - 4 * DAY)
    campaign_id = crew.campaign()
    crew.run()
    told = crew.api.get(f"/api/v1/contacts/{person}/asking").json
    assert told["planned"] == [
        {"campaign": str(campaign_id), "name": "Relationship", "state": "active",
         "day": (TODAY + 6 * DAY).isoformat(), "reason": "asked_lately", "is_stuck": False},
    ]  # fmt: skip
    newest = told["decisions"][0]
    assert (newest["campaign"], newest["reason"]) == ("Relationship", "asked_lately")
    assert newest["next_day"] == (TODAY + 6 * DAY).isoformat()


def test_the_page_of_a_person_says_why_a_campaign_has_not_asked_yet(api, staff, monkeypatch):
    crew = Crew(api, monkeypatch)
    (person,) = crew.people(1)
    campaign_id = crew.campaign(hour=15)
    crew.run()
    page, path = staff("success"), f"/contacts/{person}/asking"
    planned = page.get(path).text
    assert f'href="/campaigns/{campaign_id}"' in planned
    assert "Given up" not in planned
    with transaction() as session:
        for row in session.scalars(scoped(outbox.Pending, crew.workspace_id)):
            if row.kind == stopping.CAMPAIGN:
                row.set_aside_at, row.last_error = NOON, "ValueError"
    assert "An error keeps the campaign from asking anybody" in page.get(path).text
    assert crew.api.get(f"/api/v1/contacts/{person}/asking").json["planned"][0]["is_stuck"]
    service.try_again(crew.workspace_id, campaign_id, actor_user_id=None, now=NOON)
    crew.run(NOON + timedelta(hours=5))
    asked = page.get(path).text
    assert "By the campaign “Relationship”" in asked
    assert "Given up" not in asked


def test_nobody_is_said_to_wait_for_what_goes_on_or_is_over(crew, monkeypatch):
    (person,) = crew.people(1)
    campaign_id = crew.campaign(hour=15)
    crew.run()
    path = f"/api/v1/contacts/{person}/asking"
    with transaction() as session:  # who failed is not taken up again; the others are asked
        outbox.add(
            session, crew.workspace_id, stopping.STOP, campaign_id, now=NOON, detail={"do": "retry"}
        )
    give_up_stops(crew)
    assert [each["is_stuck"] for each in crew.api.get(path).json["planned"]] == [False]
    monkeypatch.setitem(stopping._DO, "close", lambda *_: None)  # the person's slice comes later
    crew.act(campaign_id, "end")
    assert crew.api.get(path).json["planned"] == []


def test_a_contact_that_took_place_is_a_moment(crew):
    people = crew.people(2, account="acme")
    with transaction() as session:
        account_id = session.scalars(scoped(Account, crew.workspace_id)).one().id
        at = {"created_at": NOON, "updated_at": NOON}
        session.add(
            TouchpointPlan(
                workspace_id=crew.workspace_id, account_id=account_id, touch_key="setup-check",
                anchor_on=TODAY, due_on=TODAY, kind="call", state="done", way="call",
                decided_at=NOON - DAY, **at,
            )
        )  # fmt: skip
    crew.campaign(kind="moment", moment="touchpoint", moment_name="setup-check", moment_days=2)
    crew.run()
    assert not crew.asked()
    crew.run(NOON + DAY)
    assert crew.asked() == dict.fromkeys(people, 1)
