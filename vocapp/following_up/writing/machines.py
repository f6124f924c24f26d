"""Use case: a program writes to the customer of a case, in the name of a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction, uuid7
from vocapp.following_up.changing import (
    CaseWriter,
    locked_case,
    locked_cases,
    refuse_merged,
    refuse_stale,
)
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.writing.models import CaseMail
from vocapp.following_up.writing.service import (
    MAIL_WRITTEN,
    Letter,
    check_letter,
    plain_body,
    plain_subject,
    put_letter,
)
from vocapp.problems import BadInput, Conflict
from vocapp.signing import keyed_hashes
from vocapp.workspaces.queries import Member, members
from vocapp.workspaces.reach import WHOLE_WORKSPACE, reach_of

_WRITERS = frozenset({"admin", "success"})  # as on the page


@dataclass(frozen=True, slots=True)
class NamedBySender:
    """How the program knows its letter again: by an id that it chose, or by a key; or not."""

    id: UUID | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """created: else the same letter was here before, and nothing was changed."""

    mail_id: UUID
    created: bool


def post_letter(
    workspace_id: UUID,
    follow_up_id: UUID,
    letter: Letter,
    *,
    author: str | None,
    named: NamedBySender,
    expected_version: int | None,
    now: datetime,
) -> Posted:
    """`write_mail` for programs, once for each name that they give a letter.

    author: e-mail address or id of the member who stands behind it and whom replies are told,
    None for the owner of the case. Raises NotFound, BadInput, Conflict; also where the name is
    that of another letter.
    """
    check_letter(letter)
    people = members(workspace_id)
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, WHOLE_WORKSPACE)
        mail_id = _id_for(session, workspace_id, named)
        known = session.scalar(scoped(CaseMail, workspace_id).where(CaseMail.id == mail_id))
        if known is not None:
            # Whose it is was decided then: the case may have another owner by now.
            by = known.actor_user_id
            if author is not None:
                by = _author_of(session, case, author, people)
            _refuse_another(session, known, case, letter, by)
            return Posted(mail_id, created=False)
        refuse_merged(case)
        refuse_stale(case, expected_version)
        author_id = _author_of(session, case, author, people)
        writer = CaseWriter(session, None, now)
        put_letter(writer, case, letter, mail_id=mail_id, author_user_id=author_id)
        writer.done(MAIL_WRITTEN, workspace_id)
        return Posted(mail_id, created=True)


def _author_of(
    session: Session, case: FollowUp, named: str | None, people: Sequence[Member]
) -> UUID:
    """Who may write on the page may here, too. Raises BadInput."""
    wanted = named.strip().lower() if named is not None else str(case.owner_user_id)
    found = next(
        (each for each in people if wanted in (str(each.user_id), each.email.lower())), None
    )
    if found is None:
        unnamed = "the follow-up has no owner; name a member" if named is None else None
        raise BadInput.of("author", unnamed or "not a member of this workspace")
    if found.role not in _WRITERS:
        raise BadInput.of("author", f"may not write to customers as {found.role}")
    reach = reach_of(found.user_id, only_own_accounts=found.only_own_accounts)
    if not locked_cases(session, case.workspace_id, [case.id], reach):
        raise BadInput.of("author", "does not see this follow-up")
    return found.user_id


def _id_for(session: Session, workspace_id: UUID, named: NamedBySender) -> UUID:
    """A key stands for one id, also where the secret key changed between."""
    if named.idempotency_key is None:
        return named.id or uuid7()
    hashes = keyed_hashes("case-mail-key", f"{workspace_id}:{named.idempotency_key}")
    present, *former = (UUID(each[:32]) for each in hashes)
    for_key = session.scalar(scoped(CaseMail, workspace_id).where(CaseMail.id.in_(former)))
    return for_key.id if for_key is not None else present


def _refuse_another(
    session: Session, known: CaseMail, case: FollowUp, letter: Letter, author_id: UUID | None
) -> None:
    entry = session.get(FollowUpEntry, (known.workspace_id, known.entry_id))
    then = entry.detail.get("then") if entry is not None else None
    stored = (known.follow_up_id, known.subject, known.body, known.actor_user_id, then)
    if stored != (case.id, plain_subject(letter), plain_body(letter), author_id, letter.then):
        raise Conflict("This id or Idempotency-Key was used for another letter.")
