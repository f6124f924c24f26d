"""Surveys from SurveyJS: the JSON that its creator saves and its form library shows.

`pages` hold `elements` (older files: `questions`), panels hold further ones. A text is a string,
in the survey's `locale`, or an object by language with `default` for that one. Properties:
surveyjs.io, Form Library, API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from surveys.definitions import MAX_LANGUAGES
from surveys.imported_survey import (
    ForeignQuestion,
    Imported,
    LeftOut,
    NoSurvey,
    Texts,
    fitted,
    kind_of_points,
)
from surveys.languages import is_language_tag
from surveys.questions import storable_problem

MAX_DEPTH = 20
_TEXT_INPUTS = {"text", "", "email", "url", "tel", "search"}
_LOGIC = ("visibleIf", "enableIf", "requiredIf", "setValueIf", "choicesVisibleIf")
_CHOICES = {"radiogroup": "choice", "dropdown": "choice", "checkbox": "multiple",
            "tagbox": "multiple", "ranking": "ranking"}  # fmt: skip
_PATTERNS = {"email": "email", "numeric": "number"}  # validators that are a pattern of ours
_YES_NO = {"yes": {"en": "Yes", "ja": "はい"}, "no": {"en": "No", "ja": "いいえ"}}


def read_surveyjs(document: bytes) -> Imported:
    """The survey in a file. Raises NoSurvey for what is none, or holds nothing to be taken."""
    try:
        data = json.loads(document.decode("utf-8-sig"))
        problem = storable_problem(json.dumps(data, ensure_ascii=False))
    except (ValueError, RecursionError) as exc:
        raise NoSurvey(f"it is no JSON: {exc}") from exc
    if problem:
        raise NoSurvey(problem)
    if not isinstance(data, Mapping) or not (_list(data, "pages") or _elements(data)):
        raise NoSurvey("expected an object with pages of elements")
    return _Reader(data).survey()


class _Reader:
    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.left_out: list[LeftOut] = []
        locale = data.get("locale")
        self.main = locale if isinstance(locale, str) and locale else "en"
        self.elements = list(self._elements())
        self.languages = self._languages()

    def _elements(self) -> Iterator[Mapping[str, Any]]:
        pages = _list(self.data, "pages")
        for page in pages:
            self._note_logic(page, str(page.get("name", "")))
            yield from self._inside(page, 0)
        if not pages:
            yield from self._inside(self.data, 0)

    def _inside(self, container: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
        for element in _elements(container):
            if element.get("type") == "panel" and depth < MAX_DEPTH:
                self._note_logic(element, str(element.get("name", "")))
                yield from self._inside(element, depth + 1)
            else:
                yield element

    def _note_logic(self, element: Mapping[str, Any], name: str) -> None:
        if any(element.get(each) for each in _LOGIC):
            self.left_out.append(LeftOut(name, "logic"))

    def _languages(self) -> list[str]:
        """The main language, then every other that a text is written in."""
        found = {self.main: None}
        for texts in _texts_in(self.elements):
            found.update(dict.fromkeys(self._texts(texts)))
        fit = [tag for tag in found if is_language_tag(tag)]
        unique = {tag.lower(): tag for tag in reversed(fit)}
        kept = [tag for tag in fit if unique[tag.lower()] == tag][:MAX_LANGUAGES]
        if not kept:
            raise NoSurvey("it names no language")
        self.left_out += [LeftOut(tag, "languages") for tag in found if tag not in kept]
        return kept

    def survey(self) -> Imported:
        if self.data.get("triggers"):
            self.left_out.append(LeftOut("triggers", "logic"))
        questions = [self._question(element) for element in self.elements]
        title = self._texts(self.data.get("title"))
        name = title.get(self.languages[0]) or next(iter(title.values()), "")
        return fitted(name, self.languages, questions, self.left_out)

    def _texts(self, value: Any) -> Texts:
        if isinstance(value, str):
            return {self.main: value}
        if not isinstance(value, Mapping):
            return {}
        # Where the survey's own language stands beside it, `default` is the library's: English.
        default = "en" if self.main in value else self.main
        written = {tag: text for tag, text in value.items() if isinstance(text, str)}
        return {default: written.pop("default"), **written} if "default" in written else written

    def _question(self, element: Mapping[str, Any]) -> ForeignQuestion:
        name, their = str(element.get("name", "")), str(element.get("type", ""))
        self._note_logic(element, name)
        question = ForeignQuestion(
            name=name,
            kind="",
            text=self._texts(element.get("title")) or {self.main: name},
            required=element.get("isRequired") is True,
            their=their,
        )
        if their == "comment" or (their == "text" and _is_plain(element)):
            question.kind = "text"
        elif their == "rating":
            self._as_rating(question, element)
        elif their == "boolean":
            question.kind, question.options = "choice", self._yes_and_no(element)
        elif their == "html":
            question.kind, question.text = "statement", self._texts(element.get("html"))
        elif their in _CHOICES:
            question.kind, question.options = _CHOICES[their], self._choices(element)
            if element.get("hasOther") or element.get("showOtherItem"):
                self.left_out.append(LeftOut(name, "other_option"))
        self._as_validation(question, element)
        return question

    def _as_validation(self, question: ForeignQuestion, element: Mapping[str, Any]) -> None:
        """Bounds stand on the question or in its `validators`; -1 and 0 are none."""
        wanted = question.validation
        if question.kind == "text":
            _bound(wanted, "chars", element, "minLength", "maxLength")
        elif question.kind == "multiple":
            _bound(wanted, "choices", element, "minSelectedChoices", "maxSelectedChoices")
        for validator in _list(element, "validators") if question.kind else ():
            their = str(validator.get("type", ""))
            if their == "text" and question.kind == "text":
                _bound(wanted, "chars", validator, "minLength", "maxLength")
            elif their == "answercount" and question.kind == "multiple":
                _bound(wanted, "choices", validator, "minCount", "maxCount")
            elif their in _PATTERNS and question.kind == "text":
                wanted["pattern"] = _PATTERNS[their]
                if not {"minValue", "maxValue"}.isdisjoint(validator):
                    self.left_out.append(LeftOut(question.name, "validation", their))
            else:
                detail = str(validator.get("regex") or their)
                self.left_out.append(LeftOut(question.name, "validation", detail[:200]))

    def _as_rating(self, question: ForeignQuestion, element: Mapping[str, Any]) -> None:
        """A rating with the points of a scale is that scale, any other a choice."""
        options = self._choices(element, "rateValues") or [
            (str(point), {self.main: str(point)}) for point in _points(element)
        ]
        question.kind = kind_of_points([code for code, _label in options])
        ends = (self._texts(element.get(name)) for name in _ENDS)
        question.low_label, question.high_label = ends
        if question.kind == "choice":
            question.options = options

    def _choices(
        self, element: Mapping[str, Any], name: str = "choices"
    ) -> list[tuple[str, Texts]]:
        found = []
        listed = element.get(name)
        for choice in listed if isinstance(listed, list) else ():
            value = choice.get("value") if isinstance(choice, Mapping) else choice
            text = self._texts(choice.get("text")) if isinstance(choice, Mapping) else {}
            if isinstance(value, str | int | float):
                found.append((str(value), text or {self.main: str(value)}))
        return found

    def _yes_and_no(self, element: Mapping[str, Any]) -> list[tuple[str, Texts]]:
        own = {"yes": element.get("labelTrue"), "no": element.get("labelFalse")}
        return [
            (code, self._texts(own[code]) or {
                tag: words.get(tag.split("-")[0], words["en"]) for tag in self.languages
            })
            for code, words in _YES_NO.items()
        ]  # fmt: skip


_ENDS = ("minRateDescription", "maxRateDescription")


def _bound(
    wanted: dict[str, int | str], what: str, given: Mapping[str, Any], low: str, high: str
) -> None:
    for end, name in (("min", low), ("max", high)):
        value = given.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            wanted[f"{end}_{what}"] = value


def _is_plain(element: Mapping[str, Any]) -> bool:
    return element.get("inputType", "") in _TEXT_INPUTS


def _points(element: Mapping[str, Any]) -> range:
    """`rateMin`..`rateMax` by `rateStep`, which are 1, 5 and 1 unless said; `rateCount` points."""
    low, step = _whole(element.get("rateMin"), 1), max(1, _whole(element.get("rateStep"), 1))
    count = _whole(element.get("rateCount"), 0)
    high = low + (count - 1) * step if count else _whole(element.get("rateMax"), 5)
    return range(low, min(high, low + 100 * step) + 1, step)


def _whole(value: Any, otherwise: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10_000
    return value if is_whole else otherwise


def _list(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = data.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _elements(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _list(data, "elements") or _list(data, "questions")


def _texts_in(value: Any, depth: int = 0) -> Iterator[Mapping[str, str]]:
    """Every object by language: strings only, one of them `default`."""
    if depth > 2 * MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        if "default" in value and all(isinstance(each, str) for each in value.values()):
            yield value
        else:
            for each in value.values():
                yield from _texts_in(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_in(each, depth + 1)
