"""What accounts do: log-ins, usage, milestones and subscriptions over time."""
