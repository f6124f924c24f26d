"""Watched scores: looked at once a day, and who watches hears of a fall."""
