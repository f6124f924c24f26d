"""Who may be asked when: limits over all surveys, and a ledger of what was decided for whom."""
