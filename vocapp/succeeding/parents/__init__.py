"""What an account belongs to, and what belongs to it, in sum."""
