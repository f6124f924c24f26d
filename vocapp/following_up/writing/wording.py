"""States and reasons of e-mails of a case in words."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

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
NEWS = {
    "reply": _l("The customer replied"),
    "mail_failed": _l("An e-mail did not arrive"),
}


def reason_in_words(reason: str | None) -> str:
    """A reason in words; what a mail server said stays as it is."""
    return str(_REASONS.get(reason, reason)) if reason else ""
