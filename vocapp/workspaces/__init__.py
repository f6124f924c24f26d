"""Tenants, the people who work in them, their keys, and what they did."""
