"""Saved segments: filters with a name, and the page on which filters are built."""
