"""What stands on the first page: every package registers cards for the roles that need them.

    home.register_card(("success", "admin"), my_queue, order=10, within_own_accounts=True)

`my_queue(workspace_id, user, now)` returns a `Card` or None when it has nothing to say. The
card names a template of its own package, which gets it as `card`. `register_first_step` is the
same for a workspace that has no answers yet; `register_evidence` says how to know. A member who
is limited to own accounts gets only cards that say that they keep to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from vocapp.workspaces.access import CurrentUser


@dataclass(frozen=True, slots=True)
class Card:
    """A part of the first page.

    template: a path such as "following_up/home_card.html"; it is included with `card` and
    shows `card.values`. more_url: where the whole of it stands. wide: over both columns.
    """

    title: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    more_url: str | None = None
    more_label: str | None = None
    wide: bool = False


MakeCard = Callable[[UUID, CurrentUser, datetime], Card | None]
HasAnswers = Callable[[UUID], bool]


@dataclass(frozen=True, slots=True)
class _Entry:
    order: int
    roles: tuple[str, ...]
    make: MakeCard
    within_own_accounts: bool

    def is_for(self, user: CurrentUser) -> bool:
        return (not self.roles or user.role in self.roles) and (
            self.within_own_accounts or not user.only_own_accounts
        )


@dataclass(slots=True)
class _Registry:
    cards: dict[str, _Entry] = field(default_factory=dict)
    first_steps: dict[str, _Entry] = field(default_factory=dict)
    has_answers: HasAnswers | None = None


_registry = _Registry()


def register_card(
    roles: tuple[str, ...], make: MakeCard, *, order: int = 50, within_own_accounts: bool = False
) -> None:
    """Show a card to these roles (empty: to all); lower orders come first.

    within_own_accounts: it keeps to `user.reach`, or tells of no account.
    """
    _registry.cards[_name(make)] = _Entry(order, roles, make, within_own_accounts)


def register_first_step(
    roles: tuple[str, ...], make: MakeCard, *, order: int = 50, within_own_accounts: bool = False
) -> None:
    """Offer something to do while the workspace has no answers."""
    _registry.first_steps[_name(make)] = _Entry(order, roles, make, within_own_accounts)


def register_evidence(has_answers: HasAnswers) -> None:
    """Say how to know whether a workspace has any answer."""
    _registry.has_answers = has_answers


def _name(make: MakeCard) -> str:
    # By name: `create_app` registers anew for every application of a process.
    return f"{make.__module__}.{make.__qualname__}"


def is_empty(workspace_id: UUID) -> bool:
    """Whether no answer has come in yet."""
    return _registry.has_answers is not None and not _registry.has_answers(workspace_id)


def cards_for(workspace_id: UUID, user: CurrentUser, *, now: datetime) -> list[Card]:
    """The cards of this person's first page, in order."""
    return _made(_registry.cards, workspace_id, user, now)


def first_steps_for(workspace_id: UUID, user: CurrentUser, *, now: datetime) -> list[Card]:
    """What an empty workspace offers this person."""
    return _made(_registry.first_steps, workspace_id, user, now)


def _made(
    entries: Mapping[str, _Entry], workspace_id: UUID, user: CurrentUser, now: datetime
) -> list[Card]:
    chosen = sorted(
        (entry for entry in entries.values() if entry.is_for(user)),
        key=lambda entry: entry.order,
    )
    made = (entry.make(workspace_id, user, now) for entry in chosen)
    return [card for card in made if card is not None]
