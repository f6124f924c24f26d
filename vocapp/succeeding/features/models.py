"""Tables: the screen of features as it was last computed, and what was found of each feature."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, short_text


class FeatureScreen(Tenant, Base):
    """A screen for one window, as it was last computed.

    told: how many accounts were compared and why others were not. accounts: those that were there
    at the end of the window, 16 bytes each; lost: which of them left later, a bit each.
    """

    window_days: Mapped[int] = mapped_column(primary_key=True)
    computed_at: Mapped[datetime]
    told: Mapped[dict[str, Any]]
    accounts: Mapped[bytes]
    lost: Mapped[bytes]


class FeatureFinding(Tenant, Base):
    """What was found of a feature in the screen of a window.

    place: the surest first. compared: which of the accounts of the screen could have used it in
    their window, used: which did; a bit each.
    """

    window_days: Mapped[int] = mapped_column(primary_key=True)
    feature: Mapped[str] = mapped_column(short_text(200), primary_key=True)
    place: Mapped[int]
    found: Mapped[dict[str, Any]]
    compared: Mapped[bytes]
    used: Mapped[bytes]
