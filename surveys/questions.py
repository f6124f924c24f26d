"""Kinds of question, their scales, their wording, and what counts as an answer.

Scale kinds have fixed scales: ``nps`` 0..10 (likelihood to recommend), ``csat`` 1..5
(satisfaction), ``ces`` 1..7 (agreement that it was easy), ``stars`` and ``faces`` 1..5.
The other kinds, and what answers them:

============= ==================================================================
``text``      a free comment
``choice``    the key of one option
``multiple``  a list of keys of options, in any order
``ranking``   a list of the keys of all options, the best first
``matrix``    an object: key of a row to key of a column
``consent``   true or false
``contact``   an object of texts, by the names that the question's `fields` has
``statement`` nothing: it is only read
============= ==================================================================
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

KINDS = (
    *("nps", "csat", "ces", "stars", "faces", "text", "choice", "multiple"),
    *("ranking", "matrix", "consent", "contact", "statement"),
)
WITH_OPTIONS = ("choice", "multiple", "ranking")
CONTACT_FIELDS = ("name", "email", "phone")
MAX_TEXT_CHARS = 10_000
PATTERNS = ("email", "number", "postcode_jp")

Value = int | str | bool | list[str] | dict[str, str]

_SCALES = {
    "nps": range(11),
    "csat": range(1, 6),
    "ces": range(1, 8),
    "stars": range(1, 6),
    "faces": range(1, 6),
}
_SHOWN_CHARS = 40
_CONTACT_CHARS = {"name": 200, "email": 254, "phone": 40}
# No more than what tells an address from something else: whether mail arrives, only mail shows.
_CONTACT_SHAPES = {
    "email": re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+"),
    "phone": re.compile(r"[+(]?[0-9][0-9 ()./+-]*(?:(?:x|ext\.?) ?[0-9]+)?", re.IGNORECASE),
}
# Each is read in one pass, however long the text. Full-width characters count as their narrow ones.
_PATTERN_SHAPES = {
    "email": _CONTACT_SHAPES["email"],
    "number": re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*"),
    "postcode_jp": re.compile(r"〒? ?[0-9]{3}[-‐−ー]?[0-9]{4}"),
}
_PATTERN_WORDS = {
    "email": "an address such as name@example.com",
    "number": "a number such as 12 or 12.5",
    "postcode_jp": "a Japanese postcode such as 100-0001",
}


class BadAnswer(ValueError):
    """An answer that cannot be stored.

    field: the key of the question. message: English, says what came and what would do.
    code: stable, for a page that words the problem itself: ``required``, ``not_whole``,
    ``out_of_range``, ``not_text``, ``too_long``, ``bad_characters``, ``not_an_option``,
    ``not_a_list``, ``repeated``, ``not_all_ranked``, ``not_an_object``, ``not_a_row``,
    ``not_all_rows``, ``not_true_or_false``, ``not_agreed``, ``not_a_field``, ``bad_email``,
    ``bad_phone``, ``only_read``, and of a question's `Validation` ``too_short``, ``too_few``,
    ``too_many``, ``bad_number``, ``bad_postcode_jp`` (beside ``too_long`` and ``bad_email``).
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
class Branch:
    """Where a survey goes on after a question when a condition holds.

    question: whose answer is looked at. op: one of `surveys.branching.OPS`. value: what it is
    compared with, or None. to: key of the next question, or "end".
    """

    question: str
    op: str
    value: int | str | tuple[str | bool, ...] | None
    to: str


@dataclass(frozen=True, slots=True)
class Validation:
    """What an answer has to be beside its kind, where there is one; None and "" ask for nothing.

    min_chars, max_chars: of a text, without the space around it. pattern: what a text is, of
    PATTERNS, or "". min_choices, max_choices: of a question of kind ``multiple``.
    """

    min_chars: int | None = None
    max_chars: int | None = None
    pattern: str = ""
    min_choices: int | None = None
    max_choices: int | None = None

    def to_json(self) -> dict[str, int | str]:
        """What is asked for, by name; empty where nothing is."""
        return {name: value for name in VALIDATIONS if (value := getattr(self, name))}


VALIDATIONS = tuple(each.name for each in fields(Validation))


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a survey version.

    text, low_label, high_label: by language; the survey's first language comes first, which
    is what `wording` falls back to. wording_by_category: only for kind ``text``, category of
    the primary score -> language -> wording, so that the open question follows the score.
    rows, columns: only for ``matrix``. fields: only for ``contact``, of CONTACT_FIELDS.
    branches: the first whose condition holds says what comes next.
    """

    key: str
    kind: str
    text: Mapping[str, str]
    low_label: Mapping[str, str] = field(default_factory=dict)
    high_label: Mapping[str, str] = field(default_factory=dict)
    wording_by_category: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    rows: tuple[Option, ...] = ()
    columns: tuple[Option, ...] = ()
    fields: tuple[str, ...] = ()
    required: bool = False
    branches: tuple[Branch, ...] = ()
    validation: Validation = Validation()


def scale_of(kind: str) -> range | None:
    """The whole numbers that may be answered, or None for a kind without a scale.

    Raises ValueError for a kind that does not exist.

    >>> list(scale_of("csat")), scale_of("text")
    ([1, 2, 3, 4, 5], None)
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    return _SCALES.get(kind)


def validate_answer(question: Question, value: object) -> Value | None:
    """The answer as it is to be stored, or BadAnswer.

    Nothing is converted: "9", 9.0 and true are refused for a scale, because guessing what a
    sender meant would count answers that nobody gave. Text comes back as it was sent; text
    without a visible character is no answer (None), nor is an empty list or object. Several
    choices come back in the order of the options, so that the same ones are equal. None is
    refused where the question is required; there, a consent has to be true and a matrix to be
    filled in whole.

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


def words_of(question: Question, language: str) -> list[str]:
    """All that is to be read of a question: its wording, options, rows and columns."""
    choices = (*question.options, *question.rows, *question.columns)
    return [
        wording(question, language=language),
        *(localised(each.label, language=language) for each in choices),
    ]


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


def _checked(question: Question, value: object) -> Value | None:
    return _CHECKS.get(question.kind, _checked_score)(question, value)


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
    if _is_blank(value):
        return None
    _check_written(question, value.strip())
    return value


def _check_written(question: Question, text: str) -> None:
    """Refuse a text that is not as the question's author wants it."""
    wanted = question.validation
    if wanted.min_chars and len(text) < wanted.min_chars:
        message = f"expected at least {wanted.min_chars:,} characters, got {len(text):,}"
        raise BadAnswer(question.key, message, code="too_short")
    if wanted.max_chars and len(text) > wanted.max_chars:
        message = f"expected at most {wanted.max_chars:,} characters, got {len(text):,}"
        raise BadAnswer(question.key, message, code="too_long")
    if not wanted.pattern:
        return
    if not _PATTERN_SHAPES[wanted.pattern].fullmatch(unicodedata.normalize("NFKC", text)):
        message = f"expected {_PATTERN_WORDS[wanted.pattern]}"
        raise BadAnswer(question.key, message, code=f"bad_{wanted.pattern}")


def _checked_choice(question: Question, value: object) -> str:
    keys = [option.key for option in question.options]
    if not isinstance(value, str) or value not in keys:
        message = f"expected one of {', '.join(keys)}, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_an_option")
    return value


def _checked_list(question: Question, value: object) -> list[str]:
    keys = [option.key for option in question.options]
    if not isinstance(value, list | tuple):
        message = f"expected a list of {', '.join(keys)}, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_a_list")
    chosen: list[str] = []
    for entry in value:
        key = _checked_choice(question, entry)
        if key in chosen:
            raise BadAnswer(question.key, f"has {key!r} more than once", code="repeated")
        chosen.append(key)
    return chosen


def _checked_multiple(question: Question, value: object) -> list[str] | None:
    chosen, wanted = set(_checked_list(question, value)), question.validation
    if chosen and wanted.min_choices and len(chosen) < wanted.min_choices:
        message = f"expected at least {wanted.min_choices} of the options, got {len(chosen)}"
        raise BadAnswer(question.key, message, code="too_few")
    if wanted.max_choices and len(chosen) > wanted.max_choices:
        message = f"expected at most {wanted.max_choices} of the options, got {len(chosen)}"
        raise BadAnswer(question.key, message, code="too_many")
    return [option.key for option in question.options if option.key in chosen] or None


def _checked_ranking(question: Question, value: object) -> list[str] | None:
    ranked = _checked_list(question, value)
    if ranked and len(ranked) < len(question.options):
        left = ", ".join(each.key for each in question.options if each.key not in ranked)
        message = f"expected all options in their order; left out: {left}"
        raise BadAnswer(question.key, message, code="not_all_ranked")
    return ranked or None


def _checked_matrix(question: Question, value: object) -> dict[str, str] | None:
    given = _checked_object(
        question, value, [row.key for row in question.rows], code="not_a_row", what="row"
    )
    columns = [column.key for column in question.columns]
    for row, chosen in given.items():
        if not isinstance(chosen, str) or chosen not in columns:
            message = f"{row}: expected one of {', '.join(columns)}, got {_shown(chosen)}"
            raise BadAnswer(question.key, message, code="not_an_option")
    if given and question.required and len(given) < len(question.rows):
        left = ", ".join(row.key for row in question.rows if row.key not in given)
        message = f"an answer is required in each row; left out: {left}"
        raise BadAnswer(question.key, message, code="not_all_rows")
    return {row: str(chosen) for row, chosen in given.items()} or None


def _checked_consent(question: Question, value: object) -> bool:
    if not isinstance(value, bool):
        message = f"expected true or false, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_true_or_false")
    if question.required and not value:
        raise BadAnswer(question.key, "has to be agreed to", code="not_agreed")
    return value


def _checked_contact(question: Question, value: object) -> dict[str, str] | None:
    given = _checked_object(question, value, question.fields, code="not_a_field", what="field")
    found = {name: _contact_detail(question, name, text) for name, text in given.items()}
    return {name: text for name, text in found.items() if text} or None


def _contact_detail(question: Question, name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        message = f"{name}: expected text, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_text")
    problem = storable_problem(value)
    if problem:
        raise BadAnswer(question.key, f"{name}: {problem}", code="bad_characters")
    text = "" if _is_blank(value) else " ".join(value.split())
    limit, shape = _CONTACT_CHARS[name], _CONTACT_SHAPES.get(name)
    if len(text) > limit:
        message = f"{name}: expected at most {limit} characters, got {len(text):,}"
        raise BadAnswer(question.key, message, code="too_long")
    if text and shape and not shape.fullmatch(text):
        what = "an address such as name@example.com" if name == "email" else "a telephone number"
        raise BadAnswer(question.key, f"{name}: expected {what}", code=f"bad_{name}")
    return text


def _checked_object(
    question: Question, value: object, names: Sequence[str], *, code: str, what: str
) -> dict[str, object]:
    """The entries of an object in the order of their names, which are all that it may have."""
    if not isinstance(value, Mapping):
        message = f"expected an object by {what}, got {_shown(value)}"
        raise BadAnswer(question.key, message, code="not_an_object")
    for name in value:
        if name not in names:
            message = f"expected no {what} but {', '.join(names)}, got {_shown(name)}"
            raise BadAnswer(question.key, message, code=code)
    return {name: value[name] for name in names if name in value}


def _checked_statement(question: Question, value: object) -> None:
    raise BadAnswer(question.key, f"is only read, got {_shown(value)}", code="only_read")


_CHECKS: Mapping[str, Callable[[Question, object], Value | None]] = {
    "text": _checked_text,
    "choice": _checked_choice,
    "multiple": _checked_multiple,
    "ranking": _checked_ranking,
    "matrix": _checked_matrix,
    "consent": _checked_consent,
    "contact": _checked_contact,
    "statement": _checked_statement,
}


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
