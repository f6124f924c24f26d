"""Surveys sent to a telephone as a text message with a personal link."""
