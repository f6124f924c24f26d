"""Which survey a visitor is shown where the page names none: rules in order, the first that holds.

The browser judges the same rules by itself (`widget/src/parts/targeting.ts`), so that it need not
ask again; `tests/surveys/targeting_cases.json` holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PAUSED, OTHER_PAGE, OTHER_EVENT = "paused", "other_page", "other_event"
NOT_IDENTIFIED, NOT_IN_SHARE, SHOWN_LATELY = "not_identified", "not_in_share", "shown_lately"
REASONS = (PAUSED, OTHER_PAGE, OTHER_EVENT, NOT_IDENTIFIED, NOT_IN_SHARE, SHOWN_LATELY)

_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Rule:
    """Where and to whom a survey is shown.

    survey: its public id. paths: patterns of a page's path, see `on_page`. event: the name that
    the page tracks, "" for the page itself. delay_s: seconds after that. share: of visitors, in
    percent, 0..100. days_between: days since a rule showed anything to this visitor, 0 for no
    matter. barred: why this person must not be asked, "" where they may be.
    """

    id: str
    name: str
    survey: str
    display: str = "popover"
    paths: tuple[str, ...] = ()
    event: str = ""
    delay_s: int = 0
    share: int = 100
    days_between: int = 0
    only_identified: bool = False
    paused: bool = False
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A moment on a page. visitor: any text that stays the same for a visitor, or "" where no rule
    needs it. shown_days_ago: since a rule showed something to this visitor; None for never."""

    path: str
    event: str = ""
    visitor: str = ""
    identified: bool = False
    shown_days_ago: float | None = None


def lot(rule: str, visitor: str) -> float:
    """A number in 0..100, below 100, that is always the same for a rule and a visitor.

    FNV-1a over the text in UTF-8, 32 bits, then the finaliser of MurmurHash3: alone, FNV-1a
    leaves the upper bits of short texts alike. Who is within a share stays so when it grows.

    >>> lot("r1", "anna") == lot("r1", "anna"), lot("r1", "anna") == lot("r2", "anna")
    (True, False)
    """
    hashed = 0x811C9DC5
    for byte in f"{rule}:{visitor}".encode():
        hashed = (hashed ^ byte) * 0x01000193 & _MASK
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & _MASK
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & _MASK
    return (hashed ^ hashed >> 16) / 2**32 * 100


def matches(pattern: str, path: str) -> bool:
    """Whether a path is one of a pattern, in which `*` stands for anything, also nothing.

    Every other character stands for itself. Takes time in proportion to the lengths, whatever the
    number of stars.

    >>> matches("/app/*/report", "/app/7/report"), matches("/app", "/app/7")
    (True, False)
    """
    first, *rest = pattern.split("*")
    if not rest:
        return path == first
    *middle, last = rest
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return path.endswith(last) and len(path) - len(last) >= at


def on_page(paths: Sequence[str], path: str) -> bool:
    """Whether a page is meant: by one of the patterns, and by none that begins with `!`.

    Without patterns, or with such as leave out only, every other page is meant.

    >>> on_page(("/app/*", "!/app/billing*"), "/app/billing/card")
    False
    >>> on_page((), "/")
    True
    """
    left_out = [each for each in paths if each.startswith("!")]
    if any(matches(each[1:], path) for each in left_out):
        return False
    return len(left_out) == len(paths) or any(matches(each, path) for each in paths)


def why_not(rule: Rule, visit: Visit) -> str:
    """Why a rule shows nothing at this moment, "" where it does: one of `REASONS`, or what the
    rule is barred by.

    >>> why_not(Rule("r1", "All", "s1"), Visit("/"))
    ''
    """
    if rule.paused:
        return PAUSED
    if not on_page(rule.paths, visit.path):
        return OTHER_PAGE
    if rule.event != visit.event:
        return OTHER_EVENT
    if rule.only_identified and not visit.identified:
        return NOT_IDENTIFIED
    if rule.barred:
        return rule.barred
    if lot(rule.id, visit.visitor) >= rule.share:
        return NOT_IN_SHARE
    ago = visit.shown_days_ago
    return SHOWN_LATELY if ago is not None and ago < rule.days_between else ""


def decide(rules: Sequence[Rule], visit: Visit) -> tuple[Rule | None, tuple[tuple[Rule, str], ...]]:
    """The first rule that holds, and those before it with the reason why they do not.

    >>> decide([Rule("r1", "Paused", "s1", paused=True)], Visit("/"))[0] is None
    True
    """
    passed: list[tuple[Rule, str]] = []
    for rule in rules:
        reason = why_not(rule, visit)
        if not reason:
            return rule, tuple(passed)
        passed.append((rule, reason))
    return None, tuple(passed)
