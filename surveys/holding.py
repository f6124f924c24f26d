"""Which pressed buttons stand aside until a person has looked: those of scanners of mail.

Whoever delivers mail opens its links to see what is behind them, and some programs press buttons
as well. Looking at a page never counts. A press is judged by what a
person cannot help: to see the page before pressing, to come by one link of the mail or two, and
not to follow a link that nobody can see. Not by who the client says it is, nor by whether it is
run by a program: both can be said either way, and people are held for it.

Only what happened about the time when the page was made is looked at: a scanner that went through
a mail when it came does not make the person suspect who opens it an hour later. What cannot be
told apart: a program that opens one link, waits, and presses once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# In the order in which they are said.
REASONS = ("hidden_link", "many_scores", "too_fast")
FASTEST = timedelta(seconds=2)  # from the page to the press
MANY_SCORES = 3  # so many different links of one scale
NEARBY = timedelta(seconds=30)  # before and after the visit began


@dataclass(frozen=True, slots=True)
class Fetch:
    """A link that was opened. score: which of the scale, None for the page without one.

    hidden: it was one that people do not see; visit: on the page of this visit, None in the mail.
    """

    at: datetime
    score: int | None = None
    hidden: bool = False
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """From the opening of a link on, over all steps of the page.

    began_at: when the first page was made; made_at: when the one was on which the button is.
    is_cleared: an earlier press of this visit raised no doubt.
    """

    name: str
    began_at: datetime
    made_at: datetime
    is_cleared: bool = False


def reasons_to_hold(
    visit: Visit | None, fetches: Sequence[Fetch], *, pressed_at: datetime
) -> tuple[str, ...]:
    """Why a press is held, codes out of `REASONS`; empty: it counts.

    visit: None where the form does not tell; then it began when a link was opened last. fetches:
    of this invitation, in any order.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> visit = Visit("v", noon, noon)
    >>> reasons_to_hold(visit, [Fetch(noon, 9)], pressed_at=noon + timedelta(seconds=4))
    ()
    >>> at_once = [Fetch(noon, score) for score in range(11)]
    >>> reasons_to_hold(visit, at_once, pressed_at=noon + timedelta(seconds=1))
    ('many_scores', 'too_fast')
    """
    visit = visit or _last_of(fetches)
    if visit is None or visit.is_cleared:
        return ()
    near = [each for each in fetches if abs(each.at - visit.began_at) <= NEARBY]
    scores = {each.score for each in near if each.score is not None}
    found = {
        "hidden_link": any(each.hidden and each.visit is None for each in near)
        or any(each.hidden and each.visit == visit.name for each in fetches),
        "many_scores": len(scores) >= MANY_SCORES,
        "too_fast": pressed_at - visit.made_at < FASTEST,
    }
    return tuple(reason for reason in REASONS if found.get(reason))


def _last_of(fetches: Sequence[Fetch]) -> Visit | None:
    opened = [each.at for each in fetches if not each.hidden]
    return Visit("", max(opened), max(opened)) if opened else None
