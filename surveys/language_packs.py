"""Interface packs: the words around a survey's questions in a further language, one file each.

A pack is a JSON object: `language`, and for each part of the product (`respondents`, `mail`,
`poster`) an object of words under the names that English has. What a pack lacks is said in English.
A word has the same gaps (`{score}`) as the English one, or it is left out, too, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.languages import is_language_tag
from surveys.questions import storable_problem

MAX_WORD_CHARS = 1000
_GAP = re.compile(r"\{([^{}]*)\}")

Words = Mapping[str, str]
English = Mapping[str, Words]  # by part


@dataclass(frozen=True, slots=True)
class Pack:
    """words: by part, those that can be used; missing: `part.name` of those that stay English;
    problems: what is wrong in the file, in words."""

    language: str
    words: Mapping[str, Words] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_pack(name: str, document: Any, english: English) -> Pack:
    """What a file says, never raising: a pack with a mistake serves with the rest of its words.

    name: of the file without its ending, which is the language's code.

    >>> english = {"respondents": {"send": "Send", "chose": "You chose {score}."}}
    >>> document = {"language": "fr", "respondents": {"send": "Envoyer", "chose": "Choisi."}}
    >>> pack = read_pack("fr", document, english)
    >>> pack.words, pack.missing
    ({'respondents': {'send': 'Envoyer'}}, ('respondents.chose',))
    >>> pack.problems
    ('respondents.chose: expected the gaps {score}, got none',)
    """
    problems: list[str] = []
    if not is_language_tag(name):
        return Pack(name, problems=("the file is to be called by a language's code: fr.json",))
    if not isinstance(document, dict):
        return Pack(name, problems=("expected an object of JSON",))
    if document.get("language") != name:
        problems.append(f"language: expected {name!r} as the file's name, got "
                        f"{document.get('language')!r}")  # fmt: skip
    problems += [f"{part}: no such part" for part in document if part not in {*english, "language"}]
    words: dict[str, dict[str, str]] = {}
    for part, known in english.items():
        given = document.get(part, {})
        if not isinstance(given, dict):
            problems.append(f"{part}: expected an object")
            given = {}
        problems += [f"{part}.{key}: no such word" for key in given if key not in known]
        usable: dict[str, str] = {}
        for key in known.keys() & given.keys():
            if problem := _problem(given[key], known[key]):
                problems.append(f"{part}.{key}: {problem}")
            else:
                usable[key] = given[key]
        words[part] = usable
    missing = tuple(
        f"{part}.{key}" for part, known in english.items() for key in known
        if key not in words[part]
    )  # fmt: skip
    return Pack(name, words, missing, tuple(sorted(problems)))


def _problem(word: Any, english: str) -> str | None:
    if not isinstance(word, str) or not word.strip():
        return "expected a text"
    if len(word) > MAX_WORD_CHARS:
        return f"at most {MAX_WORD_CHARS} characters"
    if storable_problem(word):
        return storable_problem(word)
    wanted, found = sorted(_GAP.findall(english)), sorted(_GAP.findall(word))
    if wanted != found or {"{", "}"} & set(_GAP.sub("", word)):
        return f"expected the gaps {_listed(wanted)}, got {_listed(found)}"
    return None


def _listed(gaps: list[str]) -> str:
    return ", ".join(f"{{{gap}}}" for gap in gaps) or "none"
