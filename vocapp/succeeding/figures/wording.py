"""Names of lists and of what figures are split by, in the reader's language."""

from __future__ import annotations

from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.attribute_names import attribute_name

LISTS = {
    "start": _l("Customers at the start"),
    "end": _l("Customers at the end"),
    "lost": _l("Customers who left"),
    "shrunk": _l("Customers who pay less"),
    "grown": _l("Customers who pay more"),
    "upsold": _l("Customers who pay more for what they had"),
    "cross_sold": _l("Customers with further products"),
    "new": _l("Customers who are new or back again"),
    "active": _l("Customers with active people"),
    "started": _l("Customers who began in this month"),
    "not_set_up": _l("Customers who began and are not set up"),
}
_OFFERED = ("plan", "region", "industry")


def by_choices(chosen: str) -> list[tuple[str, str]]:
    """What the figures may be split by; an attribute of the address stays among them."""
    names = [*_OFFERED, *([chosen] if chosen and chosen not in _OFFERED else [])]
    return [("", _("Not split")), *((name, attribute_name(name)) for name in names)]
