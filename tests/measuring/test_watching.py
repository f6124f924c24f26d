"""A watched score: looked at once a day, and one mail to each who watches when it has fallen."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from surveys.periods import local_day
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import survey_by_key
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.measuring.cells import CellChanges
from vocapp.measuring.models import CellState, ScoreMonth
from vocapp.measuring.queries import reading
from vocapp.measuring.watching import service
from vocapp.measuring.watching.looking import Watched, look
from vocapp.measuring.watching.models import ScoreFall, ScoreWatch, ScoreWatcher
from vocapp.outbox import Pending
from vocapp.problems import BadInput
from vocapp.workspaces.models import Membership, User

FIRST = date(2025, 1, 1)  # the first watched day; the year of the tests
BASELINE = 90
STEADY, WORSE = (0.15, 0.35, 0.5), (0.35, 0.35, 0.3)  # detractors, passives, promoters: +35, -5
WATCH, STOP, PAGE = "/results/nps/watch", "/results/nps/watch/stop", "/results/nps"


@pytest.fixture
def app(any_database):
    return any_database


@pytest.fixture
def at(monkeypatch):
    """Says what time it is for the daily look, and for the mail that follows it."""

    def set_clock(day, hour=6):
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        monkeypatch.setattr(service, "utcnow", lambda: moment)
        return moment

    return set_clock


def count(api, days, *, seed=7, per_day=20):
    """Cells of a counted survey: so many answers on each day, drawn with its shares."""
    draw = random.Random(seed)
    api.survey()
    api.respond(score=9, answered_at="2020-01-01T00:00:00Z")
    while outbox.work_off("measure", now=utcnow()):
        pass
    with transaction() as session:
        state = session.scalars(
            select(CellState).where(CellState.workspace_id == api.workspace_id)
        ).one()
        one = session.scalars(
            select(ScoreMonth).where(ScoreMonth.workspace_id == api.workspace_id)
        ).one()
        changes = CellChanges()
        for day, shares in days:
            for index in draw.choices((2, 8, 10), shares, k=per_day):
                changes.add(one.question_id, day, index, {}, +1)
        changes.write(session, api.workspace_id, state.generation)


def year(fall_after=None):
    """A baseline and a year of days, from a day on with lower scores."""
    for n in range(-BASELINE, 365):
        low = fall_after is not None and n >= fall_after
        yield FIRST + timedelta(days=n), WORSE if low else STEADY


def users(api, *locales):
    """A member for each language; their ids."""
    with transaction() as session:
        found = []
        for place, locale in enumerate(locales):
            email = f"w{place}-{locale}@example.com"
            user = User(
                id=uuid7(), email=email, email_normalised=email, name=f"W {locale}",
                password_hash="x", locale=locale, created_at=utcnow(),
            )  # fmt: skip
            session.add(user)
            session.flush()
            session.add(
                Membership(
                    workspace_id=api.workspace_id, user_id=user.id, role="viewer",
                    created_at=utcnow(),
                )
            )  # fmt: skip
            found.append(user.id)
    return found


def start(api, *user_ids, day=FIRST):
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    for user_id in user_ids:
        service.watch_score(
            survey_by_key(api.workspace_id, "nps"), user_id=user_id, time_zone="UTC", now=now
        )


def all_of(model):
    with snapshot() as session:
        return session.scalars(select(model).execution_options(voc_all_workspaces=True)).all()


def waiting(kind):
    return [row for row in all_of(Pending) if row.kind == kind]


def look_on(at, day):
    outbox.work_off(service.WATCH, now=at(day))


def told():
    return [
        (each.fell_on, each.noticed_on, each.before_n, each.after_n) for each in all_of(ScoreFall)
    ]


def test_a_fall_in_a_year_of_daily_looks_is_told_once_to_each_in_their_language(
    any_api, at, mail_server
):
    count(any_api, year(fall_after=60))
    start(any_api, *users(any_api, "en", "ja"))
    for n in (*range(1, 100), *range(100, 366, 10), 365):
        look_on(at, FIRST + timedelta(days=n))
    while outbox.work_off("staff_mail", now=utcnow()):
        pass
    [fall] = all_of(ScoreFall)
    assert abs((fall.fell_on - (FIRST + timedelta(days=60))).days) <= 3
    assert fall.fell_on < fall.noticed_on < FIRST + timedelta(days=80)
    assert fall.before_value > 25 > 10 > fall.after_value
    assert fall.before_n == 20 * (fall.fell_on - FIRST + timedelta(days=BASELINE)).days
    assert fall.after_n == 20 * ((fall.noticed_on - fall.fell_on).days + 1)
    english, japanese = sorted(mail_server.messages, key=lambda mail: str(mail["To"]))
    assert "The score of nps has fallen" in english["Subject"]
    assert "Fell on about" in english.get_content()
    assert f"n = {fall.before_n:,}" in english.get_content()
    assert "/results/nps#watch" in english.get_content()
    assert f"since={fall.fell_on}" in english.get_content()
    assert "nps" in japanese["Subject"]
    assert "Fell on" not in japanese.get_content()
    [watch] = all_of(ScoreWatch)
    assert (watch.baseline_from, watch.began_on) == (
        fall.fell_on, fall.noticed_on + timedelta(days=1),
    )  # fmt: skip
    assert watch.looked_until == FIRST + timedelta(days=365)


def test_without_a_fall_a_year_has_no_alarm_and_then_begins_anew(any_api, at):
    count(any_api, year())
    start(any_api, *users(any_api, "en"))
    for n in (1, 100, 365):
        look_on(at, FIRST + timedelta(days=n))
    assert told() == []
    assert waiting("staff_mail") == []
    [watch] = all_of(ScoreWatch)
    assert watch.began_on == FIRST + timedelta(days=365)
    assert watch.baseline_from == watch.began_on - timedelta(days=BASELINE)


def test_looking_late_or_twice_finds_what_daily_looks_find(any_api, at):
    count(any_api, year(fall_after=60))
    start(any_api, *users(any_api, "en"))
    survey = survey_by_key(any_api.workspace_id, "nps")
    now = at(FIRST + timedelta(days=365))
    watched, daily = Watched.anew(FIRST), []
    for n in (*range(1, 366, 9), 365):
        then = datetime.combine(FIRST + timedelta(days=n), now.timetz())
        with reading(survey, time_zone="UTC", now=then) as opened:
            found = look(opened, watched)
        watched = found.watched
        daily.extend(found.falls)
    assert len(daily) == 1
    look_on(at, FIRST + timedelta(days=365))
    once = told()
    assert once == [(each.fell_on, each.noticed_on, each.before_n, each.after_n) for each in daily]
    look_on(at, FIRST + timedelta(days=366))
    look_on(at, FIRST + timedelta(days=367))
    assert told() == once
    assert len(waiting("staff_mail")) == 1


def test_two_looks_at_once_tell_it_once(any_api, at):
    count(any_api, year(fall_after=60))
    start(any_api, *users(any_api, "en"))
    at(FIRST + timedelta(days=120))
    [row] = waiting(service.WATCH)
    stores = [service.look_daily([row])[0] for _ in range(2)]
    for store in stores:
        with transaction() as session:
            store(session)
    assert len(told()) == len(waiting("staff_mail")) == 1


def test_the_day_that_runs_is_left_out(any_api, at):
    count(any_api, year(fall_after=0))
    start(any_api, *users(any_api, "en"))
    survey = survey_by_key(any_api.workspace_id, "nps")
    now = datetime(2025, 1, 5, 23, 59, tzinfo=UTC)
    with reading(survey, time_zone="UTC", now=now) as opened:
        found = look(opened, Watched.anew(FIRST))
    assert found.looked_until == date(2025, 1, 5)
    assert all(fall.noticed_on < date(2025, 1, 5) for fall in found.falls)
    assert local_day(now, "UTC") == date(2025, 1, 5)


def test_who_stopped_before_the_mail_left_gets_none(any_api, at, mail_server):
    count(any_api, year(fall_after=60))
    stays, stops = users(any_api, "en", "en")
    start(any_api, stays, stops)
    look_on(at, FIRST + timedelta(days=120))
    service.stop_watching(survey_by_key(any_api.workspace_id, "nps"), user_id=stops)
    while outbox.work_off("staff_mail", now=utcnow()):
        pass
    assert [str(mail["To"]) for mail in mail_server.messages] == ["W en <w0-en@example.com>"]


def test_who_sees_only_own_accounts_by_then_hears_of_no_fall(any_api, at, mail_server):
    count(any_api, year(fall_after=60))
    stays, is_limited = users(any_api, "en", "ja")
    start(any_api, stays, is_limited)
    with transaction() as session:
        session.execute(
            update(Membership)
            .where(
                Membership.workspace_id == any_api.workspace_id, Membership.user_id == is_limited
            )
            .values(role="success", only_own_accounts=True)
        )
    look_on(at, FIRST + timedelta(days=120))
    while outbox.work_off("staff_mail", now=utcnow()):
        pass
    assert [str(mail["To"]) for mail in mail_server.messages] == ["W en <w0-en@example.com>"]


def test_watching_again_goes_on_where_nothing_was_missed_and_else_begins_anew(any_api, at):
    count(any_api, year())
    [user_id] = users(any_api, "en")
    survey = survey_by_key(any_api.workspace_id, "nps")
    start(any_api, user_id)
    look_on(at, FIRST + timedelta(days=50))
    service.stop_watching(survey, user_id=user_id)
    start(any_api, user_id, day=FIRST + timedelta(days=50))
    assert all_of(ScoreWatch)[0].began_on == FIRST
    service.stop_watching(survey, user_id=user_id)
    start(any_api, user_id, day=FIRST + timedelta(days=70))
    assert all_of(ScoreWatch)[0].began_on == FIRST + timedelta(days=70)


def test_the_next_look_waits_for_the_end_of_the_local_day_and_for_nobody_there_is_none(any_api, at):
    count(any_api, [(FIRST, STEADY)])
    any_api.patch("/api/v1/workspace", {"time_zone": "Asia/Tokyo"})
    [user_id] = users(any_api, "en")
    survey = survey_by_key(any_api.workspace_id, "nps")
    now = datetime(2025, 1, 1, 16, tzinfo=UTC)  # January 2 in Tokyo
    for _ in range(2):
        service.watch_score(survey, user_id=user_id, time_zone="Asia/Tokyo", now=now)
    [row] = waiting(service.WATCH)
    assert row.due_at == datetime(2025, 1, 2, 21, tzinfo=UTC)
    service.stop_watching(survey, user_id=user_id)
    look_on(at, date(2025, 1, 4))
    assert waiting(service.WATCH) == []


def test_who_leaves_the_workspace_watches_nothing(any_api):
    count(any_api, [(FIRST, STEADY)])
    [user_id] = users(any_api, "en")
    start(any_api, user_id)
    with transaction() as session:
        session.delete(session.get(User, user_id))
    assert all_of(ScoreWatcher) == []


def test_a_confidential_survey_is_not_watched_nor_told_of(api, staff, at):
    count(api, year(fall_after=60))
    viewer = staff("viewer")
    [user_id] = users(api, "en")
    start(api, user_id)
    viewer.post(WATCH)
    viewer.get(PAGE)
    with transaction() as session:
        session.execute(
            update(Survey).where(Survey.workspace_id == api.workspace_id).values(confidential=True)
        )
    survey = survey_by_key(api.workspace_id, "nps")
    with pytest.raises(BadInput):
        service.watch_score(survey, user_id=user_id, time_zone="UTC", now=utcnow())
    look_on(at, FIRST + timedelta(days=120))
    assert told() == []
    page = unescape(viewer.get(PAGE).text)
    assert "A confidential survey cannot be watched" in page
    assert "Stop watching" not in page
    assert "Watch this score" not in page
    assert "cannot be watched" in unescape(viewer.post(WATCH, follow_redirects=True).text)
    assert "Watched scores" not in viewer.get("/").text


def test_somebody_watches_a_score_on_its_page_and_takes_it_back(api, staff):
    api.survey()
    api.respond(score=9)
    while outbox.work_off("measure", now=utcnow()):
        pass
    viewer = staff("viewer")
    assert "Watch this score" in viewer.get(PAGE).text
    assert "Watched scores" not in viewer.get("/").text
    answer = viewer.post(f"{WATCH}?period=all")
    assert answer.location == f"{PAGE}?period=all#watch"
    page = unescape(viewer.get(PAGE).text)
    assert "Stop watching" in page
    assert "Too few answers yet to notice a fall" in page
    assert STOP in page
    assert "Watched scores" in viewer.get("/").text
    other = staff("product")
    assert "Watch this score" in other.get(PAGE).text
    assert "Watched scores" not in other.get("/").text
    viewer.post(STOP)
    assert "Watch this score" in viewer.get(PAGE).text
    assert all_of(ScoreWatcher) == []


def test_a_fall_stands_on_the_page_and_on_home_with_where_it_leads(api, staff):
    today = utcnow().date()
    days = [(today - timedelta(days=n), WORSE if n <= 20 else STEADY) for n in range(1, 200)]
    count(api, days)
    viewer = staff("viewer")
    viewer.post(WATCH)
    with transaction() as session:
        anew = Watched.anew(today - timedelta(days=60))
        session.execute(
            update(ScoreWatch)
            .where(ScoreWatch.workspace_id == api.workspace_id)
            .values(began_on=anew.began_on, baseline_from=anew.baseline_from)
        )
        session.execute(
            update(Pending)
            .where(Pending.workspace_id == api.workspace_id, Pending.kind == service.WATCH)
            .values(due_at=utcnow())
        )
    outbox.work_off(service.WATCH, now=utcnow())
    [fall] = all_of(ScoreFall)
    for path in (PAGE, "/"):
        page = unescape(viewer.get(path).text)
        assert "Fell on about" in page, path
        assert f"{PAGE}/compare?period=custom&since={fall.fell_on}" in page, path
    page = unescape(viewer.get(PAGE).text)
    answers = f"{PAGE}/answers?period=custom&since={fall.fell_on}&until={fall.noticed_on}"
    assert answers in page
    assert viewer.get(answers).status_code == 200
    compared = unescape(viewer.get(answers.replace("answers", "compare")).text)
    assert "Fell by" in compared
    assert "no sign of a further fall" in page
    assert "Fell on about" in unescape(staff("viewer").get(PAGE).text)
