"""The form of a playbook: what was typed stays typed, and each wrong field is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.fields import FieldError, read_text
from surveys.playbook_json import validate_playbook
from surveys.playbooks import MAX_DAYS, MAX_MINUTES, TRIGGERS
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.succeeding.playbooks.offers import Offer
from vocapp.translating import gettext as _

STEPS = 5  # a form has room for so many
MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Draft:
    """A playbook as people write it."""

    name: str
    definition: dict[str, Any]
    titles: dict[str, str]


@dataclass(slots=True)
class Form:
    """typed: by the name of the field, as text; errors: in words, by the same names."""

    kind: str
    typed: dict[str, str]
    kept: Mapping[str, Any] = field(default_factory=dict)  # what the form does not show
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> list[str]:
        """The settings of the trigger that are asked for."""
        names = list(TRIGGERS[self.kind].fields)
        return ["feature", *names] if self.kind == "feature_unused" else names

    def read(self) -> Draft | None:
        """What was typed, checked; None where something is wrong, which `errors` then says."""
        self.errors = {}
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
                else self._whole(setting, *TRIGGERS[self.kind].fields[setting][1:])
            )
        if self.kind == "feature_unused" and not trigger["feature"]:
            self.errors["feature"] = _("Enter the name of the feature as events carry it.")
        steps, titles = self._steps()
        definition = dict(self.kept) | {
            "key": self.kind.replace("_", "-"), "trigger": trigger, "steps": steps,
        }  # fmt: skip
        if not self.errors:
            self._check(definition)
        return None if self.errors else Draft(name, definition, titles)

    def _whole(self, name: str, least: int, most: int) -> int | None:
        try:
            number = int(self.typed.get(name, ""))
        except ValueError:
            number = least - 1
        if least <= number <= most:
            return number
        self.errors[name] = _(
            "Enter a whole number from %(least)s to %(most)s.", least=least, most=most
        )
        return None

    def _steps(self) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Rows without words are left out."""
        steps, titles = [], {}
        for place in range(STEPS):
            words = self.typed.get(f"title-{place}", "").strip()
            if not words:
                continue
            try:
                read_text(words, "title")
            except FieldError:
                self.errors[f"title-{place}"] = _("Use at most 200 characters.")
            key = f"step-{place}"
            titles[key] = words
            steps.append(
                {
                    "key": key, "kind": "task", "touch": ["high"],
                    "offset_days": self._whole(f"days-{place}", 0, MAX_DAYS),
                    "minutes": self._whole(f"minutes-{place}", 0, MAX_MINUTES),
                }
            )  # fmt: skip
        if not steps:
            self.errors["title-0"] = _("Say at least one thing to do.")
        return steps, titles

    def _check(self, definition: dict[str, Any]) -> None:
        try:
            validate_playbook(definition)
        except FieldError as error:
            name = error.field.removeprefix("trigger.")
            words = {
                "until_days": _("Enter more days than above, or it never fires."),
                "recovered_percent": _("Enter less than the fall that it fires at."),
            }
            self.errors[name if name in self.settings else "name"] = words.get(
                name, _("This cannot be used.")
            )


def from_request(kind: str, given: Mapping[str, str], kept: Mapping[str, Any]) -> Form:
    return Form(kind, dict(given.items()), kept)


def from_offer(offer: Offer, *, feature: str = "") -> Form:
    """What an offer says, in the reader's language; feature: which one it is about, where it asks
    for one."""
    steps = [(str(words), days, minutes) for words, days, minutes in offer.steps]
    form = Form(offer.kind, _typed(str(offer.name), offer.all_settings(), steps))
    if feature and "feature" in form.settings:
        form.typed["feature"] = feature
    return form


def from_playbook(playbook: Playbook) -> Form:
    trigger = playbook.definition["trigger"]
    steps = [
        (playbook.titles[step["key"]], step["offset_days"], step["minutes"])
        for step in playbook.definition["steps"]
    ]
    form = Form(trigger["kind"], _typed(playbook.name, trigger, steps), kept_of(playbook))
    form.typed["version"] = str(playbook.version)
    return form


def kept_of(playbook: Playbook) -> dict[str, Any]:
    """Which accounts it is for: the form leaves that as it is."""
    names = [name for name in ("attributes", "touch") if playbook.definition.get(name)]
    return {name: playbook.definition[name] for name in names}


def _typed(
    name: str, settings: Mapping[str, Any], steps: list[tuple[str, int, int]]
) -> dict[str, str]:
    typed = {"name": name} | {key: str(value) for key, value in settings.items() if key != "kind"}
    for place, (words, days, minutes) in enumerate(steps):
        typed |= {
            f"title-{place}": words, f"days-{place}": str(days), f"minutes-{place}": str(minutes),
        }  # fmt: skip
    return typed
