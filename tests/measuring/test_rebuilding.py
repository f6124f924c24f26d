"""`voc cells rebuild`: many workspaces, side by side."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from vocapp import cli
from vocapp.database import snapshot, uuid7
from vocapp.measuring.checking import check_cells
from vocapp.measuring.models import CellState
from vocapp.rebuilding import rebuild_all

SIDE_BY_SIDE = pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)


@pytest.fixture
def app(any_database):
    return any_database


@pytest.fixture
def three(app, new_workspace, api_of):
    """Workspaces with answers that nobody counted."""
    found = []
    for number in range(3):
        api = api_of(app.test_client(), new_workspace(f"W{number}", email=f"w{number}@example.com"))
        api.survey()
        for score in range(4 + number):
            api.respond(score=score)
        found.append(api.workspace_id)
    return found


def generations():
    with snapshot() as session:
        return dict(session.execute(select(CellState.workspace_id, CellState.generation)).all())


@SIDE_BY_SIDE
def test_workspaces_are_counted_side_by_side_and_each_tells_how_far_it_is(app, three):
    steps = list(rebuild_all(app.config["SETTINGS"], three, 2))
    last = {workspace_id: (done, total) for workspace_id, done, total in steps}
    assert last == {each: (4 + number, 4 + number) for number, each in enumerate(three)}
    assert generations() == dict.fromkeys(three, 2)
    for workspace_id in three:
        checked = check_cells(workspace_id)
        assert (checked.differences, checked.not_current) == ((), 0)


@SIDE_BY_SIDE
def test_what_one_workspace_ends_with_is_told(app, three):
    absent = uuid7()
    with pytest.raises(NoResultFound):
        list(rebuild_all(app.config["SETTINGS"], [absent, *three], 2))


def test_the_command_counts_all_workspaces(app, three, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    done = CliRunner().invoke(cli.main, ["cells", "rebuild"])
    assert done.exit_code == 0, done.output
    assert generations() == dict.fromkeys(three, 2)
    refused = CliRunner().invoke(cli.main, ["cells", "rebuild", "--jobs", "0"])
    assert refused.exit_code == 2
