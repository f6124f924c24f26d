"""Answers to e-mails that may be a scanner's: held, never lost, never counted twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select

from vocapp.authoring.links import InvitationLink
from vocapp.collecting import holding
from vocapp.collecting.models import (
    HeldAnswer,
    LinkFetch,
    Response,
    ResponseMark,
    ResponsePace,
    TextPrint,
)
from vocapp.collecting.seeing import KEPT
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.models import Invitation
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.identifying import Said, identify_one

Clock = time_machine.Traveller | Any


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is shifted."""
    with time_machine.travel(utcnow(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def invite(any_api: Any) -> Callable[..., InvitationLink]:
    """Somebody who was asked by e-mail."""

    def make(email: str = "aiko@example.com", **survey: Any) -> InvitationLink:
        key = survey.pop("key", "nps")
        known = any_api.get(f"/api/v1/surveys/{key}")
        found = known.json if known.status_code == 200 else any_api.survey(key, **survey)
        now = utcnow()
        with transaction() as session:
            said = Said(
                as_of=now, contact=ContactFacts(email=email, name="愛子"),
                account=AccountFacts(external_id="acme"),
            )  # fmt: skip
            contact = identify_one(session, any_api.workspace_id, said, now=now).contact
            assert contact is not None
            row = Invitation(
                workspace_id=any_api.workspace_id, id=uuid4(), survey_id=UUID(found["id"]),
                contact_id=contact.id, channel="email", state="sent", send_at=now,
                created_at=now,
            )  # fmt: skip
            session.add(row)
            return InvitationLink(any_api.workspace_id, row.id, row.survey_id, contact.id)

    return make


class Visitor:
    """Opens links of an invitation and presses buttons of its pages."""

    def __init__(self, client: Any, link: InvitationLink, clock: Any) -> None:
        self.client, self.link, self.clock = client, link, clock
        self.fields: dict[str, str] = {}
        self.page: Any = None

    def path(self, score: int | None = None) -> str:
        return f"/e/{self.link.token()}" + ("" if score is None else f"?score={score}")

    def open(self, score: int | None = None, method: str = "GET") -> Visitor:
        with self.client.open(self.path(score), method=method) as page:
            assert page.status_code == 200
            if method == "GET":
                self._read(page)
        return self

    def follow_hidden(self) -> None:
        (address,) = re.findall(r'<a hidden href="([^"]+)"', self.page.text)
        with self.client.get(unescape(address)) as page:
            assert page.status_code == 204

    def press(self, step: str = "score", *, after: float = 5, **changed: str) -> Any:
        self.clock.shift(after)
        changed = {f"q-{key}": value for key, value in changed.items()}
        answer = self.client.post(self.path(), data={**self.fields, **changed, "step": step})
        self._read(answer)
        return answer

    def _read(self, page: Any) -> None:
        self.page, self.fields = page, {}
        for tag in re.findall(r"<input[^>]*>", page.text):
            attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
            if attributes.get("type") == "hidden" or " checked" in tag:
                self.fields[attributes["name"]] = unescape(attributes["value"])


@pytest.fixture
def visitor(any_api: Any, invite: Any, clock: Any) -> Visitor:
    return Visitor(any_api.client, invite(), clock)


def stored(model: Any) -> list[Any]:
    with snapshot() as session:
        return list(session.scalars(select(model)))


def held() -> list[tuple[str, int | None, list[str]]]:
    return [(row.state, row.score, row.reasons) for row in stored(HeldAnswer)]


def counted(api: Any) -> int:
    return int(api.get("/api/v1/surveys/nps/metrics").json["overall"]["n"])


def test_a_person_who_takes_a_moment_counts(visitor):
    visitor.open(9).press()
    assert [row.score for row in stored(Response)] == [9]
    assert held() == []


def test_a_press_at_once_is_held_thanked_and_not_counted(any_api, visitor, drain_outbox):
    answer = visitor.open(0).press(after=1)
    assert "Your answer 0 is saved." in answer.text
    drain_outbox()
    assert stored(Response) == []
    assert held() == [("held", 0, ["too_fast"])]
    document = any_api.get("/api/v1/surveys/nps/metrics").json
    assert (document["overall"]["n"], document["held"]) == (0, 1)
    assert any_api.get("/api/v1/follow-ups").json["items"] == []


def test_who_was_fast_and_then_wrote_is_a_person(any_api, visitor, drain_outbox):
    visitor.open(3).press(after=1)
    visitor.press("rest", after=20, comment="遅いです")
    drain_outbox()
    (response,) = stored(Response)
    assert (response.score, response.id) == (3, visitor.link.invitation_id)
    assert held() == [("overtaken", 3, ["too_fast"])]
    assert counted(any_api) == 1


def test_two_fast_presses_in_a_row_stay_held(visitor):
    visitor.open(3).press(after=1)
    visitor.press("rest", after=1, comment="spam")
    assert stored(Response) == []
    (row,) = stored(HeldAnswer)
    assert (row.state, row.presses, '"comment": "spam"' in row.answers) == ("held", 2, True)


def test_whoever_opens_every_link_and_presses_is_held_however_long_it_waits(visitor):
    for score in range(11):
        visitor.open(score)
        visitor.clock.shift(0.05)
    visitor.press(after=600)
    assert held() == [("held", 10, ["many_scores"])]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scan_on_arrival_is_not_held_against_who_comes_later(visitor, method):
    for score in range(11):
        visitor.open(score, method=method)
    with visitor.client.get(f"{visitor.path()}/more") as page:
        assert page.status_code == 204
    visitor.clock.shift(240)
    visitor.open(8).press()
    assert ([row.score for row in stored(Response)], held()) == ([8], [])


def test_the_hidden_link_of_the_page_is_a_sign_for_this_visit_alone(any_api, visitor, clock):
    visitor.open(9).follow_hidden()
    person = Visitor(any_api.client, visitor.link, clock).open(7)
    visitor.press(after=100)
    assert held() == [("held", 9, ["hidden_link"])]
    person.press()
    assert [row.score for row in stored(Response)] == [7]
    assert held() == [("overtaken", 9, ["hidden_link"])]


@pytest.mark.parametrize("visit", ["", "x", "é" * 50])
def test_an_altered_visit_is_judged_by_the_links_that_were_opened(visitor, visit):
    visitor.open(5)
    visitor.fields["visit"] = visit
    visitor.press(after=1)
    assert held() == [("held", 5, ["too_fast"])]


def test_a_visit_of_another_invitation_is_none(any_api, invite, visitor, clock):
    other = Visitor(any_api.client, invite("kenji@example.com"), clock).open(1)
    clock.shift(10)
    visitor.open(5)
    visitor.fields["visit"] = other.fields["visit"]
    visitor.press(after=1)
    assert held() == [("held", 5, ["too_fast"])]


def test_a_scanner_does_not_change_what_a_person_answered(any_api, visitor, clock, drain_outbox):
    visitor.open(9).press()
    scanner = Visitor(any_api.client, visitor.link, clock).open(0)
    scanner.fields["q-score"] = "0"
    scanner.press(after=1)
    drain_outbox()
    assert [row.score for row in stored(Response)] == [9]
    assert held() == [("held", 0, ["too_fast"])]
    assert counted(any_api) == 1


def test_a_scanner_does_not_change_what_a_person_is_told_is_kept(
    any_api, visitor, invite, clock, drain_outbox
):
    quota = {"attribute": "channel", "value": "email", "most": 1}
    any_api._call("PUT", "/api/v1/surveys/nps/limits", json={"quotas": [quota]})
    visitor.open(9).press()
    late = Visitor(any_api.client, invite("ben@example.com"), clock).open(8)
    assert "Enough people like you" in late.press().text
    scanner = Visitor(any_api.client, late.link, clock).open(0)
    scanner.fields["q-score"] = "0"
    scanner.press(after=1)
    assert held() == [("over_quota", 8, ["group_full"])]
    # Nothing more is asked of them, by a reminder neither.
    drain_outbox()
    shown = any_api.get(f"/api/v1/invitations/{late.link.invitation_id}").json
    assert shown["state"] == "answered"


def test_once_a_press_counted_the_person_may_be_quick(visitor):
    visitor.open(9).press()
    visitor.press("change", after=1)
    visitor.press(after=1, score="4")
    assert ([row.score for row in stored(Response)], held()) == ([4], [])


def test_opening_links_stores_nothing_but_that_they_were_opened(visitor):
    for score in range(11):
        visitor.open(score)
    visitor.follow_hidden()
    assert (stored(Response), held()) == ([], [])
    assert [row.state for row in stored(Invitation)] == ["sent"]
    assert len(stored(LinkFetch)) == 12


def test_which_links_were_opened_is_forgotten_after_a_day(visitor):
    visitor.open(1)
    visitor.clock.shift(KEPT + timedelta(minutes=1))
    visitor.open(2)
    assert [row.score for row in stored(LinkFetch)] == [2]


def test_a_link_that_is_opened_has_those_of_others_forgotten_too(any_api, visitor, invite):
    visitor.open(1)
    visitor.clock.shift(KEPT + timedelta(minutes=1))
    Visitor(any_api.client, invite("ken@example.com"), visitor.clock).open(2)
    assert [row.score for row in stored(LinkFetch)] == [2]


def test_who_rushes_through_the_page_behind_a_mail_is_marked(any_api, invite, clock, monkeypatch):
    """The score is read and chosen in the mail, so that it alone takes no time."""
    monkeypatch.setattr("surveys.response_quality.LEAST_TO_COMPARE", 8)
    why = "What is it that we should change first, and what should stay exactly as it is today?"
    questions = [{"key": "score", "kind": "nps"}, {"key": "why", "kind": "text", "text": why}]

    def answer(seconds: float | None) -> UUID:
        link = invite(f"{uuid4()}@example.com", questions=questions)
        visitor = Visitor(any_api.client, link, clock).open(9)
        visitor.press(after=3)
        if seconds is not None:
            visitor.press("rest", after=seconds, why="Fine")
        return link.invitation_id

    usual = [answer(20 + n) for n in range(9)]
    fast, only_score = answer(0.1), answer(None)
    with snapshot() as session:
        marks = session.execute(select(ResponseMark.response_id, ResponseMark.reason)).all()
        timed = set(session.scalars(select(ResponsePace.response_id)))
    assert [tuple(each) for each in marks] == [(fast, "speeding")]
    assert timed == {*usual, fast}
    assert only_score in {row.id for row in stored(Response)}


def test_texts_of_people_who_were_invited_are_compared_with_nothing(any_api, invite, clock):
    """Their pages are timed as well, so that having a pace does not say that nobody is known."""
    questions = [{"key": "score", "kind": "nps"}, {"key": "why", "kind": "text", "text": "Why?"}]
    for _ in range(2):
        link = invite(f"{uuid4()}@example.com", questions=questions)
        visitor = Visitor(any_api.client, link, clock).open(9)
        visitor.press()
        rest = visitor.fields
        for why in ("A typo", "We all say the same here, as our team leader told us to"):
            visitor.fields = rest
            visitor.press("rest", why=why)
    assert len(stored(ResponsePace)) == 2
    assert (stored(ResponseMark), stored(TextPrint)) == ([], [])


# --- what colleagues decide -------------------------------------------------------------


@pytest.fixture
def one_held(visitor: Visitor) -> str:
    """The id of a held answer, with a comment."""
    visitor.open(2).press(after=1)
    visitor.press("rest", after=1, comment="高い")
    return str(stored(HeldAnswer)[0].id)


@pytest.fixture
def desk(any_database: Any, any_api: Any) -> Callable[..., Any]:
    """Somebody of the workspace, signed in."""
    from tests.conftest import PASSWORD, Browser
    from vocapp.workspaces.models import Membership
    from vocapp.workspaces.service import find_or_create_user

    def sign_in(role: str = "product", *, only_own: bool = False) -> Any:
        email = f"{role}-{uuid4().hex[:8]}@example.com"
        with transaction() as session:
            user = find_or_create_user(
                session, email=email, name="Mika", password=PASSWORD, locale="en", now=utcnow()
            )
            session.add(
                Membership(
                    workspace_id=any_api.workspace_id, user_id=user.id, role=role,
                    only_own_accounts=only_own, created_at=utcnow(),
                )
            )  # fmt: skip
        browser = Browser(any_database)
        assert browser.sign_in(email).status_code == 303
        return browser

    return sign_in


def test_the_list_says_who_what_and_why(desk, one_held):
    page = desk().get("/held-answers").text
    for words in ("愛子", "高い", "less than two seconds", "Pressed 2 times"):
        assert words in page
    assert one_held in page


def test_letting_it_count_counts_once_from_when_it_was_given(
    any_api, desk, one_held, clock, drain_outbox
):
    given_at = stored(HeldAnswer)[0].pressed_at
    clock.shift(3600)
    browser = desk()
    for _ in range(2):
        assert browser.post("/held-answers/count", {"id": one_held}).status_code == 303
        drain_outbox()
    (response,) = stored(Response)
    assert (response.score, response.answered_at) == (2, given_at)
    assert response.contact_id is not None
    assert held()[0][0] == "counted"
    assert counted(any_api) == 1
    assert any_api.get(f"/api/v1/responses/{response.id}").json["comment"] == "高い"
    assert any_api.get(f"/api/v1/invitations/{response.id}").json["state"] == "answered"
    assert "1 answer counts now." in browser.get("/held-answers?state=counted").text


def test_what_the_person_answers_meanwhile_is_not_overwritten(
    any_api, desk, visitor, one_held, monkeypatch
):
    count = holding._count

    def once_the_person_answered(*args: Any, **kwargs: Any) -> bool:
        visitor.open(9).press()
        return count(*args, **kwargs)

    browser = desk()
    monkeypatch.setattr(holding, "_count", once_the_person_answered)
    browser.post("/held-answers/count", {"id": one_held})
    assert [row.score for row in stored(Response)] == [9]
    assert held()[0][0] == "overtaken"
    assert "Nothing was changed." in browser.get("/held-answers").text


def test_an_answer_gives_way_together_with_what_was_stored(visitor, one_held, monkeypatch):
    def fail(*_: Any) -> None:
        raise RuntimeError("the service was killed")

    monkeypatch.setattr("vocapp.collecting.service._store_answers", fail)
    visitor.clock.shift(60)
    assert visitor.open(9).press().status_code == 500
    assert (stored(Response), held()[0][0]) == ([], "held")


def test_the_list_goes_on(any_api, invite, clock, desk, monkeypatch):
    monkeypatch.setattr("vocapp.collecting.held_views.PAGE_SIZE", 2)
    for at in range(3):
        Visitor(any_api.client, invite(f"person{at}@example.com"), clock).open(at).press(after=1)
    browser, seen, path = desk(), [], "/held-answers"
    while path:
        page = browser.get(path).text
        seen += re.findall(r'name="id" value="([^"]+)"', page)
        following = re.search(r'href="([^"]*cursor=[^"]+)"', page)
        path = unescape(following[1]) if following else ""
    assert seen == [str(row.id) for row in sorted(stored(HeldAnswer), key=_pressed, reverse=True)]


def _pressed(row: HeldAnswer) -> Any:
    return row.pressed_at, row.id


def test_put_aside_stays_and_is_undone(desk, one_held):
    browser = desk()
    browser.post("/held-answers/put-aside", {"id": one_held})
    assert held()[0][0] == "put_aside"
    page = browser.get("/held-answers?state=put_aside").text
    assert "1 answer was put aside." in page
    assert "Decided by Mika" in page
    (undo,) = re.findall(r'action="(/held-answers/undo[^"]+)"', page)
    browser.post(unescape(undo))
    assert held()[0][0] == "held"


def test_a_confidential_survey_does_not_say_who_or_what(any_api, invite, clock, desk):
    link = invite(key="secret", confidential=True)
    Visitor(any_api.client, link, clock).open(2).press(after=1)
    page = desk().get("/held-answers").text
    assert "In confidence" in page
    assert "愛子" not in page
    assert "2 Detractor" not in page


def test_a_member_limited_to_own_accounts_sees_and_decides_no_others(desk, one_held):
    browser = desk("success", only_own=True)
    page = browser.get("/held-answers").text
    assert "愛子" not in page
    assert "Nothing is held" in page
    assert browser.post("/held-answers/count", {"id": one_held}).status_code == 404
    assert held()[0][0] == "held"


def test_the_numbers_say_how_many_are_held(any_api, desk, one_held):
    any_api.respond(score=9)
    browser = desk()
    assert "1 answer is held" in browser.get("/results/nps").text
    assert "1 answer is held" in browser.get("/").text


@pytest.mark.parametrize("given", [{}, {"id": "x"}])
def test_choosing_nothing_changes_nothing(desk, one_held, given):
    browser = desk()
    assert browser.post("/held-answers/put-aside", given).status_code == 303
    assert held()[0][0] == "held"
    assert "Nothing was changed." in browser.get("/held-answers").text


def test_machines_read_and_decide_what_is_held(any_api, visitor, one_held, drain_outbox):
    (row,) = any_api.get("/api/v1/held-answers?survey=nps").json["items"]
    assert (row["id"], row["score"], row["comment"]) == (one_held, 2, "高い")
    assert (row["reasons"], row["presses"], row["state"]) == (["too_fast"], 2, "held")

    def decide(decision: str, held_id: str = one_held) -> Any:
        said = {"ids": [held_id], "decision": decision}
        return any_api.post("/api/v1/held-answers/decisions", said)

    assert decide("put_aside").json == {"ids": [one_held]}
    assert decide("hold").json == {"ids": [one_held]}
    assert decide("count").json == {"ids": [one_held]}
    assert decide("count").json == {"ids": []}
    drain_outbox()
    assert counted(any_api) == 1
    assert any_api.get("/api/v1/held-answers").json["items"] == []
    assert decide("count", str(uuid4())).status_code == 404


def test_machines_are_not_told_who_answered_a_confidential_survey(any_api, invite, clock):
    Visitor(any_api.client, invite(confidential=True), clock).open(3).press(after=1)
    (row,) = any_api.get("/api/v1/held-answers").json["items"]
    assert (row["contact_id"], row["score"], row["comment"]) == (None, None, None)
