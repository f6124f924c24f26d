"""What a classifier is taught: the taxonomy's own comments and what people said since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.taxonomy import LabelledText, Taxonomy
from nlp.text import normalise

PERSON_WEIGHT = 3.0  # a label by a person counts as much as three sentences of a starter pack


@dataclass(frozen=True, slots=True)
class TrainingData:
    """n texts with their labels, languages and weights (mean 1); digest: SHA-256 of it all."""

    texts: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    languages: tuple[str | None, ...]
    weights: tuple[float, ...]
    digest: str


def assemble(taxonomy: Taxonomy, *, examples: Sequence[LabelledText] = ()) -> TrainingData:
    """The comments of a taxonomy and those labelled by people, as one training set.

    Where both have the same words (case and width aside) the person's labels hold alone; of two
    persons' labels on the same words the later hold. Comments about nothing in the taxonomy
    come in without labels: they teach to abstain.
    """
    rows: dict[str, tuple[LabelledText, float]] = {}
    for text in _of_taxonomy(taxonomy):
        key = normalise(text.text).text
        known = rows.get(key)
        labels = (*known[0].labels, *text.labels) if known else text.labels
        rows[key] = (LabelledText(text.text, text.language, _unique(labels)), 1.0)
    for text in examples:
        merged = LabelledText(text.text, text.language, _unique(text.labels))
        rows[normalise(text.text).text] = (merged, PERSON_WEIGHT)
    mean = sum(weight for _, weight in rows.values()) / max(len(rows), 1)
    texts = [text for text, _ in rows.values()]
    weights = tuple(weight / mean for _, weight in rows.values())
    return TrainingData(
        tuple(text.text for text in texts),
        tuple(text.labels for text in texts),
        tuple(text.language for text in texts),
        weights,
        _digest(texts, weights),
    )


def _of_taxonomy(taxonomy: Taxonomy) -> list[LabelledText]:
    texts = [
        LabelledText(example, language, (theme.key,))
        for theme in taxonomy.themes
        for language, examples in theme.examples.items()
        for example in examples
    ]
    texts += taxonomy.combined
    for language, comments in taxonomy.off_topic.items():
        texts += [LabelledText(comment, language, ()) for comment in comments]
    return texts


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _digest(texts: Sequence[LabelledText], weights: Sequence[float]) -> str:
    rows = [
        [text.text, text.language, list(text.labels), round(weight, 6)]
        for text, weight in zip(texts, weights, strict=True)
    ]
    canonical = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
