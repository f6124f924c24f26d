"""Hypothesis without a clock: a busy machine is slow, not wrong."""

from hypothesis import settings

settings.register_profile("surveys", deadline=None, max_examples=60)
settings.load_profile("surveys")
