"""Two records of one customer become one, when a person says so."""
