"""Texts of a survey as XLIFF, the exchange format of translation tools.

Written: version 2.1 (ISO 21720:2024 has the same core; OASIS, "XLIFF Version 2.1", 13 February
2018), one file for one pair of languages. Read: 2.x, and 1.2 (OASIS, 1 February 2008), which many
tools still send. Placeholders such as ``{name}`` are inline elements, which tools keep unharmed;
those that say something else behind a bar stay text, as that is to be translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from surveys.definition_leaves import texts_of
from surveys.safe_xml import BadXml, Element, read_xml
from surveys.survey_strings import Line, name_of

_NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
_INLINE = re.compile(r"(\{[^{}|\s]+\}|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff])")


def xliff_of(data: Mapping[str, Any], *, language: str, survey: str) -> str:
    """A file from the survey's first language into another one. survey: its key.

    >>> print(xliff_of({"languages": ["en", "ja"], "questions": [
    ...     {"key": "a", "text": {"en": "One {thing}?"}}]}, language="ja", survey="s"))
    <?xml version="1.0" encoding="UTF-8"?>
    <xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.1" srcLang="en" trgLang="ja">
      <file id="f1" original="s" xml:space="preserve">
        <unit id="questions.a.text">
          <segment state="initial">
            <source>One <ph id="p1" equiv="{thing}" disp="{thing}"/>?</source>
          </segment>
        </unit>
      </file>
    </xliff>
    <BLANKLINE>
    """
    source = data["languages"][0]
    units = [
        _unit(name_of(path), texts[source], texts.get(language))
        for path, texts in texts_of(data).items()
        if source in texts
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xliff xmlns="{_NAMESPACE}" version="2.1" srcLang={quoteattr(source)}'
        f" trgLang={quoteattr(language)}>\n"
        f'  <file id="f1" original={quoteattr(survey)} xml:space="preserve">\n'
        f"{''.join(units)}  </file>\n</xliff>\n"
    )


def _unit(name: str, source: str, target: str | None) -> str:
    state = "initial" if target is None else "translated"
    translated = "" if target is None else f"        <target>{_inline(target)}</target>\n"
    return (
        f"    <unit id={quoteattr(name)}>\n"
        f'      <segment state="{state}">\n'
        f"        <source>{_inline(source)}</source>\n{translated}"
        "      </segment>\n    </unit>\n"
    )


def _inline(text: str) -> str:
    """Text with its placeholders as elements, and with characters that XML cannot hold."""
    parts: list[str] = []
    for number, part in enumerate(_INLINE.split(text)):
        if number % 2 == 0:
            parts.append(escape(part, {"\r": "&#13;"}))
        elif part.startswith("{"):
            shown = quoteattr(part)
            parts.append(f'<ph id="p{number // 2 + 1}" equiv={shown} disp={shown}/>')
        else:
            parts.append(f'<cp hex="{ord(part):04X}"/>')
    return "".join(parts)


def read_xliff(document: bytes) -> list[Line]:
    """The translations of a file. Raises BadXml for what is no XLIFF of a version that is known."""
    root = read_xml(document)
    version = root.attributes.get("version", "")
    if root.name != "xliff":
        raise BadXml(f"line {root.line}: expected <xliff>, got <{root.name[:40]}>")
    if version.startswith("2."):
        return list(_units(root))
    if version == "1.2":
        return list(_trans_units(root))
    raise BadXml(f"line {root.line}: versions 1.2 and 2.x of XLIFF are read, got {version[:20]!r}")


def _units(root: Element) -> Iterator[Line]:
    language = _language(root, "trgLang")
    for unit in _below(root, "unit"):
        parts = [each for each in unit if each.name in {"segment", "ignorable"}]
        targets = [part.first("target") for part in parts]
        if not any(
            target for part, target in zip(parts, targets, strict=True) if part.name == "segment"
        ):
            continue
        text = "".join(
            _plain(target or part.first("source"))
            for part, target in zip(parts, targets, strict=True)
        )
        source = "".join(_plain(part.first("source")) for part in parts)
        yield Line(unit.line, unit.attributes.get("id", ""), language, text, source)


def _trans_units(root: Element) -> Iterator[Line]:
    for file in root.all("file"):
        language = _language(file, "target-language")
        for unit in _below(file, "trans-unit"):
            target = unit.first("target")
            if target is not None:
                name = unit.attributes.get("resname") or unit.attributes.get("id", "")
                source = _plain(unit.first("source"))
                yield Line(unit.line, name, language, _plain(target), source)


def _language(element: Element, attribute: str) -> str:
    language = element.attributes.get(attribute, "")
    if not language:
        raise BadXml(f"line {element.line}: {attribute} does not say which language it is")
    return language


def _below(element: Element, name: str) -> Iterator[Element]:
    """Elements of this name at any depth: files and units stand in groups."""
    for child in element:
        if child.name == name:
            yield child
        else:
            yield from _below(child, name)


def _plain(element: Element | None) -> str:
    """The text of a source or target, its inline elements as what they stand for."""
    if element is None:
        return ""
    return "".join(each if isinstance(each, str) else _stands_for(each) for each in element.content)


def _stands_for(inline: Element) -> str:
    if inline.name == "cp":
        code = inline.attributes.get("hex", "")
        number = int(code, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,6}", code) else 0
        return chr(number) if 0 < number <= 0x10FFFF else ""
    said = (inline.attributes.get(name) for name in ("equiv", "equiv-text", "disp"))
    return _plain(inline) or next((each for each in said if each), "")
