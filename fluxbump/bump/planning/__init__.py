"""Plans a bump: the new value of each pin, and the conditions under which pins can move."""
