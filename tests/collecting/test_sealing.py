"""What customers write rests sealed, and is read by those who hold the key."""

import shutil
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, Text, literal, select, text

from config import Settings
from tests.conftest import Api, make_workspace
from vocapp import create_app, outbox
from vocapp.collecting.models import Answer
from vocapp.database import Base, UtcDateTime, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.resealing import RESEAL, reseal_workspace, sealed_columns
from vocapp.sealing import SealedBytes, TextKeys, Unreadable, text_keys

FIRST, SECOND = "the first secret key of this place", "the second secret key of this place"
WORDS = "Ring me on 090-1234-5678, 田中です"


def stored() -> list[str]:
    """As the database has it."""
    with snapshot() as session:
        return list(session.scalars(text("SELECT text FROM answer WHERE text IS NOT NULL")))


def in_the_clear(words: str = WORDS) -> None:
    """As an earlier version stored it."""
    with transaction() as session:
        session.execute(
            text("UPDATE answer SET text = :words WHERE text IS NOT NULL"), {"words": words}
        )


@pytest.fixture
def api(any_api):
    any_api.survey()
    return any_api


@given(st.text(max_size=200) | st.just("\ud800 half a pair"))
def test_what_is_sealed_opens_again(words):
    keys = TextKeys(FIRST)
    sealed = keys.seal(words)
    assert keys.open(sealed) == words
    assert keys.is_settled(sealed)
    assert sealed.isascii()
    assert keys.seal(words) != sealed


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("content", [b"", b"voc1.00000000.posing", b"voc0.", bytes(range(256))])
def test_a_file_opens_again_whatever_it_poses_as(content, seals):
    keys = TextKeys(FIRST, seals=seals)
    stored = keys.seal_bytes(content)
    assert keys.open_bytes(stored) == content
    assert keys.is_settled(stored)
    assert not TextKeys(FIRST, seals=not seals).is_settled(stored)


def test_an_altered_text_and_another_key_do_not_open():
    keys = TextKeys(FIRST)
    sealed = keys.seal(WORDS)
    middle = len(sealed) // 2
    altered = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(Unreadable, match="altered"):
        keys.open(altered)
    with pytest.raises(Unreadable, match="VOC_OLD_SECRET_KEYS"):
        TextKeys(SECOND).open(sealed)
    assert TextKeys(SECOND, [FIRST]).open(sealed) == WORDS


@pytest.mark.parametrize(
    "words", ["voc1.", "voc1.0000", "voc1.12345678.short", "voc1. is a version"]
)
def test_a_customer_may_write_what_looks_like_a_seal(api, words):
    given_id = api.respond(score=3, comment=words).json["id"]
    assert api.get(f"/api/v1/responses/{given_id}").json["comment"] == words


def test_the_database_does_not_see_what_was_written(api):
    given_id = api.respond(score=3, comment=WORDS).json["id"]
    [row] = stored()
    assert "090" not in row
    assert "田中" not in row
    assert api.get(f"/api/v1/responses/{given_id}").json["comment"] == WORDS


def test_the_same_answer_again_is_the_same_and_another_one_is_not(api):
    body = {"id": "018f0000-0000-7000-8000-000000000001", "score": 3, "comment": WORDS}
    assert api.respond(**body).status_code == 201
    assert api.respond(**body).status_code == 200
    assert api.respond(**body | {"comment": "else"}).status_code == 409


def test_texts_of_before_are_read_as_they_stand_and_sealed_by_the_workers(api):
    given_id = api.respond(score=3, comment=WORDS).json["id"]
    in_the_clear()
    assert api.get(f"/api/v1/responses/{given_id}").json["comment"] == WORDS
    with transaction() as session:
        outbox.add(session, api.workspace_id, RESEAL, api.workspace_id, now=utcnow())
    while outbox.work_off(RESEAL, now=utcnow()):
        pass
    [row] = stored()
    assert row.startswith("voc1.")
    assert api.get(f"/api/v1/responses/{given_id}").json["comment"] == WORDS


def test_resealing_goes_through_all_in_steps_and_a_second_time_changes_nothing(api, monkeypatch):
    monkeypatch.setattr("vocapp.resealing._STEP", 2)
    for n in range(5):
        api.respond(score=n, comment=f"comment {n}")
    in_the_clear("in the clear")
    assert sum(step.rewritten for step in reseal_workspace(api.workspace_id)) == 5
    before = stored()
    assert sum(step.rewritten for step in reseal_workspace(api.workspace_id)) == 0
    assert stored() == before


def came_of(api):
    """How many texts were rewritten, and how many could not be opened."""
    steps = list(reseal_workspace(api.workspace_id))
    return sum(step.rewritten for step in steps), sum(step.unreadable for step in steps)


def filling(kind):
    """Something that a column of that type takes."""
    if isinstance(kind, UtcDateTime):
        return utcnow()
    found = {UUID: UUID(int=7), int: 0, bool: False, date: utcnow().date(), dict: {}}
    return found.get(kind.python_type, "webhook")  # a channel of that kind has a secret


def in_the_clear_everywhere(workspace_id):
    """A row in every table that holds something sealed, as if it had been written without."""
    with db.engine.connect() as connection:
        # Out of a transaction, where it would do nothing.
        raw = connection.connection.driver_connection
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON"):
            raw.execute(f"PRAGMA {pragma}")
        for name, sealed in sealed_columns().items():
            table = Base.metadata.tables[name]
            needed = {
                column.name: filling(column.type)
                for column in table.columns
                if not column.nullable and column.server_default is None
            }
            clear = {
                column: literal(WORDS.encode(), LargeBinary)
                if isinstance(table.c[column].type, SealedBytes)
                else literal(WORDS, Text)
                for column in sealed
            }
            connection.execute(
                table.insert().values(needed | {"workspace_id": workspace_id} | clear)
            )
        connection.commit()
        for pragma in ("foreign_keys=ON", "ignore_check_constraints=OFF"):
            raw.execute(f"PRAGMA {pragma}")


def opened(kept):
    if isinstance(kept, bytes):
        return text_keys().open_bytes(kept).decode()
    return text_keys().open(kept)


def test_whatever_rests_sealed_is_gone_through_that_of_tomorrow_included(
    app, new_workspace, api_of
):
    api = api_of(app.test_client(), new_workspace())
    in_the_clear_everywhere(api.workspace_id)
    with transaction() as session:  # as a worker does it
        outbox.add(session, api.workspace_id, RESEAL, api.workspace_id, now=utcnow())
    while outbox.work_off(RESEAL, now=utcnow()):
        pass
    assert {"answer", "case_mail", "case_draft", "hook_source"} < set(sealed_columns())
    with snapshot() as session:
        for table, columns in sealed_columns().items():
            for column in columns:
                [kept] = session.scalars(text(f"SELECT {column} FROM {table}"))
                as_text = kept if isinstance(kept, str) else kept[:5].decode()
                assert as_text.startswith("voc1."), (table, column)
                assert opened(kept) == WORDS
    assert came_of(api) == (0, 0)


def test_a_new_key_takes_over_what_the_former_one_sealed(tmp_path, migrated_sqlite, monkeypatch):
    shutil.copy(migrated_sqlite, tmp_path / "voc.sqlite3")
    first = create_app(Settings(environment="test", data_dir=tmp_path, secret_key=FIRST))
    with first.app_context():
        api = Api(first.test_client(), make_workspace())
        api.survey()
        api.respond(score=3, comment=WORDS)
        sealed = stored()
    lost = create_app(Settings(environment="test", data_dir=tmp_path, secret_key=SECOND))
    with lost.app_context():
        assert came_of(api) == (0, 1)
        assert stored() == sealed
    second = create_app(
        Settings(environment="test", data_dir=tmp_path, secret_key=SECOND, old_secret_keys=FIRST)
    )
    with second.app_context():
        assert came_of(api) == (1, 0)
        assert stored() != sealed
    alone = create_app(Settings(environment="test", data_dir=tmp_path, secret_key=SECOND))
    with alone.app_context(), snapshot() as session:
        assert session.scalars(select(Answer.text).where(Answer.text.is_not(None))).all() == [WORDS]
    opened = create_app(
        Settings(environment="test", data_dir=tmp_path, secret_key=SECOND, seal_texts=False)
    )
    with opened.app_context():
        list(reseal_workspace(api.workspace_id))
        assert stored() == [WORDS]
