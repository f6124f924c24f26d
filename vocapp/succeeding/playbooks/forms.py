"""The form of a playbook: what was typed stays typed, and each wrong field is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveys.contact_roles import CHAMPION, MAX_LENGTH, MAX_ROLES, OFFERED, read_roles
from surveys.fields import FieldError
from surveys.playbook_json import validate_playbook
from surveys.playbooks import (
    A_DAY,
    MAX_A_DAY,
    MAX_PERSON_DAYS,
    PERSON_DAYS,
    TOUCHES,
    TRIGGERS,
)
from vocapp.succeeding.attribute_lines import attribute_lines, parse_attributes
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.succeeding.playbooks.offers import Offer
from vocapp.succeeding.playbooks.step_forms import (
    STEPS,
    StepRows,
    languages_of,
    rows_in_use,
    typed_step,
)
from vocapp.translating import gettext as _

__all__ = ["STEPS", "Draft", "Form", "from_offer", "from_playbook", "from_request"]

MAX_NAME = 120
BOTH = "both"
Surveys = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A playbook as people write it."""

    name: str
    definition: dict[str, Any]
    titles: dict[str, str]


@dataclass(slots=True)
class Form:
    """typed: by the name of the field, as text; errors: in words, by the same names. surveys: those
    that can be asked, with their names."""

    kind: str
    typed: dict[str, str]
    surveys: Surveys = ()
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> list[str]:
        """The settings of the trigger that are asked for."""
        names = list(TRIGGERS[self.kind].fields)
        return ["feature", *names] if self.kind == "feature_unused" else names

    @property
    def asks_roles(self) -> bool:
        """Whether it goes by what people are at their account."""
        return self.kind == "champion_left"

    def _roles(self) -> list[str]:
        """The roles that are ticked, and own words between commas."""
        ticked = [role for role in OFFERED if self.typed.get(f"left-{role}")]
        own = self.typed.get("left-own", "").replace("、", ",").replace("，", ",").split(",")
        try:
            found = list(read_roles([*ticked, *own]))
        except ValueError:
            self.errors["left-own"] = _(
                "Name at most %(most)s roles of at most %(long)s characters.",
                most=MAX_ROLES, long=MAX_LENGTH,
            )  # fmt: skip
            return []
        if not found:
            self.errors["left-own"] = _("Tick at least one role, or name one.")
        return found

    @property
    def languages(self) -> list[str]:
        """In which there is room for e-mails."""
        return languages_of(self.typed)

    @property
    def rows_in_use(self) -> int:
        """How many of the rows of steps are shown at once."""
        return rows_in_use(self.typed, self.errors)

    def add_language(self, language: str) -> None:
        """Make room for e-mails in one more language."""
        if language:
            self.typed["languages"] = ",".join([*self.languages, language])

    def read(self) -> Draft | None:
        """What was typed, checked; None where something is wrong, which `errors` then says."""
        self.errors = {}
        rows = StepRows(self.typed, self.surveys, self.errors)
        name = self.typed.get("name", "").strip()
        if not 1 <= len(name) <= MAX_NAME:
            self.errors["name"] = _(
                "Give it a name of at most %(count)s characters.", count=MAX_NAME
            )
        trigger: dict[str, Any] = {"kind": self.kind}
        for setting in self.settings:
            trigger[setting] = (
                self.typed.get(setting, "").strip()
                if setting == "feature"
                else rows.whole(setting, *TRIGGERS[self.kind].fields[setting][1:])
            )
        if self.asks_roles:
            trigger["roles"] = self._roles()
        if self.kind == "feature_unused" and not trigger["feature"]:
            self.errors["feature"] = _("Enter the name of the feature as events carry it.")
        touch = self.typed.get("touch", BOTH)
        attributes = self._attributes()
        steps, titles = rows.read()
        definition = {
            "key": self.kind.replace("_", "-"), "trigger": trigger, "steps": steps,
            "touch": [touch] if touch in TOUCHES else list(TOUCHES),
            "a_day": rows.whole("a_day", 1, MAX_A_DAY, usual=A_DAY),
            "person_days": rows.whole("person_days", 0, MAX_PERSON_DAYS, usual=PERSON_DAYS),
        }  # fmt: skip
        if attributes:
            definition["attributes"] = attributes
        if not self.errors:
            self._check(definition)
        return None if self.errors else Draft(name, definition, titles)

    def _attributes(self) -> dict[str, list[str]]:
        try:
            return parse_attributes(self.typed.get("attributes", ""))
        except ValueError as problem:
            self.errors["attributes"] = str(problem)
            return {}

    def _check(self, definition: dict[str, Any]) -> None:
        try:
            validate_playbook(definition)
        except FieldError as error:
            name = error.field.removeprefix("trigger.")
            words = {
                "until_days": _("Enter more days than above, or it never fires."),
                "recovered_percent": _("Enter less than the fall that it fires at."),
                "a_day": _("Enter at least as many as at one account."),
            }
            known = [*self.settings, "a_day"]
            self.errors[name if name in known else "name"] = words.get(
                name, _("This cannot be used.")
            )


def _typed_roles(roles: Sequence[str]) -> dict[str, str]:
    """Roles as the form has them: ticks, and own words between commas."""
    own = ", ".join(role for role in roles if role not in OFFERED)
    return {f"left-{role}": "1" for role in roles if role in OFFERED} | {"left-own": own}


def from_request(kind: str, given: Mapping[str, str], surveys: Surveys = ()) -> Form:
    return Form(kind, dict(given.items()), surveys)


def from_offer(offer: Offer, *, feature: str = "", surveys: Surveys = ()) -> Form:
    """What an offer says, in the reader's language; feature: which one it is about, where it asks
    for one."""
    typed = {"name": str(offer.name), "touch": offer.touch}
    typed |= {key: str(value) for key, value in offer.all_settings().items()}
    typed |= _typed_roles([CHAMPION])
    for place, step in enumerate(offer.steps):
        plain = {"kind": step.kind, "offset_days": step.days, "minutes": step.minutes}
        typed |= typed_step(place, str(step.title), plain, step.outreach)
    form = Form(offer.kind, typed, surveys)
    if feature and "feature" in form.settings:
        form.typed["feature"] = feature
    return form


def from_playbook(playbook: Playbook, surveys: Surveys = ()) -> Form:
    rules, trigger = validate_playbook(playbook.definition), playbook.definition["trigger"]
    typed = {"name": playbook.name, "version": str(playbook.version)}
    typed |= {key: str(value) for key, value in trigger.items() if key not in ("kind", "roles")}
    typed |= _typed_roles(rules.trigger.settings.get("roles", ()))
    typed["touch"] = rules.touch[0] if len(rules.touch) == 1 else BOTH
    typed["attributes"] = "\n".join(attribute_lines(rules.attributes))
    typed |= {"a_day": str(rules.a_day), "person_days": str(rules.person_days)}
    written = [each.outreach.words for each in rules.steps if each.outreach]
    for place, step in enumerate(playbook.definition["steps"]):
        known = rules.step(step["key"])
        title = playbook.titles[step["key"]]
        typed |= typed_step(place, title, step, known.outreach if known else None)
        typed[f"key-{place}"] = step["key"]
    form = Form(trigger["kind"], typed, surveys)
    spoken = [language for words in written for language in words]
    form.typed["languages"] = ",".join(dict.fromkeys([*form.languages, *spoken]))
    return form
