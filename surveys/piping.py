"""What is known of a person put into the texts of a survey: `{contact.name|you}`.

A placeholder is a name in braces, with what to say where nothing is known behind a bar. Names are
``contact.name``, ``account.name``, ``account.plan`` and ``attribute.<name of an attribute>``.
Values are put in as text: whoever shows them escapes the whole, as any text of an author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from surveys.definitions import Definition
from surveys.questions import Question

KNOWN = ("contact.name", "account.name", "account.plan")
_PLACEHOLDER = re.compile(r"\{([^\W\d][^{}|\n]*)(?:\|([^{}\n]*))?\}")
_ATTRIBUTE = re.compile(r"attribute\.[^\s{}|][^{}|\n]{0,99}")
_LONGEST = 200  # characters of a value


def unknown(text: str) -> list[str]:
    """Names in braces that are no placeholders, in their order.

    >>> unknown("{contact.name|you}, {contact.age} of {firm}: {attribute.seats} { } {1}")
    ['contact.age', 'firm']
    """
    names = [match[1].strip() for match in _PLACEHOLDER.finditer(text)]
    return [name for name in names if not _is_known(name)]


def without_unknown(text: str) -> str:
    """The text with those in square brackets, so that it can be stored.

    >>> without_unknown("Dear {TOKEN:FIRSTNAME}, {contact.name}")
    'Dear [TOKEN:FIRSTNAME], {contact.name}'
    """
    return _PLACEHOLDER.sub(
        lambda match: match[0] if _is_known(match[1].strip()) else f"[{match[0][1:-1]}]", text
    )


def has_placeholder(text: str) -> bool:
    """Whether what a text says depends on who reads it."""
    return any(_is_known(match[1].strip()) for match in _PLACEHOLDER.finditer(text))


def fill(text: str, facts: Mapping[str, str]) -> str:
    """The text for somebody of whom these facts are known, by name; other braces stay.

    >>> fill("Dear {contact.name|customer}, how is {account.plan|your plan}?",
    ...      {"contact.name": "Aiko"})
    'Dear Aiko, how is your plan?'
    """

    def said(match: re.Match[str]) -> str:
        name = match[1].strip()
        if not _is_known(name):
            return match[0]
        value = " ".join(facts.get(name, "").split())[:_LONGEST]
        return value or (match[2] or "").strip()

    return _PLACEHOLDER.sub(said, text)


def texts_of(definition: Definition) -> Iterator[tuple[str, str]]:
    """Every text that may have placeholders, with its path in the definition."""
    for number, question in enumerate(definition.questions):
        for tag, text in question.text.items():
            yield f"questions[{number}].text.{tag}", text
        for category, texts in question.wording_by_category.items():
            for tag, text in texts.items():
                yield f"questions[{number}].wording_by_category.{category}.{tag}", text
    for tag, text in definition.thanks.text.items():
        yield f"thanks.text.{tag}", text
    for category, texts in definition.thanks.by_category.items():
        for tag, text in texts.items():
            yield f"thanks.by_category.{category}.{tag}", text


def is_personal(definition: Definition) -> bool:
    """Whether any of its texts has a placeholder."""
    return any(has_placeholder(text) for _, text in texts_of(definition))


def filled(definition: Definition, facts: Mapping[str, str]) -> Definition:
    """What a survey asks somebody of whom these facts are known."""
    if not is_personal(definition):
        return definition
    thanks = replace(
        definition.thanks,
        text=_all(definition.thanks.text, facts),
        by_category=_each(definition.thanks.by_category, facts),
    )
    questions = tuple(_asked(question, facts) for question in definition.questions)
    return replace(definition, questions=questions, thanks=thanks)


def _asked(question: Question, facts: Mapping[str, str]) -> Question:
    return replace(
        question,
        text=_all(question.text, facts),
        wording_by_category=_each(question.wording_by_category, facts),
    )


def _each(
    by_category: Mapping[str, Mapping[str, str]], facts: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    return {category: _all(texts, facts) for category, texts in by_category.items()}


def _all(texts: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    return {tag: fill(text, facts) for tag, text in texts.items()}


def _is_known(name: str) -> bool:
    return name in KNOWN or _ATTRIBUTE.fullmatch(name) is not None
