"""Writing to the customer from a case, by e-mail."""
