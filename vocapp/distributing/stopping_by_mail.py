"""Whoever stops mails by a mail: programs that press `List-Unsubscribe` for a person may write to
the address in it, where those by http are not known.

The subject has the signed part of the link; who the mail says it is from decides nothing.
"""

from __future__ import annotations

import re
from datetime import datetime

from vocapp.distributing.receiving import Incoming
from vocapp.distributing.service import read_unsubscribe_token, unsubscribe
from vocapp.problems import Problem
from vocapp.signing import BadToken
from vocapp.workspaces.queries import workspace_settings

# Nothing before it: a reply that quotes the subject, or "could not be delivered", is no wish.
_WISH = re.compile(r"unsubscribe (\S+)", re.IGNORECASE)


def take_wish(incoming: Incoming, now: datetime) -> bool:
    """Strike off the address that a mail names; whether it names one. Repeatable."""
    wish = _WISH.fullmatch(incoming.subject)
    if wish is None or incoming.is_report:
        return False
    try:
        who = read_unsubscribe_token(wish[1])
        workspace_settings(who.workspace_id)
    except (BadToken, Problem):
        return False
    if who.address_digest:  # that of a trial names nobody
        unsubscribe(who, now=now)
    return True
