"""The form of the weights and bands: a column of weights for each segment, in order, and one for
all others; the limits of bands are those of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict

from surveys.filter_drafts import Draft, ReadDraft, draft_of, read_draft
from surveys.filters import (
    MAX_COMPACT,
    Filter,
    FilterError,
    normalised,
    parse_compact,
    simplified,
    to_compact,
)
from surveys.health import COMPONENTS, Bands, Weights
from surveys.health_schemes import Scheme, Segment
from vocapp.measuring.segments.forms import draft_sent
from vocapp.problems import BadInput
from vocapp.succeeding.goals.forms import plain_figure, read_figure
from vocapp.succeeding.health.models import MAX_WHY
from vocapp.translating import gettext as _
from vocapp.ui.formats import number

MAX_SEGMENTS = 8
LIMITS = ("risk_below", "good_from", "margin")
NEW = -1  # stands for the segment that is not there yet


@dataclass(frozen=True, slots=True)
class Column:
    """typed: component → text, letter by letter. errors: of components; "" is the segment's.

    filter: None for the accounts in no segment.
    """

    filter: Filter | None
    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, filter_: Filter | None, weights: Weights) -> Column:
        return cls(filter_, {key: plain_figure(getattr(weights, key)) for key in COMPONENTS})

    def read(self) -> Weights | None:
        """None where something is wrong (see `errors`)."""
        weights = {}
        for key in COMPONENTS:
            try:
                weights[key] = read_figure(self.typed[key])
            except ValueError:
                self.errors[key] = _("Enter a number, such as 12 or 3.5.")
            else:
                if weights[key] < 0:
                    self.errors[key] = _("Enter 0 or more.")
        if not self.errors and not sum(weights.values()) > 0:
            self.errors[COMPONENTS[0]] = _("At least one has to be above 0.")
        return None if self.errors else Weights(**weights)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where bands begin, as typed; in whole points, as scores are shown in them. margin: how far
    beyond its limit a score must be to leave a band."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, bands: Bands) -> Limits:
        """Of bands with one margin, as all are that were read here."""
        figures = (bands.risk_below, bands.good_from, bands.margin)
        return cls(dict(zip(LIMITS, map(plain_figure, figures), strict=True)))

    def read(self) -> Bands | None:
        """None where something is wrong (see `errors`)."""
        found = {}
        for name in LIMITS:
            try:
                found[name] = read_figure(self.typed[name])
            except ValueError:
                found[name] = -1.0
            if not (0 <= found[name] <= 100 and found[name].is_integer()):
                self.errors[name] = _("Enter a whole number from 0 to 100.")
        if self.errors:
            return None
        risk, good, margin = (found[name] for name in LIMITS)
        if good <= risk:
            self.errors["good_from"] = _(
                "This has to lie above %(limit)s, below which an account is at risk.",
                limit=number(risk),
            )  # fmt: skip
        elif 2 * margin > good - risk:
            self.errors["margin"] = _(
                "Twice the margin has to fit between %(low)s and %(high)s: enter at most %(most)s.",
                low=number(risk), high=number(good), most=number((good - risk) // 2),
            )  # fmt: skip
        return None if self.errors else Bands.with_margin(risk, good, margin)


@dataclass(frozen=True, slots=True)
class Editing:
    """The segment whose conditions are being written: its place, or NEW."""

    place: int
    draft: Draft

    @property
    def read(self) -> ReadDraft:
        return read_draft(self.draft)


@dataclass(frozen=True, slots=True)
class WeightsForm:
    """segments: in their order. base: the number of the version that was looked at."""

    segments: tuple[Column, ...]
    others: Column
    limits: Limits
    why: str = ""
    base: int = 0
    editing: Editing | None = None
    why_error: str = ""

    @classmethod
    def of(cls, scheme: Scheme, base: int) -> WeightsForm:
        """What counts now."""
        segments = tuple(Column.of(each.filter, each.weights) for each in scheme.segments)
        others, limits = Column.of(None, scheme.weights), Limits.of(scheme.bands)
        return cls(segments, others, limits, base=base)

    @classmethod
    def of_post(cls, form: MultiDict[str, str]) -> WeightsForm:
        """What was typed. Segments come as filters in the compact form, weights numbered like
        them, those of all others 0. Raises BadInput where a filter is none."""
        try:
            filters = [parse_compact(text) for text in form.getlist("segment")[:MAX_SEGMENTS]]
        except FilterError as problem:
            raise BadInput.of("segment", str(problem)) from problem
        others, *segments = (
            Column(each, {key: form.get(f"w{number}.{key}", "").strip() for key in COMPONENTS})
            for number, each in enumerate([None, *filters])
        )
        base, at = form.get("base", ""), form.get("at", "")
        editing = None
        if at == "new" or (at.isdecimal() and int(at[:9]) < len(segments)):
            editing = Editing(NEW if at == "new" else int(at), draft_sent(form))
        return cls(
            tuple(segments), others, Limits({name: form.get(name, "").strip() for name in LIMITS}),
            why=form.get("why", "").strip(), editing=editing,
            base=int(base) if base.isdecimal() and len(base) < 9 else 0,
        )  # fmt: skip

    @property
    def filters(self) -> list[Filter]:
        return [each.filter for each in self.segments if each.filter is not None]

    @property
    def is_full(self) -> bool:
        return len(self.segments) >= MAX_SEGMENTS

    @property
    def columns(self) -> list[tuple[int, Column]]:
        """With the number in the names of its fields: the segments, then all others."""
        return [*enumerate(self.segments, start=1), (0, self.others)]

    # --- what a pressed button does -------------------------------------------------------

    def changed(self, action: str) -> WeightsForm:
        """`add`, `leave`, `edit:1`, `up:1`, `down:1` or `drop:1` (places, counted from 0);
        unchanged where there is no such place."""
        verb, _colon, text = action.partition(":")
        if verb == "leave":
            return replace(self, editing=None)
        if verb == "add":
            return self if self.is_full else self.drafted(NEW, None)
        place = int(text) if text.isdecimal() and len(text) < 3 else NEW
        if not 0 <= place < len(self.segments):
            return self
        match verb:
            case "edit":
                return self.drafted(place, self.segments[place].filter)
            case "up":
                return self._moved(place, place - 1)
            case "down":
                return self._moved(place, place + 1)
            case "drop":
                kept = (*self.segments[:place], *self.segments[place + 1 :])
                return replace(self, segments=kept, editing=None)
        return self

    def drafted(self, place: int, filter_: Filter | None) -> WeightsForm:
        """With the conditions of a segment opened for a change."""
        return replace(self, editing=Editing(place, draft_of(filter_)))

    def _moved(self, place: int, to: int) -> WeightsForm:
        if not 0 <= to < len(self.segments):
            return self
        segments = list(self.segments)
        segments[place], segments[to] = segments[to], segments[place]
        return replace(self, segments=tuple(segments), editing=None)

    def settled(self) -> WeightsForm:
        """With the conditions that are being written as those of their segment; as it is where
        they cannot be read yet, or nothing was asked. A new segment begins with the weights of
        all others."""
        if self.editing is None or self.editing.read.faults or self.is_too_long:
            return self
        found, place = self.editing.read.filter, self.editing.place
        if found is None:
            return replace(self, editing=None) if place == NEW else self
        if place == NEW:
            segments = (*self.segments, Column(simplified(found), dict(self.others.typed)))
        else:
            changed = Column(simplified(found), self.segments[place].typed)
            segments = (*self.segments[:place], changed, *self.segments[place + 1 :])
        return replace(self, segments=segments, editing=None)

    @property
    def is_too_long(self) -> bool:
        """Whether the conditions cannot be sent along with the form."""
        found = self.editing.read.filter if self.editing else None
        return found is not None and len(to_compact(found)) > MAX_COMPACT

    def read(self) -> Scheme | None:
        """None where something is wrong (see the errors of its parts)."""
        weights = [each.read() for each in (self.others, *self.segments)]
        bands = self.limits.read()
        self._refuse_the_same()
        columns = (self.others, *self.segments)
        if bands is None or self.why_error or self.editing or any(each.errors for each in columns):
            return None
        others, *own = (each for each in weights if each is not None)
        segments = (Segment(*pair) for pair in zip(self.filters, own, strict=True))
        return Scheme(others, tuple(segments), bands)

    def based_on(self, number: int) -> WeightsForm:
        """As a change of this version."""
        return replace(self, base=number)

    def checked(self) -> WeightsForm:
        """With what is wrong about the reason."""
        is_long = len(self.why) > MAX_WHY
        error = _("Write at most %(count)s characters.", count=MAX_WHY) if is_long else ""
        return replace(self, why_error=error)

    def _refuse_the_same(self) -> None:
        """Of two segments with the same conditions the later would never count."""
        first: dict[Filter, int] = {}
        for place, each in enumerate(self.segments, start=1):
            assert each.filter is not None
            same = first.setdefault(normalised(each.filter), place)
            if same != place:
                each.errors[""] = _(
                    "The same conditions as segment %(number)s: it would never count. Change or "
                    "remove one of them.", number=same,
                )  # fmt: skip


def compact_of(columns: Sequence[Column]) -> list[str]:
    """The filters of segments as the form sends them along."""
    return [to_compact(each.filter) for each in columns if each.filter is not None]
