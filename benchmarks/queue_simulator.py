"""Customers of an invented company: what is known of each, and what a contact would save.

The world by which the order of the follow-up queue is judged. It knows nothing of that order: it
imports nothing of the project, and its losses come about in another way (a logistic hazard with
interactions, hidden states and chance), by parameters of its own. Each is explained in
docs/adr/0016-priority-of-the-queue.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class World:
    """The assumptions. Effects are on the log odds of leaving within a quarter."""

    # revenue a month, in US dollars, log-normal
    median_mrr: float = 400.0
    spread_mrr: float = 1.2
    effect_of_size: float = -0.2  # per e-fold of revenue
    large_from: float = 5_000.0  # has the largest plan
    # satisfaction, standard normal, now and half a year before
    persistence: float = 0.6
    score_at_rest: float = 7.5
    score_per_satisfaction: float = 2.0
    score_noise: float = 1.2
    effect_of_satisfaction: float = -0.5
    effect_of_fall: float = 0.35
    # contracts: yearly ones can be left at renewal, others at any time
    yearly: float = 0.7
    renewal_window_days: float = 90.0
    renewal_window_blur: float = 15.0
    openness_of_monthly: float = 0.4  # of what a renewal within the quarter is
    effect_of_renewal: float = 3.0
    renewal_times_dissatisfaction: float = 0.4
    # silence
    median_silence_days: float = 20.0
    spread_silence: float = 0.9
    silence_per_satisfaction: float = -0.4
    effect_of_silence: float = 0.4  # per e-fold beyond a month
    silence_times_dissatisfaction: float = 0.2
    # a decision to leave, of which some speak
    intent_at_rest: float = -3.2
    intent_per_satisfaction: float = -1.2
    effect_of_intent: float = 1.8
    intent_spoken: float = 0.4
    idle_threats: float = 0.02
    # complaints, none to two; a wish to be contacted; days that a case has waited
    complaints_at_rest: float = -0.8
    complaints_per_satisfaction: float = -0.8
    contact_at_rest: float = -1.2
    contact_per_satisfaction: float = -0.4
    longest_wait_days: float = 14.0
    # what is complained about: how often beside each other, and what it does; effects of a seed
    # differ from these
    mentions: dict[str, float] = field(
        default_factory=lambda: {
            "usability": 4.0,
            "performance": 3.0,
            "support": 3.0,
            "feature_requests": 3.0,
            "pricing": 2.0,
            "reliability": 2.0,
            "reporting": 2.0,
            "onboarding": 1.0,
            "integrations": 1.0,
            "billing": 1.0,
            "mobile": 1.0,
            "security": 0.3,
        }
    )
    effects_of_themes: dict[str, float] = field(
        default_factory=lambda: {
            "security": 0.7,
            "reliability": 0.6,
            "support": 0.5,
            "pricing": 0.5,
            "onboarding": 0.4,
            "billing": 0.3,
            "performance": 0.3,
            "integrations": 0.2,
            "usability": 0.1,
            "reporting": 0.0,
            "mobile": 0.0,
            "feature_requests": -0.2,
        }
    )
    spread_of_themes: float = 0.3
    # leaving in all: odds at rest, and what nobody sees
    at_rest: float = -5.85
    unseen: float = 0.8
    # how much of a loss a contact prevents
    preventable_at_rest: float = -0.6
    preventable_if_contact_wanted: float = 0.8
    preventable_if_intent: float = -0.5
    preventable_if_pricing: float = -0.6
    preventable_if_service: float = 0.5
    preventable_if_renewal_at_once: float = -0.8
    at_once_days: float = 10.0
    preventable_per_day_waited: float = -0.03
    preventable_unseen: float = 0.7
    # how much is known of customers
    mrr_known: float = 0.85
    before_known: float = 0.6
    silence_known: float = 0.8


WORLD = World()
# The same company, with one thing about it that is otherwise than whoever ranks may think.
OTHER_WORLDS = {
    "scores hardly matter": replace(
        WORLD,
        effect_of_satisfaction=-0.15,
        effect_of_fall=0.05,
        renewal_times_dissatisfaction=0.0,
        silence_times_dissatisfaction=0.0,
    ),
    "revenue nearly the same for all": replace(WORLD, spread_mrr=0.3),
    "a fifth of customers pay 80 %": replace(WORLD, spread_mrr=1.68),
    "renewal decides": replace(
        WORLD,
        effect_of_renewal=5.0,
        at_rest=-7.0,
        effect_of_satisfaction=-0.4,
        effect_of_silence=0.2,
        effect_of_intent=0.9,
    ),
    "contracts hardly bind": replace(WORLD, effect_of_renewal=0.7, at_rest=-4.4),
    "only revenue and chance": replace(
        WORLD,
        effect_of_size=0.0,
        effect_of_satisfaction=0.0,
        effect_of_fall=0.0,
        effect_of_renewal=0.0,
        renewal_times_dissatisfaction=0.0,
        effect_of_silence=0.0,
        silence_times_dissatisfaction=0.0,
        effect_of_intent=0.0,
        at_rest=-3.4,
        effects_of_themes=dict.fromkeys(WORLD.effects_of_themes, 0.0),
        spread_of_themes=0.0,
        preventable_if_contact_wanted=0.0,
        preventable_if_intent=0.0,
        preventable_if_pricing=0.0,
        preventable_if_service=0.0,
        preventable_if_renewal_at_once=0.0,
        preventable_per_day_waited=0.0,
    ),
}


@dataclass(frozen=True, slots=True)
class Customers:
    """One answer each; all arrays have the shape (n,), UNKNOWN where a number is not known.

    mrr_minor: US cents a month. score, before: 0..10. themes: of what each complains about, at
    most two. is_large: has the largest plan. preventable: US dollars that a contact is expected
    to save in a year; planted, and hidden from whoever ranks.
    """

    mrr_minor: Ints
    score: Ints
    before: Ints
    days_to_renewal: Ints
    silent_days: Ints
    themes: tuple[tuple[str, ...], ...]
    speaks_of_leaving: Bools
    wants_contact: Bools
    waited_days: Floats
    is_large: Bools
    preventable: Floats


def draw(world: World, n: int, seed: int) -> Customers:
    """n customers of a world; the same seed gives the same ones.

    1. Hidden: revenue, satisfaction now and before, a decision to leave.
    2. Shown: scores, renewal, silence, complaints, words of leaving, a wish to be contacted.
    3. The chance of leaving within a quarter is logistic in what is hidden and what is shown; a
       contact prevents a part of it, logistic as well. Both have a part that nobody sees.
    4. preventable = a year's revenue x chance x part: expected, so that luck does not blur it.
    """
    rng = np.random.default_rng(seed)
    log_size = world.spread_mrr * rng.normal(size=n)
    mrr = world.median_mrr * np.exp(log_size)
    before, now = _satisfaction(world, rng, n)
    intent = rng.random(n) < expit(world.intent_at_rest + world.intent_per_satisfaction * now)
    renewal = np.where(rng.random(n) < world.yearly, rng.integers(0, 365, n), UNKNOWN)
    silence = np.exp(
        np.log(world.median_silence_days)
        + world.spread_silence * rng.normal(size=n)
        + world.silence_per_satisfaction * now
    )
    themes = _complaints(world, rng, now)
    waited = rng.uniform(0, world.longest_wait_days, n)
    wants_contact = rng.random(n) < expit(
        world.contact_at_rest + world.contact_per_satisfaction * now
    )
    leaving = _log_odds(world, rng, now, before, renewal, silence, themes, intent, log_size)
    saved = _log_odds_of_saving(world, rng, wants_contact, intent, themes, renewal, waited)
    return Customers(
        mrr_minor=_known(rng, world.mrr_known, np.round(100 * mrr)),
        score=_score(world, rng, now),
        before=_known(rng, world.before_known, _score(world, rng, before)),
        days_to_renewal=renewal,
        silent_days=_known(rng, world.silence_known, np.floor(silence)),
        themes=tuple(themes),
        speaks_of_leaving=rng.random(n) < np.where(intent, world.intent_spoken, world.idle_threats),
        wants_contact=wants_contact,
        waited_days=waited,
        is_large=mrr > world.large_from,
        preventable=12 * mrr * expit(leaving) * expit(saved),
    )


def _satisfaction(world: World, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    before = rng.normal(size=n)
    fresh = np.sqrt(1 - world.persistence**2) * rng.normal(size=n)
    return before, world.persistence * before + fresh


def _score(world: World, rng: np.random.Generator, satisfaction: Floats) -> Ints:
    opinion = world.score_at_rest + world.score_per_satisfaction * satisfaction
    opinion += world.score_noise * rng.normal(size=len(satisfaction))
    return np.clip(np.rint(opinion), 0, 10).astype(np.int64)


def _complaints(
    world: World, rng: np.random.Generator, satisfaction: Floats
) -> list[tuple[str, ...]]:
    """None, one or two; the dissatisfied complain more."""
    names = list(world.mentions)
    chance = expit(world.complaints_at_rest + world.complaints_per_satisfaction * satisfaction)
    how_many = rng.binomial(2, chance)
    # The first of exponential waits: drawn by weight, none twice.
    waits = rng.exponential(size=(len(satisfaction), len(names)))
    picked = np.argsort(waits / np.array(list(world.mentions.values())), axis=1)
    return [
        tuple(names[place] for place in places[:count])
        for places, count in zip(picked, how_many, strict=True)
    ]


def _log_odds(
    world: World,
    rng: np.random.Generator,
    now: Floats,
    before: Floats,
    renewal: Ints,
    silence: Floats,
    themes: list[tuple[str, ...]],
    intent: Bools,
    log_size: Floats,
) -> Floats:
    within = expit((world.renewal_window_days - renewal) / world.renewal_window_blur)
    near = np.where(renewal == UNKNOWN, world.openness_of_monthly, within)
    quiet = np.log(np.maximum(silence / 30, 1))
    unhappy = np.maximum(-now, 0)
    effects = {
        name: effect + world.spread_of_themes * rng.normal()
        for name, effect in world.effects_of_themes.items()
    }
    return (
        world.at_rest
        + world.effect_of_satisfaction * now
        + world.effect_of_fall * np.maximum(before - now, 0)
        + near * (world.effect_of_renewal + world.renewal_times_dissatisfaction * unhappy)
        + quiet * (world.effect_of_silence + world.silence_times_dissatisfaction * unhappy)
        + world.effect_of_intent * intent
        + np.array([sum(effects[name] for name in each) for each in themes])
        + world.effect_of_size * log_size
        + world.unseen * rng.normal(size=len(now))
    )


def _log_odds_of_saving(
    world: World,
    rng: np.random.Generator,
    wants_contact: Bools,
    intent: Bools,
    themes: list[tuple[str, ...]],
    renewal: Ints,
    waited: Floats,
) -> Floats:
    pricing = np.array([bool({"pricing", "billing"} & set(each)) for each in themes])
    service = np.array([bool({"reliability", "support"} & set(each)) for each in themes])
    return (
        world.preventable_at_rest
        + world.preventable_if_contact_wanted * wants_contact
        + world.preventable_if_intent * intent
        + world.preventable_if_pricing * pricing
        + world.preventable_if_service * service
        + world.preventable_if_renewal_at_once * ((renewal >= 0) & (renewal < world.at_once_days))
        + world.preventable_per_day_waited * waited
        + world.preventable_unseen * rng.normal(size=len(waited))
    )


def _known(rng: np.random.Generator, share: float, values: Floats | Ints) -> Ints:
    return np.where(rng.random(len(values)) < share, values, UNKNOWN).astype(np.int64)
