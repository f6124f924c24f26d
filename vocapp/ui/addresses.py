"""Addresses of many rows of one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import url_for

_SOME = UUID(int=0)


def address_of_each(endpoint: str, name: str, **more: Any) -> Callable[[UUID], str]:
    """From the id of a row to its address, which is built once and filled in: building it for
    each row of a list would take longer than finding them.

    name: of the id in the route. more: what stands in the address beside it.
    """
    values: dict[str, Any] = {name: _SOME, **more}
    before, _some, after = url_for(endpoint, **values).partition(str(_SOME))
    return lambda row_id: f"{before}{row_id}{after}"
