"""Ten million answers: a data set that is fixed, its loader, and how long questions to it take."""
