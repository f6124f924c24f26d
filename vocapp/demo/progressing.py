"""The demo's success team at work: some cases contacted, some waiting, some resolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from vocapp.collecting.models import Response
from vocapp.database import snapshot
from vocapp.demo.progress import Progress
from vocapp.following_up.models import FollowUp
from vocapp.following_up.service import Change, change_follow_up
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.reach import WHOLE_WORKSPACE

# What becomes of every eighth case, oldest answer first; None: nobody has looked yet.
_COURSE: tuple[Change | None, ...] = (
    Change(state="resolved", outcome="solved", root_cause="defect"),
    Change(state="contacted"),
    None,
    Change(state="resolved", outcome="plan_agreed", root_cause="missing_feature"),
    None,
    Change(state="waiting"),
    Change(state="resolved", outcome="explained", root_cause="expectations"),
    None,
)
_UNTOUCHED_DAYS = 4  # the newest cases are still to be taken up
NOTES = {
    "contacted": {
        "en": "Called and left a message; trying again tomorrow morning.",
        "ja": "お電話しましたが不在でした。明日の午前中にもう一度ご連絡します。",
    },
    "waiting": {
        "en": "Sent the workaround, waiting for their word on whether it helps.",
        "ja": "回避策をお送りし、お試しいただいた結果を待っています。",
    },
    "resolved": {
        "en": "Went through it together on a call; they are fine with the way forward.",
        "ja": "オンラインで一緒に確認し、今後の進め方にご納得いただきました。",
    },
}


def progress(workspace_id: UUID, *, now: datetime) -> Iterator[Progress]:
    """Move on the cases that nobody has touched; those touched stay as they are."""
    rows = _untouched(workspace_id)
    for position, (case_id, owner_id, locale, answered_at) in enumerate(rows):
        change = _COURSE[position % len(_COURSE)]
        is_new = (now - answered_at).days < _UNTOUCHED_DAYS
        if change is not None and owner_id is not None and not is_new:
            note = NOTES[change.state or ""][locale if locale == "ja" else "en"]
            change_follow_up(
                workspace_id, case_id, Change(note=note), reach=WHOLE_WORKSPACE,
                actor_user_id=owner_id, now=now,
            )  # fmt: skip
            change_follow_up(
                workspace_id, case_id, change, reach=WHOLE_WORKSPACE, actor_user_id=owner_id,
                now=now,
            )  # fmt: skip
        yield Progress("work on cases", position + 1, len(rows))


def _untouched(workspace_id: UUID) -> list[tuple[UUID, UUID | None, str | None, datetime]]:
    """Case, owner, owner's language and instant of the answer; oldest answer first."""
    with snapshot() as session:
        rows = session.execute(
            select(FollowUp.id, FollowUp.owner_user_id, User.locale, Response.answered_at)
            .join(
                Response,
                (Response.workspace_id == FollowUp.workspace_id)
                & (Response.id == FollowUp.response_id),
            )
            .outerjoin(
                Membership,
                (Membership.workspace_id == FollowUp.workspace_id)
                & (Membership.user_id == FollowUp.owner_user_id),
            )
            .outerjoin(User, User.id == Membership.user_id)
            .where(FollowUp.workspace_id == workspace_id, FollowUp.touched_at.is_(None))
            .order_by(Response.answered_at, FollowUp.response_id)
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]
