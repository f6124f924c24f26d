"""Fixtures: an application on a real database, migrated once and copied for each test.

SQLite is always there. With VOC_TEST_POSTGRESQL_URL set (the Makefile does it where a
server answers) tests that ask for `any_database` run on PostgreSQL, too.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

# Several test processes share the cores; said before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from argon2 import PasswordHasher
from flask import Flask, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine, text

from config import Settings
from tests import quick_apps
from vocapp import create_app, outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.workspaces import service
from vocapp.workspaces.models import Membership
from vocapp.workspaces.service import NewWorkspace, create_workspace, find_or_create_user

POSTGRESQL_URL = os.environ.get("VOC_TEST_POSTGRESQL_URL", "")
PASSWORD = "correct horse battery"

pytest_plugins = ["tests.mail_server"]

quick_apps.keep_templates()
quick_apps.keep_routes()

# Their files have few tests that take long: they start the service, a browser or much work.
_LONG = {"faults", "integration", "e2e", "benchmarks"}


def pytest_configure(config: pytest.Config) -> None:
    """Files are given to test processes in the order below, not by how many tests they have."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left alone with it in the end."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (_LONG.isdisjoint(item.path.parts), -tests[item.path]))


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Argon2 with its real cost would be most of a test's time."""
    service._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, made once by the migrations."""
    folder = tmp_path_factory.mktemp("migrated")
    app = create_app(Settings(environment="test", data_dir=folder))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return folder / "voc.sqlite3"


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database of this test process; dropped at the end."""
    if not POSTGRESQL_URL:
        pytest.skip("no PostgreSQL (VOC_TEST_POSTGRESQL_URL is not set)")
    server = create_engine(POSTGRESQL_URL, isolation_level="AUTOCOMMIT")
    name = f"voc_test_{uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = str(server.url.set(database=name).render_as_string(hide_password=False))
    app = create_app(Settings(environment="test", database_url=url, data_dir=Path("/tmp") / name))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    with server.connect() as connection:
        # A test's rows need not survive a loss of power.
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    yield url
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    shutil.rmtree(Path("/tmp") / name, ignore_errors=True)


@pytest.fixture
def app(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Flask]:
    """The application on a fresh SQLite database; the broker is a folder nobody reads."""
    shutil.copy(migrated_sqlite, tmp_path / "voc.sqlite3")
    yield from _application(Settings(environment="test", data_dir=tmp_path))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on a fresh database, once on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "voc.sqlite3")
        yield from _application(Settings(environment="test", data_dir=tmp_path))
        return
    url = request.getfixturevalue("migrated_postgresql")
    settings = Settings(environment="test", data_dir=tmp_path, database_url=url)
    yield from _application(settings, empty_afterwards=True)


def _application(settings: Settings, *, empty_afterwards: bool = False) -> Iterator[Flask]:
    app = create_app(settings)
    with app.app_context():
        quick_apps.share_statements(db.engine)
        quick_apps.need_not_last(db.engine)
        yield app
        db.session.remove()
        if empty_afterwards:
            _empty(db.engine)
        db.engine.dispose()


def _empty(engine: Engine) -> None:
    """Delete every row. A test fills few tables; truncating all of them takes a second."""
    tables = [f'"{table.name}"' for table in reversed(db.metadata.sorted_tables)]
    asked = (
        f"SELECT {at}, EXISTS (SELECT FROM {table}) AS filled" for at, table in enumerate(tables)
    )
    with engine.begin() as connection:
        # All rows go, so that none needs to be asked whether another one refers to it.
        if connection.scalar(text("SELECT current_setting('is_superuser')")) == "on":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for at, filled in connection.execute(text(" UNION ALL ".join(asked) + " ORDER BY 1")):
            if filled:
                connection.execute(text(f"DELETE FROM {tables[at]}"))


@dataclass(frozen=True)
class Api:
    """A machine with a secret key."""

    client: FlaskClient
    workspace: NewWorkspace

    @property
    def workspace_id(self) -> UUID:
        return self.workspace.workspace_id

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.workspace.secret_key}"}
        headers |= kwargs.pop("headers", {})
        return self.client.open(path, method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self._call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> Any:
        return self._call("POST", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        return self._call("DELETE", path, **kwargs)

    def put(self, path: str, json: Any = None, **kwargs: Any) -> Any:
        return self._call("PUT", path, json=json, **kwargs)

    def patch(self, path: str, json: Any = None, **kwargs: Any) -> Any:
        return self._call("PATCH", path, json=json, **kwargs)

    def survey(self, key: str = "nps", **fields: Any) -> dict[str, Any]:
        """Create a survey and return what the API says of it."""
        body = {"key": key, "name": key, "kind": "nps", "languages": ["en", "ja"]} | fields
        answer = self.post("/api/v1/surveys", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def respond(self, survey: str = "nps", **fields: Any) -> Any:
        return self.post("/api/v1/responses", {"survey": survey, **fields})


def make_workspace(name: str = "Acme", **fields: Any) -> NewWorkspace:
    """A workspace with an admin, as `voc init` makes it."""
    values = {"email": f"admin-{uuid4().hex[:8]}@example.com", "password": PASSWORD} | fields
    return create_workspace(name=name, now=utcnow(), **values)


@pytest.fixture
def workspace(app: Flask) -> NewWorkspace:
    return make_workspace()


@pytest.fixture
def api(app: Flask, workspace: NewWorkspace) -> Api:
    return Api(app.test_client(), workspace)


@pytest.fixture
def any_api(any_database: Flask) -> Api:
    """A machine with a secret key, on each kind of database."""
    return Api(any_database.test_client(), make_workspace())


@pytest.fixture(scope="session")
def new_workspace() -> Any:
    """`make_workspace`, for tests that need several."""
    return make_workspace


@pytest.fixture(scope="session")
def api_of() -> Any:
    """A machine of a given workspace."""
    return Api


@pytest.fixture(scope="session")
def drain_outbox() -> Any:
    """Works off everything that is due, here and now; returns what was set aside."""

    def drain(*, refine: bool = False) -> list[str]:
        wanted = {kind.name for kind in outbox.kinds() if refine or not kind.refines}
        # Work leaves work behind: themes that are found ask for a follow-up.
        while names := wanted.intersection(outbox.due_kinds(now=utcnow())):
            for name in sorted(names):
                outbox.work_off(name, now=utcnow())
        return [row.kind for row in outbox.backlog(now=utcnow()) if row.set_aside]

    return drain


@pytest.fixture
def digest_of_tables(app: Flask) -> Callable[..., str]:
    """A digest over every row of every table: equal means that nothing was written.

    but: tables of which it does not matter.
    """

    def digest(*but: str) -> str:
        found = hashlib.sha256()
        with snapshot() as session:
            for table in (each for each in db.metadata.sorted_tables if each.name not in but):
                rows = sorted(repr(row) for row in session.execute(table.select()))
                found.update(f"{table.name}{rows}".encode())
        return found.hexdigest()

    return digest


class Browser:
    """A person's browser: keeps cookies, sends forms with their token."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self._token: str | None = None

    def get(self, path: str, **kwargs: Any) -> Any:
        self._forget_request()
        return self.client.get(path, **kwargs)

    def post(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """Send a form; its token is taken from a page, once, as it is the session's."""
        self._token = self._token or self.token()
        form = {"csrf_token": self._token, **(data or {})}
        self._forget_request()
        return self.client.post(path, data=form, **kwargs)

    @staticmethod
    def _forget_request() -> None:
        # A test lives in one application context, so `g` would carry one request's token,
        # language and person into the next.
        for name in list(g):
            g.pop(name)

    def token(self) -> str:
        page = self.get("/sign-in", follow_redirects=True).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found, "no form on the page"
        return found.group(1)

    def sign_in(self, email: str, password: str = PASSWORD, **fields: Any) -> Any:
        return self.post("/sign-in", {"email": email, "password": password, **fields})


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def colleague() -> Any:
    """Adds a member: `colleague(workspace_id, "success")` gives the user's id."""

    def add(workspace_id: UUID, role: str = "success", name: str = "Aiko") -> UUID:
        with transaction() as session:
            user = find_or_create_user(
                session, email=f"{role}-{uuid4().hex[:8]}@example.com", name=name,
                password="correct horse battery", locale="en", now=utcnow(),
            )  # fmt: skip
            session.add(
                Membership(
                    workspace_id=workspace_id, user_id=user.id, role=role, created_at=utcnow()
                )
            )
            return user.id

    return add


@pytest.fixture
def staff(app: Flask, workspace: NewWorkspace) -> Any:
    """Signs a person of a role in: `staff("viewer").get("/")`; also in a given workspace."""

    def make(role: str = "admin", *, of: NewWorkspace = workspace, email: str = "") -> Browser:
        email = email or f"{role}-{uuid4().hex[:8]}@example.com"
        with transaction() as session:
            user = find_or_create_user(
                session, email=email, name=role.title(), password=PASSWORD, locale="en",
                now=utcnow(),
            )  # fmt: skip
            session.add(
                Membership(
                    workspace_id=of.workspace_id, user_id=user.id, role=role, created_at=utcnow()
                )
            )
        browser = Browser(app)
        assert browser.sign_in(email).status_code == 303
        return browser

    return make
