"""Contacts that are planned for every customer, by where it is in its life."""
