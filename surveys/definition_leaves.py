"""What stands in a survey's definition, leaf by leaf, whatever kinds of question it has.

A definition (`surveys.definitions.to_json`) is JSON. Things with a ``key`` (questions, options)
are known by it and not by their place, so that two versions can be compared and a text is found
again after its question was moved. New fields of a definition need no change here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]


def texts_of(data: Mapping[str, Any]) -> dict[Path, dict[str, str]]:
    """Every text that people read: where it stands -> language -> text, in the survey's order.

    A text is an object whose names are languages of the survey and whose values are strings.

    >>> texts_of({"languages": ["en", "ja"], "questions": [
    ...     {"key": "plan", "kind": "choice", "text": {"en": "Which plan?"}, "options": [
    ...         {"key": "pro", "label": {"en": "Pro", "ja": "プロ"}}]}]})
    {('questions', 'plan', 'text'): {'en': 'Which plan?'}, \
('questions', 'plan', 'options', 'pro', 'label'): {'en': 'Pro', 'ja': 'プロ'}}
    """
    languages = frozenset(data.get("languages", ()))
    return {
        path: dict(value)
        for path, value in leaves(data, languages=languages)
        if is_text(value, languages)
    }


def is_text(value: object, languages: frozenset[str]) -> bool:
    """Whether a value is a text by language; one without any language is none."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and languages.issuperset(value)
        and all(isinstance(text, str) for text in value.values())
    )


def leaves(value: Any, *, languages: frozenset[str], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every text by language, and every value that holds no further ones, with its place.

    Places in a list are keys where its things have keys, numbers from 0 elsewhere; a list of
    plain values is one leaf. Empty objects and lists are left out.
    """
    if isinstance(value, Mapping) and not is_text(value, languages):
        for name, inner in value.items():
            yield from leaves(inner, languages=languages, path=(*path, name))
    elif isinstance(value, list | tuple) and _holds_more(value):
        for number, inner in enumerate(value):
            yield from leaves(inner, languages=languages, path=(*path, _name(inner, number)))
    elif not isinstance(value, list | tuple | Mapping) or value:
        yield path, value


def keys_of(things: Any) -> list[str]:
    """The names of the things of a list, in its order; none for anything else."""
    if not isinstance(things, Sequence) or isinstance(things, str):
        return []
    return [_name(each, number) for number, each in enumerate(things)]


def _holds_more(values: Sequence[Any]) -> bool:
    return any(isinstance(each, Mapping | list | tuple) for each in values)


def _name(value: Any, number: int) -> str:
    key = value.get("key") if isinstance(value, Mapping) else None
    return key if isinstance(key, str) else str(number)
