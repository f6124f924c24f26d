"""What somebody wrote in reply to a letter, apart from the letter that stands below it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# How mail programs begin what they quote, in English and Japanese; tried on each line.
_ADDRESS = r"[<＜][^<>]{1,200}@[^<>]{1,200}[>＞]"
_BEGINS_QUOTE = (
    re.compile(r"On\b.{5,200}\bwrote:\s*"),
    re.compile(r"\d{4}[年/]\d{1,2}[月/]\d{1,2}.{0,200}" + _ADDRESS + ".{0,20}"),
    re.compile(r"-{2,}\s*(Original Message|Forwarded message|元のメッセージ)\s*-{2,}.*"),
    re.compile(r"_{20,}\s*"),
)
_HEADERS = re.compile(r"(From|差出人|送信者)\s*[:：]\s*.+")
_MORE_HEADERS = re.compile(r"(Sent|Date|To|Subject|送信日時|日時|宛先|件名)\s*[:：]\s*.*")
_MOST_BEGIN = 500  # characters; nothing longer begins a quotation
_MAX_WRAPPED = 3  # lines over which a program breaks "On … wrote:"


def split_reply(text: str) -> tuple[str, str]:
    """(What is new, what is quoted below it); what is not surely a quotation counts as new.

    >>> split_reply("Thank you!\\n\\nOn Mon, 2 Nov 2026, Aiko wrote:\\n> Hello")
    ('Thank you!', 'On Mon, 2 Nov 2026, Aiko wrote:\\n> Hello')
    >>> split_reply("> all of it\\nis answered below")
    ('> all of it\\nis answered below', '')
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for place in range(len(lines)):
        if _is_begin(lines, place):
            new = "\n".join(lines[:place]).strip()
            # An answer below its quotation, or between its lines, is shown as it stands.
            if new:
                return new, "\n".join(lines[place:]).strip()
    return "\n".join(lines).strip(), ""


def _is_begin(lines: list[str], place: int) -> bool:
    for count in range(1, _MAX_WRAPPED + 1):
        joined = " ".join(line.strip() for line in lines[place : place + count])[:_MOST_BEGIN]
        if any(each.fullmatch(joined) for each in _BEGINS_QUOTE):
            return _rest_is_quoted(lines, place + count) or count == 1
    if _HEADERS.fullmatch(lines[place].strip()):
        after = [line.strip() for line in lines[place + 1 : place + 5]]
        return sum(bool(_MORE_HEADERS.fullmatch(line)) for line in after) >= 2
    return lines[place].startswith(">") and _rest_is_quoted(lines, place)


def _rest_is_quoted(lines: list[str], place: int) -> bool:
    return all(not line.strip() or line.startswith(">") for line in lines[place:])


class _Text(HTMLParser):
    """The text of a page, a line a block."""

    _BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "blockquote", "table"})
    _SILENT = frozenset({"style", "script", "head", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in self._BLOCKS - {"br"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of_html(html: str) -> str:
    """A mail's HTML as plain text.

    >>> text_of_html("<style>p{}</style><p>One &amp; <b>two</b></p><p>three</p>")
    'One & two\\n\\nthree'
    """
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
