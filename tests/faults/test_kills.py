"""A small version of `make prove`: a killed service keeps every answer it acknowledged."""

from __future__ import annotations

import pytest

from config import Settings
from tests.faults import kills
from tests.faults.running import free_port

pytestmark = pytest.mark.slow


def test_five_kills_lose_nothing_double_nothing_and_count_all(tmp_path):
    settings = Settings(environment="test", data_dir=tmp_path, port=free_port()).prepare()
    outcome = kills.run(settings, kills=5, seed=7, rate=6)
    assert outcome.holds, outcome.as_json()
    assert outcome.verdict.acknowledged > 10


def test_the_kill_test_catches_a_web_server_that_acknowledges_too_early(tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "VICTIMS", {"web": 1})
    settings = Settings(environment="test", data_dir=tmp_path, port=free_port()).prepare()
    outcome = kills.run(
        settings, kills=2, seed=7, rate=6, wsgi="tests.faults.forgetful:app", pause_s=(0.5, 2.0)
    )
    assert outcome.verdict.lost
    assert not outcome.holds
