"""An answer beside what was asked: in the words, the language and the scale it was given to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.definitions import Definition
from surveys.languages import best_language
from surveys.questions import Option, Question, localised, scale_of, wording
from surveys.scoring import category_of


@dataclass(frozen=True, slots=True)
class AskedAndAnswered:
    """One question and its answer. answer: None for what was written, which may name people.

    scale: lowest and highest answer with their words, for an answer on a scale.
    """

    question: str
    answer: str | None
    scale: tuple[tuple[int, str], tuple[int, str]] | None = None


def as_asked(
    definition: Definition, answers: Mapping[str, object], *, locale: str | None
) -> tuple[str, list[AskedAndAnswered]]:
    """The language in which somebody was asked, and what they answered, in the survey's order.

    definition: the version that the answers were given to. answers: by question key; None and
    what the version does not ask are left out. locale: what the person read, as it is known.

    >>> from surveys.definitions import standard_definition
    >>> as_asked(standard_definition("csat", ["en", "ja"]), {"score": 5}, locale="ja-JP")
    ('ja', [AskedAndAnswered(question='私たちのサービスに、全体としてどの程度満足していますか。', \
answer='5', scale=((1, 'とても不満'), (5, 'とても満足')))])
    """
    language = best_language(locale, definition.languages)
    score = answers.get(definition.primary.key)
    category = category_of(definition.kind, score) if isinstance(score, int) else None
    return language, [
        AskedAndAnswered(
            question=wording(question, language=language, category=category),
            answer=_in_words(question, answers[question.key], language),
            scale=_scale(question, language),
        )
        for question in definition.questions
        if answers.get(question.key) is not None
    ]


def _in_words(question: Question, value: object, language: str) -> str | None:
    """The answer as it was shown; None for what was written, which may name people."""
    if question.kind in ("text", "contact"):
        return None
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, list | tuple):
        return ", ".join(_label(question.options, each, language) for each in value)
    if isinstance(value, Mapping):
        return "; ".join(
            f"{_label(question.rows, row, language)}: {_label(question.columns, column, language)}"
            for row, column in value.items()
        )
    return _label(question.options, value, language)


def _label(options: Sequence[Option], key: object, language: str) -> str:
    found = next((option.label for option in options if option.key == key), None)
    return localised(found, language=language) if found else str(key)


def _scale(question: Question, language: str) -> tuple[tuple[int, str], tuple[int, str]] | None:
    scale = scale_of(question.kind)
    if scale is None:
        return None
    return (
        (scale.start, localised(question.low_label, language=language)),
        (scale.stop - 1, localised(question.high_label, language=language)),
    )
