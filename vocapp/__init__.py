"""The service: `create_app` puts the packages together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel import Locale
from flask import Flask, g, request
from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from vocapp import (
    api_documents,
    language_packs,
    logs,
    monitoring,
    problems,
    rate_limits,
    registry,
    sealing,
    security,
    worker,
)
from vocapp.database import configure_engine, read_json, sqlite_module
from vocapp.extensions import babel, csrf, db, migrate
from vocapp.translating import known_locale

VERSION = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """The application for these settings (default: from the environment)."""
    settings = (settings or Settings()).prepare()
    logs.configure()
    app = OpenAPI(
        __name__,
        info=Info(title="Voice of customer", version=VERSION),
        doc_ui=False,
        security_schemes={"secret_key": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=problems.validation_response,
        static_folder=None,
    )
    _configure(app, settings)
    _bind_extensions(app, settings)
    sealing.init_app(app, settings.secret_key, settings.former_secrets, seals=settings.seal_texts)
    registry.register(app)
    language_packs.init_app(app, settings)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies
        )
    return app


def _configure(app: Flask, settings: Settings) -> None:
    engine_options: dict[str, Any] = {
        "pool_pre_ping": not settings.is_sqlite,
        "hide_parameters": True,  # an error in the log must not quote a customer
        "json_deserializer": read_json,
    }
    if settings.is_sqlite:
        engine_options["module"] = sqlite_module()
        engine_options["connect_args"] = {"timeout": 30, "check_same_thread": False}
    app.config.update(
        SETTINGS=settings,
        ENVIRONMENT=settings.environment,
        SECRET_KEY=settings.secret_key,
        BASE_URL=settings.base_url,
        TESTING=settings.environment == "test",
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options,
        MAX_CONTENT_LENGTH=api_documents.MAX_BODY_BYTES,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # security.py checks what is not a machine's path
        SESSION_COOKIE_NAME="voc_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
    )


def _bind_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(_migrations_folder()), render_as_batch=True)
    babel.init_app(app, locale_selector=_locale, timezone_selector=_time_zone)
    csrf.init_app(app)
    with app.app_context():
        configure_engine(db.engine)
    worker.init_app(app, settings)
    for part in (api_documents, problems, security, monitoring):
        part.init_app(app)
    rate_limits.init_app(app, settings)  # after api_documents: it reads what a body names


def _migrations_folder() -> Path:
    return Path(__file__).resolve().parent.parent / "migrations"


def _locale() -> Locale:
    return known_locale(_language())


def _language() -> str:
    """A person's own language, else the workspace's, else the browser's."""
    chosen = request.cookies.get("voc_locale") if request else None
    if chosen in {"en", "ja"}:
        return str(chosen)
    user = g.get("user")
    if user is not None:
        return str(user.locale)
    return request.accept_languages.best_match(["en", "ja"], "en") if request else "en"


def _time_zone() -> str | None:
    workspace = g.get("workspace")
    return workspace.time_zone if workspace is not None else None
