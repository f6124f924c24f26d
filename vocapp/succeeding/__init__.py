"""How each customer is doing: accounts, their people, what they said and what was done."""
