"""Use case: the text message of a survey to a telephone at hand, to see what people will get.

It asks nobody: there is no person, no invitation and no line of the ledger, and of the number
nothing is kept. So its link has no row to find either: its code, as long as that of any message,
holds the beginning of the survey's public id and a keyed hash of it, and opens the survey as a
page that stores nothing.
"""

from __future__ import annotations

import string
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.database import scoped, snapshot, transaction
from vocapp.distributing.service import NO_PROVIDER, reason_not_to_text
from vocapp.distributing.sms.models import TextProvider
from vocapp.distributing.sms.provider import Provider
from vocapp.distributing.sms.sending import hand_over
from vocapp.distributing.sms.settings import takes
from vocapp.distributing.sms.wording import CODE_LENGTH, LETTERS
from vocapp.problems import BadInput, TooMany
from vocapp.signing import keyed_hash, keyed_hashes
from vocapp.workspaces.models import AuditEntry
from vocapp.workspaces.service import audit

MOST_AN_HOUR = 20  # of a workspace; each is paid for
TRIED = "survey.text_tried"
_HOUR = timedelta(hours=1)
_PURPOSE = "trial-code"
_OF_PUBLIC_IDS = string.ascii_letters + string.digits + "-_"
_BEGINNING = 6  # characters, of 6 bits each
_HASH_BITS = 27  # 36 and these make the 63 bits of a code


class LeftAlone(Exception):
    """The provider is not to be asked for another so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def send_trial(
    survey: SurveySummary, *, number: str, text: str, attempt: str, actor_user_id: UUID,
    now: datetime,
) -> None:  # fmt: skip
    """Hand the text of a survey over to the provider at once, for one number.

    1. See that the number may be written to, that the provider may be asked and that it is not one
       message too many, and note who sends it; trials that come at once do so one after the other.
    2. Hand it over, with no transaction open.

    number: in E.164. attempt: whoever sends the same text again under it, as nobody knew whether it
    was out, sends no second message. Raises BadInput (survey, number, or channel where nobody
    sends), TooMany, LeftAlone, and what `hand_over` does.
    """
    provider, sender = _begin(survey, number, actor_user_id=actor_user_id, now=now)
    hand_over(
        survey.workspace_id, provider, to=number, sender=sender, text=text,
        reference=_reference(survey, number, text, attempt, actor_user_id),
    )  # fmt: skip


def _begin(
    survey: SurveySummary, number: str, *, actor_user_id: UUID, now: datetime
) -> tuple[Provider, str]:
    if survey.state != "published":
        raise BadInput.of("survey", "it takes no answers")
    workspace_id = survey.workspace_id
    with transaction() as session:
        row = session.scalar(scoped(TextProvider, workspace_id).with_for_update())
        reason = reason_not_to_text(session, workspace_id, number)
        if row is None or reason == NO_PROVIDER:
            raise BadInput.of("channel", "no provider of text messages is set up")
        if reason is not None:
            raise BadInput.of("number", reason)
        if row.wait_until is not None and row.wait_until > now:
            raise LeftAlone(-(-(row.wait_until - now) // timedelta(seconds=1)))
        if _sent_lately(session, workspace_id, now) >= MOST_AN_HOUR:
            raise TooMany(f"At most {MOST_AN_HOUR} trials an hour.")
        audit(
            session, workspace_id, TRIED, now=now, actor_user_id=actor_user_id,
            subject=session.get_one(Survey, (workspace_id, survey.id)),
        )  # fmt: skip
        return takes(row), row.sender


def _sent_lately(session: Session, workspace_id: UUID, now: datetime) -> int:
    query = select(func.count()).where(
        AuditEntry.workspace_id == workspace_id, AuditEntry.at > now - _HOUR,
        AuditEntry.action == TRIED,
    )  # fmt: skip
    return session.scalar(query) or 0


def _reference(
    survey: SurveySummary, number: str, text: str, attempt: str, actor_user_id: UUID
) -> UUID:
    """Never that of an invitation, whatever is sent as the attempt."""
    named = "\n".join((survey.workspace_id.hex, actor_user_id.hex, attempt, number, text))
    return UUID(keyed_hash("trial-reference", named)[:32])


# --- its link ---------------------------------------------------------------------------------


def code_of(survey: SurveySummary) -> str:
    """What stands in the address of a trial; always the same for a survey."""
    return _code(survey.public_id, keyed_hash(_PURPOSE, survey.public_id))


def survey_of(code: str) -> SurveySummary | None:
    """The survey that a trial's code opens, of whichever workspace; None for any other code."""
    beginning = _beginning_in(code)
    if beginning is None:
        return None
    with snapshot() as session:
        rows = session.scalars(
            select(Survey)
            .where(Survey.public_id.startswith(beginning, autoescape=True))
            .execution_options(voc_all_workspaces=True)
        ).all()
        return next((SurveySummary.of(row) for row in rows if _is_of(code, row.public_id)), None)


def _is_of(code: str, public_id: str) -> bool:
    return any(code == _code(public_id, each) for each in keyed_hashes(_PURPOSE, public_id))


def _code(public_id: str, hashed: str) -> str:
    value = 0
    for letter in public_id[:_BEGINNING]:
        value = value * len(_OF_PUBLIC_IDS) + _OF_PUBLIC_IDS.index(letter)
    value = (value << _HASH_BITS) | (int(hashed, 16) & ((1 << _HASH_BITS) - 1))
    letters = []
    for _ in range(CODE_LENGTH):
        value, place = divmod(value, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def _beginning_in(code: str) -> str | None:
    """The characters with which a public id would begin; None for what is no code of a trial."""
    if len(code) != CODE_LENGTH or not set(code) <= set(LETTERS):
        return None
    value = 0
    for letter in reversed(code):
        value = value * len(LETTERS) + LETTERS.index(letter)
    value >>= _HASH_BITS
    if value >= len(_OF_PUBLIC_IDS) ** _BEGINNING:
        return None
    letters = []
    for _ in range(_BEGINNING):
        value, place = divmod(value, len(_OF_PUBLIC_IDS))
        letters.append(_OF_PUBLIC_IDS[place])
    return "".join(reversed(letters))
