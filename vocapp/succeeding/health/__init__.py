"""The health of accounts: read, worked out at night and when something happens, shown."""
