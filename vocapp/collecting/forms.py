"""What a respondent typed into a page without script, and what it becomes.

Browsers send text only, so a score arrives as digits. Whatever cannot be stored is
shown again beside its question; nothing that was typed is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.questions import (
    MAX_TEXT_CHARS,
    BadAnswer,
    Question,
    Value,
    scale_of,
    validate_answer,
)

_DIGITS = re.compile(r"[0-9]{1,2}", re.ASCII)
_BY_CODE = {
    "too_long": "too_long",
    "bad_characters": "bad_text",
    "bad_email": "bad_email",
    "bad_phone": "bad_phone",
    "bad_number": "bad_number",
    "bad_postcode_jp": "bad_postcode_jp",
    "too_short": "least_chars",
    "too_few": "least_choices",
    "too_many": "most_choices",
}


_PARTS = {"multiple": "options", "ranking": "options", "matrix": "rows"}
_MISSING = {
    "text": "fill_in",
    "contact": "fill_in",
    "choice": "pick_option",
    "multiple": "pick_some",
    "ranking": "rank_all",
    "matrix": "pick_each_row",
    "consent": "agree",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What was sent: the text of each field as typed, by question key or, where a question has
    several fields, by key and part (`why.fast`); by question key the answers that fit, and the
    word for each error."""

    typed: Mapping[str, str]
    answers: Mapping[str, Value]
    errors: Mapping[str, str]


def field_name(question: Question) -> str:
    """The name of a question's field."""
    return f"q-{question.key}"


def parts_of(question: Question) -> list[str]:
    """The names under which a question's fields are typed; its key where it has one field."""
    if question.kind == "contact":
        return [f"{question.key}.{name}" for name in question.fields]
    of = _PARTS.get(question.kind)
    if of is None:
        return [question.key] if question.kind != "statement" else []
    return [f"{question.key}.{each.key}" for each in getattr(question, of)]


def read_answers(questions: Sequence[Question], form: Mapping[str, str]) -> Filled:
    """The answers to some questions of a form; errors are keys of `respondent_texts`."""
    typed: dict[str, str] = {}
    answers: dict[str, Value] = {}
    errors: dict[str, str] = {}
    for question in questions:
        # Browsers write line ends as CRLF; offsets into a comment should not depend on that.
        filled = {
            part: form.get(f"q-{part}", "").replace("\r\n", "\n") for part in parts_of(question)
        }
        typed |= filled
        try:
            answer = validate_answer(question, _value(question, filled))
        except BadAnswer as exc:
            errors[question.key] = _word(question, exc.code)
            continue
        if answer is not None:
            answers[question.key] = answer
    return Filled(typed, answers, errors)


def read_score(question: Question, text: str | None) -> int | None:
    """The point of a scale that a link names, or None where it names none.

    >>> nps = Question(key="score", kind="nps", text={"en": "?"})
    >>> [read_score(nps, text) for text in ("9", "10", "11", "9.0", "", None)]
    [9, 10, None, None, None, None]
    """
    scale = scale_of(question.kind)
    if scale is None or not _DIGITS.fullmatch(text or ""):
        return None
    score = int(text or "")
    return score if score in scale else None


def _value(question: Question, filled: Mapping[str, str]) -> object:
    """What the texts of a question's fields say, unchecked."""
    if question.kind in _PARTS or question.kind == "contact":
        start = len(question.key) + 1
        return _compound(question, {part[start:]: text for part, text in filled.items() if text})
    text = filled.get(question.key, "")
    if question.kind == "text":
        return text
    if question.kind == "consent":
        return bool(text)
    if not text:
        return None
    if scale_of(question.kind) is not None and _DIGITS.fullmatch(text):
        return int(text)
    return text


def _compound(question: Question, given: Mapping[str, str]) -> object:
    if question.kind == "multiple":
        return list(given)
    if question.kind != "ranking" or not given:
        return given or None
    if sorted(given.values()) != sorted(str(n + 1) for n in range(len(question.options))):
        raise BadAnswer(question.key, "every option needs a place", code="not_all_ranked")
    return sorted(given, key=lambda key: int(given[key]))


def _word(question: Question, code: str) -> str:
    if code == "too_long" and question.kind == "contact":
        return "shorten"
    if code == "too_long" and question.validation.max_chars:
        return "most_chars"
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _MISSING.get(question.kind, "required")


MAX_CHARS = MAX_TEXT_CHARS
