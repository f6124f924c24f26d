"""XML from strangers, read without anything that XML can do besides holding text.

A document type declaration is refused as soon as it begins: entities that grow without end
("billion laughs", quadratic blow-up) and those that fetch files or addresses are declared in one
(docs.python.org, "XML vulnerabilities"). Size, depth and the number of elements are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_ELEMENTS = 200_000


class BadXml(ValueError):
    """A document that cannot be read, or is not going to be."""


@dataclass(slots=True)
class Element:
    """One element. name: without its namespace. line: from 1. content: texts and elements."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    content: list[str | Element] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        return (each for each in self.content if isinstance(each, Element))

    def all(self, *path: str) -> list[Element]:
        """The elements at a path of names below this one."""
        found = [self]
        for name in path:
            found = [child for each in found for child in each if child.name == name]
        return found

    def first(self, *path: str) -> Element | None:
        """The first element at a path of names below this one."""
        return next(iter(self.all(*path)), None)

    def text(self, *path: str) -> str:
        """All text inside the first element at a path; "" where there is none."""
        found = self.first(*path)
        if found is None:
            return ""
        return "".join(each if isinstance(each, str) else each.text() for each in found.content)


def read_xml(document: bytes) -> Element:
    """The root of a document. Raises BadXml.

    >>> root = read_xml(b"<a><b x='1'>one &amp; two</b></a>")
    >>> root.text("b"), root.first("b").attributes
    ('one & two', {'x': '1'})
    >>> read_xml(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    Traceback (most recent call last):
    ...
    surveys.safe_xml.BadXml: line 1: a document type declaration is not accepted
    """
    if len(document) > MAX_BYTES:
        raise BadXml(f"at most {MAX_BYTES:,} bytes, got {len(document):,}")
    reader = _Reader()
    try:
        reader.parser.Parse(document, True)
    except expat.ExpatError as exc:
        raise BadXml(f"line {exc.lineno}: {expat.ErrorString(exc.code)}") from exc
    except BadXml:
        raise
    except (ValueError, LookupError) as exc:  # expat reads no encoding of several bytes but UTF
        raise BadXml("the encoding that it names is not read; save it as UTF-8") from exc
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._outside = Element("", "", {}, 0)
        self._open = [self._outside]
        self._count = 0

    @property
    def root(self) -> Element:
        return next(iter(self._outside))

    def _refuse(self, *_declared: object) -> None:
        raise BadXml(f"line {self._line}: a document type declaration is not accepted")

    @property
    def _line(self) -> int:
        return int(self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise BadXml(f"line {self._line}: too many elements, or too deep inside one another")
        namespace, _blank, local = name.rpartition(" ")
        plain = {each.rpartition(" ")[2]: value for each, value in attributes.items()}
        element = Element(local, namespace, plain, self._line)
        self._open[-1].content.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].content.append(text)
