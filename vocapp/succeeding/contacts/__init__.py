"""People at a customer: what they are there, and that they have left."""
