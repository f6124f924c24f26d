"""Messages of Segment: who did what (track), and who they and their companies are.

Source: Segment's specification of Track, Identify and Group calls and of their common fields
(segment.com/docs/connections/spec).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from surveys.provider_events import Misread, Reading, message_name, part_of, text_of

# The B2B part of the specification names it so.
SIGNED_IN = "Signed In"
_COMPANY_FACTS = ("industry", "employees", "website")
_LONGEST_PRODUCT = 200  # what is longer is a text about one, and no name


def segment_name(message: Any) -> tuple[str, str]:
    """Id and kind of a message. Raises Misread."""
    return message_name(message, "messageId")


def read_segment(
    message: Mapping[str, Any],
    *,
    logins: Collection[str] = (SIGNED_IN,),
    milestones: Collection[str] = (),
) -> Reading | None:
    """What a message says; None for a kind that nothing is made of. Raises Misread.

    logins, milestones: names of tracked events that are those; every other one is usage.
    The account is the group of the context, of the properties or of the call itself, the product
    of a log-in or use the property of that name. Of people
    only name, address, language and time zone are read, of companies name, plan, industry,
    employees and website: what else a tracker knows of somebody is not needed here. What an
    anonymous visitor does says nothing of a customer: its reading is silent.
    """
    message_id, kind = segment_name(message)
    if kind == "track":
        return _track(message, message_id, logins=logins, milestones=milestones)
    if kind == "identify":
        return _identify(message)
    return _group(message) if kind == "group" else None


def _track(
    message: Mapping[str, Any],
    message_id: str,
    *,
    logins: Collection[str],
    milestones: Collection[str],
) -> Reading:
    name, at = text_of(message.get("event")), _instant(message)
    if name is None:
        raise Misread("event", "is needed")
    user, group = text_of(message.get("userId")), _group_of(message)
    if user is None and group is None:
        return Reading(at)
    body: dict[str, Any] = {"id": f"segment:{message_id}", "at": at.isoformat()}
    if name in logins:
        body["type"] = "login"
    else:
        body |= {"type": "milestone" if name in milestones else "usage", "name": name}
    if group is not None:
        body["account"] = group
    if user is not None:
        body["contact"] = user
    product = text_of(part_of(message, "properties").get("product"))
    if product is not None and body["type"] != "milestone" and len(product) <= _LONGEST_PRODUCT:
        body["product"] = product
    return Reading(at, events=(body,))


def _identify(message: Mapping[str, Any]) -> Reading:
    user, at = text_of(message.get("userId")), _instant(message)
    if user is None:
        return Reading(at)
    traits, context = part_of(message, "traits"), part_of(message, "context")
    names = (text_of(traits.get("firstName")), text_of(traits.get("lastName")))
    facts = {
        "email": text_of(traits.get("email")),
        "name": text_of(traits.get("name")) or " ".join(filter(None, names)) or None,
        "locale": text_of(context.get("locale")),
        "time_zone": text_of(context.get("timezone")),
    }
    company = part_of(traits, "company")
    key = _group_of(message) or text_of(company.get("id"))
    return Reading(
        at,
        account=_said({"external_id": key, "name": text_of(company.get("name"))}) if key else None,
        contact=_said({"external_id": user} | facts),
    )


def _group(message: Mapping[str, Any]) -> Reading:
    at = _instant(message)
    key, user = text_of(message.get("groupId")), text_of(message.get("userId"))
    if key is None:
        raise Misread("groupId", "is needed")
    traits = part_of(message, "traits")
    more = {name: traits[name] for name in _COMPANY_FACTS if _is_scalar(traits.get(name))}
    account: dict[str, Any] = _said(
        {
            "external_id": key,
            "name": text_of(traits.get("name")),
            "plan": text_of(traits.get("plan")),
        }
    )
    if more:
        account["attributes"] = more
    return Reading(at, account=account, contact={"external_id": user} if user else None)


def _group_of(message: Mapping[str, Any]) -> str | None:
    holders = (part_of(message, "context"), part_of(message, "properties"))
    return next(filter(None, (text_of(holder.get("groupId")) for holder in holders)), None)


def _instant(message: Mapping[str, Any]) -> datetime:
    """When it happened; Segment has set a sender's clock right in `timestamp`."""
    given = text_of(message.get("timestamp")) or text_of(message.get("receivedAt"))
    if given is None:
        raise Misread("timestamp", "is needed")
    try:
        at = datetime.fromisoformat(given)
    except ValueError as exc:
        raise Misread("timestamp", "expected a time such as 2026-11-01T09:00:00.000Z") from exc
    if at.tzinfo is None:
        raise Misread("timestamp", "the offset is missing, as in 2026-11-01T09:00:00.000Z")
    return at


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
