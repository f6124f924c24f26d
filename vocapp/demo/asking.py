"""Who was asked by e-mail, so that the demo's answers have a way that led to them.

A pure function of the answers and a seed: each answer that came by e-mail has an invitation that
was sent some hours or days before, the unhappy waiting a little longer; and for each of these
there are others, to people who looked and said nothing, or did not look. Scanners of mail are
among those who looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from vocapp.demo.answers import PlannedAnswer, third_of
from vocapp.demo.company import Person

# Of those asked, how many answer; of the silent, how many looked, and whose address is gone.
RATES = {"nps": 0.31, "csat": 0.36, "ces": 0.42}
_LOOKED, _BOUNCED, _UNSUBSCRIBED = 0.17, 0.018, 0.02
_HOURS_TO_ANSWER = (24.0, 27.0, 31.0)  # on average, by how good the score is
_NOT_YET = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class PlannedInvitation:
    """One person asked once; answer: the id of what came back."""

    id: UUID
    survey: str  # its kind
    person: Person
    asked_at: datetime
    state: str
    reason: str | None = None
    seen_at: datetime | None = None
    answered_at: datetime | None = None
    answer: UUID | None = None


def planned(
    rng: Random, among: Sequence[Person], answers: Sequence[PlannedAnswer], *, now: datetime
) -> list[PlannedInvitation]:
    """The invitations behind the answers by e-mail, and those that stayed without one."""
    invitations: list[PlannedInvitation] = []
    for answer in answers:
        if answer.channel != "email":
            continue
        invitations.append(_answered(rng, answer))
        silent = 1 / RATES[answer.survey] - 1
        for _ in range(int(silent) + (rng.random() < silent % 1)):
            asked_at = invitations[-1].asked_at + timedelta(hours=rng.uniform(-60, 60))
            if asked_at < now - _NOT_YET:
                invitations.append(_silent(rng, answer.survey, rng.choice(among), asked_at))
    return invitations


def _answered(rng: Random, answer: PlannedAnswer) -> PlannedInvitation:
    mean = _HOURS_TO_ANSWER[third_of(answer.survey, answer.score)]
    waited = timedelta(hours=min(24 * 20, 0.1 + rng.expovariate(1 / mean)))
    return PlannedInvitation(
        id=UUID(int=rng.getrandbits(128), version=4),
        survey=answer.survey,
        person=answer.person,
        asked_at=answer.answered_at - waited,
        state="answered",
        seen_at=answer.answered_at - timedelta(seconds=rng.randrange(20, 240)),
        answered_at=answer.answered_at,
        answer=answer.id,
    )


def _silent(rng: Random, survey: str, person: Person, asked_at: datetime) -> PlannedInvitation:
    dice = rng.random()
    state, reason, seen_at = "sent", None, None
    if dice < _BOUNCED:
        state, reason = "bounced", "550 5.1.1"
    elif dice < _BOUNCED + _UNSUBSCRIBED:
        state, reason = "not_sent", "unsubscribed"
    elif rng.random() < _LOOKED:
        seen_at = asked_at + timedelta(hours=rng.expovariate(1 / 9))
    return PlannedInvitation(
        id=UUID(int=rng.getrandbits(128), version=4),
        survey=survey, person=person, asked_at=asked_at, state=state, reason=reason,
        seen_at=seen_at,
    )  # fmt: skip
