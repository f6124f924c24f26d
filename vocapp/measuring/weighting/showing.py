"""The weighted score as the results page shows it."""

from __future__ import annotations

from typing import Any

from flask import url_for

from vocapp.authoring.queries import SurveySummary
from vocapp.measuring.weighting.queries import WeightedScore
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import number
from vocapp.workspaces.access import current_user


def weighted_shown(survey: SurveySummary, found: WeightedScore | None) -> dict[str, Any]:
    """What the template asks for: `weighted`, or where an admin would begin (`weigh_url`)."""
    may_edit = current_user.role == "admin" and not survey.confidential
    edit_url = url_for("weighting.edit_shares", key=survey.key) if may_edit else None
    if found is None:
        return {"weighted": None, "weigh_url": edit_url}
    return {
        "weighted": {
            "found": found,
            "attributes": _(", ").join(map(attribute_name, found.targets)),
            "missing_words": _missing_words(found),
            "left_out_words": _left_out_words(found.left_out),
            "edit_url": edit_url,
        },
        "weigh_url": None,
    }


def _missing_words(found: WeightedScore) -> str:
    if not found.missing:
        return _("No weighted score: nobody answered from the groups with a share.")
    names = [value_name(attribute, value) for attribute, value in found.missing]
    return _(
        "No weighted score: nobody answered from %(names)s, and no weight makes up for that.",
        names=_(", ").join(names),
    )


def _left_out_words(left_out: int) -> str:
    if not left_out:
        return ""
    return ngettext(
        "%(count)s answer from other groups is left out.",
        "%(count)s answers from other groups are left out.",
        left_out, count=number(left_out),
    )  # fmt: skip
