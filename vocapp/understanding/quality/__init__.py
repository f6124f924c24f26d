"""How good the themes are, as far as people have said so."""
