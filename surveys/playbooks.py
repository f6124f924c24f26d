"""Playbooks: when something happens at an account, these steps follow.

A trigger fires once per episode. For what goes down and up again an episode ends when it has
recovered, which is more than no longer being bad (hysteresis): a figure that wavers about its limit
does not call anybody twice. Unknown facts never fire and never re-arm. Playbooks are data, stored
as JSON; days are local days of the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median
from typing import Any, Literal

from surveys.contact_roles import CHAMPION, folded
from surveys.lifecycle import Touch
from surveys.outreach import Outreach

STEP_KINDS = ("task", "email", "survey")
TOUCHES: tuple[Touch, ...] = ("high", "tech")
MAX_DAYS = 1_100
MAX_MINUTES = 24 * 60
# Of letters that go out by themselves.
A_DAY, MAX_A_DAY = 200, 20_000
PERSON_DAYS, MAX_PERSON_DAYS = 14, 365


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an account today; None: not known.

    health, health_before: 0..100, now and at the time it is compared with. health_band: its name.
    usage, usual_usage: of late and as a rule, in one unit, see `against_own_history`. onboarded:
    set up or not. low_answer_on: the latest day of such a thing, None also where there was none.
    left_on: role at the account → the latest day on which somebody no longer had it, by roles as
    `surveys.contact_roles.folded` has them. used_features: ever used.
    """

    account: str
    today: date
    touch: Touch | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    started_on: date | None = None
    renewal_on: date | None = None
    onboarded: bool | None = None
    health: float | None = None
    health_before: float | None = None
    health_band: str | None = None
    usage: float | None = None
    usual_usage: float | None = None
    low_answer_on: date | None = None
    left_on: Mapping[str, date] | None = None
    used_features: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """kind: one of TRIGGERS; settings: what goes with it, as `surveys.playbook_json` leaves it."""

    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, so many days after the firing, taking a person so many minutes.

    touch: for accounts looked after so; a task is for "high" only. outreach: what it says and to
    whom, None for a task.
    """

    key: str
    kind: str
    offset_days: int = 0
    minutes: int = 15
    touch: tuple[Touch, ...] = TOUCHES
    outreach: Outreach | None = None


@dataclass(frozen=True, slots=True)
class Playbook:
    """attributes, touch: which accounts it is for; all where empty.

    a_day: at most so many people are written to on one day by themselves; person_days: nobody whom
    another firing wrote to within so many days, 0 for no matter.
    """

    key: str
    trigger: Trigger
    steps: tuple[Step, ...]
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    touch: tuple[Touch, ...] = TOUCHES
    a_day: int = A_DAY
    person_days: int = PERSON_DAYS

    def step(self, key: str) -> Step | None:
        """The step of this key, None where there is none any more."""
        return next((each for each in self.steps if each.key == key), None)

    @property
    def goes_by_itself(self) -> bool:
        """Whether anything of it can go out without a person."""
        return "tech" in self.touch and any("tech" in step.touch for step in self.steps)


@dataclass(frozen=True, slots=True)
class State:
    """What is kept per playbook and account.

    armed: may fire. episode: the day of what it fired about last. reference, level: for what goes
    down and up, what it fell from and to.
    """

    armed: bool = True
    episode: date | None = None
    reference: float | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """by: "csm" where a person does it or sends it, "system" where it goes out by itself.

    minutes: of a person's time, 0 for the system.
    """

    key: str
    kind: str
    due_on: date
    by: Literal["csm", "system"]
    minutes: int


@dataclass(frozen=True, slots=True)
class Firing:
    """A playbook that fires for an account; one per playbook, account and episode.

    reasons: codes with their numbers, such as ``usage_down:42`` (percent).
    """

    playbook: str
    account: str
    episode: date
    steps: tuple[PlannedStep, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Signal:
    """What a trigger sees. holds: it is so; recovered: it is well again; neither: in between.

    episode: the day of what happened. apart: within so many days it is the same still. over: that
    day has passed, and nothing about it is to be done any more.
    """

    holds: bool
    recovered: bool
    episode: date
    reasons: tuple[str, ...] = ()
    reference: float | None = None
    level: float | None = None
    apart: int | None = None
    over: bool = False


def fires(playbook: Playbook, facts: Facts, state: State) -> Firing | None:
    """The firing of `evaluate`, or None.

    >>> trigger = Trigger("renewal_in", {"days": 90})
    >>> playbook = Playbook("renew", trigger, (Step("call", "task", touch=("high",)),))
    >>> facts = Facts("acme", date(2026, 10, 1), touch="high", renewal_on=date(2026, 12, 1))
    >>> fires(playbook, facts, State()).reasons
    ('renewal_in_days:61',)
    """
    return evaluate(playbook, facts, state)[1]


def evaluate(playbook: Playbook, facts: Facts, state: State) -> tuple[State, Firing | None]:
    """The state from now on, and what fires, if anything.

    1. What the trigger needs is not known: nothing changes.
    2. Not armed: armed again where all has recovered. What happens on a day of its own
       (renewal, answer, person leaving) is another episode when it is far enough from the one
       that fired; what falls fires anew, too, where it falls by as much again.
    3. Armed, the trigger holds, and the account is one of those that the playbook is for: it fires
       and is not armed any more. The segment is not asked about recovery, so that an account that
       leaves it and comes back is not called twice.

    Evaluated again with the new state on the same day, nothing more happens; with the old one,
    the same firing comes back.

    >>> playbook = Playbook("use", Trigger("usage_down", {"percent": 30, "recovered_percent": 10,
    ...     "least_usual": 5}), (Step("mail", "email"),))
    >>> state, fired = State(), []
    >>> for day, usage in enumerate([90, 65, 75, 65, 95, 60], start=1):
    ...     facts = Facts("acme", date(2026, 10, day), "tech", usage=usage, usual_usage=100)
    ...     state, firing = evaluate(playbook, facts, state)
    ...     fired.append(firing is not None)
    >>> fired
    [False, True, False, False, False, True]
    """
    signal = TRIGGERS[playbook.trigger.kind].see(playbook.trigger.settings, facts, state)
    if signal is None:
        return state, None
    if signal.apart is None:
        armed = state.armed or signal.recovered
    else:
        armed = state.episode is None or abs((signal.episode - state.episode).days) > signal.apart
    fits = armed and signal.holds and _is_for(playbook, facts)
    steps = _steps(playbook, facts) if fits else ()
    if not steps:  # as of most accounts on most nights: nothing is made anew for them
        return state if armed == state.armed else replace(state, armed=armed), None
    firing = Firing(playbook.key, facts.account, signal.episode, steps, signal.reasons)
    return State(False, signal.episode, signal.reference, signal.level), firing


def has_ended(playbook: Playbook, facts: Facts, state: State, episode: date) -> bool:
    """Whether what a playbook fired about is over, so that nothing more should follow from it.

    episode: that of the firing; state: what is known by now. What goes down and up is over when it
    has recovered, or fired anew; what happened on a day when another one took its place, or, for a
    renewal, when the day has passed. What is not known has not ended.

    >>> playbook = Playbook("renew", Trigger("renewal_in", {"days": 90}), (Step("mail", "email"),))
    >>> fired, moved = date(2026, 12, 1), date(2027, 12, 1)
    >>> facts = Facts("acme", date(2026, 11, 1), touch="tech", renewal_on=fired)
    >>> has_ended(playbook, facts, State(False, fired), fired)
    False
    >>> has_ended(playbook, replace(facts, renewal_on=moved), State(False, fired), fired)
    True
    """
    signal = TRIGGERS[playbook.trigger.kind].see(playbook.trigger.settings, facts, state)
    if signal is None:
        return False
    if signal.apart is not None:
        return signal.over or abs((signal.episode - episode).days) > signal.apart
    if state.episode is None:  # of two accounts that became one, or begun anew
        return signal.recovered
    return state.armed or signal.recovered or state.episode != episode


def _is_for(playbook: Playbook, facts: Facts) -> bool:
    return facts.touch in playbook.touch and has_attributes(facts.attributes, playbook.attributes)


def has_attributes(told: Mapping[str, str | None], wanted: Mapping[str, Sequence[str]]) -> bool:
    """Whether an account, of which this is told, has one of the values of each attribute.

    >>> has_attributes({"plan": "pro", "region": None}, {"plan": ["pro", "team"]})
    True
    >>> has_attributes({"plan": "pro", "region": None}, {"plan": ["pro"], "region": ["jp"]})
    False
    """
    return all(told.get(name) in values for name, values in wanted.items())


def _steps(playbook: Playbook, facts: Facts) -> tuple[PlannedStep, ...]:
    by_hand = facts.touch == "high"
    return tuple(
        PlannedStep(
            key=step.key,
            kind=step.kind,
            due_on=facts.today + timedelta(days=step.offset_days),
            by="csm" if by_hand else "system",
            minutes=step.minutes if by_hand else 0,
        )
        for step in playbook.steps
        if facts.touch in step.touch
    )


def against_own_history(
    daily: Sequence[float], *, recent_days: int = 28, windows: int = 3
) -> tuple[float, float] | None:
    """Use of late and as a rule, both per day: the arguments of a fall against own history.

    daily: one number per day, 0 for none, the latest last. Of late: the mean of the last
    recent_days, whole weeks, so that a weekend does not look like a fall; as a rule: the median
    of the means of so many windows of the same length before it, which one holiday or one busy
    month does not move. None where the history is too short.

    >>> against_own_history([10.0] * 56 + [2.0] * 28 + [6.0] * 28)
    (6.0, 10.0)
    >>> against_own_history([10.0] * 60) is None
    True
    """
    if recent_days < 1 or recent_days % 7 or windows < 1:
        raise ValueError("recent_days, windows: expected whole weeks, and at least one window")
    if len(daily) < recent_days * (windows + 1):
        return None
    ends = [len(daily) - recent_days * back for back in range(windows + 1)]
    means = [sum(daily[end - recent_days : end]) / recent_days for end in ends]
    return means[0], usual(means[1:])


def usual(means: Sequence[float]) -> float:
    """What is usual by the means of the windows before; ValueError (statistics) for none.

    >>> usual([10.0, 2.0, 12.0])
    10.0
    """
    return float(median(means))


# Triggers: each takes its settings, the facts, and the state for what it fell from.


def _health_drop(settings: Mapping[str, Any], facts: Facts, state: State) -> _Signal | None:
    """By points against before, or into one of the bands."""
    if "bands" in settings:
        if facts.health_band is None:
            return None
        bad = facts.health_band in settings["bands"]
        return _Signal(bad, not bad, facts.today, (f"health_band:{facts.health_band}",))
    if facts.health is None or facts.health_before is None:
        return None
    points = settings["points"]
    health, before = facts.health, facts.health_before
    again = _fell_again(health, state, lambda level: level - points)
    if again and state.level is not None:
        before = state.level
    holds = before - health >= points
    # Half of what was lost has come back.
    back = state.reference is None or health >= state.reference - points / 2
    reasons = (f"health_drop:{round(before - health)}", f"health:{round(health)}")
    recovered = again or (back and not holds)
    return _Signal(holds, recovered, facts.today, reasons, before, health)


def _usage_down(settings: Mapping[str, Any], facts: Facts, state: State) -> _Signal | None:
    """By so many percent against own history, of those who used it enough to tell."""
    if facts.usage is None or facts.usual_usage is None:
        return None
    left, recovered_at = (1 - settings[name] / 100 for name in ("percent", "recovered_percent"))
    usage, usual = facts.usage, facts.usual_usage
    again = _fell_again(usage, state, lambda level: level * left)
    if again and state.level is not None:
        usual = state.level
    holds = usual > 0 and facts.usual_usage >= settings["least_usual"] and usage <= usual * left
    back = state.reference is None or usage >= state.reference * recovered_at
    reasons = (f"usage_down:{round(100 * (1 - usage / usual))}",) if usual > 0 else ()
    recovered = (again and usual > 0) or (back and not holds)
    return _Signal(holds, recovered, facts.today, reasons, usual, usage)


def _fell_again(value: float, state: State, limit: Callable[[float], float]) -> bool:
    return not state.armed and state.level is not None and value <= limit(state.level)


def _onboarding_stalled(settings: Mapping[str, Any], facts: Facts, _: State) -> _Signal | None:
    age = _age(facts)
    if age is None or facts.onboarded is None:
        return None
    holds = not facts.onboarded and settings["days"] <= age < settings["until_days"]
    return _Signal(holds, facts.onboarded, facts.today, (f"no_setup_for_days:{age}",))


def _feature_unused(settings: Mapping[str, Any], facts: Facts, _: State) -> _Signal | None:
    age = _age(facts)
    if age is None or facts.used_features is None:
        return None
    used = settings["feature"] in facts.used_features
    holds = not used and settings["days"] <= age < settings["until_days"]
    reasons = (f"feature_unused:{settings['feature']}", f"days:{age}")
    return _Signal(holds, used, facts.today, reasons)


def _age(facts: Facts) -> int | None:
    """Days since the start; None before it."""
    if facts.started_on is None or facts.started_on > facts.today:
        return None
    return (facts.today - facts.started_on).days


def _happened(
    name: str, day: date | None, settings: Mapping[str, Any], facts: Facts
) -> _Signal | None:
    """Something of the last days; several within quiet_days are one episode."""
    if day is None or day > facts.today:
        return None
    ago = (facts.today - day).days
    holds = ago < settings["within_days"]
    return _Signal(holds, False, day, (f"{name}:{ago}",), apart=settings["quiet_days"])


def _detractor(settings: Mapping[str, Any], facts: Facts, _: State) -> _Signal | None:
    return _happened("low_answer_days_ago", facts.low_answer_on, settings, facts)


def _champion_left(settings: Mapping[str, Any], facts: Facts, _: State) -> _Signal | None:
    """The latest of those whose roles count; of one day the first in the order of the roles."""
    days = facts.left_on or {}
    left = [
        (days[folded(role)], role)
        for role in settings["roles"]
        if days.get(folded(role), date.max) <= facts.today
    ]
    if not left:
        return None
    day, role = max(left, key=lambda each: each[0])
    if role == CHAMPION:
        return _happened("champion_left_days_ago", day, settings, facts)
    found = _happened("role_left_days_ago", day, settings, facts)
    return found and replace(found, reasons=(f"role_left:{role}", *found.reasons))


def _renewal_in(settings: Mapping[str, Any], facts: Facts, _: State) -> _Signal | None:
    """Once per renewal; a date that moves by no more than the window is that renewal still."""
    if facts.renewal_on is None:
        return None
    ahead = (facts.renewal_on - facts.today).days
    holds = 0 <= ahead <= settings["days"]
    reasons = (f"renewal_in_days:{ahead}",)
    return _Signal(holds, False, facts.renewal_on, reasons, apart=settings["days"], over=ahead < 0)


@dataclass(frozen=True, slots=True)
class _Kind:
    """see: None where facts are missing. fields: whole numbers as (default, least, most)."""

    see: Callable[[Mapping[str, Any], Facts, State], _Signal | None]
    fields: Mapping[str, tuple[int | None, int, int]]


_DAYS = (None, 0, MAX_DAYS)
_UNTIL = (MAX_DAYS + 1, 1, MAX_DAYS + 1)
_EVENT = {"within_days": (14, 1, MAX_DAYS), "quiet_days": (30, 0, MAX_DAYS)}

TRIGGERS: Mapping[str, _Kind] = {
    "health_drop": _Kind(_health_drop, {"points": (None, 1, 100)}),
    "onboarding_stalled": _Kind(_onboarding_stalled, {"days": _DAYS, "until_days": _UNTIL}),
    "usage_down": _Kind(
        _usage_down,
        {"percent": (30, 1, 100), "recovered_percent": (10, 0, 99), "least_usual": (1, 0, 10**9)},
    ),
    "detractor": _Kind(_detractor, _EVENT),
    "champion_left": _Kind(_champion_left, _EVENT),
    "renewal_in": _Kind(_renewal_in, {"days": _DAYS}),
    "feature_unused": _Kind(_feature_unused, {"days": _DAYS, "until_days": _UNTIL}),
}
