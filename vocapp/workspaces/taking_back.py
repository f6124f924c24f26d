"""What an action did is said on the next page, with its undo; and so is what came of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import url_for

from vocapp.problems import Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.coming_back import next_path


def say_done(text: str, token: str | None) -> None:
    """token: what the `undo` page of the same blueprint takes, which leads back to where the form
    stood; None where nothing was changed."""
    if token is None:
        notice(_("Nothing was changed."), kind="info")
    else:
        notice(text, undo_url=url_for(".undo", token=token, next=next_path() or None))


@contextmanager
def said_undone() -> Iterator[None]:
    """Around taking something back: says that it was, or, at a Conflict, that it cannot be."""
    try:
        yield
    except Conflict:
        notice(
            _("This can no longer be undone: ten minutes have passed, or it was changed since."),
            kind="warning",
        )
    else:
        notice(_("Undone."))
