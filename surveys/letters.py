"""Letters with gaps: what a template says, and what is put into it.

A gap is a known name in braces, `{name}`. Everything else in braces is text. Values are put in
once: braces in a value are not looked into again, and a value cannot begin a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

GAPS = ("greeting", "name", "account", "score", "answered_on", "workspace", "sender")
_GAP = re.compile(r"\{(" + "|".join(GAPS) + r")\}")
_ANY = re.compile(r"\{([a-z_]{1,30})\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its gaps filled; one without a value is left empty.

    >>> fill("{greeting} {name} of {account}", {"name": "{account}", "account": "A\\nB"})
    ' {account} of A B'
    >>> fill("{unknown}", {})
    '{unknown}'
    """
    return _GAP.sub(lambda found: " ".join(values.get(found[1], "").split()), text)


def unknown_gaps(text: str) -> list[str]:
    """What looks like a gap and is none, in order, each once.

    >>> unknown_gaps("{nmae} {name} {nmae} {not a gap}")
    ['nmae']
    """
    return list(dict.fromkeys(each for each in _ANY.findall(text) if each not in GAPS))


def open_gaps(text: str) -> list[str]:
    """Gaps that are still to be filled, in order, each once.

    >>> open_gaps("{name}, {name}, {sender}")
    ['name', 'sender']
    """
    return list(dict.fromkeys(_GAP.findall(text)))
