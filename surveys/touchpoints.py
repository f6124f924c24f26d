"""The touch model: anchor + offset + condition -> which contact is due, for whom, and when.

A model is data, stored as JSON and edited by people. Days are local days of the workspace
(`surveys.periods.local_day`). Stages and onboarding: `surveys.lifecycle`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from surveys.fields import (
    FieldError,
    check_once,
    read_attributes,
    read_key,
    read_list,
    read_object,
    read_one_of,
    read_text,
    read_whole,
)
from surveys.lifecycle import (
    STAGES,
    Account,
    Lifecycle,
    OnboardingRule,
    onboarding,
    stage,
    stage_entries,
)
from surveys.outreach import FIELDS, Outreach, outreach_to_json, read_outreach
from surveys.playbooks import A_DAY, MAX_A_DAY, MAX_PERSON_DAYS, PERSON_DAYS

ANCHORS = ("started_on", "renewal_on", "milestone", "stage")
KINDS = ("call", "email", "survey", "task")
TOUCHES = ("high", "tech")
ONBOARDING = ("open", "complete", "late", "overdue")
MAX_TOUCHPOINTS = 100
MAX_DAYS = 1_100  # about three years, the longest usual term
MAX_ONBOARDING_DAYS = 366  # figures of months that are further back are not summed anew

State = Literal["due", "upcoming", "skipped", "withdrawn"]
Shift = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a touchpoint is counted from. name: of the milestone, or of the stage entered."""

    kind: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Sends:
    """What goes out by itself to accounts that nobody looks after, when the contact is due.

    a_day: at most so many people are written to on one day, at least those of one account.
    person_days: an e-mail goes to nobody whom another letter reached within so many days, 0 for
    no matter.
    """

    outreach: Outreach
    a_day: int = A_DAY
    person_days: int = PERSON_DAYS


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A contact that is planned for every account to which it applies.

    offset_days: from the anchor, negative for before it. kinds: what it is, by who looks after
    the account ("high", "tech"); one that is absent has no such contact. when: conditions, all of
    which must hold (see CONDITIONS). repeat_days: an anchor that moves by fewer days is the same
    one, moved; further away it is the next (the renewal of another term). name: what people
    call it; None where the product has words for its key. sends: None where a person does it,
    whoever looks after the account.
    """

    key: str
    anchor: Anchor
    offset_days: int
    kinds: Mapping[str, str]
    when: Mapping[str, Any] = field(default_factory=dict)
    repeat_days: int = 180
    name: str | None = None
    sends: Sends | None = None


@dataclass(frozen=True, slots=True)
class TouchModel:
    """grace_days: how long after its day a contact still makes sense that nobody planned yet."""

    lifecycle: Lifecycle
    touchpoints: tuple[Touchpoint, ...]
    grace_days: int = 14


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """The identity of one planned contact of an account: never two with the same."""

    touchpoint: str
    anchor_on: date


@dataclass(frozen=True, slots=True)
class Due:
    """One contact of an account.

    state: due; upcoming, within the horizon; skipped, never to be planned; withdrawn, planned
    before and not wanted any more. kind: None where it is withdrawn, and where nobody knows who
    looks after the account. moves: what was planned under another anchor day, and now is this.
    reason: a code, with its number, of a skipped one: ``past_grace:40`` (days late),
    ``before_start``, ``touch_unknown``; and of a withdrawn one: ``no_touchpoint`` (in the model),
    ``no_anchor`` (the day is not known any more), ``lost``, ``condition``, ``touch``,
    ``another_anchor`` (too far away to be the same, moved), ``done`` (as another occurrence).
    """

    account: str
    occurrence: Occurrence
    due_on: date | None
    kind: str | None
    state: State
    moves: Occurrence | None = None
    reason: str | None = None


def default_model() -> TouchModel:
    """First week: does the set-up work; a month: results; 90 days before renewal: value and plans.

    >>> [(each.key, each.offset_days) for each in default_model().touchpoints]
    [('setup-check', 5), ('first-results', 30), ('value-review', -90)]
    """
    return TouchModel(
        lifecycle=Lifecycle(),
        touchpoints=(
            Touchpoint("setup-check", Anchor("started_on"), 5, {"high": "call", "tech": "email"}),
            Touchpoint(
                "first-results", Anchor("started_on"), 30, {"high": "call", "tech": "survey"}
            ),
            Touchpoint(
                "value-review", Anchor("renewal_on"), -90, {"high": "call", "tech": "email"}
            ),
        ),
    )


def due_touchpoints(
    model: TouchModel,
    account: Account,
    today: date,
    done: Collection[Occurrence] = (),
    *,
    planned: Collection[Occurrence] = (),
    horizon_days: int = 0,
    shift: Shift | None = None,
) -> list[Due]:
    """Which contacts are due for an account, in the order of their days.

    done: those that took place or were called off. planned: those that wait somewhere to be done.
    horizon_days: how far ahead to look, >= 0. shift: from the day that was computed to the day
    on which somebody works, such as `working_days`.

    1. The day is shift(anchor + offset). A lost account has only the touchpoints of that stage.
    2. One with a done occurrence of its key, fewer than repeat_days from its anchor, is over: a
       renewal that moves does not bring back the review that was held for it.
    3. A planned one likewise is the same, moved; it is never late, however old.
    4. Others more than grace_days late are skipped, and so are those before the start of the
       account. They come back as skipped each time, until they are counted as done.
    5. What is planned and is no longer wanted is withdrawn.

    Whoever stores what came back, by its occurrence, and calls again, gets nothing new.

    >>> account = Account("acme", started_on=date(2026, 10, 1), touch="high")
    >>> found = due_touchpoints(default_model(), account, date(2026, 10, 7))
    >>> [(each.occurrence.touchpoint, each.kind, str(each.due_on)) for each in found]
    [('setup-check', 'call', '2026-10-06')]
    >>> done = [each.occurrence for each in found]
    >>> due_touchpoints(default_model(), account, date(2026, 10, 8), done)
    []
    """
    if horizon_days < 0:
        raise ValueError(f"horizon_days: expected a number >= 0, got {horizon_days!r}")
    facts = _Facts.of(model, account, today)
    until = today + timedelta(days=horizon_days)
    waiting = sorted(set(planned) - set(done))
    found: list[Due] = []
    for touchpoint in model.touchpoints:
        mine = [each for each in waiting if each.touchpoint == touchpoint.key]
        anchor_on = facts.anchor_day(touchpoint.anchor)
        reason = _unwanted(touchpoint, anchor_on, facts, done)
        if anchor_on is None or reason:
            found += [_withdrawn(account, each, reason) for each in mine]
            continue
        before = _same(touchpoint, anchor_on, mine)
        due = _due(touchpoint, anchor_on, facts, before, shift or _unmoved)
        if due.moves or due.due_on is None or due.due_on <= until:
            found.append(due)
        found += [_withdrawn(account, each, "another_anchor") for each in mine if each != before]
    known = {touchpoint.key for touchpoint in model.touchpoints}
    found += [
        _withdrawn(account, each, "no_touchpoint")
        for each in waiting
        if each.touchpoint not in known
    ]
    return sorted(found, key=lambda due: (due.due_on or today, due.occurrence))


def working_days(holidays: Collection[date] = (), *, backwards: bool = False) -> Shift:
    """A shift from weekends and holidays to the next day that is neither, or to the one before.

    >>> [str(working_days([date(2026, 11, 23)], backwards=each)(date(2026, 11, 22)))
    ...  for each in (False, True)]
    ['2026-11-24', '2026-11-20']
    """
    step = timedelta(days=-1 if backwards else 1)
    closed = frozenset(holidays)

    def shift(day: date) -> date:
        while day.weekday() >= 5 or day in closed:
            day += step
        return day

    return shift


def _unmoved(day: date) -> date:
    return day


@dataclass(frozen=True, slots=True)
class _Facts:
    """An account as it is today."""

    account: Account
    today: date
    grace_days: int
    stage: str | None
    entries: Mapping[str, date]
    onboarding: str | None

    @classmethod
    def of(cls, model: TouchModel, account: Account, today: date) -> _Facts:
        found = onboarding(model.lifecycle.onboarding, account, today)
        return cls(
            account=account,
            today=today,
            grace_days=model.grace_days,
            stage=stage(model.lifecycle, account, today),
            entries=stage_entries(model.lifecycle, account, today),
            onboarding=found.status if found else None,
        )

    def anchor_day(self, anchor: Anchor) -> date | None:
        if anchor.kind == "started_on":
            return self.account.started_on
        if anchor.kind == "renewal_on":
            return self.account.renewal_on
        days = self.account.milestones if anchor.kind == "milestone" else self.entries
        return days.get(anchor.name or "")


def _same(
    touchpoint: Touchpoint, anchor_on: date, others: Collection[Occurrence]
) -> Occurrence | None:
    """The occurrence that is that of the touchpoint for this anchor day: the nearest of them."""

    def distance(other: Occurrence) -> tuple[int, date]:
        return abs((other.anchor_on - anchor_on).days), other.anchor_on

    mine = [each for each in others if each.touchpoint == touchpoint.key]
    nearest = min(mine, key=distance, default=None)
    if nearest is None or distance(nearest)[0] >= touchpoint.repeat_days:
        return None
    return nearest


def _unwanted(
    touchpoint: Touchpoint, anchor_on: date | None, facts: _Facts, done: Collection[Occurrence]
) -> str | None:
    """Why the account has no such contact to come, or None."""
    touch = facts.account.touch
    if anchor_on is None:
        return "no_anchor"
    if facts.stage == "lost" and touchpoint.anchor != Anchor("stage", "lost"):
        return "lost"
    if not all(CONDITIONS[name](wanted, facts) for name, wanted in touchpoint.when.items()):
        return "condition"
    if touch is not None and touch not in touchpoint.kinds:
        return "touch"
    return "done" if _same(touchpoint, anchor_on, done) else None


def _withdrawn(account: Account, planned: Occurrence, reason: str | None) -> Due:
    return Due(account.key, planned, None, None, "withdrawn", reason=reason)


def _due(
    touchpoint: Touchpoint,
    anchor_on: date,
    facts: _Facts,
    before: Occurrence | None,
    shift: Shift,
) -> Due:
    account = facts.account
    occurrence = Occurrence(touchpoint.key, anchor_on)
    due_on = shift(anchor_on + timedelta(days=touchpoint.offset_days))
    reason = None if before else _skipped(due_on, facts)
    state: State = "skipped" if reason else "due" if due_on <= facts.today else "upcoming"
    return Due(
        account=account.key,
        occurrence=occurrence,
        due_on=due_on,
        kind=touchpoint.kinds[account.touch] if account.touch else None,
        state=state,
        moves=before if before != occurrence else None,
        reason=reason,
    )


def _skipped(due_on: date, facts: _Facts) -> str | None:
    """Why a contact that nobody planned yet is not to be planned, or None."""
    start = facts.account.started_on
    late = (facts.today - due_on).days
    if late > facts.grace_days:
        return f"past_grace:{late}"
    if start is not None and due_on < start:
        return "before_start"
    return None if facts.account.touch else "touch_unknown"


# Conditions: each takes what the touchpoint wants and the facts. Unknown facts fit nothing.


def _attribute(wanted: Mapping[str, Sequence[str]], facts: _Facts) -> bool:
    return all(facts.account.attributes.get(name) in values for name, values in wanted.items())


def _reached(milestone: str, facts: _Facts) -> bool:
    day = facts.account.milestones.get(milestone)
    return day is not None and day <= facts.today


CONDITIONS: Mapping[str, Callable[[Any, _Facts], bool]] = {
    "stage": lambda wanted, facts: facts.stage in wanted,
    "onboarding": lambda wanted, facts: facts.onboarding in wanted,
    "attribute": _attribute,
    "milestones_reached": lambda wanted, facts: all(_reached(each, facts) for each in wanted),
    "milestones_missing": lambda wanted, facts: not any(_reached(each, facts) for each in wanted),
}


# JSON


def validate_model(data: object) -> TouchModel:
    """Read and check a model; FieldError names the first field that is wrong.

    ``{"lifecycle"?, "touchpoints", "grace_days"?}``. A touchpoint is ``{"key", "anchor":
    {"kind", "name"?}, "offset_days", "kinds": {"high"?, "tech"?}, "when"?, "repeat_days"?,
    "name"?, "sends"?}``; an anchor has a name where it is "milestone" or "stage". What it sends is
    what `surveys.outreach.read_outreach` takes for the kind of "tech", with ``"a_day"?`` and
    ``"person_days"?``. The lifecycle is
    ``{"onboarding"?: {"milestone"?, "milestone_days"?, "logins"?, "login_days"?},
    "adoption_days"?, "value_milestone"?, "renewal_days"?}``. Unknown fields are refused.

    >>> validate_model({"touchpoints": [{"key": "hello", "anchor": {"kind": "start"}}]})
    Traceback (most recent call last):
    ...
    surveys.fields.FieldError: touchpoints[0].anchor.kind: expected one of started_on, \
renewal_on, milestone, stage
    """
    model = read_object(data, "model", ("lifecycle", "touchpoints", "grace_days"))
    touchpoints = read_list(
        model.get("touchpoints"), "touchpoints", _read_touchpoint, most=MAX_TOUCHPOINTS
    )
    check_once([each.key for each in touchpoints], "touchpoints")
    return TouchModel(
        lifecycle=_read_lifecycle(model.get("lifecycle", {})),
        touchpoints=touchpoints,
        grace_days=read_whole(model.get("grace_days", 14), "grace_days", 0, MAX_DAYS),
    )


def model_to_json(model: TouchModel) -> dict[str, Any]:
    """The model as JSON values; `validate_model` gives the same model back."""
    lifecycle, rule = model.lifecycle, model.lifecycle.onboarding
    return {
        "lifecycle": {
            "onboarding": {
                "milestone": rule.milestone,
                "milestone_days": rule.milestone_days,
                "logins": rule.logins,
                "login_days": rule.login_days,
            },
            "adoption_days": lifecycle.adoption_days,
            "value_milestone": lifecycle.value_milestone,
            "renewal_days": lifecycle.renewal_days,
        },
        "touchpoints": [_touchpoint_to_json(each) for each in model.touchpoints],
        "grace_days": model.grace_days,
    }


def _touchpoint_to_json(touchpoint: Touchpoint) -> dict[str, Any]:
    anchor: dict[str, Any] = {"kind": touchpoint.anchor.kind}
    if touchpoint.anchor.name is not None:
        anchor["name"] = touchpoint.anchor.name
    named: dict[str, Any] = {} if touchpoint.name is None else {"name": touchpoint.name}
    if touchpoint.sends is not None:
        named["sends"] = _sends_to_json(touchpoint.sends)
    when = dict(touchpoint.when)
    if "attribute" in when:
        when["attribute"] = {name: list(each) for name, each in when["attribute"].items()}
    return {
        "key": touchpoint.key,
        "anchor": anchor,
        "offset_days": touchpoint.offset_days,
        "kinds": dict(touchpoint.kinds),
        "when": {
            name: value if name == "attribute" else list(value) for name, value in when.items()
        },
        "repeat_days": touchpoint.repeat_days,
        **named,
    }


def _sends_to_json(sends: Sends) -> dict[str, Any]:
    amounts = {"a_day": sends.a_day, "person_days": sends.person_days}
    return outreach_to_json(sends.outreach) | amounts


def _read_touchpoint(value: object, at: str) -> Touchpoint:
    known = ("key", "anchor", "offset_days", "kinds", "when", "repeat_days", "name", "sends")
    given = read_object(value, at, known)
    name = given.get("name")
    when = read_object(given.get("when", {}), f"{at}.when", tuple(CONDITIONS))
    return Touchpoint(
        key=read_key(given.get("key"), f"{at}.key"),
        anchor=_read_anchor(given.get("anchor"), f"{at}.anchor"),
        offset_days=read_whole(given.get("offset_days"), f"{at}.offset_days", -MAX_DAYS, MAX_DAYS),
        kinds=(kinds := _read_kinds(given.get("kinds"), f"{at}.kinds")),
        when={name: _read_condition(name, when[name], f"{at}.when.{name}") for name in when},
        repeat_days=read_whole(given.get("repeat_days", 180), f"{at}.repeat_days", 1, MAX_DAYS),
        name=None if name is None else read_text(name, f"{at}.name"),
        sends=_read_sends(given.get("sends"), kinds.get("tech"), f"{at}.sends"),
    )


def _read_sends(value: object, kind: str | None, at: str) -> Sends | None:
    if value is None:
        return None
    if kind is None:
        raise FieldError(at, "expected a kind for tech, which it would be")
    given = dict(read_object(value, at, (*FIELDS, "a_day", "person_days")))
    a_day = read_whole(given.pop("a_day", A_DAY), f"{at}.a_day", 1, MAX_A_DAY)
    person_days = read_whole(
        given.pop("person_days", PERSON_DAYS), f"{at}.person_days", 0, MAX_PERSON_DAYS
    )
    outreach = read_outreach(given, kind, at)
    assert outreach is not None  # of an e-mail or a survey, and tech has no other kind
    if a_day < outreach.most_people:
        raise FieldError(f"{at}.a_day", f"expected at least most_people, {outreach.most_people}")
    return Sends(outreach, a_day, person_days)


def _read_anchor(value: object, at: str) -> Anchor:
    given = read_object(value, at, ("kind", "name"))
    kind = read_one_of(given.get("kind"), f"{at}.kind", ANCHORS)
    name = given.get("name")
    if kind == "milestone":
        return Anchor(kind, read_text(name, f"{at}.name"))
    if kind == "stage":
        return Anchor(kind, read_one_of(name, f"{at}.name", STAGES[1:]))
    if name is not None:
        raise FieldError(f"{at}.name", f"the anchor {kind} has none")
    return Anchor(kind)


def _read_kinds(value: object, at: str) -> dict[str, str]:
    given = read_object(value, at, TOUCHES)
    if not given:
        raise FieldError(at, f"expected at least one of {', '.join(TOUCHES)}")
    kinds = {touch: read_one_of(given[touch], f"{at}.{touch}", KINDS) for touch in given}
    if kinds.get("tech") in ("call", "task"):
        raise FieldError(f"{at}.tech", "expected email or survey: nobody is there to do more")
    return kinds


def _read_condition(name: str, value: object, at: str) -> object:
    if name == "attribute":
        return read_attributes(value, at)
    allowed = {"stage": STAGES, "onboarding": ONBOARDING}.get(name)
    if allowed is None:
        return read_list(value, at, read_text)
    return read_list(value, at, lambda entry, place: read_one_of(entry, place, allowed))


def _read_lifecycle(value: object) -> Lifecycle:
    known = ("onboarding", "adoption_days", "value_milestone", "renewal_days")
    given = read_object(value, "lifecycle", known)
    milestone = given.get("value_milestone")
    at = "lifecycle.value_milestone"
    return Lifecycle(
        onboarding=_read_onboarding(given.get("onboarding", {})),
        adoption_days=read_whole(
            given.get("adoption_days", 90), "lifecycle.adoption_days", 1, MAX_DAYS
        ),
        value_milestone=None if milestone is None else read_text(milestone, at),
        renewal_days=read_whole(
            given.get("renewal_days", 90), "lifecycle.renewal_days", 0, MAX_DAYS
        ),
    )


def _read_onboarding(value: object) -> OnboardingRule:
    at = "lifecycle.onboarding"
    given = read_object(value, at, ("milestone", "milestone_days", "logins", "login_days"))
    milestone, logins = given.get("milestone", "setup_done"), given.get("logins")
    if milestone is None and logins is None:
        raise FieldError(at, "expected a milestone, a number of logins, or both")
    days = {
        name: read_whole(given.get(name, 31), f"{at}.{name}", 1, MAX_ONBOARDING_DAYS)
        for name in ("milestone_days", "login_days")
    }
    return OnboardingRule(
        milestone=None if milestone is None else read_text(milestone, f"{at}.milestone"),
        logins=None if logins is None else read_whole(logins, f"{at}.logins", 1, 10_000),
        **days,
    )
