"""What differs between two versions of a workspace's routing rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ChangeKind = Literal["added", "removed", "renamed", "if", "then", "on", "off", "moved"]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One change of one rule. before, after: the value that the kind is about, else None; for
    "moved" places counted from 1.
    """

    kind: ChangeKind
    key: str
    name: str
    before: Any = None
    after: Any = None


def changes_between(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[RuleChange]:
    """Rules (`key`, `name`, `when`, `then`, `enabled`) that were added, removed, changed, moved.

    Few of the rules that both have are said to be moved: those outside the longest run that kept
    its order. Equal versions give [].

    >>> one, two = ({"key": key, "name": key, "when": {}, "then": {}, "enabled": True}
    ...     for key in "ab")
    >>> [(change.kind, change.key) for change in changes_between([one], [two, one])]
    [('added', 'b')]
    """
    old = {rule["key"]: rule for rule in before}
    new = {rule["key"]: rule for rule in after}
    found = [RuleChange("removed", key, old[key]["name"]) for key in old if key not in new]
    for key, rule in new.items():
        if key not in old:
            found.append(RuleChange("added", key, rule["name"]))
        else:
            found += _changed(old[key], rule)
    places = {key: place for place, key in enumerate(old, start=1)}
    both = [key for key in new if key in old]
    stayed = _longest_rising([places[key] for key in both])
    for place, key in enumerate(new, start=1):
        if key in old and places[key] not in stayed:
            found.append(RuleChange("moved", key, new[key]["name"], places[key], place))
    return found


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[RuleChange]:
    fields: tuple[tuple[ChangeKind, str], ...] = (
        ("renamed", "name"), ("if", "when"), ("then", "then"),
    )  # fmt: skip
    found = [
        RuleChange(kind, new["key"], new["name"], old[name], new[name])
        for kind, name in fields
        if old[name] != new[name]
    ]
    if old["enabled"] != new["enabled"]:
        found.append(RuleChange("on" if new["enabled"] else "off", new["key"], new["name"]))
    return found


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The members of a longest rising subsequence of distinct numbers, a few hundred at most."""
    best: list[list[int]] = [[]]
    for number in numbers:
        shorter = [run for run in best if not run or run[-1] < number]
        before = max(shorter, key=len)
        best.append([*before, number])
    longest = max(best, key=len)
    return set(longest)
