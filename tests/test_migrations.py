"""The tables that migrations make are those of the code, and every step has its way back."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from vocapp.database import Base
from vocapp.extensions import db, migrate


def tables():
    return {name for name in inspect(db.engine).get_table_names() if name != "alembic_version"}


def revisions():
    return ScriptDirectory.from_config(migrate.get_config()).walk_revisions()


def test_the_newest_tables_are_those_of_the_code(any_database):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_no_index_was_lost_on_the_way(any_database):
    """Indexes over expressions are not compared above, and copying a table by hand loses them."""
    asked = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }[db.engine.dialect.name]
    wanted = {index.name for table in Base.metadata.tables.values() for index in table.indexes}
    assert "ix_account_by_name" in wanted
    assert wanted - set(db.session.scalars(text(asked))) == set()


def test_one_step_follows_another_without_a_fork(app):
    steps = list(revisions())
    assert [step.down_revision for step in steps[:-1]] == [step.revision for step in steps[1:]]


@pytest.mark.slow
def test_a_database_with_answers_goes_back_step_by_step_and_forward_again(any_api, drain_outbox):
    any_api.survey()
    any_api.respond(score=3, comment="Support is slow.", account={"external_id": "acme"})
    drain_outbox()
    whole = tables()
    for _ in revisions():
        downgrade(revision="-1")
    assert tables() == set()
    db.session.remove()
    upgrade()
    assert tables() == whole
