"""Everything in the database goes into one file, and comes back."""
