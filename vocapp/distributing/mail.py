"""What an invitation looks like: a text, and HTML that MJML makes fit for mail programs.

The scale stands in the mail as links with words and room for a finger. They only open
the page with the number chosen; the page's button counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from itertools import pairwise
from urllib.parse import quote
from uuid import UUID

import mrml
from flask import current_app

from surveys.definitions import Definition
from surveys.languages import direction
from surveys.look import CORNERS_PX, FONTS, USUAL, Look, used_shades
from surveys.own_mail import OwnMail
from surveys.questions import localised, scale_of, wording
from vocapp.authoring.links import InvitationLink
from vocapp.distributing.inbox import has_inbox
from vocapp.distributing.logos import Logo
from vocapp.distributing.texts import invitation_texts
from vocapp.mailing import address_of, compose, message_id, one_line
from vocapp.signing import keyed_hashes, sign

# MJML would fetch fonts that it knows by name from a third party.
_NOTHING_FROM_OUTSIDE = mrml.RenderOptions(fonts={})
REMINDER = "-reminder"  # ends the key of a reminder's mail, which begins with the invitation's
LOGO_ID = "logo@survey"  # Content-ID, of this mail alone
_USUAL_COLOURS = {
    "edge": "#7c8794", "key": "#1a2027", "link": "#0b6e6e",
    "dark_edge": "#74808d", "dark_key": "#e7ebef", "dark_link": "#4fc1bd",
}  # fmt: skip
_USUAL_FONT = (
    "-apple-system, 'Segoe UI', Roboto, 'Hiragino Sans', 'Yu Gothic UI', Meiryo, 'Noto Sans JP', "
    "Arial, sans-serif"
)
_KEY_PX = 48  # a cell of 44 px and the gap around it
# Where a row of the scale is broken when it does not fit the screen.
_BREAKS = {"nps": (0, 6, 11), "csat": (1, 6), "ces": (1, 5, 8)}


@dataclass(frozen=True, slots=True)
class Letter:
    """All that an invitation says, in one language."""

    workspace_id: UUID
    workspace: str
    definition: Definition
    language: str
    name: str
    address: str
    link: InvitationLink
    own: OwnMail = field(default_factory=OwnMail)
    is_reminder: bool = False
    logo: Logo | None = None
    look: Look = USUAL
    message_key: str = ""  # of one that belongs to no invitation

    @property
    def key(self) -> str:
        """Of the Message-ID: the reminder is a mail of its own about the same invitation."""
        return f"{self.first_key}{REMINDER}" if self.is_reminder else self.first_key

    @property
    def unsubscribe_url(self) -> str:
        """Where its address is struck off; that of a trial names none, and stops nothing."""
        if self.link.is_trial:
            return unsubscribe_url_of(self.workspace_id, "")
        return unsubscribe_url(self.workspace_id, self.address)

    @property
    def first_key(self) -> str:
        """That of the mail by which somebody is asked."""
        return self.message_key or str(self.link.invitation_id)


@dataclass(frozen=True, slots=True)
class Key:
    """One number of the scale and where it leads."""

    point: int
    url: str


def unsubscribe_url(workspace_id: UUID, address: str) -> str:
    """Where an address is struck off; it names the address only by its keyed hash."""
    return unsubscribe_url_of(workspace_id, address_digest(workspace_id, address))


def unsubscribe_url_of(workspace_id: UUID, digest: str) -> str:
    """The same of an address or number that is known by its `address_digest` alone."""
    return f"{current_app.config['BASE_URL']}/u/{sign('unsubscribe', [workspace_id.hex, digest])}"


def address_digest(workspace_id: UUID, address: str) -> str:
    """By what a suppressed address is known, so that it survives the person's erasure."""
    return address_digests(workspace_id, address)[0]


def address_digests(workspace_id: UUID, address: str) -> list[str]:
    """`address_digest`, and by what it was known under former keys."""
    return keyed_hashes("suppression", f"{workspace_id}:{address.strip().casefold()}")


def digest_reached(workspace_id: UUID, kept: str | None, present: str | None) -> str | None:
    """Which address or number a message went to, as its `address_digest`. kept: what was noted of
    it then; of before that was noted, present stands for it, which the person has now."""
    return kept or (address_digest(workspace_id, present) if present else None)


def build(letter: Letter, *, now: datetime) -> EmailMessage:
    """The mail of an invitation. Raises ValueError where a header could not hold it."""
    settings = current_app.config["SETTINGS"]
    words = said_in(letter)
    message = compose(
        settings=settings,
        to=address_of(one_line(letter.name), letter.address),
        subject=words["subject"],
        text=text_part(letter),
        html=html_part(letter, logo_src=f"cid:{LOGO_ID}"),
        message_key=letter.key,
        now=now,
        sender_name=one_line(letter.own.sender or letter.workspace),
        workspace_id=letter.workspace_id,
    )
    html = message.get_body(("html",))
    if letter.logo is not None and html is not None:
        html.add_related(
            letter.logo.png, "image", "png", cid=f"<{LOGO_ID}>", disposition="inline",
            filename="logo.png",
        )  # fmt: skip
    if letter.is_reminder:
        first = message_id(settings, letter.first_key)
        message["In-Reply-To"] = message["References"] = first
    if letter.own.reply_to:
        message["Reply-To"] = address_of("", letter.own.reply_to)
    add_unsubscribing(message, letter.unsubscribe_url)
    message["Content-Language"] = letter.language
    return message


def add_unsubscribing(message: EmailMessage, url: str) -> None:
    """The headers by which a mail program offers to stop such mails. url: `unsubscribe_url`."""
    settings = current_app.config["SETTINGS"]
    ways = [f"<{url}>"]
    if has_inbox(settings):  # else nobody would read it (`stopping_by_mail`)
        sender = parseaddr(settings.mail_from)[1]
        ways.append(f"<mailto:{sender}?subject={quote('unsubscribe ' + url.rsplit('/', 1)[1])}>")
    message["List-Unsubscribe"] = ", ".join(ways)
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058


def said_in(letter: Letter) -> dict[str, str]:
    """The letter's own words with its names put in."""
    values = {"workspace": one_line(letter.workspace), "name": one_line(letter.name)}
    words = invitation_texts(letter.language)
    words["greeting"] = words["greeting" if values["name"] else "greeting_unnamed"]
    later = ("scale_end", "reminder_subject")
    usual = {key: text if key in later else text.format(**values) for key, text in words.items()}
    said = letter.own.said(letter.language, usual, values)
    if letter.is_reminder:
        said["subject"] = said["reminder_subject"].replace("{subject}", said["subject"])
        said["intro"] = f"{said['reminder']}\n{said['intro']}"
    return said


def keys_of(letter: Letter) -> list[list[Key]]:
    """The scale in the rows that a phone shows; a wide screen puts them side by side."""
    breaks = _BREAKS[letter.definition.kind]
    return [
        [Key(point, letter.link.url(score=point)) for point in range(first, end)]
        for first, end in pairwise(breaks)
    ]


def _ends(letter: Letter, words: dict[str, str]) -> list[str]:
    """The scale's two ends in words, each with its number so that order does not matter."""
    primary, scale = letter.definition.primary, scale_of(letter.definition.kind)
    assert scale is not None
    labels = (primary.low_label, primary.high_label)
    shown = zip((scale[0], scale[-1]), labels, strict=True)
    return [
        words["scale_end"].format(point=point, label=localised(label, language=letter.language))
        for point, label in shown
        if label
    ]


def words_of(letter: Letter) -> str:
    """What the mail says, without its links, which are the recipient's alone."""
    words = said_in(letter)
    question = wording(letter.definition.primary, language=letter.language)
    return "\n\n".join([words["greeting"], words["intro"], question])


def text_part(letter: Letter) -> str:
    """The mail for readers without HTML; every number has its own address."""
    words, primary = said_in(letter), letter.definition.primary
    lines = [words["greeting"], "", words["intro"], ""]
    lines += [wording(primary, language=letter.language), *_ends(letter, words), ""]
    lines += [f"{key.point:>2}  {key.url}" for row in keys_of(letter) for key in row]
    lines += ["", words["how"], "", "-- ", words["sent_by"]]
    lines += [words["unsubscribe"] + ":", letter.unsubscribe_url]
    return "\n".join(lines) + "\n"


def mail_look(look: Look) -> dict[str, str | int]:
    """Colours, corners and font of the mail. Nothing is filled with the colour: programs that
    darken a mail by themselves change fills and the words on them each in its own way."""
    used = used_shades(look)
    colours = _USUAL_COLOURS
    if used is not None:
        light, dark = used
        colours = {
            "edge": light.edge, "key": light.text, "link": light.text,
            "dark_edge": dark.edge, "dark_key": dark.text, "dark_link": dark.text,
        }  # fmt: skip
    font = FONTS[look.font].replace('"', "'") or _USUAL_FONT
    return {**colours, "corner_px": CORNERS_PX[look.corners], "font": font}


def html_part(letter: Letter, *, logo_src: str = "") -> str:
    """The mail as HTML with everything inside it: no font, no outside address. logo_src: where the
    logo stands, which is in the mail itself; where there is none, as data, for a page of ours."""
    words = said_in(letter)
    template = current_app.jinja_env.get_template("distributing/invitation.mjml.xml")
    rows = keys_of(letter)
    source = template.render(
        words=words,
        question=wording(letter.definition.primary, language=letter.language),
        ends=_ends(letter, words),
        rows=[(len(row) * _KEY_PX, row) for row in rows],
        language=letter.language,
        direction=direction(letter.language),
        logo=letter.logo,
        logo_src=logo_src or (letter.logo.data_url if letter.logo else ""),
        look=mail_look(letter.look),
        sender=one_line(letter.own.sender or letter.workspace),
        page_url=letter.link.url(),
        unseen_url=letter.link.unseen_url(),
        unsubscribe_url=letter.unsubscribe_url,
    )
    return str(mrml.to_html(source, None, _NOTHING_FROM_OUTSIDE).content)
