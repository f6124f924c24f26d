"""What success means to a customer: goals in their words, with a figure and a day."""
