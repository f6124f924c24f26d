"""Pending work: channels are told of cases that a rule opened or moved.

The row names ids only; the words are made when it is sent. What is sent twice because an answer
was lost carries the same id (`webhook-id`, Message-ID), so that the receiver can tell.
Webhooks are signed after Standard Webhooks 1.0.0: `webhook-signature` is "v1," and the
base64 HMAC-SHA256 over "<id>.<timestamp>.<body>".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, utcnow
from vocapp.following_up import wording
from vocapp.following_up.channels import OWNER
from vocapp.following_up.models import FollowUp, RoutingChannel, RoutingRule
from vocapp.mailing import Refused, address_of, compose, one_line, open_mailer
from vocapp.outbox import Never, Outcome, Pending
from vocapp.outgoing import NotAllowed, Undelivered, post
from vocapp.people.models import Account
from vocapp.translating import gettext as _
from vocapp.ui.formats import local_datetime
from vocapp.understanding.shown import shown_comments
from vocapp.workspaces.models import User, Workspace

_WORTH_REPEATING = (408, 425, 429)  # of the answers that say the sender is wrong


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says. Of a test there is no case: its fields are None."""

    channel: RoutingChannel
    why: str
    workspace: Workspace
    case: FollowUp | None = None
    kind: str | None = None
    score: int | None = None
    account: str | None = None
    owner: User | None = None
    rule: str | None = None
    comment: str | None = None

    @property
    def link(self) -> str:
        base = str(current_app.config["BASE_URL"])
        return f"{base}/follow-ups/{self.case.id}" if self.case else f"{base}/settings/routing"


def tell_channels(rows: Sequence[Pending]) -> list[Outcome]:
    """Send each message; one whose case or channel is gone is done without being sent."""
    return [_sent(row) for row in rows]


def _sent(row: Pending) -> Outcome:
    try:
        with snapshot() as session:
            told = _told(session, row)
        if told is None:
            return _nothing_more
        with force_locale(told.workspace.locale):
            _SENDERS[told.channel.kind](told, row)
    except NotAllowed as exc:
        return Never(str(exc))
    except Refused as exc:
        return Never(f"{exc.code} {exc.enhanced}".strip())
    except Exception as exc:  # noqa: BLE001 - handed to the outbox, which records it on the row
        return exc
    return _note_sent(row.workspace_id, row.subject_id)


def _nothing_more(_session: Session) -> None:
    """Deleting the pending row is all that is left to do."""


def _note_sent(workspace_id: UUID, channel_id: UUID) -> Callable[[Session], None]:
    def note(session: Session) -> None:
        session.execute(
            update(RoutingChannel)
            .where(RoutingChannel.workspace_id == workspace_id, RoutingChannel.id == channel_id)
            .values(last_sent_at=utcnow())
        )

    return note


def _told(session: Session, row: Pending) -> Told | None:
    channel = session.scalar(
        scoped(RoutingChannel, row.workspace_id).where(RoutingChannel.id == row.subject_id)
    )
    workspace = session.get(Workspace, row.workspace_id)
    if channel is None or workspace is None:
        return None
    if row.detail["why"] == "test":
        return Told(channel, "test", workspace)
    found = session.execute(
        select(FollowUp, Survey, Response.score, Account, User, RoutingRule.name)
        .outerjoin(
            Response,
            (Response.workspace_id == FollowUp.workspace_id)
            & (Response.id == FollowUp.response_id),
        )
        .outerjoin(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == FollowUp.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(User, User.id == FollowUp.owner_user_id)
        .outerjoin(
            RoutingRule,
            (RoutingRule.workspace_id == FollowUp.workspace_id)
            & (RoutingRule.key == row.detail["rule"]),
        )
        .where(
            FollowUp.workspace_id == row.workspace_id,
            FollowUp.id == UUID(row.detail["case"]),
            Survey.confidential.is_not(True),
        )
    ).one_or_none()
    if found is None or not channel.enabled:
        return None
    case, survey, score, account, owner, rule_name = found
    comments = (
        shown_comments(session, row.workspace_id, [case.response_id])
        if channel.with_comment and case.response_id is not None
        else {}
    )
    with force_locale(workspace.locale):
        rule = wording.rule_name(row.detail["rule"], rule_name)
    return Told(
        channel, row.detail["why"], workspace, case, survey.kind if survey else None, score,
        (account.name or account.external_id) if account else None, owner, rule,
        comments[case.response_id].text if case.response_id in comments else None,
    )  # fmt: skip


# --- words ------------------------------------------------------------------------------------


def _headline(told: Told) -> str:
    if told.why == "test":
        return str(_("A test: notifications of %(workspace)s arrive here.",
                     workspace=told.workspace.name))  # fmt: skip
    if told.why == "routed":
        return str(_("Follow-up moved: %(rule)s", rule=told.rule))
    return str(_("New follow-up: %(rule)s", rule=told.rule))


def _lines(told: Told) -> list[str]:
    """Who, how they scored, whose it is, by when; then the comment where that is wanted."""
    if told.case is None:
        return []
    lines = [told.account] if told.account else []
    if told.score is not None and told.kind is not None:
        lines.append(str(_("%(kind)s score: %(score)s", kind=told.kind.upper(), score=told.score)))
    owner = told.owner.name if told.owner else str(_("Nobody yet"))
    lines.append(f"{wording.TEAMS[told.case.team]} · {owner}")
    lines.append(str(_("Due %(when)s", when=local_datetime(told.case.due_at))))
    return [*lines, told.comment] if told.comment else lines


# --- ways -------------------------------------------------------------------------------------


def _mail(told: Told, row: Pending) -> None:
    settings = current_app.config["SETTINGS"]
    owner = told.owner if told.channel.target == OWNER else None
    if told.channel.target == OWNER:
        if owner is None or owner.disabled_at is not None:
            return  # nobody owns it yet: it waits in the queue of its team
        name, address = owner.name, owner.email
    else:
        name, address = "", told.channel.target
    with force_locale(owner.locale if owner else told.workspace.locale):
        headline = _headline(told)
        text = render_template(
            "following_up/mail/told.txt", headline=headline, lines=_lines(told), link=told.link
        )
        message = compose(
            settings=settings,
            to=address_of(one_line(name), address),
            subject=one_line(headline),
            text=text,
            message_key=f"case-told-{row.id}",
            now=utcnow(),
            workspace_id=row.workspace_id,
        )
    with open_mailer(settings) as mailer:
        mailer.send(message)


def _slack(told: Told, row: Pending) -> None:  # noqa: ARG001 - one shape for all ways
    headline, lines = _escaped(_headline(told)), [_escaped(line) for line in _lines(told)]
    button = {"type": "button", "text": {"type": "plain_text", "text": str(_("Open it"))},
              "url": told.link}  # fmt: skip
    words = "\n".join([f"*{headline}*", *lines])[:3000]
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": words}},
        {"type": "actions", "elements": [button]},
    ]
    _post(told.channel.target, {"text": f"{headline} {told.link}", "blocks": blocks}, lambda _b: {})


def _escaped(text: str) -> str:
    """As Slack wants it: nothing that somebody wrote becomes a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _webhook(told: Told, row: Pending) -> None:
    case, now = told.case, utcnow()
    data: dict[str, Any] = {"link": told.link}
    if case is not None:
        data |= {
            "id": str(case.id), "rule": case.rule_key,
            "team": case.team, "owner": told.owner.email if told.owner else None,
            "kind": told.kind, "score": told.score, "account": told.account,
            "response_id": str(case.response_id) if case.response_id else None,
            "due_at": case.due_at.isoformat(), "opened_at": case.opened_at.isoformat(),
        }  # fmt: skip
        if told.channel.with_comment:
            data["comment"] = told.comment
    name = "test" if told.why == "test" else f"follow_up.{told.why}"
    secret = told.channel.secret or ""
    _post(
        told.channel.target,
        {"type": name, "timestamp": now.isoformat(), "data": data},
        lambda body: signed(secret, f"msg_{row.id.hex}", now, body),
    )


def signed(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that Standard Webhooks 1.0.0 asks for."""
    seconds = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _post(url: str, value: Any, sign: Callable[[bytes], dict[str, str]]) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "voc"} | sign(body)
    status = post(url, body, headers, allowed=current_app.config["SETTINGS"].outgoing_allowed)
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status not in _WORTH_REPEATING:
        raise Never(f"HTTP {status}")
    raise Undelivered(f"HTTP {status}")


_SENDERS: dict[str, Callable[[Told, Pending], None]] = {
    "email": _mail,
    "slack": _slack,
    "webhook": _webhook,
}
