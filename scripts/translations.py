"""The Japanese of the staff's pages: check, complete and compile it.

    python scripts/translations.py check     # exit 1 when a string lacks Japanese
    python scripts/translations.py update    # add what is missing, drop what is left over
    python scripts/translations.py compile   # write the catalog that the service reads

The source is English and stands in code and templates. Its Japanese stands in
`vocapp/translations/fragments/<package>.ja.po`, one file a package, so that two people do
not write in one file. The compiled catalog is the sum of the fragments and is not kept in
git; set-up writes it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent / "vocapp"
FRAGMENTS = ROOT / "translations" / "fragments"
COMPILED = ROOT / "translations" / "ja" / "LC_MESSAGES" / "messages.mo"
LOCALE = "ja"
_METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**/templates/**.svg", "jinja2.ext:babel_extract"),
    ("**/templates/**.txt", "jinja2.ext:babel_extract"),
]
_KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "_n": (1, 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
}

PYTHON_FORMAT = re.compile(r"%\(\w+\)\w")
Key = tuple[str, str | None]  # the English text (singular), its context


@dataclass(frozen=True, slots=True)
class Used:
    """A string as it stands in the code: one text or (singular, plural), and where."""

    id: str | tuple[str, ...]
    context: str | None
    path: str
    line: int

    @property
    def key(self) -> Key:
        return (self.id if isinstance(self.id, str) else self.id[0], self.context)

    @property
    def package(self) -> str:
        """The package whose fragment it belongs into; `shared` for modules beside them."""
        return self.path.split("/")[0] if "/" in self.path else "shared"


def _found() -> list[Used]:
    return [
        Used(tuple(message) if isinstance(message, (tuple, list)) else message, context, path, line)
        for path, line, message, _, context in extract_from_dir(
            ROOT, method_map=_METHODS, keywords=_KEYWORDS
        )
    ]


def used_strings() -> dict[Key, Used]:
    """Every string of code and templates; one that several packages use belongs to `ui` first."""
    found = _found()
    found.sort(key=lambda used: (used.package != "ui", used.path, used.line))
    strings: dict[Key, Used] = {}
    for used in found:
        known = strings.setdefault(used.key, used)
        if isinstance(known.id, str) and not isinstance(used.id, str):
            strings[used.key] = used  # the plural form holds the singular, too
    return strings


def fragments() -> dict[Path, Catalog]:
    """The Japanese of each package."""
    catalogs = {}
    for path in sorted(FRAGMENTS.glob(f"*.{LOCALE}.po")):
        with path.open("rb") as file:
            catalogs[path] = read_po(file, locale=LOCALE, abort_invalid=True)
    return catalogs


def key_of(message: Message) -> Key:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context)


def is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return bool(texts) and all(texts) and not message.fuzzy


def counts(message: Message) -> bool:
    """Whether the translation of a plural has a gap that its singular has not: said alone, there
    would be nothing to fill it with."""
    if isinstance(message.id, str):
        return False
    gaps = set(PYTHON_FORMAT.findall(message.string[0])) - set(PYTHON_FORMAT.findall(message.id[0]))
    return bool(gaps)


def problems() -> Iterator[str]:
    """What is wrong, a line each: missing, fuzzy, wrong placeholders, two translations."""
    seen: dict[Key, tuple[str, Message]] = {}
    for path, catalog in fragments().items():
        for message in (each for each in catalog if each.id):
            key = key_of(message)
            for error in message.check(catalog):
                yield f"{path.name}: {key[0]!r}: {error}"
            if not is_translated(message):
                yield f"{path.name}: {key[0]!r} has no finished translation"
            if key in seen and seen[key][1].string != message.string:
                yield f"{path.name}: {key[0]!r} is translated otherwise in {seen[key][0]}"
            seen[key] = (path.name, message)
    for key, used in used_strings().items():
        if key not in seen:
            yield f"vocapp/{used.path}:{used.line}: {key[0]!r} has no translation"
        elif isinstance(seen[key][1].id, str) and not isinstance(used.id, str):
            yield f"{seen[key][0]}: {key[0]!r} lacks its plural"
    for used in _found():
        message = seen[used.key][1] if used.key in seen else None
        if isinstance(used.id, str) and message and counts(message):
            yield (
                f"vocapp/{used.path}:{used.line}: {used.id!r} "
                "is said of one and of many elsewhere, "
                "and its Japanese tells how many: word one of them otherwise"
            )


def check() -> int:
    found = list(problems())
    print("\n".join(found) or "Every string has its Japanese.")
    return 1 if found else 0


def update() -> int:
    """Bring each string into the fragment of its package; drop those that nobody uses."""
    used, catalogs = used_strings(), fragments()
    known: set[Key] = set()
    moved: dict[Key, Message] = {}
    for path, catalog in catalogs.items():
        for message in [each for each in catalog if each.id]:
            key = key_of(message)
            if key in used and path == _fragment(used[key]):
                known.add(key)
            else:
                moved[key] = message
                catalog.delete(message.id, message.context)
    for key, string in used.items():
        if key not in known:
            catalog = catalogs.setdefault(_fragment(string), Catalog(locale=LOCALE, fuzzy=False))
            translation = moved[key].string if key in moved else ""
            catalog.add(string.id, translation, context=string.context)
    for path, catalog in catalogs.items():
        path.write_bytes(_written(catalog))
    return 0


def _fragment(string: Used) -> Path:
    return FRAGMENTS / f"{string.package}.{LOCALE}.po"


def _written(catalog: Catalog) -> bytes:
    """A fragment as a file that is the same every time: no dates, no placeholders for names."""
    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, no_location=True)
    head = "\n".join(filter(None, (catalog.header_comment, _HEADER)))
    return f"{head}\n".encode() + body.getvalue()


def merged() -> Catalog:
    """The sum of the fragments."""
    total = Catalog(locale=LOCALE, fuzzy=False)
    for catalog in fragments().values():
        for message in catalog:
            if message.id and is_translated(message):
                total.add(message.id, message.string, context=message.context)
    return total


def compile_catalog() -> int:
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    part = COMPILED.with_suffix(".part")
    with part.open("wb") as file:
        write_mo(file, merged())
    part.replace(COMPILED)  # a running service never reads half a file
    return 0


_HEADER = r"""msgid ""
msgstr ""
"Language: ja\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"
"""

_COMMANDS = {"check": check, "update": update, "compile": compile_catalog}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in _COMMANDS:
        sys.exit(f"usage: translations.py {'|'.join(_COMMANDS)}")
    sys.exit(_COMMANDS[sys.argv[1]]())
