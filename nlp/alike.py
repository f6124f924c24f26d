"""Which comments are copies of one another: pasted, imported twice, or sent by a bot.

A digest of what is read in a text, so that copies are found by an index, whatever their number,
and none has to be compared with another. MinHash or SimHash would also join texts that differ in
a few words; but "not" is such a word, and of two short comments that share most of their letters
each may be a voice of its own. What a copy may differ in is what nobody reads: case, width,
spaces, signs, personal data (already replaced when the digest is taken), and in a long text its
numbers, which are dates, tickets and counters of one template.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from nlp.text import normalise

# Letters from which the same words are no coincidence, and other numbers no other statement.
LONG = 40
_NUMBER = re.compile(r"\d+")
_READ = frozenset("LMN")  # categories of Unicode: letters with their marks, numbers


def likeness_of(redacted: str) -> str | None:
    """32 hex digits that copies of a comment share; None where it has no words and no emoji.

    redacted: the comment without personal data.

    >>> likeness_of("Too slow!!") == likeness_of(" ＴＯＯ  slow")
    True
    >>> likeness_of("Not slow") == likeness_of("So slow"), likeness_of("…")
    (False, None)
    """
    plain = normalise(redacted).text
    read = "".join(c for c in plain if unicodedata.category(c)[0] in _READ)
    if not read:
        read = "".join(c for c in plain if unicodedata.category(c) == "So")
    if not read:
        return None
    if len(read) >= LONG:
        read = _NUMBER.sub("0", read)
    return hashlib.sha256(read.encode("utf-8", "replace")).hexdigest()[:32]
