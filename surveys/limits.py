"""How long a survey takes answers, and how many: a last day, quotas, single-use links only.

The last day is one of the workspace's calendar and ends with it. A quota holds for the survey, for
the answers that have one value of an attribute (`plan` = `pro`, `touchpoint` = `Shop Kyoto`), or
for those that chose one option of a question before the score, so that the group is known before
anything is counted. Who was let in may finish and correct; only new answers are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from typing import Any, Literal

from surveys.attributes import as_text
from surveys.definitions import Definition
from surveys.periods import day_bounds
from surveys.questions import Option, Question, storable_problem

MOST_ANSWERS = 10_000_000
MOST_QUOTAS = 50
MAX_NAME, MAX_VALUE, MAX_WORDS = 64, 200, 500  # characters

Refusal = Literal["over", "full", "group_full"]


class LimitsError(ValueError):
    """A limit that makes no sense; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `most` answers whose attribute has this value, as text; or, where there is a question
    (its key) in place of the attribute, that chose this option."""

    attribute: str
    value: str
    most: int
    question: str = ""

    def holds_for(self, attributes: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
        """
        >>> Quota("seats", "3", 10).holds_for({"seats": 3}, {})
        True
        >>> Quota("plan", "pro", 10).holds_for({}, {"plan": "pro"})
        False
        >>> of_role = Quota("", "it", 10, question="roles")
        >>> of_role.holds_for({}, {"roles": ["hr", "it"]}), of_role.holds_for({}, {"roles": "it"})
        (True, True)
        """
        if self.question:
            given = answers.get(self.question)
            return self.value in given if isinstance(given, list | tuple) else given == self.value
        return as_text(attributes.get(self.attribute)) == self.value


@dataclass(frozen=True, slots=True)
class Limits:
    """closing_words: by language, said in place of the usual sentence once it is closed."""

    last_day: date | None = None
    most: int | None = None
    quotas: Sequence[Quota] = ()
    only_single_use: bool = False
    closing_words: Mapping[str, str] = field(default_factory=dict)

    @property
    def ask_choices(self) -> bool:
        """Whether what is chosen before the score decides if an answer is taken."""
        return any(quota.question for quota in self.quotas)

    @property
    def count_answers(self) -> bool:
        """Whether taking an answer needs to know how many there are."""
        return self.most is not None or bool(self.quotas)


NO_LIMITS = Limits()


def closes_at(last_day: date, time_zone: str) -> datetime:
    """The moment at which the last day ends where the workspace is.

    >>> closes_at(date(2026, 11, 30), "Asia/Tokyo").isoformat()
    '2026-11-30T15:00:00+00:00'
    """
    return day_bounds(last_day, time_zone)[1]


def refusal(
    limits: Limits,
    *,
    at: datetime,
    time_zone: str,
    taken: int = 0,
    taken_of: Mapping[Quota, int] | None = None,
    attributes: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Why an answer given at a moment is not taken; None where it is.

    taken: answers that the survey has; taken_of: those that each quota has; attributes, answers: of
    the answer.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    >>> refusal(Limits(last_day=date(2026, 11, 30)), at=noon, time_zone="UTC") is None
    True
    >>> refusal(Limits(last_day=date(2026, 11, 29)), at=noon, time_zone="UTC")
    'over'
    >>> refusal(Limits(most=2), at=noon, time_zone="UTC", taken=2)
    'full'
    >>> pro = Quota("plan", "pro", 1)
    >>> refusal(Limits(quotas=[pro]), at=noon, time_zone="UTC", taken_of={pro: 1},
    ...         attributes={"plan": "pro"})
    'group_full'
    """
    if limits.last_day is not None and at >= closes_at(limits.last_day, time_zone):
        return "over"
    if limits.most is not None and taken >= limits.most:
        return "full"
    full = (quota for quota in limits.quotas if (taken_of or {}).get(quota, 0) >= quota.most)
    if any(quota.holds_for(attributes or {}, answers or {}) for quota in full):
        return "group_full"
    return None


def options_before_score(definition: Definition) -> list[tuple[Question, Option]]:
    """What a quota may hold for: the options of questions that stand before the primary scale."""
    before = takewhile(lambda each: each is not definition.primary, definition.questions)
    return [
        (question, option)
        for question in before
        if question.kind in ("choice", "multiple")
        for option in question.options
    ]


# --- reading --------------------------------------------------------------------------------


def checked(limits: Limits) -> Limits:
    """The same, if it can be kept. Raises LimitsError naming the field that cannot."""
    if limits.last_day is not None and not 2000 <= limits.last_day.year <= 2200:
        raise LimitsError("last_day", "a day between 2000 and 2200")
    _check_number("most", limits.most)
    if len(limits.quotas) > MOST_QUOTAS:
        raise LimitsError("quotas", f"at most {MOST_QUOTAS}")
    for index, quota in enumerate(limits.quotas):
        place = f"quotas.{index}"
        if bool(quota.attribute) == bool(quota.question):
            raise LimitsError(f"{place}.attribute", "either an attribute or a question")
        _check_text(f"{place}.attribute", quota.attribute or quota.question, MAX_NAME)
        _check_text(f"{place}.value", quota.value, MAX_VALUE)
        if set('"\\') & set(quota.attribute):
            raise LimitsError(f"{place}.attribute", "no quotes and backslashes")
        _check_number(f"{place}.most", quota.most)
        if any(replace(quota, most=each.most) == each for each in limits.quotas[:index]):
            raise LimitsError(f"{place}.value", "the same group stands there twice")
    for language, words in limits.closing_words.items():
        _check_text(f"closing_words.{language}", words, MAX_WORDS)
    return limits


def _check_number(name: str, number: int | None) -> None:
    if number is not None and not 1 <= number <= MOST_ANSWERS:
        raise LimitsError(name, f"a number from 1 to {MOST_ANSWERS:,}")


def _check_text(name: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        raise LimitsError(name, f"1 to {most} characters")
    if problem := storable_problem(text):
        raise LimitsError(name, problem)
