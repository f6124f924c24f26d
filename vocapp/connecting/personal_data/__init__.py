"""What is kept of a person: told whole to whoever asks for it, and forgotten on request."""
