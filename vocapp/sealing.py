"""Open text of customers, encrypted where it rests.

AES-256-GCM with a key derived from SECRET_KEY (HKDF-SHA-256, RFC 5869) and a random nonce a
text. What is stored says by which key: `voc1.<key id>.<nonce and ciphertext, base64url>`. Text
without that prefix is of before this was so, and is read as it stands until `reseal` has come by.
After a change of SECRET_KEY the texts of before open as long as the former one is among
VOC_OLD_SECRET_KEYS; `voc reseal` brings them under the new one.

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
from sqlalchemy import Dialect, Text, TypeDecorator

_PREFIX = "voc1."
_SEALED = re.compile(r"voc1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{38,}={0,2})")  # nonce and tag at least
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
        nonce = os.urandom(_NONCE)
        sealed = self._sealing.encrypt(nonce, text.encode("utf-8", "surrogatepass"), _PURPOSE)
        return f"{_PREFIX}{self.current_id}.{urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, stored: str) -> str:
        """The text. Raises Unreadable."""
        found = _SEALED.fullmatch(stored) if stored.startswith(_PREFIX) else None
        if found is None:
            return stored
        key = self._opening.get(found[1])
        if key is None:
            raise Unreadable(
                f"A text was sealed with another SECRET_KEY (key {found[1]}); "
                "put the former one into VOC_OLD_SECRET_KEYS."
            )
        sealed = urlsafe_b64decode(found[2])
        try:
            text = key.decrypt(sealed[:_NONCE], sealed[_NONCE:], _PURPOSE)
        except InvalidTag as exc:
            raise Unreadable("A stored text was altered.") from exc
        return text.decode("utf-8", "surrogatepass")

    def is_settled(self, stored: str) -> bool:
        """Whether a stored text is as `seal` would leave it now."""
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
