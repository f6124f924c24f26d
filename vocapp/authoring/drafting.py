"""A draft as a form: what was typed, how it is rearranged, what is wrong with it.

Every step of the editor sends the whole form. Adding, moving and removing only rearrange
what was typed and show it again; nothing is stored before it is saved and nothing typed is
lost when it cannot be. Field names are paths: `q1.text.ja`, `q1.cat.detractor.en`,
`q2.opt0.label.en`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from surveys import journey_survey, standard_wording
from surveys.definitions import (
    MAX_LABEL_CHARS,
    MAX_LANGUAGES,
    MAX_OPTIONS,
    MAX_QUESTIONS,
    MAX_WORDING_CHARS,
    Definition,
    DefinitionError,
    from_json,
    standard_definition,
    to_json,
)
from surveys.questions import KINDS, scale_of
from surveys.scoring import categories
from vocapp.problems import BadInput
from vocapp.translating import gettext as _

_BLANK_OPTIONS = 2
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
Texts = dict[str, str]


@dataclass(slots=True)
class OptionDraft:
    """A choice as typed; a new one has no key yet."""

    key: str
    label: Texts


@dataclass(slots=True)
class QuestionDraft:
    """A question as typed, texts by language."""

    key: str
    kind: str
    required: bool = False
    text: Texts = field(default_factory=dict)
    low_label: Texts = field(default_factory=dict)
    high_label: Texts = field(default_factory=dict)
    by_category: dict[str, Texts] = field(default_factory=dict)
    options: list[OptionDraft] = field(default_factory=list)

    @property
    def has_scale(self) -> bool:
        return scale_of(self.kind) is not None


@dataclass(slots=True)
class Draft:
    """A whole survey as typed. errors: field name → sentence; "" is the form as a whole."""

    kind: str
    languages: tuple[str, ...]
    name: str
    questions: list[QuestionDraft]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(categories(self.kind))


def draft_from(definition: Definition, *, name: str) -> Draft:
    """The form's first state: what is stored."""
    questions = [_question_from(entry) for entry in to_json(definition)["questions"]]
    return Draft(definition.kind, definition.languages, name, questions)


def _question_from(entry: Mapping[str, Any]) -> QuestionDraft:
    return QuestionDraft(
        key=entry["key"],
        kind=entry["kind"],
        required=entry["required"],
        text=dict(entry["text"]),
        low_label=dict(entry.get("low_label", {})),
        high_label=dict(entry.get("high_label", {})),
        by_category={
            name: dict(texts) for name, texts in entry.get("wording_by_category", {}).items()
        },
        options=[
            OptionDraft(each["key"], dict(each["label"])) for each in entry.get("options", [])
        ],
    )


# --- reading the form ----------------------------------------------------------------------


def read_draft(form: Mapping[str, str], *, kind: str, languages: Sequence[str]) -> Draft:
    """What was typed, in the form's order; fields that are not ours are left out.

    Raises BadInput on a kind of question that the editor never offers.
    """
    reader = _Reader(form, tuple(languages), kind)
    count = min(_number(form.get("questions", "")), MAX_QUESTIONS)
    questions = [reader.question(f"q{number}") for number in range(count)]
    return Draft(kind, tuple(languages), form.get("name", "").strip(), questions)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


@dataclass(frozen=True, slots=True)
class _Reader:
    form: Mapping[str, str]
    languages: tuple[str, ...]
    kind: str

    def question(self, at: str) -> QuestionDraft:
        if self.form.get(f"{at}.kind") not in KINDS:
            raise BadInput.of(f"{at}.kind", f"one of {', '.join(KINDS)}")
        count = min(_number(self.form.get(f"{at}.options", "")), MAX_OPTIONS + _BLANK_OPTIONS)
        return QuestionDraft(
            key=self.form.get(f"{at}.key", ""),
            kind=self.form.get(f"{at}.kind", ""),
            required=f"{at}.required" in self.form,
            text=self._texts(f"{at}.text"),
            low_label=self._texts(f"{at}.low_label"),
            high_label=self._texts(f"{at}.high_label"),
            by_category={name: self._texts(f"{at}.cat.{name}") for name in categories(self.kind)},
            options=[
                OptionDraft(
                    self.form.get(f"{at}.opt{number}.key", ""),
                    self._texts(f"{at}.opt{number}.label"),
                )
                for number in range(count)
            ],
        )

    def _texts(self, at: str) -> Texts:
        typed = {tag: self.form.get(f"{at}.{tag}", "") for tag in self.languages}
        return {tag: text for tag, text in typed.items() if text.strip()}


def read_languages(form: Mapping[str, str], stored: Sequence[str]) -> tuple[str, ...]:
    """The languages of the form: those stored, then those added since, each once."""
    added = [tag for tag in form.get("languages", "").split(",") if _LANGUAGE.fullmatch(tag)]
    return tuple(dict.fromkeys((*stored, *added)))[:MAX_LANGUAGES]


def add_language(draft: Draft, tag: str) -> None:
    """Room for another language; standard questions come in its words where we have them."""
    tag = tag.strip()
    if not _LANGUAGE.fullmatch(tag):
        draft.errors["new_language"] = _("Not a language code: %(codes)s", codes=tag)
        return
    if tag.lower() in {known.lower() for known in draft.languages}:
        return
    first = draft.languages[0]
    draft.languages = (*draft.languages, tag)
    if tag.partition("-")[0].lower() in standard_wording.LANGUAGES:
        of_ours = (
            standard_definition(draft.kind, [first, tag]), journey_survey.template([first, tag]),
        )  # fmt: skip
        known = [each for ours in of_ours for each in draft_from(ours, name="").questions]
        for question, ours in product(draft.questions, known):
            _fill_in(question, ours, first, tag)


def _fill_in(question: QuestionDraft, ours: QuestionDraft, first: str, tag: str) -> None:
    """Our words in the new language, where the first language still says ours."""
    if question.kind != ours.kind:
        return
    pairs = [
        (question.text, ours.text),
        (question.low_label, ours.low_label),
        (question.high_label, ours.high_label),
        *((question.by_category.setdefault(name, {}), ours.by_category[name])
          for name in ours.by_category),
        *((option.label, label) for option in question.options
          for label in (each.label for each in ours.options if each.key == option.key)
          if question.key == ours.key),
    ]  # fmt: skip
    for texts, standard in pairs:
        if standard and texts.get(first) == standard[first]:
            texts.setdefault(tag, standard[tag])


# --- rearranging ---------------------------------------------------------------------------


def rearrange(draft: Draft, action: str, *, taken: Iterable[str]) -> int | None:
    """Do `up:1`, `down:1`, `remove:1`, `option:1`, `add:text` or `add:choice`.

    taken: keys that questions of earlier versions have; a new question gets another one.
    Returns the position of the question to look at next, or None for no such action. The
    question that the score comes from can be moved, not removed.
    """
    verb, _colon, what = action.partition(":")
    if verb == "add" and what in {"text", "choice"}:
        return _add(draft, what, taken)
    at = _number(what) if what.isdigit() else len(draft.questions)
    if at >= len(draft.questions):
        return None
    if verb in {"up", "down"}:
        to = max(0, min(len(draft.questions) - 1, at + (1 if verb == "down" else -1)))
        draft.questions.insert(to, draft.questions.pop(at))
        return to
    if verb == "remove" and draft.questions[at].kind != draft.kind:
        draft.questions.pop(at)
        return min(at, len(draft.questions) - 1)
    if verb == "option" and draft.questions[at].kind == "choice":
        draft.questions[at].options.append(OptionDraft("", {}))
        return at
    return None


def _add(draft: Draft, kind: str, taken: Iterable[str]) -> int:
    if len(draft.questions) >= MAX_QUESTIONS:
        draft.errors[""] = _("A survey has at most %(count)s questions.", count=MAX_QUESTIONS)
        return len(draft.questions) - 1
    stem = {"text": "comment", "choice": "choice"}[kind]
    key = free_key(stem, {*taken, *(question.key for question in draft.questions)})
    draft.questions.append(QuestionDraft(key=key, kind=kind))
    return len(draft.questions) - 1


def free_key(stem: str, taken: Iterable[str]) -> str:
    """A key that nothing has yet.

    >>> free_key("comment", {"comment", "comment-2"})
    'comment-3'
    """
    used = set(taken)
    number = 1
    while (key := stem if number == 1 else f"{stem}-{number}") in used:
        number += 1
    return key


def with_blank_options(draft: Draft) -> Draft:
    """Room to type: every choice ends with empty options; empty ones are not stored."""
    for question in draft.questions:
        if question.kind == "choice":
            blank = sum(not option.label for option in question.options)
            for _each in range(_BLANK_OPTIONS - blank):
                question.options.append(OptionDraft("", {}))
    return draft


# --- checking ------------------------------------------------------------------------------


def checked(draft: Draft) -> dict[str, Any] | None:
    """The definition to store, or None with `draft.errors` saying what is wrong, and where."""
    draft.errors = dict(_errors(draft))
    if draft.errors:
        return None
    data = {
        "kind": draft.kind,
        "languages": list(draft.languages),
        "questions": [_entry(question) for question in draft.questions],
    }
    try:
        return to_json(from_json(data))
    except DefinitionError as exc:
        draft.errors[_field_of(exc.field)] = _("This cannot be stored: %(why)s", why=exc.message)
        return None


def _errors(draft: Draft) -> Iterable[tuple[str, str]]:
    if not 1 <= len(draft.name) <= 200:
        yield "name", _("A name has 1 to 200 characters.")
    first = draft.languages[0]
    for number, question in enumerate(draft.questions):
        at = f"q{number}"
        if not question.text.get(first):
            yield f"{at}.text.{first}", _("Write the question in this language.")
        if question.kind == "choice" and not any(option.label for option in question.options):
            yield f"{at}.opt0.label.{first}", _("Write at least one option.")
        for name, text, limit in _limited(at, question):
            if len(text) > limit:
                yield name, _("At most %(limit)s characters.", limit=limit)


def _limited(at: str, question: QuestionDraft) -> Iterable[tuple[str, str, int]]:
    """Every text of a question with its field name and how long it may be."""
    for tag, text in question.text.items():
        yield f"{at}.text.{tag}", text, MAX_WORDING_CHARS
    for end in ("low_label", "high_label"):
        for tag, text in getattr(question, end).items():
            yield f"{at}.{end}.{tag}", text, MAX_LABEL_CHARS
    for category, texts in question.by_category.items():
        for tag, text in texts.items():
            yield f"{at}.cat.{category}.{tag}", text, MAX_WORDING_CHARS
    for number, option in enumerate(question.options):
        for tag, text in option.label.items():
            yield f"{at}.opt{number}.label.{tag}", text, MAX_LABEL_CHARS


def _entry(question: QuestionDraft) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "key": question.key,
        "kind": question.kind,
        "text": question.text,
        "required": question.required,
    }
    if question.has_scale:
        entry |= {"low_label": question.low_label, "high_label": question.high_label}
    elif question.kind == "text":
        entry["wording_by_category"] = {
            name: texts for name, texts in question.by_category.items() if texts
        }
    elif question.kind == "choice":
        entry["options"] = _options(question)
    return entry


def _options(question: QuestionDraft) -> list[dict[str, Any]]:
    taken = {option.key for option in question.options if option.key}
    entries = []
    for option in question.options:
        if not option.label:
            continue
        key = option.key or free_key("option", taken)
        taken.add(key)
        entries.append({"key": key, "label": option.label})
    return entries


def _field_of(path: str) -> str:
    """`questions[1].text.en` → `q1.text.en`; what is not a field belongs to the whole form."""
    match = re.fullmatch(r"questions\[(\d+)\]\.(text|low_label|high_label)\.([\w-]+)", path)
    return f"q{match[1]}.{match[2]}.{match[3]}" if match else ""


def key_from_name(name: str, taken: Iterable[str]) -> str:
    """A key suggested from a name; a name without Latin letters gets a plain one.

    >>> key_from_name("NPS: Spring 2026!", [])
    'nps-spring-2026'
    >>> key_from_name("春の調査", ["survey"])
    'survey-2'
    """
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-")
    return free_key(stem or "survey", taken)
