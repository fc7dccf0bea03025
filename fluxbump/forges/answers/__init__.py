"""What each forge answers: the records that are read of it. Pure."""
