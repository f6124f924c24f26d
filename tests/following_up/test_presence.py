"""Two people who have one case open see each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.following_up.desk import case_url
from vocapp.database import snapshot, utcnow
from vocapp.following_up import presence
from vocapp.following_up.models import CasePresence
from vocapp.problems import NotFound
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL
from vocapp.workspaces.reach import OwnAccounts


def come(desk, who, *, now, reach=ALL):
    presence.come(desk.case.workspace_id, desk.case.id, who, reach=reach, now=now)


def others(desk, who, *, now):
    with snapshot() as session:
        return [
            (other.name, other.since, other.is_writing)
            for other in presence.others_at(
                session, desk.case.workspace_id, desk.case.id, who, now=now
            )
        ]


def test_each_sees_the_other_and_since_when(any_api, desk_of, colleague):
    desk = desk_of(any_api)
    ben, now = colleague(any_api.workspace_id, name="Ben"), utcnow()
    later = now + timedelta(minutes=1)
    come(desk, desk.me, now=now)
    assert others(desk, desk.me, now=now) == []
    come(desk, ben, now=later)
    come(desk, desk.me, now=later)
    assert others(desk, ben, now=later) == [("Aiko", now, False)]
    assert others(desk, desk.me, now=later) == [("Ben", later, False)]


def test_who_left_or_went_silent_is_gone_and_comes_anew(any_api, desk_of, colleague):
    desk = desk_of(any_api)
    ben, now = colleague(any_api.workspace_id, name="Ben"), utcnow()
    come(desk, ben, now=now)
    presence.leave(desk.case.workspace_id, desk.case.id, ben, reach=ALL)
    assert others(desk, desk.me, now=now) == []
    come(desk, ben, now=now)
    gone = now + presence.GONE_AFTER + timedelta(seconds=1)
    assert others(desk, desk.me, now=gone) == []
    come(desk, ben, now=gone)
    assert others(desk, desk.me, now=gone) == [("Ben", gone, False)]
    with snapshot() as session:  # nothing is kept of who was here before
        assert session.scalar(select(func.count()).select_from(CasePresence)) == 1


def test_that_somebody_writes_to_the_customer_is_said(any_api, desk_of, colleague):
    desk = desk_of(any_api)
    ben, now = colleague(any_api.workspace_id, name="Ben"), utcnow()
    come(desk, desk.me, now=now)
    desk.keep("", "Hello")
    assert others(desk, ben, now=now) == [("Aiko", now, True)]


def test_a_case_beyond_reach_is_as_if_absent(any_api, desk_of, colleague):
    desk = desk_of(any_api)
    ben = colleague(any_api.workspace_id, name="Ben")
    with pytest.raises(NotFound):
        come(desk, ben, now=utcnow(), reach=OwnAccounts(ben))


def test_the_page_shows_them_at_once_and_the_minute_s_word_too(desk, staff):
    come(desk, desk.me, now=utcnow())
    page = staff("success")
    assert "Aiko has this open as well" in page.get(case_url(desk)).text
    said = page.post(case_url(desk) + "/here", {})
    assert said.status_code == 200
    assert "Aiko has this open as well" in said.text
    assert page.post(case_url(desk) + "/here", {"left": "1"}).status_code == 204
