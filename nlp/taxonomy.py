"""Themes: what feedback can be about, and the packs a new workspace starts from.

A pack is package data (``nlp/data/packs/NAME.json``) written for this project. Besides
themes it may hold comments about none of them (they teach the classifier to abstain) and
comments about several at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, TypeVar

LANGUAGES: Final = ("en", "ja")
STARTER_PACK: Final = "b2b_saas"  # that a workspace begins with
MAX_KEY_LENGTH: Final = 100
MAX_PHRASE_LENGTH: Final = 100
MAX_PHRASES: Final = 200  # of one kind, language and theme

_T = TypeVar("_T")


def _by_language(values: Mapping[str, _T]) -> Mapping[str, _T]:
    """A read-only view: packs are cached and shared, so nobody may change them."""
    return MappingProxyType(dict(values))


def _nothing() -> Mapping[str, tuple[str, ...]]:
    return _by_language(dict.fromkeys(LANGUAGES, ()))


@dataclass(frozen=True, slots=True)
class Theme:
    """One thing customers talk about; every mapping has the keys ``en`` and ``ja``.

    keywords hint to the classifier. rules and exclusions decide by themselves (nlp.rules): a
    comment with a phrase of rules has the theme, a clause with one of exclusions has it not.
    parent: key of the theme above it, None at the top.
    """

    key: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A comment with the keys of all themes it is about."""

    text: str
    language: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Themes in their order of display, with the comments that teach them."""

    name: str
    version: str
    themes: tuple[Theme, ...]
    off_topic: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    combined: tuple[LabelledText, ...] = ()

    def __post_init__(self) -> None:
        keys = self.keys
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise ValueError(f"theme keys must be unique, repeated: {', '.join(repeated)}")
        for text in self.combined:
            unknown = [label for label in text.labels if label not in keys]
            if unknown:
                raise ValueError(f"combined: {text.text!r} has unknown labels {unknown}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the themes, in order."""
        return tuple(theme.key for theme in self.themes)

    def theme(self, key: str) -> Theme:
        """The theme with this key. Raises KeyError when there is none."""
        for theme in self.themes:
            if theme.key == key:
                return theme
        raise KeyError(key)

    def without_rules(self) -> Taxonomy:
        """What a classifier learns from: it is not trained anew because a rule or the order of
        the tree changed."""
        none = _nothing()
        plain = (replace(t, rules=none, exclusions=none, parent=None) for t in self.themes)
        return replace(self, themes=tuple(plain))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: changes whenever any content changes."""
        canonical = json.dumps(
            _as_json(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


def _as_json(taxonomy: Taxonomy) -> dict[str, object]:
    return {
        "name": taxonomy.name,
        "version": taxonomy.version,
        "themes": [
            {
                "key": theme.key,
                "label": dict(theme.label),
                "description": dict(theme.description),
                "keywords": dict(theme.keywords),
                "examples": dict(theme.examples),
            }
            | _rules_as_json(theme)
            for theme in taxonomy.themes
        ],
        "off_topic": dict(taxonomy.off_topic),
        "combined": [
            {"text": text.text, "lang": text.language, "labels": text.labels}
            for text in taxonomy.combined
        ],
    }


def _rules_as_json(theme: Theme) -> dict[str, object]:
    """What decides by itself, only where there is any: models of themes without stay valid."""
    found = {"rules": dict(theme.rules), "exclusions": dict(theme.exclusions)}
    return {name: phrases for name, phrases in found.items() if any(phrases.values())}


def starter_pack_names() -> tuple[str, ...]:
    """Names of the packs that come with the product, sorted.

    >>> starter_pack_names()
    ('b2b_saas', 'e_commerce', 'finance', 'hospitality')
    """
    packs = files("nlp").joinpath("data", "packs").iterdir()
    return tuple(
        sorted(pack.name.removesuffix(".json") for pack in packs if pack.name.endswith(".json"))
    )


@cache
def starter_pack(name: str = STARTER_PACK) -> Taxonomy:
    """A pack that comes with the product, read once and checked.

    Raises ValueError for an unknown name or a pack with a hole in it.

    >>> starter_pack().theme("pricing").label["ja"]
    '価格・費用対効果'
    """
    if name not in starter_pack_names():
        raise ValueError(f"starter pack: expected one of {starter_pack_names()}, got {name!r}")
    source = files("nlp").joinpath("data", "packs", f"{name}.json")
    return _read_pack(json.loads(source.read_text(encoding="utf-8")))


def _read_pack(pack: Mapping[str, object]) -> Taxonomy:
    themes = tuple(
        _pack_theme(entry, where=f"theme {number}")
        for number, entry in enumerate(_rows(pack, "themes", where="pack"), start=1)
    )
    combined = tuple(
        LabelledText(
            text=_text(entry, "text", where=f"combined {number}"),
            language=_text(entry, "lang", where=f"combined {number}"),
            labels=_texts(entry, "labels", where=f"combined {number}"),
        )
        for number, entry in enumerate(_rows(pack, "combined", where="pack"), start=1)
    )
    return Taxonomy(
        name=_text(pack, "name", where="pack"),
        version=_text(pack, "version", where="pack"),
        themes=themes,
        off_topic=_localised_texts(pack, "off_topic", where="pack"),
        combined=combined,
    )


def _pack_theme(entry: Mapping[str, object], *, where: str) -> Theme:
    return Theme(
        key=_key(entry, where=where),
        label=_localised_text(entry, "label", where=where),
        description=_localised_text(entry, "description", where=where),
        keywords=_localised_texts(entry, "keywords", where=where),
        examples=_localised_texts(entry, "examples", where=where),
    )


def from_entries(entries: Sequence[Mapping[str, object]]) -> Taxonomy:
    """A taxonomy from the flat list people write by hand.

    Each entry has ``key``, ``label``, ``description`` (texts) and ``keywords`` (a list of
    texts, may be empty); ``label_ja``, ``description_ja`` and ``keywords_ja`` may add
    Japanese, and where they are missing the plain field stands for both languages (it may
    itself be Japanese). ``rules`` and ``exclusions`` (lists of phrases, with ``_ja`` likewise,
    nothing where missing) and ``parent`` (a key) may be there. Other fields are ignored.
    Raises ValueError that names the entry, counted from 1, and the field.

    >>> pack = from_entries([{"key": "price", "label": "Price", "label_ja": "価格",
    ...                       "description": "What it costs.", "keywords": ["cheap"]}])
    >>> pack.theme("price").label["ja"], pack.theme("price").keywords["ja"]
    ('価格', ('cheap',))
    """
    if isinstance(entries, str | bytes | Mapping) or not isinstance(entries, Sequence):
        raise ValueError(f"taxonomy: expected a list of entries, got {type(entries).__name__}")
    if not entries:
        raise ValueError("taxonomy: expected at least one entry, got none")
    themes: list[Theme] = []
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        theme = from_entry(entry, where=f"entry {number}")
        if theme.key in seen:
            raise ValueError(
                f"entry {number}, key: {theme.key!r} is already the key of entry {seen[theme.key]}"
            )
        seen[theme.key] = number
        themes.append(theme)
    return Taxonomy(name="custom", version="1", themes=tuple(themes))


def from_entry(entry: object, *, where: str) -> Theme:
    """One theme of the flat list; `where` begins the message of the ValueError."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: expected an object, got {type(entry).__name__}")
    key = _key(entry, where=where)
    where = f"{where} ({key})"

    def field_ja(name: str) -> str:
        return f"{name}_ja" if entry.get(f"{name}_ja") is not None else name

    return Theme(
        key=key,
        label=_by_language(
            {
                "en": _text(entry, "label", where=where),
                "ja": _text(entry, field_ja("label"), where=where),
            }
        ),
        description=_by_language(
            {
                "en": _text(entry, "description", where=where),
                "ja": _text(entry, field_ja("description"), where=where),
            }
        ),
        keywords=_by_language(
            {
                "en": _texts(entry, "keywords", where=where),
                "ja": _texts(entry, field_ja("keywords"), where=where),
            }
        ),
        examples=_nothing(),
        rules=_flat_phrases(entry, "rules", where=where),
        exclusions=_flat_phrases(entry, "exclusions", where=where),
        parent=_text(entry, "parent", where=where) if entry.get("parent") is not None else None,
    )


def _flat_phrases(
    entry: Mapping[str, object], name: str, *, where: str
) -> Mapping[str, tuple[str, ...]]:
    fields = {"en": name, "ja": f"{name}_ja"}
    return _by_language(
        {
            language: _phrases(entry, field_name, where=where)
            for language, field_name in fields.items()
        }
    )


def _phrases(entry: Mapping[str, object], name: str, *, where: str) -> tuple[str, ...]:
    if entry.get(name) is None:
        return ()
    found = _texts(entry, name, where=where)
    if wrong := first_wrong_phrase(found):
        raise ValueError(f"{where}, {name}: {wrong}")
    return found


def first_wrong_phrase(phrases: Sequence[str]) -> str | None:
    """What is wrong with a list of rules or exclusions, None when nothing is.

    >>> first_wrong_phrase(["late fee", "…"])
    "expected phrases with a letter or digit, got '…'"
    """
    if len(phrases) > MAX_PHRASES:
        return f"expected at most {MAX_PHRASES} phrases, got {len(phrases)}"
    for phrase in phrases:
        if len(phrase) > MAX_PHRASE_LENGTH:
            return f"expected at most {MAX_PHRASE_LENGTH} characters a phrase, got {phrase!r}"
        if not any(character.isalnum() for character in phrase):
            return f"expected phrases with a letter or digit, got {phrase!r}"
    return None


def _key(entry: Mapping[str, object], *, where: str) -> str:
    key = _text(entry, "key", where=where)
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise ValueError(
            f"{where}, key: expected at most {MAX_KEY_LENGTH} printable characters, got {key!r}"
        )
    return key


def _rows(entry: Mapping[str, object], name: str, *, where: str) -> list[Mapping[str, object]]:
    value = entry.get(name)
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError(f"{where}, {name}: expected a list of objects")
    return value


def _text(entry: Mapping[str, object], name: str, *, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}, {name}: expected a text that is not empty, got {value!r}")
    return value.strip()


def _texts(entry: Mapping[str, object], name: str, *, where: str) -> tuple[str, ...]:
    value = entry.get(name)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where}, {name}: expected a list of texts, got {value!r}")
    for text in value:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{where}, {name}: expected texts that are not empty, got {text!r}")
    return tuple(dict.fromkeys(text.strip() for text in value))


def _languages(entry: Mapping[str, object], name: str, *, where: str) -> Mapping[str, object]:
    value = entry.get(name)
    if not isinstance(value, Mapping) or set(value) != set(LANGUAGES):
        raise ValueError(f"{where}, {name}: expected the languages {', '.join(LANGUAGES)}")
    return value


def _localised_text(entry: Mapping[str, object], name: str, *, where: str) -> Mapping[str, str]:
    values = _languages(entry, name, where=where)
    return _by_language(
        {language: _text(values, language, where=f"{where}, {name}") for language in LANGUAGES}
    )


def _localised_texts(
    entry: Mapping[str, object], name: str, *, where: str
) -> Mapping[str, tuple[str, ...]]:
    values = _languages(entry, name, where=where)
    return _by_language(
        {language: _texts(values, language, where=f"{where}, {name}") for language in LANGUAGES}
    )
