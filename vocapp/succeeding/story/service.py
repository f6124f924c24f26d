"""Use cases: write a note on an account, take it back, and see that one was mentioned."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from vocapp.database import scoped, transaction, uuid7
from vocapp.following_up.mentioning import whom
from vocapp.people.account_names import is_called
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within, of_accounts_within
from vocapp.problems import BadInput, NotFound
from vocapp.succeeding.notes import note_errors
from vocapp.succeeding.story.models import AccountNote, AccountNoteMention
from vocapp.workspaces.reach import Reach


def add_note(
    workspace_id: UUID,
    external_id: str,
    note: str,
    *,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> UUID:
    """Write a note on an account; whom it names after an @ is told. Raises NotFound, BadInput."""
    text = note.strip()
    if not text:
        raise BadInput.of("note", "is needed")
    if errors := note_errors(text):
        raise BadInput(*errors)
    with transaction() as session:
        account_id = session.scalar(
            scoped(Account, workspace_id)
            .where(is_called(workspace_id, external_id), accounts_within(reach, workspace_id))
            .with_only_columns(Account.id)
        )
        if account_id is None:
            raise NotFound("No account with this external_id.")
        row = AccountNote(
            workspace_id=workspace_id, id=uuid7(), account_id=account_id,
            author_user_id=actor_user_id, at=now, note=text,
        )  # fmt: skip
        session.add(row)
        session.flush([row])
        for user_id in sorted(whom(session, workspace_id, text) - {actor_user_id}):
            session.add(
                AccountNoteMention(
                    workspace_id=workspace_id, note_id=row.id, user_id=user_id, at=now
                )
            )
        return row.id


def set_removed(
    workspace_id: UUID,
    note_id: UUID,
    *,
    removed: bool,
    of_anybody: bool,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> str | None:
    """Take a note back, or that; the account's key, None where it was so already.

    of_anybody: also what a colleague wrote. Raises NotFound.
    """
    with transaction() as session:
        note = session.scalar(
            scoped(AccountNote, workspace_id)
            .where(
                AccountNote.id == note_id,
                of_accounts_within(reach, workspace_id, AccountNote.account_id),
            )
            .with_for_update()
        )
        if note is None or not (of_anybody or note.author_user_id == actor_user_id):
            raise NotFound("No such note.")
        if (note.removed_at is not None) == removed:
            return None
        note.removed_at = now if removed else None
        return session.get_one(Account, (workspace_id, note.account_id)).external_id


def mark(
    workspace_id: UUID, user_id: UUID, note_ids: Collection[UUID], *, seen_at: datetime | None
) -> int:
    """This person has seen where they were mentioned, or (None) has not; of how many notes."""
    with transaction() as session:
        held = AccountNoteMention.seen_at
        is_other = held.is_(None) if seen_at is not None else held.is_not(None)
        found = session.execute(
            update(AccountNoteMention)
            .where(
                AccountNoteMention.workspace_id == workspace_id,
                AccountNoteMention.user_id == user_id,
                AccountNoteMention.note_id.in_(list(note_ids)),
                is_other,
            )
            .values(seen_at=seen_at)
            .returning(AccountNoteMention.note_id)
            .execution_options(synchronize_session=False)
        )
        return len(found.all())
