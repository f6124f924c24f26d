"""What a respondent typed into a page without script, and what it becomes.

Browsers send text only, so a score arrives as digits. Whatever cannot be stored is
shown again beside its question; nothing that was typed is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.questions import MAX_TEXT_CHARS, BadAnswer, Question, scale_of, validate_answer

_DIGITS = re.compile(r"[0-9]{1,2}", re.ASCII)
_BY_CODE = {"too_long": "too_long", "bad_characters": "bad_text"}


@dataclass(frozen=True, slots=True)
class Filled:
    """By question key: the text as typed, the answers that fit, and the word for each error."""

    typed: Mapping[str, str]
    answers: Mapping[str, int | str]
    errors: Mapping[str, str]


def field_name(question: Question) -> str:
    """The name of a question's field."""
    return f"q-{question.key}"


def read_answers(questions: Sequence[Question], form: Mapping[str, str]) -> Filled:
    """The answers to some questions of a form; errors are keys of `respondent_texts`."""
    typed: dict[str, str] = {}
    answers: dict[str, int | str] = {}
    errors: dict[str, str] = {}
    for question in questions:
        # Browsers write line ends as CRLF; offsets into a comment should not depend on that.
        text = form.get(field_name(question), "").replace("\r\n", "\n")
        typed[question.key] = text
        try:
            answer = validate_answer(question, _value(question, text))
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


def _value(question: Question, text: str) -> object:
    if question.kind == "text":
        return text
    if not text:
        return None
    if scale_of(question.kind) is not None and _DIGITS.fullmatch(text):
        return int(text)
    return text


def _word(question: Question, code: str) -> str:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if question.kind == "text":
        return "fill_in"
    return "pick_option" if question.kind == "choice" else "required"


MAX_CHARS = MAX_TEXT_CHARS
