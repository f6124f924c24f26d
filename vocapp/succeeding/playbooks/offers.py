"""Playbooks that are offered to begin with; what they say is judgement, and changed in the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import LazyString

from surveys.outreach import Outreach
from surveys.playbooks import TRIGGERS
from vocapp.succeeding.playbooks.offered_letters import FEATURE, SET_UP, SET_UP_AGAIN, Letters
from vocapp.translating import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """What to do, after how many days, and how many minutes it takes a person."""

    title: LazyString
    days: int
    minutes: int
    kind: str = "task"
    outreach: Outreach | None = None


def _mail(title: LazyString, days: int, letter: Letters) -> OfferedStep:
    return OfferedStep(title, days, 10, "email", Outreach(words=letter, roles=_USERS))


_USERS = ("champion", "user", "technical")


@dataclass(frozen=True, slots=True)
class Offer:
    """settings: of the trigger, where they differ from its own. key: what it is called in
    addresses, where that is not the kind. touch: for which accounts, as the form has it."""

    kind: str
    name: LazyString
    lead: LazyString
    steps: Sequence[OfferedStep]
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    touch: str = "both"

    @property
    def address(self) -> str:
        """What it is called in the address of its form."""
        return self.key or self.kind

    def all_settings(self) -> dict[str, Any]:
        """What the trigger has by itself, and what this offer says."""
        fields = TRIGGERS[self.kind].fields
        own = {name: default for name, (default, _, _) in fields.items() if default is not None}
        return own | dict(self.settings)


OFFERS = {
    offer.address: offer
    for offer in (
        Offer(
            "onboarding_stalled", _l("Onboarding has stalled"),
            _l("A customer started, and set-up is not done in time."),
            (
                OfferedStep(_l("Call: what keeps them from finishing set-up?"), 0, 30),
                OfferedStep(_l("Check that set-up is done now"), 7, 15),
            ),
            {"days": 30, "until_days": 90},
        ),
        Offer(
            "health_drop", _l("Health has dropped"),
            _l("The health of a customer is well below that of four weeks ago."),
            (
                OfferedStep(_l("Read the account and find out what changed"), 0, 20),
                OfferedStep(_l("Call and agree on what to do"), 2, 30),
            ),
            {"points": 15},
        ),
        Offer(
            "usage_down", _l("Use is down"),
            _l("A customer uses the product much less than it usually does."),
            (OfferedStep(_l("Call: ask what changed in their work"), 1, 30),),
            {"least_usual": 5},
        ),
        Offer(
            "detractor", _l("A detractor answered"),
            _l("Somebody of the customer gave a low score."),
            (OfferedStep(_l("Answer in person and say what follows"), 1, 30),),
        ),
        Offer(
            "champion_left", _l("The champion has left"),
            _l("The person who carried the product at the customer is gone, or another you name."),
            (
                OfferedStep(_l("Find out who takes over"), 1, 20),
                OfferedStep(_l("Introduce yourself and the goals to the new person"), 7, 45),
            ),
        ),
        Offer(
            "renewal_in", _l("A renewal is near"),
            _l("A customer renews within three months."),
            (
                OfferedStep(_l("Prepare the review: what was reached, what is open"), 0, 45),
                OfferedStep(_l("Hold the review and ask about their plans"), 14, 60),
                OfferedStep(_l("Send the offer for renewal"), 45, 20),
            ),
            {"days": 90},
        ),
        Offer(
            "feature_unused", _l("A feature is not used"),
            _l("A customer never used a feature that others stay for."),
            (OfferedStep(_l("Show the feature on their own data"), 3, 30),),
            {"days": 30, "until_days": 180},
        ),
        Offer(
            "onboarding_stalled", _l("E-mails: set-up is not done"),
            _l("Customers whom nobody looks after in person are helped with set-up by e-mail."),
            (
                _mail(_l("What is left to set up"), 0, SET_UP),
                _mail(_l("Set-up is still open"), 7, SET_UP_AGAIN),
            ),
            {"days": 14, "until_days": 90}, "onboarding_letters", "tech",
        ),
        Offer(
            "feature_unused", _l("E-mail: a feature to try"),
            _l("Customers whom nobody looks after in person learn of a feature they never used."),
            (_mail(_l("What the feature is good for"), 0, FEATURE),),
            {"days": 30, "until_days": 180}, "feature_letter", "tech",
        ),
    )
}  # fmt: skip
