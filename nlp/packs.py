"""The comments of all starter packs, as what is known of how customers speak."""

from functools import cache
from typing import NamedTuple

from nlp.taxonomy import starter_pack, starter_pack_names

SAMPLE = 8  # comments of a theme and language that stand for the rest


class Comment(NamedTuple):
    """A comment of a starter pack. group: (pack, theme); place: among those of its language."""

    text: str
    language: str
    group: tuple[str, str]
    place: int


@cache
def comments() -> tuple[Comment, ...]:
    """All comments of all packs that are about one theme."""
    return tuple(
        Comment(text, language, (name, theme.key), place)
        for name in starter_pack_names()
        for theme in starter_pack(name).themes
        for language, texts in theme.examples.items()
        for place, text in enumerate(texts)
    )
