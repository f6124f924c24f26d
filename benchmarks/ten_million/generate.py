"""Batches of rows of one workspace: its customers, then its answers in the order of time.

Nothing here knows a database. The same tenant and spec give the same rows; what the services
would work out of an answer (facts as they were, themes counted by day) is worked out alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby, repeat

import numpy as np

from benchmarks.ten_million import vocabulary as words
from benchmarks.ten_million.columns import (
    Batch,
    Numbers,
    day_name,
    digests,
    ids_at,
    instants,
    local_days,
    pick,
    pieces,
    utc_offsets,
)
from benchmarks.ten_million.people import Customers, customers_of, free_facts, people_and_times
from benchmarks.ten_million.spec import Spec
from surveys.questions import scale_of
from surveys.scoring import categories, category_of
from vocapp.packed_days import DAYS, pack
from vocapp.understanding.models import SENTIMENTS
from vocapp.understanding.theme_cells import COMMENT_PLACES, PLACES

ENCODER, MODEL_VERSION = "static", "benchmark"
CHUNK = 50_000
_REGIONS, _CHANNELS = list(words.REGIONS), list(words.CHANNELS)
_THEMES, _SENTIMENTS = list(words.THEMES), ("positive", "neutral", "negative")
_POOL = 8192  # combinations of what belongs to an answer, by region


@dataclass(frozen=True, slots=True)
class SurveyIds:
    """A published survey as the database knows it; ids as 32 digits."""

    kind: str
    survey_id: str
    version: int
    question_id: str
    comment_id: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace to fill; themes in the order of the vocabulary."""

    number: int
    workspace_id: str
    zone: str
    answers: int
    surveys: tuple[SurveyIds, ...]
    shares: tuple[float, ...]
    themes: tuple[str, ...]


def batches(spec: Spec, tenant: Tenant) -> Iterator[Batch]:
    """All rows of a workspace: people, then chunks of answers, then their sums by day."""
    rng = np.random.default_rng([spec.seed, tenant.number])
    seconds = np.sort(_seconds(rng, spec, tenant))
    who = _by_first_answer(rng.permutation(people_and_times(rng, tenant.answers)))
    customers, rows = customers_of(rng, spec, tenant.workspace_id, who, seconds)
    yield from rows
    answers = _Answers(rng, spec, tenant, customers)
    for begin in range(0, tenant.answers, CHUNK):
        part = slice(begin, begin + CHUNK)
        yield from answers.rows(who[part], seconds[part])
    yield from answers.months()


def _seconds(rng: np.random.Generator, spec: Spec, tenant: Tenant) -> Numbers:
    """When each answer came (s since 1970): more every month, on working days, in the daytime."""
    first = spec.since.toordinal() - 719_163
    days = np.arange(spec.days)
    weekend = np.isin((days + spec.since.weekday()) % 7, (5, 6))
    weights = np.cumsum((1 + days / spec.days) * np.where(weekend, 0.35, 1.25))
    day = np.searchsorted(weights / weights[-1], rng.random(tenant.answers), side="right")
    by_hour = np.cumsum([1] * 6 + [2, 4, 8, 12, 13, 12, 9, 11, 12, 11, 10, 8, 5, 4, 4, 3, 2, 1])
    hour = np.searchsorted(by_hour / by_hour[-1], rng.random(tenant.answers), side="right")
    local = (first + day) * 86_400 + hour * 3_600 + rng.integers(0, 3_600, tenant.answers)
    return local - utc_offsets(local, tenant.zone)


def _by_first_answer(who: Numbers) -> Numbers:
    """People numbered by when they first come; -1 stays."""
    known = who >= 0
    people, begins, index = np.unique(who[known], return_index=True, return_inverse=True)
    rank = np.empty(len(people), dtype=np.int64)
    rank[np.argsort(begins)] = np.arange(len(people))
    numbered = np.full(len(who), -1)
    numbered[known] = rank[index]
    return numbered


class _Answers:
    """The answers of one workspace, chunk by chunk, and the theme cells they add up to."""

    def __init__(
        self, rng: np.random.Generator, spec: Spec, tenant: Tenant, customers: Customers
    ) -> None:
        self._rng, self._spec, self._tenant, self._customers = rng, spec, tenant, customers
        self._own = _own_facts(spec.seed)
        self._drift = _drift(rng, spec)
        self._plan_effect = _effects(words.PLAN_EFFECT)
        self._region_effect = _effects(words.REGION_EFFECT)
        self._role_effect = _effects(words.ROLE_EFFECT)
        self._first_day = spec.since.toordinal() - 719_163 - 1
        self._places: dict[tuple[int, int, int, int], str] = {}
        kinds = len(tenant.surveys)
        # By survey, day, theme, category, sentiment; and by survey, day, category.
        self._themes = np.zeros((kinds, spec.days + 3, len(_THEMES), 3, 3), dtype=np.int64)
        self._comments = np.zeros((kinds, spec.days + 3, 3), dtype=np.int64)

    def rows(self, who: Numbers, seconds: Numbers) -> Iterator[Batch]:
        """Responses, answers, analyses and assignments of one chunk."""
        rng, tenant, count = self._rng, self._tenant, len(who)
        account = np.where(who >= 0, self._customers.account_of[who], -1) if count else who
        region = np.where(
            account >= 0, self._customers.region[account], pick(rng, words.REGIONS, count)
        )
        own = region * _POOL + rng.integers(0, _POOL, count)
        survey = np.searchsorted(np.cumsum(tenant.shares[:-1]), rng.random(count), side="right")
        mood = self._mood(who, account, region, seconds)
        score, category = _scores(tenant, survey, mood)
        ids = ids_at(rng, seconds + 1)
        yield self._responses(ids, who, account, own, survey, score, seconds)
        comments = _Comments(rng, self._own.is_japanese[own], mood)
        yield self._answers(ids, survey, score, comments)
        yield self._analyses(ids, comments, survey, category, seconds)
        yield self._assignments(ids, comments, survey, category, seconds)

    def _mood(self, who: Numbers, account: Numbers, region: Numbers, seconds: Numbers) -> Numbers:
        """How content each is, on 0 to 10, before it is rounded to a score."""
        customers, known = self._customers, who >= 0
        mood = 9.0 + self._region_effect[region] + self._drift[self._day_index(seconds)]
        of_account = self._plan_effect[customers.plan] + customers.account_mood
        role = customers.role_of_kind[customers.person_kind]
        of_person = customers.contact_mood + self._role_effect[role]
        mood[known] += of_account[account[known]] + of_person[who[known]]
        return mood + self._rng.normal(0, 1.3, len(who)) - self._rng.exponential(0.8, len(who))

    def _day_index(self, seconds: Numbers) -> Numbers:
        return local_days(seconds, self._tenant.zone) - self._first_day

    def _responses(
        self,
        ids: list[str],
        who: Numbers,
        account: Numbers,
        own: Numbers,
        survey: Numbers,
        score: Numbers,
        seconds: Numbers,
    ) -> Batch:
        customers, facts, count = self._customers, self._own, len(ids)
        people, accounts, owns = who.tolist(), account.tolist(), own.tolist()
        survey_ids = [each.survey_id for each in self._tenant.surveys]
        versions = [each.version for each in self._tenant.surveys]
        return Batch(
            "response",
            {
                "workspace_id": [self._tenant.workspace_id] * count,
                "id": ids,
                "survey_id": [survey_ids[n] for n in survey.tolist()],
                "survey_version": [versions[n] for n in survey.tolist()],
                "contact_id": [customers.contact_ids[n] if n >= 0 else None for n in people],
                "account_id": [customers.account_ids[n] if n >= 0 else None for n in accounts],
                "channel": [facts.channel[n] for n in owns],
                "locale": [facts.locale[n] for n in owns],
                "score": score.tolist(),
                "answered_at": instants(seconds),
                "received_at": instants(seconds + 1),
                "digest": digests(self._rng, count),
                "revision": [0] * count,
                "attributes": self._facts(who, account, own, seconds),
            },
        )

    def _facts(self, who: Numbers, account: Numbers, own: Numbers, seconds: Numbers) -> list[str]:
        """The attributes of each answer as they were when it was given, as JSON."""
        of, texts = self._customers, self._own.text
        is_later = seconds >= of.upgraded_at[account]
        columns = (each.tolist() for each in (own, account, who, is_later, of.person_kind[who]))
        return [
            f"{{{texts[mine]}}}"
            if person < 0
            else f"{{{texts[mine]}, {(of.facts if later else of.earlier)[place]}, "
            f"{of.person_facts[kind]}}}"
            for mine, place, person, later, kind in zip(*columns, strict=True)
        ]

    def _answers(
        self, ids: list[str], survey: Numbers, score: Numbers, comments: _Comments
    ) -> Batch:
        questions = [each.question_id for each in self._tenant.surveys]
        texts = [each.comment_id for each in self._tenant.surveys]
        surveys, written = survey.tolist(), comments.index.tolist()
        count, more = len(ids), len(written)
        return Batch(
            "answer",
            {
                "workspace_id": [self._tenant.workspace_id] * (count + more),
                "response_id": [*ids, *(ids[n] for n in written)],
                "question_id": [
                    *(questions[n] for n in surveys),
                    *(texts[surveys[n]] for n in written),
                ],
                "number": [*score.tolist(), *([None] * more)],
                "text": [*([None] * count), *comments.texts],
            },
        )

    def _analyses(
        self,
        ids: list[str],
        comments: _Comments,
        survey: Numbers,
        category: Numbers,
        seconds: Numbers,
    ) -> Batch:
        """One for each answer, as the pipeline keeps them: also of those without words."""
        count, written = len(ids), comments.index.tolist()
        day = local_days(seconds[comments.index], self._tenant.zone)
        where = (survey[comments.index], day, category[comments.index])
        np.add.at(self._comments, (where[0], day - self._first_day, where[2]), 1)
        columns: dict[str, list[object]] = {
            name: [None] * count
            for name in (
                "text_digest", "language", "sentiment", "sentiment_score", "redacted", "encoder",
                "model_version", "counted",
            )
        }  # fmt: skip
        counted = map(self._counted, *(each.tolist() for each in where), repeat(None))
        for place, text, language, tone, counted_as in zip(
            written, comments.texts, comments.languages, comments.tone.tolist(), counted,
            strict=True,
        ):  # fmt: skip
            columns["text_digest"][place] = hashlib.sha256(text.encode()).hexdigest()
            columns["language"][place] = language
            columns["sentiment"][place] = _SENTIMENTS[tone]
            columns["sentiment_score"][place] = (0.8, 0.0, -0.8)[tone]
            columns["redacted"][place] = text
            columns["encoder"][place] = ENCODER
            columns["model_version"][place] = MODEL_VERSION
            columns["counted"][place] = counted_as
        return Batch(
            "analysis",
            {
                "workspace_id": [self._tenant.workspace_id] * count,
                "response_id": ids,
                "state": ["done"] * count,
                **columns,
                "analysed_at": instants(seconds + 1),
            },
        )

    def _assignments(
        self,
        ids: list[str],
        comments: _Comments,
        survey: Numbers,
        category: Numbers,
        seconds: Numbers,
    ) -> Batch:
        tenant, place = self._tenant, comments.index[comments.of]
        day = local_days(seconds[place], tenant.zone)
        surveys, kinds = survey[place], category[place]
        cell = (surveys, day - self._first_day, comments.theme, kinds, comments.theme_tone)
        np.add.at(self._themes, cell, 1)
        count = len(place)
        return Batch(
            "assignment",
            {
                "workspace_id": [tenant.workspace_id] * count,
                "response_id": [ids[n] for n in place.tolist()],
                "theme_id": [tenant.themes[n] for n in comments.theme.tolist()],
                "confidence": np.round(self._rng.uniform(0.5, 0.99, count), 3).tolist(),
                "sentiment": [_SENTIMENTS[tone] for tone in comments.theme_tone.tolist()],
                "source": ["model"] * count,
                "evidence_start": comments.starts,
                "evidence_end": comments.ends,
                "encoder": [ENCODER] * count,
                "model_version": [MODEL_VERSION] * count,
                "assigned_at": instants(seconds[place] + 1),
                "answered_at": instants(seconds[place]),
                "counted": [
                    self._counted(*each)
                    for each in zip(
                        surveys.tolist(), day.tolist(), kinds.tolist(),
                        comments.theme_tone.tolist(), strict=True,
                    )
                ],
            },
        )  # fmt: skip

    def _counted(self, survey: int, day: int, category: int, tone: int | None) -> str:
        """What an assignment (with a tone) or an analysis remembers of where it is counted."""
        key = (survey, day, category, -1 if tone is None else tone)
        if key not in self._places:
            of = self._tenant.surveys[survey]
            place = {
                "question": _dashed(of.question_id),
                "day": day_name(day),
                "category": categories(of.kind)[category],
            }
            if tone is not None:
                place["sentiment"] = _SENTIMENTS[tone]
            self._places[key] = f"{{{pieces(place)}}}"
        return self._places[key]

    def months(self) -> Iterator[Batch]:
        """Themes and comments by day, a row a month, of all chunks together."""
        themes: list[tuple[str, str, str, bytes]] = []
        comments: list[tuple[str, str, bytes]] = []
        for month, days in self._days_of_months():
            for number, survey in enumerate(self._tenant.surveys):
                key = (survey.question_id, month.isoformat())
                of_themes = self._themes[number, days.start : days.stop]
                for theme in np.flatnonzero(of_themes.any(axis=(0, 2, 3))).tolist():
                    packed = self._packed(of_themes[:, theme], month, days)
                    themes.append((*key, self._tenant.themes[theme], packed))
                of_comments = self._comments[number, days.start : days.stop]
                if of_comments.any():
                    comments.append((*key, self._packed(of_comments, month, days)))
        for table, names, rows in (
            ("theme_month", ("question_id", "month", "theme_id", "counts"), themes),
            ("comment_month", ("question_id", "month", "counts"), comments),
        ):
            if rows:
                yield Batch(
                    table,
                    {"workspace_id": [self._tenant.workspace_id] * len(rows)}
                    | dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)),
                )

    def _days_of_months(self) -> Iterator[tuple[date, range]]:
        """First day of each local month, and where its days stand in the sums."""
        days = range(self._themes.shape[1])
        for month, of_month in groupby(days, lambda day: self._date(day).replace(day=1)):
            found = list(of_month)
            yield month, range(found[0], found[-1] + 1)

    def _date(self, day: int) -> date:
        return date.fromisoformat(day_name(day + self._first_day))

    def _packed(self, sums: Numbers, month: date, days: range) -> bytes:
        """sums: by day and category, and of themes by sentiment."""
        first = (self._date(days.start) - month).days
        shape = (DAYS, len(COMMENT_PLACES), *([len(SENTIMENTS)] if sums.ndim > 2 else []))
        counts = np.zeros(shape, dtype=np.int64)
        for number, place in enumerate(PLACES):
            into = counts[first : first + len(days), COMMENT_PLACES.index(place)]
            if sums.ndim > 2:
                into[:, [SENTIMENTS.index(tone) for tone in _SENTIMENTS]] = sums[:, number]
            else:
                into[:] = sums[:, number]
        return pack(counts.reshape(DAYS, -1))


class _OwnFacts:
    """What belongs to an answer itself: channel, language, and free attributes; by region."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.text: list[str] = []
        self.channel: list[str] = []
        self.locale: list[str] = []
        for region in _REGIONS:
            locales = list(words.LOCALES_OF[region])
            locale = pick(rng, words.LOCALES_OF[region], _POOL).tolist()
            channel = pick(rng, words.CHANNELS, _POOL).tolist()
            for n, free in enumerate(free_facts(rng, words.FREE_OF_ANSWER, _POOL)):
                own = {"channel": _CHANNELS[channel[n]], "locale": locales[locale[n]]}
                self.text.append(pieces(own | free))
                self.channel.append(own["channel"])
                self.locale.append(own["locale"])
        self.is_japanese = np.array([locale == "ja" for locale in self.locale])


@cache
def _own_facts(seed: int) -> _OwnFacts:
    """The same combinations for every workspace: what differs is who draws which."""
    return _OwnFacts(np.random.default_rng(seed))


class _Comments:
    """The comments of a chunk. index: of the answers with one; of: index into these by theme."""

    def __init__(self, rng: np.random.Generator, is_japanese: Numbers, mood: Numbers) -> None:
        chance = 0.27 + 0.32 / (1 + np.exp(mood - 6.3))
        self.index = np.flatnonzero(rng.random(len(mood)) < chance)
        count = len(self.index)
        japanese, tone_of_all = is_japanese[self.index], mood[self.index]
        several = np.searchsorted((0.12, 0.67, 0.95), rng.random(count), side="right")
        first = self._themes(rng, tone_of_all)
        second = (first + 1 + rng.integers(0, len(_THEMES) - 1, count)) % len(_THEMES)
        third = self._themes(rng, tone_of_all)
        several = np.where((several == 3) & ((third == first) | (third == second)), 2, several)
        themes = np.stack([first, second, third], axis=1)
        tones = _tones(rng, tone_of_all[:, None] + rng.normal(0, 1.2, themes.shape))
        self.tone = _tones(rng, tone_of_all)
        mentioned = np.arange(3)[None, :] < several[:, None]
        self.of = np.repeat(np.arange(count), several)
        self.theme, self.theme_tone = themes[mentioned], tones[mentioned]
        self.languages = ["ja" if each else "en" for each in japanese.tolist()]
        self.starts: list[int] = []
        self.ends: list[int] = []
        variants = rng.integers(0, 12, len(self.of)).tolist()
        mentions = iter(zip(self.theme.tolist(), self.theme_tone.tolist(), variants, strict=True))
        self.texts = [
            self._text(language, tone, [next(mentions) for _ in range(number)])
            for language, tone, number in zip(
                self.languages, self.tone.tolist(), several.tolist(), strict=True
            )
        ]

    @staticmethod
    def _themes(rng: np.random.Generator, mood: Numbers) -> Numbers:
        """A theme for each comment: frequent ones oftener, bad ones oftener where it is bad."""
        often = np.array([often for often, _ in words.THEMES.values()])
        lean = np.array([lean for _, lean in words.THEMES.values()])
        odds = np.cumsum(np.stack([often * np.exp(lean * side) for side in (-0.6, 0.3)]), axis=1)
        odds /= odds[:, -1:]
        place = (mood > 7.2).astype(np.int64)
        return (rng.random(len(mood))[:, None] >= odds[place]).sum(axis=1)

    def _text(self, language: str, tone: int, mentions: list[tuple[int, int, int]]) -> str:
        """The words of one comment; where each theme is said is kept aside."""
        if not mentions:
            return words.PLAIN[language][_SENTIMENTS[tone]]
        space, found = "" if language == "ja" else " ", ""
        for theme, theme_tone, variant in mentions:
            frames = words.FRAMES[language][_SENTIMENTS[theme_tone]]
            said = frames[variant % len(frames)].format(words.SUBJECTS[language][_THEMES[theme]])
            found += space if found else ""
            self.starts.append(len(found))
            found += said
            self.ends.append(len(found))
        return found


def _tones(rng: np.random.Generator, mood: Numbers) -> Numbers:
    """Indices into the sentiments: content people write well of it, mostly."""
    return np.searchsorted((-8.6, -7.0), -(mood + rng.normal(0, 0.5, mood.shape)), side="right")


def _drift(rng: np.random.Generator, spec: Spec) -> Numbers:
    """How the score moves over the days: a slow wave, and a fall that is mended in part."""
    day = np.arange(spec.days + 3) / spec.days
    fall = np.where((day > 0.62) & (day < 0.8), -0.5, 0) + np.where(day >= 0.8, -0.15, 0)
    return 0.35 * np.sin(6.3 * day + rng.uniform(0, 6.3)) + fall


def _scores(tenant: Tenant, survey: Numbers, mood: Numbers) -> tuple[Numbers, Numbers]:
    """Scores on the scale of each survey, and the index of their category, best first."""
    score, category = np.zeros(len(mood), dtype=np.int64), np.zeros(len(mood), dtype=np.int64)
    for number, each in enumerate(tenant.surveys):
        scale = scale_of(each.kind)
        assert scale is not None
        mine = survey == number
        low, high = scale.start, scale.stop - 1
        points = low + np.round(mood[mine] / 10 * (high - low))
        score[mine] = np.clip(points, low, high).astype(np.int64)
        of_score = [categories(each.kind).index(category_of(each.kind, n)) for n in scale]
        category[mine] = np.array(of_score)[score[mine] - low]
    return score, category


def _effects(effects: dict[str, float]) -> Numbers:
    return np.array(list(effects.values()))


def _dashed(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
