"""The e-mail of a step: its words for one person, and the mail that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from uuid import UUID

from flask import current_app

from surveys.languages import best_language
from surveys.letters import fill
from surveys.outreach import Outreach
from vocapp.database import utcnow
from vocapp.distributing.inbox import has_inbox
from vocapp.distributing.mail import add_unsubscribing, unsubscribe_url, unsubscribe_url_of
from vocapp.distributing.receiving import plus_address
from vocapp.distributing.texts import greeting_of, invitation_texts
from vocapp.mailing import address_of, compose, message_id, one_line
from vocapp.people.models import Account, Contact
from vocapp.signing import keyed_hashes
from vocapp.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as one person gets it."""

    language: str
    subject: str
    body: str


def written(
    outreach: Outreach, contact: Contact, account: Account, workspace: Workspace, *, sender: str
) -> Written:
    """In the language that fits the person best. sender: who signs it."""
    language = best_language(contact.locale or workspace.locale, list(outreach.words))
    words = outreach.words[language]
    values = {
        "greeting": greeting_of(language, contact.name),
        "name": contact.name,
        "account": account.name or account.external_id,
        "workspace": workspace.name,
        "sender": sender,
    }
    return Written(language, fill(words.subject, values), fill(words.body, values))


@dataclass(frozen=True, slots=True)
class Envelope:
    """From which workspace to whom; key: of the Message-ID, unique and the same ever after.
    is_trial: its link to stop such mails names nobody, and stops nothing."""

    workspace: Workspace
    name: str
    address: str
    key: str
    digest: str | None = None
    is_trial: bool = False

    @property
    def unsubscribe_url(self) -> str:
        if self.is_trial:
            return unsubscribe_url_of(self.workspace.id, "")
        return unsubscribe_url(self.workspace.id, self.address)


def build(letter: Written, envelope: Envelope) -> EmailMessage:
    """The mail: the words, and below them how to stop such mails."""
    workspace, settings = envelope.workspace, current_app.config["SETTINGS"]
    said = invitation_texts(letter.language)
    url = envelope.unsubscribe_url
    sent_by = said["sent_by"].format(workspace=one_line(workspace.name))
    message = compose(
        settings=settings,
        to=address_of(one_line(envelope.name), envelope.address),
        subject=one_line(letter.subject),
        text=f"{letter.body}\n\n-- \n{sent_by}\n{said['unsubscribe']}:\n{url}\n",
        message_key=envelope.key,
        now=utcnow(),
        sender_name=one_line(workspace.name),
        workspace_id=workspace.id,
    )
    add_unsubscribing(message, url)
    message["Content-Language"] = letter.language
    address = plus_address(settings, envelope.digest) if envelope.digest else None
    if address is not None and has_inbox(settings):
        message["Reply-To"] = address_of(one_line(workspace.name), address)
    return message


def digest_of_letter(letter_id: UUID) -> str:
    """By what the mail of a letter is known when it is answered; nobody else can make it."""
    return digests_of_message(message_id(current_app.config["SETTINGS"], str(letter_id)))[0]


def digests_of_message(message: str) -> list[str]:
    """The digest of a Message-ID, and what it was under former keys."""
    return [each[:32] for each in keyed_hashes("playbook-mail", message.strip())]
