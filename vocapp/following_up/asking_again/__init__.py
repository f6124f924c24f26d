"""Asking a person again after their follow-up was resolved: whether it helped, in their words."""
