"""Rules that route an answer: theme x category x segment x text -> team, owner, SLA, priority.

The first rule that matches wins. Rules are data (stored as JSON, edited by people), so their
conditions are an allow-list of plain comparisons; there are no regular expressions.
How urgent one case is beside others is in `surveys.urgency`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from surveys.questions import storable_problem
from surveys.scoring import METRICS, categories
from surveys.urgency import RULE_PRIORITIES, Priority, priority

__all__ = [
    "CONDITIONS",
    "RULE_PRIORITIES",
    "TEAMS",
    "Facts",
    "Outcome",
    "Priority",
    "Rule",
    "RuleError",
    "default_rules",
    "first_match",
    "matches",
    "occurring",
    "priority",
    "rule_to_json",
    "validate_rule",
    "words_within",
]

TEAMS = ("success", "product", "support")
OWNERS = ("account_owner", "round_robin", "load")
SENTIMENTS = ("positive", "neutral", "negative", "mixed")
MAX_SLA_HOURS = 24 * 90
MAX_VALUES = 100
MAX_VALUE_CHARS = 200

_KEY = re.compile(r"[a-z0-9_-]{1,64}")
_CATEGORIES = tuple(dict.fromkeys(name for kind in METRICS for name in categories(kind)))
_LOW = [categories(kind)[-1] for kind in METRICS]
_MIDDLE = ["passive", "neutral"]


class RuleError(ValueError):
    """A rule that cannot be used; field is a path such as ``when.category``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one answer. themes is empty and sentiment None until it is analysed.

    segments: keys of the saved segments that it is in, of those that some rule asks for.
    """

    kind: str
    score: int | None
    category: str | None
    themes: frozenset[str] = frozenset()
    sentiment: str | None = None
    text: str | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a case goes. owner: "account_owner", "round_robin", "load" (both within customer
    success: see `surveys.assigning`), the id of a user, or None."""

    team: str
    owner: str | None
    sla_hours: int
    priority: str


@dataclass(frozen=True, slots=True)
class Rule:
    """If all of `when` holds (see CONDITIONS), then `then`. An empty `when` always holds."""

    key: str
    when: Mapping[str, object]
    then: Outcome


def first_match(rules: Sequence[Rule], facts: Facts) -> Rule | None:
    """The first rule whose conditions all hold, or None: then there is nothing to do.

    >>> facts = Facts(kind="nps", score=2, category="detractor", text="解約を検討しています。")
    >>> first_match(default_rules(), facts).key
    'cancel-risk'
    >>> first_match(default_rules(), Facts(kind="nps", score=10, category="promoter")) is None
    True
    """
    return next((rule for rule in rules if matches(rule, facts)), None)


def matches(rule: Rule, facts: Facts) -> bool:
    """True where every condition of the rule holds."""
    return all(CONDITIONS[name](wanted, facts) for name, wanted in rule.when.items())


def default_rules() -> tuple[Rule, ...]:
    """What a new workspace routes by; every low score opens a case.

    The relation stays with the success team, whatever the theme, except where only support can
    help at once. Cancelling is looked for in the middle categories, too: it is not only the
    lowest scores that leave. The last rule gives product what neither is low nor fits.
    """
    leaving = [
        *("cancel", "cancelling", "canceling", "cancellation", "terminate", "not renew"),
        *("won't renew", "switch to", "switching to", "competitor", "alternatives"),
        *("解約", "退会", "乗り換え", "乗換", "他社への", "更新しない", "契約を終了"),
    ]
    product_themes = [
        *("usability", "performance", "feature_requests", "integrations", "mobile"),
        *("reporting", "search", "notifications", "data_import_export", "localisation"),
    ]
    return (
        _rule(
            "cancel-risk",
            {"category": [*_LOW, *_MIDDLE], "text_any": leaving},
            ("success", "account_owner", 4, "urgent"),
        ),
        _rule(
            "security-concern",
            {"category": _LOW, "theme": ["security"]},
            ("support", "round_robin", 4, "urgent"),
        ),
        _rule(
            "key-account-low",
            {"category": _LOW, "attribute": {"plan": ["enterprise"]}},
            ("success", "account_owner", 8, "high"),
        ),
        _rule(
            "service-failing",
            {"category": _LOW, "theme": ["reliability", "support"]},
            ("success", "account_owner", 8, "high"),
        ),
        _rule("low-score", {"category": _LOW}, ("success", "account_owner", 24, "normal")),
        _rule(
            "product-friction",
            {
                "category": _MIDDLE,
                "sentiment": ["negative", "mixed"],
                "theme": product_themes,
            },
            ("product", None, 120, "low"),
        ),
    )


def validate_rule(data: object) -> Rule:
    """Read ``{"key", "when", "then"}``; RuleError names the first field that is wrong.

    when: any of ``kind``, ``category``, ``theme``, ``segment`` (keys of saved segments),
    ``sentiment`` (lists, one has to be the case), ``score_at_most``, ``score_at_least`` (on the
    scale of the survey), ``attribute`` (name -> value or list of values, null for "no value"; all
    names have to fit) and ``text_any`` (plain words; one has to occur). then: ``team``,
    ``owner``, ``sla_hours``, ``priority``.

    >>> rule = validate_rule({"key": "vip", "when": {"attribute": {"plan": "enterprise"}},
    ...     "then": {"team": "success", "owner": None, "sla_hours": 4, "priority": "high"}})
    >>> rule.when
    {'attribute': {'plan': ['enterprise']}}
    """
    checked = _object(data, "rule", ("key", "when", "then"))
    key = checked.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise RuleError("key", "expected 1 to 64 of the characters a-z, 0-9, _ and -")
    when = _object(checked.get("when", {}), "when", tuple(CONDITIONS))
    conditions = {name: _read_condition(name, value) for name, value in when.items()}
    if {"score_at_least", "score_at_most"} <= set(conditions):
        _check_range(conditions)
    return Rule(key=key, when=conditions, then=_read_outcome(checked.get("then")))


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """The rule as JSON values; `validate_rule` gives the same rule back."""
    then = rule.then
    return {
        "key": rule.key,
        "when": dict(rule.when),
        "then": {
            "team": then.team,
            "owner": then.owner,
            "sla_hours": then.sla_hours,
            "priority": then.priority,
        },
    }


# Conditions: each takes what the rule wants, as `validate_rule` leaves it, and the facts.


def _score_at_most(wanted: Any, facts: Facts) -> bool:
    return facts.score is not None and facts.score <= wanted


def _score_at_least(wanted: Any, facts: Facts) -> bool:
    return facts.score is not None and facts.score >= wanted


def _attribute(wanted: Any, facts: Facts) -> bool:
    return all(facts.attributes.get(name) in values for name, values in wanted.items())


def _text_any(wanted: Any, facts: Facts) -> bool:
    text = _folded(facts.text or "")
    return any(_occurs(_folded_word(word), text) for word in wanted)


def occurring(words: Sequence[str], text: str | None) -> list[str]:
    """Those of the words of a `text_any` that occur in a text."""
    folded = _folded(text or "")
    return [word for word in words if _occurs(_folded_word(word), folded)]


def words_within(narrow: Sequence[str], wide: Sequence[str]) -> bool:
    """Whether wherever one of `narrow` occurs, one of `wide` does, too."""
    folded = [_folded_word(word) for word in wide]
    return all(any(_occurs(each, _folded_word(word)) for each in folded) for word in narrow)


CONDITIONS: Mapping[str, Callable[[Any, Facts], bool]] = {
    "kind": lambda wanted, facts: facts.kind in wanted,
    "category": lambda wanted, facts: facts.category in wanted,
    "theme": lambda wanted, facts: not facts.themes.isdisjoint(wanted),
    "sentiment": lambda wanted, facts: facts.sentiment in wanted,
    "score_at_most": _score_at_most,
    "score_at_least": _score_at_least,
    "attribute": _attribute,
    "segment": lambda wanted, facts: not facts.segments.isdisjoint(wanted),
    "text_any": _text_any,
}

_ALLOWED = {"kind": METRICS, "category": _CATEGORIES, "sentiment": SENTIMENTS}


def _folded(text: str) -> str:
    """For comparing only: width, case and runs of space do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").casefold().split())


@functools.lru_cache(maxsize=4096)
def _folded_word(word: str) -> str:
    """A word of a rule, which is looked for in many texts."""
    return _folded(word)


def _occurs(word: str, text: str) -> bool:
    """A word in a text: whole in scripts with spaces ("cancel" is not in "cancelled"); anywhere
    in Japanese and its like, where words run together."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        begins = at == 0 or not (_spaced(text[at - 1]) and _spaced(word[0]))
        ends = end == len(text) or not (_spaced(text[end]) and _spaced(word[-1]))
        if begins and ends:
            return True
        at = text.find(word, at + 1)
    return False


def _spaced(char: str) -> bool:
    """A letter or digit of a script that puts spaces between words."""
    unspaced = (
        "\u0e00" <= char <= "\u0eff"  # Thai, Lao
        or "\u3005" <= char <= "\u30ff"  # kana
        or "\u3400" <= char <= "\u9fff"  # Han
        or "\uac00" <= char <= "\ud7af"  # Hangul: particles follow without a space
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )
    return char.isalnum() and not unspaced


def _rule(key: str, when: Mapping[str, object], then: tuple[str, str | None, int, str]) -> Rule:
    team, owner, sla_hours, rule_priority = then
    outcome = Outcome(team=team, owner=owner, sla_hours=sla_hours, priority=rule_priority)
    return Rule(key=key, when=when, then=outcome)


def _object(value: object, at: str, known: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RuleError(at, f"expected an object with {', '.join(known)}")
    for name in value:
        if name not in known:
            shown = name if isinstance(name, str) and _KEY.fullmatch(name) else ascii(name)[:64]
            raise RuleError(f"{at}.{shown}", f"unknown; expected only {', '.join(known)}")
    return value


def _read_condition(name: str, value: object) -> object:
    at = f"when.{name}"
    if name in ("score_at_most", "score_at_least"):
        return _whole(value, at, 0, 10)
    if name == "attribute":
        if not isinstance(value, Mapping) or not 1 <= len(value) <= MAX_VALUES:
            raise RuleError(at, "expected an object: name of an attribute to its values")
        return {_text(key, at): _attribute_values(values, at) for key, values in value.items()}
    texts = _texts(value, at)
    allowed = _ALLOWED.get(name)
    for text in texts:
        if allowed and text not in allowed:
            raise RuleError(at, f"expected some of {', '.join(allowed)}")
        if name == "text_any" and not _folded(text):
            raise RuleError(at, "expected words that are not empty")
    return texts


def _attribute_values(value: object, at: str) -> list[str | None]:
    values = value if isinstance(value, list | tuple) else [value]
    if not 1 <= len(values) <= MAX_VALUES:
        raise RuleError(at, f"expected 1 to {MAX_VALUES} values of an attribute")
    return [None if each is None else _text(each, at) for each in values]


def _texts(value: object, at: str) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= MAX_VALUES:
        raise RuleError(at, f"expected a list of 1 to {MAX_VALUES} texts")
    return [_text(each, at) for each in values]


def _text(value: object, at: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_VALUE_CHARS:
        raise RuleError(at, f"expected texts of 1 to {MAX_VALUE_CHARS} characters")
    problem = storable_problem(value)
    if problem:
        raise RuleError(at, problem)
    return value


def _whole(value: object, at: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RuleError(at, f"expected a whole number from {least} to {most}")
    return value


def _check_range(conditions: Mapping[str, Any]) -> None:
    if conditions["score_at_least"] > conditions["score_at_most"]:
        raise RuleError("when.score_at_least", "is above score_at_most: no score would fit")


def _read_outcome(value: object) -> Outcome:
    then = _object(value, "then", ("team", "owner", "sla_hours", "priority"))
    for name, allowed in (("team", TEAMS), ("priority", tuple(RULE_PRIORITIES))):
        if then.get(name) not in allowed:
            raise RuleError(f"then.{name}", f"expected one of {', '.join(allowed)}")
    return Outcome(
        team=then["team"],
        owner=_read_owner(then.get("owner")),
        sla_hours=_whole(then.get("sla_hours"), "then.sla_hours", 1, MAX_SLA_HOURS),
        priority=then["priority"],
    )


def _read_owner(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value in OWNERS):
        return value
    try:
        return str(UUID(value if isinstance(value, str) else ""))
    except ValueError as exc:
        expected = f"expected {', '.join(OWNERS)}, the id of a user, or null"
        raise RuleError("then.owner", expected) from exc
