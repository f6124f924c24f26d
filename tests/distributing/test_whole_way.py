"""The whole way of an invitation on each kind of database, with mail as files."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import UUID

import pytest
from sqlalchemy import func, select

from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import snapshot, utcnow
from vocapp.distributing.models import Suppression
from vocapp.people.service import erase_contact


def count(model):
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_an_invitation_goes_out_is_answered_and_leaves_no_trace(any_api, send_mail, tmp_path):
    any_api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com", "name": "愛子"}}
    made = any_api.post("/api/v1/invitations", body).json
    send_mail()
    (path,) = (tmp_path / "mail").glob("*.eml")
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    link = "/e/" + made["link"].rsplit("/", 1)[1]
    for score in ("2", "2", "4"):
        assert any_api.client.post(link, data={"q-score": score}).status_code == 200
    answered = any_api.client.post(link, data={"q-score": "4", "q-comment": "遅い", "step": "rest"})
    assert answered.status_code == 200
    send_mail()
    shown = any_api.get(f"/api/v1/invitations/{made['id']}").json
    assert shown["state"] == "answered"
    assert any_api.get(f"/api/v1/responses/{made['id']}").json["comment"] == "遅い"
    assert count(Response) == 1
    stop = re.search(r"/u/[^>]+", message["List-Unsubscribe"]).group()
    for _ in range(2):
        assert any_api.client.post(stop).status_code == 200
    assert count(Suppression) == 1
    erase_contact(any_api.workspace_id, UUID(made["contact"]["id"]), now=utcnow())
    send_mail()
    assert any_api.client.get(link).status_code == 404
    assert any_api.client.post(link, data={"q-score": "9"}).status_code == 404
    assert any_api.get(f"/api/v1/invitations/{made['id']}").status_code == 404
    assert list((tmp_path / "mail").iterdir()) == []


def test_a_link_of_somebody_who_was_forgotten_before_answering_stores_nothing(any_api):
    any_api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    made = any_api.post("/api/v1/invitations", body).json
    erase_contact(any_api.workspace_id, UUID(made["contact"]["id"]), now=utcnow())
    link = "/e/" + made["link"].rsplit("/", 1)[1]
    assert any_api.client.post(link, data={"q-score": "9"}).status_code == 404
    assert count(Response) == 0


def test_a_stopped_worker_never_makes_a_second_mail(any_api, tmp_path, monkeypatch):
    any_api.survey()
    body = {"survey": "nps", "contact": {"email": "aiko@example.com"}}
    made = any_api.post("/api/v1/invitations", body).json

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        outbox.work_off("mail", now=utcnow())
    monkeypatch.undo()
    (path,) = (tmp_path / "mail").glob("*.eml")
    path.unlink()
    outbox.release_expired_leases(now=utcnow() + timedelta(hours=1))
    outbox.work_off("mail", now=utcnow())
    assert list((tmp_path / "mail").glob("*.eml")) == []
    assert any_api.get(f"/api/v1/invitations/{made['id']}").json["state"] == "sent"
