"""Scenes of learning: few themes, comments about a thing no model knows, corrections."""

from __future__ import annotations

from random import Random
from uuid import UUID

from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.understanding import service as understanding
from vocapp.understanding.learning import service
from vocapp.understanding.learning.models import ThemeModel
from vocapp.understanding.models import Theme

THEMES = {
    "invoices": ("Invoices", "Bills and what they say", ["invoice", "billed"]),
    "reports": ("Reports", "Charts and reports", ["report", "chart"]),
    "parking": ("Parking", "Where to leave a car", ["car park"]),
}
WHAT = ("broke", "fell over", "stopped", "wobbled", "made a noise", "would not start", "leaked")
WHEN = ("again", "on Monday", "twice", "after lunch", "in the cellar", "this week")


def use_static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    for place in ("analysers", "service", "learning.service"):
        monkeypatch.setattr(f"vocapp.understanding.{place}.preferred_encoder", lambda: "static")


def few_themes(api):
    """Three themes of its own instead of the starter pack: quick to teach."""
    with transaction() as session:
        for key, (label, description, words) in THEMES.items():
            session.add(
                Theme(
                    workspace_id=api.workspace_id, id=uuid7(), key=key,
                    label={"en": label, "ja": label},
                    description={"en": description, "ja": description},
                    keywords={"en": words, "ja": []}, created_at=utcnow(),
                )
            )  # fmt: skip
    api.survey()


def said(api, comments, **fields):
    """Answers with these comments; their ids in order."""
    items = [{"survey": "nps", "score": 3, "comment": text, **fields} for text in comments]
    answer = api.post("/api/v1/responses/batch", {"responses": items}).json
    assert {item["status"] for item in answer["items"]} == {201}
    return [UUID(item["id"]) for item in answer["items"]]


def zorgles(n, *, seed=1):
    every = [f"The zorgle {what} {when}." for what in WHAT for when in WHEN]
    return Random(seed).sample(every, n)


def correct(api, ids, key, verdict="add"):
    for response_id in ids:
        understanding.correct_theme(
            api.workspace_id, response_id, key, verdict, user_id=api.workspace.user_id,
            now=utcnow(),
        )  # fmt: skip


def learn(api, drain_outbox):
    service.ask(api.workspace_id, user_id=api.workspace.user_id, now=utcnow())
    assert drain_outbox() == []
    with snapshot() as session:
        models = session.scalars(scoped(ThemeModel, api.workspace_id).order_by(ThemeModel.number))
        return models.all()


def themes_on(api, response_id):
    shown = api.get(f"/api/v1/responses/{response_id}").json
    return {theme["key"] for theme in shown["themes"]}
