"""A flood of comments through the running service."""
