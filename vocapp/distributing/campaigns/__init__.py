"""Campaigns: whom a survey asks by itself, on which day, and what became of each."""
