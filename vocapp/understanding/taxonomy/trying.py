"""What would happen to a comment: today, and with an edit that is not saved yet.

Nothing of it is stored or logged. It asks the quick encoder, which answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

from nlp.taxonomy import Taxonomy
from nlp.taxonomy import Theme as ThemeDefinition
from vocapp.database import snapshot
from vocapp.understanding.analysers import STATIC, analyser_for, is_trained, taught_now
from vocapp.understanding.taxonomy.drafts import LISTS, Draft, checked, words_of

if TYPE_CHECKING:
    from nlp.analysis import Analyser, FoundTheme
    from nlp.rules import Fired, Hit
    from nlp.text import Document

NEW = "edit"  # the key of a draft that has none yet; no theme may have it
MOST_CHARACTERS = 10_000
_SHOWN = 6  # themes, those that are given not counted against it
_EXPLAINED = 6  # themes
_WORDS = 6
_TOLD = 0.05  # log-odds; words that weigh less are not named


@dataclass(frozen=True, slots=True)
class Word:
    """A deciding word; weight: log-odds for the theme, negative against it."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class TriedTheme:
    """probability, threshold: of the model, None without one. source: who gives the theme, None
    where nobody does. rules, exclusions: phrases that were found."""

    key: str
    label: Mapping[str, str]
    probability: float | None
    threshold: float | None
    source: str | None
    sentiment: str | None
    words: tuple[Word, ...]
    rules: tuple[str, ...]
    exclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A theme that an edit gives to the comment, or takes from it."""

    key: str
    label: Mapping[str, str]
    is_added: bool


@dataclass(frozen=True, slots=True)
class TriedClause:
    """A clause and the themes that the model finds in it alone."""

    text: str
    labels: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """has_model: whether the model of the present themes is made; without, only phrases speak.
    changes: None where nothing was edited."""

    language: str | None
    sentiment: str | None
    redacted: str
    clauses: tuple[TriedClause, ...]
    themes: tuple[TriedTheme, ...]
    has_model: bool
    changes: tuple[Change, ...] | None = None


@dataclass(slots=True)
class _Reading:
    """A comment as one taxonomy sees it."""

    taxonomy: Taxonomy
    analyser: Analyser | None
    fired: Fired
    found: dict[str, FoundTheme] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)


def try_comment(
    workspace_id: UUID, text: str, *, key: str | None = None, draft: Draft | None = None
) -> Tried:
    """Read a comment with the themes in use and, where there is a draft, with it in place.

    key: of the theme that the draft changes, None for a new one. Raises BadInput for a draft
    that could not be saved.
    """
    # Imported here: they take seconds, and only who tries a comment needs them.
    from nlp.analysis import Analyser
    from nlp.drafting import in_other_words
    from nlp.language import detect
    from nlp.redact import redact
    from nlp.rules import Rules
    from nlp.text import read

    with snapshot() as session:
        taught = taught_now(session, workspace_id)
    taxonomy, teaching = taught.taxonomy, taught.teaching
    text = text[:MOST_CHARACTERS]
    document = read(text, language=detect(text))
    has_model = bool(taxonomy.themes) and is_trained(taxonomy, encoder=STATIC, teaching=teaching)
    analyser = analyser_for(taxonomy, encoder=STATIC, teaching=teaching) if has_model else None
    now = _read(document, taxonomy, analyser)
    shown, changes = now, None
    if draft is not None:
        edited = with_draft(taxonomy, key, checked(draft))
        if analyser is not None:
            classifier = analyser.classifier
            if edited.without_rules().digest != taxonomy.without_rules().digest:
                classifier = in_other_words(classifier, edited)
            analyser = Analyser(
                classifier, model_version=analyser.model_version, rules=Rules(edited)
            )
        shown = _read(document, edited, analyser)
        changes = _changes(now, shown)
    analysis = shown.analyser.analyse([text])[0] if shown.analyser else None
    return Tried(
        language=document.language,
        sentiment=analysis.sentiment if analysis else None,
        redacted=redact(text),
        clauses=_clauses(document, shown),
        themes=_themes(document, shown),
        has_model=has_model,
        changes=changes,
    )


def with_draft(taxonomy: Taxonomy, key: str | None, draft: Draft) -> Taxonomy:
    """The taxonomy with a checked draft in the place of a theme, or beside the others."""
    words = words_of(draft)
    lists = {
        name: {each: tuple(phrases) for each, phrases in words[name].items()} for name in LISTS
    }
    values = {"label": words["label"], "description": words["description"], **lists}
    if key is not None and key in taxonomy.keys:
        themes = [
            replace(theme, **values) if theme.key == key else theme for theme in taxonomy.themes
        ]
    else:
        themes = [*taxonomy.themes, ThemeDefinition(key=key or NEW, examples={}, **values)]
    return replace(taxonomy, themes=tuple(themes))


def _read(document: Document, taxonomy: Taxonomy, analyser: Analyser | None) -> _Reading:
    from nlp.rules import Rules, given_by_rules

    fired = Rules(taxonomy).find(document)
    if analyser is None:
        return _Reading(taxonomy, None, fired, given=set(given_by_rules(fired, document.clauses)))
    found = {theme.key: theme for theme in analyser.analyse([document.text])[0].themes}
    return _Reading(taxonomy, analyser, fired, found, set(found))


def _changes(before: _Reading, after: _Reading) -> tuple[Change, ...]:
    labels = {theme.key: theme.label for theme in after.taxonomy.themes}
    return tuple(
        Change(key, labels[key], key in after.given)
        for key in sorted(before.given ^ after.given)
        if key in labels
    )


def _clauses(document: Document, seen: _Reading) -> tuple[TriedClause, ...]:
    if seen.analyser is None or not document.tokens:
        return tuple(TriedClause(document.text[c.start : c.end], ()) for c in document.clauses)
    classifier = seen.analyser.classifier
    judged = classifier.judge([document])[0]
    labels = {theme.key: theme.label for theme in seen.taxonomy.themes}
    return tuple(
        TriedClause(
            document.text[span.start : span.end],
            tuple(labels[key] for key, _ in classifier.choose(chances, judged.thresholds)),
        )
        for span, chances in zip(judged.clauses, judged.by_clause, strict=True)
    )


def _themes(document: Document, seen: _Reading) -> tuple[TriedTheme, ...]:
    """Those that are given or spoken of by a phrase, then the most probable others."""
    chances: dict[str, tuple[float, float]] = {}
    if seen.analyser is not None and document.tokens:
        classifier = seen.analyser.classifier
        judged = classifier.judge([document])[0]
        for key, chance, cut in zip(classifier.keys_, judged.whole, judged.thresholds, strict=True):
            chances[key] = float(chance), float(cut)
    rules, exclusions = _phrases(seen.fired.rules), _phrases(seen.fired.exclusions)
    certain = seen.given | rules.keys() | exclusions.keys()
    keys = sorted(
        {*chances, *certain},
        key=lambda key: (key not in certain, -chances.get(key, (0.0, 0.0))[0], key),
    )[: len(certain) + _SHOWN]
    labels = {theme.key: theme.label for theme in seen.taxonomy.themes}
    found = []
    for place, key in enumerate(key for key in keys if key in labels):
        theme = seen.found.get(key)
        source = theme.source if theme else ("rule" if key in seen.given else None)
        chance, cut = chances.get(key, (None, None))
        found.append(
            TriedTheme(
                key, labels[key], chance, cut, source, theme.sentiment if theme else None,
                _words(document, seen, key) if key in chances and place < _EXPLAINED else (),
                rules.get(key, ()), exclusions.get(key, ()),
            )
        )  # fmt: skip
    return tuple(found)


def _phrases(hits: Sequence[Hit]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for hit in hits:
        found[hit.theme] = tuple(dict.fromkeys((*found.get(hit.theme, ()), hit.phrase)))
    return found


def _words(document: Document, seen: _Reading, key: str) -> tuple[Word, ...]:
    assert seen.analyser is not None
    reasons = seen.analyser.classifier.explain(document, key)
    return tuple(
        Word(document.text[reason.start : reason.end], reason.weight)
        for reason in reasons[:_WORDS]
        if abs(reason.weight) >= _TOLD
    )
