"""Known shares of all customers, and the score as it would be with them."""
