"""A survey of another product, on its way to a definition of ours.

The readers (`surveys.importing_limesurvey`, `surveys.importing_surveyjs`) say what each question
is; here it is fitted to what a definition can be: one scale is the score, keys are ours, texts are
plain. What does not fit is named with its reason and nothing is lost in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from surveys import piping, standard_wording
from surveys.definitions import (
    MAX_LABEL_CHARS,
    MAX_OPTIONS,
    MAX_QUESTIONS,
    MAX_WORDING_CHARS,
    DefinitionError,
    from_json,
    to_json,
)
from surveys.questions import MAX_TEXT_CHARS, WITH_OPTIONS, scale_of

Texts = dict[str, str]

_SCORES = ("nps", "csat", "ces")  # best liked first, where a survey has several
_POINTS = {kind: [str(point) for point in scale_of(kind) or ()] for kind in _SCORES}


class NoSurvey(ValueError):
    """What was sent holds no survey that could be taken."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What could not be taken as it was. what: the question or part, as the other product calls
    it. reason: ``kind`` (detail: theirs), ``logic``, ``no_text``, ``no_options``, ``other_option``,
    ``second_scale``, ``validation`` (detail: theirs), ``too_many``, ``too_long``, ``languages``,
    ``score_added``, ``placeholder`` (detail: its name), ``not_storable`` (detail: why)."""

    what: str
    reason: str
    detail: str = ""


@dataclass(slots=True)
class ForeignQuestion:
    """One question as it was read. kind: ours, or "" for one that is not taken (their: what they
    call it). options: (their code, label by language)."""

    name: str
    kind: str
    text: Texts
    required: bool = False
    options: list[tuple[str, Texts]] = field(default_factory=list)
    low_label: Texts = field(default_factory=dict)
    high_label: Texts = field(default_factory=dict)
    their: str = ""
    validation: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """A survey to look at before it is created."""

    name: str
    definition: Mapping[str, Any]
    left_out: tuple[LeftOut, ...]


def kind_of_points(codes: Sequence[str]) -> str:
    """The scale whose points these are, in order; "choice" for any others.

    >>> kind_of_points(["1", "2", "3", "4", "5"]), kind_of_points(["yes", "no"])
    ('csat', 'choice')
    """
    return next((kind for kind, points in _POINTS.items() if list(codes) == points), "choice")


def fitted(
    name: str,
    languages: Sequence[str],
    questions: Sequence[ForeignQuestion],
    left_out: Sequence[LeftOut] = (),
) -> Imported:
    """The survey as a definition of ours.

    1. Questions of kinds that there are, with texts and options, in their order.
    2. The score is the first scale 0-10, else 1-5, else 1-7; another of its kind becomes a
       choice of its numbers. Without any, the standard question 0-10 is added at the end.
    3. What a definition refuses after that is taken out, question by question.

    Raises NoSurvey where nothing could be taken.
    """
    fitting = _Fitting(languages, list(left_out))
    entries = fitting.entries(questions)
    if not entries:
        raise NoSurvey("no question in it is of a kind that can be taken")
    kind = fitting.score(entries)
    definition = fitting.checked(kind, entries)
    return Imported(name=plain(name)[:200] or "Survey", definition=definition,
                    left_out=tuple(fitting.left_out))  # fmt: skip


class _Fitting:
    def __init__(self, languages: Sequence[str], left_out: list[LeftOut]) -> None:
        self.languages = list(languages)
        self.left_out = left_out
        self._keys: set[str] = set()

    def entries(self, questions: Sequence[ForeignQuestion]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for question in questions:
            if len(found) == MAX_QUESTIONS - 1:
                self._leave(question.name, "too_many")
                continue
            entry = self._entry(question)
            if entry is not None:
                found.append(entry)
        return found

    def _entry(self, question: ForeignQuestion) -> dict[str, Any] | None:
        if not question.kind:
            self._leave(question.name, "kind", question.their)
            return None
        text = self._texts(question.name, question.text, MAX_WORDING_CHARS)
        if not text:
            self._leave(question.name, "no_text")
            return None
        for name in dict.fromkeys(
            each for words in text.values() for each in piping.unknown(words)
        ):
            self._leave(question.name, "placeholder", name)
        text = {tag: piping.without_unknown(words) for tag, words in text.items()}
        entry: dict[str, Any] = {
            "key": self._key(question.name), "kind": question.kind, "text": text,
            "required": question.required and question.kind != "statement",
        }  # fmt: skip
        if scale_of(question.kind) is not None:
            for end in ("low_label", "high_label"):
                entry[end] = self._texts(question.name, getattr(question, end), MAX_LABEL_CHARS)
        elif question.kind in WITH_OPTIONS:
            entry["options"] = self._options(question)
            if not entry["options"]:
                self._leave(question.name, "no_options")
                return None
        validation = self._validation(question, len(entry.get("options", ())))
        if validation:
            entry["validation"] = validation
        return entry

    def _validation(self, question: ForeignQuestion, options: int) -> dict[str, int | str]:
        """What an answer has to be, as far as a definition can ask for it."""
        wanted = dict(question.validation)
        for what, kind, most in (
            ("chars", "text", MAX_TEXT_CHARS),
            ("choices", "multiple", options),
        ):
            low, high = (wanted.pop(f"{end}_{what}", None) for end in ("min", "max"))
            if low is None and high is None:
                continue
            least = int(low or 1)
            # A bound above all that there can be asks for nothing.
            top = min(int(high or most), most)
            if question.kind != kind or not 1 <= least <= top:
                self._leave(question.name, "validation", f"{low or ''}–{high or ''}")
                continue
            wanted |= {f"min_{what}": least} if least > 1 else {}
            wanted |= {f"max_{what}": top} if top < most else {}
        return wanted

    def _options(self, question: ForeignQuestion) -> list[dict[str, Any]]:
        taken: set[str] = set()
        found = []
        for code, label in question.options[:MAX_OPTIONS]:
            texts = self._texts(question.name, label, MAX_LABEL_CHARS) or {
                self.languages[0]: code[:MAX_LABEL_CHARS] or "–"
            }
            found.append({"key": key_of(code, taken, "option"), "label": texts})
        if len(question.options) > MAX_OPTIONS:
            self._leave(question.name, "too_many")
        return found

    def _texts(self, name: str, texts: Mapping[str, str], limit: int) -> Texts:
        found = {}
        for tag in self.languages:
            words = plain(texts.get(tag, ""))
            if len(words) > limit:
                self._leave(name, "too_long", tag)
                words = words[:limit].rstrip()
            if words:
                found[tag] = words
        return found

    def _key(self, name: str) -> str:
        return key_of(name, self._keys, "question")

    def _leave(self, what: str, reason: str, detail: str = "") -> None:
        self.left_out.append(LeftOut(what, reason, detail))

    def score(self, entries: list[dict[str, Any]]) -> str:
        """The survey's kind; other scales of it become choices."""
        scales = [entry["kind"] for entry in entries if entry["kind"] in _SCORES]
        if not scales:
            standard = standard_wording.question("nps", survey_kind="nps", languages=self.languages)
            key = self._key("score")
            entries.append({"key": key, "kind": "nps", "required": False, **standard})
            self._leave("", "score_added")
            return "nps"
        kind = next(each for each in _SCORES if each in scales)
        for entry in [entry for entry in entries if entry["kind"] == kind][1:]:
            points = _POINTS[kind]
            entry["kind"] = "choice"
            entry["options"] = [
                {"key": point, "label": self._point(point, entry, points)} for point in points
            ]
            del entry["low_label"], entry["high_label"]
            self._leave(entry["key"], "second_scale")
        return kind

    def _point(self, point: str, entry: Mapping[str, Any], points: Sequence[str]) -> Texts:
        ends = {points[0]: entry["low_label"], points[-1]: entry["high_label"]}
        return {
            tag: f"{point} – {words}" if (words := ends.get(point, {}).get(tag)) else point
            for tag in self.languages
        }

    def checked(self, kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
        for _each in range(len(entries)):
            data = {"kind": kind, "languages": self.languages, "questions": entries}
            try:
                return to_json(from_json(data))
            except DefinitionError as exc:
                place = re.match(r"questions\[(\d+)\]", exc.field)
                if place is None or entries[int(place[1])]["kind"] == kind:
                    raise NoSurvey(f"{exc.field}: {exc.message}") from exc
                gone = entries.pop(int(place[1]))
                self._leave(gone["key"], "not_storable", exc.message)
        raise NoSurvey("no question in it can be stored")


def key_of(name: str, taken: set[str], stem: str) -> str:
    """A key of ours from a name of theirs, added to those taken.

    >>> taken = set()
    >>> [key_of(name, taken, "question") for name in ("Q1 Plan", "q1_plan", "質問", "質問2")]
    ['q1-plan', 'q1_plan', 'question', '2']
    """
    key = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:56].strip("-") or stem
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    taken.add(free)
    return free


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._silent += tag in {"script", "style"}
        if tag in {"br", "p", "div", "li", "tr"}:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"} and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str) -> str:
    """Text without its HTML: lines stay lines, scripts go, characters are what they stand for.

    >>> plain("<p>One &amp; <b>two</b><br />three</p><script>x()</script>")
    'One & two\\nthree'
    """
    if "<" in text or "&" in text:
        reader = _Plain()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    lines = (" ".join(line.split()) for line in text.replace("\x00", "").splitlines())
    return "\n".join(line for line in lines if line)
