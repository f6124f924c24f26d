"""A fictional vendor with a year and a half of answers, to look at before one's own are there."""
