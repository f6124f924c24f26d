"""Customers: accounts, contacts, what is known of them, and who is who."""
