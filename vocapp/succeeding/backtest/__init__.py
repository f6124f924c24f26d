"""How well the health score foretold who left, by what was known at the time."""
