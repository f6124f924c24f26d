"""The steps in the form of a playbook: tasks, e-mails and surveys, each a row of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surveys.contact_roles import OFFERED
from surveys.fields import FieldError, read_text
from surveys.letters import open_gaps, unknown_gaps
from surveys.outreach import (
    GAPS,
    MAX_BODY,
    MAX_LANGUAGES,
    MAX_PEOPLE,
    MAX_SUBJECT,
    USUAL_PEOPLE,
    Outreach,
)
from surveys.playbooks import MAX_DAYS, MAX_MINUTES, STEP_KINDS
from vocapp.authoring.queries import list_surveys
from vocapp.translating import gettext as _
from vocapp.workspaces.access import current_workspace

STEPS = 5  # a form has room for so many
FIRST_LANGUAGES = ("en", "ja")
_MOST_SURVEYS = 200

Typed = dict[str, str]


def rows_in_use(typed: Mapping[str, str], errors: Mapping[str, str]) -> int:
    """How many rows are shown at once: up to the last in which something is written or wrong."""
    written = [name for name, text in typed.items() if text.strip()]
    telling = [name for name in written if name.split("-")[0] in ("title", "subject", "body")]
    places = {part for name in (*telling, *errors) for part in name.split("-")[1:2]}
    return max((place + 1 for place in range(STEPS) if str(place) in places), default=1)


class StepRows:
    """Reads the rows of what was typed; what is wrong stands in `errors` by the name of a field."""

    def __init__(
        self, typed: Mapping[str, str], surveys: Sequence[tuple[str, str]], errors: dict[str, str]
    ) -> None:
        self._typed, self._surveys, self.errors = typed, dict(surveys), errors

    def read(self) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Steps and what each is called; rows without words are left out."""
        steps: list[dict[str, Any]] = []
        titles: dict[str, str] = {}
        for place in range(STEPS):
            words = self._text(f"title-{place}")
            if not words:
                if self._has_letter(place):
                    self.errors[f"title-{place}"] = _("Say what this step is called.")
                continue
            try:
                read_text(words, "title")
            except FieldError:
                self.errors[f"title-{place}"] = _("Use at most 200 characters.")
            key = self._key(place)
            titles[key] = words
            steps.append(self._step(place, key))
        if not steps and "title-0" not in self.errors:
            self.errors["title-0"] = _("Say at least one thing to do.")
        return steps, titles

    def _text(self, name: str) -> str:
        return self._typed.get(name, "").replace("\r\n", "\n").strip()

    def _key(self, place: int) -> str:
        """What it had, so that what waits to go out finds it; a free one for a new row."""
        taken = [self._typed.get(f"key-{each}", "") for each in range(STEPS)]
        if taken[place] and taken[place] not in taken[:place]:
            return taken[place]
        mine = [each for each in range(STEPS) if not taken[each]]
        free = [
            key for key in (f"step-{number}" for number in range(2 * STEPS)) if key not in taken
        ]
        return free[mine.index(place)] if place in mine else free[-1]

    def _has_letter(self, place: int) -> bool:
        names = ("subject", "body")
        return self._typed.get(f"kind-{place}") == "email" and any(
            self._text(f"{name}-{place}-{language}")
            for language in languages_of(self._typed)
            for name in names
        )

    def _step(self, place: int, key: str) -> dict[str, Any]:
        kind = self._typed.get(f"kind-{place}", "task")
        if kind not in STEP_KINDS:
            kind = "task"
        step: dict[str, Any] = {
            "key": key, "kind": kind, "touch": ["high"] if kind == "task" else ["high", "tech"],
            "offset_days": self.whole(f"days-{place}", 0, MAX_DAYS),
            "minutes": self.whole(f"minutes-{place}", 0, MAX_MINUTES),
        }  # fmt: skip
        return step if kind == "task" else step | self.outreach(place, kind)

    def outreach(self, place: int, kind: str) -> dict[str, Any]:
        """To whom it goes, and the e-mail or the survey."""
        said: dict[str, Any] = {
            "roles": [role for role in OFFERED if self._typed.get(f"role-{place}-{role}")],
            "most_people": self.whole(f"most-{place}", 1, MAX_PEOPLE, usual=USUAL_PEOPLE),
        }
        if kind == "email":
            return said | {"words": self._letters(place)}
        return said | {"survey": self._survey(place)}

    def _survey(self, place: int) -> str:
        chosen = self._text(f"survey-{place}")
        if chosen not in self._surveys:
            self.errors[f"survey-{place}"] = (
                _("Choose a survey.") if self._surveys else _("Publish a survey first.")
            )
        return chosen

    def _letters(self, place: int) -> dict[str, dict[str, str]]:
        """The languages in which something is written."""
        found = {}
        languages = languages_of(self._typed)
        for language in languages:
            letter = {
                name: self._text(f"{name}-{place}-{language}") for name in ("subject", "body")
            }
            if not any(letter.values()):
                continue
            found[language] = letter
            for name, most in (("subject", MAX_SUBJECT), ("body", MAX_BODY)):
                wrong = _wrong(letter[name], most)
                if wrong:
                    self.errors[f"{name}-{place}-{language}"] = wrong
        if not found:
            self.errors[f"subject-{place}-{languages[0]}"] = _(
                "Write the e-mail in at least one language."
            )
        return found

    def whole(self, name: str, least: int, most: int, *, usual: int | None = None) -> int | None:
        """A whole number; usual: where the field is not there."""
        try:
            number = int(self._typed.get(name, "" if usual is None else str(usual)))
        except ValueError:
            number = least - 1
        if least <= number <= most:
            return number
        self.errors[name] = _(
            "Enter a whole number from %(least)s to %(most)s.", least=least, most=most
        )
        return None


def _wrong(text: str, most: int) -> str | None:
    """What is wrong with a text of a letter, in words."""
    if not 1 <= len(text) <= most:
        return _("Enter 1 to %(count)s characters.", count=most)
    unknown = [gap for gap in open_gaps(text) if gap not in GAPS] + unknown_gaps(text)
    if unknown:
        return _("%(gap)s is no placeholder here.", gap=f"{{{unknown[0]}}}")
    return None


def languages_of(typed: Mapping[str, str]) -> list[str]:
    """In which languages the form has room for e-mails."""
    found = [each for each in typed.get("languages", "").split(",") if each]
    plain = [each for each in found if each.replace("-", "").isalnum() and len(each) <= 20]
    return list(dict.fromkeys(plain))[:MAX_LANGUAGES] or list(FIRST_LANGUAGES)


def published_surveys() -> list[tuple[str, str]]:
    """Those of the workspace that can be asked, newest first: (id, name)."""
    found = list_surveys(current_workspace.id, limit=_MOST_SURVEYS)
    return [(str(each.id), each.name) for each in found if each.state == "published"]


def typed_step(place: int, title: str, step: Mapping[str, Any], outreach: Outreach | None) -> Typed:
    """A step as it stands in the fields of its row."""
    typed = {
        f"title-{place}": title, f"days-{place}": str(step["offset_days"]),
        f"minutes-{place}": str(step["minutes"]), f"kind-{place}": step["kind"],
    }  # fmt: skip
    return typed if outreach is None else typed | typed_outreach(place, outreach)


def typed_outreach(place: int, outreach: Outreach) -> Typed:
    """To whom a step goes and what it says, as it stands in the fields of its row."""
    typed = {
        f"most-{place}": str(outreach.most_people), f"survey-{place}": outreach.survey or "",
    }  # fmt: skip
    typed |= {f"role-{place}-{role}": "1" for role in outreach.roles}
    for language, words in outreach.words.items():
        typed[f"subject-{place}-{language}"] = words.subject
        typed[f"body-{place}-{language}"] = words.body
    return typed
