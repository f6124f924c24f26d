"""The fields of what a touchpoint sends by itself; what was typed stays typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from surveys.playbooks import A_DAY, MAX_A_DAY, MAX_PERSON_DAYS, PERSON_DAYS
from surveys.touchpoints import Sends, Touchpoint
from vocapp.succeeding.playbooks.step_forms import StepRows, languages_of, typed_outreach
from vocapp.succeeding.touchpoints.offered_letters import offered
from vocapp.translating import gettext as _

PLACE = 0  # fields are called as those of the first step of a playbook
Surveys = Sequence[tuple[str, str]]


@dataclass(slots=True)
class SendsForm:
    """typed: by the name of the field, as text; errors: in words, by the same names. surveys: those
    that can be asked, with their names."""

    typed: dict[str, str]
    surveys: Surveys = ()
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> list[str]:
        """In which there is room for e-mails."""
        return languages_of(self.typed)

    @property
    def is_on(self) -> bool:
        """Whether it is to go out by itself."""
        return bool(self.typed.get("by_itself"))

    def add_language(self, language: str) -> None:
        """Make room for e-mails in one more language."""
        if language:
            self.typed["languages"] = ",".join([*self.languages, language])

    def read(self, kind: str) -> dict[str, Any] | None:
        """What `surveys.touchpoints` reads as what is sent; None where nothing is to be. What is
        wrong stands in `errors`. kind: of what tech-touch accounts get, empty for nothing."""
        self.errors = {}
        if not self.is_on:
            return None
        if not kind:
            self.errors["by_itself"] = _(
                "Choose an e-mail or a survey for accounts without an owner."
            )
            return None
        rows = StepRows(self.typed, self.surveys, self.errors)
        sends = rows.outreach(PLACE, kind) | {
            "a_day": rows.whole("a_day", 1, MAX_A_DAY, usual=A_DAY),
            "person_days": rows.whole("person_days", 0, MAX_PERSON_DAYS, usual=PERSON_DAYS),
        }
        if not self.errors and sends["a_day"] < sends["most_people"]:
            self.errors["a_day"] = _("Enter at least as many as at one account.")
        return sends


def from_touchpoint(touchpoint: Touchpoint | None, surveys: Surveys) -> SendsForm:
    """What it sends; where it sends nothing what is offered, not switched on."""
    key = touchpoint.key if touchpoint else None
    sends = touchpoint.sends if touchpoint else None
    shown = sends or Sends(offered(key))
    # Whoever changes from a survey to an e-mail finds the words that are offered.
    words = shown.outreach.words or offered(key).words
    typed = typed_outreach(PLACE, replace(shown.outreach, words=words))
    typed |= {"a_day": str(shown.a_day), "person_days": str(shown.person_days)}
    typed["by_itself"] = "1" if sends else ""
    form = SendsForm(typed, surveys)
    form.typed["languages"] = ",".join(dict.fromkeys([*form.languages, *words]))
    return form


def from_request(given: Mapping[str, str], surveys: Surveys) -> SendsForm:
    return SendsForm(dict(given.items()), surveys)
