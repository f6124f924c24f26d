"""The answers behind a number: as a list, and which of them a file holds."""
