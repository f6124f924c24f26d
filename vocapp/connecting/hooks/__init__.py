"""Messages that other services send by themselves: Stripe and Segment tell events and facts."""
