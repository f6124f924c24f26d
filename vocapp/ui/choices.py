"""What a field offers to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms.fields.choices import SelectChoice


def choices_of(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Choices of pairs of value and label, in their order; labels may be lazy."""
    return [SelectChoice(value, label) for value, label in pairs]
