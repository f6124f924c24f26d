"""What a provider tells: what became of messages, and what people wrote back.

Each item says for itself what it is about and, where its time is told, taking it again or late
changes nothing. The words that people write are looked at for a wish and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveys.phone_numbers import normalised
from surveys.sms_text import wish_in
from vocapp.database import scoped, transaction
from vocapp.distributing.mail import address_digest, address_digests, digest_reached
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.sending import InvitationSteps
from vocapp.distributing.service import suppress
from vocapp.distributing.sms.models import TextMessage
from vocapp.distributing.sms.provider import BAD_NUMBER, MAX_ID
from vocapp.distributing.sms.sending import note_bad_number
from vocapp.people.models import Contact
from vocapp.problems import BadInput, from_validation
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.office.places import country_of

NOT_DELIVERED = "not_delivered"


def _as_text(value: Any) -> Any:
    """Providers name things by numbers, too."""
    return str(value) if isinstance(value, int) else value


class Receipt(BaseModel):
    """What became of a message, by our reference or the provider's id."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["receipt"]
    reference: UUID | None = None
    id: Annotated[str | None, BeforeValidator(_as_text)] = Field(
        None, max_length=MAX_ID, pattern="^[^\\x00]*$"
    )
    status: Literal["delivered", "failed", "sent"]
    code: Annotated[str | None, BeforeValidator(_as_text)] = Field(None, max_length=100)


def _whole(value: Any) -> Any:
    """A text that was cut within a character, as networks do: it is only looked at for a wish."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


class Reply(BaseModel):
    """What somebody wrote back. at: when; None: now."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    type: Literal["reply"]
    sender: str = Field(alias="from", max_length=40)
    text: Annotated[str, BeforeValidator(_whole)] = Field(max_length=10_000)
    at: AwareDatetime | None = Field(None, ge=datetime(2000, 1, 1, tzinfo=UTC))


_item: TypeAdapter[Receipt | Reply] = TypeAdapter(
    Annotated[Receipt | Reply, Field(discriminator="type")]
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of an item: ``taken``; ``left_aside`` for what says nothing to us; ``unknown``
    for a message that is not ours. error: of one that cannot be read."""

    outcome: Literal["taken", "left_aside", "unknown", "refused"]
    error: BadInput | None = None


def hear(workspace_id: UUID, items: Sequence[Any], *, now: datetime) -> list[Heard]:
    """Take in items whose signature was checked, each by itself."""
    return [_hear(workspace_id, item, now) for item in items]


def _hear(workspace_id: UUID, raw: Any, now: datetime) -> Heard:
    try:
        item = _item.validate_python(raw)
    except ValidationError as exc:
        return Heard("refused", from_validation(exc))
    if isinstance(item, Receipt):
        return _receipt(workspace_id, item, now)
    return _reply(workspace_id, item, now)


# --- receipts -------------------------------------------------------------------------------


def _receipt(workspace_id: UUID, said: Receipt, now: datetime) -> Heard:
    if said.status == "sent":
        return Heard("left_aside")
    with transaction() as session:
        found = _invitation(session, workspace_id, said)
        if found is None:
            return Heard("unknown")
        invitation_id, digest = found
        if said.status == "delivered":
            _delivered(session, workspace_id, invitation_id, now)
        else:
            _failed(session, workspace_id, invitation_id, digest, said.code, now)
    return Heard("taken")


def _invitation(
    session: Session, workspace_id: UUID, said: Receipt
) -> tuple[UUID, str | None] | None:
    """The invitation of a message, and the keyed hash of the number that it went to."""
    query = (
        select(TextMessage.invitation_id, TextMessage.number_digest, Contact.phone)
        .join(
            Invitation,
            (Invitation.workspace_id == TextMessage.workspace_id)
            & (Invitation.id == TextMessage.invitation_id),
        )
        .join(
            Contact,
            (Contact.workspace_id == Invitation.workspace_id)
            & (Contact.id == Invitation.contact_id),
        )
        .where(TextMessage.workspace_id == workspace_id)
    )
    if said.reference is not None:
        query = query.where(TextMessage.invitation_id == said.reference)
    elif said.id:
        query = query.where(TextMessage.provider_id == said.id)
    else:
        return None
    row = session.execute(query.limit(1)).first()
    return (row[0], digest_reached(workspace_id, row[1], row[2])) if row else None


def _delivered(session: Session, workspace_id: UUID, invitation_id: UUID, now: datetime) -> None:
    """What arrived is out, also where nobody knew it yet, or the provider had said that it did not
    take it: it is not handed over again."""
    of_message = (Invitation.workspace_id == workspace_id, Invitation.id == invitation_id)
    session.execute(
        update(Invitation)
        .where(*of_message, Invitation.state.in_(("scheduled", "sending", "unknown")))
        .values(state="sent", sent_at=now, reason=None)
    )
    session.execute(
        update(Invitation)
        .where(*of_message, Invitation.delivered_at.is_(None))
        .values(delivered_at=now)
    )


def _failed(
    session: Session,
    workspace_id: UUID,
    invitation_id: UUID,
    digest: str | None,
    code: str | None,
    now: datetime,
) -> None:
    """Who has got nothing was not asked; of one that arrived, or was answered, that is not so."""
    row = session.scalars(
        scoped(Invitation, workspace_id).where(Invitation.id == invitation_id).with_for_update()
    ).one()
    known = code if code in BAD_NUMBER else None
    if row.delivered_at is None and row.state in ("scheduled", "sending", "sent", "unknown"):
        steps = InvitationSteps(workspace_id, invitation_id, address="")
        steps.end("bounced", was=row.state, reason=known or NOT_DELIVERED)(session)
    if known and digest:
        note_bad_number(session, workspace_id, digest, known, now=now)


# --- replies --------------------------------------------------------------------------------


def _reply(workspace_id: UUID, said: Reply, now: datetime) -> Heard:
    wish = wish_in(said.text)
    if wish is None:
        return Heard("left_aside")
    said_at = min(said.at or now, now)
    with transaction() as session:
        try:
            number = _number(session, workspace_id, said.sender.strip())
        except ValueError as exc:
            return Heard("refused", BadInput.of("from", str(exc)))
        if wish == "stop":
            _stop(session, workspace_id, number, said_at)
        else:
            _go_on(session, workspace_id, number, said_at)
    return Heard("taken")


def _number(session: Session, workspace_id: UUID, sender: str) -> str:
    """In E.164, also where the plus is left out, or it is written as it is dialled in the country
    of the workspace: a wish is not lost for that. Raises ValueError."""
    if sender.startswith("+"):
        return normalised(sender)
    try:
        return normalised(f"+{sender}")
    except ValueError:
        time_zone = session.get_one(Workspace, workspace_id).time_zone
        return normalised(sender, region=country_of(time_zone))


def _stop(session: Session, workspace_id: UUID, number: str, said_at: datetime) -> None:
    digest = address_digest(workspace_id, number)
    suppress(session, workspace_id, digest, kind="unsubscribed", now=said_at)


def _go_on(session: Session, workspace_id: UUID, number: str, said_at: datetime) -> None:
    """Taken back is what was said before, and not since: providers tell things again, and late."""
    session.execute(
        delete(Suppression).where(
            Suppression.workspace_id == workspace_id,
            Suppression.kind == "unsubscribed",
            Suppression.address_digest.in_(address_digests(workspace_id, number)),
            Suppression.created_at <= said_at,
        )
    )
