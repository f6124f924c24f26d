"""A survey's definition: what one version asks, in which languages, and its JSON form.

A definition has exactly one primary scale (the question whose kind is the survey's kind) and,
normally, an open question whose wording follows the category of that score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys import standard_wording
from surveys.questions import KINDS, Option, Question, scale_of, storable_problem
from surveys.scoring import METRICS, categories

MAX_QUESTIONS = 50
MAX_OPTIONS = 100
MAX_LANGUAGES = 40
MAX_WORDING_CHARS = 1_000
MAX_LABEL_CHARS = 200

_KEY = re.compile(r"[a-z0-9_-]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_QUESTION_FIELDS = {
    *("key", "kind", "text", "low_label", "high_label"),
    *("wording_by_category", "options", "required"),
}


class DefinitionError(ValueError):
    """A definition that cannot be used; field is a path such as ``questions[1].key``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a survey asks. The first language is the survey's main one."""

    kind: str
    languages: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def primary(self) -> Question:
        """The scale that the survey is about."""
        return next(question for question in self.questions if question.kind == self.kind)

    @property
    def open_question(self) -> Question | None:
        """The first free-text question, or None."""
        return next((question for question in self.questions if question.kind == "text"), None)

    def question(self, key: str) -> Question | None:
        """The question with this key, or None."""
        return next((question for question in self.questions if question.key == key), None)


def standard_definition(kind: str, languages: Sequence[str]) -> Definition:
    """A sensible survey of a kind: its scale (key "score"), then a comment (key "comment").

    Languages without wording of our own are filled with the English one, to be translated by
    the author. Raises DefinitionError for an unknown kind or a wrong language.

    >>> [question.key for question in standard_definition("nps", ["en", "ja"]).questions]
    ['score', 'comment']
    """
    data = {"kind": kind, "languages": list(languages), "questions": None}
    return from_json(data)


def to_json(definition: Definition) -> dict[str, Any]:
    """The definition as JSON values; `from_json` gives the same definition back."""
    return {
        "kind": definition.kind,
        "languages": list(definition.languages),
        "questions": [_question_to_json(question) for question in definition.questions],
    }


def from_json(data: Mapping[str, Any]) -> Definition:
    """Read and check ``{"kind", "languages", "questions"?}``; DefinitionError names the field.

    Each question is ``{"key", "kind", "text"?, "low_label"?, "high_label"?,
    "wording_by_category"?, "options"?, "required"?}``. A text is a string (in the survey's first
    language) or an object by language; where a scale or text question has none, the standard one
    is filled in. An option is ``{"key", "label"}`` or a string that is its own key and label.
    Without questions (absent or null) the standard ones are asked. Unknown fields are refused,
    so that a misspelt one is not silently lost.

    >>> survey = from_json({"kind": "csat", "languages": ["en"], "questions": [
    ...     {"key": "happy", "kind": "csat", "text": "Happy with us?"}]})
    >>> survey.primary.text, survey.primary.required, survey.open_question
    ({'en': 'Happy with us?'}, True, None)
    """
    if not isinstance(data, Mapping):
        raise DefinitionError("definition", "expected an object")
    kind = data.get("kind")
    if kind not in METRICS:
        raise DefinitionError("kind", f"expected one of {', '.join(METRICS)}, got {_shown(kind)}")
    languages = _read_languages(data.get("languages"))
    entries = data.get("questions")
    if entries is None:
        entries = [{"key": "score", "kind": kind}, {"key": "comment", "kind": "text"}]
    if not isinstance(entries, list | tuple) or not 1 <= len(entries) <= MAX_QUESTIONS:
        raise DefinitionError("questions", f"expected a list of 1 to {MAX_QUESTIONS} questions")
    reader = _Reader(kind=kind, languages=languages)
    questions = tuple(
        reader.question(entry, f"questions[{number}]") for number, entry in enumerate(entries)
    )
    _check_together(kind, questions)
    return Definition(kind=kind, languages=languages, questions=questions)


def _read_languages(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_LANGUAGES:
        expected = f'expected a list of 1 to {MAX_LANGUAGES} language tags such as "en"'
        raise DefinitionError("languages", expected)
    for number, tag in enumerate(value):
        if not isinstance(tag, str) or not _LANGUAGE.fullmatch(tag):
            message = f'expected a language tag such as "en" or "pt-BR", got {_shown(tag)}'
            raise DefinitionError(f"languages[{number}]", message)
    if len({tag.lower() for tag in value}) < len(value):
        raise DefinitionError("languages", "a language may stand only once")
    return tuple(value)


def _check_together(kind: str, questions: Sequence[Question]) -> None:
    seen: set[str] = set()
    for number, question in enumerate(questions):
        if question.key in seen:
            message = f"{question.key!r} is taken by an earlier question"
            raise DefinitionError(f"questions[{number}].key", message)
        seen.add(question.key)
    primaries = sum(question.kind == kind for question in questions)
    if primaries != 1:
        message = f"expected exactly one question of kind {kind!r}, got {primaries}"
        raise DefinitionError("questions", message)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads questions of a survey whose kind and languages are known."""

    kind: str
    languages: tuple[str, ...]

    def question(self, entry: object, at: str) -> Question:
        if not isinstance(entry, Mapping):
            raise DefinitionError(at, "expected an object with key, kind and text")
        for name in entry:
            if name not in _QUESTION_FIELDS:
                expected = ", ".join(sorted(_QUESTION_FIELDS))
                raise DefinitionError(_named(at, name), f"unknown; expected only {expected}")
        key = _read_key(entry.get("key"), f"{at}.key")
        kind = entry.get("kind")
        if kind not in KINDS:
            message = f"expected one of {', '.join(KINDS)}, got {_shown(kind)}"
            raise DefinitionError(f"{at}.kind", message)
        given = {name: value for name, value in entry.items() if value is not None}
        defaults = self._defaults(kind, has_text="text" in given)
        return self._build(key, kind, {**defaults, **given}, at)

    def _defaults(self, kind: str, *, has_text: bool) -> dict[str, Any]:
        """Standard wording for what the author left out.

        The wording that follows the score comes only with our own open question: the author
        of another question wants that one asked.
        """
        scale_kind = scale_of(kind) is not None
        if has_text and not scale_kind:
            return {}
        return standard_wording.question(kind, survey_kind=self.kind, languages=self.languages)

    def _build(self, key: str, kind: str, given: Mapping[str, Any], at: str) -> Question:
        _check_fits(kind, given, at)
        text = self._texts(given.get("text"), f"{at}.text", MAX_WORDING_CHARS)
        if not text:
            raise DefinitionError(f"{at}.text", "expected the wording of the question")
        low, high = (
            self._texts(given.get(name, {}), f"{at}.{name}", MAX_LABEL_CHARS)
            for name in ("low_label", "high_label")
        )
        required = given.get("required", kind == self.kind)
        if not isinstance(required, bool):
            message = f"expected true or false, got {_shown(required)}"
            raise DefinitionError(f"{at}.required", message)
        return Question(
            key=key,
            kind=kind,
            text=text,
            low_label=low,
            high_label=high,
            wording_by_category=self._by_category(given.get("wording_by_category", {}), at),
            options=self._options(given.get("options", []), f"{at}.options"),
            required=required,
        )

    def _by_category(self, value: object, at: str) -> dict[str, dict[str, str]]:
        at = f"{at}.wording_by_category"
        if not isinstance(value, Mapping):
            raise DefinitionError(at, "expected an object: category to wording")
        known = categories(self.kind)
        for category in value:
            if category not in known:
                message = f"unknown category; expected {', '.join(known)}"
                raise DefinitionError(_named(at, category), message)
        return {
            category: self._texts(value[category], f"{at}.{category}", MAX_WORDING_CHARS)
            for category in known
            if category in value
        }

    def _options(self, value: object, at: str) -> tuple[Option, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_OPTIONS:
            raise DefinitionError(at, f"expected a list of at most {MAX_OPTIONS} options")
        options = tuple(self._option(entry, f"{at}[{i}]") for i, entry in enumerate(value))
        if len({option.key for option in options}) < len(options):
            raise DefinitionError(at, "every option needs a key of its own")
        return options

    def _option(self, entry: object, at: str) -> Option:
        if isinstance(entry, str):
            entry = {"key": entry, "label": entry}
        if not isinstance(entry, Mapping) or set(entry) - {"key", "label"}:
            raise DefinitionError(at, "expected an object with key and label")
        key = _read_key(entry.get("key"), f"{at}.key")
        label = self._texts(entry.get("label", key), f"{at}.label", MAX_LABEL_CHARS)
        if not label:
            raise DefinitionError(f"{at}.label", "expected a label")
        return Option(key=key, label=label)

    def _texts(self, value: object, at: str, limit: int) -> dict[str, str]:
        """Texts by language, in the survey's order: stores of JSON do not keep the order."""
        if isinstance(value, str):
            value = {self.languages[0]: value}
        if not isinstance(value, Mapping):
            raise DefinitionError(at, "expected a text or an object: language to text")
        for tag, text in value.items():
            if tag not in self.languages:
                message = f"not a language of this survey; expected {', '.join(self.languages)}"
                raise DefinitionError(_named(at, tag), message)
            _check_text(text, f"{at}.{tag}", limit)
        return {tag: value[tag].strip() for tag in self.languages if tag in value}


def _check_fits(kind: str, given: Mapping[str, Any], at: str) -> None:
    """Refuse what a question of this kind cannot use."""
    uses = {"options": kind == "choice", "wording_by_category": kind == "text"}
    uses |= dict.fromkeys(("low_label", "high_label"), scale_of(kind) is not None)
    for name, used in uses.items():
        if given.get(name) and not used:
            raise DefinitionError(f"{at}.{name}", f"a question of kind {kind!r} has none")
    if kind == "choice" and not given.get("options"):
        raise DefinitionError(f"{at}.options", "expected at least one option")


def _check_text(text: object, at: str, limit: int) -> None:
    if not isinstance(text, str) or not text.strip():
        raise DefinitionError(at, f"expected a text that is not empty, got {_shown(text)}")
    if len(text) > limit:
        raise DefinitionError(at, f"expected at most {limit:,} characters, got {len(text):,}")
    problem = storable_problem(text)
    if problem:
        raise DefinitionError(at, problem)


def _read_key(value: object, at: str) -> str:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        message = f"expected 1 to 64 of the characters a-z, 0-9, _ and -, got {_shown(value)}"
        raise DefinitionError(at, message)
    return value


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return ascii(value[:40]) if storable_problem(value[:40]) else repr(value[:40])
    return "a value of another type"


def _named(at: str, name: object) -> str:
    """The path of a field whose name came from outside."""
    plain = isinstance(name, str) and re.fullmatch(r"[\w-]{1,64}", name)
    return f"{at}.{name if plain else _shown(name)}"


def _question_to_json(question: Question) -> dict[str, Any]:
    data: dict[str, Any] = {"key": question.key, "kind": question.kind}
    data["text"] = dict(question.text)
    if scale_of(question.kind) is not None:
        # Also when empty: an absent label would bring the standard one back.
        data["low_label"] = dict(question.low_label)
        data["high_label"] = dict(question.high_label)
    by_category = question.wording_by_category
    if by_category:
        data["wording_by_category"] = {name: dict(texts) for name, texts in by_category.items()}
    if question.options:
        options = question.options
        data["options"] = [{"key": each.key, "label": dict(each.label)} for each in options]
    data["required"] = question.required
    return data
