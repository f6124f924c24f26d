"""A backup made under load is whole, comes back, and brings back nobody who was erased."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, func, select, text

from config import Settings
from vocapp import cli, create_app
from vocapp.collecting.models import Response
from vocapp.connecting.backing_up.archive import Archive
from vocapp.connecting.backing_up.service import back_up, restore
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.measuring import checking
from vocapp.outbox import Pending
from vocapp.people.models import Contact, Tombstone
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.models import UserSession, Workspace

FIRST_REVISION = "0001"
NOBODY: Callable[[int], None] = lambda _: None  # noqa: E731


def save(path: Path):
    return back_up(path, now=utcnow(), tell=NOBODY)


def put_back(path: Path, *, force: bool = False):
    return restore(path, force=force, now=utcnow(), tell=NOBODY)


@contextmanager
def empty_database(kind: str, folder: Path, secret_key: str) -> Iterator[Flask]:
    """An application whose database has no tables yet."""
    folder.mkdir()
    url = server = name = None
    if kind == "postgresql":
        address = os.environ.get("VOC_TEST_POSTGRESQL_URL")
        if not address:
            pytest.skip("no PostgreSQL (VOC_TEST_POSTGRESQL_URL is not set)")
        server = create_engine(address, isolation_level="AUTOCOMMIT")
        name = f"voc_restore_{uuid4().hex[:12]}"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = server.url.set(database=name).render_as_string(hide_password=False)
    try:
        app = create_app(
            Settings(
                environment="test", data_dir=folder, database_url=url or "", secret_key=secret_key
            )
        )
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
    finally:
        if server is not None:
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def everything() -> dict[str, list[str]]:
    """Table → its rows, as the models read them."""
    db.session.remove()
    with snapshot() as session:
        return {
            table.name: sorted(_told(row) for row in session.execute(table.select()))
            for table in db.metadata.sorted_tables
        }


def _told(row) -> str:
    """A row as text; PostgreSQL does not keep the order of JSON keys."""
    return repr(
        [
            json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
            for value in row
        ]
    )


def is_sound() -> bool:
    """No row points to one that is not there, and the file of SQLite is whole."""
    if db.engine.dialect.name != "sqlite":
        return True  # PostgreSQL has checked each row when it was inserted
    with db.engine.connect() as connection:
        whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return (whole, loose) == ("ok", [])


def fill(api, drain_outbox) -> None:
    api.survey()
    for number in range(12):
        answered = api.respond(
            score=number % 11, comment=f"The price 価格 {number}",
            contact={"external_id": f"u{number % 5}", "email": f"u{number % 5}@example.com"},
            account={"external_id": "acme", "plan": "pro", "attributes": {"ratio": 1.5}},
            answered_at=f"2026-10-{number + 1:02}T09:00:00.123456+09:00",
        )  # fmt: skip
        assert answered.status_code == 201, answered.text
    assert drain_outbox() == []


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_each_database_is_restored_into_each(
    any_database, any_api, api_of, drain_outbox, tmp_path, target
):
    fill(any_api, drain_outbox)
    path = tmp_path / "voc.backup"
    before = everything()
    metrics = any_api.get("/api/v1/surveys/nps/metrics?by=plan&min_n=1").json
    made = save(path)
    assert made.rows == sum(len(rows) for rows in before.values())
    key = any_database.config["SECRET_KEY"]
    with empty_database(target, tmp_path / "other", key) as other:
        put_back(path)
        assert everything() == before
        assert is_sound()
        again = api_of(other.test_client(), any_api.workspace)
        assert again.get("/api/v1/surveys/nps/metrics?by=plan&min_n=1").json == metrics
        assert checking.check_cells(any_api.workspace_id).differences == ()
        assert again.respond(score=9).status_code == 201
        assert drain_outbox() == []


def test_what_was_acknowledged_before_is_in_a_backup_made_under_load(
    any_database, any_api, tmp_path
):
    any_api.survey()
    path = tmp_path / "voc.backup"
    acknowledged: list[UUID] = []
    stop, running = Event(), Event()

    def write() -> None:
        with any_database.app_context():
            client = any_database.test_client()
            headers = {"Authorization": f"Bearer {any_api.workspace.secret_key}"}
            while not stop.is_set():
                body = {"survey": "nps", "score": 9, "contact": {"external_id": uuid4().hex}}
                answer = client.post("/api/v1/responses", json=body, headers=headers)
                if answer.status_code == 201:
                    acknowledged.append(UUID(answer.json["id"]))
                if len(acknowledged) > 20:
                    running.set()
            db.session.remove()

    writer = Thread(target=write)
    writer.start()
    try:
        assert running.wait(60)
        backups = []
        for number in range(3):
            before = set(acknowledged)
            backups.append((before, path.with_name(f"{number}.backup")))
            save(backups[-1][1])
        during = len(acknowledged)
    finally:
        stop.set()
        writer.join()
    assert during > len(backups[0][0]), "nothing was written during the backups"
    for number, (before, file) in enumerate(backups):
        with empty_database("sqlite", tmp_path / f"other{number}", "k" * 40):
            put_back(file)
            with snapshot() as session:
                stored = set(session.scalars(select(Response.id)))
            assert before <= stored
            assert is_sound()


def test_a_backup_is_not_restored_over_something(any_api, tmp_path):
    any_api.survey()
    path = tmp_path / "voc.backup"
    save(path)
    any_api.respond(score=1)
    before = everything()
    with pytest.raises(Conflict, match="not empty"):
        put_back(path)
    assert everything() == before


def test_force_replaces_but_nobody_who_was_erased_comes_back(any_api, drain_outbox, tmp_path):
    fill(any_api, drain_outbox)
    path = tmp_path / "voc.backup"
    save(path)
    with snapshot() as session:
        person = session.scalars(
            scoped(Contact, any_api.workspace_id).where(Contact.external_id == "u1")
        ).one()
    erase_contact(any_api.workspace_id, person.id, now=utcnow())
    any_api.respond(score=0, comment="after the backup")
    put_back(path, force=True)
    rows = everything()
    assert not [row for table in rows.values() for row in table if "u1@example.com" in row]
    assert not [row for row in rows["answer"] if "after the backup" in row]
    assert len(rows["response"]) == 12
    assert len(rows["tombstone"]) == 2
    assert drain_outbox() == []
    assert is_sound()
    assert checking.check_cells(any_api.workspace_id).differences == ()


def test_a_restore_that_fails_changes_nothing(any_api, drain_outbox, tmp_path, monkeypatch):
    fill(any_api, drain_outbox)
    path = tmp_path / "voc.backup"
    save(path)
    any_api.respond(score=0)
    before = everything()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("vocapp.connecting.backing_up.service._carry_over", fail)
    with pytest.raises(RuntimeError):
        put_back(path, force=True)
    assert everything() == before


def test_nobody_stays_signed_in_and_no_work_stays_leased(any_api, tmp_path):
    any_api.survey()
    any_api.respond(score=9)
    with transaction() as session:
        for row in session.scalars(scoped(Pending, any_api.workspace_id)):
            row.lease_token, row.lease_until = uuid4(), utcnow()
        session.execute(
            UserSession.__table__.insert(),
            [
                {
                    "id": uuid4(), "token_digest": "d", "user_id": user, "created_at": utcnow(),
                    "workspace_id": any_api.workspace_id, "last_seen_at": utcnow(),
                    "expires_at": utcnow(),
                }
                for user in session.scalars(select(db.metadata.tables["user_account"].c.id))
            ],
        )  # fmt: skip
    path = tmp_path / "voc.backup"
    save(path)
    put_back(path, force=True)
    rows = everything()
    assert rows["user_session"] == []
    with snapshot() as session:
        work = session.scalars(scoped(Pending, any_api.workspace_id)).all()
    assert {row.kind for row in work} >= {"measure", "analyse"}
    assert {row.lease_token for row in work} == {None}


def changed(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Write the archive anew with one member changed."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: path.write_bytes(b"PK" + path.read_bytes()[2:4000]),
        lambda path: changed(path, "tables/answer.jsonl", lambda c: c.replace(b"9", b"8")),
        lambda path: changed(path, "tables/answer.jsonl", lambda c: c + c.splitlines(True)[0]),
        lambda path: changed(path, "manifest.json", lambda c: c[:-20]),
        lambda path: changed(path, "manifest.json", lambda c: c.replace(b'mat": 1', b'mat": 2')),
        lambda path: changed(path, "manifest.json", lambda _: b"[]"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_before_anything_is_written(any_api, tmp_path, damage):
    any_api.survey()
    any_api.respond(score=9)
    path = tmp_path / "voc.backup"
    save(path)
    damage(path)
    before = everything()
    with pytest.raises(BadInput):
        put_back(path, force=True)
    assert everything() == before


def test_a_damaged_byte_is_found_or_means_nothing(api, tmp_path):
    """Bits that fill up the last byte of a compressed stream, for one, mean nothing."""
    api.survey()
    api.respond(score=9)
    path = tmp_path / "voc.backup"
    save(path)
    saved = list(Archive(path).rows("answer"))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("tables/answer.jsonl")
    header = content[info.header_offset :][:30]
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    begin, found = info.header_offset + len(header) + lengths, 0
    for offset in range(begin, begin + info.compress_size):
        path.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])
        try:
            assert list(Archive(path).rows("answer")) == saved
        except BadInput:
            found += 1
    assert found >= info.compress_size - 2


def test_a_backup_of_a_newer_version_is_refused_in_words(api, tmp_path):
    path = tmp_path / "voc.backup"
    save(path)

    def later(manifest: bytes) -> bytes:
        return json.dumps({**json.loads(manifest), "revision": "9999"}).encode()

    changed(path, "manifest.json", later)
    with pytest.raises(BadInput, match="9999"):
        put_back(path, force=True)


def test_an_empty_database_with_tables_takes_a_backup(app, api, tmp_path):
    api.survey()
    path = tmp_path / "voc.backup"
    save(path)
    before = everything()
    with empty_database("sqlite", tmp_path / "other", "k" * 40) as other:
        cli.upgrade_database(other)
        put_back(path)
        assert everything() == before


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_backup_of_an_earlier_version_is_brought_up_to_date(tmp_path, is_migrated):
    path, workspace_id = tmp_path / "voc.backup", uuid4()
    with empty_database("sqlite", tmp_path / "old", "k" * 40):
        upgrade(revision=FIRST_REVISION)
        with db.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO workspace (id, name, locale, time_zone, allowed_origins, is_demo,"
                    " created_at) VALUES (:id, '髙﨑', 'ja', 'UTC', '[]', 0, '2026-01-01 00:00:00')"
                ),
                {"id": workspace_id.hex},
            )
        assert save(path).revision == FIRST_REVISION
    with empty_database("sqlite", tmp_path / "new", "k" * 40) as other:
        if is_migrated:
            cli.upgrade_database(other)
        put_back(path)
        with snapshot() as session:
            stored = session.scalars(select(Workspace)).one()
        assert (stored.id, stored.name) == (workspace_id, "髙﨑")
        assert everything().keys() == db.metadata.tables.keys()


def test_the_commands_say_what_they_did(app, api, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    api.survey()
    path = tmp_path / "voc.backup"
    run = CliRunner().invoke
    made = run(cli.main, ["backup", str(path)])
    assert made.exit_code == 0, made.output
    assert "rows of" in made.output
    assert path.stat().st_mode & 0o077 == 0
    refused = run(cli.main, ["restore", str(path)])
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    done = run(cli.main, ["restore", str(path), "--force"])
    assert done.exit_code == 0, done.output
    assert "SECRET_KEY" not in done.output
    with snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Tombstone)) == 0
    with empty_database("sqlite", tmp_path / "other", "another key " * 4) as other:
        monkeypatch.setattr(cli, "create_app", lambda: other)
        assert "SECRET_KEY" in run(cli.main, ["restore", str(path)]).output
