"""Money of several currencies: the reporting currency, stated rates, the gross margin."""
