"""The texts of a survey in all its languages: how complete they are, out to translators, and back.

A text is known by where it stands (``questions.score.text``), by keys and not by places, so that
a file that was sent out still fits after questions were moved.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from surveys.definition_leaves import Path, keys_of, texts_of
from surveys.definitions import DefinitionError, from_json, to_json
from surveys.languages import fitting_language

KEY = "key"  # the heading of the column that says where a text stands
# Its name; what is said where nothing is known, behind a bar, is there to be translated.
_PLACEHOLDER = re.compile(r"\{(attribute\.[^{}|\n]+|[^{}|\s]+)(?:\|[^{}\n]*)?\}")


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the texts have words in a language."""

    language: str
    done: int
    of: int

    @property
    def is_complete(self) -> bool:
        return self.done == self.of

    @property
    def percent(self) -> int:
        """0..100; 100 only when nothing is missing."""
        return 100 * self.done // self.of if self.of else 100


def completeness(data: Mapping[str, Any]) -> tuple[Completeness, ...]:
    """For each language of a definition, in its order.

    >>> survey = {"languages": ["en", "ja"], "questions": [
    ...     {"key": "a", "text": {"en": "One?", "ja": "一つですか。"}, "low_label": {"en": "No"}}]}
    >>> [(each.language, each.percent) for each in completeness(survey)]
    [('en', 100), ('ja', 50)]
    """
    texts = list(texts_of(data).values())
    return tuple(
        Completeness(tag, sum(tag in each for each in texts), len(texts))
        for tag in data["languages"]
    )


def table(data: Mapping[str, Any]) -> list[list[str]]:
    """Headings, then a row for each text: where it stands, and its words in each language.

    >>> table({"languages": ["en", "ja"], "questions": [{"key": "a", "text": {"en": "One?"}}]})
    [['key', 'en', 'ja'], ['questions.a.text', 'One?', '']]
    """
    languages = data["languages"]
    rows = [[name_of(path), *(each.get(tag, "") for tag in languages)]
            for path, each in texts_of(data).items()]  # fmt: skip
    return [[KEY, *languages], *rows]


def name_of(path: Path) -> str:
    """How a file calls the place of a text."""
    return ".".join(path)


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a file. line: where it stands there, from 1. source: what it was translated
    from, None where the file does not say."""

    line: int
    name: str
    language: str
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class StringChange:
    """What taking a line would change; before: None where there was no text. after: "" where the
    words are taken away."""

    line: int
    name: str
    language: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class StringProblem:
    """Why a line is not taken, or (``source_changed``) should be looked at.

    code: ``unknown_name``, ``unknown_language``, ``placeholder_lost``, ``placeholder_new``,
    ``twice``, ``not_storable``, ``source_changed``. detail: the placeholders, or what is wrong.
    """

    line: int
    name: str
    language: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do: the definition after it, and what it takes and leaves."""

    definition: Mapping[str, Any]
    changes: tuple[StringChange, ...]
    problems: tuple[StringProblem, ...]


def plan(data: Mapping[str, Any], lines: Iterable[Line], *, empty_removes: bool = False) -> Plan:
    """Take texts into a definition: what can be taken goes in, the rest is named.

    An empty text changes nothing; with empty_removes it takes away the words of its language,
    where there are some in another. A translation has the placeholders (``{name}``) of the text in
    the survey's first language, each as often. Raises nothing for what stands in a file.

    >>> survey = {"kind": "nps", "languages": ["en", "ja"], "questions": [
    ...     {"key": "score", "kind": "nps", "text": {"en": "Recommend {product}?"}}]}
    >>> done = plan(survey, [Line(2, "questions.score.text", "ja", "すすめますか。")])
    >>> done.changes, [(each.line, each.code, each.detail) for each in done.problems]
    ((), [(2, 'placeholder_lost', '{product}')])
    """
    planning = _Planning(data, empty_removes=empty_removes)
    # The first language decides over placeholders, so it is read first.
    first = data["languages"][0]
    ordered = sorted(lines, key=lambda line: planning.language_of(line) != first)
    for line in ordered:
        planning.take(line)
    planning.drop_what_cannot_be_stored()
    in_order = sorted(planning.changes.values(), key=lambda each: each.line)
    return Plan(
        planning.definition,
        tuple(in_order),
        tuple(sorted(planning.problems, key=lambda each: each.line)),
    )


class _Planning:
    def __init__(self, data: Mapping[str, Any], *, empty_removes: bool) -> None:
        self.empty_removes = empty_removes
        self.definition: dict[str, Any] = copy.deepcopy(dict(data))
        self.languages: Sequence[str] = data["languages"]
        self.paths = {name_of(path): path for path in texts_of(data)}
        self.before = {name_of(path): texts for path, texts in texts_of(data).items()}
        self.changes: dict[tuple[str, str], StringChange] = {}
        self.problems: list[StringProblem] = []
        self._seen: dict[tuple[str, str], str] = {}
        self._warned: set[object] = set()

    def language_of(self, line: Line) -> str | None:
        return fitting_language(line.language, self.languages)

    def take(self, line: Line) -> None:
        """Step by step: known place and language, not twice, placeholders; then it goes in."""
        text, language = line.text.strip(), self.language_of(line)
        if line.name not in self.paths:
            self._once((line.name,), line, "unknown_name")
            return
        if language is None:
            self._once(("", line.language), line, "unknown_language")
            return
        texts = self._texts(line.name)
        if not text:
            if self.empty_removes and language in texts and len(texts) > 1:
                self.changes[line.name, language] = StringChange(
                    line.line, line.name, language, texts.pop(language), ""
                )
            return
        if line.source is not None and line.source.strip() != texts.get(self.languages[0], ""):
            self._problem(line, "source_changed")
        at = (line.name, language)
        if self._seen.setdefault(at, text) != text:
            self._problem(line, "twice")
            return
        if language != self.languages[0] and not self._keeps_placeholders(line, text, texts):
            return
        before = self.before[line.name].get(language)
        if text != before:
            texts[language] = text
            self.changes[at] = StringChange(line.line, line.name, language, before, text)

    def _texts(self, name: str) -> dict[str, str]:
        found = _at(self.definition, self.paths[name])
        assert isinstance(found, dict)
        return found

    def _keeps_placeholders(self, line: Line, text: str, texts: Mapping[str, str]) -> bool:
        wanted = _placeholders(texts.get(self.languages[0], ""))
        found = _placeholders(text)
        lost, new = wanted - found, found - wanted
        if lost:
            self._problem(line, "placeholder_lost", ", ".join(lost))
        if new:
            self._problem(line, "placeholder_new", ", ".join(new))
        return not lost and not new

    def drop_what_cannot_be_stored(self) -> None:
        """Take back one change after the other that the definition refuses."""
        for _each in range(len(self.changes) + 1):
            try:
                self.definition = to_json(from_json(self.definition))
                return
            except DefinitionError as exc:
                at = next((each for each in self.changes if self._field(*each) == exc.field), None)
                if at is None:
                    raise
                change = self.changes.pop(at)
                texts = self._texts(change.name)
                if change.before is None:
                    del texts[change.language]
                else:
                    texts[change.language] = change.before
                self.problems.append(
                    StringProblem(
                        change.line, change.name, change.language, "not_storable", exc.message
                    )
                )

    def _field(self, name: str, language: str) -> str:
        return f"{_numbered(self.definition, self.paths[name])}.{language}"

    def _once(self, what: object, line: Line, code: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            self._problem(line, code)

    def _problem(self, line: Line, code: str, detail: str = "") -> None:
        self.problems.append(StringProblem(line.line, line.name, line.language, code, detail))


def _placeholders(text: str) -> Counter[str]:
    return Counter(f"{{{name.strip()}}}" for name in _PLACEHOLDER.findall(text))


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name] if isinstance(value, Mapping) else value[keys_of(value).index(name)]
    return value


def _numbered(value: Any, path: Path) -> str:
    """A place as `DefinitionError` calls it: ``questions[0].text``."""
    found = ""
    for name in path:
        if isinstance(value, Mapping):
            found += f".{name}" if found else name
            value = value[name]
        else:
            at = keys_of(value).index(name)
            found += f"[{at}]"
            value = value[at]
    return found


def with_language(
    data: Mapping[str, Any], tag: str, *, known: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A definition with another language, still empty but for what is known.

    known: words in the survey's first language -> in the new one. Raises DefinitionError for what
    is no language tag or is there already.

    >>> survey = {"kind": "nps", "languages": ["en"], "questions": [
    ...     {"key": "score", "kind": "nps", "text": {"en": "Would you?"}}]}
    >>> with_language(survey, "ja", known={"Would you?": "いかがですか。"})["questions"][0]["text"]
    {'en': 'Would you?', 'ja': 'いかがですか。'}
    """
    found: dict[str, Any] = copy.deepcopy(dict(data))
    found["languages"] = [*found["languages"], tag]
    from_json(found)  # refuses a wrong tag before anything is filled in
    for path, texts in texts_of(found).items():
        words = (known or {}).get(texts.get(data["languages"][0], ""))
        if words is not None:
            _at(found, path)[tag] = words
    return to_json(from_json(found))


def without_language(data: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """A definition without a language; the first of the others is its main one.

    Raises DefinitionError where it is the only one, or where a text has no words in another.
    """
    found: dict[str, Any] = copy.deepcopy(dict(data))
    for path, texts in texts_of(found).items():
        if set(texts) == {tag}:
            raise DefinitionError(name_of(path), "has words in no other language")
        _at(found, path).pop(tag, None)
    found["languages"] = [each for each in found["languages"] if each != tag]
    return to_json(from_json(found))


Kind = Literal["csv", "xliff"]


def lines_of_table(rows: Iterable[tuple[int, Sequence[str]]]) -> list[Line]:
    """The texts of a table whose first row has the headings: `key`, then languages.

    rows: (line of the file, cells). Columns without a heading are left out. Raises ValueError
    where the first row is none of headings.

    >>> lines_of_table([(1, ["key", "ja"]), (2, ["questions.a.text", "一つですか。"])])
    [Line(line=2, name='questions.a.text', language='ja', text='一つですか。', source=None)]
    """
    numbered = iter(rows)
    _line, headings = next(numbered, (1, ()))
    names = [heading.strip() for heading in headings]
    if KEY not in names or len(set(names) - {KEY, ""}) == 0:
        raise ValueError(f"expected the headings {KEY} and languages in the first row")
    at = names.index(KEY)
    return [
        Line(number, cells[at].strip(), language, cells[column])
        for number, cells in numbered
        if at < len(cells) and any(cell.strip() for cell in cells)
        for column, language in enumerate(names)
        if language and column != at and column < len(cells)
    ]
