"""What tests of asking share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import utcnow


@pytest.fixture
def send_mail() -> Callable[[], None]:
    """Works off the pending mails once, here and now."""

    def work() -> None:
        for kind in ("answered", "mail", "staff_mail", "forget_mail"):
            outbox.work_off(kind, now=utcnow())

    return work


@pytest.fixture
def invite(api: Any) -> Callable[..., Any]:
    """Asks a person through the API; the survey "nps" is there."""
    api.survey()

    def ask(email: str = "aiko@example.com", *, status: int = 201, **fields: Any) -> Any:
        contact = {"email": email} | fields.pop("contact", {})
        body = {"survey": "nps", "channel": "email", "contact": contact} | fields
        answer = api.post("/api/v1/invitations", body)
        assert answer.status_code == status, answer.text
        return answer.json

    return ask
