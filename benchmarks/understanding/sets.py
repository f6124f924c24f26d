"""The labelled sets that come with the benchmark, and what is promised of them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OWN = Path(__file__).parent / "data"
LANGUAGES = ("en", "ja")


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of one of our own sets ("saas.en", "taught.ja", …) with all their fields."""
    content = (OWN / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()]


def saas_entries() -> list[dict[str, Any]]:
    """The taxonomy of the SaaS set, as entries."""
    entries: list[dict[str, Any]] = json.loads((OWN / "saas.taxonomy.json").read_text("utf-8"))
    return entries


def share_without_keyword(
    lines: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
) -> float:
    """Of the comments with a theme: the share without any keyword of any theme of theirs.

    Keywords of all languages are looked for, as the product does: an ASCII keyword at the
    beginning of a word, one of up to three letters as a whole word, any other anywhere.
    """
    patterns = {entry["key"]: _pattern(entry) for entry in entries}
    themed = [line for line in lines if line["labels"]]
    without = [
        not any(patterns[label].search(_plain(line["text"])) for label in line["labels"])
        for line in themed
    ]
    return sum(without) / len(themed)


def _pattern(entry: Mapping[str, Any]) -> re.Pattern[str]:
    found = []
    for keyword in map(_plain, (*entry["keywords"], *entry["keywords_ja"])):
        end = r"(?![a-z0-9])" if len(keyword) < 4 else ""
        ascii_only = rf"(?<![a-z0-9]){re.escape(keyword)}{end}"
        found.append(ascii_only if keyword.isascii() else re.escape(keyword))
    return re.compile("|".join(found))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
