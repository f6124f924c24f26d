"""Themes are added, changed, moved, archived and taken back; two people never lose an edit."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import select

from nlp.taxonomy import starter_pack
from tests.understanding.taxonomy_steps import counted, draft, put_theme, recounted, say, theme
from vocapp.database import snapshot, transaction, utcnow
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.understanding import service as understanding
from vocapp.understanding.analysers import default_taxonomy, taxonomy_of
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.learning import service as learning
from vocapp.understanding.taxonomy import service
from vocapp.workspaces.models import AuditEntry

WHO = {"user_id": None}


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    for module in (understanding, learning):
        monkeypatch.setattr(module, "preferred_encoder", lambda: "static")


@pytest.fixture
def where(any_api) -> UUID:
    """A workspace with two themes, one under the other."""
    top = put_theme(any_api.workspace_id, "top")
    put_theme(any_api.workspace_id, "leaf", parent_id=top)
    return any_api.workspace_id


def change(where, key, revision=1, **changes):
    return service.change_theme(
        where, key, draft(**changes), revision=revision, **WHO, now=utcnow()
    )


def test_a_new_theme_gets_a_key_that_can_be_read_and_both_languages(where):
    steps = service.add_theme(where, draft("Late fees"), **WHO, now=utcnow())
    row = theme(where, "late_fees")
    assert steps == (("late_fees", 1),)
    assert row.label == {"en": "Late fees", "ja": "Late fees"}
    again = service.add_theme(where, draft("Late fees"), **WHO, now=utcnow())
    assert again == (("late_fees_2", 1),)
    ((japanese, _),) = service.add_theme(
        where, draft(label={"en": "", "ja": "延滞料"}), **WHO, now=utcnow()
    )
    assert theme(where, japanese).label == {"en": "延滞料", "ja": "延滞料"}
    ((reserved, _),) = service.add_theme(where, draft("Edit"), **WHO, now=utcnow())
    assert reserved == "edit_2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": {"en": " ", "ja": ""}}, "label_en"),
        ({"label": {"en": "x" * 81, "ja": ""}}, "label_en"),
        ({"description": {"en": "", "ja": "x" * 501}}, "description_ja"),
        ({"rules": {"en": ("…",), "ja": ()}}, "rules_en"),
        ({"exclusions": {"en": (), "ja": tuple(f"x{n}" for n in range(201))}}, "exclusions_ja"),
        ({"keywords": {"en": ("x" * 101,), "ja": ()}}, "keywords_en"),
        ({"parent": "absent"}, "parent"),
    ],
)
def test_wrong_words_are_refused_by_field_and_nothing_is_stored(where, changes, field):
    with pytest.raises(BadInput) as refused:
        change(where, "top", **changes)
    assert [error.field for error in refused.value.errors] == [field]
    assert theme(where, "top").revision == 1


def test_a_theme_never_stands_under_itself_or_its_own(where):
    for parent in ("top", "leaf"):
        with pytest.raises(BadInput, match="itself"):
            change(where, "top", parent=parent)
    change(where, "leaf", parent=None)
    change(where, "top", parent="leaf")
    assert theme(where, "top").parent_id == theme(where, "leaf").id


def test_the_tree_has_a_depth_to_which_whole_branches_count(where):
    above = theme(where, "leaf").id
    for n in range(3, service.MAX_DEPTH + 1):
        above = put_theme(where, f"level{n}", parent_id=above)
    put_theme(where, "lone")
    with pytest.raises(BadInput, match="levels"):
        change(where, "top", parent="lone")
    with pytest.raises(BadInput, match="levels"):
        change(where, "lone", parent=f"level{service.MAX_DEPTH}")


def test_the_second_of_two_editors_hears_of_it_and_loses_nothing(where):
    change(where, "top", label={"en": "Mine", "ja": ""})
    with pytest.raises(service.ChangedMeanwhile) as conflict:
        change(where, "top", label={"en": "Theirs", "ja": ""})
    assert conflict.value.revision == 2
    assert theme(where, "top").label["en"] == "Mine"
    change(where, "top", revision=2, label={"en": "Theirs", "ja": ""})
    assert theme(where, "top").label["en"] == "Theirs"


def test_two_moves_at_once_make_no_circle(any_database, where):
    put_theme(where, "a")
    put_theme(where, "b")
    start, problems = Barrier(2), []

    def move(key, parent):
        with any_database.app_context():
            start.wait()
            try:
                change(where, key, parent=parent)
            except (BadInput, Conflict) as problem:
                problems.append(problem)

    movers = [Thread(target=move, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    assert len(problems) == 1
    assert [theme(where, key).parent_id is None for key in "ab"].count(True) == 1


def test_saving_what_is_there_changes_nothing(where):
    change(where, "top", label={"en": "New", "ja": "新"})
    same = {"label": {"en": "New", "ja": "新"}, "description": {"en": "About Fees.", "ja": ""}}
    assert change(where, "top", revision=2, **same) == ()
    assert theme(where, "top").revision == 2


def test_an_edit_is_taken_back_unless_somebody_edited_since(where):
    steps = change(where, "leaf", label={"en": "New", "ja": ""}, parent=None)
    service.take_back(where, steps, **WHO, now=utcnow())
    row = theme(where, "leaf")
    assert (row.label["en"], row.parent_id) == ("Leaf", theme(where, "top").id)
    steps = change(where, "leaf", revision=3, label={"en": "New", "ja": ""})
    change(where, "leaf", revision=4, label={"en": "Newer", "ja": ""})
    with pytest.raises(service.ChangedMeanwhile):
        service.take_back(where, steps, **WHO, now=utcnow())
    assert theme(where, "leaf").label["en"] == "Newer"


def test_a_new_theme_that_is_taken_back_goes_and_one_with_comments_is_archived(any_api):
    where = any_api.workspace_id
    put_theme(where, "stays")
    any_api.survey()
    response_id = UUID(any_api.respond(score=3, comment="x").json["id"])
    steps = service.add_theme(where, draft("Gone"), **WHO, now=utcnow())
    service.take_back(where, steps, **WHO, now=utcnow())
    with pytest.raises(NotFound):
        service.restore_theme(where, "gone", **WHO, now=utcnow())
    steps = service.add_theme(where, draft("Kept"), **WHO, now=utcnow())
    say(where, response_id, theme(where, "kept").id)
    service.take_back(where, steps, **WHO, now=utcnow())
    assert theme(where, "kept").archived_at is not None
    assert counted(where) == recounted(where)
    assert sum(counted(where).values()) == 1


def test_an_archived_theme_is_not_assigned_or_shown_and_its_past_comes_back(any_api, drain_outbox):
    where = any_api.workspace_id
    rule = {"rules": {"en": ["late fee"], "ja": []}}
    fees, other = put_theme(where, "fees", **rule), put_theme(where, "other")
    any_api.survey()
    response_id = UUID(any_api.respond(score=3, comment="They took a late fee.").json["id"])
    assert drain_outbox() == []

    def shown():
        with snapshot() as session:
            return {t.key: t.source for t in assigned_themes(session, where, [response_id]).get(
                response_id, ())}  # fmt: skip

    assert shown()["fees"] == "rule"
    before = counted(where)
    service.archive_theme(where, "fees", revision=1, **WHO, now=utcnow())
    assert "fees" not in shown()
    with transaction() as session:
        understanding.outbox.add(session, where, "analyse", response_id, now=utcnow())
    later = UUID(any_api.respond(score=3, comment="A late fee again.").json["id"])
    drain_outbox()
    assert {key: n for key, n in counted(where).items() if key[0] == fees} == {
        key: n for key, n in before.items() if key[0] == fees
    }
    service.restore_theme(where, "fees", **WHO, now=utcnow())
    assert shown()["fees"] == "rule"
    with snapshot() as session:
        assert later not in assigned_themes(session, where, [later]) or "fees" not in {
            t.key for t in assigned_themes(session, where, [later])[later]
        }
    assert counted(where) == recounted(where)
    assert other


def test_a_rule_that_no_longer_holds_takes_its_theme_along_but_not_a_persons(any_api, drain_outbox):
    where = any_api.workspace_id
    put_theme(where, "fees", rules={"en": ["parrot"], "ja": []})
    put_theme(where, "other")
    any_api.survey()
    ids = [UUID(any_api.respond(score=3, comment="A parrot sat there.").json["id"]) for _ in "ab"]
    drain_outbox()
    understanding.correct_theme(where, ids[1], "fees", "confirm", user_id=None, now=utcnow())
    change(where, "fees", label={"en": "Fees", "ja": ""})
    with transaction() as session:
        for response_id in ids:
            understanding.outbox.add(session, where, "analyse", response_id, now=utcnow())
    drain_outbox()
    with snapshot() as session:
        found = assigned_themes(session, where, ids)
    assert [t.key for t in found.get(ids[0], []) if t.key == "fees"] == []
    assert [t.source for t in found[ids[1]] if t.key == "fees"] == ["person"]
    assert counted(where) == recounted(where)


def test_one_theme_always_stays_in_use(where):
    service.archive_theme(where, "top", revision=1, **WHO, now=utcnow())
    with pytest.raises(Conflict):
        service.archive_theme(where, "leaf", revision=1, **WHO, now=utcnow())


def test_a_pack_adds_what_is_missing_and_overwrites_nothing(where):
    pack = starter_pack("b2b_saas")
    put_theme(where, "pricing", label={"en": "Ours", "ja": "うち"})
    steps = service.use_pack(where, "b2b_saas", **WHO, now=utcnow())
    assert {key for key, _ in steps} == set(pack.keys) - {"pricing"}
    assert theme(where, "pricing").label["en"] == "Ours"
    with snapshot() as session:
        taxonomy = taxonomy_of(session, where)
    assert taxonomy.theme("support").examples == pack.theme("support").examples
    assert not any(taxonomy.theme("pricing").examples.values())
    assert service.use_pack(where, "b2b_saas", **WHO, now=utcnow()) == ()
    service.take_back(where, steps, **WHO, now=utcnow())
    with snapshot() as session:
        assert set(taxonomy_of(session, where).keys) == {"top", "leaf", "pricing"}
    with pytest.raises(BadInput):
        service.use_pack(where, "../secrets", **WHO, now=utcnow())


def test_an_untouched_workspace_has_the_taxonomy_that_is_prepared_at_start(any_api):
    understanding.make_sure_of_themes(any_api.workspace_id, now=utcnow())
    with snapshot() as session:
        assert taxonomy_of(session, any_api.workspace_id).digest == default_taxonomy().digest


def test_what_is_done_stands_in_the_audit_log(where):
    steps = change(where, "top", label={"en": "New", "ja": ""})
    service.take_back(where, steps, **WHO, now=utcnow())
    service.archive_theme(where, "top", revision=3, **WHO, now=utcnow())
    service.restore_theme(where, "top", **WHO, now=utcnow())
    with snapshot() as session:
        actions = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.workspace_id == where, AuditEntry.action.like("theme.%"))
            .order_by(AuditEntry.at)
        ).all()
    assert sorted(actions) == [
        "theme.archived", "theme.change_undone", "theme.changed", "theme.restored",
    ]  # fmt: skip


def test_another_workspaces_themes_are_absent(where, new_workspace):
    stranger = new_workspace("Other").workspace_id
    with pytest.raises(NotFound):
        change(stranger, "top")
    put_theme(stranger, "mine")
    with pytest.raises(BadInput):
        service.change_theme(stranger, "mine", draft(parent="top"), revision=1, **WHO, now=utcnow())
