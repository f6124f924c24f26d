"""Entry points for servers: `wsgi:app` (gunicorn) and `wsgi:celery` (celery worker)."""

from __future__ import annotations

from vocapp import create_app
from vocapp.extensions import celery as celery
from vocapp.garbage import collect_rarely

app = create_app()
collect_rarely()
