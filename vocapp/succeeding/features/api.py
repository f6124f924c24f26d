"""Which features customers use who stay long, for machines."""

from __future__ import annotations

from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from vocapp.database import utcnow
from vocapp.succeeding.features import queries
from vocapp.succeeding.features.keeping import see_to_keeping
from vocapp.succeeding.features.queries import Feature, Screen, Side
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "features_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Figures")],
    abp_security=[{"secret_key": []}],
)


class FeaturesQuery(BaseModel):
    window_days: Literal["30", "60", "90"] = Field(
        "30", description="Days after a customer's beginning in which a feature is used or not"
    )


@api.get("/features", summary="Which features those customers use who stay long")
@machine()
def show_features(query: FeaturesQuery) -> Any:
    """As it was last computed, each night; associated, not caused."""
    now, window = utcnow(), int(query.window_days)
    see_to_keeping(current_workspace.id, now=now)
    screen = queries.screen_of(current_workspace.id, window)
    return {
        "window_days": window,
        "interval_level": 0.95,
        "caution": "associated, not caused",
        "computing": queries.is_computing(current_workspace.id, now=now),
        **_screen(screen),
    }


def _screen(screen: Screen | None) -> dict[str, Any]:
    if screen is None:
        return {
            **dict.fromkeys(("computed_at", "usage_since", "accounts", "lost_before", "too_new",
                             "unknown")),
            "features": [],
        }  # fmt: skip
    return {
        "computed_at": screen.computed_at.isoformat(),
        "usage_since": screen.usage_since.isoformat() if screen.usage_since else None,
        "accounts": screen.n,
        "lost_before": screen.lost_before,
        "too_new": screen.too_new,
        "unknown": screen.unknown,
        "features": [_feature(each) for each in screen.features],
    }


def _feature(each: Feature) -> dict[str, Any]:
    return {
        "feature": each.name,
        "used": _side(each.users),
        "not_used": _side(each.others),
        "hazard_ratio": {"value": each.ratio, "low": each.low, "high": each.high},
        "verdict": each.verdict,
        "reason": each.reason,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "accounts": side.n,
        "lost": side.lost,
        "median_days": side.median,
        "still_there": [
            {"days": each.day, "share": each.survival, "low": each.low, "high": each.high,
             "watched": each.at_risk}
            for each in side.points
        ],
    }  # fmt: skip
