"""What is different between two versions of a survey, and what that does to its trends.

Questions and options are compared by their keys, which are their identity over all versions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from surveys.definition_leaves import Path, is_text, keys_of, leaves

# Not a question's own: where it stands is told by `moved`, its identity by added and removed.
_IDENTITY = ("key", "options")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference inside a question or a survey.

    field: where it is, below the question (``("text",)``, ``("wording_by_category",
    "promoter")``, ``("options", "pro", "label")``). language: of a text, None for other values.
    before, after: None where there was or is none.
    """

    field: Path
    language: str | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class OptionChange:
    """One option: what became of it, and its label by language before and after."""

    key: str
    state: Literal["added", "removed", "moved"]
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """One question. place_before, place_after: from 1; None where it is not there.

    state: "same" where nothing but the places of others changed.
    """

    key: str
    state: Literal["added", "removed", "changed", "same"]
    moved: bool
    place_before: int | None
    place_after: int | None
    entry: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    options: tuple[OptionChange, ...] = ()

    @property
    def is_different(self) -> bool:
        return self.moved or self.state != "same"


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences. questions: in the order of the later version, those removed at their old
    place; also those that are the same. others: of what belongs to no question."""

    languages_added: tuple[str, ...]
    languages_removed: tuple[str, ...]
    questions: tuple[QuestionChange, ...]
    others: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        return not (
            self.languages_added
            or self.languages_removed
            or self.others
            or any(question.is_different for question in self.questions)
        )


@dataclass(frozen=True, slots=True)
class Break:
    """What makes answers before and after hard to compare.

    code: ``score_replaced`` (another question gives the score), ``kind_changed``,
    ``ends_swapped``, ``question_removed``, ``option_removed``, ``row_removed``,
    ``column_removed``: the trend breaks; ``score_reworded``, ``ends_changed``,
    ``option_reworded``, ``row_reworded``, ``column_reworded``: it may. option: the key of the
    option, row or column. answers: how many were given to what is concerned, None where that is
    not known.
    """

    code: str
    question: str
    option: str | None = None
    answers: int | None = None

    @property
    def is_certain(self) -> bool:
        return self.code != "ends_changed" and not self.code.endswith("_reworded")


@dataclass(frozen=True, slots=True)
class Given:
    """How many answers there are by question, by (question, option), and of a matrix by (question,
    row) and (question, column). is_all: what stands in none of them has none; otherwise that is
    not known."""

    by_question: Mapping[str, int]
    by_option: Mapping[tuple[str, str], int]
    is_all: bool
    by_row: Mapping[tuple[str, str], int] = field(default_factory=dict)
    by_column: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of_question(self, code: str | None, key: str) -> list[Break]:
        """The break of this code, unless it has no answers."""
        return [] if code is None else self._break(code, key, None, self.by_question.get(key))

    def of_part(self, what: str, happened: str, question: str, key: str) -> list[Break]:
        """That an option, row or column was removed or reworded, unless nobody chose it."""
        counts = {"option": self.by_option, "row": self.by_row, "column": self.by_column}[what]
        return self._break(f"{what}_{happened}", question, key, counts.get((question, key)))

    def _break(self, code: str, question: str, option: str | None, n: int | None) -> list[Break]:
        return [Break(code, question, option, n)] if n or not self.is_all else []


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Diff:
    """How a definition became another; both as `surveys.definitions.to_json` gives them.

    >>> a = {"kind": "nps", "languages": ["en"], "questions": [
    ...     {"key": "score", "kind": "nps", "text": {"en": "Recommend us?"}, "required": True}]}
    >>> b = a | {"languages": ["en", "ja"], "questions": [
    ...     {"key": "why", "kind": "text", "text": {"en": "Why?"}, "required": False},
    ...     a["questions"][0] | {"text": {"en": "Recommend us?", "ja": "おすすめですか。"}}]}
    >>> found = diff(a, b)
    >>> found.languages_added, [(each.key, each.state, each.moved) for each in found.questions]
    (('ja',), [('why', 'added', False), ('score', 'changed', False)])
    >>> found.questions[1].changes
    (Change(field=('text',), language='ja', before=None, after='おすすめですか。'),)
    """
    languages = frozenset((*before["languages"], *after["languages"]))
    return Diff(
        languages_added=_missing(after["languages"], before["languages"]),
        languages_removed=_missing(before["languages"], after["languages"]),
        questions=_questions(before["questions"], after["questions"], languages),
        others=_changes(_without(before), _without(after), languages),
    )


def breaks(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    given: Given | None = None,
) -> tuple[Break, ...]:
    """What a change from before to after does to the trends of the survey's questions.

    What nobody has answered breaks no trend; where that is not known, all is told.

    >>> a = {"kind": "nps", "languages": ["en"], "questions": [
    ...     {"key": "score", "kind": "nps", "text": {"en": "Recommend us?"},
    ...      "low_label": {"en": "No"}, "high_label": {"en": "Yes"}, "required": True}]}
    >>> swapped = {"low_label": {"en": "Yes"}, "high_label": {"en": "No"}}
    >>> [each.code for each in breaks(a, a | {"questions": [a["questions"][0] | swapped]})]
    ['ends_swapped']
    """
    known = given or Given({}, {}, is_all=False)
    languages = frozenset((*before["languages"], *after["languages"]))
    later = {entry["key"]: entry for entry in after["questions"]}
    found: list[Break] = []
    for entry in before["questions"]:
        is_score = entry["kind"] == before["kind"]
        there = later.get(entry["key"])
        if there is None:
            code = "score_replaced" if is_score else "question_removed"
            found += known.of_question(code, entry["key"])
            continue
        if there["kind"] != entry["kind"]:
            found += known.of_question("kind_changed", entry["key"])
            continue
        if is_score:
            found += known.of_question(_score_code(entry, there), entry["key"])
        for what in ("option", "row", "column"):
            found += _of_parts(what, entry, there, known, languages)
    return tuple(found)


def _score_code(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The gravest of what happened to the wording of the scale, in languages that both have."""
    low, high = (before.get(name, {}) for name in ("low_label", "high_label"))
    low_now, high_now = (after.get(name, {}) for name in ("low_label", "high_label"))
    if any(low[tag] != high.get(tag) == low_now.get(tag) for tag in low):
        return "ends_swapped"
    if _reworded(low, low_now) or _reworded(high, high_now):
        return "ends_changed"
    return "score_reworded" if _reworded(before["text"], after["text"]) else None


def _reworded(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    return any(before[tag] != after[tag] for tag in before if tag in after)


def _of_parts(
    what: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    known: Given,
    languages: frozenset[str],
) -> list[Break]:
    """Of the options of a question, or the rows or columns of a matrix."""
    later = {_key(each): each for each in after.get(f"{what}s", ())}
    found: list[Break] = []
    for part in before.get(f"{what}s", ()):
        key = _key(part)
        if key not in later:
            found += known.of_part(what, "removed", before["key"], key)
        elif any(
            change.before is not None and change.after is not None
            for change in _changes(part, later[key], languages)
        ):
            found += known.of_part(what, "reworded", before["key"], key)
    return found


def _key(thing: Any) -> str:
    return str(thing["key"]) if isinstance(thing, Mapping) else str(thing)


def _missing(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in those)


def _without(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in {"languages", "questions"}}


def _questions(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    languages: frozenset[str],
) -> tuple[QuestionChange, ...]:
    were, are = (
        {entry["key"]: (place, entry) for place, entry in enumerate(entries, 1)}
        for entries in (before, after)
    )
    moved = _moved(list(were), list(are))
    rows: list[QuestionChange] = []
    for key, (place, entry) in are.items():
        if key not in were:
            rows.append(QuestionChange(key, "added", False, None, place, entry))
            continue
        was_place, was = were[key]
        changes = _changes(_own(was), _own(entry), languages)
        options = _options(was.get("options"), entry.get("options"))
        inner = _inside_options(was, entry, languages)
        state: Literal["changed", "same"] = "changed" if changes or options or inner else "same"
        rows.append(
            QuestionChange(
                key, state, key in moved, was_place, place, entry, changes + inner, options
            )
        )
    for key, (place, entry) in were.items():
        if key not in are:
            gone = QuestionChange(key, "removed", False, place, None, entry)
            rows.insert(_where(rows, place), gone)
    return tuple(rows)


def _where(rows: Sequence[QuestionChange], place: int) -> int:
    """Behind the last of those that stood before it."""
    behind = [at for at, row in enumerate(rows, 1) if 0 < (row.place_before or 0) < place]
    return max(behind, default=0)


def _own(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in _IDENTITY}


def _options(before: Any, after: Any) -> tuple[OptionChange, ...]:
    were, are = keys_of(before), keys_of(after)
    moved = _moved(were, are)
    labels = {_key(each): _label(each) for each in (*(before or ()), *(after or ()))}
    return (
        *(OptionChange(key, "removed", labels[key]) for key in were if key not in are),
        *(OptionChange(key, "added", labels[key]) for key in are if key not in were),
        *(OptionChange(key, "moved", labels[key]) for key in are if key in moved),
    )


def _label(option: Any) -> Mapping[str, str]:
    label = option.get("label") if isinstance(option, Mapping) else None
    return label if isinstance(label, Mapping) else {}


def _inside_options(
    before: Mapping[str, Any], after: Mapping[str, Any], languages: frozenset[str]
) -> tuple[Change, ...]:
    were, are = (
        {_key(each): each for each in entry.get("options") or ()} for entry in (before, after)
    )
    return tuple(
        Change(("options", key, *change.field), change.language, change.before, change.after)
        for key in are
        if key in were
        for change in _changes(were[key], are[key], languages)
    )


def _changes(before: Any, after: Any, languages: frozenset[str]) -> tuple[Change, ...]:
    were = dict(leaves(before, languages=languages))
    are = dict(leaves(after, languages=languages))
    found: list[Change] = []
    for path in dict.fromkeys((*were, *are)):
        was, now = were.get(path), are.get(path)
        if was == now:
            continue
        if is_text(was or now, languages):
            old, new = (each if isinstance(each, Mapping) else {} for each in (was, now))
            found += [
                Change(path, tag, old.get(tag), new.get(tag))
                for tag in dict.fromkeys((*old, *new))
                if old.get(tag) != new.get(tag)
            ]
        else:
            found.append(Change(path, None, was, now))
    return tuple(found)


def _moved(before: Sequence[str], after: Sequence[str]) -> frozenset[str]:
    """The fewest keys of both that have to be moved to get from one order to the other."""
    place = {key: at for at, key in enumerate(before)}
    common = [key for key in after if key in place]
    # The longest run that keeps its order stays (patience sorting); the others moved.
    tails: list[int] = []
    ends: list[int] = []
    came_from: list[int | None] = []
    for at, key in enumerate(common):
        spot = bisect_left(tails, place[key])
        came_from.append(ends[spot - 1] if spot else None)
        tails[spot : spot + 1] = [place[key]]
        ends[spot : spot + 1] = [at]
    stays: set[str] = set()
    here = ends[-1] if ends else None
    while here is not None:
        stays.add(common[here])
        here = came_from[here]
    return frozenset(common) - stays
