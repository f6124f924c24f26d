"""Proposals for taking a theme apart: groups within its comments, with their telling words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from nlp.features import LanguageCentre, anchor_texts, anchors_from, encode_unique
from nlp.text import Document, read_many
from nlp.vectors import Encoder

FEWEST = 12  # comments below which groups would be chance
_LEAST = 3  # comments of a group
_MOST_GROUPS = 6
_TERMS = 6
_PRIOR = 50.0  # words' worth of trust in the words of all groups together

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Group:
    """Comments that belong together. members: their numbers, the most central first; terms: by
    language, what they say that the others do not."""

    members: tuple[int, ...]
    terms: dict[str, tuple[str, ...]]


def propose_groups(
    texts: Sequence[str],
    languages: Sequence[str | None],
    *,
    encoder: Encoder,
    random_state: int = 0,
) -> list[Group]:
    """Two to six groups of n comments, the largest first; [] of too few or all alike.

    k-means over sentence vectors moved to a common centre of the languages, so that a group may
    hold both; the number of groups is that of the best mean silhouette (Rousseeuw 1987). The
    same comments in another order give the same groups.
    """
    if len(texts) < FEWEST:
        return []
    order = sorted(range(len(texts)), key=lambda number: (texts[number], number))
    documents = read_many(
        [texts[number] for number in order], languages=[languages[number] for number in order]
    )
    vectors = _vectors(documents, encoder)
    if len(np.unique(vectors, axis=0)) <= 2 * _LEAST:
        return []
    marks, centres = _best_clusters(vectors, random_state)
    words = [_words(document) for document in documents]
    groups = []
    for mark in np.unique(marks):
        rows = np.flatnonzero(marks == mark)
        nearest = rows[np.argsort(-(vectors[rows] @ centres[mark]), kind="stable")]
        terms = _telling_terms(documents, words, marks == mark)
        groups.append(Group(tuple(order[row] for row in nearest), terms))
    return sorted(groups, key=lambda group: (-len(group.members), group.members))


def _vectors(documents: Sequence[Document], encoder: Encoder) -> Matrix:
    anchors = anchor_texts()
    raw = encode_unique(encoder, [*(d.text for d in documents), *(a.text for a in anchors)])
    n, known = len(documents), [d.language for d in documents]
    centre = LanguageCentre.fit(raw[:n], known, anchors_from(anchors, raw[n:]))
    return centre.apply(raw[:n], known)


def _best_clusters(vectors: Matrix, seed: int) -> tuple[npt.NDArray[np.intp], Matrix]:
    best: tuple[float, npt.NDArray[np.intp], Matrix] | None = None
    for count in range(2, min(_MOST_GROUPS, len(vectors) // _LEAST) + 1):
        model = KMeans(count, n_init=10, random_state=seed).fit(vectors)
        marks = model.labels_
        if np.bincount(marks, minlength=count).min() < _LEAST and best is not None:
            continue
        if len(np.unique(marks)) < 2:
            continue
        score = float(silhouette_score(vectors, marks))
        if best is None or score > best[0]:
            best = (score, marks, np.asarray(model.cluster_centers_, dtype=np.float32))
    assert best is not None  # at least two groups were tried
    return best[1], best[2]


def _words(document: Document) -> list[str]:
    """Words that say something, and pairs of neighbours among them."""
    plain = [
        (t.lemma, t.end, t.start) for t in document.tokens
        if not t.is_stop and not t.is_punct and len(t.lemma) > 1 and not t.lemma.isdigit()
    ]  # fmt: skip
    join = "" if document.language == "ja" else " "
    pairs = [f"{a}{join}{b}" for (a, end, _), (b, _, start) in pairwise(plain) if start - end <= 1]
    return [*(word for word, _, _ in plain), *pairs]


def _telling_terms(
    documents: Sequence[Document], words: Sequence[Sequence[str]], inside: npt.NDArray[np.bool_]
) -> dict[str, tuple[str, ...]]:
    """Terms by the log-odds of a group against the rest, with an informative prior (Monroe,
    Colaresi & Quinn 2008), in each language that the group holds; by comments, not mentions."""
    found = {}
    for language in ("en", "ja"):
        rows = [number for number, d in enumerate(documents) if d.language == language]
        counts = [Counter[str](), Counter[str]()]
        for number in rows:
            counts[int(inside[number])].update(set(words[number]))
        if terms := _by_log_odds(counts[1], counts[0]):
            found[language] = terms
    return found


def _by_log_odds(ours: Counter[str], rest: Counter[str]) -> tuple[str, ...]:
    both = ours + rest
    total, n_ours, n_rest = both.total(), ours.total(), rest.total()
    scores: dict[str, float] = {}
    for word, count in ours.items():
        if count < 2:
            continue
        prior = _PRIOR * both[word] / total
        odds = [
            np.log((k + prior) / (n + _PRIOR - k - prior))
            for k, n in ((count, n_ours), (rest[word], n_rest))
        ]
        deviation = np.sqrt(1 / (count + prior) + 1 / (rest[word] + prior))
        scores[word] = float((odds[0] - odds[1]) / deviation)
    chosen: list[str] = []
    for word in sorted(scores, key=lambda word: (-scores[word], word)):
        if scores[word] <= 0 or len(chosen) == _TERMS:
            break
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
    return tuple(chosen)
