"""Triage: the comments whose labels teach most, one after the other."""
