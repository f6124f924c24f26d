"""How a value is written into a cell; the other direction is `importing.cells`."""

from __future__ import annotations

import json
from typing import Any

from vocapp.connecting.importing.cells import attribute_value


def attribute_cell(value: Any) -> Any:
    """An attribute's value, so that reading it gives the same value and type.

    Numbers stay numbers. Text that would be read as something else is quoted.

    >>> attribute_cell(5), attribute_cell("5"), attribute_cell(True), attribute_cell("pro")
    (5, '"5"', 'true', 'pro')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and attribute_value(value.strip()) != value.strip():
        return json.dumps(value, ensure_ascii=False)
    return value
