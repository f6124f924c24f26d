"""What a back-test found, in words."""

from __future__ import annotations

from surveys.auc import Auc, AucDifference
from surveys.health_backtest import (
    LEAST_ACCOUNTS,
    Backtest,
    ComponentFinding,
    Lift,
    RuleComparison,
    Tenth,
)
from surveys.health_observations import HORIZON_DAYS
from vocapp.succeeding.backtest.queries import Learnt, Result
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date, number, percent

RULES = {"last_score": _l("Last NPS answer alone"), "tenure": _l("Time as a customer alone")}
FINDINGS = {
    "helps": _l("Helps"),
    "no_difference": _l("No difference that could be told from chance"),
    "harms": _l("Makes it worse"),
    "too_thin": _l("Too few customers to tell"),
}
BASES = {
    "own": _l("set by hand"),
    "learnt": _l("weights learnt from who left"),
    "initial": _l("weights of the product"),
    "restored": _l("the weights before, a change was taken back"),
}
FINDING_CHIPS = {"helps": "success", "harms": "warning"}


def headline(found: Backtest) -> str:
    """The verdict in a few words."""
    if not found.n:
        return _("There is nothing to judge yet")
    if "too_thin" in found.verdict:
        return _("Too little to tell")
    if "signal" in found.verdict:
        return _("The score foretells who leaves better than chance")
    if "reversed" in found.verdict:
        return _("The score points the wrong way")
    return _("The score does not foretell who leaves")


def verdict_text(found: Backtest) -> str:
    """The verdict with what it means for whoever relies on the score."""
    if not found.n:
        return _(
            "A month can be judged when its %(days)s days are over, customers had revenue at its "
            "start, and enough was known of them then for a score. There is no such month yet.",
            days=HORIZON_DAYS,
        )
    if "too_thin" in found.verdict:
        return _(
            "Of %(accounts)s customers that could be judged, %(left)s left. Figures are shown "
            "once %(least)s left and %(least)s stayed: with fewer, chance alone could make any "
            "score look wise or foolish.",
            accounts=number(found.accounts), left=number(found.churned_accounts),
            least=LEAST_ACCOUNTS,
        )  # fmt: skip
    if "signal" in found.verdict:
        return _("Working off the lowest scores first finds more of those who would leave.")
    if "reversed" in found.verdict:
        return _(
            "Customers with higher scores left more often. Do not decide by it; look at the "
            "components below for the ones that make it worse."
        )
    return _(
        "It may be no better than drawing lots. Do not decide by it; the components below say "
        "which of them help."
    )


def auc_text(auc: Auc) -> str:
    """What the number means."""
    return _(
        "Take one customer who left within %(days)s days and one who stayed: in %(value)s of such "
        "pairs the one who left had the lower score (95%% interval %(low)s to %(high)s). Drawing "
        "lots would be right in 50%%.",
        days=HORIZON_DAYS, value=percent(auc.value), low=percent(auc.low), high=percent(auc.high),
    )  # fmt: skip


def lift_text(lift: Lift) -> str:
    return _(
        "In the tenth with the lowest scores, customers left %(value)s times as often as among "
        "all (95%% interval %(low)s to %(high)s). Without any use it would be 1.",
        value=number(lift.value, 1), low=number(lift.low, 1), high=number(lift.high, 1),
    )  # fmt: skip


def tenth_text(tenth: Tenth) -> str:
    return _(
        "%(share)s left (%(low)s to %(high)s)",
        share=percent(tenth.share, 1), low=percent(tenth.low, 1), high=percent(tenth.high, 1),
    )  # fmt: skip


def points_text(difference: AucDifference | None) -> str:
    """A difference of shares of pairs, in percentage points with its interval."""
    if difference is None:
        return "–"
    return _(
        "%(value)s points (%(low)s to %(high)s)",
        value=_signed(difference.value), low=_signed(difference.low), high=_signed(difference.high),
    )  # fmt: skip


def _signed(share: float) -> str:
    rounded = round(100 * share, 1)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return sign + number(abs(rounded), 1)


def finding_text(found: ComponentFinding) -> str:
    difference = found.difference
    if difference is not None and difference.low == difference.high == 0:
        return _("Was not known of anybody")
    return str(FINDINGS[found.finding])


def rule_text(found: RuleComparison) -> str:
    """Whether the score is better than a rule that costs nothing."""
    if found.difference is None:
        return str(FINDINGS["too_thin"])
    if found.difference.low > 0:
        return _("The score is better")
    if found.difference.high < 0:
        return _("The rule is better than the score")
    return _("The score is not better beyond chance")


def pairs_text(auc: Auc | None) -> str:
    """An AUC with its interval."""
    if auc is None:
        return "–"
    return _(
        "%(value)s (%(low)s to %(high)s)",
        value=percent(auc.value), low=percent(auc.low), high=percent(auc.high),
    )  # fmt: skip


def learnt_text(found: Learnt) -> str:
    """Whether weights learnt from who left do better than those in force."""
    if found.verdict == "too_thin":
        return _(
            "Weights can be learnt once %(least)s customers left in earlier months to learn from, "
            "and as many in later ones to judge by. There are not enough yet.",
            least=LEAST_ACCOUNTS,
        )  # fmt: skip
    values = {
        "learnt": pairs_text(found.learnt), "now": pairs_text(found.hand_set),
        "difference": points_text(found.difference),
    }  # fmt: skip
    if found.verdict == "offered":
        return _(
            "Weights learnt from earlier months told %(learnt)s of the pairs of later months "
            "apart, those of now %(now)s: %(difference)s, more than chance explains.", **values,
        )  # fmt: skip
    if found.verdict == "worse":
        return _(
            "Weights learnt from earlier months told %(learnt)s of the pairs of later months "
            "apart, those of now %(now)s. They are worse, so they are not offered.", **values,
        )  # fmt: skip
    return _(
        "Weights learnt from earlier months told %(learnt)s of the pairs of later months apart, "
        "those of now %(now)s: %(difference)s. That may be chance, so they are not offered.",
        **values,
    )


def weight_text(share: float) -> str:
    """A weight as its share of all."""
    return percent(share)


def change_text(basis: str) -> str:
    """Why the weights changed."""
    return str(BASES[basis])


def judged_text(found: Backtest) -> str:
    """How much was judged, and what was left out."""
    counts = _(
        "%(rows)s judgements of %(accounts)s customers, month by month; %(left)s of them left "
        "within %(days)s days of one.",
        rows=number(found.n), accounts=number(found.accounts),
        left=number(found.churned_accounts), days=HORIZON_DAYS,
    )  # fmt: skip
    told = [counts]
    if found.without_score:
        told.append(
            ngettext(
                "%(count)s more is left out: too little was known then for a score.",
                "%(count)s more are left out: too little was known then for a score.",
                found.without_score, count=number(found.without_score),
            )
        )  # fmt: skip
    if found.not_over:
        told.append(
            ngettext(
                "%(count)s waits: its days are not over.",
                "%(count)s wait: their days are not over.",
                found.not_over, count=number(found.not_over),
            )
        )  # fmt: skip
    return " ".join(told)


def late_text(result: Result) -> str | None:
    """That of old events it is not known when they came in; None where it is of all."""
    if not result.late:
        return None
    if result.kept_since is None:
        return _(
            "Of none of the events is it known when they came in, so nothing of them is taken as "
            "known in past months."
        )
    return ngettext(
        "Of %(count)s event it is not known when it came in; it is taken as known from %(day)s on.",
        "Of %(count)s events it is not known when they came in; they are taken as known from "
        "%(day)s on.",
        result.late, count=number(result.late), day=local_date(result.kept_since.date()),
    )  # fmt: skip
