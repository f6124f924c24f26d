"""Which features those customers use who stay long: a screen of all features, kept and shown."""
