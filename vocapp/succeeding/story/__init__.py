"""The story of an account: all that was said and done, and notes of colleagues in between."""
