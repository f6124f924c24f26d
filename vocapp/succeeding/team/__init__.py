"""Who else looks after an account, beside its owner: account manager and support."""
