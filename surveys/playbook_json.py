"""Playbooks as JSON: read, checked with each wrong field named by its path, and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.contact_roles import CHAMPION, MAX_ROLES, read_roles
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
from surveys.lifecycle import Touch
from surveys.outreach import FIELDS as OUTREACH_FIELDS
from surveys.outreach import outreach_to_json, read_outreach
from surveys.playbooks import (
    A_DAY,
    MAX_A_DAY,
    MAX_DAYS,
    MAX_MINUTES,
    MAX_PERSON_DAYS,
    PERSON_DAYS,
    STEP_KINDS,
    TOUCHES,
    TRIGGERS,
    Playbook,
    Step,
    Trigger,
)

MAX_STEPS = 30
# Of a trigger, beside whole numbers.
_OTHER_SETTINGS = {
    "health_drop": ("bands",), "feature_unused": ("feature",), "champion_left": ("roles",),
}  # fmt: skip


def validate_playbook(data: object) -> Playbook:
    """Read and check a playbook; FieldError names the first field that is wrong.

    ``{"key", "trigger": {"kind", …}, "steps": [{"key", "kind", "offset_days"?, "minutes"?,
    "touch"?, …}], "attributes"?, "touch"?, "a_day"?, "person_days"?}``. A step of kind email has
    ``words`` (language to subject and body), one of kind survey ``survey`` (its id), and both
    ``roles``? and ``most_people``?, see `surveys.outreach`. The fields of a trigger,
    days unless said otherwise:

    - health_drop: ``points`` or ``bands`` (a list of names), one of them;
    - onboarding_stalled: ``days``, ``until_days``?; feature_unused: ``feature`` as well. From
      until_days on it is too late for it, so that a new playbook does not call old accounts;
    - usage_down: ``percent``? (30), ``recovered_percent``? (10, less than percent),
      ``least_usual``? (1, in the unit of the usage);
    - detractor, champion_left: ``within_days``? (14), ``quiet_days``? (30). champion_left:
      ``roles``? (champion), those of a person whose leaving counts;
    - renewal_in: ``days``.

    >>> validate_playbook({"key": "a", "trigger": {"kind": "renewal_in"}, "steps": []})
    Traceback (most recent call last):
    ...
    surveys.fields.FieldError: trigger.days: expected a whole number from 0 to 1100
    """
    known = ("key", "trigger", "steps", "attributes", "touch", "a_day", "person_days")
    given = read_object(data, "playbook", known)
    key = read_key(given.get("key"), "key")
    trigger = _read_trigger(given.get("trigger"))
    steps = read_list(given.get("steps"), "steps", _read_step, most=MAX_STEPS)
    check_once([step.key for step in steps], "steps")
    attributes = given.get("attributes", {})
    # An account's people are written to on one day.
    most = max((step.outreach.most_people for step in steps if step.outreach), default=1)
    return Playbook(
        key=key,
        trigger=trigger,
        steps=steps,
        attributes=read_attributes(attributes, "attributes") if attributes else {},
        touch=_read_touch(given.get("touch", TOUCHES), "touch"),
        a_day=read_whole(given.get("a_day", A_DAY), "a_day", most, MAX_A_DAY),
        person_days=read_whole(
            given.get("person_days", PERSON_DAYS), "person_days", 0, MAX_PERSON_DAYS
        ),
    )


def playbook_to_json(playbook: Playbook) -> dict[str, Any]:
    """The playbook as JSON values; `validate_playbook` gives the same playbook back."""
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in playbook.trigger.settings.items()
    }
    return {
        "key": playbook.key,
        "trigger": {"kind": playbook.trigger.kind, **settings},
        "steps": [
            {
                "key": step.key,
                "kind": step.kind,
                "offset_days": step.offset_days,
                "minutes": step.minutes,
                "touch": list(step.touch),
                **outreach_to_json(step.outreach),
            }
            for step in playbook.steps
        ],
        "attributes": {name: list(values) for name, values in playbook.attributes.items()},
        "touch": list(playbook.touch),
        "a_day": playbook.a_day,
        "person_days": playbook.person_days,
    }


def _read_trigger(value: object) -> Trigger:
    if not isinstance(value, Mapping):
        raise FieldError("trigger", "expected an object with kind")
    kind = read_one_of(value.get("kind"), "trigger.kind", tuple(TRIGGERS))
    fields = TRIGGERS[kind].fields
    names = _OTHER_SETTINGS.get(kind, ())
    given = read_object(value, "trigger", ("kind", *fields, *names))
    if "bands" in given:
        if "points" in given:
            raise FieldError("trigger.points", "expected points or bands, not both")
        return Trigger(kind, {"bands": read_list(given["bands"], "trigger.bands", read_text)})
    settings: dict[str, Any] = {
        name: read_whole(given.get(name, default), f"trigger.{name}", least, most)
        for name, (default, least, most) in fields.items()
    }
    if "feature" in names:
        settings["feature"] = read_text(given.get("feature"), "trigger.feature")
    if "roles" in names:
        settings["roles"] = _read_roles(given.get("roles", [CHAMPION]), "trigger.roles")
    _check_order(settings)
    return Trigger(kind, settings)


def _read_roles(value: object, at: str) -> tuple[str, ...]:
    try:
        return read_roles(read_list(value, at, read_text, most=MAX_ROLES))
    except ValueError as error:
        raise error if isinstance(error, FieldError) else FieldError(at, str(error)) from error


def _check_order(settings: Mapping[str, int]) -> None:
    if "until_days" in settings and settings["until_days"] <= settings["days"]:
        raise FieldError("trigger.until_days", "expected more than days: it would never fire")
    if "percent" in settings and settings["recovered_percent"] >= settings["percent"]:
        raise FieldError("trigger.recovered_percent", "expected less than percent")


def _read_step(value: object, at: str) -> Step:
    given = read_object(
        value, at, ("key", "kind", "offset_days", "minutes", "touch", *OUTREACH_FIELDS)
    )
    key = read_key(given.get("key"), f"{at}.key")
    kind = read_one_of(given.get("kind"), f"{at}.kind", STEP_KINDS)
    usual = ("high",) if kind == "task" else TOUCHES
    touch = _read_touch(given.get("touch", usual), f"{at}.touch")
    if kind == "task" and "tech" in touch:
        raise FieldError(f"{at}.touch", "a task needs a person: expected only high")
    return Step(
        key=key,
        kind=kind,
        offset_days=read_whole(given.get("offset_days", 0), f"{at}.offset_days", 0, MAX_DAYS),
        minutes=read_whole(given.get("minutes", 15), f"{at}.minutes", 0, MAX_MINUTES),
        touch=touch,
        outreach=read_outreach(given, kind, at),
    )


def _read_touch(value: object, at: str) -> tuple[Touch, ...]:
    found = read_list(value, at, lambda entry, place: read_one_of(entry, place, TOUCHES))
    return tuple(touch for touch in TOUCHES if touch in found)
