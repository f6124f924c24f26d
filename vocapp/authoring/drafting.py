"""A draft as a form: what was typed, how it is rearranged, what is wrong with it.

Every step of the editor sends the whole form. Adding, moving and removing only rearrange
what was typed and show it again; nothing is stored before it is saved and nothing typed is
lost when it cannot be. Field names are paths: `q1.text.ja`, `q1.cat.detractor.en`,
`q2.opt0.label.en`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from surveys import journey_survey, piping, standard_wording
from surveys.branching import flaws
from surveys.definitions import (
    MAX_BRANCHES,
    MAX_LABEL_CHARS,
    MAX_LANGUAGES,
    MAX_OPTIONS,
    MAX_QUESTIONS,
    MAX_WORDING_CHARS,
    Definition,
    DefinitionError,
    check_branch,
    from_json,
    standard_definition,
    to_json,
)
from surveys.languages import is_language_tag
from surveys.questions import (
    CONTACT_FIELDS,
    KINDS,
    MAX_TEXT_CHARS,
    VALIDATIONS,
    WITH_OPTIONS,
    Branch,
    Option,
    Question,
    scale_of,
)
from surveys.scoring import METRICS, categories
from vocapp.authoring.standard_questions import has_standard_words, standard_words
from vocapp.problems import BadInput
from vocapp.translating import gettext as _

_BLANK_OPTIONS = 2
_LISTS = ("options", "rows", "columns")
_SHORT = {"options": "opt", "rows": "row", "columns": "col"}
ADDED_KINDS = tuple(kind for kind in KINDS if kind not in METRICS)  # further scales: by the API
Texts = dict[str, str]


@dataclass(slots=True)
class OptionDraft:
    """A choice as typed; a new one has no key yet."""

    key: str
    label: Texts


@dataclass(slots=True)
class BranchDraft:
    """A branch as chosen. when: `question:op` with, after another colon, the value where there is
    one; to: a key or "end". A new one has neither."""

    when: str = ""
    to: str = ""


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
    rows: list[OptionDraft] = field(default_factory=list)
    columns: list[OptionDraft] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    branches: list[BranchDraft] = field(default_factory=list)
    validation: dict[str, str] = field(default_factory=dict)

    @property
    def has_scale(self) -> bool:
        return scale_of(self.kind) is not None

    @property
    def lists(self) -> Sequence[str]:
        """The lists of options that a question of this kind has."""
        if self.kind == "matrix":
            return ("rows", "columns")
        return ("options",) if self.kind in WITH_OPTIONS else ()

    def listed(self, name: str) -> list[OptionDraft]:
        found: list[OptionDraft] = getattr(self, name)
        return found


@dataclass(slots=True)
class ThanksDraft:
    """What is said after the last answer, as typed."""

    text: Texts = field(default_factory=dict)
    by_category: dict[str, Texts] = field(default_factory=dict)
    link: str = ""
    link_label: Texts = field(default_factory=dict)
    shown_to: str = "nobody"


@dataclass(slots=True)
class Draft:
    """A whole survey as typed. errors: field name → sentence; "" is the form as a whole."""

    kind: str
    languages: tuple[str, ...]
    name: str
    questions: list[QuestionDraft]
    thanks: ThanksDraft = field(default_factory=lambda: ThanksDraft())
    confidential: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(categories(self.kind))


def draft_from(definition: Definition, *, name: str) -> Draft:
    """The form's first state: what is stored."""
    questions = [_question_from(entry) for entry in to_json(definition)["questions"]]
    given = definition.thanks
    thanks = ThanksDraft(
        dict(given.text),
        {name: dict(texts) for name, texts in given.by_category.items()},
        given.link,
        dict(given.link_label),
        given.shown_to,
    )
    return Draft(definition.kind, definition.languages, name, questions, thanks)


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
        **{
            name: [OptionDraft(each["key"], dict(each["label"])) for each in entry.get(name, [])]
            for name in _LISTS
        },
        fields=list(entry.get("fields", [])),
        branches=[branch_from(each) for each in entry.get("branches", [])],
        validation={name: str(value) for name, value in entry.get("validation", {}).items()},
    )


def branch_from(entry: Mapping[str, Any]) -> BranchDraft:
    """A branch as the editor's two lists have it; `branch_of` reads it back."""
    condition = entry["if"]
    parts = [condition["question"], condition["op"]]
    if "value" in condition:
        parts.append(json.dumps(condition["value"], separators=(",", ":")))
    return BranchDraft(":".join(parts), entry["to"])


# --- reading the form ----------------------------------------------------------------------


def read_draft(form: Mapping[str, str], *, kind: str, languages: Sequence[str]) -> Draft:
    """What was typed, in the form's order; fields that are not ours are left out.

    Raises BadInput on a kind of question that the editor never offers.
    """
    reader = _Reader(form, tuple(languages), kind)
    count = min(_number(form.get("questions", "")), MAX_QUESTIONS)
    questions = [reader.question(f"q{number}") for number in range(count)]
    name = form.get("name", "").strip()
    return Draft(kind, tuple(languages), name, questions, reader.thanks())


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0


@dataclass(frozen=True, slots=True)
class _Reader:
    form: Mapping[str, str]
    languages: tuple[str, ...]
    kind: str

    def question(self, at: str) -> QuestionDraft:
        if self.form.get(f"{at}.kind") not in KINDS:
            raise BadInput.of(f"{at}.kind", f"one of {', '.join(KINDS)}")
        return QuestionDraft(
            key=self.form.get(f"{at}.key", ""),
            kind=self.form.get(f"{at}.kind", ""),
            required=f"{at}.required" in self.form,
            text=self._texts(f"{at}.text"),
            low_label=self._texts(f"{at}.low_label"),
            high_label=self._texts(f"{at}.high_label"),
            by_category={name: self._texts(f"{at}.cat.{name}") for name in categories(self.kind)},
            **{name: self._options(f"{at}.{name}", f"{at}.{_SHORT[name]}") for name in _LISTS},
            fields=[name for name in CONTACT_FIELDS if f"{at}.field.{name}" in self.form],
            branches=self._branches(at),
            validation={
                name: typed
                for name in VALIDATIONS
                if (typed := self.form.get(f"{at}.{name}", "").strip())
            },
        )

    def thanks(self) -> ThanksDraft:
        return ThanksDraft(
            text=self._texts("thanks.text"),
            by_category={name: self._texts(f"thanks.cat.{name}") for name in categories(self.kind)},
            link=self.form.get("thanks.link", "").strip(),
            link_label=self._texts("thanks.link_label"),
            shown_to=self.form.get("thanks.shown_to", "nobody"),
        )

    def _options(self, counted: str, at: str) -> list[OptionDraft]:
        count = min(_number(self.form.get(counted, "")), MAX_OPTIONS + _BLANK_OPTIONS)
        return [
            OptionDraft(self.form.get(f"{at}{number}.key", ""), self._texts(f"{at}{number}.label"))
            for number in range(count)
        ]

    def _branches(self, at: str) -> list[BranchDraft]:
        count = min(_number(self.form.get(f"{at}.branches", "")), MAX_BRANCHES + 1)
        return [
            BranchDraft(
                self.form.get(f"{at}.branch{number}.when", ""),
                self.form.get(f"{at}.branch{number}.to", ""),
            )
            for number in range(count)
        ]

    def _texts(self, at: str) -> Texts:
        typed = {tag: self.form.get(f"{at}.{tag}", "") for tag in self.languages}
        return {tag: text for tag, text in typed.items() if text.strip()}


def read_languages(form: Mapping[str, str], stored: Sequence[str]) -> tuple[str, ...]:
    """The languages of the form: those stored, then those added since, each once."""
    added = [tag for tag in form.get("languages", "").split(",") if is_language_tag(tag)]
    return tuple(dict.fromkeys((*stored, *added)))[:MAX_LANGUAGES]


def add_language(draft: Draft, tag: str) -> None:
    """Room for another language; standard questions come in its words where we have them."""
    tag = tag.strip()
    if not is_language_tag(tag):
        draft.errors["new_language"] = _("Not a language code: %(codes)s", codes=tag)
        return
    if tag.lower() in {known.lower() for known in draft.languages}:
        return
    first = draft.languages[0]
    draft.languages = (*draft.languages, tag)
    if has_standard_words(tag):
        of_ours = [standard_definition(draft.kind, [first, tag], words_in=standard_words)]
        if tag.partition("-")[0].lower() in standard_wording.LANGUAGES:
            of_ours.append(journey_survey.template([first, tag]))
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
    """Do `up:1`, `down:1`, `remove:1`, `options:1`, `rows:1`, `columns:1` or `add:ranking`.

    taken: keys that questions of earlier versions have; a new question gets another one.
    Returns the position of the question to look at next, or None for no such action. The
    question that the score comes from can be moved, not removed.
    """
    verb, _colon, what = action.partition(":")
    if verb == "add" and what in ADDED_KINDS:
        return _add(draft, what, taken)
    at = _number(what) if what.isdigit() else len(draft.questions)
    if at >= len(draft.questions):
        return None
    if verb in {"up", "down"}:
        to = max(0, min(len(draft.questions) - 1, at + (1 if verb == "down" else -1)))
        draft.questions.insert(to, draft.questions.pop(at))
        return to
    if verb == "remove" and draft.questions[at].kind != draft.kind:
        _forget(draft, draft.questions.pop(at).key)
        return min(at, len(draft.questions) - 1)
    if verb in draft.questions[at].lists:
        draft.questions[at].listed(verb).append(OptionDraft("", {}))
        return at
    return None


def _add(draft: Draft, kind: str, taken: Iterable[str]) -> int:
    if len(draft.questions) >= MAX_QUESTIONS:
        draft.errors[""] = _("A survey has at most %(count)s questions.", count=MAX_QUESTIONS)
        return len(draft.questions) - 1
    stem = "comment" if kind == "text" else kind
    key = free_key(stem, {*taken, *(question.key for question in draft.questions)})
    fields = ["name", "email"] if kind == "contact" else []
    draft.questions.append(QuestionDraft(key=key, kind=kind, fields=fields))
    return len(draft.questions) - 1


def _forget(draft: Draft, key: str) -> None:
    """Branches that looked at a question or led to it go with it."""
    for question in draft.questions:
        question.branches = [
            branch
            for branch in question.branches
            if branch.to != key and branch.when.partition(":")[0] != key
        ]


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
    """Room to type: every list of options ends with empty ones, and branches with one more; what
    is left empty is not stored."""
    for question in draft.questions:
        for name in question.lists:
            options = question.listed(name)
            blank = sum(not option.label for option in options)
            options.extend(OptionDraft("", {}) for _each in range(_BLANK_OPTIONS - blank))
        if all(branch.when for branch in question.branches):
            question.branches.append(BranchDraft())
    return draft


# --- where it leads -------------------------------------------------------------------------


def as_questions(draft: Draft) -> list[Question]:
    """The questions as typed so far, with those branches that can be followed."""
    plain = [
        Question(
            key=question.key,
            kind=question.kind,
            text=question.text,
            options=tuple(
                Option(entry["key"], entry["label"]) for entry in _options(question.options)
            ),
            required=question.required or question.kind == draft.kind,
        )
        for question in draft.questions
    ]
    return [
        replace(each, branches=tuple(_followed(draft, plain, number)))
        for number, each in enumerate(plain)
    ]


def _followed(draft: Draft, questions: Sequence[Question], number: int) -> Iterable[Branch]:
    for typed in draft.questions[number].branches:
        branch = branch_of(typed)
        try:
            check_branch(draft.kind, questions, number, branch, "")
        except DefinitionError:
            continue  # said when it is saved
        yield branch


def branch_of(typed: BranchDraft) -> Branch:
    """A branch as chosen, unchecked."""
    entry = _branch_entry(typed)
    condition, value = entry["if"], entry["if"].get("value")
    value = tuple(value) if isinstance(value, list) else value
    return Branch(condition["question"], condition["op"], value, entry["to"])


def find_flaws(draft: Draft) -> None:
    """Say in `draft.errors` what keeps the survey from being published."""
    number = {question.key: at for at, question in enumerate(draft.questions)}
    for flaw in flaws(as_questions(draft), kind=draft.kind):
        at = f"q{number[flaw.question]}.branch0.when"
        to = number.get(flaw.to or "", -1) + 1
        if flaw.code in ("loop", "backwards"):
            draft.errors[at] = _("It leads back to question %(number)s.", number=to)
        elif flaw.code == "primary_missed":
            at = f"q{to - 1}.branch0.when"
            draft.errors[at] = _("One can pass by the question that the score comes from.")


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
        "thanks": _thanks_entry(draft.thanks),
    }
    try:
        definition = from_json(data)
        draft.errors = dict(_piping_errors(definition, confidential=draft.confidential))
        return None if draft.errors else to_json(definition)
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
        for name in question.lists:
            least = 2 if question.kind == "ranking" else 1
            if sum(bool(option.label) for option in question.listed(name)) < least:
                where = f"{at}.{_SHORT[name]}0.label.{first}"
                yield where, _("Write at least %(count)s.", count=least)
        if question.kind == "contact" and not question.fields:
            yield f"{at}.field.name", _("Choose at least one.")
        yield from _validation_errors(at, question)
        for number, branch in enumerate(question.branches):
            if bool(branch.when) != bool(branch.to):
                yield f"{at}.branch{number}.when", _("Choose both a condition and where it leads.")
        for name, text, limit in _limited(at, question):
            if len(text) > limit:
                yield name, _("At most %(limit)s characters.", limit=limit)
    thanks = draft.thanks
    for at, texts in (
        ("text", thanks.text),
        *((f"cat.{c}", t) for c, t in thanks.by_category.items()),
    ):
        for tag, text in texts.items():
            if len(text) > MAX_WORDING_CHARS:
                yield (
                    f"thanks.{at}.{tag}",
                    _("At most %(limit)s characters.", limit=MAX_WORDING_CHARS),
                )
    for tag, text in thanks.link_label.items():
        if len(text) > MAX_LABEL_CHARS:
            yield (
                f"thanks.link_label.{tag}",
                _("At most %(limit)s characters.", limit=MAX_LABEL_CHARS),
            )
    if thanks.link and not thanks.link.startswith("https://"):
        yield "thanks.link", _("The address has to begin with https://.")
    elif thanks.shown_to != "nobody" and not thanks.link:
        yield "thanks.link", _("Write the address that is to be shown.")


def _validation_errors(at: str, question: QuestionDraft) -> Iterable[tuple[str, str]]:
    options = sum(bool(option.label) for option in question.options)
    for what, most in (("chars", MAX_TEXT_CHARS), ("choices", options)):
        least = 1
        for name in (f"min_{what}", f"max_{what}"):
            typed = question.validation.get(name, "")
            if typed and not least <= _number(_narrow(typed)) <= most:
                words = _(
                    "Write a whole number from %(low)s to %(high)s.",
                    low=f"{least:,}",
                    high=f"{most:,}",
                )
                yield f"{at}.{name}", words
            least = max(least, _number(_narrow(typed)))


def _narrow(typed: str) -> str:
    """Full-width digits as an input method leaves them, as plain ones."""
    return unicodedata.normalize("NFKC", typed)


def _piping_errors(definition: Definition, *, confidential: bool) -> Iterable[tuple[str, str]]:
    for at, text in piping.texts_of(definition):
        names = piping.unknown(text)
        if names:
            yield _field_of(at), _("There is no placeholder {%(name)s}.", name=names[0])
        elif confidential and piping.has_placeholder(text):
            yield _field_of(at), _("A confidential survey says nothing of the person who reads it.")


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
    for listed in _LISTS:
        for number, option in enumerate(question.listed(listed)):
            for tag, text in option.label.items():
                yield f"{at}.{_SHORT[listed]}{number}.label.{tag}", text, MAX_LABEL_CHARS


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
    elif question.kind == "contact":
        entry["fields"] = question.fields
    elif question.kind == "statement":
        entry["required"] = False
    if question.validation:
        entry["validation"] = {
            name: typed if name == "pattern" else _number(_narrow(typed))
            for name, typed in question.validation.items()
        }
    for name in question.lists:
        entry[name] = _options(question.listed(name))
    branches = [branch for branch in question.branches if branch.when]
    if branches:
        entry["branches"] = [_branch_entry(branch) for branch in branches]
    return entry


def _thanks_entry(thanks: ThanksDraft) -> dict[str, Any]:
    link = {"url": thanks.link, "label": thanks.link_label, "shown_to": thanks.shown_to}
    return {
        "text": thanks.text,
        "by_category": {name: texts for name, texts in thanks.by_category.items() if texts},
        "link": link if thanks.link or thanks.shown_to != "nobody" else {},
    }


def _branch_entry(branch: BranchDraft) -> dict[str, Any]:
    of, _colon, rest = branch.when.partition(":")
    op, colon, value = rest.partition(":")
    condition: dict[str, Any] = {"question": of, "op": op}
    if colon:
        try:
            condition["value"] = json.loads(value)
        except (ValueError, RecursionError):
            condition["value"] = value  # refused with the name of its field
    return {"if": condition, "to": branch.to}


def _options(options: Iterable[OptionDraft]) -> list[dict[str, Any]]:
    options = list(options)
    taken = {option.key for option in options if option.key}
    entries = []
    for option in options:
        if not option.label:
            continue
        key = option.key or free_key("option", taken)
        taken.add(key)
        entries.append({"key": key, "label": option.label})
    return entries


def _field_of(path: str) -> str:
    """`questions[1].text.en` → `q1.text.en`; what is not a field belongs to the whole form."""
    match = re.fullmatch(r"questions\[(\d+)\]\.(text|low_label|high_label)\.([\w-]+)", path)
    if match:
        return f"q{match[1]}.{match[2]}.{match[3]}"
    by_category = re.fullmatch(
        r"(?:questions\[(\d+)\]\.wording_|(thanks)\.)by_category\.([\w-]+\.[\w-]+)", path
    )
    if by_category:
        return f"{by_category[2] or f'q{by_category[1]}'}.cat.{by_category[3]}"
    if path.startswith("thanks.text."):
        return path
    if path in ("thanks.link.url", "thanks.link.shown_to"):
        return "thanks.link"
    validation = re.fullmatch(r"questions\[(\d+)\]\.validation\.(\w+)", path)
    if validation:
        return f"q{validation[1]}.{validation[2]}"
    branch = re.match(r"questions\[(\d+)\]\.branches\[(\d+)\]", path)
    return f"q{branch[1]}.branch{branch[2]}.when" if branch else ""


def key_from_name(name: str, taken: Iterable[str]) -> str:
    """A key suggested from a name; a name without Latin letters gets a plain one.

    >>> key_from_name("NPS: Spring 2026!", [])
    'nps-spring-2026'
    >>> key_from_name("春の調査", ["survey"])
    'survey-2'
    """
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-")
    return free_key(stem or "survey", taken)
