"""States and reasons of e-mails of a case in words."""

from __future__ import annotations

from vocapp.distributing.attached_files import (
    FILE_TOO_LARGE,
    MAIL_TOO_LARGE,
    MOST_FILES,
    MOST_OF_FILE,
    MOST_OF_MAIL,
    TOO_MANY,
)
from vocapp.distributing.wording import reason_text
from vocapp.following_up.writing.attachments import MOST_OF_CASE, ShownFile
from vocapp.following_up.writing.models import CASE_FULL
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import number

STATES = {
    "scheduled": _l("Goes out in a moment"),
    "sending": _l("Being sent"),
    "sent": _l("Sent"),
    "unknown": _l("Perhaps sent"),
    "not_sent": _l("Not sent"),
    "bounced": _l("Came back"),
    "received": _l("From the customer"),
    "automatic": _l("Automatic reply"),
}
_REASONS = {
    "no_email": _l("No e-mail address is known."),
    "unsubscribed": _l("The person asked not to be written to."),
    "bounced": _l("An earlier mail to this address came back."),
    "complained": _l("The person reported an earlier mail as spam."),
    "stopped_while_sending": _l("The service stopped while sending. It is not sent twice."),
}
THEN = {
    "waiting": _l("Waiting for the customer"),
    "contacted": _l("Contacted"),
    "": _l("As it is"),
}
_LEFT_OUT = {
    FILE_TOO_LARGE: _l("not kept: larger than %(size)s"),
    MAIL_TOO_LARGE: _l("not kept: the files of an e-mail may have %(size)s together"),
    TOO_MANY: _l("not kept: an e-mail may have %(most)s files"),
    CASE_FULL: _l("not kept: the files of a follow-up may have %(size)s together"),
}
_MOST = {FILE_TOO_LARGE: MOST_OF_FILE, MAIL_TOO_LARGE: MOST_OF_MAIL, CASE_FULL: MOST_OF_CASE}
NEWS = {
    "reply": _l("The customer replied"),
    "mail_failed": _l("An e-mail did not arrive"),
}


def reason_in_words(reason: str | None) -> str:
    """A reason in words; what a mail server said stays as it is."""
    return str(_REASONS[reason]) if reason in _REASONS else reason_text(reason)


def size_in_words(size: int) -> str:
    """Such as "1.4 MB", "5 MB"; at least 1 kB, as nobody counts bytes."""
    if size >= 1_000_000:
        tenths = round(size / 100_000)
        return f"{number(tenths / 10, 1 if tenths % 10 and tenths < 100 else 0)} MB"
    return f"{number(max(1, round(size / 1000)))} kB"


def file_in_words(file: ShownFile) -> str:
    """Type and size of a file, and why it was left out where it was."""
    parts = [file.kind, size_in_words(file.size) if file.size is not None else ""]
    if file.left_out is not None:
        most = size_in_words(_MOST.get(file.left_out, 0))
        parts.append(str(_LEFT_OUT[file.left_out]) % {"size": most, "most": MOST_FILES})
    return " · ".join(part for part in parts if part)
