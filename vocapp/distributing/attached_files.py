"""The files that a mail brings, each with its bytes or with the limit that left it out.

A file is a part with a file name, one that says it is an attachment, or one that is no text (a
picture within the text, a mail that was passed on). A small picture within the text is none: it is
the logo of a signature, or that of the mail which is answered. Names and types are what the sender
says they are: names are cleaned so that they cannot pose as something else, and nothing relies on
a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from mimetypes import guess_extension

from vocapp.distributing.logos import is_small

MOST_OF_FILE = 5_000_000  # bytes
MOST_OF_MAIL = 10_000_000
MOST_FILES = 20
FILE_TOO_LARGE, MAIL_TOO_LARGE, TOO_MANY = "file_too_large", "mail_too_large", "too_many"
ANY_KIND = "application/octet-stream"

_MOST_LISTED = 100
_DEEPEST = 20  # of parts in parts; mail programs need three
_KIND = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,48}/[a-z0-9][a-z0-9.+_-]{0,48}")
# Separators of paths, controls, and marks that turn the direction of writing: "gpj.exe" for
# "exe.jpg" is the oldest of tricks.
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST_NAME, _KEPT_END = 150, 30


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a mail. size: in bytes, None where it is not known; content: None where a limit
    left it out, which left_out names."""

    name: str
    kind: str
    size: int | None
    content: bytes | None
    left_out: str | None = None

    def without_content(self, why: str) -> Attached:
        """The same file, left out."""
        return replace(self, content=None, left_out=why)


def files_of(message: Message, *, is_cut: bool) -> tuple[Attached, ...]:
    """In the order of the mail. is_cut: its end is missing, and with it the end of the last."""
    found = [_file_of(part) for part in leaves(message) if is_file(part)][:_MOST_LISTED]
    if is_cut and found:
        found[-1] = replace(found[-1].without_content(MAIL_TOO_LARGE), size=None)
    kept: list[Attached] = []
    room = MOST_OF_MAIL
    for place, each in enumerate(found):
        limited = each if each.content is None else _limited(each, place, room)
        room -= len(limited.content or b"")
        kept.append(limited)
    return tuple(kept)


def _limited(file: Attached, place: int, room: int) -> Attached:
    size = len(file.content or b"")
    if place >= MOST_FILES:
        return file.without_content(TOO_MANY)
    if size > MOST_OF_FILE:
        return file.without_content(FILE_TOO_LARGE)
    return file if size <= room else file.without_content(MAIL_TOO_LARGE)


def leaves(part: Message, depth: int = 0) -> Iterator[Message]:
    """What is not made of parts; a mail within the mail is one."""
    inner = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(inner, list):
        yield part
    elif depth < _DEEPEST:
        for each in inner:
            if isinstance(each, Message):
                yield from leaves(each, depth + 1)


def is_file(part: Message) -> bool:
    """Whether a leaf is a file, and no text of the mail itself or what only adorns it."""
    if _is_adornment(part):
        return False
    if _name_of(part) or str(part.get("Content-Disposition", "")).lower().startswith("attachment"):
        return True
    return part.get_content_maintype() not in {"text", "multipart"}


def _is_adornment(part: Message) -> bool:
    """A picture that the text shows, and too small to be what somebody wants to show."""
    disposition = str(part.get("Content-Disposition", "")).lower()
    if part.get_content_maintype() != "image" or disposition.startswith("attachment"):
        return False
    return "Content-ID" in part and is_small(_bytes_of(part))


def _file_of(part: Message) -> Attached:
    kind = part.get_content_type().lower()
    kind = kind if _KIND.fullmatch(kind) else ANY_KIND
    content = _bytes_of(part)
    return Attached(clean_name(_name_of(part)) or _name_for(kind), kind, len(content), content)


def _bytes_of(part: Message) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):  # a mail that was passed on
        return b"".join(each.as_bytes() for each in inner if isinstance(each, Message))
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        content = b""
    return content if isinstance(content, bytes) else b""


def _name_of(part: Message) -> str:
    try:
        return part.get_filename() or ""
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""  # the library's parser gives up on some of what spammers write


def _name_for(kind: str) -> str:
    ending = ".eml" if kind.startswith("message/") else guess_extension(kind) or ""
    return f"{kind.partition('/')[0]}{ending}"


def clean_name(name: str) -> str:
    """A file's name as it can be shown and stored; its end, which says what it is, stays.

    >>> clean_name("../../etc/passwd ")
    '.._.._etc_passwd'
    >>> clean_name("report\\u202egpj.exe")
    'report_gpj.exe'
    >>> clean_name("n" * 300 + ".pdf")[-6:]
    'nn.pdf'
    """
    name = _NOT_IN_NAMES.sub("_", name).encode("utf-8", "replace").decode()
    name = " ".join(name.split())
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - _KEPT_END - 1]}…{name[-_KEPT_END:]}"
    return name
