"""Praise and blame: what the product says as it ships, and what a set's labels teach the same
model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure
from nlp.feeling import SIDES, FeelingModel, comment_of
from nlp.sentiment import Sentiment, sentiment
from nlp.text import Span, read
from nlp.vectors import Encoder

# (name, folder, language, baseline, target with static, target with e5)
_SETS = (
    ("airline", "airline", "en", 0.82, 0.83, 0.85),
    ("jrte", "jrte-sentiment", "ja", 0.82, 0.83, 0.86),
)


def feelings(bench: Bench) -> list[Figure]:
    """Tweets to airlines and sentences of hotel reviews: positive, neutral or negative."""
    found = []
    for name, folder, language, *aim in _SETS:
        say(f"  {name}")
        asked = bench.rows(f"{folder}/{language}.dev")
        exact, sided = untrained(asked)
        note = f"“mixed” counted as wrong: {exact:.3f}"
        found.append(Figure(f"sentiment {name}, as shipped, accuracy", sided, *aim, note=note))
        train = bench.rows(f"{folder}/{language}.train")
        right = taught(bench.encoder(), train, asked)
        note = "the model of sentiment, learnt anew from these labels alone"
        found.append(
            Figure(f"sentiment {name}, taught {len(train):,} labels, accuracy", right, *aim,
                   note=note)
        )  # fmt: skip
    for name in ("feelings", "saas"):
        for language in ("en", "ja"):
            right, parts = our_own(bench.rows(f"own/{name}.{language}"))
            note = "" if parts is None else f"parts of mixed comments: {parts:.3f}"
            found.append(
                Figure(f"sentiment of our own {name}.{language}, as shipped, accuracy", right,
                       note=note)
            )  # fmt: skip
    return found


def untrained(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Accuracy as said, and where "mixed" goes to the side that the score is on."""
    said = [sentiment(read(row["text"], language=row["lang"])) for row in rows]
    wanted = [row["sentiment"] for row in rows]
    exact = [a.label == b for a, b in zip(said, wanted, strict=True)]
    sided = [_side(a) == b for a, b in zip(said, wanted, strict=True)]
    return float(np.mean(exact)), float(np.mean(sided))


def _side(said: Sentiment) -> str:
    if said.label != "mixed":
        return said.label
    return "positive" if said.score > 0 else "negative" if said.score < 0 else "neutral"


def taught(
    encoder: Encoder, train: Sequence[dict[str, Any]], asked: Sequence[dict[str, Any]]
) -> float:
    """Accuracy of the model of sentiment when these labels are all it has learnt."""
    learnt, wanted = (
        [comment_of(read(row["text"], language=row["lang"])) for row in rows]
        for rows in (train, asked)
    )
    model = FeelingModel(encoder).fit(learnt, [row["sentiment"] for row in train])
    said = model.chances(wanted).argmax(axis=1)
    return float(
        np.mean([SIDES[at] == row["sentiment"] for at, row in zip(said, asked, strict=True)])
    )


def our_own(rows: Sequence[dict[str, Any]]) -> tuple[float, float | None]:
    """Accuracy on comments, "mixed" being a label of its own, and on their parts, if any."""
    right, parts = [], []
    for row in rows:
        document = read(row["text"], language=row["lang"])
        right.append(sentiment(document).label == row["sentiment"])
        for part in row.get("parts", ()):
            said = sentiment(document, Span(part["start"], part["end"]))
            parts.append(said.label == part["sentiment"])
    return float(np.mean(right)), float(np.mean(parts)) if parts else None
