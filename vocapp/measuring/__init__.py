"""Scores with their uncertainty: cells that are always exact, and what is read from them."""
