"""What tests of answering share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vocapp import outbox
from vocapp.database import utcnow


@pytest.fixture
def count_answers() -> Callable[[], None]:
    """Moves the cells for what has come in, without the slower work."""

    def count() -> None:
        while outbox.work_off("measure", now=utcnow()):
            pass

    return count
