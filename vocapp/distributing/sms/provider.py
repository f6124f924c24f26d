"""How a text message leaves: by whatever takes one under a reference of ours.

`HttpProvider` posts JSON to an address that an administrator typed in, by the one way out for such
(`vocapp.outgoing`). What it sends and what it understands is in docs/asking.md.

A provider knows a message by its reference, so one whose fate is not known is handed over again
under the same reference: it arrives once with any provider that keeps to that, and is never lost.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from vocapp.outgoing import Answer, NotAllowed, Undelivered, Unreached, exchange

MAX_ID = 200
_MOST_BYTES = 20_000  # of an answer
_LONGEST_WAIT_S = 3600.0
# Of what a provider answers with 4xx, what is not about this one message.
_NOT_THE_MESSAGE = {401: "not_let_in", 402: "no_credit", 403: "not_let_in", 404: "no_such_address"}
_BUSY = frozenset({408, 425, 429})
# What a gateway says that got no answer itself.
_NOBODY_KNOWS = frozenset({502, 504})
# What it may call a number to which nothing will ever arrive.
OPTED_OUT = "opted_out"
BAD_NUMBER = frozenset({"bad_number", "invalid_number", "unreachable_number", OPTED_OUT})


class TextError(Exception):
    """reason: short, of our own words; it quotes nobody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotTaken(TextError):
    """Nobody has taken the message for certain, or nobody knows; it is handed over again, under
    the same reference. wait_s: how long the provider asked to be left alone, None where it did
    not. is_silence: it did not answer at all. may_be_out: nobody knows."""

    def __init__(
        self,
        reason: str,
        *,
        wait_s: float | None = None,
        is_silence: bool = False,
        may_be_out: bool = False,
    ) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.is_silence = is_silence
        self.may_be_out = may_be_out


class Refused(TextError):
    """The provider will never take this message. is_bad_address: nor any other to this number."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.code = code

    @property
    def is_bad_address(self) -> bool:
        return self.code in BAD_NUMBER


class Provider(Protocol):
    """Takes text messages."""

    def send(self, *, to: str, sender: str, text: str, reference: str) -> str:
        """What the provider calls the message; "" where it does not say. to: in E.164.

        The same reference is the same message. Raises NotTaken, Refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpProvider:
    """allowed: see `vocapp.outgoing.check_address`."""

    url: str
    token: str
    allowed: Collection[str] = ()

    def send(self, *, to: str, sender: str, text: str, reference: str) -> str:
        """As `Provider` has it."""
        message = {"to": to, "from": sender, "text": text, "reference": reference}
        headers = {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
            "Accept": "application/json", "Idempotency-Key": reference, "User-Agent": "voc",
        }  # fmt: skip
        body = json.dumps(message, ensure_ascii=False).encode()
        try:
            answer = exchange(self.url, body, headers, allowed=self.allowed, most_bytes=_MOST_BYTES)
        except Undelivered as exc:
            may_be_out = not isinstance(exc, Unreached)
            raise NotTaken(f"no_answer ({exc})", is_silence=True, may_be_out=may_be_out) from exc
        except NotAllowed as exc:
            raise NotTaken(f"not_allowed ({exc})") from exc
        return _judged(answer)


def _judged(answer: Answer) -> str:
    said = _said(answer.body)
    # 409: a message of this reference was taken before.
    if 200 <= answer.status < 300 or answer.status == 409:
        return _id(said.get("id"))
    if answer.status in _NOT_THE_MESSAGE:
        raise NotTaken(f"{_NOT_THE_MESSAGE[answer.status]} (HTTP {answer.status})")
    if 400 <= answer.status < 500 and answer.status not in _BUSY:
        code = said.get("code")
        code = code if isinstance(code, str) and code in BAD_NUMBER else ""
        raise Refused(code or f"HTTP {answer.status}", code=code)
    raise NotTaken(
        f"HTTP {answer.status}", wait_s=_wait(answer.headers.get("retry-after")),
        may_be_out=answer.status in _NOBODY_KNOWS,
    )  # fmt: skip


def _said(body: bytes) -> dict[str, Any]:
    """Empty for what is no JSON object."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _id(value: object) -> str:
    """Numbers are ids, too; what is too long to be kept, or holds a NUL, is none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= MAX_ID and text.isprintable() else ""


def _wait(header: str | None) -> float | None:
    """Seconds; a date (RFC 9110, 10.2.3) is left to the usual back-off."""
    text = (header or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    return min(float(text), _LONGEST_WAIT_S)
