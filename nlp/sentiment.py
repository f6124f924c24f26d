"""Praise or blame, of a whole comment or of one clause in it.

A lexicon with rules, n-grams and a sentence vector are weighed by a linear model (`nlp.feeling`)
that was learnt from comments written for this project (`scripts/build_sentiment.py`). The same
words always give the same answer, and `reasons` shows which of them gave it. Clauses are judged
apart, so that "the UI is good but support is slow" is praise, then blame, and as a whole mixed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.feeling import Chances, FeelingModel, Piece, clauses_in, piece_of, whole
from nlp.opinion import Opinion, opinion, tokens_in
from nlp.text import Document, Span
from nlp.vectors import load_encoder

MODEL_FILE = Path(__file__).parent / "data" / "sentiment_model.npz"
LANGUAGES = ("en", "ja")

_SOFTENING = 0.6  # an opinion of 0.6 scores 0.61, two of them 0.84; never beyond 1
_CLEAR = 0.3  # scores of rules alone that are nearer to 0 are called neutral
_TORN = 0.3  # how far clauses must lean to either side for the whole to be mixed
_STRONG_TOGETHER = 0.55  # praise and blame within one clause, where the words may belong together
_LEAST_SHARE = 0.35  # of the weaker side against the stronger: one aside is not mixed


@dataclass(frozen=True, slots=True)
class Sentiment:
    """label: positive, neutral, negative or mixed; score: -1 (blame) to 1 (praise)."""

    label: str
    score: float


class Found(NamedTuple):
    """What is known of a stretch of text. chances: None where only rules can be asked."""

    opinions: tuple[Opinion, ...]
    chances: Chances | None

    @property
    def lean(self) -> float:
        """-1…1: chance of praise less chance of blame; of rules alone, their score."""
        return self.said if self.chances is None else self.chances[2] - self.chances[0]

    @property
    def said(self) -> float:
        """-1…1: praise less blame in words of the lexicon."""
        return _score(sum(each.praise - each.blame for each in self.opinions))

    @property
    def score(self) -> float:
        """How loudly: which side it is on, the model knows; how strong the words are, the
        lexicon does ("slow", "extremely slow"). Where the two agree they meet half-way.
        """
        return (self.lean + self.said) / 2 if self.lean * self.said > 0 else self.lean


Known = dict[Span, Found]


def sentiment(
    document: Document, span: Span | None = None, *, known: Known | None = None
) -> Sentiment:
    """Sentiment of a comment, or of the clauses a span of it touches.

    known: what was found in this document before (`look_at` fills it for a batch); whoever asks
    about a comment and then about its themes hands in the same dict, and each clause is read
    once.

    English and Japanese are understood; of other languages only emoji. A comment with clear
    praise in one place and clear blame in another is mixed. Without an opinion: neutral.

    >>> from nlp.text import read
    >>> sentiment(read("The UI is great but support is terribly slow.", language="en")).label
    'mixed'
    """
    known = {} if known is None else known
    clauses = list(_clauses(document, span))
    if not clauses:
        return Sentiment("neutral", 0.0)
    outer = Span(clauses[0].start, clauses[-1].end)
    missing = [each for each in dict.fromkeys([*clauses, outer]) if each not in known]
    if missing:
        _find([(document, missing)], [known])
    all_of_it = known[outer]
    score = round(all_of_it.score, 4)
    if _is_mixed([known[clause] for clause in clauses]):
        return Sentiment("mixed", score)
    if _is_neutral(all_of_it) or not score:
        return Sentiment("neutral", score)
    return Sentiment("positive" if score > 0 else "negative", score)


def look_at(documents: Sequence[Document]) -> list[Known]:
    """Read n comments in one go: for each what `sentiment` takes as known."""
    wanted = [
        (document, list(dict.fromkeys([*clauses_in(document), whole(document)])))
        for document in documents
    ]
    found: list[Known] = [{} for _ in documents]
    _find(wanted, found)
    return found


def _find(wanted: Sequence[tuple[Document, Sequence[Span]]], known: Sequence[Known]) -> None:
    """Enter what is found in these spans, asking each language's model once."""
    asked: dict[str, list[tuple[Known, Span, Piece]]] = {language: [] for language in LANGUAGES}
    for (document, spans), into in zip(wanted, known, strict=True):
        of_clause = {clause: into[clause].opinions[0] for clause in spans if clause in into}
        language = document.language or "en"
        for span in spans:
            opinions = []
            for clause in _clauses(document, span):
                if clause not in of_clause:
                    of_clause[clause] = opinion(document, clause)
                opinions.append(of_clause[clause])
            piece = piece_of(document, span, opinions)
            into[span] = Found(piece.opinions, None)
            if language in asked and any(map(str.isalpha, piece.unit.text)):
                asked[language].append((into, span, piece))
    for language, pieces in asked.items():
        if pieces:
            chances = model(language).chances([piece for _, _, piece in pieces])
            for (into, span, _), row in zip(pieces, chances.tolist(), strict=True):
                into[span] = into[span]._replace(chances=tuple(row))


def _is_neutral(found: Found) -> bool:
    if found.chances is None:
        return abs(found.lean) < _CLEAR
    return found.chances[1] >= max(found.chances)


def _is_mixed(found: Sequence[Found]) -> bool:
    """Whether one clause praises and another blames, or one does both loudly."""
    for each in found:
        if any(_balanced(o.praise, o.blame, least=_STRONG_TOGETHER) for o in each.opinions):
            return True
    scores = [each.score for each in found if not _is_neutral(each)]
    praise = sum(score for score in scores if score > 0)
    blame = -sum(score for score in scores if score < 0)
    return _balanced(praise, blame, least=_TORN)


def _balanced(praise: float, blame: float, *, least: float) -> bool:
    weaker, stronger = sorted((praise, blame))
    return weaker >= max(least, _LEAST_SHARE * stronger)


def _score(total: float) -> float:
    """Opinions added up, brought into -1..1. Shape: Hutto & Gilbert, VADER, ICWSM 2014."""
    return total / math.sqrt(total * total + _SOFTENING)


def _clauses(document: Document, span: Span | None) -> Iterator[Span]:
    """The clauses, or the parts of them within a span."""
    for clause in clauses_in(document):
        if span is None:
            yield clause
        elif clause.start < span.end and span.start < clause.end:
            yield Span(max(clause.start, span.start), min(clause.end, span.end))


# --- the model that ships -----------------------------------------------------------------------


@cache
def model(language: str) -> FeelingModel:
    """What ships for ``en`` or ``ja``. Raises ValueError where it was built for other vectors."""
    return load_models(MODEL_FILE)[language]


@cache
def load_models(path: Path) -> dict[str, FeelingModel]:
    """Language to model, from a file that `save_models` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    metas = json.loads(arrays.pop("meta").tobytes())
    encoder = load_encoder("static")
    return {
        language: FeelingModel.from_state(
            meta,
            {
                name.removeprefix(f"{language}_"): array
                for name, array in arrays.items()
                if name.startswith(f"{language}_")
            },
            encoder,
        )
        for language, meta in metas.items()
    }


def save_models(models: dict[str, FeelingModel], path: Path) -> None:
    """Write them; nothing is pickled, and the same models give the same bytes."""
    metas: dict[str, Any] = {}
    arrays: dict[str, npt.NDArray[Any]] = {}
    for language, each in models.items():
        metas[language], own = each.state()
        arrays |= {f"{language}_{name}": array for name, array in own.items()}
    text = json.dumps(metas, ensure_ascii=False, sort_keys=True).encode()
    arrays["meta"] = np.frombuffer(text, dtype=np.uint8)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


# --- why ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """text[start:end] of a comment and how far it moves the score of its clause, -2…2."""

    start: int
    end: int
    text: str
    weight: float


_AT_MOST = 12  # reasons
_LONGEST = 60  # words of a clause that are left out in turn


def reasons(document: Document, span: Span | None = None, *, least: float = 0.05) -> list[Reason]:
    """Words that speak for praise (above 0) or blame (below 0), the weightiest first.

    Each word is left out in turn and its clause judged again; what changes is its weight. Words
    that only count together share it. least: lighter words are not told.
    """
    found = []
    for clause in _clauses(document, span):
        tokens = [t for t in tokens_in(document, clause) if not t.is_punct][:_LONGEST]
        without = [_without(document, clause, token.start, token.end) for token in tokens]
        before = look_at([_alone(document, clause)])
        after = look_at(without)
        lean = _lean(before[0])
        for token, known in zip(tokens, after, strict=True):
            weight = round(lean - _lean(known), 4)
            if abs(weight) >= least:
                found.append(Reason(token.start, token.end, token.text, weight))
    found.sort(key=lambda reason: (-abs(reason.weight), reason.start))
    return found[:_AT_MOST]


def _lean(known: Known) -> float:
    return next(iter(known.values())).lean


def _alone(document: Document, clause: Span) -> Document:
    return replace(document, clauses=(clause,), sentences=(clause,))


def _without(document: Document, clause: Span, start: int, end: int) -> Document:
    """The document with a word of a clause blanked out; every other offset stays."""
    text = document.text[:start] + " " * (end - start) + document.text[end:]
    tokens = tuple(token for token in document.tokens if token.start != start)
    return replace(document, text=text, tokens=tokens, clauses=(clause,), sentences=(clause,))
