"""Whether contacting people helped: how soon it was done, and what they answered next."""
