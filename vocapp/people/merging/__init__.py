"""Two records of one person become one, when a person says so."""
