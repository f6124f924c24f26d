"""How soon people were contacted, and what they answered next: page, lists, files and API."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from surveys.attributes import DEFAULT
from surveys.closed_loop import lowest_scores
from surveys.filters import parse_compact
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up.closing_loop.cases import Asked
from vocapp.following_up.closing_loop.cases_behind import LISTS, cases_behind
from vocapp.following_up.closing_loop.next_answers import count_next_answers, next_answers
from vocapp.following_up.closing_loop.queries import closed_loop
from vocapp.following_up.merging import merge_cases
from vocapp.following_up.models import FollowUp
from vocapp.measuring.filtering import Given
from vocapp.measuring.segments.service import NewSegment, save_segment
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.reach import WHOLE_WORKSPACE

EVER = Asked(None, None, "Europe/Berlin")
PAGE = "/follow-ups/closed-loop"


@pytest.fixture
def app(any_database) -> Any:
    return any_database


@dataclass(frozen=True)
class Told:
    """Somebody scores `before` and, 60 days later, `after`; None: they have not answered again.
    They were contacted so many hours after the case was opened; due: hours."""

    who: str
    before: int
    after: int | None = None
    contacted: float | None = None
    resolved: float | None = None
    due: float = 24
    state: str | None = None
    account: Mapping[str, Any] | None = None

    def answer(self, score: int | None, at: datetime) -> dict[str, Any]:
        who = {"external_id": self.who, "name": self.who.title()}
        body = {"survey": "nps", "score": score, "answered_at": at.isoformat(), "contact": who}
        return body | ({"account": self.account} if self.account else {})


@pytest.fixture
def stories(api, handle, case_of) -> Any:
    """Makes cases of what is told: everybody's first answer, what was done, everybody's next."""
    api.survey()

    def send(answers: list[dict[str, Any]]) -> list[str]:
        items = api.post("/api/v1/responses/batch", {"responses": answers}).json["items"]
        handle()
        return [item["id"] for item in items]

    def tell(*told: Told) -> list[FollowUp]:
        first = utcnow() - timedelta(days=90)
        ids = send([each.answer(each.before, first) for each in told])
        with transaction() as session:
            for each, response_id in zip(told, ids, strict=True):
                session.execute(
                    update(FollowUp)
                    .where(
                        FollowUp.workspace_id == api.workspace_id,
                        FollowUp.response_id == UUID(response_id),
                    )
                    .values(
                        opened_at=first, due_at=first + timedelta(hours=each.due),
                        first_contact_at=_after(first, each.contacted),
                        resolved_at=_after(first, each.resolved),
                        state=each.state or ("resolved" if each.resolved else "contacted"
                                             if each.contacted else "open"),
                    )
                )  # fmt: skip
        later = first + timedelta(days=60)
        if again := [each.answer(each.after, later) for each in told if each.after is not None]:
            send(again)
        return [case_of(response_id) for response_id in ids]

    return tell


@pytest.fixture
def story(stories) -> Any:
    """One alone: `story("p1", 3, 9, contacted=5)` gives their case."""

    def tell(*told: Any, **more: Any) -> FollowUp:
        (case,) = stories(Told(*told, **more))
        return case

    return tell


def _after(first: datetime, hours: float | None) -> datetime | None:
    return None if hours is None else first + timedelta(hours=hours)


def _loop(api, asked: Asked = EVER) -> Any:
    return closed_loop(api.workspace_id, asked, reach=WHOLE_WORKSPACE, now=utcnow())


def _names(api, which: str, **more: Any) -> set[str]:
    rows = cases_behind(
        api.workspace_id, more.pop("asked", EVER), which, reach=WHOLE_WORKSPACE, now=utcnow(),
        **more,
    )  # fmt: skip
    return {row.contact or "" for row in rows}


def test_times_count_cases_that_still_wait(api, story):
    story("quick", 2, contacted=1.5, resolved=30)
    story("slow", 2, contacted=40)
    story("waits", 2)
    story("given up", 2, resolved=3, state="closed")
    own = _loop(api).overall
    assert (own.n, own.contact.done, own.resolution.done) == (4, 2, 1)
    assert [own.contact.within(hours).value for hours in (1, 2, 39, 40, 80)] == [
        0, 0.25, 0.25, 0.5, 0.5,
    ]  # fmt: skip
    assert own.resolution.within(48).value == 0.25


def test_what_stands_in_another_case_counts_there(api, story, colleague):
    kept, joined = story("mika", 2, contacted=5), story("mika", 3)
    _kept, done = merge_cases(
        api.workspace_id, [kept.id, joined.id], reach=WHOLE_WORKSPACE, kept_id=kept.id,
        actor_user_id=colleague(api.workspace_id), now=utcnow(),
    )  # fmt: skip
    assert done.changed == 2
    own = _loop(api).overall
    assert (own.n, own.contact.done, own.in_sla.n) == (1, 1, 1)


def test_the_share_in_time_is_of_what_is_due(api, story):
    story("in time", 2, contacted=5)
    story("late", 2, contacted=30)
    story("never", 2)
    story("not due", 2, contacted=5, due=24 * 365)
    own = _loop(api).overall
    assert (own.in_sla.n, own.not_due) == (3, 1)
    assert own.in_sla.value == pytest.approx(1 / 3)
    assert _names(api, "in_time") == {"In Time"}
    assert _names(api, "late") == {"Late", "Never"}


def test_what_somebody_answers_next_counts_by_whether_they_were_contacted_until_then(api, story):
    story("better", 3, 8, contacted=5)
    story("same", 3, 6, contacted=5)
    story("worse", 3, 1, contacted=5)
    story("by itself", 3, 9)
    story("too late", 3, 10, contacted=61 * 24)
    story("silent", 3, contacted=5)
    found = _loop(api).overall.compared
    assert (found.contacted.n, found.others.n) == (3, 2)
    assert _names(api, "after_recovered") == {"Better"}
    assert _names(api, "after_unchanged") == {"Same"}
    assert _names(api, "after_worse") == {"Worse"}
    assert _names(api, "without_recovered") == {"By Itself", "Too Late"}
    assert found.difference.value is None


def test_only_the_first_answer_to_a_survey_of_the_same_kind_is_the_next(api, story):
    api.survey("csat", kind="csat")
    case = story("p", 3, contacted=5)
    for days, survey, score in ((10, "csat", 5), (20, "nps", 2), (30, "nps", 10)):
        at = (case.opened_at + timedelta(days=days)).isoformat()
        contact = {"external_id": "p"}
        api.respond(survey, score=score, answered_at=at, contact=contact)
    assert _names(api, "after_worse") == {"P"}
    assert _names(api, "after_recovered") == set()


def test_enough_like_people_are_compared_and_unlike_ones_are_not(api, stories):
    stories(
        *(Told(f"a{number}", 3, 9 if number < 15 else 3, contacted=5) for number in range(21)),
        *(Told(f"b{number}", 3, 9 if number < 5 else 3) for number in range(21)),
        *(Told(f"c{number}", 1, 9) for number in range(21)),
    )
    found = _loop(api).overall.compared
    assert found.difference.value == pytest.approx(10 / 21)
    assert found.difference.low > 0
    assert found.others.n == 42


@pytest.mark.parametrize("by", ["owner", "team", "theme", "plan"])
def test_groups_add_up_and_each_opens_its_cases(api, story, staff, by):
    story("a", 2, 9, contacted=5, account={"external_id": "one", "plan": "pro"})
    story("b", 3, account={"external_id": "two", "plan": "free"})
    story("c", 3)
    asked = Asked(None, None, "UTC", by)
    told = _loop(api, asked)
    assert sum(each.n for each in told.groups.values()) == told.overall.n == 3
    for value, each in told.groups.items():
        assert len(_names(api, "all", asked=asked, value=value, is_split=True)) == each.n
    if by == "plan":
        assert {value: each.n for value, each in told.groups.items()} == {
            "pro": 1, "free": 1, None: 1,
        }  # fmt: skip
    page = staff("viewer").get(f"{PAGE}?by={by}").text
    assert "value=~" in page or by == "team"


def test_what_is_true_or_false_is_called_so_on_both_databases(api, story):
    for who, is_vip in (("a", True), ("b", False)):
        story(who, 2, account={"external_id": who, "attributes": {"vip": is_vip, "nps": 9}})
    assert _loop(api, replace(EVER, by="vip")).groups.keys() == {"true", "false"}
    assert _loop(api, replace(EVER, by="nps")).groups.keys() == {"9"}


def test_a_period_has_the_cases_that_were_opened_in_it(api, story):
    case = story("p", 2)
    day = case.opened_at.date()
    within = Asked(day - timedelta(days=1), day + timedelta(days=2), "UTC")
    assert _loop(api, within).overall.n == 1
    assert _loop(api, Asked(day + timedelta(days=2), None, "UTC")).overall.n == 0


def test_the_page_says_that_it_is_no_experiment_and_when_there_are_too_few(api, story, staff):
    reader = staff("success")
    assert "No follow-ups in this period" in reader.get(PAGE).text
    story("p", 2, 9, contacted=5)
    page = reader.get(PAGE).text
    assert "This is not an experiment" in page
    assert "Too few answers to tell" in page
    assert 'aria-current="page"' in page


def test_every_list_opens_as_page_and_as_a_file(api, story, staff):
    story("Ada", 2, 9, contacted=5)
    reader = staff("viewer")
    for which in LISTS:
        assert reader.get(f"{PAGE}/cases?which={which}").status_code == 200
    lines = reader.get(f"{PAGE}/cases?which=after_recovered&format=csv").text.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(",2,9")
    assert reader.get(f"{PAGE}/cases?which=nobody").status_code == 404


@pytest.mark.parametrize("name", ["recovery", "contact", "resolution"])
def test_charts_are_files_too(api, story, staff, name):
    story("p", 2, 9, contacted=5)
    reader = staff("viewer")
    for ending in ("svg", "csv"):
        assert reader.get(f"{PAGE}/charts/{name}.{ending}").status_code == 200


def test_the_api_tells_the_same(api, story):
    story("p", 2, 9, contacted=5, account={"external_id": "one", "plan": "pro"})
    found = api.get("/api/v1/closed-loop?by=plan").json
    assert (found["cases"], found["first_contact"]["median_hours"]["value"]) == (1, 5)
    assert found["contacted"]["recovered"]["value"] == 1
    assert found["difference"]["value"] is None
    assert found["caveats"] == ["not_an_experiment"]
    assert [group["value"] for group in found["groups"]] == ["pro"]
    assert api.get("/api/v1/closed-loop?by=$.x").status_code == 422
    assert api.get("/api/v1/closed-loop?since=2026-02-02&until=2026-02-01").status_code == 422


def test_answers_of_confidential_surveys_single_nobody_out(api, story):
    api.survey("secret", confidential=True)
    case = story("p", 2, contacted=5)
    at = (case.opened_at + timedelta(days=20)).isoformat()
    api.respond("secret", score=10, answered_at=at, contact={"external_id": "p"})
    assert _loop(api).overall.compared.contacted.n == 0


@pytest.mark.parametrize("by", ["team", "theme", "plan"])
def test_sums_are_those_of_looking_at_every_answer(api, handle, by):
    """Surveys of two kinds, one of which turned confidential, people who answer several times,
    some at one instant, cases with and without contact."""
    dice, now = random.Random(5), utcnow()
    for key, kind in (("nps", "nps"), ("later", "nps"), ("csat", "csat"), ("secret", "nps")):
        api.survey(key, kind=kind)
    answers = [
        {
            "survey": survey, "score": dice.randrange(1, 6) if survey == "csat" else
            dice.choice((0, 3, 6, 6, 9)), "contact": {"external_id": f"p{dice.randrange(12)}"},
            "answered_at": (now - timedelta(days=dice.randrange(1, 30))).isoformat(),
            "account": {"external_id": "a", "plan": dice.choice(("pro", "team"))},
        }
        for survey in dice.choices(("nps", "later", "csat", "secret"), (4, 2, 3, 1), k=90)
    ]  # fmt: skip
    api.post("/api/v1/responses/batch", {"responses": answers})
    handle()
    with transaction() as session:
        session.scalars(
            scoped(Survey, api.workspace_id).where(Survey.key == "secret")
        ).one().confidential = True
        for case in session.scalars(scoped(FollowUp, api.workspace_id)):
            case.team = dice.choice(("success", "product"))
            case.first_contact_at = dice.choice(
                (None, case.opened_at + timedelta(days=dice.randrange(9), hours=2))
            )
    naive = _naive(api.workspace_id)
    found = list(next_answers(api.workspace_id, replace(EVER, by=by), WHOLE_WORKSPACE, split=True))
    assert len(naive) > 20
    assert sorted((id_, each.before, each.after, each.contacted) for id_, each in found) == (
        sorted(naive)
    )
    told = closed_loop(api.workspace_id, replace(EVER, by=by), reach=WHOLE_WORKSPACE, now=now)
    assert (
        told.overall == closed_loop(api.workspace_id, EVER, reach=WHOLE_WORKSPACE, now=now).overall
    )
    assert told.overall.compared.contacted.n == sum(contacted for *_, contacted in naive)
    counted = count_next_answers(
        api.workspace_id, replace(EVER, by=by), WHOLE_WORKSPACE, split=True
    )  # fmt: skip
    assert counted == Counter(each for _, each in found)
    for value, group in told.groups.items():
        own = [each for _, each in found if value in each.groups]
        assert group.compared.contacted.n == sum(each.contacted for each in own)
        assert group.compared.others.n == sum(not each.contacted for each in own)
    assert told.overall.n == sum(group.n for group in told.groups.values())


def _naive(workspace_id: UUID) -> list[tuple[UUID, int, int, bool]]:
    """Of each case on a low score: the score, the next one, whether contacted by then."""
    with snapshot() as session:
        kinds = {
            survey.id: survey.kind for survey in session.scalars(scoped(Survey, workspace_id))
            if not survey.confidential
        }  # fmt: skip
        answers = {
            answer.id: answer for answer in session.scalars(scoped(Response, workspace_id))
            if answer.survey_id in kinds
        }  # fmt: skip
        cases = session.scalars(scoped(FollowUp, workspace_id)).all()
    found = []
    for case in cases:
        own = answers.get(case.response_id)
        if own is None or own.score not in lowest_scores(kinds[own.survey_id]):
            continue
        later = [
            (each.answered_at, each.id.hex, each.score) for each in answers.values()
            if each.contact_id == own.contact_id and each.answered_at > own.answered_at
            and kinds[each.survey_id] == kinds[own.survey_id]
        ]  # fmt: skip
        if later:
            at, _, after = min(later)
            contacted = case.first_contact_at is not None and case.first_contact_at < at
            found.append((case.id, own.score, after, contacted))
    return found


# --- saved segments -----------------------------------------------------------------------


FILTERS = (
    "plan:in(pro)", "plan:not_in(pro)", "plan:empty", "seats:between(10,30)",
    "plan:in(pro)|seats:between(20,)", "revenue_band:not_empty;plan:in(team)",
    'tenure_band:in(">=2y")', "vip:in(true)", '"a ""b""":in(x)',
)  # fmt: skip


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_leaves_the_cases_of_answers_of_which_it_holds(api, stories, text):
    dice = random.Random(7)
    wide: list[dict[str, Any]] = [
        {
            "plan": dice.choice(("pro", "team", None)), "seats": dice.choice((5, "12", 20.5, None)),
            "mrr": dice.choice((500, None)), "currency": "EUR", "vip": dice.choice((True, False)),
            "started_on": dice.choice(("2015-01-01", "2025-11-01")), 'a "b"': dice.choice("xy"),
        }
        for _ in range(24)
    ]  # fmt: skip
    stories(
        *(
            Told(f"p{place}", 2, dice.choice((9, 2)), contacted=dice.choice((None, 5.0)))
            for place in range(24)
        )
    )
    with transaction() as session:
        cases = session.scalars(scoped(FollowUp, api.workspace_id).order_by(FollowUp.id)).all()
        for case, attributes in zip(cases[:24], wide, strict=True):
            answer = session.get_one(Response, (api.workspace_id, case.response_id))
            answer.attributes = attributes
        ids = {case.id: answer_of(session, case) for case in cases[:24]}
    filter_ = parse_compact(text)
    told = {
        case_id for case_id, answer in ids.items()
        if Given(filter_, DEFAULT).holds(answer.attributes, answer.answered_at)
    }  # fmt: skip
    asked = replace(EVER, filter=filter_)
    rows = cases_behind(api.workspace_id, asked, "all", reach=WHOLE_WORKSPACE, now=utcnow())
    assert {row.id for row in rows} & ids.keys() == told
    for by in (None, "theme", "plan"):
        loop = _loop(api, replace(asked, by=by))
        assert loop.overall.n == len(rows)
        for which, spread in (
            ("after", loop.overall.compared.contacted), ("without", loop.overall.compared.others)
        ):  # fmt: skip
            lists = [
                cases_behind(
                    api.workspace_id, asked, f"{which}_{outcome}", reach=WHOLE_WORKSPACE,
                    now=utcnow(),
                )
                for outcome in ("recovered", "unchanged", "worse")
            ]  # fmt: skip
            assert sum(map(len, lists)) == spread.n


def answer_of(session: Any, case: FollowUp) -> Response:
    return session.get_one(Response, (case.workspace_id, case.response_id))


@pytest.fixture
def two_plans(api, story) -> None:
    story("Ada", 2, 9, contacted=5, account={"external_id": "one", "plan": "pro"})
    story("Bo", 3, account={"external_id": "two", "plan": "free"})
    new = NewSegment("Paying", parse_compact("plan:in(pro)"), key="paying")
    save_segment(api.workspace_id, new, actor_user_id=None, now=utcnow())


def test_the_page_its_lists_and_files_stay_within_the_chosen_segment(two_plans, staff):
    reader = staff("viewer")
    assert "Paying" in reader.get(PAGE).text
    page = reader.get(f"{PAGE}?segment=paying&by=plan").text
    assert "Only follow-ups of answers in the segment “Paying”" in page
    assert "segment=paying" in page
    assert "value=free" not in page
    behind = reader.get(f"{PAGE}/cases?which=all&segment=paying").text
    assert "Ada" in behind
    assert "Bo" not in behind
    lines = reader.get(f"{PAGE}/cases?which=all&segment=paying&format=csv").text.splitlines()
    assert len(lines) == 2
    contact = reader.get(f"{PAGE}/charts/contact.csv?segment=paying").text
    assert contact != reader.get(f"{PAGE}/charts/contact.csv").text


def test_a_segment_that_is_gone_is_said_and_all_is_shown(two_plans, staff):
    page = staff("viewer").get(f"{PAGE}?segment=gone").text
    assert "The segment of this address is not there any more." in page
    assert "segment=gone" not in page.partition("<main")[2]
    assert "follow-ups/closed-loop/cases?which=all" in page


def test_a_segment_without_cases_is_not_an_empty_workspace(two_plans, api, staff):
    new = NewSegment("Nobody", parse_compact("plan:in(none)"), key="nobody")
    save_segment(api.workspace_id, new, actor_user_id=None, now=utcnow())
    page = staff("viewer").get(f"{PAGE}?segment=nobody").text
    assert "No follow-ups of this segment in this period" in page


def test_who_sees_own_accounts_only_is_offered_no_segments(two_plans, api, staff):
    reader = staff("success", email="aiko@example.com")
    assert "Paying" in reader.get(PAGE).text
    with transaction() as session:
        aiko = session.scalars(select(User.id).where(User.email == "aiko@example.com")).one()
        session.get_one(Membership, (api.workspace_id, aiko)).only_own_accounts = True
    page = reader.get(f"{PAGE}?segment=paying").text
    assert "Paying" not in page
    assert "not there any more" in page


def test_the_api_takes_a_segment_and_a_filter(two_plans, api):
    path = "/api/v1/closed-loop"
    found = api.get(f"{path}?segment=paying").json
    assert (found["cases"], found["segment"]) == (1, "paying")
    assert api.get(f"{path}?filter=plan:in(free)").json["cases"] == 1
    assert api.get(f"{path}?segment=paying&filter=plan:in(free)").json["cases"] == 0
    for wrong, field in (("segment=none", "segment"), ("filter=plan:", "filter")):
        answer = api.get(f"{path}?{wrong}")
        assert answer.status_code == 422
        assert field in answer.text
