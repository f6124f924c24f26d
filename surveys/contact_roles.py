"""What somebody is at a customer: roles that are offered, and a sender's own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

CHAMPION = "champion"
OFFERED = (CHAMPION, "decision_maker", "sponsor", "user", "billing", "technical")
MAX_ROLES, MAX_LENGTH = 10, 60

_CALLED = {
    CHAMPION: "champion 推進役 推進担当 チャンピオン",
    "decision_maker": "decisionmaker 決裁者 意思決定者 決定権者",
    "sponsor": "sponsor executivesponsor スポンサー エグゼクティブスポンサー 役員 責任者",
    "user": "user enduser poweruser 利用者 ユーザー",
    "billing": "billing billingcontact 請求 請求担当 経理 経理担当",
    "technical": "technical technicalcontact it 技術担当 システム担当 情報システム",
}
_KNOWN = {word: role for role, words in _CALLED.items() for word in words.split()}


def folded(role: str) -> str:
    """A role as it is compared: own words whatever their case.

    >>> folded("Board member")
    'board member'
    """
    return role.casefold()


def read_roles(words: Sequence[str]) -> tuple[str, ...]:
    """The roles that these words say: an offered one by its key, any other as it was written.

    Width, case, blanks, hyphens and underscores do not matter to what is offered; blanks and
    repetitions go. Raises ValueError: more than ten, or one that is longer than 60 characters.

    >>> read_roles(["Champion", "決裁者", "Board member", "champion", " "])
    ('champion', 'decision_maker', 'Board member')
    """
    found: dict[str, str] = {}
    for word in words:
        text = " ".join(unicodedata.normalize("NFKC", word).split())
        if not text:
            continue
        if len(text) > MAX_LENGTH:
            raise ValueError(f"a role has at most {MAX_LENGTH} characters")
        plain = "".join(char for char in text.casefold() if char not in " -_")
        role = _KNOWN.get(plain, text)
        found.setdefault(role.casefold(), role)
    if len(found) > MAX_ROLES:
        raise ValueError(f"a person has at most {MAX_ROLES} roles")
    return tuple(found.values())
