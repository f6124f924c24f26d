"""The e-mails of a playbook as somebody real would get them, and one sent to oneself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.languages import best_language
from surveys.outreach import Outreach
from surveys.playbook_json import validate_playbook
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.problems import NotFound
from vocapp.succeeding.playbooks.letters import Envelope, Written, build, written
from vocapp.succeeding.playbooks.models import Playbook
from vocapp.workspaces.models import User, Workspace

TRIAL_MAIL = "playbook_trial"  # of `staff_mail`


@dataclass(frozen=True, slots=True)
class Preview:
    """An e-mail step in each of its languages, filled for a person."""

    key: str
    title: str
    account: Account
    contact: Contact
    letters: tuple[Written, ...]


def previews(
    session: Session, playbook: Playbook, workspace: Workspace, somebody: Contact | None = None
) -> list[Preview]:
    """Its e-mail steps. somebody: who is written to; None for anybody with an address."""
    rules = validate_playbook(playbook.definition)
    mails = [step for step in rules.steps if step.outreach is not None and step.kind == "email"]
    found = None
    if mails:
        found = (
            _somebody(session, playbook.workspace_id, somebody, unowned=rules.goes_by_itself)
            or _somebody(session, playbook.workspace_id, None, unowned=False)
        )  # fmt: skip
    if found is None:
        return []
    contact, account = found
    sender = _sender(session, account, workspace)
    return [
        Preview(
            step.key, playbook.titles[step.key], account, contact,
            tuple(
                written(one, contact, account, workspace, sender=sender)
                for one in _one_by_one(step.outreach, contact.locale or workspace.locale)
            ),
        )
        for step in mails
        if step.outreach is not None
    ]  # fmt: skip


def _one_by_one(outreach: Outreach, locale: str) -> list[Outreach]:
    """The same in each language alone, that of the person first."""
    first = best_language(locale, list(outreach.words))
    ordered = sorted(outreach.words.items(), key=lambda each: each[0] != first)
    return [Outreach(words={language: words}) for language, words in ordered]


def _somebody(
    session: Session, workspace_id: UUID, wanted: Contact | None, *, unowned: bool
) -> tuple[Contact, Account] | None:
    query = (
        select(Contact, Account)
        .join(
            Account,
            (Account.workspace_id == Contact.workspace_id) & (Account.id == Contact.account_id),
        )
        .where(
            Contact.workspace_id == workspace_id, Contact.email.is_not(None),
            Contact.left_at.is_(None),
        )
    )  # fmt: skip
    if wanted is not None:
        query = query.where(Contact.id == wanted.id)
    elif unowned:
        query = query.where(Account.owner_user_id.is_(None))
    row = session.execute(query.order_by(Contact.id).limit(1)).one_or_none()
    return (row[0], row[1]) if row is not None else None


def _sender(session: Session, account: Account, workspace: Workspace) -> str:
    """Who signs: whoever looks after the account, else the company."""
    owner = account.owner_user_id and session.get(User, account.owner_user_id)
    return owner.name if owner else workspace.name


def offered_letter(
    session: Session, workspace_id: UUID, playbook_id: UUID, step_key: str, account: Account
) -> Written | None:
    """What a person who does an e-mail step by hand may send: as for the first at the account who
    has an address. None where the step is no e-mail (any more), or nobody is there."""
    playbook = session.scalar(scoped(Playbook, workspace_id).where(Playbook.id == playbook_id))
    step = playbook and validate_playbook(playbook.definition).step(step_key)
    if not step or step.outreach is None or step.kind != "email":
        return None
    contact = session.scalar(
        scoped(Contact, workspace_id)
        .where(
            Contact.account_id == account.id, Contact.email.is_not(None),
            Contact.left_at.is_(None),
        )
        .order_by(Contact.id)
        .limit(1)
    )  # fmt: skip
    if contact is None:
        return None
    workspace = session.get_one(Workspace, workspace_id)
    sender = _sender(session, account, workspace)
    return written(step.outreach, contact, account, workspace, sender=sender)


# --- to oneself -------------------------------------------------------------------------------


def send_trial(
    workspace_id: UUID, playbook_id: UUID, step_key: str, *, user_id: UUID, now: datetime
) -> None:
    """Have an e-mail step sent to a member in all its languages. Raises NotFound."""
    with transaction() as session:
        playbook = session.scalar(scoped(Playbook, workspace_id).where(Playbook.id == playbook_id))
        step = playbook and validate_playbook(playbook.definition).step(step_key)
        if not step or step.kind != "email":
            raise NotFound("No such step.")
        for language in step.outreach.words if step.outreach else ():
            outbox.add(
                session, workspace_id, "staff_mail", playbook_id, now=now,
                detail={
                    "about": TRIAL_MAIL, "step": step_key, "user": str(user_id),
                    "language": language,
                },
            )  # fmt: skip
    outbox.ring("staff_mail")


def trial_mail(pending: Pending) -> EmailMessage | None:
    """The mail, to the member alone; None where playbook, step or member are gone."""
    with snapshot() as session:
        playbook = session.get(Playbook, (pending.workspace_id, pending.subject_id))
        workspace = session.get(Workspace, pending.workspace_id)
        person = session.get(User, UUID(pending.detail["user"]))
        if playbook is None or workspace is None or person is None or person.disabled_at:
            return None
        letters = [
            letter
            for preview in previews(session, playbook, workspace)
            if preview.key == pending.detail["step"]
            for letter in preview.letters
            if letter.language == pending.detail["language"]
        ]
    if not letters:
        return None
    key = f"playbook-trial-{pending.id}"
    return build(letters[0], Envelope(workspace, person.name, person.email, key, is_trial=True))
