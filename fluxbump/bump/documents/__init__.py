"""Comments and documents in a bump: it moves marked rows of tables, and lists mentions."""
