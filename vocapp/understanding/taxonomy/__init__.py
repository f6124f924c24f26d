"""The taxonomy editor: what themes there are, in which tree, and what decides about them."""
