"""Until when a survey takes answers, how many, and by which links."""
