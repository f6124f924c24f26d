"""A survey's definition: what one version asks, in which languages, and its JSON form.

A definition has exactly one primary scale (the question whose kind is the survey's kind) and,
normally, an open question whose wording follows the category of that score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from surveys import standard_wording
from surveys.branching import END, OPS, conditions_of
from surveys.languages import is_language_tag
from surveys.questions import (
    CONTACT_FIELDS,
    KINDS,
    MAX_TEXT_CHARS,
    PATTERNS,
    VALIDATIONS,
    WITH_OPTIONS,
    Branch,
    Option,
    Question,
    Validation,
    localised,
    scale_of,
    storable_problem,
)
from surveys.scoring import METRICS, categories
from surveys.standard_wording import WordsIn

MAX_QUESTIONS = 50
MAX_OPTIONS = 100
MAX_BRANCHES = 20
SHOWN_TO = ("nobody", "everybody", "best")
MAX_LANGUAGES = 40
MAX_WORDING_CHARS = 1_000
MAX_LABEL_CHARS = 200

_KEY = re.compile(r"[a-z0-9_-]{1,64}")
_QUESTION_FIELDS = {
    *("key", "kind", "text", "low_label", "high_label"),
    *("wording_by_category", "options", "rows", "columns", "fields", "required", "branches"),
    "validation",
}
_VALIDATIONS_OF = {
    "text": ("min_chars", "max_chars", "pattern"),
    "multiple": ("min_choices", "max_choices"),
}


class DefinitionError(ValueError):
    """A definition that cannot be used; field is a path such as ``questions[1].key``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Thanks:
    """What is said after the last answer, by language; empty where the product's words do.

    by_category: other words for a category of the score. link: an https address, for a site of
    reviews, say; shown_to: one of SHOWN_TO, "best" being those of the best category only.
    """

    text: Mapping[str, str] = field(default_factory=dict)
    by_category: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    link: str = ""
    link_label: Mapping[str, str] = field(default_factory=dict)
    shown_to: str = "nobody"

    def words(self, category: str | None, *, language: str) -> str:
        """What to say to somebody with a score of this category, or an empty text."""
        of_category = self.by_category.get(category or "", {})
        return localised(of_category or self.text, language=language)

    def link_for(self, category: str | None, *, kind: str) -> str:
        """The address to show to somebody with a score of this category, or an empty text."""
        is_best = category == categories(kind)[0]
        is_shown = self.shown_to == "everybody" or (self.shown_to == "best" and is_best)
        return self.link if is_shown else ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a survey asks. The first language is the survey's main one."""

    kind: str
    languages: tuple[str, ...]
    questions: tuple[Question, ...]
    thanks: Thanks = Thanks()

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


def standard_definition(
    kind: str, languages: Sequence[str], *, words_in: WordsIn = standard_wording.words_in
) -> Definition:
    """A sensible survey of a kind: its scale (key "score"), then a comment (key "comment").

    words_in: the standard wording of a language; of those without one it is the English, to be
    translated by the author. Raises DefinitionError for an unknown kind or a wrong language.

    >>> [question.key for question in standard_definition("nps", ["en", "ja"]).questions]
    ['score', 'comment']
    """
    data = {"kind": kind, "languages": list(languages), "questions": None}
    return from_json(data, words_in=words_in)


def to_json(definition: Definition) -> dict[str, Any]:
    """The definition as JSON values; `from_json` gives the same definition back."""
    return {
        "kind": definition.kind,
        "languages": list(definition.languages),
        "questions": [_question_to_json(question) for question in definition.questions],
    } | ({"thanks": thanks_to_json(definition.thanks)} if definition.thanks != Thanks() else {})


def from_json(
    data: Mapping[str, Any], *, words_in: WordsIn = standard_wording.words_in
) -> Definition:
    """Read and check ``{"kind", "languages", "questions"?, "thanks"?}``; DefinitionError names the
    field.

    Each question is ``{"key", "kind", "text"?, "low_label"?, "high_label"?,
    "wording_by_category"?, "options"?, "rows"?, "columns"?, "fields"?, "required"?,
    "branches"?, "validation"?}``. A text is a string (in the survey's first language) or an object
    by language; where a scale or text question has none, the standard one is filled in. An
    option, row or column is ``{"key", "label"}`` or a string that is its own key and label.
    A branch is ``{"if": {"question", "op", "value"?}, "to"}``, see `surveys.branching`: its
    question is this or an earlier one. That branches lead somewhere sensible is not asked here
    (`branching.flaws`).
    A validation (see `surveys.questions.Validation`) is, of a text, ``{"min_chars"?, "max_chars"?,
    "pattern"?}`` and, of several choices, ``{"min_choices"?, "max_choices"?}``.
    Thanks are ``{"text"?, "by_category"?, "link"?: {"url", "label"?, "shown_to"?}}``.
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
    reader = _Reader(kind, languages, words_in)
    questions = tuple(
        reader.question(entry, f"questions[{number}]") for number, entry in enumerate(entries)
    )
    _check_together(kind, questions)
    thanks = reader.thanks(data.get("thanks"))
    return Definition(kind=kind, languages=languages, questions=questions, thanks=thanks)


def _read_languages(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_LANGUAGES:
        expected = f'expected a list of 1 to {MAX_LANGUAGES} language tags such as "en"'
        raise DefinitionError("languages", expected)
    for number, tag in enumerate(value):
        if not isinstance(tag, str) or not is_language_tag(tag):
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
        for place, branch in enumerate(question.branches):
            check_branch(kind, questions, number, branch, f"questions[{number}].branches[{place}]")
    primaries = sum(question.kind == kind for question in questions)
    if primaries != 1:
        message = f"expected exactly one question of kind {kind!r}, got {primaries}"
        raise DefinitionError("questions", message)


def check_branch(
    kind: str, questions: Sequence[Question], number: int, branch: Branch, at: str
) -> None:
    """That a branch of a question looks at an earlier answer in a way that fits, and leads to a
    question; DefinitionError under `at` otherwise. kind: the survey's."""
    before = {question.key: question for question in questions[: number + 1]}
    asked = before.get(branch.question)
    if asked is None:
        message = f"expected this or an earlier question ({', '.join(before)})"
        raise DefinitionError(f"{at}.if.question", message)
    fitting = conditions_of(asked, kind=kind)
    if branch.op not in fitting:
        message = f"expected one of {', '.join(fitting)} for a question of kind {asked.kind!r}"
        raise DefinitionError(f"{at}.if.op", message)
    problem = _value_problem(kind, asked, branch)
    if problem:
        raise DefinitionError(f"{at}.if.value", problem)
    if branch.to != END and branch.to not in {question.key for question in questions}:
        message = f'expected the key of a question or "end", got {_shown(branch.to)}'
        raise DefinitionError(f"{at}.to", message)


def _value_problem(kind: str, asked: Question, branch: Branch) -> str | None:
    """Why a branch cannot compare with its value, or None."""
    value, scale = branch.value, scale_of(asked.kind)
    if branch.op in ("answered", "not_answered"):
        return None if value is None else f"{branch.op} has none"
    if branch.op == "category":
        known = categories(kind)
        return None if value in known else f"expected one of {', '.join(known)}"
    if branch.op in ("at_least", "at_most"):
        assert scale is not None
        fits = isinstance(value, int) and not isinstance(value, bool) and value in scale
        return None if fits else f"expected a number from {scale.start} to {scale.stop - 1}"
    wanted: tuple[str | bool, ...] = tuple(option.key for option in asked.options)
    if asked.kind == "consent":
        wanted = (True, False)
    if not isinstance(value, tuple) or not value or any(one not in wanted for one in value):
        shown = ", ".join(str(one).lower() for one in wanted)
        return f"expected a list of {shown}"
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads questions of a survey whose kind and languages are known."""

    kind: str
    languages: tuple[str, ...]
    words_in: WordsIn

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
        return standard_wording.question(
            kind, survey_kind=self.kind, languages=self.languages, words_in=self.words_in
        )

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
        options = self._options(given.get("options", []), f"{at}.options")
        return Question(
            key=key,
            kind=kind,
            text=text,
            low_label=low,
            high_label=high,
            wording_by_category=self._by_category(
                given.get("wording_by_category", {}), f"{at}.wording_by_category"
            ),
            options=options,
            rows=self._options(given.get("rows", []), f"{at}.rows"),
            columns=self._options(given.get("columns", []), f"{at}.columns"),
            fields=_read_fields(kind, given.get("fields"), f"{at}.fields"),
            required=required,
            branches=_read_branches(given.get("branches", []), f"{at}.branches"),
            validation=_read_validation(
                kind, given.get("validation", {}), f"{at}.validation", options=len(options)
            ),
        )

    def thanks(self, value: object) -> Thanks:
        value = {} if value is None else value
        if not isinstance(value, Mapping) or set(value) - {"text", "by_category", "link"}:
            raise DefinitionError("thanks", "expected an object of text, by_category and link")
        link = value.get("link") or {}
        if not isinstance(link, Mapping) or set(link) - {"url", "label", "shown_to"}:
            raise DefinitionError("thanks.link", "expected an object of url, label and shown_to")
        shown_to = link.get("shown_to", "nobody")
        if shown_to not in SHOWN_TO:
            expected = f"expected one of {', '.join(SHOWN_TO)}, got {_shown(shown_to)}"
            raise DefinitionError("thanks.link.shown_to", expected)
        url = _read_url(link.get("url", ""), "thanks.link.url")
        if shown_to != "nobody" and not url:
            raise DefinitionError("thanks.link.url", "expected an address to show")
        return Thanks(
            text=self._texts(value.get("text", {}), "thanks.text", MAX_WORDING_CHARS),
            by_category=self._by_category(value.get("by_category", {}), "thanks.by_category"),
            link=url,
            link_label=self._texts(link.get("label", {}), "thanks.link.label", MAX_LABEL_CHARS),
            shown_to=shown_to,
        )

    def _by_category(self, value: object, at: str) -> dict[str, dict[str, str]]:
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
    """Refuse what a question of this kind cannot use, and ask for what it cannot do without."""
    uses = {"options": kind in WITH_OPTIONS, "wording_by_category": kind == "text"}
    uses |= dict.fromkeys(("low_label", "high_label"), scale_of(kind) is not None)
    uses |= dict.fromkeys(("rows", "columns"), kind == "matrix")
    uses |= {"fields": kind == "contact", "required": kind != "statement"}
    for name, used in uses.items():
        if given.get(name) and not used:
            raise DefinitionError(f"{at}.{name}", f"a question of kind {kind!r} has none")
    least = {"choice": 1, "multiple": 1, "ranking": 2}.get(kind, 0)
    if least and not given.get("options"):
        raise DefinitionError(f"{at}.options", "expected at least one option")
    if least > 1 and isinstance(given["options"], list | tuple) and len(given["options"]) < least:
        raise DefinitionError(f"{at}.options", f"expected at least {least} options")
    for name in ("rows", "columns"):
        if kind == "matrix" and not given.get(name):
            raise DefinitionError(f"{at}.{name}", f"expected at least one of the {name}")


def _read_fields(kind: str, value: object, at: str) -> tuple[str, ...]:
    """What a question for contact details asks for, in the order of all that there are."""
    if kind != "contact":
        return ()
    if value is None:
        return ("name", "email")
    if not isinstance(value, list | tuple) or not value or set(map(str, value)) - {*CONTACT_FIELDS}:
        raise DefinitionError(at, f"expected a list of {', '.join(CONTACT_FIELDS)}")
    return tuple(name for name in CONTACT_FIELDS if name in value)


def _read_validation(kind: str, value: object, at: str, *, options: int) -> Validation:
    """What an answer has to be; options: how many the question has."""
    if not isinstance(value, Mapping):
        raise DefinitionError(at, f"expected an object of {', '.join(VALIDATIONS)}")
    given = {name: each for name, each in value.items() if each is not None}
    for name in given:
        if name not in _VALIDATIONS_OF.get(kind, ()):
            raise DefinitionError(_named(at, name), f"a question of kind {kind!r} has none")
    pattern = given.get("pattern", "")
    if pattern not in ("", *PATTERNS):
        expected = f"expected one of {', '.join(PATTERNS)}, got {_shown(pattern)}"
        raise DefinitionError(f"{at}.pattern", expected)
    for what, most in (("chars", MAX_TEXT_CHARS), ("choices", options)):
        least = 1
        for name in (f"min_{what}", f"max_{what}"):
            number = given.get(name, least)
            is_whole = isinstance(number, int) and not isinstance(number, bool)
            if name in given and not (is_whole and least <= number <= most):
                message = f"expected a whole number from {least} to {most}"
                raise DefinitionError(f"{at}.{name}", message)
            least = number
    return Validation(**given)


def _read_branches(value: object, at: str) -> tuple[Branch, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_BRANCHES:
        raise DefinitionError(at, f"expected a list of at most {MAX_BRANCHES} branches")
    return tuple(_read_branch(entry, f"{at}[{number}]") for number, entry in enumerate(value))


def _read_branch(entry: object, at: str) -> Branch:
    if not isinstance(entry, Mapping) or set(entry) != {"if", "to"}:
        raise DefinitionError(at, "expected an object with if and to")
    condition = entry["if"]
    if not isinstance(condition, Mapping) or set(condition) - {"question", "op", "value"}:
        raise DefinitionError(f"{at}.if", "expected an object with question, op and value")
    op = condition.get("op")
    if op not in OPS:
        raise DefinitionError(f"{at}.if.op", f"expected one of {', '.join(OPS)}, got {_shown(op)}")
    value = condition.get("value")
    if isinstance(value, list | tuple):
        if len(value) > MAX_OPTIONS or not all(isinstance(one, str | bool) for one in value):
            raise DefinitionError(f"{at}.if.value", "expected keys of options")
        value = tuple(dict.fromkeys(value))
    elif value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
        raise DefinitionError(f"{at}.if.value", f"unexpected: {_shown(value)}")
    question = _read_key(condition.get("question"), f"{at}.if.question")
    return Branch(question, op, value, _read_key(entry["to"], f"{at}.to"))


def _check_text(text: object, at: str, limit: int) -> None:
    if not isinstance(text, str) or not text.strip():
        raise DefinitionError(at, f"expected a text that is not empty, got {_shown(text)}")
    if len(text) > limit:
        raise DefinitionError(at, f"expected at most {limit:,} characters, got {len(text):,}")
    problem = storable_problem(text)
    if problem:
        raise DefinitionError(at, problem)


def _read_url(value: object, at: str) -> str:
    """An https address without credentials, or an empty text."""
    if value == "":
        return ""
    wanted = "expected an address that begins with https://"
    if not isinstance(value, str) or len(value) > MAX_WORDING_CHARS or not value.isprintable():
        raise DefinitionError(at, f"{wanted}, got {_shown(value)}")
    try:
        parts = urlsplit(value)
        is_fine = parts.scheme == "https" and parts.hostname and not parts.username
    except ValueError:
        is_fine = False
    if not is_fine or any(char.isspace() for char in value):
        raise DefinitionError(at, f"{wanted}, got {_shown(value)}")
    return value


def thanks_to_json(thanks: Thanks) -> dict[str, Any]:
    """The thanks as they stand in a definition."""
    data: dict[str, Any] = {
        "text": dict(thanks.text),
        "by_category": {name: dict(texts) for name, texts in thanks.by_category.items()},
    }
    if thanks.link:
        label = dict(thanks.link_label)
        data["link"] = {"url": thanks.link, "label": label, "shown_to": thanks.shown_to}
    return data


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
    for name in ("options", "rows", "columns"):
        options: tuple[Option, ...] = getattr(question, name)
        if options:
            data[name] = [{"key": each.key, "label": dict(each.label)} for each in options]
    if question.fields:
        data["fields"] = list(question.fields)
    data["required"] = question.required
    if question.branches:
        data["branches"] = [branch_to_json(branch) for branch in question.branches]
    if question.validation != Validation():
        data["validation"] = question.validation.to_json()
    return data


def branch_to_json(branch: Branch) -> dict[str, Any]:
    """A branch as it stands in a definition."""
    condition: dict[str, Any] = {"question": branch.question, "op": branch.op}
    if branch.value is not None:
        is_list = isinstance(branch.value, tuple)
        condition["value"] = list(branch.value) if is_list else branch.value  # type: ignore[arg-type]
    return {"if": condition, "to": branch.to}
