"""What was said of all accounts over time, the same as account by account."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.succeeding.figures.said import said_about

EARLY, LATE = (datetime(2026, month, 1, tzinfo=UTC) for month in (2, 5))
_SINCE = ["2026-01-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"]
_SAID = [
    None, [], [None], ["red"], ["red"], ["blue"], ["赤, 青"], ['"'], [5], ["5"], [1.5], [1e30],
    [True], [False], ["red", "blue"], ["red", "blue"], ["red", None], [None, "red"],
    ["", "blue", 5],
]  # fmt: skip


@pytest.fixture
def histories(any_database, new_workspace):
    """A workspace of which one account each was said that, and another one beside it."""

    def fill(name):
        workspaces = [new_workspace().workspace_id for _ in range(2)]
        with transaction() as session:
            for workspace_id in workspaces:
                for number, said in enumerate(_SAID):
                    entries = [list(each) for each in zip(_SINCE, said or [], strict=False)]
                    history = {"other": [[_SINCE[0], "red"]]}
                    session.add(
                        Account(
                            workspace_id=workspace_id, external_id=f"a{number}", attributes={},
                            fact_history=history if said is None else history | {name: entries},
                            created_at=utcnow(), updated_at=utcnow(),
                        )
                    )  # fmt: skip
        with snapshot() as session:
            accounts = session.query(Account).where(Account.workspace_id == workspaces[0]).all()
            return workspaces[0], {each.id.bytes: each.fact_history for each in accounts}

    return fill


@pytest.mark.parametrize("name", ["plan", "attributes.Größe, m²", 'attributes.12" rack'])
@pytest.mark.parametrize("at", [EARLY, LATE])
def test_it_is_the_same_as_of_each_account(histories, name, at):
    workspace_id, told = histories(name)
    with snapshot() as session:
        said = said_about(session, workspace_id, name)
    values_at = said.values_at(at)
    held = {account: value_at(history, name, at) for account, history in told.items()}
    expected = {account: None if own is None else str(own) for account, own in held.items()}
    assert {account: tuple(values_at(account)) for account in told} == {
        account: (own,) for account, own in expected.items()
    }
    accounts = [*told, bytes(16)]
    split = said.split(accounts, at)
    assert np.sort(np.concatenate(list(split.values()))).tolist() == [*range(len(accounts))]
    for value, places in split.items():
        assert {expected.get(accounts[place]) for place in places} == {value}
        assert places.tolist() == sorted(places.tolist())


def test_of_nobody_nothing_was_said(any_database, new_workspace):
    workspace_id = new_workspace().workspace_id
    with snapshot() as session:
        said = said_about(session, workspace_id, "plan")
    assert list(said.values_at(LATE)(bytes(16))) == [None]
    assert said.split([], LATE) == {}
