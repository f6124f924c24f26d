"""Settings, read once from the environment, typed, validated at start.

`Settings()` reads the variables listed in docs/operations.md. Nothing else in the
code base looks at the environment for configuration.
"""

from __future__ import annotations

import os
import secrets
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_SECRET_LENGTH = 32


class Settings(BaseSettings):
    """Everything the service can be told from outside."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["development", "test", "production"] = Field(
        default="development", validation_alias=AliasChoices("VOC_ENV", "environment")
    )
    data_dir: Path = Field(
        default=Path("var"), validation_alias=AliasChoices("VOC_DATA_DIR", "data_dir")
    )
    database_url: str = Field(
        default="", validation_alias=AliasChoices("DATABASE_URL", "database_url")
    )
    broker_url: str = Field(
        default="embedded", validation_alias=AliasChoices("CELERY_BROKER_URL", "broker_url")
    )
    secret_key: str = Field(default="", validation_alias=AliasChoices("SECRET_KEY", "secret_key"))
    old_secret_keys: str = Field(
        default="", validation_alias=AliasChoices("VOC_OLD_SECRET_KEYS", "old_secret_keys")
    )
    seal_texts: bool = Field(
        default=True, validation_alias=AliasChoices("VOC_SEAL_TEXTS", "seal_texts")
    )
    port: int = Field(default=8000, ge=1, le=65535, validation_alias=AliasChoices("PORT", "port"))
    base_url: str = Field(default="", validation_alias=AliasChoices("BASE_URL", "base_url"))
    mail_url: str = Field(default="", validation_alias=AliasChoices("MAIL_URL", "mail_url"))
    mail_from: str = Field(
        default="survey@localhost", validation_alias=AliasChoices("VOC_MAIL_FROM", "mail_from")
    )
    # So many mails of surveys and playbooks leave at most, over time; 0: no limit. From a day on,
    # warming up: few on the first, twice as many on each day after (surveys/mail_pace.py).
    mail_per_minute: int = Field(
        default=0, ge=0, le=100_000,
        validation_alias=AliasChoices("VOC_MAIL_PER_MINUTE", "mail_per_minute"),
    )  # fmt: skip
    mail_warm_up_from: date | None = Field(
        default=None, validation_alias=AliasChoices("VOC_MAIL_WARM_UP_FROM", "mail_warm_up_from")
    )
    # Where replies arrive: imaps://user:password@host/INBOX, or file:// for a folder.
    inbox_url: str = Field(default="", validation_alias=AliasChoices("INBOX_URL", "inbox_url"))
    encoder: Literal["e5", "static"] | None = Field(
        default=None, validation_alias=AliasChoices("VOC_ENCODER", "encoder")
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        validation_alias=AliasChoices("VOC_TRUSTED_PROXIES", "trusted_proxies"),
    )
    public_rate_limit: str = Field(
        default="600 per minute",
        validation_alias=AliasChoices("VOC_PUBLIC_RATE_LIMIT", "public_rate_limit"),
    )
    # Receivers inside the network that notifications may go to: host:port, by commas.
    outgoing_allow: str = Field(
        default="", validation_alias=AliasChoices("VOC_OUTGOING_ALLOW", "outgoing_allow")
    )
    NO_LIMIT: ClassVar[str] = "off"

    @field_validator("public_rate_limit")
    @classmethod
    def _a_known_rate(cls, value: str) -> str:
        if value != cls.NO_LIMIT:
            try:
                parse_many(value)
            except ValueError as exc:
                raise ValueError(
                    f"VOC_PUBLIC_RATE_LIMIT: expected 600 per minute, or off; got {value!r}"
                ) from exc
        return value

    @model_validator(mode="after")
    def _fill_in(self) -> Settings:
        self.data_dir = self.data_dir.expanduser().absolute()
        if not self.database_url:
            self.database_url = f"sqlite:///{self.data_dir / 'voc.sqlite3'}"
        if self.database_url.startswith(("postgresql://", "postgres://")):
            self.database_url = "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError(
                "DATABASE_URL: expected sqlite:///… or postgresql+psycopg://…, "
                f"got {self.database_url.split('://', 1)[0]}://…"
            )
        if not self.base_url:
            self.base_url = f"http://127.0.0.1:{self.port}"
        self.base_url = self.base_url.rstrip("/")
        if urlsplit(self.base_url).scheme not in {"http", "https"}:
            raise ValueError(f"BASE_URL: expected http(s)://…, got {self.base_url!r}")
        if not self.mail_url:
            self.mail_url = f"file://{self.data_dir / 'mail'}"
        if urlsplit(self.mail_url).scheme not in {"smtp", "smtps", "file"}:
            raise ValueError("MAIL_URL: expected smtp://, smtps:// or file://")
        if self.inbox_url and urlsplit(self.inbox_url).scheme not in {"imap", "imaps", "file"}:
            raise ValueError("INBOX_URL: expected imaps://, imap:// or file://")
        if self.mail_warm_up_from and not self.mail_per_minute:
            raise ValueError(
                "VOC_MAIL_WARM_UP_FROM: needs VOC_MAIL_PER_MINUTE, the rate it ends at"
            )
        if self.secret_key and len(self.secret_key) < MIN_SECRET_LENGTH:
            raise ValueError(f"SECRET_KEY: at least {MIN_SECRET_LENGTH} characters")
        if self.environment == "production" and not self.secret_key:
            raise ValueError("SECRET_KEY: required when VOC_ENV=production")
        return self

    @property
    def former_secrets(self) -> list[str]:
        """Keys of before, separated by commas; texts that they sealed can still be read."""
        return [key for each in self.old_secret_keys.split(",") if (key := each.strip())]

    @property
    def outgoing_allowed(self) -> frozenset[str]:
        """Receivers inside the network that are meant, as `host:port` in lower case."""
        named = self.outgoing_allow.lower().split(",")
        return frozenset(each.strip() for each in named if each.strip())

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or None on PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def uses_embedded_broker(self) -> bool:
        return self.broker_url == "embedded"

    def prepare(self) -> Settings:
        """Create the data folder and, outside production, a lasting secret key."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not self.secret_key:
            self.secret_key = _lasting_secret(self.data_dir / "secret_key")
        return self


def _lasting_secret(path: Path) -> str:
    """Read the generated key, or generate it once (two processes may start together)."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        written = path.read_text().strip()
        if len(written) >= MIN_SECRET_LENGTH:
            return written
        path.unlink()  # a start was cut off between creating and writing it
        return _lasting_secret(path)
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
