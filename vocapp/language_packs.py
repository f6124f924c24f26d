"""Interface packs in the data folder (`languages/<code>.json`), read when the service starts.

The parts of the product that speak to respondents say here which words they have in English; a
pack gives them in another language (`surveys/language_packs.py`), or says them better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import structlog
from flask import Flask, current_app, has_app_context

from config import Settings
from surveys.language_packs import Pack, read_pack

log = structlog.get_logger()
FOLDER = "languages"
BUILT_IN = ("en", "ja")
_english: dict[str, Mapping[str, str]] = {}


def register_words(part: str, english: Mapping[str, str]) -> None:
    """Have packs give these words."""
    _english[part] = english


def init_app(app: Flask, settings: Settings) -> None:
    """Read all packs; a bad one is told of, and never keeps the service from starting."""
    packs = read_folder(settings.data_dir / FOLDER)
    for pack in packs:
        for problem in pack.problems:
            log.warning("language_pack.problem", language=pack.language, problem=problem)
    app.extensions["language_packs"] = {pack.language.lower(): pack for pack in packs}


def read_folder(folder: Path) -> list[Pack]:
    """The packs of a folder, by name; none where there is no folder."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Pack:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        return Pack(path.stem, problems=(f"cannot be read as JSON: {exc}",))
    return read_pack(path.stem, document, _english)


def words_in(part: str, language: str, built_in: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The words of a part in a language: English, over it what is built in, over it the pack.

    A pack of the very code (`pt-BR`) goes before one of its language (`pt`).
    """
    tag = language.lower()
    base = tag.split("-")[0]
    said = dict(built_in["en"]) | dict(built_in.get(base, {}))
    for code in dict.fromkeys((base, tag)):
        pack = _packs().get(code)
        if pack is not None:
            said |= pack.words.get(part, {})
    return said


def interface_languages() -> tuple[str, ...]:
    """What pages can speak that are of no survey: the built-in languages, then those of packs."""
    return tuple(dict.fromkeys((*BUILT_IN, *(pack.language for pack in _packs().values()))))


def _packs() -> Mapping[str, Pack]:
    return current_app.extensions.get("language_packs", {}) if has_app_context() else {}
