"""The kinds of files, and what the columns of each are called."""

from __future__ import annotations

from vocapp.connecting.importing.columns import ACCOUNT_WORDS, EVENT_WORDS, RESPONSE_WORDS
from vocapp.people.column_names import CONTACT_WORDS

WORDS_OF = {
    "contacts": CONTACT_WORDS, "accounts": ACCOUNT_WORDS, "responses": RESPONSE_WORDS,
    "events": EVENT_WORDS,
}  # fmt: skip
KINDS = tuple(WORDS_OF)
