"""Praise and blame: what the product says untrained, and what labels would teach it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.understanding.asking import Bench, say
from benchmarks.understanding.figures import Figure
from nlp.evaluate import Line, accuracy, judge_lines
from nlp.sentiment import Sentiment, sentiment
from nlp.text import read

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
        train = labelled(bench.rows(f"{folder}/{language}.train"))
        judged = judge_lines(bench.learn(train), labelled(asked))
        right = accuracy(judged.wanted, judged.chances, judged.keys)
        assert right is not None
        note = "the theme classifier, sentiments as labels"
        found.append(
            Figure(f"sentiment {name}, taught {len(train):,} labels, accuracy", right, *aim,
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


def labelled(rows: Sequence[dict[str, Any]]) -> list[Line]:
    """The rows as lines whose only label is their sentiment."""
    return [Line(row["text"], row["lang"], (row["sentiment"],)) for row in rows]
