"""Renewals that come: who decides when, how likely, and how true such forecasts were."""
