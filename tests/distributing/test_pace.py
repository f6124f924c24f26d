"""Mails keep to the pace of the service; what a person wrote does not wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from config import Settings
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.distributing.models import Invitation


@pytest.fixture
def clock():
    with time_machine.travel(utcnow(), tick=False) as traveller:
        yield traveller


def sent():
    with snapshot() as session:
        return session.scalar(
            select(func.count()).select_from(Invitation).where(Invitation.state == "sent")
        )


def test_a_campaign_keeps_to_the_pace_and_all_of_it_goes_out(any_api, clock):
    any_api.client.application.config["SETTINGS"].mail_per_minute = 30
    any_api.survey()
    for number in range(12):
        contact = {"email": f"person{number}@example.com"}
        body = {"survey": "nps", "channel": "email", "contact": contact}
        assert any_api.post("/api/v1/invitations", body).status_code == 201
    counts = []
    for _ in range(24):
        while outbox.work_off("mail", now=utcnow()):
            pass
        counts.append(sent())
        clock.shift(timedelta(seconds=1))
    # One every two seconds: three seconds give no more than one to begin with.
    assert counts == [number // 2 + 1 for number in range(24)]


def test_warming_up_without_a_rate_to_end_at_is_refused(tmp_path):
    with pytest.raises(ValueError, match="VOC_MAIL_PER_MINUTE"):
        Settings(environment="test", data_dir=tmp_path, mail_warm_up_from="2026-12-01")
