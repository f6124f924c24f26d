"""Personal data in comments, replaced by typed placeholders.

Found on normalised text, so that ｔａｒｏ＠example．ｊｐ is an e-mail address too, and cut in the
original by the offset map: all other text stays as it was, byte for byte.

    python -m nlp.redact < comments.txt
    python -m nlp.redact --jsonl < comments.jsonl
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nlp import personal_data, postal_addresses
from nlp.text import Normalised, normalise


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at text[start:end] of the original."""

    kind: str
    start: int
    end: int


# In this order: where two overlap, the earlier kind keeps the place.
_FINDERS: tuple[tuple[str, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("secret", personal_data.secrets),
    ("email", personal_data.emails),
    ("card", personal_data.cards),
    ("my_number", personal_data.my_numbers),
    ("ip", personal_data.ips),
    ("address", postal_addresses.addresses),
    ("phone", personal_data.phones),
    ("address", postal_addresses.streets),
)
KINDS = tuple(dict.fromkeys(kind for kind, _ in _FINDERS))

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_LONG_VOWEL = re.compile(r"(?<=\d)[ー一](?=\d)")  # ０９０ー１２３４: typed for a hyphen

# Without a digit or a sign of these there is nothing to find, and most comments have none.
_WORTH_A_LOOK = re.compile(
    r"[0-9@=★☆◎]|://|::|%40|アット|あっと|\bat\b|dot\b|[一二三四五六七八九十](?:丁目|番|号)"
    r"|password|passwd|key|secret|token|signature|bearer|パスワード|暗証番号"
)

# What stands right against a finding is seen once that is blanked; more passes find no more
# in practice, and a limit keeps time linear.
_PASSES = 4


def find(text: str) -> list[Finding]:
    """Personal data in order of place, without overlaps.

    >>> find("mail: ｔａｒｏ＠example.jp")
    [Finding(kind='email', start=6, end=21)]
    """
    normal = normalise(text)
    probe = _LONG_VOWEL.sub("-", normal.text.translate(_DASHES))
    if not _WORTH_A_LOOK.search(probe):
        return []
    cased = _with_capitals(probe, text, normal)
    found: list[Finding] = []
    for _ in range(_PASSES):
        before = len(found)
        for kind, finder in _FINDERS:
            taken: list[tuple[int, int]] = []
            shown = cased if finder is postal_addresses.streets else probe
            for start, end in sorted(finder(shown), key=lambda bounds: (bounds[0], -bounds[1])):
                if not taken or taken[-1][1] <= start:
                    span = normal.original_span(start, end)
                    taken.append((start, end))
                    found.append(Finding(kind, span.start, span.end))
            probe, cased = _blank(probe, taken), _blank(cased, taken)
        if len(found) == before:
            break
    return _disjoint(found)


def _with_capitals(probe: str, text: str, normal: Normalised) -> str:
    """The probe with the capital letters of the original; as long as it."""
    if not any(map(str.isupper, text)):
        return probe
    letters = (
        c.upper() if text[start].isupper() and len(c.upper()) == 1 else c
        for c, start in zip(probe, normal.starts, strict=True)
    )
    return "".join(letters)


def _blank(probe: str, taken: list[tuple[int, int]]) -> str:
    """The probe with what was found filled up, so that later kinds see its end, as a reader."""
    parts: list[str] = []
    at = 0
    for start, end in taken:
        parts += [probe[at:start], "]" * (end - start)]
        at = end
    return "".join([*parts, probe[at:]])


def _disjoint(found: list[Finding]) -> list[Finding]:
    """In order of place; where one original character is the edge of two, the later one yields."""
    last, kept = 0, []
    for finding in sorted(found, key=lambda finding: finding.start):
        if finding.end > last:
            kept.append(Finding(finding.kind, max(finding.start, last), finding.end))
            last = finding.end
    return kept


def redact(text: str) -> str:
    """The text with each finding replaced by [kind]; redacting twice changes nothing more.

    >>> redact("Call +81 90-1234-5678 about order 20231124-0001")
    'Call [phone] about order 20231124-0001'
    """
    parts: list[str] = []
    at = 0
    for finding in find(text):
        parts += [text[at : finding.start], f"[{finding.kind}]"]
        at = finding.end
    return "".join([*parts, text[at:]])


def _redact_stream(source: BinaryIO, target: BinaryIO) -> None:
    """Bytes that are no UTF-8 go through untouched."""
    text = source.read().decode("utf-8", "surrogateescape")
    target.write(redact(text).encode("utf-8", "surrogateescape"))


def _redact_lines(source: BinaryIO, target: BinaryIO) -> None:
    """JSON lines with "text"; other fields pass. Raises ValueError with the number of a bad one."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            target.write(line)
            continue
        try:
            record = json.loads(line)
        except ValueError as problem:
            raise ValueError(f"line {number}: no JSON ({problem})") from problem
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise ValueError(f'line {number}: expected an object with a string "text"')
        record["text"] = redact(record["text"])
        written = json.dumps(record, ensure_ascii=False)
        if not written.isascii() and re.search("[\ud800-\udfff]", written):
            written = json.dumps(record)
        target.write(written.encode() + b"\n")


def main(arguments: list[str] | None = None) -> int:
    """Standard input to standard output; 2 when a line cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m nlp.redact", description=redact.__doc__)
    parser.add_argument("--jsonl", action="store_true", help='read and write {"text"} lines')
    options = parser.parse_args(arguments)
    work = _redact_lines if options.jsonl else _redact_stream
    try:
        work(sys.stdin.buffer, sys.stdout.buffer)
    except ValueError as problem:
        print(f"nlp.redact: {problem}", file=sys.stderr)
        return 2
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
