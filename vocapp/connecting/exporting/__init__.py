"""Answers go out as a file that can be read by other tools, and imported again."""
