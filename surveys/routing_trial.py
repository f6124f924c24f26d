"""Trying routing rules out: where answers go with the rules of now and with a draft of them.

Beside `surveys.routing`, which decides for one answer, this looks at many: what a change would
move, which rules are never reached, and where rules of different teams want the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from surveys.routing import Facts, Outcome, Rule, matches, occurring, words_within

__all__ = [
    "Change",
    "Clash",
    "Look",
    "Trial",
    "clashes",
    "covers",
    "look_over",
    "try_out",
    "what_matched",
]

ChangeKind = Literal["added", "lost", "moved", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """Answers that go elsewhere with the draft. before, after: keys of rules, None: no case.

    places: which of the given facts, in order. kind "changed": the same rule decides, but it
    sends them elsewhere.
    """

    before: str | None
    after: str | None
    places: tuple[int, ...]

    @property
    def kind(self) -> ChangeKind:
        if self.before == self.after:
            return "changed"
        if self.before is None:
            return "added"
        return "lost" if self.after is None else "moved"


@dataclass(frozen=True, slots=True)
class Trial:
    """Where each answer goes (a rule or None), in the order of the facts, and what changes.

    changes: the largest first.
    """

    before: tuple[Rule | None, ...]
    after: tuple[Rule | None, ...]
    changes: tuple[Change, ...]

    def count(self, kind: ChangeKind) -> int:
        """Answers whose change is of this kind."""
        return sum(len(change.places) for change in self.changes if change.kind == kind)

    def teams(self) -> tuple[Counter[str], Counter[str]]:
        """Cases by team, before and after."""
        return _by(self.before, "team"), _by(self.after, "team")

    def owners(self) -> tuple[Counter[str], Counter[str]]:
        """Cases by what the rule says of the owner, before and after; "": nobody yet."""
        return _by(self.before, "owner"), _by(self.after, "owner")

    def fired(self, key: str) -> tuple[int, ...]:
        """Places of the answers that a rule would get with the draft."""
        return tuple(
            place for place, rule in enumerate(self.after) if rule is not None and rule.key == key
        )


def _by(went: Sequence[Rule | None], name: Literal["team", "owner"]) -> Counter[str]:
    return Counter(str(getattr(rule.then, name) or "") for rule in went if rule is not None)


def try_out(now: Sequence[Rule], draft: Sequence[Rule], facts: Sequence[Facts]) -> Trial:
    """Route every answer by the rules of now and by the draft.

    >>> low = Rule("low", {"category": ["detractor"]}, Outcome("success", None, 24, "normal"))
    >>> trial = try_out([], [low], [Facts("nps", 2, "detractor"), Facts("nps", 9, "promoter")])
    >>> trial.count("added"), trial.changes[0].places
    (1, (0,))
    """
    columns = _Columns(facts)
    before, after = columns.first(now), columns.first(draft)
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        if _told(old) != _told(new):
            keys = (old.key if old else None, new.key if new else None)
            found.setdefault(keys, []).append(place)
    changes = [Change(old, new, tuple(places)) for (old, new), places in found.items()]
    changes.sort(key=lambda change: (-len(change.places), change.before or "", change.after or ""))
    return Trial(tuple(before), tuple(after), tuple(changes))


def _told(rule: Rule | None) -> tuple[str, Outcome] | None:
    return None if rule is None else (rule.key, rule.then)


class _Columns:
    """Which answers a rule matches, worked out once for a rule that stands in several lists."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        self._facts = facts
        self._known: list[tuple[Mapping[str, object], list[bool]]] = []

    def of(self, rule: Rule) -> list[bool]:
        for when, column in self._known:
            if when == rule.when:
                return column
        column = [matches(rule, each) for each in self._facts]
        self._known.append((rule.when, column))
        return column

    def first(self, rules: Sequence[Rule]) -> list[Rule | None]:
        went: list[Rule | None] = [None] * len(self._facts)
        for rule in reversed(rules):
            for place, hit in enumerate(self.of(rule)):
                if hit:
                    went[place] = rule
        return went


# --- rules that are not reached, rules that disagree ------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What became of one rule. matched: answers that it fits; fired: those that it got.

    hidden_by: an earlier rule that always fits where this one does, whatever is answered.
    taken_by: earlier rules that got what it fits, with counts, the largest first.
    """

    key: str
    matched: int
    fired: tuple[int, ...]
    hidden_by: str | None
    taken_by: tuple[tuple[str, int], ...]

    @property
    def state(self) -> Literal["fires", "hidden", "taken", "unmatched"]:
        """hidden: by logic; taken: earlier rules got all that it fitted; unmatched: nothing did."""
        if self.hidden_by is not None:
            return "hidden"
        if self.fired:
            return "fires"
        return "taken" if self.matched else "unmatched"


def look_over(rules: Sequence[Rule], facts: Sequence[Facts]) -> list[Look]:
    """Each rule in order; without facts only what logic says is known."""
    columns = _Columns(facts)
    went = columns.first(rules)
    looks = []
    for index, rule in enumerate(rules):
        fits = [place for place, hit in enumerate(columns.of(rule)) if hit]
        winners = Counter(winner.key for place in fits if (winner := went[place]) is not None)
        del winners[rule.key]
        looks.append(
            Look(
                key=rule.key,
                matched=len(fits),
                fired=tuple(place for place in fits if went[place] is rule),
                hidden_by=next((each.key for each in rules[:index] if covers(each, rule)), None),
                taken_by=tuple(winners.most_common()),
            )
        )
    return looks


@dataclass(frozen=True, slots=True)
class Clash:
    """Answers that `first` got while `second`, of another team, fits them as well."""

    first: str
    second: str
    answers: int


def clashes(rules: Sequence[Rule], facts: Sequence[Facts]) -> list[Clash]:
    """Rules of different teams that want the same answers, most answers first.

    An exception before the rule that it is taken from ("security" before "every low score") is
    how first match is meant to be used, so it is none.
    """
    columns = _Columns(facts)
    went = columns.first(rules)
    found = []
    for index, first in enumerate(rules):
        for second in rules[index + 1 :]:
            if first.then.team == second.then.team or covers(second, first):
                continue
            hits = zip(went, columns.of(second), strict=True)
            count = sum(winner is first and hit for winner, hit in hits)
            if count:
                found.append(Clash(first.key, second.key, count))
    return sorted(found, key=lambda clash: -clash.answers)


def covers(wide: Rule, narrow: Rule) -> bool:
    """True where every answer that `narrow` fits is proved to be one that `wide` fits.

    Sound, not complete: False says that it could not be proved from the conditions one by one.

    >>> then = Outcome("success", None, 24, "normal")
    >>> covers(Rule("a", {"score_at_most": 6}, then), Rule("b", {"score_at_most": 3}, then))
    True
    """
    return all(
        name in narrow.when and _within(name, narrow.when[name], wanted)
        for name, wanted in wide.when.items()
    )


def _within(name: str, narrow: Any, wide: Any) -> bool:
    if name == "score_at_most":
        return bool(narrow <= wide)
    if name == "score_at_least":
        return bool(narrow >= wide)
    if name == "attribute":
        return all(
            key in narrow and set(narrow[key]) <= set(values) for key, values in wide.items()
        )
    if name == "text_any":
        return words_within(narrow, wide)
    return set(narrow) <= set(wide)


def what_matched(rule: Rule, facts: Facts) -> dict[str, Any]:
    """For an answer that the rule fits: each condition with the part of it that was the case.

    Shaped like a rule's `when`, so that it is told in the same words.

    >>> rule = Rule("r", {"theme": ["search", "mobile"]}, Outcome("product", None, 24, "low"))
    >>> what_matched(rule, Facts("nps", 4, "detractor", themes=frozenset({"mobile", "pricing"})))
    {'theme': ['mobile']}
    """
    part: dict[str, Any] = {}
    for name, wanted in rule.when.items():
        held: Any = wanted
        if name in ("kind", "category", "sentiment"):
            held = [getattr(facts, name)]
        elif name == "theme":
            held = [key for key in _list(wanted) if key in facts.themes]
        elif name == "segment":
            held = [key for key in _list(wanted) if key in facts.segments]
        elif name == "attribute" and isinstance(wanted, Mapping):
            held = {key: [facts.attributes.get(key)] for key in wanted}
        elif name == "text_any":
            held = occurring(_list(wanted), facts.text)
        part[name] = held
    return part


def _list(value: object) -> list[str]:
    return list(value) if isinstance(value, list | tuple) else []
