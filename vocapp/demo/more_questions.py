"""What the demo asks after onboarding beside the score, and what people answer."""

from __future__ import annotations

from random import Random
from typing import Any

from surveys.questions import Value

_HELPS = (
    ("guide", "The guide", "ガイド", 6),
    ("call", "A call with your team", "担当者との打ち合わせ", 4),
    ("examples", "Examples", "サンプル", 3),
    ("import", "Importing our data", "データの取り込み", 2),
)
_WISHES = (
    ("speed", "It is quick", "速さ", 3),
    ("overview", "I see everything at a glance", "見通しのよさ", 2),
    ("team", "My team can join in", "チームでの利用", 1),
)


def _words(en: str, ja: str) -> dict[str, str]:
    return {"en": en, "ja": ja}


def _options(of: tuple[tuple[str, str, str, int], ...]) -> list[dict[str, Any]]:
    return [{"key": key, "label": _words(en, ja)} for key, en, ja, _ in of]


QUESTIONS: tuple[dict[str, Any], ...] = (
    {"key": "score", "kind": "ces"},
    {"key": "comment", "kind": "text"},
    {
        "key": "look", "kind": "stars",
        "text": _words("How do you like what you see?", "画面の見やすさはいかがですか。"),
    },
    {
        "key": "helped", "kind": "multiple", "options": _options(_HELPS),
        "text": _words("What helped you to begin?", "始めるときに役立ったものは何ですか。"),
    },
    {
        "key": "wishes", "kind": "ranking", "options": _options(_WISHES),
        "text": _words("What matters most to you?", "大切なものの順に並べてください。"),
    },
)  # fmt: skip


def answers(seed: str, score: int) -> dict[str, Value]:
    """What somebody with this score says beside it; half of them say nothing more."""
    rng = Random(seed)  # noqa: S311 - invented data, not a secret
    if rng.random() < 0.5:
        return {}
    found: dict[str, Value] = {"look": max(1, min(5, round(score * 5 / 7 + rng.gauss(0, 0.8))))}
    helped = [key for key, _, _, weight in _HELPS if rng.random() < weight / 9]
    if helped:
        found["helped"] = helped
    found["wishes"] = [key for key, *_ in sorted(_WISHES, key=lambda wish: -wish[3] * rng.random())]
    return found
