"""Merging themes keeps every count exact, a person's word first, and can be taken back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.understanding.taxonomy_steps import (
    counted,
    label,
    put_theme,
    read,
    recounted,
    say,
    standing,
    theme,
    work_off,
)
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.understanding import service as understanding
from vocapp.understanding.models import Label
from vocapp.understanding.taxonomy import merging, service
from vocapp.understanding.taxonomy.models import MergedResponse, ThemeMerge
from vocapp.workspaces.service import update_workspace


@dataclass
class Place:
    """A workspace with a survey and themes."""

    api: Any
    ids: dict[str, UUID]

    @property
    def workspace_id(self) -> UUID:
        return self.api.workspace_id


@pytest.fixture
def place(any_api):
    """A workspace with three themes and a survey."""
    update_workspace(any_api.workspace_id, {"time_zone": "UTC"}, now=utcnow())
    any_api.survey()
    ids = {key: put_theme(any_api.workspace_id, key) for key in ("old", "new", "other")}
    return Place(any_api, ids)


def answer(place, *, score: int = 3, **fields) -> UUID:
    stored = place.api.respond(score=score, comment="The fee was late.", **fields).json
    response_id = UUID(stored["id"])
    read(place.workspace_id, response_id)
    return response_id


def merge(place, source: str = "old", target: str = "new") -> UUID:
    return merging.merge_themes(
        place.workspace_id, source, target, user_id=place.api.workspace.user_id, now=utcnow(),
        source_revision=theme(place.workspace_id, source).revision,
    )  # fmt: skip


def undo(place, merge_id: UUID) -> None:
    merging.undo_merge(place.workspace_id, merge_id, user_id=None, now=utcnow())


def themes_on(place, response_id: UUID) -> dict[str, tuple[str, float]]:
    names = {theme_id: key for key, theme_id in place.ids.items()}
    rows = standing(place.workspace_id)[0]
    return {
        names[UUID(row[1])]: (row[2], float(row[3])) for row in rows if row[0] == str(response_id)
    }


def random_past(place, seed: int, n: int = 40) -> None:
    dice = random.Random(seed)
    for _ in range(n):
        response_id = answer(place, score=dice.randrange(11))
        for theme_id in place.ids.values():
            verdict = dice.choice([None, None, None, "add", "remove", "confirm"])
            if verdict:
                label(place.workspace_id, response_id, theme_id, verdict)
            if verdict in {"add", "confirm"} or (verdict is None and dice.random() < 0.5):
                by = "person" if verdict else dice.choice(["model", "model", "rule"])
                tone = dice.choice(["positive", "negative", "mixed", "neutral"])
                say(place.workspace_id, response_id, theme_id, by=by,
                    confidence=dice.choice([0.5, 0.9]), sentiment=tone)  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_exact_after_a_merge_and_everything_is_back_after_its_undo(
    place, seed, monkeypatch
):
    monkeypatch.setattr(merging, "STEP", 7)
    random_past(place, seed)
    before = standing(place.workspace_id)
    assert counted(place.workspace_id) == recounted(place.workspace_id)
    merge_id = merge(place)
    work_off(merging.MERGE)
    assert counted(place.workspace_id) == recounted(place.workspace_id)
    rows, labels = standing(place.workspace_id)
    assert str(place.ids["old"]) not in {row[1] for row in (*rows, *labels)}
    other = str(place.ids["other"])
    assert [row for row in rows if row[1] == other] == [row for row in before[0] if row[1] == other]
    with snapshot() as session:
        kept = session.get(ThemeMerge, (place.workspace_id, merge_id))
        assert (kept.state, kept.moved) == ("done", kept.total)
    undo(place, merge_id)
    work_off(merging.MERGE)
    assert standing(place.workspace_id) == before
    assert counted(place.workspace_id) == recounted(place.workspace_id)
    assert theme(place.workspace_id, "old").archived_at is None


def test_a_person_speaks_first_then_a_rule_then_the_surer_model(place):
    old, new = place.ids["old"], place.ids["new"]
    person, rule, surer, only = (answer(place) for _ in range(4))
    say(place.workspace_id, person, old, by="person", confidence=1.0)
    label(place.workspace_id, person, old, "add")
    say(place.workspace_id, person, new, confidence=0.99)
    say(place.workspace_id, rule, new, by="rule", confidence=1.0)
    say(place.workspace_id, rule, old, confidence=0.99)
    say(place.workspace_id, surer, old, confidence=0.9)
    say(place.workspace_id, surer, new, confidence=0.6)
    say(place.workspace_id, only, old, confidence=0.7)
    merge(place)
    work_off(merging.MERGE)
    assert themes_on(place, person) == {"new": ("person", 1.0)}
    assert themes_on(place, rule) == {"new": ("rule", 1.0)}
    assert themes_on(place, surer) == {"new": ("model", 0.9)}
    assert themes_on(place, only) == {"new": ("model", 0.7)}
    assert [each[1:] for each in standing(place.workspace_id)[1]] == [(str(new), "add")]


def test_taking_the_merged_theme_away_holds_only_where_the_other_was_not_there(place):
    old, new = place.ids["old"], place.ids["new"]
    with_new, alone, denied = (answer(place) for _ in range(3))
    label(place.workspace_id, with_new, old, "remove")
    say(place.workspace_id, with_new, new)
    label(place.workspace_id, alone, old, "remove")
    label(place.workspace_id, denied, new, "remove")
    say(place.workspace_id, denied, old)
    merge(place)
    work_off(merging.MERGE)
    assert themes_on(place, with_new) == {"new": ("model", 0.8)}
    assert themes_on(place, alone) == {}
    assert themes_on(place, denied) == {}
    labels = {(each[0], each[2]) for each in standing(place.workspace_id)[1]}
    assert labels == {(str(alone), "remove"), (str(denied), "remove")}


def test_a_merge_goes_on_where_it_was_killed_and_can_be_undone_halfway(place, monkeypatch):
    monkeypatch.setattr(merging, "STEP", 3)
    for _ in range(8):
        say(place.workspace_id, answer(place), place.ids["old"])
    before = standing(place.workspace_id)
    merge_id = merge(place)
    outbox.work_off(merging.MERGE, now=utcnow())
    real = merging.recount_many

    def die(*_args):
        raise RuntimeError("killed")

    monkeypatch.setattr(merging, "recount_many", die)
    outbox.work_off(merging.MERGE, now=utcnow())
    monkeypatch.setattr(merging, "recount_many", real)
    assert counted(place.workspace_id) == recounted(place.workspace_id)
    with snapshot() as session:
        assert session.get(ThemeMerge, (place.workspace_id, merge_id)).moved == 3
    undo(place, merge_id)
    with transaction() as session:  # two chains at once do no harm
        outbox.add(session, place.workspace_id, merging.MERGE, merge_id, now=utcnow())
    work_off(merging.MERGE)
    assert standing(place.workspace_id) == before
    assert counted(place.workspace_id) == recounted(place.workspace_id)


def test_what_a_person_says_after_the_merge_survives_its_undo(place):
    kept, plain = answer(place), answer(place)
    say(place.workspace_id, kept, place.ids["old"])
    say(place.workspace_id, plain, place.ids["old"])
    merge_id = merge(place)
    work_off(merging.MERGE)
    understanding.correct_theme(
        place.workspace_id, kept, "new", "confirm", user_id=None, now=utcnow()
    )
    undo(place, merge_id)
    work_off(merging.MERGE)
    assert themes_on(place, kept) == {"old": ("model", 0.8), "new": ("person", 1.0)}
    assert themes_on(place, plain) == {"old": ("model", 0.8)}
    assert counted(place.workspace_id) == recounted(place.workspace_id)


def test_a_comment_that_was_edited_since_is_judged_anew_instead(place):
    edited = answer(place)
    say(place.workspace_id, edited, place.ids["old"])
    merge_id = merge(place)
    work_off(merging.MERGE)
    read(place.workspace_id, edited, digest="other words")
    with transaction() as session:
        session.execute(outbox.Pending.__table__.delete().where(outbox.Pending.kind == "analyse"))
    undo(place, merge_id)
    work_off(merging.MERGE)
    assert themes_on(place, edited) == {}
    with snapshot() as session:
        assert session.scalars(
            select(outbox.Pending.subject_id).where(outbox.Pending.kind == "analyse")
        ).all() == [edited]


def test_an_erased_persons_labels_do_not_come_back_by_an_undo(place):
    person = {"external_id": "u1", "email": "someone@example.com"}
    response_id = answer(place, contact=person)
    say(place.workspace_id, response_id, place.ids["old"], by="person")
    label(place.workspace_id, response_id, place.ids["old"], "add")
    merge_id = merge(place)
    work_off(merging.MERGE)
    with snapshot() as session:
        contact_id = session.get(Response, (place.workspace_id, response_id)).contact_id
    erase_contact(place.workspace_id, contact_id, now=utcnow())
    with snapshot() as session:
        assert session.scalars(select(MergedResponse)).all() == []
    undo(place, merge_id)
    work_off(merging.MERGE)
    with snapshot() as session:
        assert session.scalars(select(Label)).all() == []
    assert sum(counted(place.workspace_id).values()) == 1


def test_words_and_children_follow_and_come_back(place):
    where = place.workspace_id
    put_theme(where, "child", parent_id=place.ids["old"])
    words = {"rules": {"en": ["late fee"], "ja": []}, "exclusions": {"en": ["no fee"], "ja": []}}
    put_theme(where, "worded", **words)
    first = merge(place)
    assert theme(where, "child").parent_id == place.ids["new"]
    work_off(merging.MERGE)
    merge_id = merge(place, "worded", "new")
    assert theme(where, "new").rules["en"] == ["late fee"]
    assert theme(where, "new").exclusions["en"] == []
    work_off(merging.MERGE)
    with pytest.raises(Conflict):  # the later one first
        undo(place, first)
    undo(place, merge_id)
    assert theme(where, "new").rules["en"] == []
    assert theme(where, "worded").rules["en"] == ["late fee"]
    work_off(merging.MERGE)
    undo(place, first)
    assert theme(where, "child").parent_id == place.ids["old"]


def test_a_theme_is_merged_into_one_of_its_own_without_a_circle(place):
    where = place.workspace_id
    middle = put_theme(where, "middle", parent_id=place.ids["old"])
    put_theme(where, "leaf", parent_id=middle)
    merge_id = merge(place, "old", "leaf")
    assert theme(where, "middle").parent_id is None
    assert theme(where, "leaf").parent_id == middle
    work_off(merging.MERGE)
    undo(place, merge_id)
    assert theme(where, "middle").parent_id == place.ids["old"]


def test_a_merge_is_refused_where_it_makes_no_sense(place):
    where = place.workspace_id
    for target in ("old", "absent"):
        with pytest.raises(BadInput):
            merge(place, "old", target)
    with pytest.raises(service.ChangedMeanwhile):
        merging.merge_themes(where, "old", "new", source_revision=7, user_id=None, now=utcnow())
    say(where, answer(place), place.ids["old"])
    merge_id = merge(place)
    with pytest.raises(Conflict):  # its comments are on their way
        merge(place, "new", "other")
    with pytest.raises(Conflict):
        service.restore_theme(where, "old", user_id=None, now=utcnow())
    work_off(merging.MERGE)
    undo(place, merge_id)
    work_off(merging.MERGE)
    with pytest.raises(Conflict):
        undo(place, merge_id)


def test_another_workspaces_merge_is_absent(place, new_workspace):
    merge_id = merge(place)
    stranger = new_workspace("Other")
    with pytest.raises(NotFound):
        merging.undo_merge(stranger.workspace_id, merge_id, user_id=None, now=utcnow())
    with pytest.raises(NotFound):
        merging.merge_themes(
            stranger.workspace_id, "new", "other", source_revision=1, user_id=None, now=utcnow()
        )
