"""Open text of customers, encrypted where it rests.

AES-256-GCM with a key derived from SECRET_KEY (HKDF-SHA-256, RFC 5869) and a random nonce a
text. What is stored says by which key: `voc1.<key id>.<nonce and ciphertext, base64url>`. Text
without that prefix is of before this was so, and is read as it stands until `reseal` has come by.
After a change of SECRET_KEY the texts of before open as long as the former one is among
VOC_OLD_SECRET_KEYS; `voc reseal` brings them under the new one.

Files of customers rest the same way, as bytes: `voc1.<key id>.`, nonce, ciphertext. Where nothing
is sealed they stand behind `voc0.`, so that no file can pose as a sealed one.

It guards files, disks and dumps of the database. Whoever has the database and the key reads on.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app
from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator

_PREFIX = "voc1."
_CLEAR = b"voc0."
_SEALED = re.compile(r"voc1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{38,}={0,2})")  # nonce and tag at least
_SEALED_BYTES = re.compile(rb"voc1\.([0-9a-f]{8})\.")
_PURPOSE = b"voc.open-text"
_NONCE = 12  # bytes, NIST SP 800-38D
_EXTENSION = "text_keys"


class Unreadable(ValueError):
    """A text was sealed with a key that is not there, or altered."""


class TextKeys:
    """The key that seals, and those that still open."""

    def __init__(self, secret: str, former: Sequence[str] = (), *, seals: bool = True) -> None:
        self.current_id, current = _key_of(secret)
        self._opening = {self.current_id: current} | dict(map(_key_of, former))
        self._sealing = current
        self._seals = seals

    def seal(self, text: str) -> str:
        """What is to be stored of a text; two calls give two different ones."""
        if not self._seals:
            return text
        sealed = self._encrypted(text.encode("utf-8", "surrogatepass"))
        return f"{_PREFIX}{self.current_id}.{urlsafe_b64encode(sealed).decode()}"

    def seal_bytes(self, content: bytes) -> bytes:
        """`seal` of a file."""
        if not self._seals:
            return _CLEAR + content
        return self._mark + self._encrypted(content)

    @property
    def _mark(self) -> bytes:
        """How bytes begin that are as `seal_bytes` would leave them now."""
        return f"{_PREFIX}{self.current_id}.".encode() if self._seals else _CLEAR

    def _encrypted(self, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._sealing.encrypt(nonce, content, _PURPOSE)

    def open(self, stored: str) -> str:
        """The text. Raises Unreadable."""
        found = _SEALED.fullmatch(stored) if stored.startswith(_PREFIX) else None
        if found is None:
            return stored
        content = self._decrypted(found[1], urlsafe_b64decode(found[2]))
        return content.decode("utf-8", "surrogatepass")

    def open_bytes(self, stored: bytes) -> bytes:
        """The counterpart of `seal_bytes`. Raises Unreadable."""
        found = _SEALED_BYTES.match(stored)
        if found is None:
            return stored.removeprefix(_CLEAR)
        return self._decrypted(found[1].decode(), stored[found.end() :])

    def _decrypted(self, key_id: str, sealed: bytes) -> bytes:
        key = self._opening.get(key_id)
        if key is None:
            raise Unreadable(
                f"A text was sealed with another SECRET_KEY (key {key_id}); "
                "put the former one into VOC_OLD_SECRET_KEYS."
            )
        try:
            return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], _PURPOSE)
        except (InvalidTag, ValueError) as exc:
            raise Unreadable("A stored text was altered.") from exc

    def is_settled(self, stored: str | bytes) -> bool:
        """Whether what is stored is as `seal` or `seal_bytes` would leave it now."""
        if isinstance(stored, bytes):
            return stored.startswith(self._mark)
        found = _SEALED.fullmatch(stored)
        if not self._seals:
            return found is None
        return found is not None and found[1] == self.current_id


@functools.lru_cache(maxsize=64)
def _key_of(secret: str) -> tuple[str, AESGCM]:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return hashlib.sha256(b"id:" + key).hexdigest()[:8], AESGCM(key)


def init_app(app: Flask, secret: str, former: Sequence[str], *, seals: bool) -> None:
    """Give an application its keys."""
    app.extensions[_EXTENSION] = TextKeys(secret, former, seals=seals)


def text_keys() -> TextKeys:
    """Those of the application at hand."""
    keys: TextKeys = current_app.extensions[_EXTENSION]
    return keys


class SealedText(TypeDecorator[str]):
    """Text that the database sees sealed. It cannot be searched, compared or sorted there."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else text_keys().seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None or not value.startswith(_PREFIX):
            return value
        return text_keys().open(value)


class SealedBytes(TypeDecorator[bytes]):
    """Files that the database sees sealed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else text_keys().seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else text_keys().open_bytes(bytes(value))
