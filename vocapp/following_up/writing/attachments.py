"""Files that customers sent with e-mails of a case: kept within limits, listed, handed out.

Nothing is ever shown of what stands in a file: it could be a page with a script. It is handed out
as something to save, and only to those who read e-mails as they were written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from nlp.redact import redact
from vocapp.database import scoped, uuid7
from vocapp.distributing.attached_files import Attached
from vocapp.following_up.models import FollowUp
from vocapp.following_up.writing.models import CASE_FULL, CaseAttachment, CaseMail
from vocapp.problems import NotFound

MOST_OF_CASE = 100_000_000  # bytes; whoever has an address of ours could fill the disk otherwise


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file beside its e-mail. size: in bytes, None where it is not known; left_out: which limit
    it met, None where it was kept."""

    id: UUID
    name: str
    kind: str
    size: int | None
    left_out: str | None


def keep_files(session: Session, case: FollowUp, mail_id: UUID, files: Iterable[Attached]) -> None:
    """Put the files of an e-mail into a locked case, in the transaction that puts in the e-mail."""
    room: int | None = None
    for place, each in enumerate(files):
        room = MOST_OF_CASE - _kept_in(session, case) if room is None else room
        file = each if len(each.content or b"") <= room else each.without_content(CASE_FULL)
        room -= len(file.content or b"")
        session.add(
            CaseAttachment(
                workspace_id=case.workspace_id, id=uuid7(), mail_id=mail_id, position=place,
                name=file.name, kind=file.kind, size=file.size, content=file.content,
                left_out=file.left_out,
            )
        )  # fmt: skip


def _kept_in(session: Session, case: FollowUp) -> int:
    query = (
        select(func.sum(CaseAttachment.size))
        .join(CaseMail, _OF_MAIL)
        .where(
            CaseMail.workspace_id == case.workspace_id,
            CaseMail.follow_up_id == case.id,
            CaseAttachment.left_out.is_(None),
        )
    )
    return session.scalar(query) or 0


_OF_MAIL = (CaseMail.workspace_id == CaseAttachment.workspace_id) & (
    CaseMail.id == CaseAttachment.mail_id
)


def files_of_mails(
    session: Session, workspace_id: UUID, mail_ids: Sequence[UUID], *, as_written: bool
) -> Mapping[UUID, tuple[ShownFile, ...]]:
    """E-mail → its files, in their order; one statement. as_written: else personal data in their
    names is replaced."""
    found: dict[UUID, list[ShownFile]] = defaultdict(list)
    if not mail_ids:
        return {}
    for row in session.scalars(
        scoped(CaseAttachment, workspace_id)
        .where(CaseAttachment.mail_id.in_(mail_ids))
        .order_by(CaseAttachment.mail_id, CaseAttachment.position)
    ):
        name = row.name if as_written else redact(row.name)
        found[row.mail_id].append(ShownFile(row.id, name, row.kind, row.size, row.left_out))
    return {mail_id: tuple(files) for mail_id, files in found.items()}


def kept_file(
    session: Session, workspace_id: UUID, cases: Any, attachment_id: UUID
) -> tuple[str, bytes]:
    """Name and bytes of a file of these cases. Raises NotFound, also where it was left out."""
    row = session.scalar(
        scoped(CaseAttachment, workspace_id)
        .options(undefer(CaseAttachment.content))
        .join(CaseMail, _OF_MAIL)
        .where(CaseAttachment.id == attachment_id, CaseMail.follow_up_id.in_(cases))
    )
    if row is None or row.content is None:
        raise NotFound("No such file.")
    return row.name, row.content
