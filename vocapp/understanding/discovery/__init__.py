"""Themes nobody defined: found at night, decided by a person, dismissed for good."""
