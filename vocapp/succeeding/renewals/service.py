"""Use cases: say what will become of a renewal, take it back, undo."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.renewals import CATEGORIES
from vocapp.database import scoped, transaction
from vocapp.people.account_names import is_called
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.succeeding.notes import note_errors
from vocapp.succeeding.renewals.models import RenewalWord
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit

AS_FORECAST = "forecast"


def say(
    workspace_id: UUID,
    external_id: str,
    category: str,
    *,
    note: str = "",
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> str:
    """A person's word goes before the forecast; AS_FORECAST takes it back. Gives an undo token.

    Raises NotFound, BadInput, and Conflict where no renewal is known.
    """
    errors = note_errors(note)
    if category not in {*CATEGORIES, AS_FORECAST}:
        expected = ", ".join((*CATEGORIES, AS_FORECAST))
        errors.append(FieldError("category", f"expected one of {expected}"))
    if errors:
        raise BadInput(*errors)
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id)
            .where(is_called(workspace_id, external_id), accounts_within(reach, workspace_id))
            .with_for_update()
        )
        if account is None:
            raise NotFound("No account with this external_id.")
        if account.renewal_on is None:
            raise Conflict("No renewal of this account is known.")
        word = session.get(RenewalWord, (workspace_id, account.id))
        before = _told(word)
        said = None if category == AS_FORECAST else category
        word = _write(
            session, account, word, said, note.strip() or None, account.renewal_on,
            actor_user_id, now,
        )  # fmt: skip
        _note_down(session, account, word, actor_user_id, now)
        return undo_token(
            "renewal", workspace_id, actor_user_id, account=account.id.hex,
            version=word.version, **before,
        )  # fmt: skip


def undo(
    workspace_id: UUID, token: str, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> None:
    """Put back what was said before. Raises Conflict: too late, or somebody spoke since."""
    told = read_undo(token, "renewal", workspace_id, actor_user_id)
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id)
            .where(Account.id == UUID(told["account"]), accounts_within(reach, workspace_id))
            .with_for_update()
        )
        if account is None:
            raise NotFound("No such account.")
        word = session.get(RenewalWord, (workspace_id, account.id))
        if word is None or word.version != told["version"]:
            raise Conflict("Somebody said something else since, so it was left as it is.")
        due_on = date.fromisoformat(told["due_on"]) if told["due_on"] else word.due_on
        said_by = UUID(told["by"]) if told["by"] else None
        said_at = datetime.fromisoformat(told["at"]) if told["at"] else now
        _write(session, account, word, told["category"], told["note"], due_on, said_by, said_at)
        _note_down(session, account, word, actor_user_id, now)


def _told(word: RenewalWord | None) -> dict[str, str | None]:
    """What is said now, as an undo puts it back."""
    if word is None:
        return dict.fromkeys(("category", "note", "due_on", "by", "at"))
    return {
        "category": word.category, "note": word.note, "due_on": word.due_on.isoformat(),
        "by": word.said_by_user_id.hex if word.said_by_user_id else None,
        "at": word.said_at.isoformat(),
    }  # fmt: skip


def _write(
    session: Session,
    account: Account,
    word: RenewalWord | None,
    category: str | None,
    note: str | None,
    due_on: date,
    said_by: UUID | None,
    said_at: datetime,
) -> RenewalWord:
    if word is None:
        word = RenewalWord(
            workspace_id=account.workspace_id, account_id=account.id, version=0, due_on=due_on,
            said_at=said_at,
        )  # fmt: skip
        session.add(word)
    word.category, word.note, word.due_on = category, note, due_on
    word.said_by_user_id, word.said_at = said_by, said_at
    word.version += 1
    return word


def _note_down(
    session: Session, account: Account, word: RenewalWord, actor: UUID, now: datetime
) -> None:
    audit(
        session, account.workspace_id, "renewal.category_said", subject=account,
        actor_user_id=actor, now=now, detail={"category": word.category},
    )  # fmt: skip
