"""Taxonomies go out and come in again; what is wrong in a file is named by row and field."""

from __future__ import annotations

import csv
import io
import json
from uuid import UUID

import pytest

from nlp.taxonomy import from_entries
from tests.understanding.taxonomy_steps import draft, put_theme, theme
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.understanding.taxonomy import exchange, queries, service

WHO = {"user_id": None}


@pytest.fixture
def where(api) -> UUID:
    """A workspace with a small tree."""
    lists = {"rules": {"en": ["late fee"], "ja": ["延滞料", "手数料"]}}
    top = put_theme(api.workspace_id, "top", **lists)
    put_theme(api.workspace_id, "leaf", parent_id=top, keywords={"en": ["=1+1"], "ja": []})
    return api.workspace_id


def entries(*rows: dict) -> bytes:
    return json.dumps(list(rows), ensure_ascii=False).encode()


def entry(key: str, **fields) -> dict:
    return {"key": key, "label": key.title(), "description": f"About {key}."} | fields


def plan(where, content: bytes) -> exchange.Plan:
    with snapshot() as session:
        return exchange.plan_import(queries.read_tree(session, where), exchange.read_file(content))


def take_in(where, content: bytes):
    state = plan(where, content).state
    return exchange.import_themes(where, content, state=state, **WHO, now=utcnow())


def outgoing(where, ending: str) -> bytes:
    db.session.rollback()
    drafts = queries.drafts_in_use(where)
    text = exchange.as_json(drafts) if ending == "json" else exchange.as_csv(drafts)
    return text.encode()


def errors_of(where, content: bytes) -> list[str]:
    with pytest.raises(BadInput) as refused:
        plan(where, content)
    return [error.field for error in refused.value.errors]


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_what_goes_out_changes_nothing_here_and_makes_the_same_elsewhere(
    where, ending, new_workspace
):
    content = outgoing(where, ending)
    assert {each.action for each in plan(where, content).themes} == {"same"}
    assert take_in(where, content) == ()
    elsewhere = new_workspace("Other").workspace_id
    take_in(elsewhere, content)
    assert outgoing(elsewhere, ending) == content
    assert theme(elsewhere, "leaf").parent_id == theme(elsewhere, "top").id


def test_the_json_is_what_the_evaluation_reads(where):
    taxonomy = from_entries(json.loads(outgoing(where, "json")))
    assert taxonomy.theme("leaf").parent == "top"
    assert taxonomy.theme("top").rules["ja"] == ("延滞料", "手数料")


def test_a_spreadsheet_runs_nothing_of_a_file(where):
    rows = list(csv.DictReader(io.StringIO(outgoing(where, "csv").decode("utf-8-sig"))))
    assert [row["keywords"] for row in rows if row["key"] == "leaf"] == ["'=1+1"]


def test_a_preview_says_what_is_new_what_changes_and_what_stays(where):
    found = plan(where, entries(entry("fresh"), entry("top", label="Other", description="top")))
    assert [(each.key, each.action, each.fields) for each in found.themes] == [
        ("fresh", "add", ()), ("top", "change", ("label_en",)),
    ]  # fmt: skip
    assert found.kept == 1
    assert theme(where, "top").label["en"] == "Top"


def test_what_a_file_does_not_mention_stays(where):
    take_in(where, b"key,label\r\ntop,Other\r\n")
    row = theme(where, "top")
    assert row.label == {"en": "Other", "ja": "top"}
    assert row.rules == {"en": ["late fee"], "ja": ["延滞料", "手数料"]}
    assert theme(where, "leaf").revision == 1


def test_a_parent_may_come_after_its_child_and_branches_may_be_turned_round(where):
    take_in(where, entries(entry("a", parent="b"), entry("b", parent="c"), entry("c")))
    assert theme(where, "b").parent_id == theme(where, "c").id
    take_in(where, entries({"key": "leaf", "parent": None}, {"key": "top", "parent": "leaf"}))
    assert theme(where, "top").parent_id == theme(where, "leaf").id


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["file"]),
        (b"\xff\xfe", ["file"]),
        (b"[", ["file"]),
        (b"{}", ["file"]),
        (b"[]", ["file"]),
        (b"[" * 100_000, ["file"]),
        (b"name\r\nx\r\n", ["file"]),
        (b"key,labl\r\nx,y\r\n", ["file"]),
        (b'key,label\r\nx,"y\r\n', ["file"]),
        (entries(entry("a"), "no theme"), ["2.key"]),
        (entries(entry(""), entry("x" * 101), entry("a/b")), ["1.key", "2.key", "3.key"]),
        (entries(entry("a"), entry("a")), ["2.key"]),
        (entries(entry("edit")), ["1.key"]),
        (entries(entry("a", label=3, keywords="x")), ["1.label", "1.keywords"]),
        (entries(entry("a", label="")), ["1.label"]),
        (entries(entry("a"), entry("b", rules_ja=["…"])), ["2.rules_ja"]),
        (entries(entry("a", parent="absent")), ["1.parent"]),
        (entries(entry("a", parent="b"), entry("b", parent="a")), ["1.parent", "2.parent"]),
        (entries({"key": "top", "parent": "leaf"}), ["1.parent"]),
        (b'key,label,rules\r\na,A,x\r\nb,B,"y\nz"\r\nc,,\r\n', ["5.label"]),
    ],
)
def test_what_is_wrong_is_named_by_row_and_field_and_nothing_is_stored(where, content, fields):
    assert errors_of(where, content) == fields
    with pytest.raises((BadInput, Conflict)):
        exchange.import_themes(where, content, state="", **WHO, now=utcnow())
    assert theme(where, "top").revision == theme(where, "leaf").revision == 1


def test_a_preview_does_not_hold_after_somebody_edited(where):
    content = entries(entry("fresh"))
    state = plan(where, content).state
    service.change_theme(where, "top", draft("Other"), revision=1, **WHO, now=utcnow())
    with pytest.raises(Conflict):
        exchange.import_themes(where, content, state=state, **WHO, now=utcnow())
    with pytest.raises(NotFound):
        service.restore_theme(where, "fresh", **WHO, now=utcnow())


def test_an_import_is_taken_back_as_a_whole(where):
    before = outgoing(where, "json")
    rows = [
        entry("fresh", parent="leaf"),
        entry("top", label="Other", parent=None),
        {"key": "leaf", "parent": None},
    ]
    steps = take_in(where, entries(*rows))
    assert {key for key, _ in steps} == {"fresh", "top", "leaf"}
    service.take_back(where, steps, **WHO, now=utcnow())
    assert outgoing(where, "json") == before
