"""What a person writes of a theme: checked, and compared with what is stored."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nlp.taxonomy import LANGUAGES, MAX_KEY_LENGTH, first_wrong_phrase
from vocapp.problems import BadInput, FieldError
from vocapp.translating import gettext as _
from vocapp.understanding.models import Theme

MAX_LABEL = 80
MAX_DESCRIPTION = 500
LISTS = ("keywords", "rules", "exclusions")
# Addresses below /themes that are pages of their own.
RESERVED_KEYS = frozenset({
    "edit", "learning", "triage", "discovery", "quality", "charts", "new", "import", "export",
})  # fmt: skip


def _nothing() -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, "")


def _no_phrases() -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(LANGUAGES, ())


@dataclass(frozen=True, slots=True)
class Draft:
    """A theme as somebody wrote it, by language; parent: a key, None at the top."""

    label: Mapping[str, str] = field(default_factory=_nothing)
    description: Mapping[str, str] = field(default_factory=_nothing)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=_no_phrases)
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=_no_phrases)
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=_no_phrases)
    parent: str | None = None


def checked(draft: Draft) -> Draft:
    """The draft with tidy words. Raises BadInput that names each wrong field (`label_ja`)."""
    errors: list[FieldError] = []
    label = {each: _tidy(draft.label.get(each, "")) for each in LANGUAGES}
    description = {each: _tidy(draft.description.get(each, "")) for each in LANGUAGES}
    if not any(label.values()):
        errors.append(FieldError("label_en", _("Say in at least one language what it is called.")))
    for name, texts, most in (
        ("label", label, MAX_LABEL),
        ("description", description, MAX_DESCRIPTION),
    ):
        errors += [
            FieldError(f"{name}_{each}", _("At most %(most)s characters.", most=most))
            for each, text in texts.items()
            if len(text) > most
        ]
    lists: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in LISTS:
        given: Mapping[str, tuple[str, ...]] = getattr(draft, name)
        lists[name] = {each: phrases_of(given.get(each, ())) for each in LANGUAGES}
        errors += [
            FieldError(f"{name}_{each}", _phrase_error(phrases))
            for each, phrases in lists[name].items()
            if first_wrong_phrase(phrases)
        ]
    if errors:
        raise BadInput(*errors)
    return Draft(label, description, **lists, parent=draft.parent)


def _phrase_error(phrases: Sequence[str]) -> str:
    for phrase in phrases:
        if first_wrong_phrase([phrase]):
            return _("“%(phrase)s” cannot be looked for: write at least one letter or digit and "
                     "at most 100 characters a line.", phrase=phrase[:40])  # fmt: skip
    return _("At most 200 phrases.")


def _tidy(text: str) -> str:
    return " ".join(text.split())


def phrases_of(lines: Iterable[str]) -> tuple[str, ...]:
    """Phrases without empty ones and repetitions; half and full width and capitals are alike.

    >>> phrases_of([" late fee", "", "Late  Fee", "返品"])
    ('late fee', '返品')
    """
    found: dict[str, str] = {}
    for line in lines:
        if tidy := _tidy(line):
            found.setdefault(unicodedata.normalize("NFKC", tidy).casefold(), tidy)
    return tuple(found.values())


def draft_of(row: Theme, parent: str | None) -> Draft:
    """A stored theme as the draft that would store it."""
    return Draft(
        label=_in_each(row.label, ""),
        description=_in_each(row.description, ""),
        keywords=_lists(row.keywords),
        rules=_lists(row.rules),
        exclusions=_lists(row.exclusions),
        parent=parent,
    )


def _in_each(texts: Mapping[str, Any], missing: str) -> dict[str, str]:
    return {each: str(texts.get(each) or missing) for each in LANGUAGES}


def _lists(phrases: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {each: tuple(phrases.get(each) or ()) for each in LANGUAGES}


def differences(before: Draft, after: Draft) -> list[str]:
    """Names of the fields that differ: `label_ja`, `rules_en`, `parent`."""
    found = [
        f"{name}_{each}"
        for name in ("label", "description", *LISTS)
        for each in LANGUAGES
        if getattr(before, name).get(each) != getattr(after, name).get(each)
    ]
    return [*found, "parent"] if before.parent != after.parent else found


def words_of(draft: Draft) -> dict[str, Any]:
    """The columns that hold a draft; a label or description of one language stands for both."""
    label = {each: text for each, text in draft.label.items() if text}
    description = {each: text for each, text in draft.description.items() if text}
    spoken = next(iter(label.values()))
    told = next(iter(description.values()), "")
    return {
        "label": {each: label.get(each, spoken) for each in LANGUAGES},
        "description": {each: description.get(each, told) for each in LANGUAGES},
        **{
            name: {each: list(getattr(draft, name).get(each, ())) for each in LANGUAGES}
            for name in LISTS
        },
    }


def key_from(label: Mapping[str, str], taken: Iterable[str]) -> str:
    """A free key that can be read where the label has Latin letters.

    >>> key_from({"en": "Late fees & fines", "ja": "延滞料"}, {"late_fees_fines"})
    'late_fees_fines_2'
    """
    known = {*taken, *RESERVED_KEYS}
    words = re.findall(r"[a-z0-9]+", label.get("en", "").casefold())
    stem = "_".join(words)[: MAX_KEY_LENGTH - 10] or f"theme_{secrets.token_hex(4)}"
    if stem not in known:
        return stem
    return next(key for n in range(2, len(known) + 3) if (key := f"{stem}_{n}") not in known)
