"""Where it is told that a rule opened or moved a case: e-mail, Slack or a webhook.

Administrators set channels up; `telling` sends what waits in the outbox.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, transaction, uuid7
from vocapp.following_up.models import CHANNEL_KINDS, TEAMS, FollowUp, RoutingChannel
from vocapp.outbox import Pending
from vocapp.outgoing import NotAllowed, check_address
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.workspaces.service import audit

TELL = "tell_case"
OWNER = "owner"  # the target of an e-mail that goes to whoever owns the case
MAX_CHANNELS = 20
_ADDRESS = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")
Why = Literal["opened", "routed", "test"]


@dataclass(frozen=True, slots=True)
class NewChannel:
    """What a person chose; team None means all teams."""

    kind: str
    name: str
    target: str
    team: str | None = None
    with_comment: bool = False


def add_channel(
    workspace_id: UUID, new: NewChannel, *, actor_user_id: UUID, now: datetime
) -> RoutingChannel:
    """A channel, in use at once; a webhook gets a secret. Raises BadInput, Conflict."""
    target = _checked(new)
    with transaction() as session:
        if len(channels_of(session, workspace_id)) >= MAX_CHANNELS:
            raise Conflict(f"A workspace has at most {MAX_CHANNELS} channels.")
        row = RoutingChannel(
            workspace_id=workspace_id, id=uuid7(), kind=new.kind, name=new.name.strip(),
            team=new.team, target=target, with_comment=new.with_comment, created_at=now,
            secret=_new_secret() if new.kind == "webhook" else None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        audit(
            session, workspace_id, "routing_channel.added", now=now, subject=row,
            actor_user_id=actor_user_id, detail={"kind": new.kind},
        )  # fmt: skip
        return row


def edit_channel(
    workspace_id: UUID, channel_id: UUID, said: NewChannel, *, actor_user_id: UUID, now: datetime
) -> None:
    """Say it otherwise; its kind and secret stay. What waits goes to the new address.

    said: with the kind of the channel; an empty target leaves that as it is. Raises NotFound,
    BadInput.
    """
    with transaction() as session:
        row = channel_of(session, workspace_id, channel_id, for_update=True)
        said = replace(said, kind=row.kind, target=said.target.strip() or row.target)
        values = {
            "name": said.name.strip(), "team": said.team, "target": _checked(said),
            "with_comment": said.with_comment,
        }  # fmt: skip
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, values[name])
        if changed:
            audit(
                session, workspace_id, "routing_channel.changed", now=now, subject=row,
                actor_user_id=actor_user_id, detail={"fields": changed},
            )  # fmt: skip
    outbox.ring(TELL)


def _checked(new: NewChannel) -> str:
    target = new.target.strip()
    if new.kind not in CHANNEL_KINDS:
        raise BadInput.of("kind", f"expected one of {', '.join(CHANNEL_KINDS)}")
    if new.team is not None and new.team not in TEAMS:
        raise BadInput.of("team", f"expected one of {', '.join(TEAMS)}")
    if not 1 <= len(new.name.strip()) <= 200:
        raise BadInput.of("name", "expected 1 to 200 characters")
    if len(target) > 2000:
        raise BadInput.of("target", "expected at most 2000 characters")
    if new.kind == "email":
        if target != OWNER and not _ADDRESS.fullmatch(target):
            raise BadInput.of("target", "expected an e-mail address or owner")
        return target
    try:
        check_address(target, current_app.config["SETTINGS"].outgoing_allowed)
    except NotAllowed as exc:
        raise BadInput.of("target", str(exc)) from exc
    return target


def _new_secret() -> str:
    """Of 256 random bits, as Standard Webhooks 1.0.0 writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def change_channel(
    workspace_id: UUID,
    channel_id: UUID,
    action: Literal["on", "off", "remove", "test"],
    *,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """Switch, take away, or have a test sent the way real ones are. Raises NotFound."""
    with transaction() as session:
        row = channel_of(session, workspace_id, channel_id, for_update=True)
        audit(
            session, workspace_id, f"routing_channel.{action}", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip
        if action == "remove":
            session.delete(row)
        elif action == "test":
            detail = {"why": "test"}
            outbox.add(session, workspace_id, TELL, channel_id, now=now, detail=detail)
        else:
            row.enabled = action == "on"
    outbox.ring(TELL)


def channel_of(
    session: Session, workspace_id: UUID, channel_id: UUID, *, for_update: bool = False
) -> RoutingChannel:
    """Raises NotFound."""
    row = session.get(RoutingChannel, (workspace_id, channel_id), with_for_update=for_update)
    if row is None:
        raise NotFound("No such channel.")
    return row


def where_to(channel: RoutingChannel) -> str:
    """Its address as far as it may be shown: of a URL the host, as the rest lets anybody write."""
    return channel.target if channel.kind == "email" else urlsplit(channel.target).hostname or ""


def channels_of(session: Session, workspace_id: UUID) -> Sequence[RoutingChannel]:
    """All channels, by name."""
    ordered = scoped(RoutingChannel, workspace_id).order_by(RoutingChannel.name, RoutingChannel.id)
    return session.scalars(ordered).all()


def tell(
    session: Session,
    channels: Sequence[RoutingChannel],
    case: FollowUp,
    why: Why,
    *,
    rule_key: str,
    now: datetime,
) -> None:
    """Have the channels of a case's team told, in the transaction that opened or moved it."""
    for channel in channels:
        if channel.enabled and channel.team in (None, case.team):
            detail = {"why": why, "case": str(case.id), "rule": rule_key}
            outbox.add(session, case.workspace_id, TELL, channel.id, now=now, detail=detail)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Messages of a channel that failed: how many will be tried again and how many were set
    aside; error: the latest.
    """

    retried: int
    set_aside: int
    error: str


def troubles(session: Session, workspace_id: UUID) -> dict[UUID, Trouble]:
    """Channel → what failed and is not delivered yet; without those that work."""
    rows = session.execute(
        select(Pending.subject_id, Pending.set_aside_at, Pending.last_error)
        .where(
            Pending.workspace_id == workspace_id,
            Pending.kind == TELL,
            Pending.last_error.is_not(None),
        )
        .order_by(Pending.created_at)
    ).all()
    found: dict[UUID, Trouble] = {}
    for channel_id, set_aside_at, error in rows:
        before = found.get(channel_id, Trouble(0, 0, ""))
        aside = set_aside_at is not None
        found[channel_id] = Trouble(
            before.retried + (not aside), before.set_aside + aside, error or ""
        )
    return found
