"""Forms: the reporting currency and the margin, and a rate or many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from surveys.exchange import StatedRate
from vocapp.problems import BadInput, FieldError
from vocapp.translating import lazy_gettext as _l

_MOST_LINES = 1_000


_CODE = {"maxlength": 3, "autocapitalize": "characters", "list": "currencies"}


def _as_code(text: str | None) -> str | None:
    return text.strip().upper() if text else text


class MoneyForm(FlaskForm):
    """Blank: nothing is summed over currencies; the lifetime value is that of revenue."""

    currency = StringField(
        _l("Reporting currency"), [Length(max=3)], filters=[_as_code], render_kw=_CODE
    )
    margin = StringField(
        _l("Gross margin in percent"), [Length(max=10)], render_kw={"inputmode": "decimal"}
    )

    def read(self) -> tuple[str | None, Decimal | None]:
        """Currency and margin as a share. Raises BadInput."""
        text = (self.margin.data or "").strip()
        margin = None if not text else number_of("margin", text) / 100
        return self.currency.data or None, margin


class RateForm(FlaskForm):
    """One rate."""

    currency = StringField(
        _l("Currency"), [InputRequired(_l("Enter a currency such as JPY.")), Length(max=3)],
        filters=[_as_code], id="rate-currency", render_kw=_CODE,
    )  # fmt: skip
    rate = StringField(
        _l("Worth"), [InputRequired(_l("Enter a number above 0.")), Length(max=40)],
        render_kw={"inputmode": "decimal"},
    )  # fmt: skip
    since = DateField(_l("From"), [InputRequired(_l("Enter a day."))])

    def read(self) -> StatedRate:
        """Raises BadInput."""
        currency, since = self.currency.data or "", self.since.data
        assert since is not None
        return StatedRate(currency, since, number_of("rate", self.rate.data or ""))


class LinesForm(FlaskForm):
    """Many rates, a line each."""

    lines = TextAreaField(
        _l("Rates, a line each"), [InputRequired(_l("Enter at least one line."))],
        render_kw={"rows": 6, "spellcheck": "false"},
    )  # fmt: skip

    def read(self) -> tuple[list[StatedRate], list[int]]:
        """Rates and the line on which each stands. Raises BadInput naming line and field."""
        return _rates_of((self.lines.data or "").splitlines())


class RemoveForm(FlaskForm):
    """Which rate."""

    currency = SelectField(validate_choice=False)
    since = DateField(validators=[InputRequired()])


def number_of(field: str, text: str) -> Decimal:
    """Raises BadInput naming the field; full-width digits are digits, too."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise BadInput.of(field, "expected a number such as 0.0061")
    return found


def _rates_of(lines: Iterable[str]) -> tuple[list[StatedRate], list[int]]:
    rates, places, errors = [], [], []
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.replace("\t", ",").replace(";", ",").split(",")]
        try:
            rates.append(_rate_of(parts))
            places.append(place)
        except BadInput as problem:
            errors += [FieldError(f"{place}.{e.field}", e.message) for e in problem.errors]
    if len(rates) > _MOST_LINES:
        errors.append(FieldError("lines", f"at most {_MOST_LINES} lines at once"))
    if errors:
        raise BadInput(*errors)
    return rates, places


def _rate_of(parts: list[str]) -> StatedRate:
    if len(parts) != 3:
        raise BadInput.of("line", "expected currency, day and rate")
    try:
        since = date.fromisoformat(parts[1])
    except ValueError as exc:
        raise BadInput.of("since", "expected a day such as 2026-01-01") from exc
    return StatedRate(parts[0].upper(), since, number_of("rate", parts[2]))
