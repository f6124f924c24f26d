"""When something happens at an account, tasks follow for whoever looks after it."""
