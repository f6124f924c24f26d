"""A case at which somebody writes to the customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import address_digest
from vocapp.distributing.service import suppress
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import Change, change_follow_up
from vocapp.following_up.writing import service
from vocapp.following_up.writing.drafts import Written, draft_of, keep_draft
from vocapp.following_up.writing.models import CaseMail
from vocapp.following_up.writing.service import HOLD, Letter
from vocapp.workspaces.reach import WHOLE_WORKSPACE as ALL

ADDRESS = "mika@example.jp"


@dataclass
class Desk:
    """A case of somebody with an address, and a colleague who writes to them."""

    case: FollowUp
    me: UUID

    def write(self, subject: str = "Your answer", body: str = "Hello Mika", **more: Any) -> Any:
        version = more.pop("version", None)
        return service.write_mail(
            self.case.workspace_id, self.case.id, Letter(subject, body, **more), reach=ALL,
            expected_version=version, actor_user_id=self.me, now=utcnow(),
        )  # fmt: skip

    def stored(self) -> FollowUp:
        with snapshot() as session:
            return session.get_one(FollowUp, (self.case.workspace_id, self.case.id))

    def mails(self) -> list[CaseMail]:
        with snapshot() as session:
            return list(
                session.scalars(
                    select(CaseMail)
                    .where(CaseMail.workspace_id == self.case.workspace_id)
                    .order_by(CaseMail.at)
                )
            )

    def draft(self) -> Written:
        with snapshot() as session:
            return draft_of(session, self.case.workspace_id, self.case.id, self.me)

    def keep(self, subject: str, body: str) -> None:
        keep_draft(
            self.case.workspace_id, self.case.id, self.me, Written(subject, body), reach=ALL,
            now=utcnow(),
        )  # fmt: skip

    def stop_writing(self) -> None:
        with transaction() as session:
            digest = address_digest(self.case.workspace_id, ADDRESS)
            suppress(session, self.case.workspace_id, digest, kind="unsubscribed", now=utcnow())


def send_due() -> None:
    """As the worker does once the time to take it back is over."""
    while outbox.work_off(service.CASE_MAIL, now=utcnow() + HOLD):
        pass


def service_change(desk: Desk, **change: Any) -> None:
    change_follow_up(
        desk.case.workspace_id, desk.case.id, Change(**change), reach=ALL, actor_user_id=desk.me,
        now=utcnow(),
    )  # fmt: skip


def case_url(desk: Desk) -> str:
    return f"/follow-ups/{desk.case.id}"
