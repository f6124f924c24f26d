"""Kinds of question, their scales, their wording, and what counts as an answer.

Scale kinds have fixed scales: ``nps`` 0..10 (likelihood to recommend), ``csat`` 1..5
(satisfaction), ``ces`` 1..7 (agreement that it was easy). The other kinds are ``text``
(a free comment) and ``choice`` (one of the question's options).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("nps", "csat", "ces", "text", "choice")
MAX_TEXT_CHARS = 10_000

_SCALES = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}
_SHOWN_CHARS = 40


class BadAnswer(ValueError):
    """An answer that cannot be stored.

    field: the key of the question. message: English, says what came and what would do.
    code: stable, for a page that words the problem itself: ``required``, ``not_whole``,
    ``out_of_range``, ``not_text``, ``too_long``, ``bad_characters``, ``not_an_option``.
    """

    def __init__(self, field: str, message: str, *, code: str = "invalid") -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: a key that is stored, and its label by language."""

    key: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a survey version.

    text, low_label, high_label: by language; the survey's first language comes first, which
    is what `wording` falls back to. wording_by_category: only for kind ``text``, category of
    the primary score -> language -> wording, so that the open question follows the score.
    """

    key: str
    kind: str
    text: Mapping[str, str]
    low_label: Mapping[str, str] = field(default_factory=dict)
    high_label: Mapping[str, str] = field(default_factory=dict)
    wording_by_category: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    required: bool = False


def scale_of(kind: str) -> range | None:
    """The whole numbers that may be answered, or None for a kind without a scale.

    Raises ValueError for a kind that does not exist.

    >>> list(scale_of("csat")), scale_of("text")
    ([1, 2, 3, 4, 5], None)
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    return _SCALES.get(kind)


def validate_answer(question: Question, value: object) -> int | str | None:
    """The answer as it is to be stored, or BadAnswer.

    Nothing is converted: "9", 9.0 and true are refused for a scale, because guessing what a
    sender meant would count answers that nobody gave. Text comes back as it was sent; text
    without a visible character is no answer (None). None is refused where the question is
    required.

    >>> nps = Question(key="score", kind="nps", text={"en": "Would you recommend us?"})
    >>> validate_answer(nps, 9)
    9
    >>> validate_answer(nps, "9")
    Traceback (most recent call last):
    ...
    surveys.questions.BadAnswer: score: expected a whole number from 0 to 10, got the text '9'
    """
    answer = None if value is None else _checked(question, value)
    if answer is None and question.required:
        raise BadAnswer(question.key, "an answer is required", code="required")
    return answer


def wording(question: Question, *, language: str, category: str | None = None) -> str:
    """What to ask, in a language, following the category of the score where there is one.

    A language that the question lacks falls back to the survey's first language, then to any.
    The reader's language comes before the category: a general question that can be read beats
    a fitting one that cannot.

    >>> q = Question(key="comment", kind="text", text={"en": "Why?", "ja": "なぜですか。"},
    ...              wording_by_category={"promoter": {"en": "What do you like most?"}})
    >>> wording(q, language="en-GB", category="promoter")
    'What do you like most?'
    >>> wording(q, language="ja", category="promoter")
    'なぜですか。'
    >>> wording(q, language="fr", category="detractor")
    'Why?'
    """
    by_category = question.wording_by_category.get(category or "", {})
    for texts in (by_category, question.text):
        exact = _match(texts, language)
        if exact is not None:
            return exact
    return localised(by_category, language=language) or localised(question.text, language=language)


def localised(texts: Mapping[str, str], *, language: str) -> str:
    """The text in a language, else in its base language, else the first there is, else ''.

    >>> localised({"en": "Easy", "ja": "簡単"}, language="ja-JP")
    '簡単'
    >>> localised({}, language="ja")
    ''
    """
    found = _match(texts, language)
    return found if found is not None else next(iter(texts.values()), "")


def storable_problem(text: str) -> str | None:
    """Why a text cannot be stored in every database and sent as UTF-8, or None.

    PostgreSQL has no NUL in text, and a lone surrogate is not Unicode.

    >>> storable_problem("髙﨑さん 👍") is None
    True
    >>> storable_problem("a\\x00b")
    'the character U+0000 is not allowed'
    """
    if "\x00" in text:
        return "the character U+0000 is not allowed"
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "half of a surrogate pair is not allowed; send valid Unicode"
    return None


def _match(texts: Mapping[str, str], language: str) -> str | None:
    wanted = language.replace("_", "-").lower()
    lowered = {tag.lower(): text for tag, text in texts.items()}
    return lowered.get(wanted, lowered.get(wanted.partition("-")[0]))


def _checked(question: Question, value: object) -> int | str | None:
    if question.kind == "text":
        return _checked_text(question, value)
    if question.kind == "choice":
        return _checked_choice(question, value)
    return _checked_score(question, value)


def _checked_score(question: Question, value: object) -> int:
    scale = scale_of(question.kind)
    assert scale is not None
    wanted = f"expected a whole number from {scale.start} to {scale.stop - 1}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadAnswer(question.key, f"{wanted}, got {_shown(value)}", code="not_whole")
    if value not in scale:
        raise BadAnswer(question.key, f"{wanted}, got {_shown(value)}", code="out_of_range")
    return int(value)


def _checked_text(question: Question, value: object) -> str | None:
    if not isinstance(value, str):
        raise BadAnswer(question.key, f"expected text, got {_shown(value)}", code="not_text")
    if len(value) > MAX_TEXT_CHARS:
        message = f"expected at most {MAX_TEXT_CHARS:,} characters, got {len(value):,}"
        raise BadAnswer(question.key, message, code="too_long")
    problem = storable_problem(value)
    if problem:
        raise BadAnswer(question.key, problem, code="bad_characters")
    return None if _is_blank(value) else value


def _checked_choice(question: Question, value: object) -> str:
    keys = [option.key for option in question.options]
    if not isinstance(value, str) or value not in keys:
        message = f"expected one of {', '.join(keys)}, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_an_option")
    return value


def _is_blank(text: str) -> bool:
    """True without a visible character; format characters (zero width space, BOM) show nothing."""
    return all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)


def _shown(value: object) -> str:
    """What came, in few words: never a long text, and never a number of a thousand digits."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a very large number"
    if isinstance(value, float):
        return f"the number {value}"
    if isinstance(value, str):
        shortened = value if len(value) <= _SHOWN_CHARS else value[:_SHOWN_CHARS] + "…"
        return f"the text {ascii(shortened) if storable_problem(shortened) else repr(shortened)}"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
