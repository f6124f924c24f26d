"""The form of one planned touchpoint."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectField, StringField
from wtforms.validators import Length

from surveys.fields import FieldError
from surveys.touchpoints import MAX_DAYS, TouchModel, Touchpoint, model_to_json, validate_model
from vocapp.succeeding.touchpoints import wording
from vocapp.succeeding.touchpoints.model_versions import InForce
from vocapp.succeeding.touchpoints.sends_forms import SendsForm
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.choices import choices_of

_ANCHORS = [
    ("started_on", _l("The start")),
    ("renewal_on", _l("The renewal")),
    ("stage:adoption", _l("The end of getting started")),
    ("stage:value", _l("The beginning of regular use")),
    ("stage:lost", _l("Leaving")),
    ("milestone", _l("A milestone")),
]
_SIDES = [("after", _l("After it")), ("before", _l("Before it"))]
_NONE = ("", _l("No contact"))
_HIGH = [_NONE, *wording.KINDS.items()]
_TECH = [_NONE, *((kind, wording.KINDS[kind]) for kind in ("email", "survey"))]
_WHOLE = re.compile(r"\d{1,6}")
NUMBER = {"inputmode": "numeric", "size": 6, "autocomplete": "off"}


def required(_form: FlaskForm, _field: Field) -> None:
    """Only that it is marked as required: `TouchpointForm.read` says in its words what is wrong."""


required.field_flags = {"required": True}  # type: ignore[attr-defined]


class TouchpointForm(FlaskForm):
    """name, from which day, how far from it, what it is for whom. base: the version looked at."""

    name = StringField(_l("Name"), [required, Length(max=100)], render_kw={"autocomplete": "off"})
    anchor = SelectField(_l("Counted from"), choices=choices_of(_ANCHORS))
    milestone = StringField(_l("Name of the milestone"), [Length(max=200)])
    days = StringField(_l("Days"), [required], render_kw=NUMBER)
    side = SelectField(_l("Before or after"), choices=choices_of(_SIDES))
    high = SelectField(_l("Accounts with an owner"), choices=choices_of(_HIGH))
    tech = SelectField(_l("Accounts without an owner"), choices=choices_of(_TECH))
    attribute = StringField(_l("Only where"), [Length(max=200)])
    values = StringField(_l("Is one of"), [Length(max=1000)])
    repeat_days = StringField(_l("Not twice within days"), [required], render_kw=NUMBER)
    base = HiddenField()

    def show(self, touchpoint: Touchpoint | None, base: int) -> None:
        """Fill in what is stored; for a new one, what is usual."""
        self.base.data, self.repeat_days.data = str(base), "180"
        self.anchor.data, self.high.data = "started_on", "call"
        if touchpoint is None:
            return
        anchor, days = touchpoint.anchor, touchpoint.offset_days
        self.name.data = wording.touch_name(touchpoint.key)
        self.anchor.data = f"stage:{anchor.name}" if anchor.kind == "stage" else anchor.kind
        self.milestone.data = anchor.name if anchor.kind == "milestone" else ""
        self.days.data, self.side.data = str(abs(days)), "before" if days < 0 else "after"
        self.high.data = touchpoint.kinds.get("high", "")
        self.tech.data = touchpoint.kinds.get("tech", "")
        for name, values in touchpoint.when.get("attribute", {}).items():
            self.attribute.data, self.values.data = name, ", ".join(values)
        self.repeat_days.data = str(touchpoint.repeat_days)

    def read(
        self, in_force: InForce, key: str | None, taken: Collection[str], sends: SendsForm
    ) -> TouchModel | None:
        """The model with what was typed; None where it cannot be, said at the field.

        key: of the touchpoint that is changed. taken: keys that a new one may not have. sends: the
        fields of what goes out by itself.
        """
        name = (self.name.data or "").strip()
        days, repeat_days = whole(self.days.data), whole(self.repeat_days.data)
        self._check(name, days, repeat_days)
        others = [each.key for each in in_force.model.touchpoints if each.key != key]
        if name in map(wording.touch_name, others):
            self._say("name", _("Another touchpoint is called this already."))
        sent = sends.read(self.tech.data or "")
        if self.errors or sends.errors or days is None:
            return None
        is_ours = key is not None and name == str(wording.TOUCHES.get(key, ""))
        typed: dict[str, Any] = {
            "key": key or key_of(name, taken),
            "anchor": self._anchor(),
            "offset_days": -days if self.side.data == "before" else days,
            "kinds": {
                touch: self[touch].data for touch in ("high", "tech") if self[touch].data
            },
            "repeat_days": repeat_days,
            **({} if is_ours else {"name": name}),
            **self._when(),
            **({} if sent is None else {"sends": sent}),
        }  # fmt: skip
        model = model_to_json(in_force.model)
        keys = [each["key"] for each in model["touchpoints"]]
        place = keys.index(typed["key"]) if typed["key"] in keys else len(keys)
        model["touchpoints"][place : place + 1] = [typed]
        try:
            return validate_model(model)
        except FieldError as problem:
            path = problem.field.removeprefix(f"touchpoints[{place}].")
            if path.startswith("sends."):
                sends.errors["by_itself"] = _("This cannot be used.")
            else:
                self._say_at(path)
            return None

    def _anchor(self) -> dict[str, str]:
        kind, _colon, stage = (self.anchor.data or "").partition(":")
        if kind == "milestone":
            return {"kind": kind, "name": (self.milestone.data or "").strip()}
        return {"kind": kind, "name": stage} if stage else {"kind": kind}

    def _when(self) -> dict[str, Any]:
        name = (self.attribute.data or "").strip()
        values = [each.strip() for each in re.split(r"[,、,]", self.values.data or "")]
        values = [each for each in values if each]
        if not name and not values:
            return {}
        return {"when": {"attribute": {name: values}}}

    def _check(self, name: str, days: int | None, repeat_days: int | None) -> None:
        """Say all at once what is missing or no number."""
        if not name:
            self._say("name", _("Write what it is called."))
        if days is None or days > MAX_DAYS:
            self._say("days", _("Enter a whole number from 0 to %(most)s.", most=MAX_DAYS))
        if repeat_days is None or not 1 <= repeat_days <= MAX_DAYS:
            words = _("Enter a whole number from 1 to %(most)s.", most=MAX_DAYS)
            self._say("repeat_days", words)
        if self.anchor.data == "milestone" and not (self.milestone.data or "").strip():
            self._say("milestone", _("Write the name of the milestone, as it is sent to us."))
        if not (self.high.data or self.tech.data):
            self._say("high", _("Choose what it is for at least some accounts."))
        for attribute, values in self._when().get("when", {}).get("attribute", {}).items():
            words = _("Name the attribute and its values, or leave both empty.")
            if not attribute or not values:
                self._say("values" if attribute else "attribute", words)

    def _say_at(self, path: str) -> None:
        """In words what the model refused, of what could be read."""
        places = {"when": "values", "anchor": "milestone", "name": "name"}
        field = places.get(path.partition(".")[0])
        if field is None:
            self.form_errors.append(_("There are too many touchpoints. Remove one first."))
        elif field == "values":
            self._say(field, _("Name fewer or shorter values, without characters that cannot be "
                               "stored."))  # fmt: skip
        else:
            self._say(field, _("Some of these characters cannot be stored."))

    def _say(self, field: str, words: str) -> None:
        self[field].errors = [*self[field].errors, words]


def key_of(name: str, taken: Collection[str]) -> str:
    """What a new touchpoint is called where it stays, such as in campaigns.

    >>> key_of("Déjà vu?", ["deja-vu"]), key_of("成果", [])
    ('deja-vu-2', 'touchpoint')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    begin = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "touchpoint"
    key, number = begin, 1
    while key in taken:
        number += 1
        key = f"{begin}-{number}"
    return key


def whole(typed: str | None) -> int | None:
    text = (typed or "").strip()
    return int(text) if _WHOLE.fullmatch(text) else None
