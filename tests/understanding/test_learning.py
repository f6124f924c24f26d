"""From corrections to a version that serves: taught in steps, compared, taken or not."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from random import Random

import pytest
from sqlalchemy import select, update

from tests.understanding.teaching import (
    THEMES,
    WHAT,
    correct,
    few_themes,
    learn,
    said,
    themes_on,
    use_static_encoder,
    zorgles,
)
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, NotFound
from vocapp.understanding import service as understanding
from vocapp.understanding.learning import asking, service
from vocapp.understanding.learning.models import ThemeLesson, ThemeModel
from vocapp.understanding.learning.queries import learning
from vocapp.understanding.models import Theme


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    use_static_encoder(monkeypatch)


@pytest.fixture
def taught(api, drain_outbox):
    """A workspace that taught what a zorgle is, and its version."""
    few_themes(api)
    ids = said(api, [*zorgles(24), *(f"The invoice of {m} was wrong." for m in "ABCDEF")])
    drain_outbox()
    correct(api, ids[:24], "parking")
    correct(api, ids[24:], "invoices", "confirm")
    return learn(api, drain_outbox)[-1]


def test_what_people_taught_serves_when_it_is_better(any_api, drain_outbox):
    api = any_api
    few_themes(api)
    ids = said(api, zorgles(24))
    drain_outbox()
    assert "parking" not in themes_on(api, ids[0]) | themes_on(api, ids[1])
    correct(api, ids[:23], "parking")
    model = learn(api, drain_outbox)[-1]
    assert (model.number, model.state, model.reason) == (1, "champion", "better")
    assert (model.corrections, model.comments) == (23, 23)
    (fresh,) = said(api, ["Yesterday the zorgle crashed."])
    drain_outbox()
    shown = api.get(f"/api/v1/responses/{fresh}").json
    assert "parking" in {theme["key"] for theme in shown["themes"]}
    assert "parking" not in themes_on(api, ids[23]), "the past is judged anew only when asked"


def test_noise_teaches_nothing_that_would_serve(api, drain_outbox):
    few_themes(api)
    random = Random(3)
    ids = said(api, [f"The {w} {n}." for n in WHAT for w in ("lift", "door", "lamp", "chair")])
    drain_outbox()
    for response_id in ids:
        correct(api, [response_id], random.choice(sorted(THEMES)))
    model = learn(api, drain_outbox)[-1]
    assert model.state == "rejected"
    assert model.reason in {"not_better", "not_enough"}
    with snapshot() as session:
        assert session.scalars(select(ThemeLesson)).all() == [], "what never serves is not kept"


def test_the_same_corrections_are_not_taught_twice(taught, api, drain_outbox):
    assert [model.number for model in learn(api, drain_outbox)] == [1]


def test_the_same_corrections_always_end_in_the_same_version(taught, api, drain_outbox):
    """A worker that lacks the file makes it again from what is stored."""
    from vocapp.understanding import analysers

    def judged():
        with snapshot() as session:
            now = analysers.taught_now(session, api.workspace_id)
        analyser = analysers.analyser_for(now.taxonomy, encoder="static", teaching=now.teaching)
        asked = ["The zorgle hummed.", "The invoice is wrong."]
        return analyser.model_version, analyser.classifier.predict_proba(asked).tolist()

    first = judged()
    for path in analysers.folder_of(api.workspace_id).iterdir():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    analysers._analyser.cache_clear()
    assert judged() == first


def test_new_corrections_are_compared_with_what_serves_unseen(taught, api, drain_outbox):
    """The serving version knows its old comments by heart: of these, what was foretold counts."""
    ids = said(api, [f"The chart of {m} is a joy." for m in "ABCDE"])
    drain_outbox()
    correct(api, ids, "reports", "add")
    second = learn(api, drain_outbox)[-1]
    assert second.rival_id == taught.id
    with snapshot() as session:
        rows = session.scalars(
            scoped(ThemeLesson, api.workspace_id).where(ThemeLesson.model_id == taught.id)
        )
        foretold = {row.response_id: row.foretold for row in rows}
        assert len(foretold) == 30
    assert second.report["n"] == 35
    overall = second.report["before"]
    assert overall[0] <= overall[2] < 3 * 35


def test_a_worker_that_dies_in_between_repeats_a_step_and_nothing_else(api, drain_outbox):
    few_themes(api)
    ids = said(api, zorgles(15))
    drain_outbox()
    correct(api, ids, "parking")
    service.ask(api.workspace_id, user_id=None, now=utcnow())
    outbox.work_off(asking.LEARN, now=utcnow())  # begins
    for _ in range(40):
        with transaction() as session:
            row = session.scalars(
                select(Pending).where(Pending.kind == asking.LEARN).with_for_update()
            ).first()
            if row is None:
                break
            # One worker dies with the step in its hands; its lease runs out.
            row.lease_token, row.lease_until = uuid7(), utcnow() - timedelta(seconds=1)
        outbox.release_expired_leases(now=utcnow())
        twice = [outbox_row(api), outbox_row(api)]
        outcomes = [service.learn([each])[0] for each in twice]
        with transaction() as session:
            for outcome in outcomes:  # a slow worker that finishes late changes nothing
                outcome(session)
            session.execute(Pending.__table__.delete().where(Pending.id == twice[0].id))
    with snapshot() as session:
        model = session.scalars(scoped(ThemeModel, api.workspace_id)).one()
        assert (model.state, model.step) == ("champion", len(model.plan))
    drain_outbox()


def outbox_row(api):
    with snapshot() as session:
        return session.scalars(select(Pending).where(Pending.kind == asking.LEARN)).first()


def test_it_learns_at_once_after_so_many_corrections_and_else_tonight(api, drain_outbox):
    few_themes(api)
    service.set_when_to_learn(api.workspace_id, nightly=True, after=12, user_id=None, now=utcnow())
    ids = said(api, zorgles(12))
    drain_outbox()
    correct(api, ids[:11], "parking")
    due = outbox_row(api).due_at
    assert due > utcnow()
    assert due - utcnow() <= timedelta(days=1)
    correct(api, ids[11:], "parking")
    assert outbox_row(api).due_at <= utcnow()
    drain_outbox()
    assert learning(api.workspace_id).new == 0
    with pytest.raises(BadInput):
        service.set_when_to_learn(
            api.workspace_id, nightly=True, after=0, user_id=None, now=utcnow()
        )


def test_a_fresh_comment_does_not_wait_for_what_was_taught(taught, api, drain_outbox, monkeypatch):
    """The file is not there: the themes alone judge, and the comment is judged again later."""
    from vocapp.understanding import analysers

    monkeypatch.setattr(
        understanding, "is_trained",
        lambda taxonomy, *, encoder, teaching=None: (
            teaching in {None, analysers.NOTHING}
            and analysers.is_trained(taxonomy, encoder=encoder)
        ),
    )  # fmt: skip
    (fresh,) = said(api, ["Yesterday the zorgle crashed."])
    outbox.work_off("analyse", now=utcnow())
    assert api.get(f"/api/v1/responses/{fresh}").json["analysis"] == "done"
    with snapshot() as session:
        kinds = {row.kind for row in session.scalars(scoped(Pending, api.workspace_id))}
    assert {asking.PREPARE, "refine"} <= kinds
    with transaction() as session:  # for so long that no other worker's files will come
        long_ago = utcnow() - timedelta(minutes=15)
        session.execute(update(Pending).values(due_at=utcnow(), created_at=long_ago))
    drain_outbox(refine=True)
    assert "parking" in themes_on(api, fresh)


def test_refining_waits_for_its_model_which_is_learnt_elsewhere(
    taught, api, drain_outbox, monkeypatch
):
    (fresh,) = said(api, ["Yesterday the zorgle crashed."])
    there = []
    monkeypatch.setattr(understanding, "is_trained", lambda *_args, **_which: bool(there))
    outbox.work_off("analyse", now=utcnow())
    with transaction() as session:
        session.execute(update(Pending).values(due_at=utcnow()))
    assert not outbox.work_off("refine", now=utcnow())
    with snapshot() as session:
        (row,) = session.scalars(scoped(Pending, api.workspace_id).where(Pending.kind == "refine"))
    assert row.due_at > utcnow()
    assert row.attempts == 0
    there.append(True)
    drain_outbox(refine=True)  # the models are made, and what waits for them is due at once
    assert "parking" in themes_on(api, fresh)


def test_a_former_version_serves_again_and_that_can_be_undone(taught, api, drain_outbox):
    assert service.serve_version(api.workspace_id, 0, user_id=None, now=utcnow()) == 1
    before, after = said(api, ["Yesterday the zorgle crashed.", "Then the zorgle sang."])
    drain_outbox()
    assert "parking" not in themes_on(api, before) & themes_on(api, after)
    assert service.serve_version(api.workspace_id, 1, user_id=None, now=utcnow()) == 0
    (again,) = said(api, ["Today the zorgle crashed."])
    drain_outbox()
    assert "parking" in themes_on(api, again)
    with pytest.raises(NotFound):
        service.serve_version(api.workspace_id, 7, user_id=None, now=utcnow())


def test_only_a_version_that_served_can_serve_again(api, drain_outbox):
    test_noise_teaches_nothing_that_would_serve(api, drain_outbox)
    with pytest.raises(BadInput):
        service.serve_version(api.workspace_id, 1, user_id=None, now=utcnow())


def test_who_is_erased_is_taken_out_of_what_was_taught(api, drain_outbox, app):
    few_themes(api)
    ids = said(api, zorgles(15))
    someone = {"external_id": "u1", "email": "u1@example.com"}
    ids += said(api, ["My zorgle kanaria sang."], contact=someone)
    drain_outbox()
    correct(api, ids, "parking")
    model = learn(api, drain_outbox)[-1]
    assert model.state == "champion"
    with snapshot() as session:
        contact_id = session.scalar(select(Contact.id).where(Contact.external_id == "u1"))
    erase_contact(api.workspace_id, contact_id, now=utcnow(), actor_user_id=None)
    drain_outbox()
    with snapshot() as session:
        kept = session.scalars(scoped(ThemeLesson, api.workspace_id)).all()
        changed = session.get_one(ThemeModel, (api.workspace_id, model.id))
    assert len(kept) == 15
    assert changed.lessons_digest != model.lessons_digest
    files = list((app.config["SETTINGS"].data_dir / "models" / str(api.workspace_id)).iterdir())
    assert len(files) == 1
    assert b"kanaria" not in b"".join(path.read_bytes() for path in files[0].iterdir())


def test_one_workspace_teaches_no_other(taught, api, api_of, new_workspace, drain_outbox):
    other = api_of(api.client, new_workspace("Other"))
    few_themes(other)
    (theirs,) = said(other, ["Yesterday the zorgle crashed."])
    drain_outbox()
    assert "parking" not in themes_on(other, theirs)
    assert learning(other.workspace_id).versions == ()
    with pytest.raises(NotFound):
        service.serve_version(other.workspace_id, 1, user_id=None, now=utcnow())


def test_a_version_begun_before_the_themes_changed_is_taught_anew(api, drain_outbox):
    few_themes(api)
    ids = said(api, zorgles(12))
    drain_outbox()
    correct(api, ids, "parking")
    service.ask(api.workspace_id, user_id=None, now=utcnow())
    outbox.work_off(asking.LEARN, now=utcnow())
    with transaction() as session:
        session.execute(update(Theme).where(Theme.key == "reports").values(archived_at=utcnow()))
    assert drain_outbox() == []
    with snapshot() as session:
        found = session.scalars(scoped(ThemeModel, api.workspace_id).order_by(ThemeModel.number))
        assert [(row.state, row.reason) for row in found] == [
            ("rejected", "themes_changed"), ("champion", "better"),
        ]  # fmt: skip


def test_teaching_that_failed_for_good_can_be_asked_for_again(api, staff, drain_outbox):
    few_themes(api)
    ids = said(api, zorgles(15))
    drain_outbox()
    correct(api, ids, "parking")
    service.ask(api.workspace_id, user_id=None, now=utcnow())
    outbox.work_off(asking.LEARN, now=utcnow())  # begins
    with transaction() as session:
        session.execute(
            update(Pending).where(Pending.kind == asking.LEARN).values(set_aside_at=utcnow())
        )
    page = words_of(staff("product").get("/themes/learning"))
    assert "Teaching failed and was given up." in page
    service.ask(api.workspace_id, user_id=None, now=utcnow())
    for _ in range(20):
        outbox.work_off(asking.LEARN, now=utcnow())
    with snapshot() as session:
        found = session.scalars(scoped(ThemeModel, api.workspace_id).order_by(ThemeModel.number))
        assert [(row.state, row.reason) for row in found] == [
            ("rejected", "broken"), ("champion", "better"),
        ]  # fmt: skip
    assert not learning(api.workspace_id).set_aside


# --- the page ---------------------------------------------------------------------------


def words_of(answer, status=200):
    assert answer.status_code == status, answer.text
    return " ".join(unescape(answer.text).split())


def test_the_page_says_what_corrections_did_and_lets_go_back(taught, api, staff):
    browser = staff("product")
    page = words_of(browser.get("/themes/learning"))
    assert "30 corrections raised Parking recall from 0.00 to 1.00 (0.86–1.00)." in page
    assert "That is better beyond chance." in page
    answer = browser.post("/themes/learning/serving", {"version": 0})
    assert answer.status_code == 302
    page = words_of(browser.get("/themes/learning"))
    assert "Nothing but the themes' own words serves from now on." in page
    assert "Let it serve again: version 1" in page
    browser.post("/language", {"language": "ja", "next": "/"})
    page = words_of(browser.get("/themes/learning"))
    assert (
        "30件の修正により、「Parking」の再現率が0.00から1.00（0.86–1.00）に上がりました。" in page
    )


def test_the_page_says_how_many_more_corrections_are_needed(api, staff, drain_outbox):
    few_themes(api)
    browser = staff("product")
    assert "Nothing was corrected yet" in words_of(browser.get("/themes/learning"))
    ids = said(api, zorgles(7))
    drain_outbox()
    correct(api, ids, "parking")
    assert learn(api, drain_outbox) == []
    page = words_of(browser.get("/themes/learning"))
    assert "3 more corrected comments are needed" in page


def test_a_setting_that_is_no_number_is_said_and_not_lost(api, staff):
    browser = staff("product")
    wrong = {"after": "many"}
    page = words_of(browser.post("/themes/learning/setting", wrong), status=422)
    assert 'value="many"' in page
    assert "A whole number from 1 to 1,000" in page
    assert browser.post("/themes/learning/setting", {"after": ""}).status_code == 302
    when = learning(api.workspace_id).when
    assert (when.nightly, when.after) == (False, None)


def test_only_product_and_admin_come_in(api, staff):
    assert staff("viewer").get("/themes/learning").status_code == 403
    assert staff("admin").get("/themes/learning").status_code == 200
