"""Build nlp/data/sentiment_model.npz from the comments in scripts/sentiment.

    python scripts/build_sentiment.py

Half a minute on one core. Nothing is drawn at random, and sums are made by one thread: the same
comments, lexicon, rules and word vectors give the same file. Run it after a change of any of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nlp.feeling import SIDES, FeelingModel, Piece, comment_of
from nlp.sentiment import LANGUAGES, MODEL_FILE, save_models
from nlp.text import read
from nlp.vectors import load_encoder

COMMENTS = Path(__file__).parent / "sentiment"
_FOLDS = 5
_TEMPERATURES = np.round(np.arange(0.4, 2.01, 0.05), 2)


def comments(language: str) -> list[tuple[str, str]]:
    """(text, label) of all comments of a language; labels are SIDES and "mixed"."""
    lines = (COMMENTS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["sentiment"]) for row in map(json.loads, lines)]


def build(language: str) -> FeelingModel:
    """The model of a language, with chances that are as sure as they may be.

    "Mixed" is no side of a single clause: those comments teach nothing here.
    """
    taught = [(text, label) for text, label in comments(language) if label in SIDES]
    pieces = [comment_of(read(text, language=language)) for text, _ in taught]
    sides = [label for _, label in taught]
    encoder = load_encoder("static")
    model = FeelingModel(encoder).fit(pieces, sides)
    model.temperature_ = _temperature(pieces, sides, encoder)
    return model


def _temperature(pieces: list[Piece], sides: list[str], encoder: object) -> float:
    """What makes chances of comments that were not learnt from likeliest.

    Source: Guo, Pleiss, Sun, Weinberger, ICML 2017 (temperature scaling).
    """
    wanted = np.array([SIDES.index(side) for side in sides])
    logs = np.zeros((len(pieces), len(SIDES)))
    for fold in range(_FOLDS):
        out = np.arange(len(pieces)) % _FOLDS == fold
        learnt = FeelingModel(encoder).fit(  # type: ignore[arg-type]
            [p for p, o in zip(pieces, out, strict=True) if not o],
            [s for s, o in zip(sides, out, strict=True) if not o],
        )
        held = [p for p, o in zip(pieces, out, strict=True) if o]
        logs[out] = np.log(np.maximum(learnt.chances(held), 1e-12))
    right = (logs.argmax(axis=1) == wanted).mean()
    losses = [_loss(logs / t, wanted) for t in _TEMPERATURES]
    best = float(_TEMPERATURES[int(np.argmin(losses))])
    print(f"  {len(pieces)} comments, {right:.3f} right out of fold, temperature {best}")
    return best


def _loss(scores: np.ndarray, wanted: np.ndarray) -> float:
    norm = np.log(np.exp(scores).sum(axis=1))
    return float((norm - scores[np.arange(len(wanted)), wanted]).mean())


def main() -> None:
    """Build and write."""
    models = {}
    with threadpool_limits(limits=1):  # how a product is divided among threads shows in last digits
        for language in LANGUAGES:
            print(language)
            models[language] = build(language)
    save_models(models, MODEL_FILE)
    print(f"{MODEL_FILE.name}: {MODEL_FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
