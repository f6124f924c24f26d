"""Everything the service wants to know of a comment, for a batch at a time."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nlp import redact
from nlp.alike import likeness_of
from nlp.classifier import FORMAT, Judgement, ThemeClassifier
from nlp.content import Content, content_of
from nlp.language import detect
from nlp.rules import Fired, Hit, Rules, clause_of
from nlp.sentiment import Known, look_at, sentiment
from nlp.taxonomy import LabelledText, Taxonomy
from nlp.text import Document, Span, read
from nlp.training import Lesson, assemble
from nlp.triage import Certainty, Doubt, uncertainty_of, worth_showing
from nlp.vectors import Encoder

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

LONGEST = 10_000  # characters that are analysed; nobody themes a novel, and a batch must end


@dataclass(frozen=True, slots=True)
class FoundTheme:
    """A theme of a comment. evidence is text[start:end], a clause or sentence of it.

    confidence: 0…1, calibrated; 1 of a rule. sentiment: positive, neutral, negative or mixed.
    source: "model", or "rule" where a phrase of the taxonomy decided: the evidence is then that
    phrase.
    """

    key: str
    confidence: float
    sentiment: str
    evidence: str
    start: int
    end: int
    source: str = "model"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a comment; sentiment and certainty are None where it has no words.

    content: what kind of text it is; only what is "said" has themes and a sentiment. likeness:
    the same of copies (nlp.alike).
    """

    language: str | None
    sentiment: str | None
    sentiment_score: float
    redacted: str
    themes: tuple[FoundTheme, ...]
    certainty: Certainty | None = None
    content: Content = "said"
    likeness: str | None = None


class Analyser:
    """Language, redaction, themes and sentiment of comments, with one trained classifier.

    model_version: what `version_of` gives for what the classifier was taught. rules: phrases
    that decide before it does.
    """

    def __init__(
        self, classifier: ThemeClassifier, *, model_version: str, rules: Rules | None = None
    ) -> None:
        self.classifier = classifier
        self.model_version = model_version
        self._seen = classifier.ngrams_.words
        self.rules = rules

    @property
    def encoder_name(self) -> str:
        """Name of the encoder behind the themes."""
        return self.classifier.encoder_.name

    def analyse(
        self, texts: Sequence[str], *, hints: Sequence[str | None] | None = None
    ) -> list[Analysis]:
        """Analyse n comments in one go; result i belongs to text i.

        hints: the language each writer's page was in; the text itself has the last word. Only
        the first 10,000 characters are looked at for themes and sentiment; redaction covers
        all. A text that cannot be read gives an empty analysis and never stops the others.
        """
        wanted = list(hints) if hints is not None else [None] * len(texts)
        documents = [_read(text, hint) for text, hint in zip(texts, wanted, strict=True)]
        contents = [content_of(text) for text in texts]
        asked = [
            place
            for place, document in enumerate(documents)
            if document.tokens and contents[place] == "said"
        ]
        judgements = _one_by_one_if_need_be(
            self.classifier.judge, {place: documents[place] for place in asked}, "batch not judged"
        )
        feelings = _one_by_one_if_need_be(
            look_at, {place: documents[place] for place in judgements}, "batch without sentiment"
        )
        return [
            self._conclude(
                text,
                document,
                contents[place],
                judgements.get(place) if place in feelings else None,
                feelings.get(place, {}),
            )
            for place, (text, document) in enumerate(zip(texts, documents, strict=True))
        ]

    def _conclude(
        self,
        text: str,
        document: Document,
        content: Content,
        judged: Judgement | None,
        known: Known,
    ) -> Analysis:
        redacted = _redact(text)
        likeness = likeness_of(redacted)
        if judged is None:
            return Analysis(document.language, None, 0.0, redacted, (), None, content, likeness)
        overall = sentiment(document, known=known)
        themes = self._themes(document, judged, known)
        certainty = self._certainty(document, judged)
        return Analysis(
            document.language, overall.label, overall.score, redacted, themes, certainty, content,
            likeness,
        )  # fmt: skip

    def _certainty(self, document: Document, judged: Judgement) -> Certainty | None:
        words = {t.lemma for t in document.tokens if not t.is_punct and t.lemma.strip()}
        if not words:
            return None
        keys, chances, cuts = self.classifier.keys_, judged.whole, judged.thresholds
        doubts = []
        for column in worth_showing(chances, cuts):
            span = judged.clauses[int(judged.by_clause[:, column].argmax())]
            chance, cut = float(chances[column]), float(cuts[column])
            doubts.append(Doubt(keys[column], chance, cut, span.start, span.end))
        unseen = len(words - self._seen) / len(words) if self._seen else None
        return Certainty(uncertainty_of(chances), float(chances.max()), unseen, tuple(doubts))

    def _themes(
        self, document: Document, judged: Judgement, known: Known
    ) -> tuple[FoundTheme, ...]:
        fired = self.rules.find(document) if self.rules else Fired()
        barred = {(hit.theme, clause_of(judged.clauses, hit)) for hit in fired.exclusions}
        found = _by_rules(document, judged, fired.rules, barred, known)
        column_of = {key: column for column, key in enumerate(self.classifier.keys_)}
        for key, chance in self.classifier.choose(judged.whole, judged.thresholds):
            if key in found:
                continue
            column = column_of[key]
            by_clause = judged.by_clause[:, column]
            open_to_it = [n for n in range(len(by_clause)) if (key, n) not in barred]
            if not open_to_it:
                continue
            best = max(open_to_it, key=lambda n: by_clause[n])
            cut = float(judged.thresholds[column])
            if len(open_to_it) < len(by_clause) and by_clause[best] < cut:
                continue  # only the clauses that an exclusion closes spoke of it
            cut = min(cut, float(by_clause[best]))
            spans = [judged.clauses[n] for n in open_to_it if by_clause[n] >= cut]
            span = judged.clauses[best]
            tone = _tone(document, span, spans, known)
            evidence = document.text[span.start : span.end]
            found[key] = FoundTheme(key, chance, tone, evidence, span.start, span.end)
        return tuple(found.values())


def _by_rules(
    document: Document,
    judged: Judgement,
    hits: Sequence[Hit],
    barred: set[tuple[str, int]],
    known: Known,
) -> dict[str, FoundTheme]:
    """Themes that a phrase gives, in a clause that no exclusion closes."""
    places: dict[str, list[tuple[Hit, Span]]] = {}
    for hit in hits:
        clause = clause_of(judged.clauses, hit)
        if (hit.theme, clause) not in barred:
            places.setdefault(hit.theme, []).append((hit, judged.clauses[clause]))
    found = {}
    for key, where in places.items():
        hit, clause_span = where[0]
        tone = _tone(document, clause_span, [span for _, span in where], known)
        evidence = document.text[hit.start : hit.end]
        found[key] = FoundTheme(key, 1.0, tone, evidence, hit.start, hit.end, "rule")
    return found


def _tone(document: Document, best: Span, spans: Sequence[Span], known: Known) -> str:
    """Sentiment about a theme: of its best clause, unless its clauses disagree."""
    labels = {sentiment(document, span, known=known).label for span in spans}
    if "mixed" in labels or {"positive", "negative"} <= labels:
        return "mixed"
    for label in ("negative", "positive"):
        if label in labels:
            return label
    return sentiment(document, best, known=known).label


def _read(text: str, hint: str | None) -> Document:
    """The beginning of a comment as a document; an empty one where it cannot be read."""
    start = text[:LONGEST]
    try:
        return read(start, language=detect(start, hint=hint))
    except Exception as exc:  # noqa: BLE001 - one odd comment must not stop a batch
        _log("comment unreadable", exc, characters=len(text))
        return Document(start, None, (), (), ())


def _one_by_one_if_need_be(
    ask: Callable[[Sequence[Document]], Sequence[Answer]],
    documents: Mapping[int, Document],
    event: str,
) -> dict[int, Answer]:
    """All at once; where that fails one by one, so that only the odd one goes without."""
    try:
        return dict(zip(documents, ask(list(documents.values())), strict=True))
    except Exception as exc:  # noqa: BLE001 - logged without its message
        _log(event, exc, comments=len(documents))
        if len(documents) == 1:
            return {}
    found: dict[int, Answer] = {}
    for place, document in documents.items():
        found |= _one_by_one_if_need_be(ask, {place: document}, event)
    return found


def _redact(text: str) -> str:
    """Without personal data; empty where that cannot be made sure."""
    try:
        return redact.redact(text)
    except Exception as exc:  # noqa: BLE001 - logged without its message
        _log("comment not redacted", exc, characters=len(text))
        return ""


def _log(event: str, exc: Exception, **sizes: int) -> None:
    """What went wrong and where; never the message, which may quote what a customer wrote."""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}:{last.name}"
    shown = " ".join(f"{name}={size}" for name, size in sizes.items())
    logger.error("%s error=%s at=%s %s", event, type(exc).__name__, place, shown)


def train_analyser(
    taxonomy: Taxonomy,
    *,
    examples: Sequence[LabelledText] = (),
    lessons: Sequence[Lesson] = (),
    encoder: Encoder | str | None = None,
    random_state: int = 0,
) -> Analyser:
    """Train the product's classifier on a taxonomy and on what people labelled.

    lessons: comments of which people spoke of single themes only.

    encoder: "e5", "static", None for the best there is, or a loaded one. The same arguments give
    the same analyser, down to the digits.
    """
    data = assemble(taxonomy, examples=examples, lessons=lessons)
    classifier = ThemeClassifier(encoder, random_state=random_state).fit(
        data.texts,
        data.labels,
        languages=data.languages,
        taxonomy=taxonomy,
        weights=data.weights,
        typical=data.typical,
    )
    version = version_of(
        taxonomy, classifier.encoder_, examples=examples, lessons=lessons,
        random_state=random_state,
    )  # fmt: skip
    return Analyser(classifier, model_version=version, rules=Rules(taxonomy))


def version_of(
    taxonomy: Taxonomy,
    encoder: Encoder,
    *,
    examples: Sequence[LabelledText] = (),
    lessons: Sequence[Lesson] = (),
    random_state: int = 0,
) -> str:
    """Twelve hex digits that change with everything `train_analyser` depends on."""
    data = assemble(taxonomy, examples=examples, lessons=lessons)
    parts = (
        taxonomy.digest, data.digest, encoder.name, encoder.version, str(FORMAT), str(random_state),
    )  # fmt: skip
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]
