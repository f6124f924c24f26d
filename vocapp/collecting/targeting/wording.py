"""Rules and the reasons against them in words."""

from __future__ import annotations

from surveys import targeting
from vocapp.collecting.targeting.service import Wished
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext

DISPLAY_WORDS = {
    "popover": _l("Box in the corner"),
    "modal": _l("Box over the page"),
    "tab": _l("Tab at the edge"),
}
REASON_WORDS = {
    targeting.PAUSED: _l("it is paused"),
    targeting.OTHER_PAGE: _l("it is for other pages"),
    targeting.OTHER_EVENT: _l("it waits for another event"),
    targeting.NOT_IDENTIFIED: _l("it is only for people whom your server names"),
    targeting.NOT_IN_SHARE: _l("its share of visitors is zero"),
    "closed": _l("its survey takes no answers"),
}


def when_in_words(wished: Wished) -> list[str]:
    """Where and after what, one condition a line; none where it is every page."""
    lines = []
    if wished.paths:
        lines.append(_("Pages: %(paths)s", paths=", ".join(wished.paths)))
    if wished.event:
        lines.append(_("After the event “%(event)s”", event=wished.event))
    if wished.delay_s:
        lines.append(ngettext("%(num)s second later", "%(num)s seconds later", wished.delay_s))
    return lines


def whom_in_words(wished: Wished) -> list[str]:
    """Which visitors, one condition a line; none where it is everybody each time."""
    lines = []
    if wished.only_identified:
        lines.append(_("Only people whom your server names"))
    if wished.share < 100:
        lines.append(_("%(share)s %% of visitors", share=wished.share))
    if wished.days_between:
        lines.append(
            ngettext(
                "Not within %(num)s day of another survey",
                "Not within %(num)s days of another survey",
                wished.days_between,
            )
        )
    return lines
