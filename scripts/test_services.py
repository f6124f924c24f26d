"""Run a command with the environment variables of the services that this machine has.

Says what it found, so that a test that was skipped has its reason above it:

    python scripts/test_services.py pytest -x
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from urllib.parse import urlsplit

DEFAULTS = {
    "VOC_TEST_POSTGRESQL_URL": (
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        5432,
    ),
    "VOC_TEST_REDIS_URL": ("redis://127.0.0.1:6379/9", 6379),
    "VOC_TEST_RABBITMQ_URL": ("amqp://guest:guest@127.0.0.1:5672//", 5672),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def answers(url: str, port: int) -> bool:
    """Whether something listens where the URL points."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or port), 1):
            return True
    except OSError:
        return False


def speaks_postgresql(url: str) -> bool:
    """Whether we may create databases there."""
    try:
        import psycopg

        with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except (ImportError, psycopg.Error):
        return False
    return bool(row and row[0])


def main(command: list[str]) -> int:
    environment = dict(os.environ)
    found, missing = [], []
    for name, (default, port) in DEFAULTS.items():
        url = environment.get(name, default)
        usable = answers(url, port) and ("POSTGRESQL" not in name or speaks_postgresql(url))
        label = name.removeprefix("VOC_TEST_").removesuffix("_URL").lower()
        (found if usable else missing).append(label)
        environment[name] = url if usable else ""
    browser = environment.get("VOC_TEST_BROWSER") or next(
        filter(None, map(shutil.which, BROWSERS)), ""
    )
    environment["VOC_TEST_BROWSER"] = browser
    (found if browser else missing).append("chromium")
    print(
        f"found: {', '.join(found) or 'nothing'}; missing: {', '.join(missing) or 'nothing'}",
        flush=True,
    )
    return subprocess.call(command, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
