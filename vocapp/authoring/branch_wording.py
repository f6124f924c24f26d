"""Branches in words: the conditions that can be chosen, and the map of where questions lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from surveys.branching import END, Way, conditions_of, flaws, ways
from surveys.definitions import branch_to_json
from surveys.questions import Branch, Question, localised, scale_of
from surveys.scoring import categories
from vocapp.authoring.drafting import BranchDraft, Draft, as_questions, branch_from, branch_of
from vocapp.translating import gettext as _

_SHORT = 60
_NEAR = 12  # questions whose answers a branch can look at


@dataclass(frozen=True, slots=True)
class MapWay:
    """An arrow of the map. condition: None for whatever is left; number: None for the end."""

    condition: str | None
    number: int | None
    title: str
    is_back: bool


@dataclass(frozen=True, slots=True)
class MapStep:
    """A question of the map. flaws: sentences; those of `warnings` keep nothing from being sent."""

    number: int
    title: str
    is_primary: bool
    ways: Sequence[MapWay]
    flaws: Sequence[str]
    warnings: Sequence[str]


class BranchWords:
    """What the editor says of the branches of a draft, in the language of whoever writes it."""

    def __init__(self, draft: Draft) -> None:
        self._draft, self._questions = draft, as_questions(draft)
        self._number = {each.key: at + 1 for at, each in enumerate(self._questions)}
        self._by_key = {each.key: each for each in self._questions}

    @property
    def has_any(self) -> bool:
        return any(question.branches for question in self._questions)

    def title(self, key: str) -> str:
        """A question as it is called on the page: its number and how it begins."""
        if key == END:
            return _("the end")
        text = localised(self._by_key[key].text, language=self._draft.languages[0])
        shown = text if len(text) <= _SHORT else text[:_SHORT].rstrip() + "…"
        return f"{self._number[key]}. {shown or _('(no wording yet)')}"

    def conditions(self, at: int, chosen: BranchDraft) -> list[tuple[str, list[tuple[str, str]]]]:
        """What can be chosen for a branch of the question at this place: groups of value and
        words, by question, the nearest first; what is chosen is always among them.

        Of a long survey those right before are offered, the primary scale, and what was chosen.
        """
        groups = []
        far = max(0, at + 1 - _NEAR)
        for place, asked in reversed(list(enumerate(self._questions[: at + 1]))):
            is_chosen = chosen.when.partition(":")[0] == asked.key
            if place < far and asked.kind != self._draft.kind and not is_chosen:
                continue
            branches = [Branch(asked.key, op, value, END) for op, value in self._values(asked)]
            offered = [(_when(branch), self.words(branch)) for branch in branches]
            if is_chosen and chosen.when not in dict(offered):
                offered.append((chosen.when, self.words(branch_of(chosen))))
            groups.append((self.title(asked.key), offered))
        return groups

    def targets(self, at: int) -> list[tuple[str, str]]:
        """Where a branch can lead: later questions first, then the end, then what was before."""
        keys = [question.key for question in self._questions]
        return [(key, self.title(key)) for key in (*keys[at + 1 :], END, *keys[: at + 1])]

    def _values(self, asked: Question) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for op in conditions_of(asked, kind=self._draft.kind):
            if op == "category":
                found += [(op, category) for category in categories(self._draft.kind)]
            elif op == "one_of" and asked.kind == "consent":
                found += [(op, (True,)), (op, (False,))]
            elif op == "one_of":
                found += [(op, (option.key,)) for option in asked.options]
            elif op in ("at_least", "at_most"):
                found += [(op, point) for point in scale_of(asked.kind) or ()]
            else:
                found.append((op, None))
        return found

    def words(self, branch: Branch) -> str:
        """A condition, without the question that it looks at."""
        if branch.op == "category":
            group = str(branch.value)
            group = _groups().get(group, group)
            return _("the answer is in the group: %(group)s", group=group)
        if branch.op == "at_least":
            return _("the answer is %(number)s or more", number=branch.value)
        if branch.op == "at_most":
            return _("the answer is %(number)s or less", number=branch.value)
        if branch.op == "answered":
            return _("there is an answer")
        if branch.op == "not_answered":
            return _("there is no answer")
        values = branch.value if isinstance(branch.value, tuple) else (branch.value,)
        if all(isinstance(each, bool) for each in values):
            return _("it is agreed to") if True in values else _("it is not agreed to")
        asked = self._by_key.get(branch.question)
        labels: Mapping[str, Mapping[str, str]] = (
            {option.key: option.label for option in asked.options} if asked else {}
        )
        first = self._draft.languages[0]
        named = [localised(labels.get(str(key), {}), language=first) or str(key) for key in values]
        return _("“%(options)s” is chosen", options=" / ".join(named))

    def map(self) -> list[MapStep]:
        """Every question with the ways out of it, and what is wrong with them."""
        kind = self._draft.kind
        out = ways(self._questions, kind=kind)
        wrong = flaws(self._questions, kind=kind)
        steps = []
        for question in self._questions:
            mine = [flaw for flaw in wrong if flaw.question == question.key]
            missed = next((flaw for flaw in wrong if flaw.code == "primary_missed"), None)
            sentences = [
                _("It goes round: question %(number)s again.", number=self._number[flaw.to or ""])
                if flaw.code == "loop"
                else _("It leads back to question %(number)s.", number=self._number[flaw.to or ""])
                for flaw in mine
                if flaw.code in ("loop", "backwards")
            ]
            if missed is not None and missed.to == question.key:
                sentences.append(_("One can pass by the question that the score comes from."))
            unseen = any(flaw.code == "unreachable" for flaw in mine)
            steps.append(
                MapStep(
                    self._number[question.key],
                    self.title(question.key),
                    question.kind == kind,
                    [self._way(question, way) for way in out[question.key]],
                    sentences,
                    [_("Nothing leads here: nobody is asked this.")] if unseen else [],
                )
            )
        return steps

    def _way(self, question: Question, way: Way) -> MapWay:
        condition = None
        if way.branch is not None:
            condition = self.words(way.branch)
            if way.branch.question != question.key:
                asked = self._number[way.branch.question]
                condition = _(
                    "%(condition)s to question %(number)s", condition=condition, number=asked
                )
        number = self._number.get(way.to)
        is_back = number is not None and number <= self._number[question.key]
        return MapWay(condition, number, self.title(way.to), is_back)


def _when(branch: Branch) -> str:
    return branch_from(branch_to_json(replace(branch, to=END))).when


def _groups() -> dict[str, str]:
    return {
        "promoter": _("9–10 (promoters)"), "passive": _("7–8 (passives)"),
        "detractor": _("0–6 (detractors)"), "satisfied": _("4–5 (satisfied)"),
        "dissatisfied": _("1–2 (dissatisfied)"), "easy": _("5–7 (easy)"),
        "difficult": _("1–3 (difficult)"), "neutral": _("in the middle"),
    }  # fmt: skip
