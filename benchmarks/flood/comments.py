"""The comments of the flood: both languages in turn, seeded, all different."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from nlp.taxonomy import LANGUAGES, starter_pack, starter_pack_names


def answers(seed: int) -> Iterator[dict[str, Any]]:
    """Answers without end, one in English, one in Japanese; the same seed gives the same ones.

    A comment is two or three of the starter packs' comments and a number, by which no two are
    equal.
    """
    chance = random.Random(seed)
    told = {language: _told(language) for language in LANGUAGES}
    number = 0
    while True:
        language = LANGUAGES[number % len(LANGUAGES)]
        number += 1
        some = chance.sample(told[language], chance.choice((2, 3)))
        yield {
            "id": str(UUID(int=chance.getrandbits(128), version=4)),
            "survey": "nps",
            "score": chance.randrange(11),
            "comment": " ".join((*some, f"#{number}")),
            "locale": language,
        }


def _told(language: str) -> list[str]:
    """The comments in a language of all packs, each once, in the order of the packs."""
    themes = (theme for name in starter_pack_names() for theme in starter_pack(name).themes)
    return list(dict.fromkeys(text for theme in themes for text in theme.examples[language]))
